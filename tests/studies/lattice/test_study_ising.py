import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from isotherm.estimate.autocorrelation import relaxation_time
from isotherm.estimate.scores import start_scores
from isotherm.exact.lattice.onsager import kaufman
from isotherm.studies.ising.config import DYNAMICS, IsingConfig, pairs
from isotherm.studies.ising.study import IsingStudy
from isotherm.study.presets import build_config

CONFIG = IsingConfig(
    sizes=(8,),
    temperatures=(1.8, 2.27, 3.0),
    critical_sizes=(4, 8, 16),
    dynamic_sizes=(4, 8),
    quench_size=16,
    quench_sweeps=40,
    num_quenches=16,
    num_resamples=20,
)
T_C = 2.269185314213022


def made_up_blocks(
    temperatures: np.ndarray, size: int, rng: np.random.Generator, noise: float = 1e-3
) -> dict[str, np.ndarray]:
    """Blocks whose energies are Kaufman's, and whose m scales with the exact exponents around ``T_C``."""
    exact = [kaufman(size, size, 1 / t) for t in temperatures]
    energy = np.array([one["energy_per_site"] for one in exact])
    heat = np.array([one["heat_capacity_per_site"] for one in exact])
    x = (temperatures / T_C - 1) * size
    m2 = size**-0.25 * (0.8 - 0.3 * np.tanh(x / 2))
    ratio = 1 - (0.61 - 0.08 * x - 0.02 * x**2)
    wave = 2 * np.sin(np.pi / size) * size * (0.905 - 0.6 * x + 0.1 * x**2)
    means = {
        "energy": energy,
        "energy2": energy**2 + heat * temperatures**2 / size**2,
        "abs_magnetization": 0.95 * np.sqrt(m2),
        "magnetization2": m2,
        "magnetization4": 3 * m2**2 * ratio,
        "structure_kmin": m2 / (1 + wave**2),
    }
    shape = (2, len(temperatures), 4, 10)
    return {
        f"mean/{name}": value[None, :, None, None] * (1 + noise * rng.standard_normal(shape))
        if name not in ("energy", "energy2")
        else value[None, :, None, None] + 1e-4 * rng.standard_normal(shape)
        for name, value in means.items()
    }


def made_up_results(config: IsingConfig) -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    found: dict[str, dict[str, np.ndarray]] = {}
    temperatures = np.array(config.temperatures)
    found["curves.8"] = made_up_blocks(temperatures, 8, rng) | {"betas": 1 / temperatures}
    for size in config.critical_sizes:
        window = config.guess * (1 + np.linspace(-0.4, 0.4, config.num_points) / size)
        found[f"critical.{size}"] = made_up_blocks(window, size, rng) | {"betas": 1 / window}
    for method in DYNAMICS:
        for size in config.dynamic_sizes:
            series = persistent(rng, np.exp(-1.0 / size), (8, 500))
            found[f"dynamics.{method}.{size}"] = {
                "energy": series,
                "magnetization": np.sqrt(np.abs(5 + series)),
                "thin": np.array(2),
            }
    found["quench"] = made_up_quench(config)
    return found


def made_up_quench(config: IsingConfig) -> dict[str, np.ndarray]:
    """Domains that grow as the root of time; four of sixteen lattices end in two stripes."""
    size = config.quench_size
    walls = np.maximum(0.4 / np.sqrt(np.arange(1, config.quench_sweeps + 1)), 2 / size)
    density = np.tile(walls, (config.num_quenches, 1))
    density[4:, -1] = 0.0
    m = np.ones_like(density)
    m[:4, -1] = 0.1
    last = np.ones((config.num_quenches, size, size), np.int8)
    last[:4, : size // 2] = -1
    thermal = 1 + kaufman(size, size, 1 / config.quench_temperature)["energy_per_site"] / 2
    return {"wall_density": density + thermal, "magnetization": m, "last": last}


def persistent(rng: np.random.Generator, memory: float, shape: tuple[int, int]) -> np.ndarray:
    noise = rng.standard_normal(shape) * np.sqrt(1 - memory**2)
    noise[:, 0] = rng.standard_normal(shape[0])
    for t in range(1, shape[1]):
        noise[:, t] += memory * noise[:, t - 1]
    return noise


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, np.ndarray]]:
    return made_up_results(CONFIG)


