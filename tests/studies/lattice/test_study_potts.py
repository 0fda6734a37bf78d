import json
import math
from pathlib import Path

import numpy as np
import pytest

from isotherm.exact.lattice.onsager import onsager
from isotherm.studies.lattice.critical import potts_beta
from isotherm.studies.potts.branches import FROZEN, free_energy_gap, nodes
from isotherm.studies.potts.config import PottsConfig
from isotherm.studies.potts.study import PottsStudy
from isotherm.study.presets import build_config

CONFIG = PottsConfig(
    states=(3,),
    guesses=(1.0,),
    windows=(0.4,),
    curve_size=8,
    curve_betas=(0.8, 1.0, 1.3),
    critical_sizes=(8, 12, 16),
    jumping_sizes=(8, 16),
    num_resamples=20,
)
GAP, JUMP_BETA = 0.7, 1.43


def blocks(values: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    return values[None, :, None, None] + noise * rng.standard_normal((2, len(values), 4, 10))


def histograms(num_temperatures: int) -> dict[str, np.ndarray]:
    return {"density": np.ones((num_temperatures, 80)), "edges": np.linspace(-2, 0, 81)}


def swept(betas: np.ndarray, size: int, q: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A sweep whose ratios scale with the exponents of three states around the exact critical point."""
    x = (potts_beta(q) / betas - 1) * size**1.2
    m2 = size ** (-4 / 15) * (0.8 - 0.3 * np.tanh(x / 2))
    ratio = 1 - (0.6 - 0.1 * x - 0.03 * x**2)
    wave = 2 * np.sin(np.pi / size) * size * (0.9 - 0.6 * x + 0.1 * x**2)
    means = {
        "energy": -1.5 + 0.1 * x,
        "energy2": (-1.5 + 0.1 * x) ** 2 + 2 / size**2,
        "largest_fraction": 0.5 + 0.3 * np.tanh(-x),
        "abs_magnetization": 0.95 * np.sqrt(m2),
        "magnetization2": m2,
        "magnetization4": 3 * m2**2 * ratio,
        "structure_kmin": m2 / (1 + wave**2),
    }
    found = {f"mean/{name}": blocks(value, 1e-4, rng) for name, value in means.items()}
    return found | {"betas": betas}


def jumped(betas: np.ndarray, size: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Two phases whose energies are ``GAP`` apart, with weights as a first-order transition has them."""
    weight = CONFIG.jumping * np.exp(size**2 * GAP * (betas - JUMP_BETA))
    ordered = weight / (1 + weight)
    low, high = -1.7, -1.7 + GAP
    return {
        "mean/energy": blocks(ordered * low + (1 - ordered) * high, 1e-9, rng),
        "mean/magnetization2": blocks(ordered, 1e-5, rng),
        "mean/ordered": blocks(ordered, 1e-5, rng),
        "mean/ordered_energy": blocks(ordered * low, 1e-9, rng),
        "betas": betas,
        **histograms(len(betas)),
    }


def branched(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Phases of constant energies ``GAP`` apart, such that their free energies cross at ``JUMP_BETA``."""
    low = (math.log(CONFIG.jumping) - 2 * FROZEN - GAP * JUMP_BETA) / FROZEN
    ends = {"disorder": (low + GAP, nodes(0.0, 1.42)[0]), "order": (low, nodes(1.42, FROZEN)[0])}
    energy = blocks(np.array([low]), 1e-5, rng)
    energy[1] += GAP
    kept = np.ones_like(energy)
    kept[0, 0, 0, 5:] = 0.0  # one chain crossed over
    found = {"both/mean/kept": kept, "both/mean/kept_energy": energy * kept}
    for start, (value, betas) in ends.items():
        energy = np.full(len(betas), value)
        found |= {f"{start}/betas": betas, f"{start}/mean/energy": blocks(energy, 1e-5, rng)[:1]}
    return found


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    found = {f"curves.{q}": swept(np.array(CONFIG.curve_betas), 8, q, rng) for q in (3, 10)}
    for size in CONFIG.critical_sizes:
        betas = 1 + np.linspace(-0.5, 0.5, 7) / size
        found[f"critical.3.{size}"] = swept(betas, size, 3, rng) | histograms(7)
    for size in CONFIG.jumping_sizes:
        found[f"jump.{size}"] = jumped(1.42 * (1 + np.linspace(-0.25, 0.25, 41) / size), size, rng)
    betas = np.linspace(1.34, 1.5, 9)
    apart = np.where(np.abs(betas - JUMP_BETA) < 0.03, 0.6, 0.0)
    energy = np.stack([-1.4 - apart, -1.4 + 0 * apart])[:, :, None, None] * np.ones((2, 9, 8, 2))
    found["branches"] = branched(rng)
    found["hysteresis"] = {"mean/energy": energy + 1e-3 * rng.standard_normal(energy.shape), "betas": betas}
    return found


def test_known_transitions_are_found_and_said(results: dict[str, dict[str, np.ndarray]]) -> None:
    study = PottsStudy()
    found = study.combine(CONFIG, results)
    metrics = json.loads(json.dumps(found.metrics, allow_nan=False))
    (three,) = metrics["critical"]
    assert three["exact"] == pytest.approx(math.log(1 + math.sqrt(3)))
    assert abs(three["value"] - three["exact"]) < 4 * three["error"] < 0.01
    assert three["inverse_nu"]["value"] == pytest.approx(1.2, abs=0.03)
    assert three["beta_over_nu"]["value"] == pytest.approx(2 / 15, abs=0.01)
    jump = metrics["jump"]
    for one in jump["sizes"]:
        assert one["beta"]["value"] == pytest.approx(JUMP_BETA, abs=1e-3)
        assert one["latent_heat"]["value"] == pytest.approx(GAP, abs=1e-3)
    branches = jump["branches"]
    assert abs(branches["beta"]["value"] - JUMP_BETA) < 4 * branches["beta"]["error"] + 2e-6
    assert branches["latent_heat"]["value"] == pytest.approx(GAP, abs=1e-4)
    assert jump["exact_latent_heat"] == pytest.approx(0.696049, abs=1e-6)
    hysteresis = metrics["hysteresis"]
    assert JUMP_BETA - 0.04 < hysteresis["low"] < hysteresis["high"] < JUMP_BETA + 0.04
    critical, exponents, jumps, agreement = study.tables(CONFIG, metrics)
    assert [len(table.rows) for table in (critical, exponents, jumps, agreement)] == [1, 1, 4, 1]
    said = " ".join(study.conclusions(CONFIG, metrics))
    assert "**10 states jump**" in said
    assert "hysteresis" in said


def test_integrated_free_energies_cross_where_two_states_order() -> None:
    """Two states are Ising spins, whose energy is known exactly: no jump, and no gap at the critical point."""
    exact = potts_beta(2)

    def energy(beta: float) -> float:
        return onsager(beta / 2)["energy_per_site"] / 2 - 1

    ordered = np.array([energy(b) for b in nodes(exact, FROZEN)[0]])
    disordered = np.array([energy(b) for b in nodes(0.0, exact)[0]])
    assert abs(free_energy_gap(ordered, disordered, exact, 2)) < 2e-4
    assert abs(free_energy_gap(ordered * 1.01, disordered, exact, 2)) > 5e-3


def test_shifted_energies_give_another_latent_heat(results: dict[str, dict[str, np.ndarray]]) -> None:
    wrong = {name: dict(task) for name, task in results.items()}
    for size in CONFIG.jumping_sizes:
        task = wrong[f"jump.{size}"]
        task["mean/ordered_energy"] = task["mean/ordered_energy"] * 1.05
    jump = PottsStudy().combine(CONFIG, wrong).metrics["jump"]
    assert abs(jump["sizes"][-1]["latent_heat"]["value"] - GAP) > 0.05


@pytest.mark.slow
def test_every_figure_of_potts_is_drawn(results: dict[str, dict[str, np.ndarray]], tmp_path: Path) -> None:
    study = PottsStudy()
    found = study.combine(CONFIG, results)
    names = []
    for name, _, figure in study.figures(CONFIG, found.metrics, found.arrays):
        if name in ("quench", "hysteresis"):
            figure.savefig(tmp_path / f"{name}.png", dpi=20)
        names.append(name)
    assert names == ["curves", "crossings", "histograms", "hysteresis"]


def test_guesses_must_go_with_states() -> None:
    with pytest.raises(ValueError, match="needs one for each"):
        PottsStudy().check(PottsConfig(states=(2, 3), guesses=(0.9,), windows=(0.5, 0.4)))
    with pytest.raises(ValueError, match="twice"):
        PottsStudy().check(PottsConfig(states=(3, 3), guesses=(1.0, 1.0), windows=(0.4, 0.4)))


@pytest.mark.slow
def test_the_smoke_preset_of_potts_runs() -> None:
    study = PottsStudy()
    config = build_config(study, "smoke")
    assert isinstance(config, PottsConfig)
    wanted = ("jump.8", "hysteresis")
    found = {task.name: study.compute(config, task) for task in study.tasks(config) if task.name in wanted}
    jump = found["jump.8"]
    assert jump["mean/ordered"].shape == (2, 9, 8, 8)
    ordered = jump["mean/ordered"].mean((0, 2, 3))
    assert ordered[-3:].mean() - ordered[:3].mean() > 0.3
    np.testing.assert_allclose((jump["density"] * np.diff(jump["edges"])).sum(1), 1.0, atol=0.02)
    assert found["hysteresis"]["mean/energy"].shape == (2, 25, 16, 2)
