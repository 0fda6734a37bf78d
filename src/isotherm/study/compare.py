"""Two runs side by side: settings that differ, and every number both have."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from isotherm.study.fields import as_text
from isotherm.study.session import Run
from isotherm.study.tables import Cell, Estimate, Table

_ESTIMATE = {"mean", "se", "n"}


def compare_runs(first: Run, second: Run) -> dict[str, Any]:
    """Settings that differ and metrics that both have, with differences in combined standard errors.

    Returns:
        JSON-able: ``runs``, ``config`` (field to a pair of values) and ``metrics`` (dotted name to ``first``,
        ``second``, ``difference`` and, for estimates, ``in_se``).
    """
    own, other = dict(_settings(first.config.settings())), dict(_settings(second.config.settings()))
    differing = {
        name: [own.get(name), other.get(name)]
        for name in own | other
        if name not in own or name not in other or own[name] != other[name]
    }
    left, right = dict(_leaves(first.metrics)), dict(_leaves(second.metrics))
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


def _settings(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Estimates and numbers of nested metrics, by dotted name."""
    if isinstance(value, Mapping) and set(value) == _ESTIMATE:
        yield prefix, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{prefix}.{index}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield prefix, value


def _difference(first: Any, second: Any) -> dict[str, Any]:
    left, right = (entry["mean"] if isinstance(entry, dict) else entry for entry in (first, second))
    found = {"first": first, "second": second, "difference": left - right}
    errors = [entry["se"] for entry in (first, second) if isinstance(entry, dict) and entry["se"] is not None]
    if len(errors) == 2:
        combined = math.hypot(*errors)
        found["in_se"] = (left - right) / combined if combined > 0 else 0.0 if left == right else None
    return found


def _row(name: str, entry: Mapping[str, Any]) -> tuple[Cell, ...]:
    in_se = entry.get("in_se")
    difference = f"{entry['difference']:.4g}" + ("" if in_se is None else f" ({in_se:+.1f} SE)")
    return name, _cell(entry["first"]), _cell(entry["second"]), difference


def _cell(value: Any) -> Cell:
    return Estimate(**value) if isinstance(value, dict) else value
