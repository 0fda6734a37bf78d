"""What the study of Boltzmann machines says and draws, from results made by hand."""

import numpy as np
import pytest
from tests.support.told import assert_drawn, cells, error_bars

from isotherm.studies.boltzmann import drawings
from isotherm.studies.boltzmann.config import BoltzmannConfig
from isotherm.studies.boltzmann.study import Boltzmann

pytestmark = pytest.mark.usefixtures("nothing_global")

CONFIG = BoltzmannConfig(num_runs=3, recovery_rows=(300, 2_000), recovery_runs=5, num_spins=6)
HELD_OUT = {"independent": -30.0, "logistic": -21.5, "ising": -19.25, "rbm": -18.5}


def one(mean: float, se: float | None = 0.1, n: int = 3) -> dict:
    return {"mean": mean, "se": se, "n": n}


def metrics() -> dict:
    return {
        "held_out": {name: one(mean) | {"log_z_error": 0.05} for name, mean in HELD_OUT.items()},
        "over_independent": {name: one(mean + 30, 0.2) for name, mean in HELD_OUT.items()},
        "recovery": {
            "300": {name: one(mean, 0.02, 5) for name, mean in
                    (("exact", 0.9), ("pseudo", 0.8), ("sampled", 0.7), ("least", 0.5))},
            "2000": {name: one(mean, 0.01, 5) for name, mean in
                     (("exact", 0.21), ("pseudo", 0.22), ("sampled", 0.3), ("least", 0.2))},
        },
        "halves": {"correlation": one(0.912, 0.004)},
    }  # fmt: skip


def test_conclusions_hold_the_numbers() -> None:
    best, recovery, halves = Boltzmann().conclusions(CONFIG, metrics())
    assert best == (
        "On held-out rows the best model is: **Restricted machine (persistent chains)**, tied with Ising model, "
        "-18.50 nats a row (3 splits). Over independent spins, in nats: logistic, spin after spin +8.50; ising "
        "model +10.75; restricted machine +11.50."
    )
    # 0.21 / 0.2, 0.22 / 0.2 and 0.3 / 0.2, from the larger number of draws
    assert recovery == (
        "From 2,000 draws of known models the error of the couplings is 1.05 times the least possible by exact "
        "likelihood, 1.10 times by pseudo-likelihood and 1.50 times by persistent chains (5 models)."
    )
    assert halves == "Ising couplings fitted to two halves of the data correlate by 0.912 ± 0.004 (3 splits)."


def test_conclusions_the_other_way() -> None:
    found = metrics()
    found["held_out"]["logistic"]["mean"] = -17.0
    found["over_independent"]["logistic"] = one(12.5, 0.1)
    found["halves"]["correlation"] = one(0.5, None, 1)
    best, _, halves = Boltzmann().conclusions(CONFIG, found)
    assert "**Logistic, spin after spin**, tied with Restricted machine, -17.00 nats a row" in best
    found["over_independent"] = {
        name: told | {"se": 0.02} for name, told in found["over_independent"].items()
    }
    assert "**Logistic, spin after spin**, -17.00 nats a row" in Boltzmann().conclusions(CONFIG, found)[0]
    assert halves.endswith("correlate by 0.500 (1 splits).")


def test_tables_hold_the_numbers() -> None:
    held_out, recovery = Boltzmann().tables(CONFIG, metrics())
    assert cells(held_out) == [
        ["Independent spins", "-30.00 ± 0.10 (3)", "0.00 ± 0.20 (3)", "0.05"],
        ["Logistic, spin after spin", "-21.50 ± 0.10 (3)", "8.50 ± 0.20 (3)", "0.05"],
        ["Ising model (pseudo-likelihood)", "-19.25 ± 0.10 (3)", "10.75 ± 0.20 (3)", "0.05"],
        ["Restricted machine (persistent chains)", "-18.50 ± 0.10 (3)", "11.50 ± 0.20 (3)", "0.05"],
    ]
    assert recovery.columns == ("", "300 draws", "2,000 draws")
    assert "6 spins" in recovery.title
    assert cells(recovery)[0] == ["Exact likelihood", "0.900 ± 0.020 (5)", "0.210 ± 0.010 (5)"]
    assert cells(recovery)[3][1:] == ["0.500 ± 0.020 (5)", "0.200 ± 0.010 (5)"]


def results(config: BoltzmannConfig) -> dict[str, dict[str, np.ndarray]]:
    """Two splits; every value its own."""
    found: dict[str, dict[str, np.ndarray]] = {}
    level = {"independent": -30.0, "logistic": -25.0, "ising": -22.0, "rbm": -20.0}

    def of(name: str, run: int) -> dict[str, np.ndarray]:
        return {
            f"{name}/log_likelihood": np.asarray(level[name] + 2 * run * (1 + len(name))),
            f"{name}/log_z_error": np.asarray(0.1 + run),
            f"{name}/draws": np.full((3, 64), len(name)),
            f"{name}/correlations": np.full(4, float(len(name) + run)),
            f"{name}/curve": np.full(2, float(run + len(name))),
            "test/draws": np.full((3, 64), -1),
            "test/correlations": np.zeros(4),
        }

    for run in range(2):
        found[f"baselines.{run}"] = of("independent", run) | of("logistic", run)
        found[f"ising.{run}"], found[f"rbm.{run}"] = of("ising", run), of("rbm", run)
        coupled = np.zeros((2, 3, 3))
        coupled[0][np.triu_indices(3, 1)] = [1.0, 2.0, 4.0]
        coupled[1][np.triu_indices(3, 1)] = [1.0, 2.0, 4.0] if run == 0 else [-1.0, -2.0, -4.0]
        found[f"halves.{run}"] = {"couplings": coupled}
    for rows in config.recovery_rows:
        names = ("error/exact", "error/pseudo", "error/sampled", "least")
        found[f"recover.{rows}"] = {name: np.array([i, i + 2.0]) for i, name in enumerate(names)} | {
            "first/true": np.ones(2)
        }
    return found


