"""What a still says of itself, from states and energies made by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.pictures import still
from isotherm.pictures.from_study import find_kind, still_names
from isotherm.pictures.still_config import PictureConfig

pytestmark = pytest.mark.usefixtures("nothing_global")

NOISE = np.random.default_rng(0).normal(0, 0.02, (2, 400))
CONFIG = PictureConfig(size=4, beta=0.5, sweeps=800, pixels=384)


def made(
    monkeypatch: pytest.MonkeyPatch, config: PictureConfig, noise: np.ndarray, gap: float, state: np.ndarray
):
    """Numbers, notes and verdict of two chains so far apart, and the words on the picture."""
    energies = noise + np.array([[-1.5], [-1.5 + gap]])
    monkeypatch.setattr(still, "_equilibrium", lambda config, model: (jnp.asarray(state), energies))
    figure, numbers, notes, is_settled = still._lattice(config)
    return numbers, notes, is_settled, [text.get_text() for text in figure.texts]


def test_energies_and_their_errors_are_those_of_both_chains(monkeypatch) -> None:
    numbers, notes, is_settled, words = made(monkeypatch, CONFIG, NOISE, 0.002, np.ones((4, 4), np.int8))
    means = NOISE.mean(1) + np.array([-1.5, -1.498])
    assert numbers["energy_from_order"] == pytest.approx(means[0])
    assert numbers["energy_from_disorder"] == pytest.approx(means[1])
    assert numbers["energy_per_site"] == pytest.approx(means.mean())
    # of the mean of two means with errors 0.02 / sqrt(400)
    assert numbers["energy_error"] == pytest.approx(0.001 / np.sqrt(2), rel=0.3)
    assert is_settled
    assert notes == [
        "T = 2, T_c = 2.2692 on the infinite lattice.",
        f"Energy a site {means.mean():.4f} ± {numbers['energy_error']:.4f} over the second half of 800 Swendsen-Wang "
        "steps.",
        f"From order {means[0]:.4f}, from disorder {means[1]:.4f}: they agree.",
    ]
    assert any("4 × 4, periodic   T = 2   $T_{c}$ = 2.2692" in one for one in words)


def test_starts_may_differ_by_four_errors_and_no_more(monkeypatch) -> None:
    error = 2 * made(monkeypatch, CONFIG, NOISE, 0.0, np.ones((4, 4), np.int8))[0]["energy_error"]
    away = NOISE - NOISE.mean(1, keepdims=True)
    for gap, settled in ((3.9 * error, True), (-3.9 * error, True), (4.1 * error, False)):
        assert made(monkeypatch, CONFIG, away, gap, np.ones((4, 4), np.int8))[2] == settled
    # of chains that never move a millionth is rounding, and more is not
    for gap, settled in ((0.0, True), (0.9e-6, True), (1.1e-6, False)):
        assert made(monkeypatch, CONFIG, 0 * NOISE, gap, np.ones((4, 4), np.int8))[2] == settled


def test_vortices_of_the_state_are_counted(monkeypatch) -> None:
    config = PictureConfig(model="xy", size=4, boundary="open", beta=1.0, overlay=("vortices",), pixels=384)
    state = np.zeros((4, 4), np.float32)
    state[1:3, 1:3] = [[0.0, 1.5], [4.7, 3.1]]  # once around the plaquette in the middle
    numbers, _, _, words = made(monkeypatch, config, NOISE, 0.0, state)
    corners = [state[i : i + 3, j : j + 3] for i in range(3) for j in range(3)]
    loops = np.array([[one[0, 0], one[0, 1], one[1, 1], one[1, 0], one[0, 0]] for one in corners], float)
    turns = np.angle(np.exp(1j * np.diff(loops, axis=1))).sum(1) / (2 * np.pi)
    found = numbers["vortices"], numbers["antivortices"]
    assert sum(found) == np.rint(np.abs(turns)).sum() > 0
    assert abs(found[0] - found[1]) == abs(np.rint(turns.sum()))
    assert any(f"○ {found[0]} vortices   × {found[1]} antivortices" in one for one in words)
    assert "vortices" not in made(monkeypatch, CONFIG, NOISE, 0.0, np.ones((4, 4), np.int8))[0]


def test_published_stills_are_named_by_model_and_beta() -> None:
    names = still_names()
    assert names[0] == "ising-transition"
    assert names[-4:] == ["stuck", "showcase", "side-by-side", "summary"]
    assert "xy-beta-1.20" in names
    assert names.index("potts-diagram") < names.index("xy-diagram")
    assert (find_kind("xy-diagram"), find_kind("ising")) == ("still", "picture")
    with pytest.raises(ValueError, match=r"NAME = 'xy-diagran': is no picture; .*xy-diagram"):
        find_kind("xy-diagran")
