"""Swap fees that follow the market: one fee a minute from the gradient of earlier prices. Hook for dynamic fees."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.market.numbers import known
from isotherm.market.parameters import effective
from isotherm.market.rules import coarse, estimators
from isotherm.market.rules.checks import checked_start, positive, raw_params
from isotherm.market.rules.coarse import Start
from isotherm.market.rules.rule import Params, per_token
from isotherm.market.rules.settings import RuleSettings

FEE_KEYS = ("fee_logit", "fee_scaling_factor", "logit_lamb")
"""Raw parameters of the hook, all of them trainable."""

MOST_FEE = 0.3


def momentum_fees(
    params: Mapping[str, Any],
    prices: Any,
    start_index: Start,
    bout_length: int,
    settings: RuleSettings,
) -> Float[Array | np.ndarray, " minutes"]:
    r"""Fees of each minute of a bout that rise and fall with the trend of prices.

    .. math:: \phi = \mathrm{clip}(\mathrm{softplus}(f), 0, 0.3)\; \sigma(s \bar g)

    with ``f`` the ``fee_logit``, ``s`` the ``fee_scaling_factor`` and ``g`` the proportional gradient, averaged over
    tokens. Timing is that of weights: the first chunk of a bout has the fee of no trend, and each one after it that
    of prices up to its first minute, shown from its second on. A fee depends on prices of earlier minutes only.

    Args:
        params: ``fee_logit`` and ``fee_scaling_factor``, one number each, ``logit_lamb`` ``(n,)`` or ``(1,)``.
        prices: above 0, ``(minutes, n)``.
        start_index: first minute of the bout; may be traced.
        bout_length: minutes of the bout and one, at least 2.
        settings: of which ``chunk_period`` and ``max_memory_days`` count.

    Returns:
        Shares of what is swapped in, ``(bout_length - 1,)``, float64, within 0 .. 0.3, of NumPy unless traced.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a parameter that is missing, or ``prices`` if they end before the last update.

    >>> params = {"fee_logit": [-20.0], "fee_scaling_factor": [1.0], "logit_lamb": [0.0]}
    >>> fees = momentum_fees(params, [[1.0, 2.0]] * 7, 0, 6, RuleSettings(chunk_period=2))
    >>> fees.shape, bool((fees < 1e-8).all())
    ((5,), True)
    """
    doors.instance("settings", settings, RuleSettings, "a RuleSettings")
    prices = positive("prices", prices, (2,))
    bout_length = doors.whole("bout_length", bout_length, least=2)
    with jax.enable_x64(True):
        series = coarse.chunk_series(prices, None, settings.chunk_period)
        first = checked_start(
            start_index, bout_length, series.shape[0], prices.shape[0], settings.chunk_period
        )
        return known(_fees(raw_params(params, FEE_KEYS), series, first, bout_length, settings))


@functools.partial(jax.jit, static_argnames=("bout_length", "settings"))
def _fees(
    params: Params, series: Array, first_chunk: Array, bout_length: int, settings: RuleSettings
) -> Float[Array, " minutes"]:
    period, tokens = settings.chunk_period, series.shape[1]
    lamb = effective.capped_lambda(effective.calc_lambda(params), period, settings.max_memory_days)
    gradients = estimators.price_gradient(series, per_token(lamb, tokens)).gradient
    blocks = coarse.num_blocks(bout_length, period)
    driven = coarse.rows_from(gradients, first_chunk, blocks - 1)
    trend = jnp.concatenate([jnp.zeros(1, series.dtype), driven.mean(-1)])
    fees = fee_of(params, trend)
    minutes = jnp.repeat(fees, period, total_repeat_length=blocks * period)
    return jnp.concatenate([minutes[:1], minutes])[: bout_length - 1]


def fee_of(params: Params, trend: Float[Array, " rows"]) -> Float[Array, " rows"]:
    """Fees for trends, ``(rows,)``; formula of :func:`momentum_fees`."""
    base = jnp.clip(jax.nn.softplus(effective.required(params, "fee_logit")), 0.0, MOST_FEE)
    return base * jax.nn.sigmoid(effective.required(params, "fee_scaling_factor") * trend)
