"""Two runs side by side: settings that differ, and every number both have."""

import math
from collections.abc import Mapping
from typing import Any

from isotherm.settings.fields import as_text
from isotherm.study.run.session import Run
from isotherm.study.run.stored import StoredRun, cell_of, flat, leaves
from isotherm.study.tables import Cell, Table


def compare_runs(first: Run | StoredRun, second: Run | StoredRun) -> dict[str, Any]:
    """Settings that differ and metrics that both have, with differences in combined standard errors.

    Returns:
        JSON-able: ``runs``, ``config`` (field to a pair of values) and ``metrics`` (dotted name to ``first``,
        ``second``, ``difference`` and, for estimates, ``in_se``).
    """
    own, other = dict(flat(first.settings)), dict(flat(second.settings))
    differing = {
        name: [own.get(name), other.get(name)]
        for name in own | other
        if name not in own or name not in other or own[name] != other[name]
    }
    left, right = dict(leaves(first.metrics)), dict(leaves(second.metrics))
    shared = {name: _difference(left[name], right[name]) for name in left if name in right}
    return {"runs": [first.path.name, second.path.name], "config": differing, "metrics": shared}


def comparison_tables(comparison: Mapping[str, Any]) -> list[Table]:
    """The comparison as tables to print."""
    runs = tuple(comparison["runs"])
    settings = tuple(
        (name, *(as_text(value) for value in values)) for name, values in comparison["config"].items()
    )
    rows = tuple(_row(name, entry) for name, entry in comparison["metrics"].items())
    return [
        Table("Settings that differ", ("setting", *runs), settings, "" if settings else "none"),
        Table("Metrics of both", ("metric", *runs, "difference"), rows, "differences: first minus second"),
    ]


def _difference(first: Any, second: Any) -> dict[str, Any]:
    left, right = (entry["mean"] if isinstance(entry, dict) else entry for entry in (first, second))
    found = {"first": first, "second": second, "difference": left - right}
    errors = [entry["se"] for entry in (first, second) if isinstance(entry, dict) and entry["se"] is not None]
    if len(errors) == 2:
        combined = math.hypot(*errors)
        in_se = (left - right) / combined if combined > 0 else 0.0 if left == right else math.inf
        found["in_se"] = in_se if math.isfinite(in_se) else None
    return found


def _row(name: str, entry: Mapping[str, Any]) -> tuple[Cell, ...]:
    in_se = entry.get("in_se")
    difference = f"{entry['difference']:.4g}" + ("" if in_se is None else f" ({in_se:+.1f} SE)")
    return name, cell_of(entry["first"]), cell_of(entry["second"]), difference
