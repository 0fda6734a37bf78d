"""A finished run of a study that is not registered here: its numbers as they lie on disk, and how to recompute them.

A run folder names the class that made it. That name is data: it is shown, and never imported.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isotherm.settings.fields import as_text
from isotherm.study.base import Arrays
from isotherm.study.store.folder import ARRAYS, RunFolder
from isotherm.study.tables import Cell, Estimate, Table

_ESTIMATE = {"mean", "se", "n"}
_MOST_ROWS = 400


@dataclass(frozen=True)
class StoredRun:
    """A finished run, verified as far as digests go, without its study.

    Attributes:
        path: its folder.
        name: the study's name.
        entry: the ``module:Class`` that made it, as its folder says; empty if that is no such name.
        settings: its config as JSON-able values.
        fingerprint: SHA-256 of all that the results depend on.
        metrics: the study's numbers.
        facts: ``run.json``: when, how long, which versions, which command.
    """

    path: Path
    name: str
    entry: str
    settings: dict[str, Any]
    fingerprint: str
    metrics: dict[str, Any]
    facts: dict[str, Any] = field(repr=False)

    def arrays(self) -> Arrays:
        """The final arrays.

        Raises:
            OSError: if the file no longer matches its digest.
        """
        return final_arrays(self.path)

    def tables(self) -> list[Table]:
        """Settings and numbers by their dotted names."""
        settings = _shortened([(name, as_text(value)) for name, value in flat(self.settings)])
        metrics = _shortened([(name, cell_of(value)) for name, value in leaves(self.metrics)])
        return [
            Table("Settings", ("setting", "value"), settings[0], settings[1]),
            Table("Metrics", ("metric", "value"), metrics[0], metrics[1] or "mean ± standard error (runs)"),
        ]

    def recompute(self) -> str:
        """The command that makes the same numbers where the study's class can be imported; empty if not known."""
        settings = list(flat(self.settings))
        if not self.entry or not all(re.fullmatch(r"[\w.]+", name) for name, _ in settings):
            return ""
        flags = [f"--{name.replace('_', '-')}={as_text(value)}" for name, value in settings]
        return shlex.join(["isotherm", "run", self.entry, *flags])

    def to_json(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return {
            "study": self.name,
            "fingerprint": self.fingerprint,
            "path": str(self.path),
            "computed": self.facts["finished"],
            "seconds": self.facts["seconds"],
            "shown_again": True,
            "config": self.settings,
            "metrics": self.metrics,
        }


def final_arrays(path: Path) -> Arrays:
    """The final arrays of a finished run.

    Raises:
        OSError: if the file does not match its digest.
    """
    folder = RunFolder(path)
    arrays = folder.read_arrays(folder.sums() or {})
    if arrays is None:
        raise OSError(f"{path / ARRAYS}: does not match its digest; run the same command again")
    return arrays


def entry_fit_to_show(entry: str) -> str:
    """The entry if it reads ``module:Class``, else nothing."""
    return entry if re.fullmatch(r"[A-Za-z_][\w.]{0,200}:[A-Za-z_][\w.]{0,200}", entry, re.ASCII) else ""


def flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings by dotted names."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Estimates and numbers of nested metrics, by dotted name."""
    if _is_estimate(value) or _is_number(value):
        yield prefix, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{prefix}.{index}")


def cell_of(value: Any) -> Cell:
    """A leaf of metrics as a table shows it."""
    return Estimate(**value) if isinstance(value, dict) else value


def _is_estimate(value: Any) -> bool:
    if not isinstance(value, Mapping) or set(value) != _ESTIMATE:
        return False
    is_error = value["se"] is None or (_is_number(value["se"]) and value["se"] >= 0)
    return _is_number(value["mean"]) and is_error and isinstance(value["n"], int)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shortened(rows: list[tuple[Cell, ...]]) -> tuple[tuple[tuple[Cell, ...], ...], str]:
    """The first rows, and a note on the others."""
    rest = len(rows) - _MOST_ROWS
    return tuple(rows[:_MOST_ROWS]), f"{rest:,} more; --json holds all" if rest > 0 else ""
