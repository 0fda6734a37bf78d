"""What ensembles say, from hand-made results: numbers, tables, sentences both ways, and figures read back."""

import copy
import json
from typing import Any

import numpy as np
import pytest

from isotherm.estimate.bennett import bennett
from isotherm.studies.ensemble.config import EnsembleConfig
from isotherm.studies.ensemble.figures import figures
from isotherm.studies.ensemble.results import combined, evidences
from isotherm.studies.ensemble.tables import conclusions, problems, tables
from isotherm.study.base import Arrays

SETTINGS: dict[str, Any] = {
    "tokens": ["BBB", "AAA"], "rule": "momentum", "startDateString": "2024-01-01 00:00:00",
    "endDateString": "2024-01-31 00:00:00", "endTestDateString": "2024-03-01 00:00:00", "initial_pool_value": 1000.0,
    "chunk_period": 60, "weight_interpolation_period": 60, "weight_interpolation_method": "linear",
    "maximum_change": 3e-4, "minimum_weight": None, "max_memory_days": 30.0, "fees": 0.0, "gas_cost": 0,
    "arb_fees": 0, "protocol_fee_split": 0, "noise_trader_ratio": 0, "arb_frequency": 1, "return_val": "sharpe",
    "bout_offset": 0, "optimisation_settings": {"noise_scale": 0.5},
}  # fmt: skip
CONFIG = EnsembleConfig(betas=(0.0, 2.0), num_chains=4, num_draws=100, num_played=50, num_members=3)
DAYS, TEST = 60, 30


def played(centre: float, test: float, seed: int, spread: float = 0.1) -> Arrays:
    """Of one temperature: objectives around two centres, value that follows HODL with a drift."""
    rng = np.random.default_rng(seed)
    hodl = 1000 * np.exp(np.cumsum(rng.normal(0, 0.01, DAYS)))
    ahead = np.exp(0.001 * np.arange(DAYS) + rng.normal(0, 1e-3, DAYS))
    fan = np.array([0.9, 0.95, 1.0, 1.05, 1.1])[:, None]
    return {
        "minutes": 1440 * np.arange(DAYS),
        "hodl": hodl,
        "value": fan * hodl * ahead,
        "weights": fan[..., None] * np.array([0.3, 0.7]) * np.ones((1, DAYS, 1)),
        "pool_value": hodl * ahead,
        "part/train": centre + spread * rng.normal(size=50),
        "part/test": test + spread * rng.normal(size=50),
        "hodl_part/train": np.asarray(0.5),
        "hodl_part/test": np.asarray(0.2),
        "pool_part/train": np.asarray(centre),
        "pool_part/test": np.asarray(test),
        "objectives": centre + spread * rng.normal(size=(4, 100)),
        "effective/memory_days": np.exp(rng.normal(0, 0.1, (4, 100, 2)) * [1.0, 10.0]),
        "effective/k_per_day": np.exp(rng.normal(0, 1.0, (4, 100, 2))),
        "prior/memory_days": np.exp(rng.normal(0, 1.0, (2000, 2))),
        "prior/k_per_day": np.exp(rng.normal(0, 1.0, (2000, 2))),
        "rhat": np.array([1.0, 1.01, np.nan]),
        "ess": np.array([300.0, 250.0, np.nan]),
        "rates": np.array([0.57]),
        "ladder": np.array([1.0]),
        "evidence": np.array([np.nan, np.nan]),
        "told": np.array(json.dumps({
            "labels": ["log_k[0]", "log_k[1]", "objective"], "outside": 0.0, "impossible": 0.02,
            "test_minute": 1440 * TEST, "notes": ["rows were filled"],
        })),
    }  # fmt: skip


def optimum(inside: float, test: float) -> Arrays:
    return {
        "objective": np.asarray(inside),
        "value": np.full(DAYS, 1000.0),
        "weights": np.full((DAYS, 2), 0.5),
        "part/train": np.asarray(inside),
        "part/test": np.asarray(test),
        "effective/memory_days": np.array([1.0, 2.0]),
        "effective/k_per_day": np.array([3.0, 4.0]),
    }


