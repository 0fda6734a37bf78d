"""Cue chaining: what is seen where, and the walk of the published example."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.world import cue_chain


def test_cues_and_rewards_are_seen_at_their_cells_alone() -> None:
    world = cue_chain()
    model = world.model
    assert (model.num_obs, model.num_states, model.num_controls) == ((35, 5, 3, 3), (35, 4, 2), (5, 1, 1))
    first, second, outcome = (np.asarray(A).argmax(0) for A in model.A[1:])
    expected = np.zeros((35, 4), int)
    expected[14] = [1, 2, 3, 4]
    np.testing.assert_array_equal(first, expected)
    expected = np.zeros((35, 4, 2), int)
    for cue, cell in enumerate((2, 10, 24, 30)):
        expected[cell, cue] = [1, 2]
    np.testing.assert_array_equal(second, expected)
    expected = np.zeros((35, 2), int)
    expected[12], expected[26] = [1, 2], [2, 1]
    np.testing.assert_array_equal(outcome, expected)
    assert [D.tolist() for D in model.D[1:]] == [[0.25] * 4, [0.5] * 2]


def test_the_walk_of_the_example() -> None:
    world = cue_chain(cue2_state=3, reward_condition=1)
    keys = jax.random.split(jax.random.key(0), 11)

    @jax.jit
    def walk() -> Any:
        def step(state: Any, given: Any) -> Any:
            answer = world.step(given[0], state, given[1])
            return answer.state, (answer.observation, answer.reward)

        actions = jnp.array([1, 1, 1, 1, 3, 3, 0, 3, 3, 3, 4])
        return jax.lax.scan(step, world.reset(keys[0])[1], (keys, actions))[1]

    (cells, first, second, outcome), rewards = walk()
    assert cells.tolist() == [7, 14, 21, 28, 29, 30, 23, 24, 25, 26, 26]
    assert first.tolist() == [0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert second.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0]  # the third cue, at 24, is not the active one
    assert outcome.tolist() == [0] * 9 + [1, 1]
    assert rewards.tolist() == [0] * 9 + [1, 1]


def test_other_layouts() -> None:
    world = cue_chain(
        (2, 3),
        start_location=(1, 1),
        cue1_location=(1, 1),
        cue2_locations=[(0, 0)],
        reward_locations=[(0, 1), (0, 2), (1, 2)],
        rewards=[None, None, None, [0.0, 3.0, -6.0]],
    )
    assert world.model.num_obs == (6, 2, 4, 3)
    assert int(world.model.D[0].argmax()) == 4
    outcome = np.asarray(world.model.A[3]).argmax(0)
    assert outcome[[1, 2, 5]].tolist() == [[1, 2, 2], [2, 1, 2], [2, 2, 1]]
    assert world.rewards[3].tolist() == [0, 3, -6]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": (5, 0)}, "shape = 0"),
        ({"start_location": (5, 0)}, "start_location = 5: should be within 0 .. 4"),
        ({"cue1_location": (0, 7)}, "cue1_location = 7"),
        ({"cue2_locations": []}, r"cue2_locations = \[\]: must have at least one cell"),
        ({"cue2_locations": [(0, 0), (9, 9)]}, r"cue2_locations\[1\] = 9"),
        ({"reward_locations": [(1, 5), (1, 5)]}, r"reward_locations = \(1, 5\): stands twice"),
        ({"cue2_state": 4}, "cue2_state = 4: should be within 0 .. 3"),
        ({"reward_condition": -1}, "reward_condition = -1"),
    ],
)
def test_what_is_no_layout_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cue_chain(**change)
