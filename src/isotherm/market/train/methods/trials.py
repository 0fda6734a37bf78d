"""Trials of Optuna: rounds of parameter sets that are judged together, each suggested by all before. Section 7.7.

A trial is judged by one compiled call over all windows, so that there is nothing to give up on its way.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float64

from isotherm.learn.descend import DescentState, first_state, scored
from isotherm.market.objectives.periods import ALIASES
from isotherm.market.parameters.training_keys import SELECTION_METRICS
from isotherm.market.train.judge import Judge
from isotherm.market.train.methods.method import Method
from isotherm.market.train.methods.optuna_study import ToldTrial, journal, quiet, study_of
from isotherm.market.train.methods.space import SearchAxis, axes_of, filled
from isotherm.market.train.points import population_values
from isotherm.market.train.problem import TrainingProblem
from isotherm.random.keys import folded, named

METRIC_OF = {"returns": "return", "daily_sharpe": "sharpe"}
"""Metrics of a period that are an objective under another name."""


class TrialsTold(NamedTuple):
    """What a search by trials knows.

    Attributes:
        chosen: by each trial, ``(trials, axes)``.
        values: its objectives, ``(trials, objectives)``; not finite where it failed.
    """

    chosen: Float64[np.ndarray, "trials axes"]
    values: Float64[np.ndarray, "trials objectives"]


def _axes(problem: TrainingProblem) -> tuple[SearchAxis, ...]:
    return axes_of(problem.training["optuna_settings"], problem.params, problem.trained)


def _space(axes: tuple[SearchAxis, ...]) -> dict[str, Any]:
    with quiet() as library:
        kind = library.distributions.FloatDistribution
        return {axis.name: kind(axis.low, axis.high, log=axis.log_scale) for axis in axes}


def _num_objectives(settings: Mapping[str, Any]) -> int:
    return 3 if settings["multi_objective"] else 1


def _begun(problem: TrainingProblem) -> DescentState:
    axes = _axes(problem)
    nothing = np.zeros((0, _num_objectives(problem.training["optuna_settings"])))
    state = first_state(problem.params, optax.identity(), set_axis=0)
    return state._replace(memory=TrialsTold(np.zeros((0, len(axes))), nothing))


def _advanced(
    problem: TrainingProblem, state: DescentState, last: int, judge: Judge | None
) -> list[DescentState]:
    assert judge is not None  # each round is judged
    axes, seen = _axes(problem), []
    while int(state.step) < last:
        state = _round(problem, axes, state, judge)
        seen.append(state)
    return seen


def _round(
    problem: TrainingProblem, axes: tuple[SearchAxis, ...], state: DescentState, judge: Judge
) -> DescentState:
    """One trial for each set; the last round may have fewer, and repeats its last one."""
    told, total = state.memory, problem.training["optuna_settings"]["n_trials"]
    count = min(problem.num_sets, total - len(told.chosen))
    chosen = _asked(problem, axes, told, int(state.step), count)
    rows = filled(axes, chosen, problem.coordinates.size)
    rows = rows[np.minimum(np.arange(problem.num_sets), count - 1)]
    params = jax.tree.map(jnp.asarray, problem.coordinates.placed(rows, state.parameters))
    assert problem.points is not None
    found = population_values(problem.points, params)
    state = state._replace(
        parameters=params,
        averaged=params,
        step=np.asarray(state.step + 1),
        values=np.concatenate([state.values.reshape(-1, len(found)), found.mean(axis=1)[None]]),
    )
    state = scored(state, judge, set_axis=0)
    values = _objectives(problem, found, judge)[:count]
    told = TrialsTold(np.concatenate([told.chosen, chosen]), np.concatenate([told.values, values]))
    return state._replace(memory=told)


def _asked(
    problem: TrainingProblem, axes: tuple[SearchAxis, ...], told: TrialsTold, number: int, count: int
) -> Float64[np.ndarray, "trials axes"]:
    """What the trials of a round choose; the first of all is the start itself."""
    settings, space = problem.training["optuna_settings"], _space(axes)
    keys = folded(named(problem.key, "optuna"), np.asarray([number], np.uint32))
    seed = int(jax.random.bits(keys[0], (), "uint32"))
    study = study_of(_told(axes, told), space, _num_objectives(settings), seed, settings["n_startup_trials"])
    found = []
    if number == 0:
        study.enqueue_trial({axis.name: axis.start for axis in axes})
    with quiet():
        for _ in range(count):
            params = study.ask(space).params
            found.append([params[axis.name] for axis in axes])
    return np.asarray(found, np.float64)


def _told(axes: tuple[SearchAxis, ...], told: TrialsTold) -> list[ToldTrial]:
    found = []
    for chosen, values in zip(np.asarray(told.chosen).tolist(), np.asarray(told.values), strict=True):
        params = {axis.name: value for axis, value in zip(axes, chosen, strict=True)}
        found.append(ToldTrial(params, tuple(values.tolist()) if np.isfinite(values).all() else None))
    return found


def _objectives(
    problem: TrainingProblem, found: Float64[np.ndarray, "sets points"], judge: Judge
) -> Float64[np.ndarray, "sets objectives"]:
    """The mean over windows, less the penalty; of several objectives the worst window and the spread too."""
    settings = problem.training["optuna_settings"]
    mean = found.mean(axis=1) - settings["overfitting_penalty"] * _overfitting(problem, judge)
    parts = [mean, found.min(axis=1), -found.std(axis=1)] if settings["multi_objective"] else [mean]
    return np.stack(parts, axis=1)


def _overfitting(problem: TrainingProblem, judge: Judge) -> Float64[np.ndarray, " sets"]:
    """By how much fitted minutes are better than those held back, in the objective's metric; 0 without such."""
    assert judge.found is not None
    if not problem.split.validation:
        return np.zeros(problem.num_sets)
    metric = penalised_metric(problem.settings["return_val"], problem.training["early_stopping_metric"])
    name = ALIASES.get(metric, metric)
    fitted, held = (np.asarray(getattr(judge.found.metrics[part], name)) for part in ("train", "validation"))
    return np.maximum(np.nan_to_num(fitted - held, nan=0.0, posinf=0.0, neginf=0.0), 0.0)


