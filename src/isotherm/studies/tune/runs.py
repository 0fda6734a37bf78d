"""What the study of a tuning computes: one trial after another, then the best one where no trial looked."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isotherm.market.parameters.encoding import json_line
from isotherm.market.train.methods.optuna_study import ToldTrial
from isotherm.market.tune.found import best_trial
from isotherm.market.tune.plan import TunePlan
from isotherm.market.tune.trials import next_trial, walked
from isotherm.market.walk.forward import carried_on
from isotherm.market.walk.plan import CarriedOn
from isotherm.market.walk.tested import METRICS, CycleRecord
from isotherm.market.walk.verdict import joined_returns
from isotherm.studies.tune.config import TuneConfig
from isotherm.studies.tune.inputs import tuning_for
from isotherm.study.base import Arrays
from isotherm.study.trees import prefixed, under


def first_link(config: TuneConfig) -> Arrays:
    """The first trial."""
    return _link(tuning_for(config), [], {})


def next_link(config: TuneConfig, earlier: Arrays) -> Arrays:
    """The trial after an earlier link's."""
    return _link(tuning_for(config), told_in(earlier), earlier)


def _link(tuning: TunePlan, told: Sequence[ToldTrial], earlier: Mapping[str, np.ndarray]) -> Arrays:
    trial = next_trial(tuning, told)
    now = [*told, trial.told]
    own: Arrays = {}
    if trial.told.values is not None:
        carried = carried_on(tuning.walk, trial.records[-1])
        roles = {"tuned": best_trial(now) == len(told), "untuned": not told}
        for name in (name for name, is_it in roles.items() if is_it):
            own |= _carried_arrays(name, carried)
    return {
        **prefixed("carried", under(earlier, "carried")),
        **own,
        **_tests(trial.records),
        "told": np.array(json_line([one._asdict() for one in now])),
        "note": np.array(trial.note),
    }


def told_in(arrays: Mapping[str, np.ndarray]) -> list[ToldTrial]:
    """The trials that a link tells of, its own last."""
    found = json.loads(str(arrays["told"]))
    return [
        ToldTrial(
            one["params"],
            None if one["values"] is None else tuple(one["values"]),
            tuple(map(float, one["steps"])),
            one["is_pruned"],
        )
        for one in found
    ]


def _carried_arrays(role: str, carried: CarriedOn) -> Arrays:
    params = prefixed(f"carried/{role}/params", carried.params or {})
    return {f"carried/{role}/weights": np.asarray(carried.weights), **params}


def _carried_in(role: str, arrays: Mapping[str, np.ndarray]) -> CarriedOn | None:
    weights = arrays.get(f"carried/{role}/weights")
    return None if weights is None else CarriedOn(under(arrays, f"carried/{role}/params"), weights)


def _tests(records: Sequence[CycleRecord], prefix: str = "") -> Arrays:
    """Of the tests of cycles: daily returns one after another, and metrics; nothing where there are none."""
    if not records:
        return {}
    daily = joined_returns(records)._asdict()
    return {
        **prefixed(f"{prefix}returns", daily),
        f"{prefix}inside": np.array([[one.in_sample[name] for name in METRICS] for one in records]),
        f"{prefix}outside": np.array([[one.out_of_sample[name] for name in METRICS] for one in records]),
        f"{prefix}unix": np.concatenate([one.unix[1:] for one in records]),
    }


def held(config: TuneConfig, earlier: Arrays) -> Arrays:
    """The best trial and the first one, walked on through the cycles that no trial saw.

    Args:
        config: of the study.
        earlier: the last trial's link.

    Returns:
        Arrays of their tests, ``tuned/returns/pool`` and on; nothing of a trial that has no value.
    """
    tuning, told = tuning_for(config), told_in(earlier)
    numbers = {"tuned": best_trial(told), "untuned": 0}
    found: Arrays = {}
    for role, number in numbers.items():
        carried = _carried_in(role, earlier)
        if number is None or carried is None:
            continue
        cycles = range(tuning.num_cycles, len(tuning.walk.cycles))
        found |= _tests(list(walked(tuning, told[number].params, cycles, carried)), f"{role}/")
    return found


def words_of(told: ToldTrial, note: str) -> dict[str, Any]:
    """A trial as metrics hold it."""
    state = "given up" if told.is_pruned else "failed" if told.values is None else "whole"
    steps = [value if np.isfinite(value) else None for value in told.steps]
    values = None if told.values is None else list(told.values)
    return {"params": dict(told.params), "values": values, "steps": steps, "state": state, "note": note}
