"""Cue chaining: a first cue tells which of several second cues tells where the reward is."""

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
    still,
    sure,
    sure_or_uniform,
    transitions,
)
from isotherm.world.discrete.tmaze import OUTCOME_REWARDS, PUNISHMENT, REWARD
from isotherm.world.discrete.world import HiddenWorld, hidden_world


def cue_chain(
    shape: Any = (5, 7),
    *,
    start_location: Any = (0, 0),
    cue1_location: Any = (2, 0),
    cue2_locations: Any = ((0, 2), (1, 3), (3, 3), (4, 2)),
    reward_locations: Any = ((1, 5), (3, 5)),
    cue2_state: int | None = None,
    reward_condition: int | None = None,
    rewards: Any = None,
    ends_on: Any = None,
) -> HiddenWorld:
    """A grid with a first cue, several second ones of which one is active, and several reward cells.

    Factors are the cell, ``row * columns + column``; the active second cue; and the cell that has the reward. The
    latter two never change. Actions are 0 up, 1 down, 2 left, 3 right, 4 stay. Modalities are the cell; the first cue
    (0 nothing; at its cell 1 + the active second cue); the second cue (0 nothing; at the active one's cell 1 + the
    number of the reward); and the outcome (0 nothing; 1 a reward at the cell that has it, 2 a punishment at the
    others).

    Args:
        shape: rows and columns, each at least 1.
        start_location: a cell ``(row, column)``.
        cue1_location: cell of the first cue.
        cue2_locations: cells of the second cues, at least one.
        reward_locations: different cells, at least one.
        cue2_state: number of the active second cue; None: drawn evenly at each reset.
        reward_condition: number of the cell that has the reward; None: likewise.
        rewards: what outcomes pay, as :func:`hidden_world` takes it; 1 for a reward, -1 for a punishment by default.
        ends_on: outcomes that end an episode, likewise.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument or the cell out of range, or two rewards in one cell.

    >>> import jax
    >>> world = cue_chain(start_location=(1, 0), cue2_state=3, reward_condition=0)
    >>> _, state = world.reset(jax.random.key(0))
    >>> answer = world.step(jax.random.key(1), state, 1)  # down, to the first cue
    >>> [int(outcome) for outcome in answer.observation]
    [14, 4, 0, 0]
    """
    shape = grid_shape("shape", shape)
    start = cell_of("start_location", start_location, shape)
    cue1 = cell_of("cue1_location", cue1_location, shape)
    cues2 = _cells("cue2_locations", cue2_locations, shape)
    paying = _cells("reward_locations", reward_locations, shape)
    repeated = doors.first_repeated(paying)
    if repeated is not None:
        place = tuple(int(at) for at in np.unravel_index(repeated, shape))
        raise refusal("reward_locations", place, "stands twice; must be different cells")
    n, k, j = shape[0] * shape[1], len(cues2), len(paying)
    model = generative_model(
        A=[np.eye(n), _first_cue(n, cue1, k), _second_cue(n, cues2, j), _outcome(n, paying)],
        B=[transitions(grid_moves(shape, (UP, DOWN, LEFT, RIGHT, STAY))), still(k), still(j)],
        D=[
            sure(start, n),
            sure_or_uniform("cue2_state", cue2_state, k),
            sure_or_uniform("reward_condition", reward_condition, j),
        ],
        A_dependencies=[[0], [0, 1], [0, 1, 2], [0, 2]],
    )
    default = (None, None, None, OUTCOME_REWARDS)
    return hidden_world(model, default if rewards is None else rewards, ends_on=ends_on, cell_factor=0)


def _cells(field: str, places: Any, shape: tuple[int, int]) -> list[int]:
    found = cells_of(field, places, shape)
    if not found:
        raise refusal(field, [], "must have at least one cell")
    return found


def _first_cue(num_cells: int, cell: int, num_cues: int) -> np.ndarray:
    """``(1 + cues, cells, cues)``."""
    law = np.zeros((1 + num_cues, num_cells, num_cues))
    law[0] = 1.0
    law[:, cell] = np.eye(1 + num_cues)[:, 1:]
    return law


def _second_cue(num_cells: int, cells: list[int], num_rewards: int) -> np.ndarray:
    """``(1 + rewards, cells, cues, rewards)``."""
    law = np.zeros((1 + num_rewards, num_cells, len(cells), num_rewards))
    law[0] = 1.0
    for cue, cell in enumerate(cells):
        law[:, cell, cue] = np.eye(1 + num_rewards)[:, 1:]
    return law


def _outcome(num_cells: int, cells: list[int]) -> np.ndarray:
    """``(3, cells, rewards)``."""
    law = np.zeros((3, num_cells, len(cells)))
    law[0] = 1.0
    for number, cell in enumerate(cells):
        law[:, cell] = np.eye(3)[:, PUNISHMENT, None]
        law[:, cell, number] = np.eye(3)[:, REWARD]
    return law
