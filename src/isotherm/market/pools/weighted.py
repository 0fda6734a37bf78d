"""The pool whose weights follow a rule."""

from dataclasses import replace
from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.market.pools.active import ActiveRows, active_rows
from isotherm.market.pools.costs import PoolCosts
from isotherm.market.pools.fees import fee_path
from isotherm.market.pools.geometric import zero_fee_growth
from isotherm.market.pools.pool import AbstractPool, PoolPath, PoolState, state_at

Rows = Float[Array, "rows tokens"]


class WeightedPool(AbstractPool):
    """A geometric-mean pool with weights of each minute: in closed form where nothing costs anything, else by a scan.

    References:
        Willetts and Harrington, arXiv 2403.18737 (2024).

    >>> from isotherm.market.pools.pool import pool_path
    >>> found = pool_path(WeightedPool(), [[0.5, 0.5], [0.6, 0.4]], [[1.0, 1.0], [1.0, 1.0]], value=1.0)
    >>> round(float(found.value[1]), 4)  # a weight move costs its divergence
    0.9801
    """

    is_trainable: ClassVar[bool] = True

    def path(self, weights: Rows, prices: Rows, costs: PoolCosts, state: PoolState) -> PoolPath:
        """Play some rows.

        Args:
            weights: ``(rows, tokens)``.
            prices: ``(rows, tokens)``.
            costs: of trading.
            state: before the first row.
        """
        active = active_rows(len(prices), costs.frequency, state.row)
        return weighted_path(active, weights, prices, costs, state)


def weighted_path(
    active: ActiveRows, weights: Rows, prices: Rows, costs: PoolCosts, state: PoolState, *, moves: bool = True
) -> PoolPath:
    """The path of a geometric-mean pool that is arbitraged in some rows.

    Args:
        active: those rows.
        weights: of all rows, ``(rows, tokens)``.
        prices: of all rows, ``(rows, tokens)``.
        costs: of trading.
        state: before the rows.
        moves: whether weights move, and are arbitraged after the prices.
    """
    if costs.is_idle or not len(active.at):
        return idle_path(active, weights, prices, state)
    if costs.is_free:
        return _zero_fee_path(active, weights, prices, state)
    found = fee_path(active, weights, prices, costs, state, moves=moves)
    after = state_at(state, active.last(state.weights, weights), found.reserves[-1], len(prices))
    if costs.supply is not None:
        after = replace(after, supply=active.of_turns(costs.supply)[-1])
    reserves = active.held(state.reserves, found.reserves)
    return PoolPath(
        reserves, (reserves * prices).sum(1), active.placed(found.fees), active.placed(found.traded), after
    )


def idle_path(active: ActiveRows, weights: Rows, prices: Rows, state: PoolState) -> PoolPath:
    """The path of a pool that nobody trades with.

    Args:
        active: rows in which they could.
        weights: of all rows, ``(rows, tokens)``.
        prices: of all rows, ``(rows, tokens)``.
        state: before the rows.
    """
    reserves = jnp.broadcast_to(state.reserves, prices.shape)
    none = jnp.zeros_like(prices)
    after = replace(state, weights=active.last(state.weights, weights), row=state.row + len(prices))
    return PoolPath(reserves, (reserves * prices).sum(1), none[:, 0], none, after)


def _zero_fee_path(active: ActiveRows, weights: Rows, prices: Rows, state: PoolState) -> PoolPath:
    growth, w, p = zero_fee_growth(active, weights, prices, state)
    value = state.value * jnp.exp(growth)
    reserves = active.held(state.reserves, w * value[:, None] / p)
    traded = reserves - jnp.concatenate([state.reserves[None], reserves[:-1]])
    after = PoolState(
        active.last(state.weights, weights),
        reserves[-1],
        w[-1],
        p[-1],
        state.value,
        growth[-1],
        state.supply,
        row=state.row + len(prices),
    )
    held = value if active.are_all else (reserves * prices).sum(1)
    return PoolPath(reserves, held, jnp.zeros_like(held), traded, after)
