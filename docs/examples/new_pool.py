"""A pool: it holds until the share of a token leaves a band about its weight, then trades back on a market."""

import jax
import jax.numpy as jnp

from isotherm.market.pools.pool import AbstractPool, PoolPath, state_at


class BandPool(AbstractPool):
    width: float = 0.05

    def path(self, weights, prices, costs, state):
        fee = 1 - costs.gamma[0]

        def step(reserves, row):
            w, p = row
            value = (reserves * p).sum()
            change = w * value / p - reserves
            cost = fee * (jnp.maximum(-change, 0.0) * p).sum()
            is_out = (jnp.abs(reserves * p / value - w) > self.width).any()
            reserves = jnp.where(is_out, w * (value - cost) / p, reserves)
            return reserves, reserves

        _, reserves = jax.lax.scan(step, state.reserves, (weights, prices))
        before = jnp.concatenate([state.reserves[None], reserves[:-1]])
        value = (reserves * prices).sum(1)
        after = state_at(state, weights[-1], reserves[-1], len(prices))
        return PoolPath(reserves, value, jnp.zeros_like(value), reserves - before, after)
