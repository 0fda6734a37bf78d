"""What a walk says as a whole, from made-up cycles: both ways, and with nothing to tell."""

from typing import Any

import numpy as np
import pytest
from tests.market.walk.walk_cases import record

from isotherm.market.objectives.report import moments_of
from isotherm.market.objectives.significance import (
    block_bootstrap_sharpe,
    deflated_sharpe,
    rademacher_complexity,
    rademacher_haircut,
)
from isotherm.market.walk.tested import sharpe_haircut
from isotherm.market.walk.verdict import walk_verdict


def verdict(*cycles: dict[str, Any], **given: Any) -> Any:
    records = [record(number, **one) for number, one in enumerate(cycles)]
    return walk_verdict(records, num_resamples=100, **given)


def sharpe(value: float) -> dict[str, float]:
    return dict(record().out_of_sample) | {"sharpe": value}


def test_a_walk_whose_every_cycle_gained_is_effective() -> None:
    found = verdict({}, {"efficiency": 0.35, "out_of_sample": sharpe(3.0)})
    assert found.is_effective
    assert found.reasons == ()
    assert (found.num_cycles, found.num_days) == (2, 40)
    assert (found.mean_sharpe, found.std_sharpe, found.worst_sharpe) == (2.0, 1.0, 1.0)
    assert (found.mean_efficiency, found.num_efficiency) == (pytest.approx(0.55), 2)


@pytest.mark.parametrize(
    ("cycle", "words"),
    [
        ({"efficiency": 0.2}, "efficiency 0.47, below 0.5"),
        ({"out_of_sample": sharpe(-0.1)}, "worst Sharpe ratio -0.10, not above 0"),
        ({"out_of_sample": sharpe(0.0)}, "worst Sharpe ratio 0.00, not above 0"),
    ],
)
def test_one_reason_is_enough_against_it(cycle: dict[str, Any], words: str) -> None:
    found = verdict({}, cycle)
    assert not found.is_effective
    assert found.reasons == (words,)


def test_a_haircut_decides_where_every_cycle_has_one() -> None:
    assert verdict({"haircut": 0.4}, {"haircut": 0.8}).adjusted_sharpe == pytest.approx(0.4)
    assert verdict({"haircut": 0.4}, {"haircut": 0.8}).is_effective
    found = verdict({"haircut": 0.4}, {"haircut": 2.6})
    assert found.reasons == ("Sharpe ratio -0.50 after its haircut, not above 0",)
    assert verdict({"haircut": 9.0}, {}).adjusted_sharpe is None
    assert verdict({"haircut": 9.0}, {}).is_effective


def test_efficiencies_that_are_none_are_passed_over_and_counted() -> None:
    found = verdict({"efficiency": np.nan}, {})
    assert (found.mean_efficiency, found.num_efficiency) == (0.75, 1)
    nothing = verdict({"efficiency": np.nan})
    assert np.isnan(nothing.mean_efficiency)
    assert nothing.num_efficiency == 0
    assert nothing.reasons == ("efficiency nan, below 0.5",)


def test_intervals_and_deflation_are_of_all_days_in_order() -> None:
    cycles = [record(0), record(1, days=15)]
    found = walk_verdict(cycles, num_trials=7, num_resamples=100)
    days = np.concatenate([one.daily_returns for one in cycles])
    assert found.interval == block_bootstrap_sharpe(days, 100, 10)
    assert found.over_hodl == block_bootstrap_sharpe(days, 100, 10)
    assert found.over_uniform_hodl is not None
    assert found.over_uniform_hodl[:3] == (0.0, 0.0, 0.0)
    moments = moments_of(days)
    ratio = moments.mean / moments.std
    assert found.deflated == deflated_sharpe(ratio, 7, 35, moments.skew, moments.excess_kurtosis)


def test_few_or_flat_days_say_nothing() -> None:
    found = verdict({"days": 19})
    assert found.interval is found.over_hodl is found.over_uniform_hodl is None
    assert found.deflated is not None
    assert verdict({"days": 20}).interval is not None
    assert verdict({"days": 5, "value": np.ones(6)}).deflated is None


def test_a_lost_pool_is_told_and_not_resampled() -> None:
    found = verdict(
        {"days": 25}, {"days": 25, "value": np.append(np.ones(25), np.nan), "out_of_sample": sharpe(np.nan)}
    )
    assert found.interval is found.over_hodl is found.deflated is None
    assert found.reasons == ("worst Sharpe ratio nan, not above 0",)


def test_a_walk_without_cycles_is_refused() -> None:
    with pytest.raises(ValueError, match="records"):
        walk_verdict([])
    with pytest.raises(ValueError, match="num_trials = 0"):
        walk_verdict([record()], num_trials=0)


# ------------------------------------------------------------------------------
# Haircuts


def test_a_haircut_is_of_returns_in_units_of_their_spread_and_of_a_year() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 300)) * np.array([[1.0], [0.1], [0.01], [5.0]])
    scaled = rows / rows.std(1, keepdims=True)
    wanted = np.sqrt(365) * rademacher_haircut(rademacher_complexity(scaled), 300)
    assert sharpe_haircut(rows) == pytest.approx(wanted)
    assert sharpe_haircut(7 * rows) == pytest.approx(wanted)
    assert sharpe_haircut(rows, compat=True) == pytest.approx(
        rademacher_haircut(rademacher_complexity(rows), 300)
    )


def test_more_that_was_tried_costs_more_and_lost_rows_nothing() -> None:
    rows = np.random.default_rng(1).normal(size=(6, 100))
    few, many = sharpe_haircut(rows[:2]), sharpe_haircut(rows)
    assert few is not None
    assert many is not None
    assert many > few
    lost = np.concatenate([rows[:2], np.full((1, 100), np.nan)])
    assert sharpe_haircut(lost) == few
    assert sharpe_haircut(lost[2:]) is None
    assert sharpe_haircut(np.zeros((1, 50))) == pytest.approx(np.sqrt(365) * rademacher_haircut(0.0, 50))
