r"""What a pool returned: plain, annualised, against holding, and per unit of risk. All are maximised.

Minute resolution; ``T`` is the number of rows, ``D = 1440`` minutes a day, a year has 365 days. Functions are pure,
follow the dtype of their inputs, and are differentiable and batched by ``vmap``. Section 6.1 of the specification of
dynamic-weight pools; W. F. Sharpe, Mutual Fund Performance (1966).
"""

from typing import Any, TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.lax import stop_gradient
from jaxtyping import Array, Float

from isotherm.errors import refusal
from isotherm.market.objectives.moments import growth, ratio, spread

MINUTES_PER_DAY = 1440
DAYS_PER_YEAR = 365
LEAST_DAILY = 3
"""Daily samples below which no daily Sharpe ratio is told: two give one return, whose spread is 0."""

Scalar = Float[Array, ""]
SeriesT = TypeVar("SeriesT", Array, np.ndarray)


class PoolHistory(eqx.Module):
    """What objectives read of a pool's run, ``T`` minutes of ``n`` tokens.

    Attributes:
        value: of the pool at every minute, in the numeraire, above 0, shape ``(T,)``.
        initial_reserves: of the first row, shape ``(n,)``; what holding would keep.
        initial_prices: of the first row, shape ``(n,)``.
        final_prices: of the last row, shape ``(n,)``.
        fee_revenue: what swap fees brought in each minute after the protocol's share, in the numeraire, shape
            ``(fees,)``; None where nobody counted.
    """

    value: Float[Array, " minutes"]
    initial_reserves: Float[Array, " tokens"]
    initial_prices: Float[Array, " tokens"]
    final_prices: Float[Array, " tokens"]
    fee_revenue: Float[Array, " fees"] | None = None


def history_of(value: Any, reserves: Any, prices: Any, fee_revenue: Any = None) -> PoolHistory:
    """The history of a run, or of a slice of one: baselines hold what the slice begins with.

    Args:
        value: of the pool, shape ``(T,)``, at least two minutes.
        reserves: shape ``(T, n)``.
        prices: shape ``(T, n)``.
        fee_revenue: of each minute, shape ``(fees,)``, or None.

    Raises:
        ValueError: naming a shape that does not fit the others.

    >>> path = np.linspace(1.0, 2.0, 5)
    >>> history_of(path, path[:, None], path[:, None]).final_prices.tolist()
    [2.0]
    """
    value, reserves, prices = jnp.asarray(value), jnp.asarray(reserves), jnp.asarray(prices)
    if value.ndim != 1 or value.shape[0] < 2:
        raise refusal("value.shape", value.shape, "must be (minutes,), at least two of them")
    if prices.ndim != 2 or prices.shape[0] != value.shape[0]:
        raise refusal("prices.shape", prices.shape, f"must be ({value.shape[0]}, tokens), as value")
    if reserves.shape != prices.shape:
        raise refusal("reserves.shape", reserves.shape, f"must be {prices.shape}, as prices")
    fees = None if fee_revenue is None else jnp.asarray(fee_revenue)
    if fees is not None and fees.ndim != 1:
        raise refusal("fee_revenue.shape", fees.shape, "must be (minutes,)")
    return PoolHistory(value, reserves[0], prices[0], prices[-1], fees)


def relative_changes(value: SeriesT) -> SeriesT:
    """Returns from row to row, ``(rows,)`` to ``(rows - 1,)``, of JAX or of NumPy."""
    return value[1:] / value[:-1] - 1.0


def daily_values(value: Float[Array, " minutes"]) -> Float[Array, " days"]:
    """Values at the first minute of every day, ``V[::1440]``, shape ``(days,)``."""
    return value[::MINUTES_PER_DAY]


def enough_days(value: Float[Array, " minutes"]) -> Float[Array, " days"]:
    """Daily values, ``(days,)``.

    Raises:
        ValueError: if there are fewer than three.
    """
    daily = daily_values(value)
    if daily.shape[0] < LEAST_DAILY:
        allowed = f"holds {daily.shape[0]} daily samples; a daily Sharpe ratio needs {LEAST_DAILY}"
        raise refusal("value.shape", value.shape, allowed)
    return daily


