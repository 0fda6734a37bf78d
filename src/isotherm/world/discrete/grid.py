"""Grids of cells, fully observed."""

from typing import Any

import numpy as np

from isotherm import doors
from isotherm.energy.hidden.model import generative_model
from isotherm.errors import refusal
from isotherm.world.discrete.laws import (
    DOWN,
    LEFT,
    RIGHT,
    STAY,
    UP,
    cell_of,
    cells_of,
    grid_moves,
    grid_shape,
    probability,
    sure,
    transitions,
)
from isotherm.world.discrete.world import HiddenWorld, hidden_world


def grid_world(
    shape: Any = (3, 3),
    *,
    walls: Any = (),
    initial_position: Any = None,
    include_stay: bool = True,
    success_prob: Any = 1.0,
    rewards: Any = None,
    ends_on: Any = None,
) -> HiddenWorld:
    """A grid in which the agent sees its cell, ``row * columns + column``.

    Actions are 0 up, 1 right, 2 down, 3 left, and 4 stay. A move off the grid or into a wall stays for sure; any
    other succeeds with ``success_prob``, and else stays. Walls remain states, which nothing enters.

    Args:
        shape: rows and columns, each at least 1.
        walls: cells ``(row, column)``.
        initial_position: a cell; None: drawn evenly from all that are no walls.
        include_stay: whether there is a fifth action.
        success_prob: within 0 .. 1; may be traced.
        rewards: what cells pay, as :func:`hidden_world` takes it: a list of one table; nothing by default.
        ends_on: cells that end an episode, likewise a list of one list.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument or the cell out of range; or ``walls``, where they leave no cell to start in.

    >>> import jax
    >>> world = grid_world((2, 3), walls=[(0, 1)], initial_position=(0, 0))
    >>> observation, state = world.reset(jax.random.key(0))
    >>> answer = world.step(jax.random.key(1), state, 1)  # right, into the wall
    >>> int(answer.observation[0]), int(world.step(jax.random.key(2), answer.state, 2).observation[0])
    (0, 3)
    """
    shape = grid_shape("shape", shape)
    blocked = cells_of("walls", walls, shape)
    moves = (UP, RIGHT, DOWN, LEFT, STAY)[: 5 if doors.flag("include_stay", include_stay) else 4]
    B = transitions(grid_moves(shape, moves, blocked), probability("success_prob", success_prob))
    num_cells = shape[0] * shape[1]
    is_free = np.ones(num_cells)
    is_free[blocked] = 0.0
    if initial_position is not None:
        D = sure(cell_of("initial_position", initial_position, shape), num_cells)
    elif is_free.any():
        D = is_free / is_free.sum()
    else:
        raise refusal("walls", f"{len(blocked)} cells", "must leave a cell to start in")
    model = generative_model(A=[np.eye(num_cells)], B=[B], D=[D])
    return hidden_world(model, rewards, ends_on=ends_on, cell_factor=0)
