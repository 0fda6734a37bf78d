"""Where a pool's return came from: holding, divergence, fees, strategy. Section 6.4."""

from typing import Any, NamedTuple

import numpy as np

from isotherm.doors import number, real_numbers
from isotherm.errors import refusal


class ReturnDecomposition(NamedTuple):
    """Parts of a return; ``pool_return = hodl_return + divergence_loss + fee_income + strategy_alpha``.

    Attributes:
        pool_return: of the pool.
        hodl_return: of holding the initial reserves.
        constant_weight_return: of a feeless pool that keeps the initial weights.
        divergence_loss: what that pool loses against holding, at most 0.
        fee_income: as given.
        strategy_alpha: what is left: the gain of moving weights.
        hodl_value: at the end.
        pool_value: at the end.
    """

    pool_return: float
    hodl_return: float
    constant_weight_return: float
    divergence_loss: float
    fee_income: float
    strategy_alpha: float
    hodl_value: float
    pool_value: float


def decompose_return(
    value: Any, reserves: Any, prices: Any, fees_earned: float | int = 0.0
) -> ReturnDecomposition:
    r"""Split a pool's return.

    The constant-weight return is :math:`\prod_i (p_i(T-1)/p_i(0))^{w_i} - 1` with the initial weights w; by the
    inequality of means it is at most that of holding.

    Args:
        value: of the pool, shape ``(T,)``.
        reserves: shape ``(T, n)``, or ``(n,)`` of the first row.
        prices: shape ``(T, n)``.
        fees_earned: fees over the first value.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a shape that does not fit.

    References:
        Angeris et al., Optimal fees for geometric mean market makers (2021), arXiv 2104.00446.

    >>> found = decompose_return([1.0, 1.5], [0.5, 0.5], [[1.0, 1.0], [4.0, 1.0]])
    >>> found.hodl_return, found.constant_weight_return, found.strategy_alpha
    (1.5, 1.0, -0.5)
    """
    value, prices = real_numbers("value", value), real_numbers("prices", prices)
    number("fees_earned", fees_earned)
    if value.ndim != 1 or not value.size:
        raise refusal("value.shape", value.shape, "must be (minutes,), at least one of them")
    if prices.ndim != 2 or len(prices) != len(value):
        raise refusal("prices.shape", prices.shape, f"must be ({len(value)}, tokens), as value")
    held = real_numbers("reserves", reserves)
    if held.shape not in (prices.shape, prices.shape[1:]):
        raise refusal(
            "reserves.shape", held.shape, f"must be {prices.shape} or {prices.shape[1:]}, as prices"
        )
    held = held[0] if held.ndim == 2 else held
    shares = held * prices[0] / (held @ prices[0])
    hodl_value, pool_value = float(held @ prices[-1]), float(value[-1])
    hodl_return = hodl_value / float(value[0]) - 1
    constant = float(np.expm1(shares @ np.log(prices[-1] / prices[0])))
    pool_return = pool_value / float(value[0]) - 1
    fees = float(fees_earned)
    alpha = pool_return - constant - fees
    return ReturnDecomposition(
        pool_return, hodl_return, constant, constant - hodl_return, fees, alpha, hodl_value, pool_value
    )