def sharpe(history: PoolHistory) -> Scalar:
    """Annual Sharpe ratio of minute returns, a scalar."""
    changes = relative_changes(history.value)
    scale = np.sqrt(DAYS_PER_YEAR * MINUTES_PER_DAY).item()
    return scale * ratio(jnp.mean(changes), spread(changes))


def daily_sharpe(history: PoolHistory) -> Scalar:
    """Annual Sharpe ratio of daily returns, a scalar.

    Raises:
        ValueError: if there are fewer than three daily samples.
    """
    changes = relative_changes(enough_days(history.value))
    return np.sqrt(DAYS_PER_YEAR).item() * ratio(jnp.mean(changes), spread(changes))


def daily_log_sharpe(history: PoolHistory) -> Scalar:
    """Annual Sharpe ratio of daily logarithmic returns, a scalar: the default objective.

    Raises:
        ValueError: if there are fewer than three daily samples.
    """
    return log_sharpe(enough_days(history.value))


def log_sharpe(daily: Float[Array, " days"]) -> Scalar:
    """The same of daily values, shape ``(days,)``, at least two."""
    changes = jnp.diff(jnp.log(daily + 1e-12))
    return np.sqrt(DAYS_PER_YEAR).item() * jnp.mean(changes) / (spread(changes) + 1e-8)


def returns(history: PoolHistory) -> Scalar:
    """Return from the first to the last minute, a scalar above -1."""
    return history.value[-1] / history.value[0] - 1.0


def hodl_value(history: PoolHistory) -> Scalar:
    """What the initial reserves are worth at the end, a scalar; no gradient flows into what is held."""
    return jnp.sum(stop_gradient(history.initial_reserves) * history.final_prices)


def uniform_hodl_value(history: PoolHistory) -> Scalar:
    """What the initial value, held in equal parts of each token, is worth at the end, a scalar."""
    num_tokens = history.initial_prices.shape[0]
    held = stop_gradient(history.value[0] / (num_tokens * history.initial_prices))
    return jnp.sum(held * history.final_prices)


def returns_over_hodl(history: PoolHistory) -> Scalar:
    """Final value over that of holding the initial reserves, minus 1; a scalar."""
    return history.value[-1] / hodl_value(history) - 1.0


def returns_over_uniform_hodl(history: PoolHistory) -> Scalar:
    """Final value over that of holding equal parts, minus 1; a scalar."""
    return history.value[-1] / uniform_hodl_value(history) - 1.0


def annualised(gain: Scalar, num_minutes: int) -> Scalar:
    """What a gain over ``num_minutes`` rows compounds to in a year: to the power ``365 D / (T - 1)``; a scalar."""
    return growth(gain, DAYS_PER_YEAR * MINUTES_PER_DAY / (num_minutes - 1))


def annualised_returns(history: PoolHistory) -> Scalar:
    """:func:`returns`, a scalar, a year."""
    return annualised(returns(history), history.value.shape[0])


def annualised_returns_over_hodl(history: PoolHistory) -> Scalar:
    """:func:`returns_over_hodl`, a scalar, a year."""
    return annualised(returns_over_hodl(history), history.value.shape[0])


def annualised_returns_over_uniform_hodl(history: PoolHistory) -> Scalar:
    """:func:`returns_over_uniform_hodl`, a scalar, a year."""
    return annualised(returns_over_uniform_hodl(history), history.value.shape[0])


def greatest_draw_down(history: PoolHistory) -> Scalar:
    """Lowest value against the first, minus 1; a scalar within -1 and 0. Not against the peak: see calmar."""
    return jnp.min(history.value) / history.value[0] - 1.0


def fee_revenue_over_value(history: PoolHistory) -> Scalar:
    """Swap fees earned after the protocol's share over the first value, a scalar at least 0.

    Raises:
        ValueError: if the history has no fee revenue.
    """
    if history.fee_revenue is None:
        raise refusal(
            "fee_revenue", None, "should be what fees brought in each minute; pass it to history_of"
        )
    return jnp.sum(history.fee_revenue) / history.value[0]
