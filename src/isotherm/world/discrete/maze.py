"""Mazes with several cues and pairs of reward cells: T-mazes, generalised."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from isotherm import doors
from isotherm.energy.hidden.model import generative_model
from isotherm.errors import refusal
from isotherm.world.discrete.laws import (
    DOWN,
    LEFT,
    RIGHT,
    STAY,
    UP,
    grid_moves,
    grid_shape,
    still,
    sure,
    sure_or_uniform,
    transitions,
)
from isotherm.world.discrete.tmaze import OUTCOME_REWARDS
from isotherm.world.discrete.world import HiddenWorld, hidden_world

START, WALL, FIRST_CUE = 1, 2, 3

TWO_CUE_MAZE = ((4, 0, 8), (5, 0, 7), (3, 1, 6))
THREE_CUE_MAZE = ((4, 0, 0, 0, 8), (5, 0, 0, 0, 7), (0, 3, 1, 6, 0), (0, 0, 9, 0, 0), (0, 10, 0, 11, 0))


def cue_maze(maze: Any, sides: Any = None, *, rewards: Any = None, ends_on: Any = None) -> HiddenWorld:
    """A generalised T-maze: sets of a cue and two reward cells, of which the cue tells the one that pays.

    Numbers of the maze are 0 free, 1 the start, 2 a wall, ``3 + 3i`` the cue of set ``i``, ``4 + 3i`` and ``5 + 3i``
    its two reward cells. Factors are the cell, ``row * columns + column``, and for each set the side of its reward: 0
    the first cell, 1 the second. Actions are 0 up, 1 down, 2 left, 3 right, 4 stay; a move off the maze or into a
    wall stays. Modalities are the cell; the cue of each set (0 nothing; at its cell 1 or 2, the side); and the
    outcome of each set (0 nothing; on its cells 1 a reward, 2 a punishment). Every set pays alike, unless ``rewards``
    says otherwise: in this way some sets only distract.

    Args:
        maze: rows of numbers, ``(rows, columns)``, such as :data:`TWO_CUE_MAZE` or :data:`THREE_CUE_MAZE`.
        sides: of each set, 0 or 1, or None for one drawn evenly at each reset; None: all drawn.
        rewards: what outcomes pay, as :func:`hidden_world` takes it; 1 for a reward, -1 for a punishment by default.
        ends_on: outcomes that end an episode, likewise.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming ``maze`` or ``sides``: a number that stands for nothing, a start or a set's cell that is
            missing or there twice, a side that is none.

    >>> import jax
    >>> world = cue_maze(TWO_CUE_MAZE, sides=[1, 0])
    >>> _, state = world.reset(jax.random.key(0))
    >>> answer = world.step(jax.random.key(1), state, 2)  # left, to the cue of the first set
    >>> [int(outcome) for outcome in answer.observation]
    [6, 2, 0, 0, 0]
    """
    plan = _plan(maze)
    listed = [None] * len(plan.sets) if sides is None else doors.sequence("sides", sides, "a list of sides")
    if len(listed) != len(plan.sets):
        raise refusal("len(sides)", len(listed), f"must be {len(plan.sets)}, one side a set of the maze")
    laws = [sure_or_uniform(f"sides[{i}]", side, 2) for i, side in enumerate(listed)]
    num_cells = plan.shape[0] * plan.shape[1]
    cues = [_cue(num_cells, cells) for cells in plan.sets]
    outcomes = [_outcome(num_cells, cells) for cells in plan.sets]
    each = [[0, 1 + i] for i in range(len(plan.sets))]
    targets = grid_moves(plan.shape, (UP, DOWN, LEFT, RIGHT, STAY), plan.walls)
    model = generative_model(
        A=[np.eye(num_cells), *cues, *outcomes],
        B=[transitions(targets), *(still(2) for _ in plan.sets)],
        D=[sure(plan.start, num_cells), *laws],
        A_dependencies=[[0], *each, *each],
    )
    default = [None, *([None] * len(plan.sets)), *([OUTCOME_REWARDS] * len(plan.sets))]
    return hidden_world(model, default if rewards is None else rewards, ends_on=ends_on, cell_factor=0)


class _Plan(NamedTuple):
    """Shape, start and walls of a maze, and of each set the cell of its cue and its two reward cells."""

    shape: tuple[int, int]
    start: int
    walls: list[int]
    sets: list[tuple[int, int, int]]


def _plan(maze: Any) -> _Plan:
    grid = doors.regular("maze", maze)
    if grid.dtype.kind not in "iu":
        raise refusal("maze.dtype", str(grid.dtype), "must be whole numbers")
    if grid.ndim != 2 or not grid.size:
        raise refusal("maze.shape", grid.shape, "must be (rows, columns)")
    shape = grid_shape("maze.shape", grid.shape)
    if grid.min() < 0:
        raise refusal("min(maze)", int(grid.min()), "must be numbers of at least 0")
    numbers = grid.reshape(-1)
    num_sets = max(0, -(-(int(grid.max()) - WALL) // 3))
    if num_sets * 3 > grid.size:
        raise refusal("max(maze)", int(grid.max()), f"stands for {num_sets} sets of three cells each")
    starts = [FIRST_CUE + 3 * i for i in range(num_sets)]
    sets = [
        (
            _only(numbers, n, "a cue"),
            _only(numbers, n + 1, "a reward cell"),
            _only(numbers, n + 2, "a reward cell"),
        )
        for n in starts
    ]
    walls = np.flatnonzero(numbers == WALL).tolist()
    return _Plan(shape, _only(numbers, START, "the start"), walls, sets)


def _only(numbers: Int[np.ndarray, " cells"], number: int, what: str) -> int:
    """The one cell that has a number."""
    found = np.flatnonzero(numbers == number)
    if len(found) != 1:
        raise refusal("maze", f"{number} in {len(found)} cells", f"must stand in one: it is {what}")
    return int(found[0])


def _cue(num_cells: int, cells: tuple[int, int, int]) -> np.ndarray:
    """Law of a set's cue, ``(3, cells, 2)``."""
    law = np.zeros((3, num_cells, 2))
    law[0] = 1.0
    law[:, cells[0]] = np.eye(3)[:, 1:]
    return law


def _outcome(num_cells: int, cells: tuple[int, int, int]) -> np.ndarray:
    """Law of a set's outcome, ``(3, cells, 2)``."""
    law = np.zeros((3, num_cells, 2))
    law[0] = 1.0
    law[:, cells[1]] = np.eye(3)[:, 1:]
    law[:, cells[2]] = np.eye(3)[:, :0:-1]
    return law
