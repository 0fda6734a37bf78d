"""The study of Boltzmann machines: its pieces against known answers, and that results can be shown."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.data.binary import read_digits
from isotherm.energy.machines import boltzmann_machine
from isotherm.exact.exact import all_states
from isotherm.learn.baselines import Autoregressive, fit_autoregressive, fit_independent
from isotherm.studies.boltzmann.config import MODELS, BoltzmannConfig
from isotherm.studies.boltzmann.study import Boltzmann
from isotherm.studies.boltzmann.training import least_error, split_rows

SMOKE = BoltzmannConfig(**Boltzmann.presets["smoke"])


def made_up(config: BoltzmannConfig) -> dict[str, dict[str, np.ndarray]]:
    """Results such as the tasks would return, from a fixed generator."""
    rng, n = np.random.default_rng(0), 64
    results: dict[str, dict[str, np.ndarray]] = {}

    def model(name: str) -> dict[str, np.ndarray]:
        found = {f"{name}/log_likelihood": rng.normal(-20, 1, ()), f"{name}/log_z_error": np.asarray(0.1)}
        found |= {f"{name}/draws": rng.choice([-1, 1], (40, n)).astype(np.int8)}
        found |= {f"{who}/correlations": rng.normal(size=n * (n - 1) // 2) for who in (name, "test")}
        found |= {
            f"{name}/curve": rng.normal(size=9),
            "test/draws": rng.choice([-1, 1], (40, n)).astype(np.int8),
        }
        return {key: np.asarray(value) for key, value in found.items()}

    for run in range(config.num_runs):
        results[f"baselines.{run}"] = model("independent") | model("logistic")
        results[f"ising.{run}"], results[f"rbm.{run}"] = model("ising"), model("rbm")
        results[f"halves.{run}"] = {"couplings": rng.normal(size=(2, n, n))}
    for rows in config.recovery_rows:
        names = ["error/pseudo", "error/exact", "error/sampled", "least", "first/true"]
        results[f"recover.{rows}"] = {name: rng.uniform(0.1, 1, config.recovery_runs) for name in names}
    return results


@pytest.mark.parametrize("config", [SMOKE, BoltzmannConfig()], ids=["smoke", "published"])
def test_it_can_be_shown_from_its_results(config: BoltzmannConfig) -> None:
    study, results = Boltzmann(), made_up(config)
    assert set(results) == {task.name for task in study.tasks(config)}
    found = study.combine(config, results)
    metrics = json.loads(json.dumps(found.metrics, allow_nan=False))
    assert all(len(table.rows) == 4 for table in study.tables(config, metrics))
    assert all(study.conclusions(config, metrics))
    names = [figure.name for figure in study.figures(config, metrics, found.arrays)]
    assert names == ["held-out", "draws", "correlations", "couplings", "recovery", "curves"]
    values = np.array([float(results[f"rbm.{run}"]["rbm/log_likelihood"]) for run in range(config.num_runs)])
    assert metrics["held_out"]["rbm"]["mean"] == pytest.approx(values.mean())
    assert set(metrics["held_out"]) == set(MODELS)


def test_data_of_ones_own_are_read_and_refused(tmp_path: Path) -> None:
    rng, study = np.random.default_rng(0), Boltzmann()
    path = tmp_path / "table.csv"
    rows = rng.integers(0, 2, (30, 3)).astype(str)
    rows[:5, 0] = ""
    path.write_text("a,b,c\n" + "\n".join(",".join(row) for row in rows))
    study.check(BoltzmannConfig(data=str(path)))
    train, validation, test = split_rows(np.where(rows == "1", 1, -1) * (rows != ""), 0, 0)
    assert len(train) == 21
    assert len(validation) == 3
    assert len(test) <= 6
    assert (test != 0).all()
    path = tmp_path / "short.csv"
    path.write_text("a,b\n" + "1,0\n" * 5)
    with pytest.raises(ValueError, match="data = '5 rows of 2': needs 20 rows"):
        study.check(BoltzmannConfig(data=str(path)))
    path = tmp_path / "holes.csv"
    path.write_text("a,b\n" + "1,\n,1\n" * 15)
    with pytest.raises(ValueError, match="needs 10 rows without a missing entry"):
        study.check(BoltzmannConfig(data=str(path)))


def test_the_shipped_digits_are_what_their_readme_says() -> None:
    digits = read_digits()
    assert digits.pixels.shape == (1797, 64)
    assert set(np.unique(digits.pixels)) == {-1, 1}
    assert set(np.unique(digits.labels)) == set(range(10))
    assert 0.25 < (digits.pixels > 0).mean() < 0.4


def test_the_least_error_is_that_of_the_fisher_matrix() -> None:
    rows, graph = 100, boltzmann_machine(4, couplings=0.0, biases=0.0)
    assert least_error(graph, rows) == pytest.approx(0.1)  # independent fair spins: unit covariance
    coupled = boltzmann_machine(2, couplings=0.7, biases=0.0)
    assert least_error(coupled, rows) == pytest.approx(0.1 * np.cosh(0.7))


def test_baselines_are_laws_and_find_what_they_can() -> None:
    rng, states = np.random.default_rng(1), all_states(4)
    weights = np.tril(rng.normal(size=(4, 4)), -1)
    truth = Autoregressive(jnp.asarray(rng.normal(size=4), jnp.float32), jnp.asarray(weights, jnp.float32))
    assert float(jnp.exp(truth.log_likelihood(states)).sum()) == pytest.approx(1, abs=1e-5)
    draws = np.asarray(truth.draw(jax.random.key(0), 20_000))
    frequencies = np.array([(draws == state).all(axis=1).mean() for state in states])
    p = np.exp(np.asarray(truth.log_likelihood(states), np.float64))
    assert (np.abs(frequencies - p) < 5 * np.sqrt(p * (1 - p) / 20_000)).all()
    found = fit_autoregressive(draws, 1e-6)
    np.testing.assert_allclose(found.weights, weights, atol=0.12)
    alone = fit_independent(draws)
    assert float(alone.log_likelihood(draws).mean()) < float(found.log_likelihood(draws).mean()) - 0.05
    with pytest.raises(ValueError, match=r"strength = 0\.0: should be above 0"):
        fit_autoregressive(draws, 0.0)
