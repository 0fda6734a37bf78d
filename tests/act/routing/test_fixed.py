"""An agent fixed on a venue goes there wherever it may."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.act import FixedRoute, rollout
from isotherm.random import run_keys
from isotherm.world import Context, replay_world


def shown(*available: bool) -> Context:
    return Context(jnp.array([0]), jnp.array([1], jnp.int8), jnp.array(available))


@pytest.mark.parametrize("venue", [1, 3, jnp.int32(2)])
def test_it_goes_to_its_venue_else_to_the_first_available(venue) -> None:
    agent, key = FixedRoute(venue), jax.random.key(0)
    action, state = agent.act(key, agent.init(key), shown(False, True, True, True))
    assert int(action) == int(venue)
    others = (np.arange(4) != int(venue)) & (np.arange(4) > 0)
    action, _ = agent.act(key, state, shown(*others.tolist()))
    assert int(action) == (2 if int(venue) == 1 else 1)
    assert state == ()


def test_its_success_is_that_of_its_venue() -> None:
    table = np.where(np.random.default_rng(0).random((40, 4)) < 0.5, 1, -1)
    world = replay_world(table, 1, "fixed")
    found = rollout(run_keys(0, 0, 2), FixedRoute(2), world, 40, 1)
    np.testing.assert_array_equal(found.sums["success"][:, 0], (table[:, 2] > 0).sum())


def test_a_venue_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="venue = -1"):
        FixedRoute(-1)
