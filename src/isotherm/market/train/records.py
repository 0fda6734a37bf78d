"""Records of the steps of a training, as result files hold them. Section 1.13."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from isotherm.market.parameters.encoding import NESTED
from isotherm.market.train.evaluation import Evaluated, told

Record = dict[str, Any]


class StepTold(NamedTuple):
    """What is known after a step.

    Attributes:
        step: its number, from 0.
        objective: before it, of each set, ``(sets,)``.
        params: after it, ``(sets, ...)`` each.
        rate: that it was taken with, the largest of all sets.
        waited: steps since the best pair of step and set.
    """

    step: int
    objective: Float[np.ndarray, " sets"]
    params: Mapping[str, np.ndarray]
    rate: float
    waited: int


def step_record(step: StepTold, found: Evaluated | None, has_validation: bool) -> Record:
    """The record of a step; metrics are None where it was not judged.

    Args:
        step: what is known.
        found: of all sets, where it was judged.
        has_validation: whether minutes are held back for choosing.
    """
    parts = ["train", "test", *(["validation"] if has_validation else [])]
    metrics = {part: None if found is None else _of_sets(found, part, len(step.objective)) for part in parts}
    record = {
        "step": step.step,
        "objective": step.objective.tolist(),
        "train_objective": metrics["train"],
        "test_objective": metrics["test"],
        "continuous_test_metrics": metrics["test"],
        "hessian_trace": 0,
        "local_learning_rate": step.rate,
        "iterations_since_improvement": step.waited,
        NESTED: [],
        **{name: np.asarray(value).tolist() for name, value in step.params.items()},
    }
    return record | ({"validation_metrics": metrics["validation"]} if has_validation else {})


def _of_sets(found: Evaluated, part: str, sets: int) -> list[dict[str, float]] | None:
    if part not in found.metrics:
        return None
    return [told(found.metrics[part], chosen) for chosen in range(sets)]


def first_record(settings: Mapping[str, Any]) -> Record:
    """Record 0: all settings, and how they were trained."""
    method = settings["optimisation_settings"]["method"]
    return {**settings, "alphabetic": True, "training_method": method}


def all_records(settings: Mapping[str, Any], records: Sequence[Record]) -> tuple[Record, ...]:
    """The records of a file, the settings first."""
    return (first_record(settings), *records)
