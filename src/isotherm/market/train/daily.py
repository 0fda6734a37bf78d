"""Objectives that need a pool's value once a day, computed without a value of every minute. Section 2.8."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm.market.objectives import returns
from isotherm.market.objectives.moments import ratio, spread
from isotherm.market.objectives.returns import PoolHistory, Scalar


class DailyHistory(NamedTuple):
    """What these objectives read.

    Attributes:
        daily: values in the first minute of each day, over that of the first, ``(days,)``.
        ends: a history of two rows, the first minute and the last.
        minutes: of the whole (static).
    """

    daily: Float[Array, " days"]
    ends: PoolHistory
    minutes: int


def daily_history(
    log_daily: Float[Array, " days"],
    log_last: Float[Array, ""],
    weights: Float[Array, " tokens"],
    log_growth: Float[Array, " tokens"],
    minutes: int,
) -> DailyHistory:
    """A history in units in which all prices and the value begin at 1: no objective here depends on those.

    Args:
        log_daily: logarithm of daily values, the first 0, ``(days,)``.
        log_last: of the last minute's, a scalar.
        weights: of the first minute, ``(tokens,)``.
        log_growth: of prices from the first minute to the last, ``(tokens,)``.
        minutes: of the whole.
    """
    one = jnp.ones_like(log_last)
    value = jnp.stack([one, jnp.exp(log_last)])
    ends = PoolHistory(value, weights, jnp.ones_like(weights), jnp.exp(log_growth))
    return DailyHistory(jnp.exp(log_daily), ends, minutes)


def _sharpe(history: DailyHistory) -> Scalar:
    changes = returns.relative_changes(history.daily)
    return np.sqrt(returns.DAYS_PER_YEAR).item() * ratio(jnp.mean(changes), spread(changes))


def _of_ends(gain: Callable[[PoolHistory], Scalar]) -> Callable[[DailyHistory], Scalar]:
    return lambda history: gain(history.ends)


def _annualised(gain: Callable[[PoolHistory], Scalar]) -> Callable[[DailyHistory], Scalar]:
    return lambda history: returns.annualised(gain(history.ends), history.minutes)


_GAINS = (returns.returns, returns.returns_over_hodl, returns.returns_over_uniform_hodl)

DAILY_OBJECTIVES: Mapping[str, Callable[[DailyHistory], Scalar]] = MappingProxyType(
    {
        "daily_sharpe": _sharpe,
        "daily_log_sharpe": lambda history: returns.log_sharpe(history.daily),
        **{gain.__name__: _of_ends(gain) for gain in _GAINS},
        **{f"annualised_{gain.__name__}": _annualised(gain) for gain in _GAINS},
    }
)
"""By the name that the objective of all minutes has, to which each is equal but for rounding."""