def results(
    cold: float = 2.0, test: float = 0.1, best: tuple[float, float] = (2.5, 0.1)
) -> dict[str, Arrays]:
    return {"played-0": played(1.0, 0.3, 0), "played-1": played(cold, test, 1), "optimum": optimum(*best)}


def metrics_of(**given: Any) -> dict[str, Any]:
    metrics = combined(CONFIG, SETTINGS, results(**given)).metrics
    return json.loads(json.dumps(metrics, allow_nan=False))


def said(metrics: dict[str, Any]) -> str:
    return "\n".join(conclusions(metrics))


def test_numbers_are_those_of_the_draws() -> None:
    found, metrics = results(), metrics_of()
    cold = metrics["temperatures"][1]
    objectives = found["played-1"]["objectives"]
    assert cold["inside"]["mean"] == pytest.approx(objectives.mean())
    assert cold["inside"]["se"] == pytest.approx(objectives.std() / 20, rel=0.2)
    assert (cold["inside"]["low"], cold["inside"]["high"]) == tuple(np.quantile(objectives, (0.05, 0.95)))
    test = found["played-1"]["part/test"]
    assert cold["parts"]["test"]["mean"] == pytest.approx(test.mean())
    assert cold["parts"]["test"]["se"] == pytest.approx(test.std(ddof=1) / np.sqrt(50))
    assert cold["ahead"]["test"] == np.mean(test > 0.2)
    assert (cold["rhat"], cold["worst"], cold["ess"]) == (1.01, "log_k[1]", 250.0)
    value, hodl = found["played-1"]["pool_value"], found["played-1"]["hodl"]
    ahead = value[-1] / value[TEST] / (hodl[-1] / hodl[TEST]) - 1
    assert cold["against_hodl"]["ahead"] == pytest.approx(ahead)
    assert cold["against_hodl"]["interval"][0] > 0
    narrowed = [one["narrowed"] for one in metrics["parameters"]["memory_days"]]
    assert narrowed[0] == pytest.approx(0.1, rel=0.15)
    assert narrowed[1] == pytest.approx(1.0, rel=0.15)


def test_the_evidence_of_chains_is_that_of_a_known_law() -> None:
    """Objectives ``-x²/2`` of a normal law: ``log Z = -log(1 + beta) / 2``."""
    rng = np.random.default_rng(0)
    betas = (0.0, 1.0, 3.0)
    config = EnsembleConfig(betas=betas, num_chains=16, num_draws=4000)
    drawn = [{"objectives": -0.5 * rng.normal(0, (1 + beta) ** -0.5, (16, 4000)) ** 2} for beta in betas]
    for beta, found in zip(betas, evidences(config, drawn), strict=True):
        assert found is not None
        assert abs(found[0] + 0.5 * np.log(1 + beta)) <= 4 * found[1]
    below, above = (one["objectives"] for one in drawn[:2])
    chains = [bennett(a, b).value for a, b in zip(below, above, strict=True)]
    told = evidences(config, drawn)[1]
    assert told == (pytest.approx(np.mean(chains)), pytest.approx(np.std(chains, ddof=1) / 4))
    assert evidences(config.model_copy(update={"betas": (1.0, 3.0)}), drawn[1:]) == [None, None]
    own = [{"evidence": np.array([np.nan, np.nan])}, {"evidence": np.array([1.5, 0.1])}]
    ladder = EnsembleConfig(betas=(0.0, 1.0), method="smc")
    assert evidences(ladder, own) == [(0.0, 0.0), (1.5, 0.1)]


