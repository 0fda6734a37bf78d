"""One trial of a tuning: it chooses, walks forward, and may be given up on its way. Section 7.10."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from isotherm import doors
from isotherm.market.train.methods.optuna_study import ToldTrial, quiet, study_of
from isotherm.market.tune.metrics import tuning_metric
from isotherm.market.tune.plan import TunePlan
from isotherm.market.tune.space import TuneAxis, settings_with, starting_choice
from isotherm.market.walk.forward import carried_on, cycle_record, cycle_task
from isotherm.market.walk.plan import CarriedOn
from isotherm.market.walk.tested import CycleRecord
from isotherm.market.walk.trainers import Trainer, gradient_trainer
from isotherm.random.keys import folded, named, seeded


class TuneTrial(NamedTuple):
    """A trial that is over.

    Attributes:
        told: what the next ones learn from.
        records: of its cycles; fewer where it was given up.
        note: why it failed; empty where it did not.
    """

    told: ToldTrial
    records: tuple[CycleRecord, ...]
    note: str


def next_trial(tuning: TunePlan, told: Sequence[ToldTrial], trainer: Trainer | None = None) -> TuneTrial:
    """The trial after those that are told: it chooses, walks, and is given up where it is not among the best.

    A trial whose settings are refused has failed, and says why.

    Args:
        tuning: of :func:`tuning_of`.
        told: trials so far, oldest first.
        trainer: of each cycle; None: :func:`.gradient_trainer`, which trains by the method of the settings.

    Raises:
        TypeError: if an argument is of another kind.
    """
    check_tuning(tuning, told, trainer)
    study = _study(tuning, told)
    with quiet():
        live = study.ask()
        chosen = _chosen(tuning.axes, live)
        records: list[CycleRecord] = []
        steps: list[float] = []
        try:
            for record in walked(tuning, chosen, range(tuning.num_cycles), tuning.walk.start, trainer):
                records.append(record)
                steps.append(tuning_metric(tuning.metrics[0], records))
                if len(records) < tuning.num_cycles and _is_given_up(tuning, live, steps):
                    return TuneTrial(ToldTrial(chosen, None, tuple(steps), True), tuple(records), "")
        except ValueError as error:
            return TuneTrial(ToldTrial(chosen, None, tuple(steps)), tuple(records), str(error))
    values = tuple(tuning_metric(name, records) for name in tuning.metrics)
    if not np.isfinite(values).all():
        return TuneTrial(ToldTrial(chosen, None, ()), tuple(records), "a metric has no value in any cycle")
    return TuneTrial(ToldTrial(chosen, values, tuple(steps)), tuple(records), "")


def _is_given_up(tuning: TunePlan, live: Any, steps: Sequence[float]) -> bool:
    if len(tuning.metrics) > 1 or tuning.kept_percent == 100 or not np.isfinite(steps[-1]):
        return False
    live.report(steps[-1], len(steps) - 1)
    return bool(live.should_prune())


def walked(
    tuning: TunePlan,
    chosen: Mapping[str, Any],
    cycles: range,
    carried: CarriedOn,
    trainer: Trainer | None = None,
) -> Iterator[CycleRecord]:
    """Cycles of the walk with what a trial chose, each record as soon as it is there.

    Args:
        tuning: of :func:`tuning_of`.
        chosen: by axis.
        cycles: numbers of them.
        carried: what the first of them begins with.
        trainer: of each cycle; None: :func:`.gradient_trainer`.
    """
    settings = settings_with(tuning.walk.settings, chosen, tuning.metrics[0])
    walk = dataclasses.replace(tuning.walk, settings=settings)
    choose = gradient_trainer() if trainer is None else trainer
    for number in cycles:
        task = cycle_task(walk, number, carried)
        record = cycle_record(walk, task, choose(task))
        carried = carried_on(walk, record)
        yield record


def _study(tuning: TunePlan, told: Sequence[ToldTrial]) -> Any:
    """That knows the trials so far; its first one is the settings as they are."""
    key = named(seeded(tuning.walk.settings["optimisation_settings"]["initial_random_key"]), "tuning")
    seed = jax.random.bits(folded(key, np.array([len(told)], np.uint32))[0], (), "uint32")
    with quiet() as library:
        pruner = library.pruners.PercentilePruner(tuning.kept_percent, n_startup_trials=tuning.num_startup)
        study = study_of(
            told, distributions(tuning), len(tuning.metrics), int(seed), tuning.num_startup, pruner=pruner
        )
        if not told:
            study.enqueue_trial(starting_choice(tuning.axes, tuning.walk.settings, tuning.metrics[0]))
    return study


def _chosen(axes: Sequence[TuneAxis], live: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for axis in axes:
        if not axis.counts(found):
            continue
        if axis.choices:
            found[axis.name] = live.suggest_categorical(axis.name, axis.choices)
        elif axis.is_whole:
            found[axis.name] = live.suggest_int(axis.name, axis.low, axis.high, log=axis.log_scale)
        else:
            found[axis.name] = live.suggest_float(axis.name, axis.low, axis.high, log=axis.log_scale)
    return found


def distributions(tuning: TunePlan) -> dict[str, Any]:
    """Of the library, by axis."""
    found: dict[str, Any] = {}
    with quiet() as library:
        kinds = library.distributions
        for axis in tuning.axes:
            if axis.choices:
                found[axis.name] = kinds.CategoricalDistribution(axis.choices)
            else:
                kind = kinds.IntDistribution if axis.is_whole else kinds.FloatDistribution
                found[axis.name] = kind(axis.low, axis.high, log=axis.log_scale)
    return found


def check_tuning(tuning: Any, told: Any = (), trainer: Any = None) -> None:
    """Refuse what is no tuning, no told trials or no trainer.

    Raises:
        TypeError: naming it.
    """
    doors.instance("tuning", tuning, TunePlan, "a TunePlan", "tuning_of makes one")
    for one in doors.sequence("told", told, "a list of told trials"):
        doors.instance("told", one, ToldTrial, "told trials", "the told of a TuneTrial")
    if trainer is not None:
        doors.function("trainer", trainer, "a function of a CycleTask", num_arguments=1)
