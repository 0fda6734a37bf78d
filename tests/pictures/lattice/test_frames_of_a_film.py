"""What each frame of a film shows: its own temperature in the sampling, in the words and in the curves."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from isotherm.pictures.lattice import film, sampling, scene
from isotherm.pictures.lattice.config import VideoConfig
from isotherm.pictures.lattice.physics import build_model, sentences
from isotherm.pictures.lattice.record import Instant, Seen
from isotherm.pictures.lattice.sampling import sampled
from isotherm.pictures.lattice.scene import Scene
from isotherm.sample.kernel import Kernel

SCHEDULES = {
    "ramp": VideoConfig(size=4, ramp=(4.0, 1.0, 3.0), frames=10, sweeps_per_frame=2),
    "stages": VideoConfig(size=4, stages=(5.0, 2.0, 1.0), frames=10),
    "beta": VideoConfig(size=4, beta=0.4, frames=3, warmup=3, start="ordered"),
    "single": VideoConfig(size=4, ramp=(4.0, 1.0), frames=1),
}


class Thermometer(eqx.Module):
    """A kernel whose state is the inverse temperature of its last step, and the number of steps."""

    beta: Array

    def init(self, position: Array, key: Array) -> Kernel:
        del key
        return _Reading(jnp.stack([self.beta, 0 * self.beta]))

    def step(self, key: Array, state: "_Reading") -> tuple["_Reading", None]:
        del key
        return _Reading(jnp.stack([self.beta, state.position[1] + 1])), None


class _Reading(eqx.Module):
    position: Array


def read(model: object, x: Array, with_charges: bool) -> Seen:
    del model, with_charges
    return Seen(x, x[0], x[1], jnp.zeros(0), jnp.zeros(2, jnp.int32))


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_the_sweeps_that_lead_to_a_frame_have_its_temperature(name: str, monkeypatch) -> None:
    config = SCHEDULES[name]
    monkeypatch.setattr(sampling, "_CHUNK_FRAMES", 4)
    monkeypatch.setattr(sampling, "_look", read)
    monkeypatch.setattr(sampling, "checkerboard", lambda m, beta, method: Thermometer(jnp.float32(beta)))
    chunks = list(sampled(config, build_model(config)))
    betas, steps = (
        np.concatenate([getattr(chunk, part) for chunk in chunks]) for part in ("energy", "order")
    )
    np.testing.assert_allclose(betas, 1 / config.temperatures(), rtol=1e-6)
    expected = config.warmup + config.sweeps_per_frame * np.arange(config.frames)
    np.testing.assert_array_equal(steps, expected)
    assert [len(chunk.energy) for chunk in chunks] == {10: [4, 4, 2], 3: [3], 1: [1]}[config.frames]


def instant(index: int, values: np.ndarray) -> Instant:
    return Instant(index, values, -1.25, -0.5, np.zeros((3, 3), np.int8), (5, 3))


def drawn(
    config: VideoConfig, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[dict[str, str], list[float], int]]:
    """Words, values of curves, and time of every frame."""
    found: list[tuple[dict[str, str], list[float], int]] = []
    monkeypatch.setattr(scene.Plate, "draw", lambda self, canvas, rows: found.append((dict(rows), [], 0)))
    monkeypatch.setattr(
        scene.TimePanel,
        "draw",
        lambda self, canvas, time, rows, values: found.append((dict(rows), values, time)),
    )
    drawer = Scene(config)
    for index in range(config.frames):
        drawer.draw(instant(index, np.zeros((4, 4), np.uint8)))
    return found


def test_words_of_a_frame_are_its_own(monkeypatch) -> None:
    found = drawn(SCHEDULES["ramp"].model_copy(update={"pixels": 400}), monkeypatch)
    # nine steps: down to 1 after four and a half of them, up to 3 in the others
    ramp = [4 - 3 * i / 4.5 for i in range(5)] + [1 + 2 * (i - 4.5) / 4.5 for i in range(5, 10)]
    assert [float(words["temperature T"]) for words, _, _ in found] == pytest.approx(ramp, abs=6e-4)
    assert [words["sweep"] for words, _, _ in found] == [str(2 * index) for index in range(10)]
    assert found[0][0] == {
        "temperature T": "4.000", "T / T_{c}": "1.763", "sweep": "0", "energy a site": "−1.250", "|m|": "0.500"
    }  # fmt: skip


def test_curves_of_a_frame_are_its_own(monkeypatch) -> None:
    base = {"size": 4, "frames": 4, "sweeps_per_frame": 5, "overlay": ("plot",), "pixels": 800}
    found = drawn(VideoConfig(model="xy", ramp=(4.0, 1.0), **base), monkeypatch)
    # temperature, vortices a site (5 + 3 on 16), modulus of the magnetization
    assert [values for _, values, _ in found] == [pytest.approx([t, 0.5, 0.5]) for t in (4, 3, 2, 1)]
    assert [time for _, _, time in found] == [0, 5, 10, 15]
    assert found[1][0]["vortices"] == "5 + 3"
    assert found[1][0]["T / T_{KT}"] == f"{3 / 0.89294:.3f}"
    held = drawn(VideoConfig(model="ising", beta=0.5, **base), monkeypatch)
    assert [values for _, values, _ in held] == [[-1.25, 0.5]] * 4, "energy in place of the temperature"
    potts = drawn(VideoConfig(model="potts", beta=0.5, **base), monkeypatch)
    assert (potts[0][0]["f"], potts[0][0]["T / T_{c}"]) == ("0.500", f"{2 * np.log(1 + np.sqrt(3)):.3f}")


def test_the_last_quarter_of_each_leg_is_told() -> None:
    config = VideoConfig(stages=(4.0, 2.0), frames=80)
    rng = np.random.default_rng(0)
    energies = np.where(np.arange(80) < 40, -1.0, -2.0) + 0.1 * rng.normal(size=80)
    records = [(energy, -0.5 + 0.01 * index, (0, 0)) for index, energy in enumerate(energies)]
    hot, cold = film._stretches(config, records)
    assert (hot.first, hot.last, cold.first, cold.last) == (30, 39, 70, 79)
    assert (hot.temperatures, cold.temperatures) == ((4.0, 4.0), (2.0, 2.0))
    assert hot.energy == pytest.approx(energies[30:40].mean())
    assert cold.energy == pytest.approx(energies[70:].mean())
    assert hot.order == pytest.approx(np.abs(-0.5 + 0.01 * np.arange(30, 40)).mean())
    assert hot.exact == pytest.approx(-0.557, abs=1e-3)  # Onsager at beta = 1/4
    assert cold.exact == pytest.approx(-1.7456, abs=1e-3)  # at beta = 1/2
    assert hot.error == pytest.approx(energies[30:40].std(ddof=1) / np.sqrt(10), rel=0.5)
    ramp = film._stretches(VideoConfig(ramp=(4.0, 2.0), frames=80), records)
    assert [(one.first, one.last, one.error, one.is_settled, one.exact) for one in ramp] == [
        (60, 79, None, None, None)
    ]
    assert ramp[0].temperatures == pytest.approx((4 - 2 * 60 / 79, 2.0))


def test_errors_of_energies_are_believed_only_from_frames_that_are_alike() -> None:
    noise = np.random.default_rng(1).normal(size=400)
    error, settled = film._error(noise)
    assert error == pytest.approx(1 / np.sqrt(400), rel=0.3)
    assert settled
    assert film._error(noise + np.linspace(0, 5, 400))[1] is False, "still relaxing"
    assert film._error(noise[:7]) == (None, None)
    assert film._error(noise[:8])[0] is not None
    assert film._error(np.ones(50)) == (None, False), "frozen"
    slow = np.repeat(noise[:8], 10)
    assert film._error(slow)[1] is False, "too few independent frames"


@pytest.mark.parametrize(
    ("settings", "charges", "said"),
    [
        ({"beta": 0.5}, None, ["T = 2 is below T_c = 2.2692: T / T_c = 0.881.", "Domains grow; "]),
        ({"beta": 0.4}, None, ["T = 2.5 is above T_c = 2.2692: T / T_c = 1.102."]),
        ({"beta": 0.5, "start": "ordered"}, None, ["T = 2 is below"]),
        ({"ramp": (4.0, 1.0)}, None, ["T runs from 1 to 4, across T_c = 2.2692."]),
        ({"ramp": (2.0, 1.0)}, None, ["T runs from 1 to 2, below T_c"]),
        ({"ramp": (4.0, 3.0)}, None, ["T runs from 3 to 4, above T_c"]),
        (
            {"model": "xy", "beta": 1.25},
            (9, 2),
            ["T = 0.8 is below T_KT = 0.8929: T / T_KT = 0.896.", "A quench: "],
        ),
        ({"model": "xy", "beta": 1.0}, (9, 2), ["T = 1 is above T_KT", "Above T_KT vortices are free"]),
        (
            {"model": "xy", "ramp": (0.5, 1.5)},
            (9, 2),
            ["T runs from 0.5 to 1.5, across", "Pairs of vortices bind"],
        ),
        ({"model": "xy", "ramp": (0.5, 1.5)}, None, ["T runs from 0.5 to 1.5, across"]),
        ({"model": "xy", "beta": 1.25, "start": "ordered"}, (0, 0), ["T = 0.8 is below"]),
        (
            {"model": "clock", "angles": 6, "beta": 1.0},
            (1, 1),
            ["T = 1 is above T_KT = 0.9008", "Above T_KT"],
        ),
        (
            {"model": "clock", "angles": 8, "beta": 4.0},
            (1, 1),
            ["T = 0.25", "A quench", "8 angles lock to their directions near T = 0.42"],
        ),
        ({"model": "clock", "angles": 8, "beta": 3.0}, (1, 1), ["T = 0.3333", "A quench"]),
        ({"model": "clock", "angles": 4, "beta": 1.0}, None, ["T = 1 is below T_c = 1.1346", "Domains grow"]),
    ],
)
def test_sentences_of_a_film(settings: dict, charges: tuple[int, int] | None, said: list[str]) -> None:
    found = sentences(VideoConfig(**settings), charges)
    assert len(found) == len(said)
    for whole, begin in zip(found, said, strict=True):
        assert whole.startswith(begin)
