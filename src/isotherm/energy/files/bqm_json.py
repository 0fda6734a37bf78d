"""dimod's JSON of a binary quadratic model, schema 3, read and written without dimod."""

import base64
import binascii
import json
import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from isotherm.doors.kinds import first_repeated
from isotherm.energy.files.bqm import Quadratics
from isotherm.errors import refusal

_MAX_DIGITS, _MAX_DEPTH = 4000, 20
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
    held = load_object(path, text)
    if held.get("type") != "BinaryQuadraticModel":
        raise refusal(f"{path}, type", held.get("type"), "should be 'BinaryQuadraticModel'")
    version = held.get("version")
    schema = version.get("bqm_schema") if isinstance(version, dict) else version
    if not str(schema).startswith("3."):
        raise refusal(f"{path}, bqm_schema", schema, "should be 3; dimod 0.9 and later write it")
    if held.get("use_bytes"):
        held = held | _unpacked(path, held)
    for field, kind in _KINDS.items():
        if not isinstance(held.get(field), kind):
            raise refusal(f"{path}, {field}", held.get(field), "is missing or of another type")
    if isinstance(held["offset"], bool):
        raise refusal(f"{path}, offset", held["offset"], "should be a number")
    if held.get("variable_type") not in ("SPIN", "BINARY"):
        raise refusal(f"{path}, variable_type", held.get("variable_type"), "should be SPIN or BINARY")
    return _arrays(path, held)


def _arrays(path: Any, held: dict[str, Any]) -> Quadratics:
    labels = checked_labels(path, held["variable_labels"])
    count = len(held["quadratic_biases"])
    linear = _numbers(path, held, "linear_biases", len(labels))
    quadratic = _numbers(path, held, "quadratic_biases", count)
    ends = [_indices(path, held, field, count, len(labels)) for field in ("quadratic_head", "quadratic_tail")]
    pairs = np.stack(ends, axis=1)
    loops = np.flatnonzero(pairs[:, 0] == pairs[:, 1])
    if len(loops):
        label = labels[pairs[loops[0], 0]]
        raise refusal(f"{path}, quadratic_head[{loops[0]}]", label, "joins a variable to itself")
    if not _is_finite(held["offset"]):
        raise refusal(f"{path}, offset", held["offset"], "should be finite")
    return Quadratics(linear, pairs, quadratic, float(held["offset"]), held["variable_type"], labels)


def load_object(where: Any, text: str) -> dict[str, Any]:
    """One JSON object, in which no field comes twice.

    Raises:
        ValueError: naming the line, or the field that comes twice.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise refusal(where, first_repeated(name for name, _ in pairs), "comes twice")
        return found

    def whole(word: str) -> int:
        if len(word) > _MAX_DIGITS:
            raise refusal(where, word[:20], f"a whole number of more than {_MAX_DIGITS} digits")
        return int(word)

    try:
        held = json.loads(text, object_pairs_hook=once, parse_int=whole)
    except json.JSONDecodeError as error:
        raise refusal(f"{where}, line {error.lineno}", error.msg, "should be JSON") from None
    except RecursionError:
        raise refusal(where, text[:20], "has too many levels") from None
    if not isinstance(held, dict):
        raise refusal(where, text[:20], "should be a JSON object")
    return held


def checked_labels(path: Any, labels: Any, count: int | None = None) -> tuple[Hashable, ...]:
    """Names of variables, where lists stand for tuples.

    Args:
        path: what refusals call the file.
        labels: what the file holds.
        count: how many there should be.

    Raises:
        ValueError: if they are none, not as many as expected, or one comes twice.
    """
    if not isinstance(labels, list) or (count is not None and len(labels) != count):
        shown = len(labels) if isinstance(labels, list) else labels
        raise refusal(f"{path}, variable_labels", shown, f"should be {count or 'a list of'} labels")
    found = tuple(_label(path, label) for label in labels)
    try:
        is_once = len(set(found)) == len(found)
    except TypeError:
        raise refusal(
            f"{path}, variable_labels", "an object", "should be text, numbers or lists of them"
        ) from None
    if not found or not is_once:
        raise refusal(f"{path}, variable_labels", len(found), "should be at least one, each once")
    return found


def _unpacked(path: Any, held: dict[str, Any]) -> dict[str, list[Any]]:
    """Arrays that stand there as bytes (``use_bytes=True``): in base64, or as numbers 0 .. 255."""
    types = {"bias_type": ("float32", "float64"), "index_type": ("int8", "int16", "int32", "int64")}
    for field, allowed in types.items():
        if held.get(field) not in allowed:
            raise refusal(f"{path}, {field}", held.get(field), f"should be one of {', '.join(allowed)}")
    found = {}
    for field in ("linear_biases", "quadratic_biases", "quadratic_head", "quadratic_tail"):
        dtype = np.dtype(held["bias_type" if field.endswith("biases") else "index_type"]).newbyteorder("<")
        count = held.get("num_variables" if field == "linear_biases" else "num_interactions")
        data = _as_bytes(held.get(field))
        if data is None or type(count) is not int or len(data) != count * dtype.itemsize:
            mend = "should be false, as to_serializable() writes it"
            raise refusal(
                f"{path}, use_bytes", True, f"{mend}; or {field} its bytes in base64 or as numbers 0 .. 255"
            )
        found[field] = np.frombuffer(data, dtype).tolist()
    return found


def _as_bytes(packed: Any) -> bytes | None:
    if isinstance(packed, list):
        is_bytes = all(type(byte) is int and 0 <= byte < 256 for byte in packed)
        return bytes(packed) if is_bytes else None
    try:
        return base64.b64decode(packed, validate=True) if isinstance(packed, str) else None
    except (binascii.Error, ValueError):
        return None


def _is_finite(value: Any) -> bool:
    """Whole numbers beyond float64 are not finite there."""
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _numbers(path: Any, held: dict[str, Any], field: str, length: int) -> np.ndarray:
    values = _counted(path, held, field, length)
    for i, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
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


def _label(path: Any, label: Any, depth: int = 0) -> Any:
    """Lists stand for tuples, which JSON does not know."""
    if depth > _MAX_DEPTH:
        raise refusal(f"{path}, variable_labels", "a label", f"has more than {_MAX_DEPTH} levels")
    return tuple(_label(path, part, depth + 1) for part in label) if isinstance(label, list) else label


def _plain(label: Hashable) -> Any:
    if isinstance(label, tuple):
        return [_plain(part) for part in label]
    if isinstance(label, np.integer):
        return int(label)
    if not isinstance(label, str | int | float):
        raise refusal("label", label, "should be text, a number, or a tuple of them")
    return label
