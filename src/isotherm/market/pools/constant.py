"""The pool of constant weights."""

from dataclasses import replace

import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.market.pools.active import active_rows
from isotherm.market.pools.costs import PoolCosts
from isotherm.market.pools.pool import AbstractPool, PoolPath, PoolState
from isotherm.market.pools.weighted import weighted_path

Rows = Float[Array, "rows tokens"]


class ConstantPool(AbstractPool):
    r"""A geometric-mean pool whose weights are those of the first row for ever (Balancer).

    Without fees :math:`V = V_0 \prod_i (p_i / p_i(0))^{w_i}`; with fees one arbitrage a row.

    References:
        Martinelli and Mushegian, Balancer whitepaper (2019).

    >>> from isotherm.market.pools.pool import pool_path
    >>> pool_path(ConstantPool(), [0.5, 0.5], [[1.0, 1.0], [4.0, 1.0]], value=1.0).value.tolist()
    [1.0, 2.0]
    """

    def path(self, weights: Rows, prices: Rows, costs: PoolCosts, state: PoolState) -> PoolPath:
        """Play some rows.

        Args:
            weights: ``(rows, tokens)``; only the state's are looked at.
            prices: ``(rows, tokens)``.
            costs: of trading.
            state: before the first row.
        """
        active = active_rows(len(prices), costs.frequency, state.row)
        weights = jnp.broadcast_to(state.weights, prices.shape)
        if costs.is_idle or not costs.is_free or not len(active.at):
            return weighted_path(active, weights, prices, costs, state, moves=False)
        p = active.taken(prices)
        powers = [state.weights[i] * jnp.log(p[:, i] / state.prices[i]) for i in range(p.shape[1])]
        value = state.value * jnp.exp(state.log_growth + sum(powers[1:], start=powers[0]))
        reserves = active.held(state.reserves, state.weights[None] * value[:, None] / p)
        traded = reserves - jnp.concatenate([state.reserves[None], reserves[:-1]])
        held = value if active.are_all else (reserves * prices).sum(1)
        after = replace(state, reserves=reserves[-1], row=state.row + len(prices))
        return PoolPath(reserves, held, jnp.zeros_like(held), traded, after)
