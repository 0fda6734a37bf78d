"""One arbitrage by itself: the trade that pays an arbitrageur best."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.numbers import Numbers, known
from isotherm.market.pools.signatures import Signatures, check_signatures
from isotherm.market.pools.trade import best_trade


class PaidTrade(NamedTuple):
    """A trade against a pool.

    Attributes:
        trade: change of reserves, positive into the pool, the fee included, ``(tokens,)``.
        profit: of the arbitrageur before gas and outside fees, in the numeraire, a scalar.
    """

    trade: Float[Numbers, " tokens"]
    profit: Float[Numbers, ""]


def optimal_trade(
    weights: Any, reserves: Any, prices: Any, fee: Any = 0.0, signatures: str = "pairs"
) -> PaidTrade:
    """The most profitable trade at market prices; without a fee the rebalancing of all tokens.

    Args:
        weights: positive, summing to 1, ``(tokens,)``.
        reserves: positive, ``(tokens,)``.
        prices: in one numeraire, positive, ``(tokens,)``.
        fee: swap fee, in [0, 1).
        signatures: that are tried, ``"pairs"`` or ``"all"``.

    Returns:
        The trade, of shape ``(tokens,)``, and its profit; zeros where none pays.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range, or of another shape.

    References:
        Willetts and Harrington, arXiv 2402.06731 (2024), section 3.

    >>> optimal_trade([0.5, 0.5], [100.0, 100.0], [4.0, 1.0]).trade.tolist()
    [-50.0, 100.0]
    """
    arrays = {"weights": weights, "reserves": reserves, "prices": prices}
    found = {field: x if doors.is_traced(x) else doors.real_numbers(field, x) for field, x in arrays.items()}
    shape = found["weights"].shape
    if len(shape) != 1:
        raise refusal("weights.shape", shape, "must be (tokens,)")
    check_signatures(signatures, shape[0])
    for field, x in found.items():
        if x.shape != shape:
            raise refusal(f"{field}.shape", x.shape, f"must be {shape}, that of weights")
        doors.numbers(field, x, above=0)
    doors.number("fee", fee, least=0, below=1)
    with jax.enable_x64(True):
        numbers = (jnp.asarray(x, jnp.float64)[:, None] for x in found.values())
        trade = _best(*numbers, 1 - jnp.asarray(fee, jnp.float64)[None], kind=signatures)
        return PaidTrade(known(trade.change[:, 0]), known(trade.profit[0]))


@functools.partial(jax.jit, static_argnames="kind")
def _best(*numbers: Any, kind: Signatures) -> Any:
    w, reserves, prices, gamma = numbers
    return best_trade(w, prices, reserves, gamma, kind, may_be_free=True)


def invariant_ratio(weights: Any, reserves: Any, trade: Any, gamma: Any) -> Float[np.ndarray, ""]:
    """The invariant after a trade over that before, without the fee on what goes in; at least 1 of a valid trade.

    Args:
        weights: ``(tokens,)``.
        reserves: before, ``(tokens,)``.
        trade: change of reserves, ``(tokens,)``.
        gamma: 1 less the swap fee, a scalar.

    >>> invariant_ratio([0.5, 0.5], [100.0, 100.0], [25.0, -20.0], 1.0).round(9).tolist()
    1.0
    """
    w, R, change = (np.asarray(x, np.float64) for x in (weights, reserves, trade))
    counted = np.where(change > 0, gamma * change, change)
    return np.asarray(np.exp((w * np.log1p(counted / R)).sum()))
