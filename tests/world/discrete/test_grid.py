"""The grid: where moves lead, what blocks them, where it begins."""

from typing import Any

import jax
import numpy as np
import pytest

from isotherm.world import grid_world

MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1), (0, 0))


def law_by_hand(
    shape: tuple[int, int], walls: list[tuple[int, int]], num_moves: int, success: float
) -> np.ndarray:
    """Cell by cell, as the rule is told."""
    rows, columns = shape
    B = np.zeros((rows * columns, rows * columns, num_moves))
    for row in range(rows):
        for column in range(columns):
            here = row * columns + column
            for action, (down, right) in enumerate(MOVES[:num_moves]):
                there = (row + down, column + right)
                if not (0 <= there[0] < rows and 0 <= there[1] < columns) or there in walls:
                    B[here, here, action] += 1.0
                else:
                    B[there[0] * columns + there[1], here, action] += success
                    B[here, here, action] += 1 - success
    return B


@pytest.mark.parametrize(
    ("shape", "walls", "stays", "success"),
    [
        ((3, 3), [], True, 1.0),
        ((2, 5), [(0, 1), (1, 3)], False, 0.7),
        ((4, 2), [(0, 0), (0, 1), (1, 1)], True, 0.25),
        ((1, 1), [], True, 0.0),
    ],
)
def test_transitions_are_those_told(shape: Any, walls: Any, stays: bool, success: float) -> None:
    model = grid_world(shape, walls=walls, include_stay=stays, success_prob=success).model
    np.testing.assert_allclose(model.B[0], law_by_hand(shape, walls, 5 if stays else 4, success), atol=1e-7)
    np.testing.assert_array_equal(model.A[0], np.eye(shape[0] * shape[1]))
    free = np.ones(shape)
    for wall in walls:
        free[wall] = 0
    np.testing.assert_allclose(model.D[0], free.reshape(-1) / free.sum(), atol=1e-7)


def test_blocked_moves_stay_for_sure() -> None:
    B = np.asarray(grid_world((2, 2), walls=[(0, 1)], success_prob=0.3).model.B[0])
    assert B[0, 0].tolist() == pytest.approx([1, 1, 0.7, 1, 1])
    assert B[0, 0][[0, 1, 3, 4]].tolist() == [1, 1, 1, 1]  # exactly
    assert B[3, 1, 2] == pytest.approx(0.3)  # out of a wall
    assert B[1, [0, 3], :].max() == 0


def test_it_begins_where_it_is_told_and_pays_and_ends_there() -> None:
    world = grid_world((2, 3), initial_position=(1, 2), rewards=[[0, 0, 2, 0, 0, 0]], ends_on=[[2]])
    observation, state = world.reset(jax.random.key(0))
    assert int(observation[0]) == 5
    answer = world.step(jax.random.key(1), state, 0)
    assert (int(answer.observation[0]), float(answer.reward), bool(answer.terminated)) == (2, 2.0, True)
    assert float(world.step(jax.random.key(1), state, 1).reward) == 0.0
    assert (
        float(grid_world().step(jax.random.key(1), grid_world().reset(jax.random.key(0))[1], 1).reward) == 0.0
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": (0, 3)}, "shape = 0: should be at least 1"),
        ({"shape": 3}, r"shape = 3: should be \(rows, columns\)"),
        ({"shape": (2, 2, 2)}, r"shape = \[2, 2, 2\]: must be \(rows, columns\)"),
        ({"shape": (10**5, 10**5)}, "shape = .*fewer cells"),
        ({"walls": [(3, 0)]}, r"walls\[0\] = 3: should be within 0 .. 2"),
        ({"walls": [(0, 0), 1]}, r"walls\[1\] = 1: should be a cell \(row, column\)"),
        ({"walls": [(r, c) for r in range(3) for c in range(3)]}, "walls = '9 cells': must leave a cell"),
        ({"initial_position": (0, 3)}, "initial_position = 3: should be within 0 .. 2"),
        ({"initial_position": (1,)}, r"initial_position = \[1\]: must be a cell"),
        ({"success_prob": 1.5}, "success_prob = 1.5: .*at most 1"),
        ({"rewards": [[1.0]]}, r"rewards\[0\]\.shape = \(1,\): must be \(9,\)"),
        ({"ends_on": [[9]]}, r"ends_on\[0\] = 9"),
    ],
)
def test_what_is_no_grid_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        grid_world(**change)
