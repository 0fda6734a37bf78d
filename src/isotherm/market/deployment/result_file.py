"""What a result file holds, told before anybody relies on it; and the one parameter set that is chosen from it."""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from isotherm import doors
from isotherm.errors import refusal
from isotherm.files.place import read_named
from isotherm.market.parameters.chain import convert_parameter_values
from isotherm.market.parameters.checkpoint import (
    MAX_BYTES,
    Location,
    Record,
    read_records,
    result_file,
    trimmed,
)
from isotherm.market.parameters.encoding import NESTED
from isotherm.market.parameters.fingerprint import Fingerprint, unknown_settings
from isotherm.market.parameters.keys import BOOKKEEPING
from isotherm.market.parameters.names import known_word
from isotherm.market.parameters.restore import set_of, split_record
from isotherm.market.parameters.selection import (
    DEFAULT_METRIC,
    METHODS,
    Checkpoint,
    is_new_format,
    select,
    values_on_test,
    values_on_train,
)  # fmt: skip
from isotherm.market.parameters.start import Parameters

DEFAULT_METHOD = "best_train_objective"


class Selection(NamedTuple):
    """How one parameter set is chosen.

    Attributes:
        method: one of :data:`.selection.METHODS`.
        metric_key: of metric dicts.
        parameter_set: in the place of the set that the method chooses; needed where it chooses none, or several.
        threshold: what the other value has to reach, for ``_min_`` methods.
    """

    method: str = DEFAULT_METHOD
    metric_key: str = DEFAULT_METRIC
    parameter_set: int | None = None
    threshold: float = 0.0


DEFAULT_SELECTION = Selection()


class ChosenSet(NamedTuple):
    """One parameter set of a result file.

    Attributes:
        params: raw, float64, of the chosen set; with the axis of sets if none was.
        record: its number, from 1.
        step: what the record calls it.
        set: its index; None if none was chosen.
    """

    params: Parameters
    record: int
    step: int
    set: int | None


@dataclass(frozen=True)
class ResultFileLook:
    """What a result file holds.

    Attributes:
        path: of the file, or of the run.
        encoding: ``"JSON Lines"``, ``"JSON list"``, ``"JSON in a JSON text"``, or what else lies there, in words.
        settings: the first record.
        unknown: its settings that are not known.
        records: of steps, after those that were begun again are left out.
        steps: first and last number of a step; None without steps.
        num_sets: parameter sets of each.
        metrics: ``"metrics by name"`` (new), ``"one number a set"`` (old), or ``"none"``.
        best: by each method the checkpoint with its values, or the reason why there is none.
        chosen: the checkpoint that was asked for, or None.
        effective: by name, what a rule makes of its parameters; None if that cannot be said.
        notes: what was passed over.
        faults: what makes the file unfit to be exported, a line each.
    """

    path: str
    encoding: str
    settings: Record
    unknown: tuple[str, ...]
    records: int
    steps: tuple[int, int] | None
    num_sets: int
    metrics: str
    best: Mapping[str, Mapping[str, Any] | str]
    chosen: Mapping[str, Any] | None
    effective: Mapping[str, Any] | None
    notes: tuple[str, ...]
    faults: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON has it, but for the settings, of which the file is at hand."""
        settings = {key: self.settings.get(key) for key in SHOWN_SETTINGS}
        parts = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "settings"}
        return {"kind": "result file", "fingerprint": settings, **parts}


SHOWN_SETTINGS = (
    "rule", "tokens", "startDateString", "endDateString", "endTestDateString", "chunk_period",
    "weight_interpolation_period", "maximum_change", "minimum_weight", "max_memory_days", "fees",
)  # fmt: skip


def fingerprint_of_file(settings: Mapping[str, Any]) -> tuple[Fingerprint, tuple[str, ...]]:
    """Settings that any tool wrote, and what is to be said of them.

    Raises:
        ValueError: naming a known setting of another kind or out of range, such as an unknown rule.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = Fingerprint.foreign(settings)
        except TypeError as error:  # a file has no kinds of its own
            raise ValueError(str(error)) from None
    return found, tuple(str(one.message) for one in caught)


def chosen_set_of(records: list[Record], how: Selection = DEFAULT_SELECTION) -> ChosenSet:
    """One set of parameters from the records of a file, see :func:`.checkpoint.read_records`.

    Raises:
        ValueError: naming what was asked for, if it chooses several steps or there is no such set.
    """
    records = trimmed(records)
    found = select(records, known_word("select", how.method, METHODS), how.metric_key, True, how.threshold)
    if isinstance(found, list):
        if how.parameter_set is None:
            allowed = f"chooses a step for each of {len(found)} sets; choose one of them by parameter_set"
            raise refusal("select", how.method, allowed)
        if not 0 <= how.parameter_set < len(found):
            raise refusal("parameter_set", how.parameter_set, f"must be 0 .. {len(found) - 1}")
        found = found[how.parameter_set]
    params, _ = split_record(records[found.record])
    chosen = found.set if how.parameter_set is None else how.parameter_set
    if chosen is not None:
        doors.whole("parameter_set", chosen, 0, max(num_sets_of(params) - 1, 0))
        params = set_of(params, chosen)
    return ChosenSet(params, found.record, found.step, chosen)


