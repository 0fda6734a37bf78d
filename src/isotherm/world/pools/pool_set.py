"""Pools of two tokens side by side: what each charges, holds and is visited by."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int32

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.pools.swap import swap_change
from isotherm.market.pools.trade import best_trade

BPS = 1e4
"""Basis points in one."""

NUM_TOKENS = 2
"""The asset first, then the numeraire in which its price is told."""


class PoolSet(eqx.Module):
    """``n`` geometric-mean pools of an asset and its numeraire, as columns ``(2, n)``: the asset first.

    Build with :func:`pool_set`, which checks its arguments.

    Attributes:
        gamma: 1 less the swap fee, in (0, 1], ``(n,)``; like all that follow.
        value: with which a pool opens, in the numeraire.
        weight: of the asset, about which it swings.
        swing: amplitude of the weight's drift; 0: a constant weight.
        swing_rows: rows of one such swing, at least 2.
        interval: rows between visits of arbitrageurs, at least 1; they come to all pools of one interval at once.
    """

    gamma: Float[Array, " n"]
    value: Float[Array, " n"]
    weight: Float[Array, " n"]
    swing: Float[Array, " n"]
    swing_rows: Int32[Array, " n"]
    interval: Int32[Array, " n"]

    @property
    def num_pools(self) -> int:
        """Number of pools ``n``."""
        return self.gamma.shape[0]

    def weights(self, row: Int32[Array, ""]) -> Float[Array, "2 n"]:
        """Weights of both tokens in a row, summing to 1: float32, ``(2, n)``.

        Args:
            row: of the prices, an int32 scalar of at least 0.
        """
        turn = (row % self.swing_rows).astype(jnp.float32) / self.swing_rows.astype(jnp.float32)
        asset = self.weight + self.swing * jnp.sin(2 * jnp.pi * turn)
        return jnp.stack([asset, 1 - asset])

    def opened(self, row: Int32[Array, ""], price: Float[Array, ""]) -> Float[Array, "2 n"]:
        """Reserves in balance with the market, ``R = w V / p``: float32, ``(2, n)``.

        Args:
            row: of the prices, an int32 scalar.
            price: of the asset in that row, a scalar.
        """
        return self.weights(row) * self.value[None] / both(price)[:, None]

    def arbitraged(
        self, reserves: Float[Array, "2 n"], row: Int32[Array, ""], price: Float[Array, ""]
    ) -> Float[Array, "2 n"]:
        """Reserves after arbitrageurs took what paid them best from the pools that they visit in this row.

        Args:
            reserves: before, ``(2, n)``.
            row: of the prices, an int32 scalar.
            price: of the asset in that row, a scalar.
        """
        prices = jnp.broadcast_to(both(price)[:, None], reserves.shape)
        trade = best_trade(self.weights(row), prices, reserves, self.gamma, "pairs", may_be_free=True)
        return reserves + jnp.where((row % self.interval == 0)[None], trade.change, 0.0)

    def swap_changes(
        self,
        reserves: Float[Array, "2 n"],
        row: Int32[Array, ""],
        is_buy: Bool[Array, ""],
        amount: Float[Array, " n"],
    ) -> Float[Array, "2 n"]:
        """Change of each pool's reserves by an order of its own size: positive into the pool, ``(2, n)``.

        Args:
            reserves: before, ``(2, n)``.
            row: of the prices, which tells the weights.
            is_buy: whether the order buys the asset for numeraire.
            amount: that goes into each pool, in units of the token that does, at least 0, ``(n,)``.
        """
        is_asset = jnp.broadcast_to(jnp.array([True, False])[:, None], reserves.shape)
        goes_in = is_asset ^ is_buy
        return swap_change(reserves, self.weights(row), goes_in, ~goes_in, amount, self.gamma)


def both(price: Float[Array, ""]) -> Float[Array, " 2"]:
    """Prices of the asset and of the numeraire itself, ``(2,)``."""
    return jnp.stack([price, jnp.ones_like(price)])


def pool_set(
    fees_bps: Any,
    values: Any,
    *,
    weights: Any = 0.5,
    swings: Any = 0.0,
    swing_rows: Any = 10_080,
    intervals: Any = 1,
) -> PoolSet:
    """A checked :class:`PoolSet`; a single number stands for all pools.

    Args:
        fees_bps: swap fee of each pool in basis points, within 0 .. 9,999, shape ``(n,)`` with ``n`` at least 2.
        values: with which each opens, in the numeraire, above 0, shape ``(n,)`` or a number; as all that follow.
        weights: of the asset, in (0, 1).
        swings: amplitude of the weight's drift, at least 0; weights stay in (0, 1).
        swing_rows: rows of one swing, whole numbers of at least 2.
        intervals: rows between visits of arbitrageurs, whole numbers of at least 1.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the argument out of range, or of another shape.

    >>> pools = pool_set([5.0, 30.0], 1e6, intervals=[1, 10])
    >>> pools.num_pools, pools.opened(jnp.int32(0), jnp.float32(2000.0))[:, 0].round(1).tolist()
    (2, [250.0, 500000.0])
    """
    fees = doors.real_numbers("fees_bps", fees_bps)
    if fees.ndim != 1 or len(fees) < 2:
        raise refusal("fees_bps.shape", fees.shape, "should be (n,), a fee for each of 2 pools or more")
    doors.affordable("fees_bps", f"{len(fees)} pools", 256.0 * len(fees), "have fewer pools")
    doors.numbers("fees_bps", fees, least=0, below=BPS)
    given = {"values": values, "weights": weights, "swings": swings}
    given |= {"swing_rows": swing_rows, "intervals": intervals}
    found = {field: _of_all(field, numbers, len(fees)) for field, numbers in given.items()}
    doors.numbers("values", found["values"], above=0, most=1e30)
    doors.numbers("weights", found["weights"], above=0, below=1)
    doors.numbers("swings", found["swings"], least=0)
    room = np.minimum(found["weights"], 1 - found["weights"])
    if (found["swings"] >= room).any():
        worst = float(found["swings"][found["swings"] >= room][0])
        raise refusal("swings", worst, "should leave weights above 0 and below 1")
    for field, least in (("swing_rows", 2), ("intervals", 1)):
        doors.numbers(field, found[field], least=least, most=doors.MAX_COUNT)
        if (found[field] % 1 != 0).any():
            raise refusal(field, given[field], "should be whole numbers")
    return PoolSet(
        gamma=jnp.asarray(1 - fees / BPS, jnp.float32),
        value=jnp.asarray(found["values"], jnp.float32),
        weight=jnp.asarray(found["weights"], jnp.float32),
        swing=jnp.asarray(found["swings"], jnp.float32),
        swing_rows=jnp.asarray(found["swing_rows"], jnp.int32),
        interval=jnp.asarray(found["intervals"], jnp.int32),
    )


def _of_all(field: str, given: Any, n: int) -> np.ndarray:
    found = doors.real_numbers(field, given)
    if found.shape not in ((), (n,)):
        raise refusal(f"{field}.shape", found.shape, f"should be ({n},), a number a pool, or one for all")
    return np.broadcast_to(found, (n,))
