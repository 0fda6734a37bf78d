"""How far daily returns of one path may be trusted: an interval by blocks of days, and what luck in trials gives."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from isotherm.market.objectives.significance import LEAST_DAYS, deflated_sharpe_of, sharpe_interval
from isotherm.studies.market.facts import finite

Days = Float64[np.ndarray, " days"]


def interval_of(daily: Days) -> list[float] | None:
    """95 % of the annual ratio of mean to spread, by blocks of days; None of too few, lost, or all the same ones.

    Args:
        daily: returns, or returns over those of another pool, whose ratio is the information ratio.
    """
    found = sharpe_interval(daily)
    return None if found is None or np.ptp(daily) == 0 else [float(found.lower), float(found.upper)]


def deflated_of(daily: Days, trials: int) -> float | None:
    """Probability that the Sharpe ratio is above the best that luck gives in so many trials; None as above."""
    found = deflated_sharpe_of(daily, trials) if len(daily) >= LEAST_DAYS else None
    return None if found is None else float(found.probability)


def compared(own: Days, other: Days) -> dict[str, Any]:
    """How far one pool is ahead of another in the end, and an interval of its information ratio; None of lost pools.

    Args:
        own: daily returns.
        other: of the same days.
    """
    ahead = finite(np.prod(1 + own) / np.prod(1 + other) - 1)
    return {"ahead": ahead, "interval": interval_of(own - other)}
