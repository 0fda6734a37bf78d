"""What the study of a training computes: links of iterations, and in the end what was chosen beside other pools."""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.market.backtest import Backtest
from isotherm.market.objectives.periods import period_metrics
from isotherm.market.parameters.encoding import json_line
from isotherm.market.prices.clock import MINUTE_MS, MINUTES_PER_DAY, date_of, unix_ms
from isotherm.market.train.outcome import Training, finished
from isotherm.market.train.problem import TrainingProblem
from isotherm.studies.market.pool_run import (
    constant_weights,
    fingerprint_of,
    first_params,
    pool_played,
    table_of,
)
from isotherm.studies.market.runs import kept_rows, series_arrays
from isotherm.studies.market.strategy_map import settings_at
from isotherm.studies.market.training_inputs import problem_for
from isotherm.studies.market.training_links import effective_of, link_after, state_in
from isotherm.studies.train.config import TrainConfig
from isotherm.studies.train.links import Record, with_records
from isotherm.study.base import Arrays
from isotherm.study.trees import prefixed, under

BESIDE = ("untrained", "constant")
"""Pools beside the trained one: that of its first parameters, and that of its first weights."""

NOT_DRAWN = (
    "lamb", "lamb_1", "lamb_2", "initial_weights", "minimum_weight", "maximum_change", "chunk_period",
    "weight_interpolation_period",
)  # fmt: skip
"""Effective parameters without a way: settings, weights that are not trained, and what memory says in days."""


def training_of(config: TrainConfig) -> TrainingProblem:
    """The training of a config, made once in a process, so that later links compile nothing."""
    return _training(config.model_dump_json())


@functools.lru_cache(maxsize=1)
def _training(settings: str) -> TrainingProblem:
    return problem_for(TrainConfig.model_validate_json(settings))


def first_link(config: TrainConfig) -> Arrays:
    """The first iterations."""
    return _link(config, None)


def next_link(config: TrainConfig, earlier: Arrays) -> Arrays:
    """Iterations after an earlier link; none where training is over, whose state then goes on unchanged."""
    return _link(config, earlier)


def _link(config: TrainConfig, earlier: Arrays | None) -> Arrays:
    problem = training_of(config)
    made = link_after(problem, earlier)
    return with_records(made.arrays, made.records) | _way(problem, made.records)


def _way(problem: TrainingProblem, records: list[Record]) -> Arrays:
    """Effective parameters after iterations that were judged, ``way/name`` of shape ``(judged, sets, tokens)``."""
    judged = [record for record in records if record["train_objective"] is not None]
    if not judged:
        return {}
    sets = range(problem.num_sets)
    rows = [[_effective(problem, _params_in(problem, record), one) for one in sets] for record in judged]
    found = {name: np.array([[one[name] for one in row] for row in rows]) for name in rows[0][0]}
    return prefixed("way", found)


def _params_in(problem: TrainingProblem, record: Record) -> dict[str, np.ndarray]:
    return {name: np.asarray(record[name], np.float64) for name in problem.params}


def _effective(
    problem: TrainingProblem, params: Mapping[str, Any], parameter_set: int | None = None
) -> dict[str, np.ndarray]:
    found = effective_of(problem, params, parameter_set)
    return {name: value for name, value in found.items() if name not in NOT_DRAWN}


def outcome(config: TrainConfig, earlier: Arrays) -> Arrays:
    """What was chosen, played through all parts beside other pools.

    Args:
        config: of the study.
        earlier: the last link.

    Returns:
        Series an hour apart as of a backtest, ``untrained`` and ``constant`` beside; ``part/name``, first and last
        minute of each; ``metric/pool/part/name``; ``daily/pool/part``; ``params/name``, which were chosen;
        ``effective/name`` of those and ``first/name`` of the first; ``told``, JSON.
    """
    problem = training_of(config)
    found = finished(problem, state_in(problem, earlier), [])
    settings, table = fingerprint_of(config), table_of(config, problem.settings["tokens"])
    first = {name: np.asarray(value[0]) for name, value in problem.params.items()}
    own = {"trained": (settings, found.params), "untrained": (settings, first)}
    own["constant"] = constant_weights(settings, first)
    pools = {name: pool_played(config, used, params, table) for name, (used, params) in own.items()}
    chosen = pools["trained"]
    at = kept_rows(len(chosen.value))
    return {
        **series_arrays(chosen),
        **{name: pools[name].value[at] for name in BESIDE},
        **prefixed("part", problem.split.parts),
        **_metrics(problem, pools),
        **_daily(problem, pools),
        **prefixed("params", found.params),
        **prefixed("effective", _effective(problem, found.params)),
        **prefixed("first", _effective(problem, first)),
        "told": np.array(json_line(_told(problem, found))),
    }


def _metrics(problem: TrainingProblem, pools: Mapping[str, Backtest]) -> Arrays:
    found = {}
    for pool, played in pools.items():
        for part, (first, last) in problem.split.parts.items():
            rows = slice(first, last)
            told = period_metrics(played.value[rows], played.reserves[rows], played.prices[rows]).in_files()
            found |= {f"metric/{pool}/{part}/{name}": value for name, value in told.items()}
    return found


def _daily(problem: TrainingProblem, pools: Mapping[str, Backtest]) -> Arrays:
    """Logarithms of values a day apart, ``daily/pool/part``; HODL holds what the trained pool begins a part with."""
    trained, found = pools["trained"], {}
    for part, (first, last) in problem.split.parts.items():
        rows = slice(first, last, MINUTES_PER_DAY)
        values = {name: played.value[rows] for name, played in pools.items()}
        values["hodl"] = trained.prices[rows] @ trained.reserves[first]
        values["uniform_hodl"] = (trained.prices[rows] / trained.prices[first]).mean(1)
        found |= {f"daily/{name}/{part}": np.log(value) for name, value in values.items()}
    return found


def _told(problem: TrainingProblem, found: Training) -> dict[str, Any]:
    names = (
        "epochs_trained",
        "param_idx",
        "iteration",
        "selection_method",
        "selection_metric",
        "final_weights",
    )
    return {
        **{name: found.metadata[name] for name in names},
        "judged": int(np.size(found.state.descent.scores)),
        "notes": list(found.notes),
    }


def map_row(config: TrainConfig, memory_days: float) -> Arrays:
    """The metric by which steps are chosen, over the fitted minutes, for each ``k_per_day`` at one memory.

    Returns:
        ``metric``, ``(len(k_grid),)``.
    """
    problem = training_of(config)
    settings = problem.settings
    end = date_of(unix_ms("start", settings["startDateString"]) + MINUTE_MS * (problem.split.fitted - 1))
    cut = settings.replaced(endDateString=end, endTestDateString=None)
    metric, table, found = problem.training["early_stopping_metric"], table_of(config, settings["tokens"]), []
    for k in config.k_grid:
        params = first_params(settings_at(cut, memory_days, k))
        found.append(pool_played(config, cut, params, table, 0).metrics()["train"][metric])
    return {"metric": np.array(found)}


def played_again(
    config: TrainConfig, arrays: Mapping[str, np.ndarray]
) -> tuple[Backtest, dict[str, np.ndarray]]:
    """The chosen pool as it was played, whose state is not stored, and its parameters.

    Args:
        config: of the run.
        arrays: of the run.
    """
    params = under(arrays, "params")
    return pool_played(config, fingerprint_of(config), params), params
