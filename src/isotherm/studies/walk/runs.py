"""What the study of a walk forward computes: links of each training, what a cycle chose, and walks beside."""

import functools
import json
from typing import Any

import numpy as np

from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.keys import DEFAULTS
from isotherm.market.train.outcome import finished
from isotherm.market.train.problem import TrainingProblem
from isotherm.market.walk.forward import carried_on, cycle_record, cycle_task, walk_forward
from isotherm.market.walk.plan import CarriedOn, Walk
from isotherm.market.walk.trainers import Trainer, choice_of, random_trainer, training_problem
from isotherm.market.walk.verdict import joined_returns
from isotherm.random.keys import SEEDS
from isotherm.studies.market.pool_run import fingerprint_of, first_params
from isotherm.studies.market.training_inputs import periods_of
from isotherm.studies.market.training_links import effective_of, link_after, state_in
from isotherm.studies.walk.config import WalkConfig
from isotherm.studies.walk.inputs import prices_of, walk_for, walking
from isotherm.studies.walk.kept import arrays_of, carried_arrays, carried_in, record_from
from isotherm.study.base import Arrays
from isotherm.study.trees import prefixed

SHOWN = ("memory_days", "k")
"""Effective parameters that are drawn."""

APART = 1_000_003
"""Between the seeds of two walks by chance, whose cycles count on from there."""

_DEFAULTS = {
    name: DEFAULTS[name]
    for name in ("initial_memory_length", "initial_k_per_day", "initial_memory_length_delta")
} | {"rule": "momentum", "n_ensemble_members": 1}
"""The strategy that fingerprints begin with, and momentum."""


# ------------------------------------------------------------------------------
# The walk itself


def first_link(config: WalkConfig) -> Arrays:
    """The first iterations of the first cycle."""
    return _link(config, 0, walking(config).start, None)


def next_link(config: WalkConfig, number: int, is_first: bool, earlier: Arrays) -> Arrays:
    """Iterations after an earlier link; none where training is over, whose state then goes on unchanged.

    Args:
        config: of the study.
        number: of the cycle.
        is_first: whether the training begins here.
        earlier: the link before, or what the cycle before chose.
    """
    if not is_first:
        return _link(config, number, carried_in(earlier), earlier)
    return _link(config, number, carried_on(walking(config), record_from(earlier)), None)


def _link(config: WalkConfig, number: int, carried: CarriedOn, earlier: Arrays | None) -> Arrays:
    made = link_after(training_of(config, number, carried), earlier)
    return made.arrays | carried_arrays(carried)


def training_of(config: WalkConfig, number: int, carried: CarriedOn) -> TrainingProblem:
    """The training of a cycle, made once for all its links in a process."""
    params = {name: np.asarray(value).tolist() for name, value in (carried.params or {}).items()}
    return _training(config.model_dump_json(), number, json.dumps([params, carried.weights.tolist()]))


@functools.lru_cache(maxsize=1)
def _training(told: str, number: int, begun_with: str) -> TrainingProblem:
    config = WalkConfig.model_validate_json(told)
    params, weights = json.loads(begun_with)
    carried = CarriedOn({name: np.array(value) for name, value in params.items()} or None, np.array(weights))
    task = cycle_task(walking(config), number, carried)
    return training_problem(task, periods_of(config), config.decay_to)


def tested(config: WalkConfig, number: int, earlier: Arrays) -> Arrays:
    """What a cycle chose, and what came of it.

    Args:
        config: of the study.
        number: of the cycle.
        earlier: its last link.

    Returns:
        Arrays of :func:`.kept.arrays_of`, with the iteration and the set that were chosen and how many pairs were
        judged; ``effective/name``, ``(tokens,)``.
    """
    walk, carried = walking(config), carried_in(earlier)
    problem = training_of(config, number, carried)
    found = finished(problem, state_in(problem, earlier), [])
    record = cycle_record(walk, cycle_task(walk, number, carried), choice_of(found))
    told = {name: found.metadata[name] for name in ("epochs_trained", "iteration", "param_idx")}
    judged = int(np.size(found.state.descent.scores))
    effective = effective_of(problem, record.params | {"initial_weights": record.initial_weights})
    shown = {name: effective[name] for name in SHOWN if name in effective}
    return arrays_of(record, **told, judged=judged) | prefixed("effective", shown)


# ------------------------------------------------------------------------------
# Beside it


def default_walk(config: WalkConfig) -> Arrays:
    """The momentum pool of the defaults, which nothing chose, on the same cycles and at the same costs."""
    settings = fingerprint_of(config).replaced(**_DEFAULTS)
    params = {name: value[0] for name, value in first_params(settings).items() if np.ndim(value) == 2}
    walk = walk_for(config, settings, prices_of(config, settings["tokens"]))
    return _beside(walk, lambda task: params)


def chance_walk(config: WalkConfig, number: int) -> Arrays:
    """A walk whose parameters are drawn anew in each cycle, whatever the prices."""
    walk = walking(config)
    training = walk.settings["optimisation_settings"]
    seed = (training["initial_random_key"] + APART * (number + 1)) % SEEDS
    settings: Fingerprint = walk.settings.replaced(
        optimisation_settings=training | {"initial_random_key": seed}
    )
    return _beside(walk_for(config, settings, walk.prices), random_trainer())


def _beside(walk: Walk, trainer: Trainer) -> Arrays:
    return {"returns": joined_returns(list(walk_forward(walk, trainer))).pool}


def payload_of(payload: Any) -> tuple[int, int]:
    """The cycle and the link of a task's payload; the link is -1 where the cycle is tested."""
    return int(payload["cycle"]), int(payload.get("link", -1))
