r"""What a pool would be worth if it rebalanced on a market instead of through arbitrageurs.

At each row, once at the weights before and once at its own, everything is brought to ``w V / p`` at market prices.
What is sold pays the market's fee, and by one benchmark half a spread on all that is traded. Without a fee the first
is the frictionless benchmark: its value less that of the pool is the loss versus rebalancing.

References:
    Milionis, Moallemi, Roughgarden and Zhang, arXiv 2208.06046 (2022).
    Willetts and Harrington, arXiv 2410.23404 (2024).
"""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.pools.active import ActiveRows, active_rows
from isotherm.market.pools.costs import PoolCosts
from isotherm.market.pools.pool import AbstractPool, PoolPath, PoolState, state_at

Rows = Float[Array, "rows tokens"]
Tokens = Float[Array, " tokens"]


class RebalancedPool(AbstractPool):
    """A pool that rebalances on a market at every row, whatever ``arb_frequency`` says.

    The swap fee is taken for the market's. Time-varying costs are refused.

    Attributes:
        spread: bid-ask spread of each token, a share of its price, ``(tokens,)`` or ``(rows, tokens)``; None.
    """

    spread: Float[Array, "*rows tokens"] | None = None
    is_trainable: ClassVar[bool] = True

    def path(self, weights: Rows, prices: Rows, costs: PoolCosts, state: PoolState) -> PoolPath:
        """Play some rows.

        Args:
            weights: ``(rows, tokens)``.
            prices: ``(rows, tokens)``.
            costs: of trading.
            state: before the first row.

        Raises:
            ValueError: if costs vary in time.
        """
        active = active_rows(len(prices), 1, state.row)
        return rebalanced_path(active, weights, prices, costs, state, spread=self.spread)


def lvr(pool: Any) -> RebalancedPool:
    """Rebalancing at the market's fee, against which loss versus rebalancing is measured.

    Args:
        pool: whose weights are followed.

    Raises:
        TypeError: if it is no pool.
    """
    doors.instance("pool", pool, AbstractPool, "a pool", "pool('momentum') finds one")
    return RebalancedPool()


def rvr(pool: Any, spread: Any) -> RebalancedPool:
    """Rebalancing at the market's fee and half its spread.

    Args:
        pool: whose weights are followed.
        spread: bid-ask spread as a share of the price, at least 0: ``(tokens,)`` or ``(rows, tokens)``.

    Raises:
        TypeError: if the pool is none, or the spread no array of numbers.
        ValueError: naming the spread, if it is out of range or of another shape.
    """
    doors.instance("pool", pool, AbstractPool, "a pool", "pool('momentum') finds one")
    return RebalancedPool(checked_spread(spread))


def checked_spread(spread: Any) -> Float[Array, "*rows tokens"]:
    """A spread in float64, or a refusal.

    Args:
        spread: at least 0 and below 1, ``(tokens,)`` or ``(rows, tokens)``.

    Raises:
        TypeError: if it is no array of numbers.
        ValueError: naming it, if it is out of range or of another shape.
    """
    found = doors.real_numbers("spread", spread)
    doors.numbers("spread", found, least=0, below=1)
    if found.ndim not in (1, 2) or not found.size:
        raise refusal("spread.shape", found.shape, "must be (tokens,) or (rows, tokens)")
    with jax.enable_x64(True):
        return jnp.asarray(found, jnp.float64)


def rebalanced_path(
    active: ActiveRows,
    weights: Rows,
    prices: Rows,
    costs: PoolCosts,
    state: PoolState,
    *,
    spread: Float[Array, "..."] | None = None,
    kept: Float[Array, ""] | None = None,
) -> PoolPath:
    """The path of a pool that rebalances on a market in some rows.

    Args:
        active: those rows.
        weights: of all rows, ``(rows, tokens)``.
        prices: of all rows, ``(rows, tokens)``.
        costs: of which the swap fee counts.
        state: before the rows.
        spread: of each token, or each row and token; None: none.
        kept: share of reserves that an active row leaves, after a streaming fee; None: all.

    Raises:
        ValueError: if costs vary in time, or the spread is of another shape.
    """
    if costs.varies:
        raise refusal("costs", "that vary in time", "must be numbers where a pool rebalances on a market")
    fee = 1 - costs.gamma[0]
    wide = jnp.zeros((1, 1), prices.dtype) if spread is None else spread.astype(prices.dtype)
    if wide.shape not in ((1, 1), prices.shape[1:], prices.shape):
        raise refusal("spread.shape", wide.shape, f"must be {prices.shape[1:]} or {prices.shape}")
    wide = jnp.broadcast_to(wide if wide.ndim == 2 else wide[None], prices.shape)
    share = jnp.ones((), prices.dtype) if kept is None else kept

    def step(reserves: Tokens, row: tuple[Tokens, ...]) -> tuple[Tokens, Tokens]:
        before, w, p, s = row
        for target in (before, w):
            reserves = on_market(reserves, target, p, fee, s)
        reserves = reserves * share
        return reserves, reserves

    rows = (active.before(state.weights, weights), *(active.taken(x) for x in (weights, prices, wide)))
    _, found = jax.lax.scan(step, state.reserves, rows)
    reserves = active.held(state.reserves, found)
    traded = reserves - jnp.concatenate([state.reserves[None], reserves[:-1]])
    after = state_at(state, active.last(state.weights, weights), reserves[-1], len(prices))
    return PoolPath(reserves, (reserves * prices).sum(1), jnp.zeros_like(prices[:, 0]), traded, after)


def on_market(
    reserves: Tokens, weights: Tokens, prices: Tokens, fee: Float[Array, ""], spread: Tokens
) -> Tokens:
    """Reserves after they were brought to weights on a market, ``(tokens,)``.

    Args:
        reserves: before.
        weights: wanted.
        prices: of the market.
        fee: on what is sold, a scalar.
        spread: as a share of the price, half of it paid on all that is traded.
    """
    value = (reserves * prices).sum()
    change = weights * value / prices - reserves
    cost = fee * (jnp.maximum(-change, 0.0) * prices).sum() + (spread * jnp.abs(change) * prices).sum() / 2
    return weights * (value - cost) / prices
