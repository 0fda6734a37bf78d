"""Links of trainings, as chunks of a study hold them, and what the rule makes of parameters."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from isotherm.market.parameters.chain import convert_parameter_values
from isotherm.market.train.loop import begun, is_over, proceed
from isotherm.market.train.problem import TrainingProblem
from isotherm.market.train.records import Record
from isotherm.market.train.state import TrainingState
from isotherm.study.base import Arrays
from isotherm.study.trees import named_arrays, tree_of


class MadeLink(NamedTuple):
    """What some iterations led to.

    Attributes:
        arrays: of the state, to go on from.
        records: of the iterations; none of a training that is over, whose state goes on unchanged.
    """

    arrays: Arrays
    records: list[Record]


def link_after(problem: TrainingProblem, earlier: Mapping[str, np.ndarray] | None) -> MadeLink:
    """The next iterations.

    Args:
        problem: of the training.
        earlier: arrays of the link before; None: the training begins.
    """
    state, records = begun(problem) if earlier is None else state_in(problem, earlier), []
    if not is_over(problem, state):
        state, records = proceed(problem, state)
    return MadeLink(named_arrays(state), records)


def state_in(problem: TrainingProblem, arrays: Mapping[str, np.ndarray]) -> TrainingState:
    """The state that a link holds."""
    return tree_of(arrays, begun(problem))


def effective_of(
    problem: TrainingProblem, params: Mapping[str, Any], parameter_set: int | None = None
) -> dict[str, np.ndarray]:
    """What the rule makes of raw parameters, by name, a value a token; of rules that are averaged nothing.

    Args:
        problem: of the training.
        params: raw, of one set, or of several of which ``parameter_set`` is told.
        parameter_set: which.
    """
    if problem.settings["n_ensemble_members"] > 1:
        return {}
    memory, n = problem.whole.course.settings.max_memory_days, len(problem.settings["tokens"])
    told = convert_parameter_values(params, problem.settings, memory, parameter_set)["values"]
    return {name: np.resize(value, n) for name, value in told.items()}
