"""Records of cycles as arrays that a chunk holds, and back; and what a cycle is begun with."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.market.parameters.encoding import json_line
from isotherm.market.walk.cycles import WalkCycle
from isotherm.market.walk.plan import CarriedOn
from isotherm.market.walk.regimes import MarketRegime
from isotherm.market.walk.tested import METRICS, CycleRecord
from isotherm.study.base import Arrays
from isotherm.study.trees import prefixed, under

SERIES = ("initial_weights", "final_weights", "unix", "prices", "weights", "value", "hodl", "uniform_hodl")


def arrays_of(record: CycleRecord, **others: Any) -> Arrays:
    """Arrays of a record.

    Args:
        record: of a cycle.
        **others: besides, what JSON has a word for.
    """
    words = {
        "cycle": record.cycle,
        "train_regime": record.train_regime,
        "test_regime": record.test_regime,
        "run_location": record.run_location,
        "notes": record.notes,
    }
    haircut = np.nan if record.haircut is None else record.haircut
    return {
        **prefixed("params", record.params),
        **{name: np.asarray(getattr(record, name)) for name in SERIES},
        "inside": np.array([record.in_sample[name] for name in METRICS]),
        "outside": np.array([record.out_of_sample[name] for name in METRICS]),
        "told": np.array([record.efficiency, record.gap, haircut]),
        "words": np.array(json_line(words | others)),
    }


def record_from(arrays: Mapping[str, np.ndarray]) -> CycleRecord:
    """The record whose :func:`arrays_of` these are."""
    words = words_in(arrays)
    efficiency, gap, haircut = map(float, arrays["told"])
    return CycleRecord(
        cycle=WalkCycle(*words["cycle"]),
        params=under(arrays, "params"),
        in_sample=dict(zip(METRICS, map(float, arrays["inside"]), strict=True)),
        out_of_sample=dict(zip(METRICS, map(float, arrays["outside"]), strict=True)),
        efficiency=efficiency,
        gap=gap,
        haircut=None if np.isnan(haircut) else haircut,
        train_regime=MarketRegime(*words["train_regime"]),
        test_regime=MarketRegime(*words["test_regime"]),
        run_location=words["run_location"],
        notes=tuple(words["notes"]),
        **{name: arrays[name] for name in SERIES},
    )


def words_in(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What arrays of a record tell besides numbers."""
    return json.loads(str(arrays["words"]))


def carried_arrays(carried: CarriedOn) -> Arrays:
    """What a cycle began with, as arrays beside those of its training."""
    return {"carried_weights": np.asarray(carried.weights), **prefixed("carried", carried.params or {})}


def carried_in(arrays: Mapping[str, np.ndarray]) -> CarriedOn:
    """The same from those arrays."""
    return CarriedOn(under(arrays, "carried") or None, arrays["carried_weights"])