def test_a_known_critical_point_is_found_and_said(results: Mapping[str, dict[str, np.ndarray]]) -> None:
    study = IsingStudy()
    found = study.combine(CONFIG, results)
    metrics = json.loads(json.dumps(found.metrics, allow_nan=False))
    t_c = metrics["temperature"]
    assert abs(t_c["value"] - T_C) < 4 * t_c["error"] < 0.02
    exponents = metrics["exponents"]
    for key, exact in (("beta_over_nu", 0.125), ("gamma_over_nu", 1.75), ("inverse_nu", 1.0)):
        assert abs(exponents[key]["value"] - exact) < max(5 * exponents[key]["error"], 0.02)
    assert metrics["curves"]["worst_z"] < metrics["curves"]["bound"]
    assert metrics["quench"]["striped"]["value"] == 0.25
    critical, crossings, agreement, dynamics = study.tables(CONFIG, metrics)
    assert critical.rows[0][0] == "T_c"
    assert len(crossings.rows) == 3
    assert len(agreement.rows) == len(dynamics.rows) == 2
    said = " ".join(study.conclusions(CONFIG, metrics))
    assert "25 ± 11 %" in said
    assert "disorder agree at" in said


@pytest.mark.slow
def test_every_figure_is_drawn(results: Mapping[str, dict[str, np.ndarray]], tmp_path: Path) -> None:
    study = IsingStudy()
    found = study.combine(CONFIG, results)
    names = []
    for name, _, figure in study.figures(CONFIG, found.metrics, found.arrays):
        if name in ("quench", "hysteresis"):
            figure.savefig(tmp_path / f"{name}.png", dpi=20)
        names.append(name)
    assert names == ["curves", "crossings", "collapse", "exponents", "relaxation", "quench"]


def test_starts_that_differ_are_caught(results: Mapping[str, dict[str, np.ndarray]]) -> None:
    stuck = {name: dict(task) for name, task in results.items()}
    shifted = stuck["critical.8"]["mean/energy"].copy()
    shifted[0] += 1e-2
    stuck["critical.8"]["mean/energy"] = shifted
    metrics = IsingStudy().combine(CONFIG, stuck).metrics
    assert metrics["starts"]["worst_z"] > metrics["starts"]["bound"]
    assert "do not agree" in " ".join(IsingStudy().conclusions(CONFIG, metrics))


def test_relaxation_times_of_known_series_and_scores_of_equal_starts() -> None:
    rng = np.random.default_rng(2)
    memory = np.exp(-1 / 10)
    rows = relaxation_time(persistent(rng, memory, (32, 4000)), 50, rng)
    exact = 0.5 * (1 + memory) / (1 - memory)
    error = rows[1:].std(ddof=1)
    assert abs(rows[0] - exact) < 4 * error < 0.2 * exact
    blocks = {"energy": rng.standard_normal((2, 200, 16, 10))}
    assert np.sqrt(np.mean(start_scores(blocks, ("energy",)) ** 2)) == pytest.approx(1.0, abs=0.2)
    # chains that never move are still independent
    stuck = {"energy": np.repeat(rng.standard_normal((2, 200, 16, 1)), 10, axis=-1)}
    assert np.sqrt(np.mean(start_scores(stuck, ("energy",)) ** 2)) == pytest.approx(1.0, abs=0.2)


def test_sizes_without_pairs_are_refused() -> None:
    assert pairs((8, 12, 16, 32)) == [(8, 16), (16, 32)]
    config = IsingConfig(critical_sizes=(8, 12, 20))
    with pytest.raises(ValueError, match="needs two pairs"):
        IsingStudy().check(config)


@pytest.mark.slow
def test_the_smoke_preset_runs() -> None:
    study = IsingStudy()
    config = build_config(study, "smoke")
    assert isinstance(config, IsingConfig)
    results = {
        task.name: study.compute(config, task)
        for task in study.tasks(config)
        if task.name in ("curves.8", "critical.8", "dynamics.heat-bath.8", "quench")
    }
    assert results["curves.8"]["mean/energy"].shape == (2, 5, 8, 6)
    exact = [kaufman(8, 8, 1 / t)["energy_per_site"] for t in config.temperatures]
    blocks = np.moveaxis(results["curves.8"]["mean/energy"], 1, 0).reshape(5, -1)
    error = blocks.std(-1, ddof=1) / np.sqrt(blocks.shape[1])
    assert np.abs((blocks.mean(-1) - exact) / error).max() < 4.5
    assert results["critical.8"]["mean/magnetization4"].shape[2:] == (config.critical_chains, 10)
    assert results["dynamics.heat-bath.8"]["energy"].shape == (32, config.dynamic_draws)
    assert results["quench"]["last"].shape == (8, 32, 32)
    assert set(np.unique(results["quench"]["last"])) == {-1, 1}