def test_metrics_are_means_over_splits_and_gains_are_paired() -> None:
    config = BoltzmannConfig(num_runs=2, recovery_rows=(300,), recovery_runs=2)
    found = Boltzmann().combine(config, results(config))
    m = found.metrics
    assert m["held_out"]["rbm"] == pytest.approx({"mean": -16.0, "se": 4.0, "n": 2, "log_z_error": 1.1})
    # gains 10 and 10 + 2 * (4 - 12)
    assert m["over_independent"]["rbm"] == pytest.approx({"mean": 2.0, "se": 8.0, "n": 2})
    assert m["recovery"]["300"]["least"] == pytest.approx({"mean": 4.0, "se": 1.0, "n": 2})
    assert m["recovery"]["300"]["pseudo"]["mean"] == 2.0
    assert m["halves"]["correlation"] == pytest.approx({"mean": 0.0, "se": 1.0, "n": 2})
    assert m["size"] == {"rows": 1797, "spins": 64}
    np.testing.assert_array_equal(found.arrays["recovery/300/sampled"], [2.0, 4.0])
    np.testing.assert_array_equal(found.arrays["ising/correlations"], 5.0)
    np.testing.assert_array_equal(found.arrays["rbm/curve.1"], 4.0)


def test_each_figure_draws_the_series_of_its_model() -> None:
    config = BoltzmannConfig(num_runs=2, recovery_rows=(300, 1000), recovery_runs=2)
    made = Boltzmann().combine(config, results(config))
    arrays = made.arrays
    figures = {one.name: one.figure for one in Boltzmann().figures(config, made.metrics, arrays)}
    assert list(figures) == ["held-out", "draws", "correlations", "couplings", "recovery", "curves"]
    (axes,) = figures["held-out"].axes
    names = ("independent", "logistic", "ising", "rbm")
    assert_drawn(
        axes,
        *(
            (arrays[f"{name}/log_likelihood"], row + np.array([-0.15, 0.15]))
            for row, name in enumerate(names)
        ),
    )
    assert [bar[0].tolist() for bar in error_bars(axes)] == [[row - 0.28, row + 0.28] for row in range(4)]
    assert [one.get_segments()[0][0][0] for one in axes.collections] == pytest.approx(
        [arrays[f"{name}/log_likelihood"].mean() for name in names]
    )
    for axes, name in zip(figures["draws"].axes, ("test", *names), strict=True):
        np.testing.assert_array_equal(
            axes.images[0].get_array()[1:9, 1:9], arrays[f"{name}/draws"][0].reshape(8, 8)
        )
    for axes, name in zip(figures["correlations"].axes, names, strict=True):
        assert_drawn(axes, ([0, 0], [0, 0]), (arrays["test/correlations"], arrays[f"{name}/correlations"]))
        assert axes.get_xlabel() == f"held-out rows (rms {len(name):.3f})"
    for axes, name in zip(figures["curves"].axes, ("ising", "rbm"), strict=True):
        assert_drawn(axes, *(([1, 2], [len(name) + run] * 2) for run in range(2)))


def test_couplings_of_two_halves_are_on_two_sides_of_the_diagonal() -> None:
    couplings = np.zeros((2, 3, 3))
    couplings[0], couplings[1] = np.arange(9).reshape(3, 3), -np.arange(9).reshape(3, 3) - 1
    left, right, *_ = drawings.two_halves("c", "", couplings).figure.axes
    np.testing.assert_array_equal(left.images[0].get_array(), [[0, 1, 2], [-4, 0, 5], [-7, -8, 0]])
    assert_drawn(right, ([-6, 5], [-6, 5]), ([1, 2, 5], [-2, -3, -6]))
    assert right.get_title("left") == "every pair; correlation -1.000"


def test_errors_of_recovery_are_means_with_standard_errors() -> None:
    errors = {
        ("exact", "E"): np.array([[1.0, 3.0], [0.5, 0.7]]),
        ("least", "L"): np.array([[0.2, 0.2], [0.1, 0.1]]),
    }
    (axes,) = drawings.recovery_curves("r", "", (10, 100), errors).figure.axes
    assert_drawn(axes, ([10, 100], [2.0, 0.6]), ([10, 100], [0.2, 0.1]), least=2)
    first, second = [bars for bars in error_bars(axes) if len(bars) == 2]
    np.testing.assert_allclose(first, [[1, 3], [0.5, 0.7]])
    np.testing.assert_allclose(second, [[0.2, 0.2], [0.1, 0.1]])


def test_scores_that_were_not_taken_are_left_out_of_learning_curves() -> None:
    (axes,) = drawings.learning_curves("l", "", {"M": [np.array([np.nan, 3.0, np.nan, 5.0])]}).figure.axes
    assert_drawn(axes, ([2, 4], [3.0, 5.0]))
