"""The six scenarios: what an agent knows of the grid, and what it must learn."""

from typing import NamedTuple

import numpy as np

from isotherm.act.inference.agent import ActiveInference
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.studies.gridworld.config import SIDE, START, GridworldConfig
from isotherm.world.discrete.grid import grid_world
from isotherm.world.discrete.world import HiddenWorld

NUM_CELLS = SIDE * SIDE
TRUTH_COUNTS, TRUTH_LEAST = 1e4, 1e-4


class Known(NamedTuple):
    """What a scenario starts from.

    Attributes:
        learned: ``"A"`` or ``"B"``.
        moves: the agent's B: ``"true"``, ``"flat"`` or ``"informative"`` (any move to a neighbour is as likely).
        is_placed: whether it knows where a block begins.
        has_counts_of_B: whether B has counts, so that information about it counts.
    """

    learned: str
    moves: str
    is_placed: bool
    has_counts_of_B: bool


SCENARIOS = {
    1: Known("B", "flat", is_placed=False, has_counts_of_B=True),
    2: Known("A", "true", is_placed=True, has_counts_of_B=False),
    3: Known("A", "true", is_placed=False, has_counts_of_B=False),
    4: Known("A", "flat", is_placed=True, has_counts_of_B=True),
    5: Known("A", "informative", is_placed=False, has_counts_of_B=True),
    6: Known("A", "informative", is_placed=True, has_counts_of_B=True),
}


def the_world() -> HiddenWorld:
    """Seven cells by seven, no walls; a move off the grid stays."""
    return grid_world((SIDE, SIDE), initial_position=divmod(START, SIDE), include_stay=False)


def true_moves() -> np.ndarray:
    """p(next cell | cell, move), ``(49, 49, 4)``."""
    return np.asarray(the_world().model.B[0], np.float64)


def flat(*shape: int) -> np.ndarray:
    """Counts of 1/49."""
    return np.full((NUM_CELLS, *shape), 1.0 / NUM_CELLS)


def counts_of_moves(moves: str) -> np.ndarray:
    """Prior counts of B, ``(49, 49, 4)``: flat, or those of all neighbours whatever the move."""
    if moves == "flat":
        return flat(NUM_CELLS, 4)
    neighbours = np.minimum(true_moves().sum(axis=2), 1.0)
    return np.repeat(neighbours[:, :, None], 4, axis=2) + 1.0 / NUM_CELLS


def model_of(scenario: int) -> GenerativeModel:
    """What the agents of a scenario believe to begin with."""
    known = SCENARIOS[scenario]
    D = np.eye(NUM_CELLS)[START] if known.is_placed else flat()
    A, pA = ([np.eye(NUM_CELLS)], None) if known.learned == "B" else (None, [flat(NUM_CELLS)])
    B, pB = ([true_moves()], None) if not known.has_counts_of_B else (None, [counts_of_moves(known.moves)])
    return generative_model(A, B, D=[D], pA=pA, pB=pB)


def agent_of(scenario: int, config: GridworldConfig, alpha: float = 0.4) -> ActiveInference:
    """An agent that is curious and nothing else, and learns after each block."""
    learned = SCENARIOS[scenario].learned
    return ActiveInference(
        model_of(scenario),
        policy_len=config.policy_len,
        alpha=alpha,
        use_utility=False,
        use_param_info_gain=True,
        action_selection="stochastic",
        inference_algo="exact",
        learning_mode="offline",
        learn_A=learned == "A",
        learn_B=learned == "B",
        episode_length=config.num_steps,
        keep_zeros=config.floor != "reference",
        floor="reference" if config.floor == "reference" else None,
    )


def truth_of(learned: str) -> np.ndarray:
    """Expected law of what is learned: ``(49, 49)`` of A, ``(49, 49, 4)`` of B."""
    return np.eye(NUM_CELLS) if learned == "A" else true_moves()
