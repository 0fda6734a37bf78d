"""dimod's JSON of a binary quadratic model, schema 3, read and written without dimod."""

import json
import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from isotherm.energy.bqm import Quadratics
from isotherm.errors import refusal

_KINDS = {
    "linear_biases": list,
    "quadratic_biases": list,
    "quadratic_head": list,
    "quadratic_tail": list,
    "variable_labels": list,
    "offset": (int, float),
}


def to_json(bqm: Quadratics) -> str:
    """What ``json.dumps(model.to_serializable())`` gives in dimod.

    Raises:
        ValueError: naming a label that JSON cannot hold.
    """
    held = {
        "type": "BinaryQuadraticModel",
        "version": {"bqm_schema": "3.0.0"},
        "use_bytes": False,
        "index_type": "int32",
        "bias_type": "float64",
        "num_variables": len(bqm.labels),
        "num_interactions": len(bqm.pairs),
        "variable_labels": [_plain(label) for label in bqm.labels],
        "variable_type": bqm.vartype,
        "offset": bqm.offset,
        "info": {},
        "linear_biases": bqm.linear.tolist(),
        "quadratic_biases": bqm.quadratic.tolist(),
        "quadratic_head": bqm.pairs[:, 0].tolist(),
        "quadratic_tail": bqm.pairs[:, 1].tolist(),
    }
    return json.dumps(held)


def from_json(path: Any, text: str) -> Quadratics:
    """Read it back.

    Args:
        path: what refusals call the file.
        text: its content.

    Raises:
        ValueError: naming the field at fault.
    """
    try:
        held = json.loads(text)
    except json.JSONDecodeError as error:
        raise refusal(f"{path}, line {error.lineno}", error.msg, "should be JSON") from None
    if held.get("type") != "BinaryQuadraticModel":
        raise refusal(f"{path}, type", held.get("type"), "should be 'BinaryQuadraticModel'")
    version = held.get("version")
    schema = version.get("bqm_schema") if isinstance(version, dict) else version
    if not str(schema).startswith("3."):
        raise refusal(f"{path}, bqm_schema", schema, "should be 3; dimod 0.9 and later write it")
    if held.get("use_bytes"):
        raise refusal(f"{path}, use_bytes", True, "should be false, as to_serializable() writes it")
    for field, kind in _KINDS.items():
        if not isinstance(held.get(field), kind):
            raise refusal(f"{path}, {field}", held.get(field), "is missing or of another type")
    if held.get("variable_type") not in ("SPIN", "BINARY"):
        raise refusal(f"{path}, variable_type", held.get("variable_type"), "should be SPIN or BINARY")
    return _arrays(path, held)


def _arrays(path: Any, held: dict[str, Any]) -> Quadratics:
    labels = tuple(map(_label, held["variable_labels"]))
    if not labels or len(set(labels)) != len(labels):
        raise refusal(f"{path}, variable_labels", len(labels), "should be at least one, each once")
    count = len(held["quadratic_biases"])
    linear = _numbers(path, held, "linear_biases", len(labels))
    quadratic = _numbers(path, held, "quadratic_biases", count)
    ends = [_indices(path, held, field, count, len(labels)) for field in ("quadratic_head", "quadratic_tail")]
    pairs = np.stack(ends, axis=1)
    loops = np.flatnonzero(pairs[:, 0] == pairs[:, 1])
    if len(loops):
        label = labels[pairs[loops[0], 0]]
        raise refusal(f"{path}, quadratic_head[{loops[0]}]", label, "joins a variable to itself")
    if not math.isfinite(held["offset"]):
        raise refusal(f"{path}, offset", held["offset"], "should be finite")
    return Quadratics(linear, pairs, quadratic, float(held["offset"]), held["variable_type"], labels)


def _numbers(path: Any, held: dict[str, Any], field: str, length: int) -> np.ndarray:
    values = _counted(path, held, field, length)
    for i, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise refusal(f"{path}, {field}[{i}]", value, "should be a finite number")
    return np.array(values, np.float64)


def _indices(path: Any, held: dict[str, Any], field: str, length: int, size: int) -> np.ndarray:
    values = _counted(path, held, field, length)
    for i, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < size:
            raise refusal(f"{path}, {field}[{i}]", value, f"should be within 0 .. {size - 1}")
    return np.array(values, np.int32)


def _counted(path: Any, held: dict[str, Any], field: str, length: int) -> Sequence[Any]:
    if len(held[field]) != length:
        raise refusal(f"{path}, len({field})", len(held[field]), f"should be {length}")
    return held[field]


def _label(label: Any) -> Hashable:
    """Lists stand for tuples, which JSON does not know."""
    return tuple(map(_label, label)) if isinstance(label, list) else label


def _plain(label: Hashable) -> Any:
    if isinstance(label, tuple):
        return [_plain(part) for part in label]
    if isinstance(label, np.integer):
        return int(label)
    if not isinstance(label, str | int | float):
        raise refusal("label", label, "should be text, a number, or a tuple of them")
    return label
