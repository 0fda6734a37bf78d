"""What a cycle's choice does in its training and in its test, and what is kept of it. Section 7.9."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from isotherm import doors
from isotherm.market.backtest import Backtest
from isotherm.market.objectives.periods import ALIASES, period_metrics
from isotherm.market.objectives.returns import DAYS_PER_YEAR, MINUTES_PER_DAY, relative_changes
from isotherm.market.objectives.significance import (
    FLAT,
    rademacher_complexity,
    rademacher_haircut,
    walk_forward_efficiency,
)
from isotherm.market.parameters.start import Parameters
from isotherm.market.walk.cycles import WalkCycle
from isotherm.market.walk.regimes import MarketRegime, regime_of

METRICS = (
    "sharpe", "daily_log_sharpe", "calmar", "sterling", "ulcer", "returns", "returns_over_hodl",
    "returns_over_uniform_hodl",
)  # fmt: skip
"""Of each part of a cycle; ``sharpe`` is the annual ratio of daily returns."""


@dataclass(frozen=True, eq=False)
class CycleRecord:
    """What a cycle chose, and what came of it.

    The pool runs on from training into the test, without a new begin. In sample are the minutes of training; out of
    sample those of the test and the one at its end, so that each day of all tests has one return.

    Attributes:
        cycle: its dates.
        params: raw, that were chosen, ``(n,)`` each, without initial weights.
        initial_weights: at the training's start, ``(n,)``.
        final_weights: shares of value in the last minute of training, ``(n,)``.
        in_sample: by name of :data:`METRICS`; NaN where training is too short.
        out_of_sample: the same of the test.
        efficiency: Sharpe ratio out of sample over that in sample; NaN where the latter is not above 0.
        gap: the latter less the former.
        haircut: what a Rademacher bound takes off an annual Sharpe ratio for all that was tried; None: not tracked.
        train_regime: of the market in training.
        test_regime: in the test.
        unix: UTC milliseconds of the test's midnights, its end among them, ``(days + 1,)``.
        prices: then, ``(days + 1, tokens)``.
        weights: of the pool then, ``(days + 1, tokens)``.
        value: of the pool then, ``(days + 1,)``.
        hodl: of the reserves of the test's first minute held, ``(days + 1,)``.
        uniform_hodl: of equal parts held from then, ``(days + 1,)``.
        run_location: of the training's settings.
        notes: lines for people.
    """

    cycle: WalkCycle
    params: Parameters
    initial_weights: Float64[np.ndarray, " tokens"]
    final_weights: Float64[np.ndarray, " tokens"]
    in_sample: Mapping[str, float]
    out_of_sample: Mapping[str, float]
    efficiency: float
    gap: float
    haircut: float | None
    train_regime: MarketRegime
    test_regime: MarketRegime
    unix: Int64[np.ndarray, " midnights"]
    prices: Float64[np.ndarray, "midnights tokens"]
    weights: Float64[np.ndarray, "midnights tokens"]
    value: Float64[np.ndarray, " midnights"]
    hodl: Float64[np.ndarray, " midnights"]
    uniform_hodl: Float64[np.ndarray, " midnights"]
    run_location: str
    notes: tuple[str, ...]

    @property
    def daily_returns(self) -> Float64[np.ndarray, " days"]:
        """Of the test, ``(days,)``."""
        return relative_changes(self.value)


def sharpe_haircut(checkpoint_returns: Any, compat: bool = False) -> float | None:
    """What to take off an annual Sharpe ratio, the best of all strategies that a training passed through; a number.

    The bound is of returns in units of their spread, over one period; a year's is ``sqrt(365)`` times as large. It
    holds with probability 0.95 for any number of days, and says nothing for few: a year gives 8.2 at least.

    Args:
        checkpoint_returns: daily, ``(checkpoints, days)``; rows that are not finite are passed over.
        compat: the number of another tool, which takes the bound of returns as they are, over one day, off an annual
            ratio.

    Returns:
        None, if no row is left.

    Raises:
        TypeError: if an argument is of another kind.

    References:
        G. Paleologo, The Elements of Quantitative Investing (2024), chapter 8.

    >>> round(sharpe_haircut(np.sin(np.arange(730.0))[None]), 1), sharpe_haircut([])
    (5.7, None)
    """
    doors.flag("compat", compat)
    rows = doors.real_numbers("checkpoint_returns", checkpoint_returns)
    if rows.ndim != 2 or not rows.size:
        return None
    rows = rows[np.isfinite(rows).all(1)]
    if not len(rows):
        return None
    spread = rows.std(1, keepdims=True)
    scaled = rows if compat else rows / np.where(spread > FLAT, spread, np.inf)
    haircut = rademacher_haircut(rademacher_complexity(scaled), rows.shape[1])
    return haircut if compat else haircut * float(np.sqrt(DAYS_PER_YEAR))


def part_metrics(played: Backtest, rows: slice) -> dict[str, float]:
    """Metrics of some minutes of a backtest, by name of :data:`METRICS`."""
    found = period_metrics(played.value[rows], played.reserves[rows], played.prices[rows])
    return {name: float(getattr(found, ALIASES.get(name, name))) for name in METRICS}


def record_of(
    cycle: WalkCycle,
    params: Parameters,
    initial_weights: Float64[np.ndarray, " tokens"],
    played: Backtest,
    train_minutes: int,
    test_first: int,
    haircut: float | None,
    run_location: str,
    notes: tuple[str, ...],
) -> CycleRecord:
    """What is kept of a cycle.

    Args:
        cycle: its dates.
        params: that were chosen.
        initial_weights: at the training's start.
        played: from there through the minute at the test's end.
        train_minutes: of training.
        test_first: minute at which the test starts.
        haircut: of :func:`sharpe_haircut`.
        run_location: of the training.
        notes: lines for people.
    """
    inside, outside = (
        part_metrics(played, slice(0, train_minutes)),
        part_metrics(played, slice(test_first, None)),
    )
    worth = played.reserves[train_minutes - 1] * played.prices[train_minutes - 1]
    midnights = slice(test_first, None, MINUTES_PER_DAY)
    prices, value = played.prices[midnights], played.value[midnights]
    return CycleRecord(
        cycle=cycle,
        params=params,
        initial_weights=initial_weights,
        final_weights=worth / worth.sum(),
        in_sample=inside,
        out_of_sample=outside,
        efficiency=walk_forward_efficiency(outside["sharpe"], inside["sharpe"]),
        gap=inside["sharpe"] - outside["sharpe"],
        haircut=haircut,
        train_regime=regime_of(played.prices[:train_minutes:MINUTES_PER_DAY]),
        test_regime=regime_of(prices),
        unix=played.unix[midnights],
        prices=prices,
        weights=played.weights[midnights],
        value=value,
        hodl=prices @ played.reserves[test_first],
        uniform_hodl=value[0] * (prices / prices[0]).mean(1),
        run_location=run_location,
        notes=notes,
    )
