"""What a walk forward says as a whole: Sharpe ratios out of sample, efficiency, and whether it is more than luck."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.objectives.returns import relative_changes
from isotherm.market.objectives.significance import (
    DeflatedSharpe,
    SharpeInterval,
    deflated_sharpe_of,
    sharpe_interval,
)
from isotherm.market.walk.tested import CycleRecord

LEAST_EFFICIENCY = 0.5
Days = Float64[np.ndarray, " days"]


class WalkVerdict(NamedTuple):
    """Of all cycles, out of sample. Sharpe ratios are annual ones of daily returns.

    Attributes:
        num_cycles: how many.
        num_days: daily returns of all tests.
        mean_sharpe: mean over cycles.
        std_sharpe: population spread over cycles.
        worst_sharpe: least of all cycles.
        mean_efficiency: mean over cycles whose ratio in sample is above 0; NaN if there are none.
        num_efficiency: how many these are.
        adjusted_sharpe: mean over cycles of the ratio less its haircut; None where nothing was tracked in some cycle.
        interval: of the ratio of all days, resampled in circular blocks of 10; None below 20 days, or where a pool
            was lost.
        over_hodl: the same of daily returns less those of what each test began with, held.
        over_uniform_hodl: the same, of equal parts held.
        deflated: of the ratio a day of all days; None if returns do not vary or a pool was lost.
        is_effective: whether none of ``reasons`` speaks against it.
        reasons: what does, in words.
    """

    num_cycles: int
    num_days: int
    mean_sharpe: float
    std_sharpe: float
    worst_sharpe: float
    mean_efficiency: float
    num_efficiency: int
    adjusted_sharpe: float | None
    interval: SharpeInterval | None
    over_hodl: SharpeInterval | None
    over_uniform_hodl: SharpeInterval | None
    deflated: DeflatedSharpe | None
    is_effective: bool
    reasons: tuple[str, ...]


def walk_verdict(
    records: Sequence[CycleRecord], num_trials: int = 1, num_resamples: int = 10_000
) -> WalkVerdict:
    """Judge a walk forward, effective iff its efficiency is 0.5 or more on the mean, and no cycle lost out of sample.

    Args:
        records: of its cycles, at least one.
        num_trials: how many walks were looked at before this one was kept, itself among them: for so many the Sharpe
            ratio is deflated.
        num_resamples: for each interval.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range.

    References:
        R. Pardo, The Evaluation and Optimization of Trading Strategies (2008), chapter 11; Bailey and Lopez de Prado,
        The deflated Sharpe ratio, J. Portfolio Management 40 (2014).

    >>> from isotherm.market.parameters.fingerprint import Fingerprint
    >>> from isotherm.market.prices.synthetic import sinusoidal_prices, synthetic_table
    >>> from isotherm.market.walk.forward import walk_forward
    >>> from isotherm.market.walk.plan import walk_of
    >>> path = sinusoidal_prices(21 * 1440, [10.0, 20.0], 0.2, [9000.0, 7000.0])
    >>> run = Fingerprint(tokens=["AAA", "BBB"], rule="momentum", max_memory_days=3,
    ...                   startDateString="2024-01-04 00:00:00", endDateString="2024-01-19 00:00:00")
    >>> walk = walk_of(run, synthetic_table(path, ["AAA", "BBB"], "2024-01-01 00:00:00"), n_cycles=2)
    >>> verdict = walk_verdict(list(walk_forward(walk, lambda task: {"log_k": [3.0], "logit_lamb": [1.0]})))
    >>> verdict.num_cycles, verdict.num_days, verdict.interval
    (2, 10, None)
    """
    chosen = doors.sequence("records", records, "a list of records of cycles")
    for record in chosen:
        doors.instance("records", record, CycleRecord, "records of cycles", "walk_forward yields them")
    if not chosen:
        raise refusal("records", [], "must be one at least")
    doors.whole("num_trials", num_trials, 1)
    doors.whole("num_resamples", num_resamples, 1)
    sharpes = np.array([record.out_of_sample["sharpe"] for record in chosen])
    efficiencies = np.array([record.efficiency for record in chosen])
    known = efficiencies[np.isfinite(efficiencies)]
    efficiency = float(known.mean()) if len(known) else float("nan")
    haircuts = [record.haircut for record in chosen if record.haircut is not None]
    adjusted = float(np.mean(sharpes - haircuts)) if len(haircuts) == len(chosen) else None
    days = joined_returns(chosen)
    reasons = _reasons(efficiency, float(sharpes.min()), adjusted)
    return WalkVerdict(
        num_cycles=len(chosen),
        num_days=len(days.pool),
        mean_sharpe=float(sharpes.mean()),
        std_sharpe=float(sharpes.std()),
        worst_sharpe=float(sharpes.min()),
        mean_efficiency=efficiency,
        num_efficiency=len(known),
        adjusted_sharpe=adjusted,
        interval=sharpe_interval(days.pool, num_resamples),
        over_hodl=sharpe_interval(days.pool - days.hodl, num_resamples),
        over_uniform_hodl=sharpe_interval(days.pool - days.uniform_hodl, num_resamples),
        deflated=deflated_sharpe_of(days.pool, num_trials),
        is_effective=not reasons,
        reasons=reasons,
    )


class JoinedReturns(NamedTuple):
    """Daily returns of all tests one after another, ``(days,)`` each."""

    pool: Days
    hodl: Days
    uniform_hodl: Days


def joined_returns(records: Sequence[CycleRecord]) -> JoinedReturns:
    """Of the tests of all cycles, and of what is held from the begin of each."""
    series = (np.concatenate([relative_changes(getattr(one, name)) for one in records]) for name in _SERIES)
    return JoinedReturns(*series)


_SERIES = ("value", "hodl", "uniform_hodl")


def _reasons(efficiency: float, worst: float, adjusted: float | None) -> tuple[str, ...]:
    found = []
    if not efficiency >= LEAST_EFFICIENCY:
        found.append(f"efficiency {efficiency:.2f}, below {LEAST_EFFICIENCY:g}")
    if not worst > 0:
        found.append(f"worst Sharpe ratio {worst:.2f}, not above 0")
    if adjusted is not None and not adjusted > 0:
        found.append(f"Sharpe ratio {adjusted:.2f} after its haircut, not above 0")
    return tuple(found)
