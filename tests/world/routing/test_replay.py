"""Replaying a table: its rows in order, and nothing that is missing."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_frequencies

from isotherm.world.routing.replay import Replay, replay_world
from isotherm.world.world import Step

TABLE = np.array(
    [
        [1, -1, 1, -1],
        [0, 1, -1, 1],
        [-1, 0, 0, 1],
        [1, 1, 0, -1],
        [-1, -1, -1, 1],
        [1, -1, 1, 0],
    ],
    dtype=np.int8,
)


def play(world: Replay, num_steps: int, seed: int = 0) -> list[tuple[Step, np.ndarray, int]]:
    """Answers, and what was available and chosen before each, going to the last available venue."""
    step = eqx.filter_jit(world.step)
    key = jax.random.key(seed)
    observation, state = world.reset(key)
    played = []
    for time in range(num_steps):
        available = np.asarray(observation.available)
        row = TABLE[time % len(TABLE)]
        np.testing.assert_array_equal(observation.outcomes, row[np.asarray(observation.venues)])
        np.testing.assert_array_equal(
            np.sort(np.append(np.flatnonzero(available), observation.venues)), np.flatnonzero(row)
        )
        action = int(np.flatnonzero(available)[-1])
        answer = step(jax.random.fold_in(key, time), state, jnp.int32(action))
        played.append((answer, available, action))
        observation, state = answer.observation, answer.state
    return played


@pytest.mark.parametrize("mode", ["fixed", "random"])
def test_rows_come_in_order_and_missing_venues_not_at_all(mode: str) -> None:
    played = play(replay_world(TABLE, 1, mode), 8)
    for time, (answer, available, action) in enumerate(played):
        row = TABLE[time % len(TABLE)]
        assert float(answer.reward) == row[action]
        assert float(answer.info["success"]) == (row[action] > 0)
        assert float(answer.info["clairvoyant"]) == (row[available] > 0).any()
        assert bool(answer.truncated) == (time + 1 >= len(TABLE))
        assert not answer.terminated


def test_fixed_contexts_are_the_first_venues_present() -> None:
    world = replay_world(TABLE, 1, "fixed")
    venues = [world.reset(jax.random.key(0))[0].venues]
    venues += [answer.observation.venues for answer, _, _ in play(world, 5)]
    assert [int(v[0]) for v in venues] == [int(np.flatnonzero(row)[0]) for row in TABLE]


def test_hindsight_counts_every_venue_where_it_was_available() -> None:
    played = play(replay_world(TABLE, 1, "fixed"), len(TABLE))
    success = functools.reduce(np.add, [answer.info["fixed_success"] for answer, _, _ in played])
    chances = functools.reduce(np.add, [answer.info["fixed_chances"] for answer, _, _ in played])
    wins, seen = np.zeros(4), np.zeros(4)
    for row in TABLE:
        for venue in np.flatnonzero(row)[1:]:
            seen[venue] += 1
            wins[venue] += row[venue] > 0
    np.testing.assert_array_equal(success, wins)
    np.testing.assert_array_equal(chances, seen)


def test_random_contexts_are_uniform_among_those_present() -> None:
    world = replay_world(np.array([[1, 0, -1, 1, 1]], np.int8), 2, "random")
    keys = jax.random.split(jax.random.key(0), 5_000)
    venues = np.asarray(jax.jit(jax.vmap(lambda key: world.reset(key)[0].venues))(keys))
    present = [0, 2, 3, 4]
    law = np.array(
        [1 / 12 if i in present and j in present and i != j else 0 for i in range(5) for j in range(5)]
    )
    assert_frequencies(venues @ np.array([5, 1]), law)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_context": 0}, "num_context = 0: should be at least 1"),
        ({"num_context": 3}, r"outcomes.shape = \(6, 4\): should be \(steps, n\) with n >= 5"),
        ({"outcomes": np.zeros(4)}, r"outcomes.shape = \(4,\)"),
        ({"outcomes": np.zeros((0, 4))}, r"outcomes.shape = \(0, 4\)"),
        ({"outcomes": 2 * TABLE}, "outcomes = 2: should be"),
        ({"num_context": 2}, r"outcomes\[2\] = 2: venues present; needs 3"),
        ({"context_mode": "often"}, "context_mode = 'often': should be one of fixed, random"),
    ],
)
def test_refusals_are_one_line(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        replay_world(**({"outcomes": TABLE} | arguments))
    assert "\n" not in str(refused.value)