def test_what_helps_out_of_sample_is_told_as_such_and_what_does_harm() -> None:
    harm = said(metrics_of(test=0.1))
    assert "from **0.99**" in harm
    assert "to **2.00**" in harm
    assert "does harm there" in harm
    helps = said(metrics_of(test=0.6))
    assert "holds there too" in helps
    assert "does harm" not in helps
    nothing = said(metrics_of(test=0.3))
    assert "cannot be told apart from nothing" in nothing
    assert "a change within its error" in nothing
    assert "100% of the draws at beta = 2" in helps
    unknown = metrics_of(test=0.1)
    unknown["temperatures"][0]["rhat"] = 1.2
    assert "no error of that change is known" in said(unknown)
    assert "does harm" not in said(unknown)
    assert "told apart" not in said(unknown)


def test_of_a_single_temperature_no_change_is_told() -> None:
    metrics = metrics_of()
    del metrics["temperatures"][0]
    assert "of draws is **2.00** at beta = 2." in said(metrics)
    assert "On the test, which no draw knows, it is 0.09." in said(metrics)
    assert "goes from" not in said(metrics)


def test_holding_is_told_from_the_pool_only_where_it_can_be() -> None:
    metrics = metrics_of()
    assert "ahead of HODL (**better**)" in said(metrics)
    told = metrics["temperatures"][1]["against_hodl"]
    told["interval"] = [-1.0, 1.0]
    assert "ahead of HODL (**not to be told from it**)" in said(metrics)
    told["interval"] = [0.5, 2.0]
    assert "ahead of HODL (**better**)" in said(metrics)
    told |= {"interval": [-2.0, -0.5], "ahead": -0.1}
    assert "10.00% behind HODL (**worse**)" in said(metrics)
    told["interval"] = None
    assert "10.00% behind HODL." in said(metrics)


def test_an_optimum_is_told_as_one_of_the_draws_or_not() -> None:
    above = said(metrics_of(best=(2.5, 0.1)))
    assert "2.50 on fitted minutes, lies above nearly all draws" in above
    assert "it is **one of them**" in above
    assert "lies among draws" in said(metrics_of(best=(2.0, 0.1)))
    assert "worse than nearly all of them" in said(metrics_of(best=(2.5, -1.0)))
    assert "better than nearly all of them" in said(metrics_of(best=(2.5, 1.0)))


def test_parameters_are_told_as_determined_or_left_open() -> None:
    metrics = metrics_of()
    (line,) = [one for one in conclusions(metrics) if one.startswith("What prices determine")]
    determined, left = line.split("What they leave open:")
    assert "memory of AAA" in determined
    assert "memory of BBB" in left
    assert "k per day of memory of AAA" in left
    metrics["temperatures"][1]["rhat"] = 1.5
    assert not any(one.startswith("What prices determine") for one in conclusions(metrics))


def test_chains_that_do_not_agree_have_no_errors() -> None:
    metrics = metrics_of()
    assert "Chains agree at all temperatures: R-hat at most 1.010, 250 effective draws or more." in said(
        metrics
    )
    cold = metrics["temperatures"][1]
    for rhat in (1.06, None):
        cold["rhat"] = rhat
        told = said(metrics)
        assert "**do not agree** at beta = 2" in told
        assert "Monte Carlo errors" not in told
        assert "Monte Carlo errors" in said(metrics_of())
        table = tables(metrics)[0]
        assert table.rows[1][1].se is None
        assert table.rows[0][1].se is not None
    assert problems(metrics) == ["draws at beta = 2 tell no R-hat: they never moved"]
    assert problems(metrics_of()) == []
    cold["rhat"] = 1.05
    assert "do not agree" not in said(metrics)


