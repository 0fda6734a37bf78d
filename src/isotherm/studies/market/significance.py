"""How far daily returns of one path may be trusted: an interval by blocks of days, and what luck in trials gives."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from isotherm.market.objectives.report import moments_of
from isotherm.market.objectives.significance import block_bootstrap_sharpe, deflated_sharpe

Days = Float64[np.ndarray, " days"]

BLOCK_DAYS = 10
LEAST_DAYS = 2 * BLOCK_DAYS
"""Days from which on an interval of the Sharpe ratio is told."""


def interval_of(daily: Days) -> list[float] | None:
    """95 % of the annual ratio of mean to spread, by blocks of days; None of too few days, or where nothing varies.

    Args:
        daily: returns, or returns over those of another pool, whose ratio is the information ratio.
    """
    if len(daily) < LEAST_DAYS or np.ptp(daily) == 0:
        return None
    found = block_bootstrap_sharpe(daily, block_length=BLOCK_DAYS)
    return [float(found.lower), float(found.upper)]


def deflated_of(daily: Days, trials: int) -> float | None:
    """Probability that the Sharpe ratio is above the best that luck gives in so many trials; None as above."""
    if len(daily) < LEAST_DAYS or np.ptp(daily) == 0:
        return None
    told = moments_of(daily)
    ratio = told.mean / told.std
    return float(deflated_sharpe(ratio, trials, len(daily), told.skew, told.excess_kurtosis).probability)


def compared(own: Days, other: Days) -> dict[str, Any]:
    """How far one pool is ahead of another in the end, and an interval of its information ratio.

    Args:
        own: daily returns.
        other: of the same days.
    """
    ahead = float(np.prod(1 + own) / np.prod(1 + other) - 1)
    return {"ahead": ahead, "interval": interval_of(own - other)}
