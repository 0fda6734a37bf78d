r"""What a pool risked: draw-downs, values at risk, and returns per unit of them. All are maximised.

Series are cut into chunks of whole days; what is left at the end is dropped. Percentiles interpolate linearly.
Section 6.2 of the specification of dynamic-weight pools; the ulcer index is of P. Martin and B. McCann,
The Investor's Guide to Fidelity Funds (1989), the Calmar ratio of T. W. Young, Futures 20 (1991).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import stop_gradient
from jaxtyping import Array, Float, Int32

from isotherm.errors import refusal
from isotherm.market.objectives.moments import growth, ratio, safe_sqrt
from isotherm.market.objectives.returns import DAYS_PER_YEAR, MINUTES_PER_DAY, PoolHistory, Scalar

DAY, WEEK, MONTH = MINUTES_PER_DAY, 7 * MINUTES_PER_DAY, 30 * MINUTES_PER_DAY
"""Lengths of chunks in minutes."""

_YEAR = DAYS_PER_YEAR * MINUTES_PER_DAY


def chunks(value: Float[Array, " minutes"], length: int, least: int = 1) -> Float[Array, "chunks length"]:
    """Consecutive stretches of ``length`` minutes, shape ``(chunks, length)``; an incomplete last one is dropped.

    Raises:
        ValueError: if there are fewer than ``least``.
    """
    num_chunks = value.shape[0] // length
    if num_chunks < least:
        days = length // MINUTES_PER_DAY
        allowed = (
            f"holds {num_chunks} whole chunks of {days} d; at least {least} of {length} minutes are needed"
        )
        raise refusal("value.shape", value.shape, allowed)
    return value[: num_chunks * length].reshape(num_chunks, length)


def draw_downs(value: Float[Array, "*batch rows"]) -> Float[Array, "*batch rows"]:
    """Loss against the highest value so far along the last axis, within -1 and 0, shaped as ``value``."""
    return value / jnp.take_along_axis(value, _peaks(stop_gradient(value)), axis=-1) - 1.0


def _peaks(value: Float[Array, "*batch rows"]) -> Int32[Array, "*batch rows"]:
    """Where the highest value so far stands along the last axis.

    The gradient then is that of a gather; ``lax.cummax`` of 43,200 rows took 60 s to differentiate and compile.
    """
    shape = value.shape[:-1]

    def step(carry: tuple[Array, Array], row: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
        (highest, at), (now, index) = carry, row
        is_new = now >= highest
        at = jnp.where(is_new, index, at)
        return (jnp.where(is_new, now, highest), at), at

    start = jnp.full(shape, -jnp.inf, value.dtype), jnp.zeros(shape, jnp.int32)
    rows = jnp.arange(value.shape[-1], dtype=jnp.int32)
    indices = jnp.broadcast_to(rows.reshape(-1, *[1] * len(shape)), (len(rows), *shape))
    _, found = jax.lax.scan(step, start, (jnp.moveaxis(value, -1, 0), indices))
    return jnp.moveaxis(found, 0, -1)


def weekly_max_drawdown(history: PoolHistory) -> Scalar:
    """Worst draw-down within any whole week, a scalar at most 0.

    Raises:
        ValueError: if there is no whole week.
    """
    return jnp.min(draw_downs(chunks(history.value, WEEK)))


def value_at_risk(value: Float[Array, " minutes"], length: int, confidence: float) -> Scalar:
    """Mean over chunks of a percentile of the minute returns within each, a scalar, negative for losses.

    Args:
        value: shape ``(minutes,)``.
        length: minutes of a chunk.
        confidence: percent, such as 95 for the fifth percentile.

    Raises:
        ValueError: if there is no whole chunk.
    """
    parts = chunks(value, length)
    changes = parts[:, 1:] / parts[:, :-1] - 1.0
    return jnp.mean(jnp.percentile(changes, 100.0 - confidence, axis=1))


def value_at_risk_of_ends(value: Float[Array, " minutes"], length: int, confidence: float) -> Scalar:
    """A percentile of the returns between the last minutes of chunks, a scalar: the traditional one.

    Args:
        value: shape ``(minutes,)``.
        length: minutes of a chunk.
        confidence: percent.

    Raises:
        ValueError: if there are fewer than two whole chunks.
    """
    ends = chunks(value, length, least=2)[:, -1]
    return jnp.percentile(ends[1:] / ends[:-1] - 1.0, 100.0 - confidence)


def yearly_gain(value: Float[Array, " minutes"]) -> Scalar:
    """``(V_end / V_0)^F - 1`` with ``F = 365 D / T``, a scalar: the numerator of the ratios below."""
    return growth(value[-1] / value[0] - 1.0, _YEAR / value.shape[0])


def _scaled(risk: Scalar, num_minutes: int, length: int) -> Scalar:
    """Value at risk times ``sqrt(F D / d)``, ``d`` the chunk in minutes."""
    return risk * np.sqrt(_YEAR / num_minutes * MINUTES_PER_DAY / length).item()


def raroc(value: Float[Array, " minutes"], length: int) -> Scalar:
    """Risk-adjusted return on capital, a scalar: the yearly gain over the scaled 95 % value at risk.

    Args:
        value: shape ``(minutes,)``.
        length: minutes of a chunk.

    Raises:
        ValueError: if there is no whole chunk.
    """
    risk = _scaled(value_at_risk(value, length, 95.0), value.shape[0], length)
    return ratio(yearly_gain(value), -risk)


def rovar(value: Float[Array, " minutes"], length: int, is_traditional: bool = False) -> Scalar:
    """Return on value at risk, a scalar: the mean over chunks of each one's gain a year over the scaled risk.

    Args:
        value: shape ``(minutes,)``.
        length: minutes of a chunk.
        is_traditional: whether the risk is that of returns between chunks' ends.

    Raises:
        ValueError: if there are too few whole chunks.
    """
    parts = chunks(value, length)
    gain = jnp.mean(growth(parts[:, -1] / parts[:, 0] - 1.0, _YEAR / length))
    at_risk = value_at_risk_of_ends if is_traditional else value_at_risk
    return ratio(gain, -_scaled(at_risk(value, length, 95.0), value.shape[0], length))


def ulcer(history: PoolHistory) -> Scalar:
    """Mean over 30-day chunks of the root mean square draw-down, negated; a scalar at most 0.

    Raises:
        ValueError: if there is no whole chunk.
    """
    return -jnp.mean(safe_sqrt(jnp.mean(draw_downs(chunks(history.value, MONTH)) ** 2, axis=1)))


def sterling(history: PoolHistory, adjustment: float | int = 0.0) -> Scalar:
    """Yearly gain over the mean of 30-day chunks' worst draw-downs, a scalar; infinite without a draw-down.

    Args:
        history: at least one whole chunk long.
        adjustment: added to the mean draw-down, such as 0.1.

    Raises:
        ValueError: if there is no whole chunk.
    """
    worst = -jnp.mean(jnp.min(draw_downs(chunks(history.value, MONTH)), axis=1))
    return _per_loss(yearly_gain(history.value), worst + adjustment)


def calmar(history: PoolHistory, duration: int | None = None) -> Scalar:
    """Yearly gain over the worst draw-down of the whole series, a scalar; infinite without a draw-down.

    Args:
        history: of any length.
        duration: only so many last minutes, at least 2; None takes all.

    Raises:
        ValueError: if ``duration`` is not within 2 and the length of the history.
    """
    num_minutes = history.value.shape[0]
    if duration is not None and not 2 <= duration <= num_minutes:
        raise refusal(
            "duration", duration, f"should be within 2 .. {num_minutes}, the minutes of the history"
        )
    value = history.value if duration is None else history.value[-duration:]
    return _per_loss(yearly_gain(value), -jnp.min(draw_downs(value)))


def _per_loss(gain: Scalar, loss: Scalar) -> Scalar:
    is_none = loss == 0
    return jnp.where(is_none, jnp.inf, gain / jnp.where(is_none, 1.0, loss))
