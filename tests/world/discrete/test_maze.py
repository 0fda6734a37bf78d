"""Generalised T-mazes: which cells are which, and what is seen on them."""

from typing import Any

import jax
import numpy as np
import pytest

from isotherm.world import THREE_CUE_MAZE, TWO_CUE_MAZE, cue_maze

WALLED = [[2, 4, 0, 1], [3, 2, 2, 0], [0, 0, 5, 0]]


def test_sets_have_their_cells() -> None:
    world = cue_maze(THREE_CUE_MAZE)
    model, maze = world.model, np.array(THREE_CUE_MAZE).reshape(-1)
    assert model.num_obs == (25, 3, 3, 3, 3, 3, 3)
    assert model.num_states == (25, 2, 2, 2)
    assert model.A_dependencies == ((0,), (0, 1), (0, 2), (0, 3), (0, 1), (0, 2), (0, 3))
    for i in range(3):
        cue, outcome = np.asarray(model.A[1 + i]).argmax(0), np.asarray(model.A[4 + i]).argmax(0)
        expected_cue = np.zeros((25, 2), int)
        expected_cue[maze == 3 + 3 * i] = [1, 2]
        expected = np.zeros((25, 2), int)
        expected[maze == 4 + 3 * i], expected[maze == 5 + 3 * i] = [1, 2], [2, 1]
        np.testing.assert_array_equal(cue, expected_cue)
        np.testing.assert_array_equal(outcome, expected)
        assert model.D[1 + i].tolist() == [0.5, 0.5]
    assert int(model.D[0].argmax()) == int(np.flatnonzero(maze == 1)[0])
    assert [table.tolist()[-1] for table in world.rewards] == [0, 0, 0, 0, -1, -1, -1]


def test_a_walk_through_walls_fails() -> None:
    """The orders of moves are up, down, left, right, stay."""
    world = cue_maze(WALLED, sides=[1])
    _, state = world.reset(jax.random.key(0))
    assert world.model.D[1].tolist() == [0, 1]
    cells, pays = [int(state.states[0])], []
    for action in (0, 2, 1, 2, 2, 1, 3, 1, 1, 2, 4):
        answer = world.step(jax.random.key(1), state, action)
        state = answer.state
        cells.append(int(state.states[0]))
        pays.append(float(answer.reward))
    assert cells == [3, 3, 2, 2, 1, 1, 1, 2, 2, 2, 1, 1]
    assert pays == [0, 0, 0, -1, -1, -1, 0, 0, 0, -1, -1]
    assert "new_cell" in answer.info


def test_a_maze_without_sets_is_a_grid() -> None:
    model = cue_maze([[0, 1], [2, 0]]).model
    assert (model.num_obs, model.num_states) == ((4,), (4,))


def test_some_sets_may_only_distract() -> None:
    world = cue_maze(TWO_CUE_MAZE, [0, None], rewards=[None, None, None, [0, 5, 0], None])
    assert [float(table.max()) for table in world.rewards] == [0, 0, 0, 5, 0]
    assert [D.tolist() for D in world.model.D[1:]] == [[1, 0], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("maze", "message"),
    [
        ([[0, 0]], "maze = '1 in 0 cells': must stand in one: it is the start"),
        ([[1, 1]], "maze = '1 in 2 cells': .*the start"),
        ([[1, 3], [4, 0]], "maze = '5 in 0 cells': .*a reward cell"),
        ([[1, 3, 3], [4, 5, 0]], "maze = '3 in 2 cells': .*a cue"),
        ([[1, 6, 7], [4, 5, 8]], "maze = '3 in 0 cells': .*a cue"),
        ([[1, 3, 4, 5, 6, 7, 0, 0, 0]], "maze = '8 in 0 cells'"),
        ([[1, 2**40]], r"max\(maze\) = 1099511627776: stands for"),
        ([[1, -1]], r"min\(maze\) = -1"),
        ([[1.0, 0.0]], r"maze\.dtype = 'float64': must be whole numbers"),
        ([1, 0], r"maze\.shape = \(2,\): must be \(rows, columns\)"),
    ],
)
def test_what_is_no_maze_is_refused(maze: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cue_maze(maze)


@pytest.mark.parametrize(
    ("sides", "message"),
    [([0], r"len\(sides\) = 1: must be 2"), ([0, 2], r"sides\[1\] = 2"), (1, "sides = 1")],
)
def test_other_sides_are_refused(sides: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        cue_maze(TWO_CUE_MAZE, sides)
