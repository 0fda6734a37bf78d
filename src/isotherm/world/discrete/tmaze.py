"""T-mazes: one arm has the reward, a cue tells which."""

from typing import Any

import numpy as np

from isotherm import doors
from isotherm.energy.hidden.model import generative_model
from isotherm.world.discrete.laws import (
    Law,
    graph_moves,
    probability,
    still,
    sure,
    sure_or_uniform,
    transitions,
)
from isotherm.world.discrete.world import HiddenWorld, hidden_world

CENTRE, LEFT_ARM, RIGHT_ARM, CUE, MIDDLE = range(5)
NOTHING, REWARD, PUNISHMENT = range(3)
OUTCOME_REWARDS = (0.0, 1.0, -1.0)
"""What nothing, a reward and a punishment pay."""


def t_maze(
    *,
    reward_probability: Any = 1.0,
    punishment_probability: Any = 1.0,
    cue_validity: Any = 0.95,
    reward_condition: int | None = None,
    dependent_outcomes: bool = False,
    rewards: Any = None,
    ends_on: Any = None,
) -> HiddenWorld:
    """The classic T-maze: five places joined by corridors, and a cue that is seen apart from the place.

    Factors are the place (0 centre, where it begins, 1 left arm, 2 right arm, 3 cue, 4 middle) and the side of the
    reward (0 left, 1 right). An action is a place: it is reached along centre-cue, centre-middle, middle-left and
    middle-right; any other move stays. Modalities are the place, the outcome (0 nothing, 1 reward, 2 punishment), and
    the cue (0 nothing, 1 left, 2 right).

    Args:
        reward_probability: of a reward in the right arm of the two, within 0 .. 1; may be traced, as all of them.
        punishment_probability: of a punishment in the wrong arm.
        cue_validity: with which the cue tells the truth; else it tells the other side.
        reward_condition: side of the reward; None: drawn evenly at each reset.
        dependent_outcomes: in the right arm a punishment instead of nothing; in the wrong arm a punishment with
            ``reward_probability``, else a reward. By default nothing instead.
        rewards: what outcomes pay, as :func:`hidden_world` takes it; 1 for a reward, -1 for a punishment by default.
        ends_on: outcomes that end an episode, likewise.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument out of range.

    >>> import jax
    >>> world = t_maze(cue_validity=1.0, reward_condition=1)
    >>> _, state = world.reset(jax.random.key(0))
    >>> answer = world.step(jax.random.key(1), state, 3)  # to the cue
    >>> [int(outcome) for outcome in answer.observation]
    [3, 0, 2]
    """
    corridors = [(CENTRE, CUE), (CENTRE, MIDDLE), (MIDDLE, LEFT_ARM), (MIDDLE, RIGHT_ARM)]
    places = graph_moves(5, np.array(corridors))
    validity = probability("cue_validity", cue_validity)
    told = np.zeros((2, 3, 5, 2))  # the truth and the other side
    told[:, 0, [CENTRE, LEFT_ARM, RIGHT_ARM, MIDDLE]] = 1.0
    for side in range(2):
        told[0, 1 + side, CUE, side] = told[1, 2 - side, CUE, side] = 1.0
    cue = validity * told[0] + (1.0 - validity) * told[1]
    outcome = _outcomes(5, reward_probability, punishment_probability, dependent_outcomes)
    model = generative_model(
        A=[np.eye(5), outcome, cue],
        B=[transitions(places), still(2)],
        D=[sure(CENTRE, 5), sure_or_uniform("reward_condition", reward_condition, 2)],
        A_dependencies=[[0], [0, 1], [0, 1]],
    )
    return hidden_world(model, (None, OUTCOME_REWARDS, None) if rewards is None else rewards, ends_on=ends_on)


def simplified_t_maze(
    *,
    reward_probability: Any = 1.0,
    punishment_probability: Any = 1.0,
    cue_validity: Any = 0.95,
    reward_condition: int | None = None,
    dependent_outcomes: bool = False,
    rewards: Any = None,
    ends_on: Any = None,
) -> HiddenWorld:
    """A T-maze of four places, each reached from each in one move.

    Places are 0 centre, 1 left arm, 2 right arm, 3 cue. Modalities are the place, with the cue in it (at the cue 3
    says left and 4 says right), and the outcome (0 nothing, 1 reward, 2 punishment). Arguments and errors are those
    of :func:`t_maze`.

    >>> import jax
    >>> world = simplified_t_maze(reward_condition=0)
    >>> _, state = world.reset(jax.random.key(0))
    >>> answer = world.step(jax.random.key(1), state, 1)  # into the left arm
    >>> [int(outcome) for outcome in answer.observation], float(answer.reward)
    ([1, 1], 1.0)
    """
    validity = probability("cue_validity", cue_validity)
    told = np.zeros((2, 5, 4, 2))
    for place in (CENTRE, LEFT_ARM, RIGHT_ARM):
        told[:, place, place] = 1.0
    for side in range(2):
        told[0, 3 + side, CUE, side] = told[1, 4 - side, CUE, side] = 1.0
    outcome = _outcomes(4, reward_probability, punishment_probability, dependent_outcomes)
    anywhere = np.tile(np.arange(4), (4, 1))
    model = generative_model(
        A=[validity * told[0] + (1.0 - validity) * told[1], outcome],
        B=[transitions(anywhere), still(2)],
        D=[sure(CENTRE, 4), sure_or_uniform("reward_condition", reward_condition, 2)],
    )
    return hidden_world(model, (None, OUTCOME_REWARDS) if rewards is None else rewards, ends_on=ends_on)


def _outcomes(num_places: int, reward: Any, punishment: Any, is_dependent: bool) -> Law:
    """Law of the outcome, ``(3, places, 2 sides)``."""
    reward = probability("reward_probability", reward)
    punishment = probability("punishment_probability", punishment)
    nothing, gain, loss = np.eye(3)
    if doors.flag("dependent_outcomes", is_dependent):
        right = reward * gain + (1.0 - reward) * loss
        wrong = reward * loss + (1.0 - reward) * gain
    else:
        right = reward * gain + (1.0 - reward) * nothing
        wrong = punishment * loss + (1.0 - punishment) * nothing
    is_right, is_wrong = np.zeros((num_places, 2)), np.zeros((num_places, 2))
    for side, arm in enumerate((LEFT_ARM, RIGHT_ARM)):
        is_right[arm, side] = is_wrong[arm, 1 - side] = 1.0
    elsewhere = 1.0 - is_right - is_wrong
    laws = ((nothing, elsewhere), (right, is_right), (wrong, is_wrong))
    return sum(law[:, None, None] * where[None] for law, where in laws)  # pyright: ignore[reportReturnType]
