"""The state of a training: a pytree of arrays, on the host between links and on the device within them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64

from isotherm import doors
from isotherm.learn.descend import DescentState
from isotherm.market.train.problem import TrainingProblem
from isotherm.market.train.selection import steps_since_best

_OF_SETS = ("parameters", "averaged", "optimizer", "memory", "best")


class TrainingState(NamedTuple):
    """All that the next iteration needs: a pytree of arrays.

    Attributes:
        descent: parameters of all sets, of their optimisers, the best of each, and all scores; of
            :func:`isotherm.learn.descend`.
        checkpoint_returns: daily logarithmic returns over equal parts held, means over sets, every
            ``checkpoint_interval`` iterations, ``(checkpoints, days - 1)``; empty where they are not tracked.
    """

    descent: DescentState
    checkpoint_returns: Float64[np.ndarray, "checkpoints days"]


def on_host(state: TrainingState) -> TrainingState:
    """Arrays of NumPy, which are float64 wherever they are looked at."""
    return jax.tree.map(np.asarray, state)


def on_device(state: DescentState) -> DescentState:
    """With arrays of JAX again."""
    arrays = {name: jax.tree.map(jnp.asarray, getattr(state, name)) for name in _OF_SETS}
    return state._replace(**arrays)


def scores_of(state: DescentState) -> Float64[np.ndarray, "scores sets"]:
    """Scores of all evaluations so far, ``(scores, sets)``; without any ``(0, sets)``."""
    sets = jax.tree.leaves(state.parameters)[0].shape[0]
    return state.scores.reshape(len(state.scored_at), sets)


def steps_waited(state: TrainingState) -> int:
    """Steps since the best pair of step and set."""
    return steps_since_best(scores_of(state.descent), state.descent.scored_at, int(state.descent.step))


def check_training(problem: Any, *states: Any) -> None:
    """Refuse what is no problem, or no state.

    Raises:
        TypeError: naming it.
    """
    doors.instance("problem", problem, TrainingProblem, "a TrainingProblem", "problem_of makes one")
    for state in states:
        doors.instance("state", state, TrainingState, "a TrainingState", "begun makes the first one")