def penalised_metric(objective: str, otherwise: str) -> str:
    """The metric of a period that an objective is; where it is none, the one by which steps are chosen.

    >>> penalised_metric("daily_sharpe", "calmar"), penalised_metric("annualised_returns", "calmar")
    ('sharpe', 'calmar')
    """
    name = METRIC_OF.get(objective, objective)
    return name if name in SELECTION_METRICS else otherwise


def _is_settled(problem: TrainingProblem, state: DescentState) -> bool:
    """Whether enough trials in a row were no better than the best before them, where that is asked for."""
    stopping = problem.training["optuna_settings"]["early_stopping"]
    if not stopping["enabled"]:
        return False
    values = np.asarray(state.memory.values)[:, 0]
    return trials_waited(values, stopping["min_improvement"]) >= stopping["patience"]


def trials_waited(values: Float64[np.ndarray, " trials"], least: float) -> int:
    """Trials since one was better than all before it by at least so much; the first finite one counts as better.

    >>> trials_waited(np.array([0.1, 0.3, 0.3001, 0.2]), 1e-3)
    2
    """
    best, waited = -np.inf, 0
    for value in values.tolist():
        is_better = np.isfinite(value) and value >= best + least
        best, waited = (value, 0) if is_better else (best, waited + 1)
    return waited


def trials_journal(problem: TrainingProblem, state: DescentState) -> bytes:
    """All trials as a journal file of Optuna, which its dashboard reads.

    Args:
        problem: of a training with the method ``"optuna"``.
        state: the ``descent`` of its state.
    """
    axes, settings = _axes(problem), problem.training["optuna_settings"]
    name = settings["study_name"] or problem.settings.run_location()
    return journal(name, _told(axes, state.memory), _space(axes), _num_objectives(settings))


def _each(problem: TrainingProblem) -> int:
    return 1


METHOD = Method(_begun, _advanced, is_settled=_is_settled, interval=_each, waits=False)
"""Trials, a step a round of as many as ``n_jobs``."""
