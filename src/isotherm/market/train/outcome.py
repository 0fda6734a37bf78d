"""What a training chooses, and what is told of it. Section 7.5."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from isotherm import doors
from isotherm.errors import refusal
from isotherm.learn.descend import BestStep, DescentState, best_step
from isotherm.market.parameters.start import Parameters
from isotherm.market.train.evaluation import Evaluated, evaluated, selection_scores, told
from isotherm.market.train.problem import TrainingProblem
from isotherm.market.train.records import Record, all_records
from isotherm.market.train.state import TrainingState, check_training, on_device, scores_of


@dataclass(frozen=True, eq=False)
class Training:
    """What a training found.

    Attributes:
        params: raw parameters of the chosen set, ``(n,)`` each, float64.
        metadata: ``method``, ``epochs_trained``, ``final_objective``; of all sets ``best_train_metrics`` and
            ``last_train_metrics``, as of ``val`` and ``continuous_test`` where there are such minutes; of the choice
            ``param_idx`` and ``iteration``; ``final_reserves`` and ``final_weights`` at the end of the window,
            ``selection_method``, ``selection_metric``, ``checkpoint_returns``, ``run_location``, ``run_fingerprint``.
        records: of every iteration, the settings first, for :func:`isotherm.market.write_records`.
        notes: lines for people.
        state: to go on from.
    """

    params: Parameters
    metadata: Mapping[str, Any]
    records: tuple[Record, ...]
    notes: tuple[str, ...]
    state: TrainingState


def finished(problem: TrainingProblem, state: TrainingState, records: list[Record]) -> Training:
    """What a training chooses.

    Args:
        problem: of the training.
        state: after its last link.
        records: of all its iterations.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming ``early_stopping_metric``, if no set ever had a value of it; or ``state``, if it is that
            before the first iteration.
    """
    check_training(problem, state)
    doors.sequence("records", records, "a list of records")
    if not len(state.descent.values):
        raise refusal("state", "begun", "must be after an iteration")
    with jax.enable_x64(True):
        descent = on_device(state.descent)
        best = best_step(scores_of(descent), descent.scored_at)
        chosen, method = descent.best, "best_step_and_set"
        metric = problem.training["early_stopping_metric"]
        if best.step == 0:
            raise refusal("early_stopping_metric", metric, "had no value at any step, in any set")
        mean = _mean_of_steps(problem, descent)
        if mean is not None:
            chosen, method = mean, "stochastic_weight_averaging"
            scores = selection_scores(evaluated(problem.whole, mean), problem.split.judged, metric)
            best = BestStep(float(np.nanmax(scores)), int(descent.step), int(np.nanargmax(scores)))
        ends = {
            "best": evaluated(problem.whole, chosen),
            "last": evaluated(problem.whole, descent.parameters),
        }
        ends = jax.tree.map(np.asarray, ends)
    return Training(
        params={name: np.asarray(value[best.set]) for name, value in chosen.items()},
        metadata=_metadata(problem, state, best, ends, method),
        records=all_records(problem.settings, records),
        notes=problem.notes,
        state=state,
    )


def _mean_of_steps(problem: TrainingProblem, state: DescentState) -> dict[str, Array] | None:
    """Stochastic weight averaging, where it is asked for and began; what is not trained has no mean but itself."""
    if problem.training["method"] != "gradient_descent" or problem.climber.rules.averaged is None:
        return None
    count = state.optimizer.num_averaged
    if not (np.asarray(count) > 0).all():
        return None
    return {
        name: total / count.astype(total.dtype).reshape(-1, *[1] * (total.ndim - 1))
        if problem.trained[name]
        else state.parameters[name]
        for name, total in state.optimizer.total.items()
    }


def _metadata(
    problem: TrainingProblem, state: TrainingState, best: BestStep, ends: Mapping[str, Evaluated], method: str
) -> dict[str, Any]:
    names = {"train": "train", "validation": "val", "test": "continuous_test"}
    sets = problem.num_sets
    metrics = {
        f"{when}_{names[part]}_metrics": [told(found.metrics[part], one) for one in range(sets)]
        for when, found in ends.items()
        for part in problem.split.parts
    }
    trial = best.step - 1 if problem.training["method"] == "optuna" else -1
    return {
        "method": problem.training["method"],
        "epochs_trained": int(state.descent.step),
        "final_objective": float(state.descent.values[trial][best.set]),
        **metrics,
        "param_idx": best.set,
        "iteration": best.step - 1,
        "final_reserves": ends["best"].final_reserves[best.set],
        "final_weights": ends["best"].final_weights[best.set],
        "selection_method": method,
        "selection_metric": f"{problem.split.judged}: {problem.training['early_stopping_metric']}",
        "checkpoint_returns": state.checkpoint_returns,
        "run_location": problem.settings.run_location(),
        "run_fingerprint": problem.settings,
    }
