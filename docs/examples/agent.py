"""An agent: stay with what won last, shift from what lost; beside the counter of winners, in the same worlds."""

import jax.numpy as jnp
import numpy as np

from isotherm.act import AbstractAgent, WinnerCounts, cumulative, rollout
from isotherm.random import run_keys
from isotherm.study import Estimate
from isotherm.world import venue_market
from isotherm.world.routing.context import route


class WinStay(AbstractAgent):
    num_venues: int

    def init(self, key):
        return jnp.zeros(self.num_venues, jnp.float32)

    def act(self, key, state, observation):
        return route(key, state, observation.available), state

    def learn(self, key, state, transition):
        chosen = jnp.arange(self.num_venues) == transition.action
        return jnp.where(chosen, transition.reward, state)


def final_regret(agent, num_runs=32, num_steps=1000):
    market = venue_market(np.linspace(0.8, -0.8, 5), np.array(0.4), context_mode="random")
    sums = rollout(run_keys(0, 0, num_runs), agent, market, num_steps).sums
    return cumulative(sums["regret"])[:, -1]


if __name__ == "__main__":
    ours, theirs = final_regret(WinStay(5)), final_regret(WinnerCounts(5))
    for name, values in (("win-stay", ours), ("counter", theirs), ("paired difference", ours - theirs)):
        print(name, *Estimate.of(values).lines())
