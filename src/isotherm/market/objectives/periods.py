"""Metrics of a period in one evaluation: what records of training and reports hold. Section 6.3."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm.doors import real_numbers
from isotherm.errors import refusal
from isotherm.market.objectives import returns, risk
from isotherm.market.objectives.moments import spread
from isotherm.market.objectives.returns import (
    DAYS_PER_YEAR,
    LEAST_DAILY,
    PoolHistory,
    Scalar,
    daily_values,
    history_of,
    relative_changes,
)

FLAT = 1e-12
"""Spread of daily returns up to which their Sharpe ratio is told as 0."""

ALIASES = {"sharpe": "sharpe_daily", "jax_sharpe": "sharpe_minute", "return": "returns"}
"""Names in files of other tools, and ours."""

_FILE_ORDER = (
    "sharpe", "jax_sharpe", "daily_log_sharpe", "return", "returns_over_hodl", "returns_over_uniform_hodl",
    "annualised_returns", "annualised_returns_over_hodl", "annualised_returns_over_uniform_hodl", "ulcer", "calmar",
    "sterling",
)  # fmt: skip


class PeriodMetrics(eqx.Module):
    """Metrics of one period; all but ``daily_returns`` are scalars, with leading axes under ``vmap``.

    What a period is too short for is NaN, where the objective of that name would refuse it.

    Attributes:
        sharpe_daily: annual Sharpe ratio of daily returns; 0 where they do not vary.
        sharpe_minute: of minute returns; the objective called ``sharpe``.
        daily_log_sharpe: of daily logarithmic returns.
        returns: from the first to the last minute.
        returns_over_hodl: against holding the reserves that the period begins with.
        returns_over_uniform_hodl: against holding equal parts.
        annualised_returns: of ``returns``.
        annualised_returns_over_hodl: of ``returns_over_hodl``.
        annualised_returns_over_uniform_hodl: of ``returns_over_uniform_hodl``.
        ulcer: negated ulcer index of 30-day chunks.
        calmar: yearly gain over the worst draw-down.
        sterling: yearly gain over the mean worst draw-down of 30-day chunks.
        daily_returns: shape ``(days - 1,)``.
    """

    sharpe_daily: Float[Array | np.ndarray, "*batch"]
    sharpe_minute: Float[Array | np.ndarray, "*batch"]
    daily_log_sharpe: Float[Array | np.ndarray, "*batch"]
    returns: Float[Array | np.ndarray, "*batch"]
    returns_over_hodl: Float[Array | np.ndarray, "*batch"]
    returns_over_uniform_hodl: Float[Array | np.ndarray, "*batch"]
    annualised_returns: Float[Array | np.ndarray, "*batch"]
    annualised_returns_over_hodl: Float[Array | np.ndarray, "*batch"]
    annualised_returns_over_uniform_hodl: Float[Array | np.ndarray, "*batch"]
    ulcer: Float[Array | np.ndarray, "*batch"]
    calmar: Float[Array | np.ndarray, "*batch"]
    sterling: Float[Array | np.ndarray, "*batch"]
    daily_returns: Float[Array | np.ndarray, "*batch days"]

    def in_files(self) -> dict[str, Any]:
        """By the names of records: the twelve in order, then ``sharpe_daily``, ``sharpe_minute``, ``daily_returns``.

        ``sharpe`` is the daily ratio there, though it names the minute one among objectives; hence both names. Values
        are NumPy arrays shaped ``(*batch,)``.
        """
        last = ("sharpe_daily", "sharpe_minute", "daily_returns")
        return {name: np.asarray(getattr(self, ALIASES.get(name, name))) for name in (*_FILE_ORDER, *last)}


def metrics_of(history: PoolHistory) -> PeriodMetrics:
    """Metrics of a period's history, pure; of sets at once by ``vmap``."""
    value, (num_minutes,) = history.value, history.value.shape
    daily = daily_values(value)
    over_hodl, over_uniform = returns.returns_over_hodl(history), returns.returns_over_uniform_hodl(history)
    nothing = jnp.full((), jnp.nan, value.dtype)
    has_month, has_days = num_minutes >= risk.MONTH, daily.shape[0] >= LEAST_DAILY
    return PeriodMetrics(
        sharpe_daily=_daily_sharpe(relative_changes(daily)) if daily.shape[0] > 1 else nothing,
        sharpe_minute=returns.sharpe(history),
        daily_log_sharpe=returns.daily_log_sharpe(history) if has_days else nothing,
        returns=returns.returns(history),
        returns_over_hodl=over_hodl,
        returns_over_uniform_hodl=over_uniform,
        annualised_returns=returns.annualised_returns(history),
        annualised_returns_over_hodl=returns.annualised(over_hodl, num_minutes),
        annualised_returns_over_uniform_hodl=returns.annualised(over_uniform, num_minutes),
        ulcer=risk.ulcer(history) if has_month else nothing,
        calmar=risk.calmar(history),
        sterling=risk.sterling(history) if has_month else nothing,
        daily_returns=relative_changes(daily),
    )


def _daily_sharpe(changes: Float[Array, " days"]) -> Scalar:
    deviation = spread(changes)
    is_flat = deviation <= FLAT
    found = np.sqrt(DAYS_PER_YEAR).item() * jnp.mean(changes) / jnp.where(is_flat, 1.0, deviation)
    return jnp.where(is_flat, 0.0, found)


def period_metrics(value: Any, reserves: Any, prices: Any) -> PeriodMetrics:
    """Metrics of a period, computed in float64.

    Args:
        value: of the pool, shape ``(T,)``, or ``(sets, T)``.
        reserves: shape ``(T, n)``, or ``(sets, T, n)``; baselines hold those of the first row.
        prices: shape ``(T, n)``, shared by all sets.

    Returns:
        NumPy float64, scalars or shape ``(sets,)``.

    Raises:
        ValueError: naming a shape that does not fit.

    >>> import numpy as np
    >>> path = np.exp(1e-5 * np.arange(3000.0))
    >>> found = period_metrics(path, path[:, None] * 0 + 1, path[:, None])
    >>> round(float(found.returns), 4), round(float(found.sharpe_daily)), bool(np.isnan(found.ulcer))
    (0.0304, 0, True)
    """
    with jax.enable_x64(True):
        value, reserves = real_numbers("value", value), real_numbers("reserves", reserves)
        prices = real_numbers("prices", prices)
        if value.ndim not in (1, 2):
            raise refusal("value.shape", value.shape, "must be (minutes,), or (sets, minutes)")
        if value.ndim == 1:
            found = _metrics(history_of(value, reserves, prices))
        else:
            found = _metrics_of_sets(jax.vmap(history_of, (0, 0, None))(value, reserves, prices))
    return jax.tree.map(np.asarray, found)


_metrics = jax.jit(metrics_of)
_metrics_of_sets = jax.jit(jax.vmap(metrics_of))