def test_tables_hold_every_temperature_and_what_stands_beside() -> None:
    first, trust, beside, parameters, settings = tables(metrics_of())
    assert [row[0] for row in first.rows] == ["0", "2"]
    assert trust.rows[1][1] == "1.010, log_k[1]"
    assert trust.rows[1][3] == "57%"
    assert trust.rows[0][5] == "0.00 ± 0"
    assert [row[0] for row in beside.rows] == [
        "draws at beta = 2, mean", "pool that averages 3 of them", "trained optimum", "HODL",
    ]  # fmt: skip
    assert beside.rows[3][1:] == (0.5, 0.2)
    assert len(parameters.rows) == 4
    assert parameters.rows[0][0] == "memory, days, AAA"
    assert parameters.rows[0][4] == "1"
    assert ("noise_scale, of the prior", "0.5") in settings.rows
    metrics = metrics_of()
    ladder = copy.deepcopy(metrics)
    ladder["temperatures"][1] |= {"rungs": 4, "rates": [0.2, 0.4], "evidence": None}
    assert tables(ladder)[1].rows[1][3] == "20% .. 40%"
    assert tables(ladder)[1].rows[1][5] is None


def test_without_an_optimum_or_a_test_less_is_told() -> None:
    found = {name: value for name, value in results().items() if name != "optimum"}
    for one in found.values():
        for name in [name for name in one if name.endswith("/test")]:
            del one[name]
        one["told"] = np.array(json.dumps(json.loads(str(one["told"])) | {"test_minute": None}))
    metrics, arrays = combined(CONFIG, SETTINGS, found)
    metrics = json.loads(json.dumps(metrics, allow_nan=False))
    assert "test" not in said(metrics)
    assert "optimum" not in said(metrics)
    assert len(tables(metrics)) == 5
    assert len(list(figures(metrics, arrays))) == 6


def test_parameters_that_all_tokens_share_are_told_once() -> None:
    found = results()
    for one in found.values():
        for name in [name for name in one if name.startswith(("effective/", "prior/"))]:
            one[name] = one[name][..., :1]
    metrics, arrays = combined(CONFIG, SETTINGS, found)
    metrics = json.loads(json.dumps(metrics))
    assert [row[0] for row in tables(metrics)[3].rows] == [
        "memory, days, all tokens", "k per day of memory, all tokens",
    ]  # fmt: skip
    assert "memory of all tokens" in said(metrics)
    shown = {one.name: one for one in figures(metrics, arrays)}
    assert [len(shown[name].figure.axes) for name in ("parameters", "together")] == [2, 1]


def test_figures_draw_what_the_arrays_hold() -> None:
    metrics, arrays = combined(CONFIG, SETTINGS, results())
    metrics = json.loads(json.dumps(metrics))
    found = {one.name: one for one in figures(metrics, arrays)}
    assert list(found) == ["objective", "value", "weights", "parameters", "together", "chains"]
    left, right = found["objective"].figure.axes
    means = [one["inside"]["mean"] for one in metrics["temperatures"]]
    np.testing.assert_allclose(left.lines[0].get_ydata(), means)
    assert [label.get_text() for label in right.get_xticklabels()] == ["0", "2"]
    assert 0.2 in [line.get_ydata()[0] for line in right.lines]
    assert 2.5 in [line.get_ydata()[0] for line in left.lines]
    warm, cold = found["value"].figure.axes
    median = 100 * (arrays["1/value"][2] / arrays["hodl"] - 1)
    np.testing.assert_allclose(cold.lines[0].get_ydata(), median)
    assert warm.get_ylim() == cold.get_ylim()
    first, second = found["weights"].figure.axes
    np.testing.assert_allclose(first.lines[0].get_ydata(), 0.3)
    np.testing.assert_allclose(second.lines[0].get_ydata(), 0.7)
    assert len(found["parameters"].figure.axes) == 4
    assert len(found["together"].figure.axes) == 2
    trace, rhats = found["chains"].figure.axes
    assert len(trace.lines) == 4
    np.testing.assert_array_equal(trace.lines[2].get_ydata(), arrays["1/objectives"][2])
    over = rhats.collections[1].get_offsets()
    np.testing.assert_allclose(np.asarray(over)[:, 1], [1e-4, 0.01], rtol=1e-6)