def num_sets_of(params: Parameters) -> int:
    """Length of the leading axis of parameters ``(sets, ...)``; 0 without any."""
    return max((len(value) for key, value in params.items() if key != NESTED and value.ndim), default=0)


def look_into(location: Location, how: Selection = DEFAULT_SELECTION) -> ResultFileLook:
    """What a result file holds.

    Args:
        location: of the file, with or without its suffix.
        how: which parameter set to look at closely.

    Raises:
        FileNotFoundError: naming ``location``, if there is none.
        ValueError: naming ``location`` if it is damaged, or a method that is unknown.
    """
    known_word("select", how.method, METHODS)
    path = result_file(location)
    everything = read_records(path)
    text = read_named(path, MAX_BYTES).decode("utf-8")
    return look_at(everything, str(path), _encoding(text), _notes_on(text), how)


def look_at(
    everything: list[Record],
    path: str,
    encoding: str,
    notes: Sequence[str] = (),
    how: Selection = DEFAULT_SELECTION,
) -> ResultFileLook:
    """What records tell, wherever they were read.

    Args:
        everything: the settings, then records of steps.
        path: of where they were read.
        encoding: of what lies there, in words.
        notes: what was passed over in reading.
        how: which parameter set to look at closely.

    Raises:
        ValueError: naming a method that is unknown.
    """
    known_word("select", how.method, METHODS)
    records = trimmed(everything)
    settings, steps = records[0], records[1:]
    notes, faults = [*notes, *_again(everything, records)], []
    unknown = tuple(name for name in unknown_settings(settings) if name not in BOOKKEEPING)
    fingerprint = None
    try:
        fingerprint, _ = fingerprint_of_file(settings)
    except ValueError as error:
        faults.append(str(error))
    chosen = effective = None
    if not steps:
        notes.append("there is no step yet")
    else:
        try:
            chosen = chosen_set_of(everything, how)
            if fingerprint is not None:
                effective = convert_parameter_values(chosen.params, fingerprint.with_defaults())["values"]
        except ValueError as error:
            faults.append(str(error))
    return ResultFileLook(
        path=path,
        encoding=encoding,
        settings=settings,
        unknown=unknown,
        records=len(steps),
        steps=(_step(steps[0], 0), _step(steps[-1], len(steps) - 1)) if steps else None,
        num_sets=_num_sets(steps),
        metrics=_metrics(records),
        best={method: _best(records, how, method) for method in METHODS} if steps else {},
        chosen=None if chosen is None else {"record": chosen.record, "step": chosen.step, "set": chosen.set},
        effective=effective,
        notes=tuple(notes),
        faults=tuple(faults),
    )


def _encoding(text: str) -> str:
    return {'"': "JSON in a JSON text", "[": "JSON list"}.get(text.lstrip()[:1], "JSON Lines")


def _notes_on(text: str) -> list[str]:
    """That the last line was torn, of JSON Lines."""
    lines = [line for line in text.split("\n") if line.strip()]
    if _encoding(text) != "JSON Lines" or not lines:
        return []
    try:
        is_whole = isinstance(json.loads(lines[-1]), dict)
    except (ValueError, RecursionError):
        is_whole = False
    return [] if is_whole else [f"line {len(lines)}, the last, is torn and was dropped"]


def _again(everything: list[Record], records: list[Record]) -> list[str]:
    dropped = len(everything) - len(records)
    return [f"{dropped} records of runs that were begun again were left out"] if dropped else []


def _step(record: Record, place: int) -> int:
    step = record.get("step")
    return step if isinstance(step, int) else place


def _num_sets(steps: list[Record]) -> int:
    try:
        return num_sets_of(split_record(steps[0])[0]) if steps else 0
    except ValueError:
        return 0


def _metrics(records: list[Record]) -> str:
    if len(records) < 2 or records[1].get("train_objective") is None:
        return "none"
    return "metrics by name" if is_new_format(records) else "one number a set"


def _best(records: list[Record], how: Selection, method: str) -> dict[str, Any] | str:
    """What a method chooses, with the values on train and test data, or why it chooses nothing."""
    try:
        found = select(records, method, how.metric_key, True, how.threshold)
    except ValueError as error:
        return str(error)
    if isinstance(found, list):
        return {"of_each_set": [_checkpoint(records, how, one) for one in found]}
    return _checkpoint(records, how, found)


def _checkpoint(records: list[Record], how: Selection, found: Checkpoint) -> dict[str, Any]:
    values = {
        name: None if found.set is None else _value(read, records, how, found)
        for name, read in (("train", values_on_train), ("test", values_on_test))
    }
    return {"record": found.record, "step": found.step, "set": found.set, **values}


def _value(read: Any, records: list[Record], how: Selection, found: Checkpoint) -> float | None:
    try:
        value = float(read(records, how.metric_key)[found.record - 1, found.set])
    except (ValueError, IndexError):
        return None
    return value if np.isfinite(value) else None
