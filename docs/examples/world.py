"""A world: independent venues whose log odds of success wander; the first venue is seen for free."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from isotherm.world import AbstractWorld, Context, Step


class DriftState(NamedTuple):
    log_odds: jax.Array
    outcomes: jax.Array
    context: Context


class DriftingVenues(AbstractWorld):
    num_venues: int = 5
    drift: float = 0.02

    def reset(self, key):
        state = self._draw(key, jnp.zeros(self.num_venues, jnp.float32))
        return state.context, state

    def step(self, key, state, action):
        reward, p = state.outcomes[action].astype(jnp.float32), jax.nn.sigmoid(state.log_odds)
        info = {"regret": 2 * (jnp.max(p[1:]) - p[action])}
        following, no = self._draw(key, state.log_odds), jnp.zeros((), bool)
        return Step(following.context, following, reward, no, no, info)

    def _draw(self, key, log_odds):
        walk_key, outcome_key = jax.random.split(key)
        log_odds = log_odds + self.drift * jax.random.normal(walk_key, log_odds.shape)
        has_won = jax.random.bernoulli(outcome_key, jax.nn.sigmoid(log_odds))
        outcomes = jnp.where(has_won, 1, -1).astype(jnp.int8)
        venues = jnp.arange(self.num_venues)
        return DriftState(log_odds, outcomes, Context(venues[:1], outcomes[:1], venues > 0))
