"""T-mazes: corridors, outcomes, cues."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.world import HiddenWorld, simplified_t_maze, t_maze

MAZES = pytest.mark.parametrize("make", [t_maze, simplified_t_maze])
Make = Callable[..., HiddenWorld]


def outcome(world: HiddenWorld, place: int, side: int) -> list[float]:
    return np.asarray(world.model.A[1])[:, place, side].tolist()


@MAZES
def test_independent_outcomes(make: Make) -> None:
    world = make(reward_probability=0.8, punishment_probability=0.6)
    for side, (right, wrong) in enumerate(((1, 2), (2, 1))):
        assert outcome(world, right, side) == pytest.approx([0.2, 0.8, 0.0])
        assert outcome(world, wrong, side) == pytest.approx([0.4, 0.0, 0.6])
        for place in {0, 3, world.model.num_states[0] - 1}:
            assert outcome(world, place, side) == [1, 0, 0]


@MAZES
def test_dependent_outcomes(make: Make) -> None:
    world = make(reward_probability=0.8, punishment_probability=0.6, dependent_outcomes=True)
    for side, (right, wrong) in enumerate(((1, 2), (2, 1))):
        assert outcome(world, right, side) == pytest.approx([0.0, 0.8, 0.2])
        assert outcome(world, wrong, side) == pytest.approx([0.0, 0.2, 0.8])


def test_the_classic_has_corridors() -> None:
    model = t_maze().model
    assert (model.num_obs, model.num_states, model.num_controls) == ((5, 3, 3), (5, 2), (5, 1))
    leads = np.asarray(model.B[0]).argmax(0)  # from, to
    corridors = {(0, 3), (3, 0), (0, 4), (4, 0), (4, 1), (1, 4), (4, 2), (2, 4)}
    for here in range(5):
        for there in range(5):
            assert leads[here, there] == (there if (here, there) in corridors else here)
    np.testing.assert_array_equal(model.B[1][..., 0], np.eye(2))
    np.testing.assert_array_equal(model.A[0], np.eye(5))


def test_the_cue_tells_the_side_as_often_as_it_is_valid() -> None:
    cue = np.asarray(t_maze(cue_validity=0.9).model.A[2])
    assert cue[:, 3].T.tolist() == [pytest.approx([0, 0.9, 0.1]), pytest.approx([0, 0.1, 0.9])]
    assert (cue[0][[0, 1, 2, 4]] == 1).all()
    place = np.asarray(simplified_t_maze(cue_validity=0.9).model.A[0])
    assert place[:, 3].T.tolist() == [pytest.approx([0, 0, 0, 0.9, 0.1]), pytest.approx([0, 0, 0, 0.1, 0.9])]
    for side in range(2):
        np.testing.assert_array_equal(place[:3, :3, side], np.eye(3))


def test_every_place_of_the_simple_one_is_reached_from_each() -> None:
    model = simplified_t_maze().model
    assert (model.num_obs, model.num_states, model.num_controls) == ((5, 3), (4, 2), (4, 1))
    assert (np.asarray(model.B[0]).argmax(0) == np.arange(4)).all()


@MAZES
def test_it_begins_in_the_centre_on_either_side_and_pays(make: Make) -> None:
    assert [D.tolist() for D in make().model.D] == [
        jnp.eye(make().model.num_states[0])[0].tolist(),
        [0.5, 0.5],
    ]
    assert make(reward_condition=1).model.D[1].tolist() == [0, 1]
    assert [table.tolist() for table in make().rewards] == [
        [0.0, 1.0, -1.0] if m == 1 else [0.0] * n for m, n in enumerate(make().model.num_obs)
    ]


def test_probabilities_may_be_traced() -> None:
    def laws(p: Any) -> Any:
        world = t_maze(reward_probability=p, cue_validity=p)
        return world.model.A[1][1, 1, 0], world.model.A[2][1, 3, 0], world.model.A[1][2, 2, 0]

    for x64 in (False, True):
        with jax.enable_x64(x64):
            reward, cue, loss = jax.vmap(laws)(jnp.array([0.25, 0.75], jnp.float32))
            assert reward.tolist() == cue.tolist() == [0.25, 0.75]
            assert loss.tolist() == [1, 1]


@MAZES
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reward_probability": 1.1}, "reward_probability = 1.1: "),
        ({"punishment_probability": -0.1}, "punishment_probability = -0.1: "),
        ({"cue_validity": float("nan")}, "cue_validity = nan: "),
        ({"reward_condition": 2}, "reward_condition = 2: should be within 0 .. 1"),
        ({"ends_on": [[0]]}, r"len\(ends_on\) = 1"),
    ],
)
def test_what_is_no_maze_is_refused(make: Make, change: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make(**change)
