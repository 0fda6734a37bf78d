"""dimod's binary file of a binary quadratic model (``to_file``), versions 1 and 2, read without dimod. NumPy only.

References:
    dimod, :meth:`BinaryQuadraticModel.to_file`: the layout of both versions.
"""

import struct
from collections.abc import Hashable
from typing import Any

import numpy as np

from isotherm.energy.files.bqm import Quadratics
from isotherm.energy.files.bqm_json import checked_labels, load_object
from isotherm.energy.files.content import Content
from isotherm.errors import refusal

MAGIC = b"DIMODBQM"
_FLOATS = {"float32": "<f4", "float64": "<f8"}
_INDICES = {"int8": "<i1", "int16": "<i2", "int32": "<i4", "int64": "<i8"} | {
    "uint8": "<u1",
    "uint16": "<u2",
    "uint32": "<u4",
    "uint64": "<u8",
}


def from_bqm_file(content: Content) -> Quadratics:
    """Read it; sizes are compared with the file's before any array is made.

    Raises:
        ValueError: naming the field at fault, or what the file lacks.
    """
    path, data = content.path, content.data
    if not data.startswith(MAGIC):
        raise refusal(
            f"{path}, first bytes",
            data[:8],
            "should be DIMODBQM, as to_file() writes a binary quadratic model",
        )
    if len(data) < 14:
        raise refusal(f"{path}, header", f"{len(data)} bytes", "the file is cut short")
    version, length = data[8], struct.unpack("<I", data[10:14])[0]
    if version not in (1, 2):
        raise refusal(f"{path}, version", version, "should be 1 or 2")
    if 14 + length > len(data):
        raise refusal(f"{path}, header", f"{length} bytes", "the file is cut short")
    header = load_object(f"{path}, header", data[14 : 14 + length].decode("utf-8", "replace"))
    return _arrays(path, header, version, data[14 + length :])


def _arrays(path: str, header: dict[str, Any], version: int, body: bytes) -> Quadratics:
    if header.get("vartype") not in ("SPIN", "BINARY"):
        raise refusal(f"{path}, vartype", header.get("vartype"), "should be SPIN or BINARY")
    n, m = _shape(path, header.get("shape"))
    bias, start, other = (
        _dtype(path, header, *kind) for kind in (("dtype", _FLOATS), ("ntype", _INDICES), ("itype", _INDICES))
    )
    linear_type = np.dtype([("start", start), ("bias", bias)])
    pair_type = np.dtype([("other", other), ("bias", bias)])
    ends = np.cumsum(
        [np.dtype(bias).itemsize, n * linear_type.itemsize, 2 * m * pair_type.itemsize], dtype=object
    )
    if ends[-1] > len(body):
        raise refusal(
            f"{path}, body",
            f"{len(body)} bytes",
            f"its shape {n} x {m} needs {ends[-1]}; the file is cut short",
        )
    offset = float(np.frombuffer(body[: ends[0]], bias)[0])
    linear = np.frombuffer(body[ends[0] : ends[1]], linear_type)
    pairs, quadratic = _lower(
        path, linear["start"].astype(np.int64), np.frombuffer(body[ends[1] : ends[2]], pair_type), n, m
    )
    labels = _labels(path, header.get("variables"), version, body[ends[2] :], n)
    biases = linear["bias"].astype(np.float64)
    for field, values in (
        ("offset", np.array([offset])),
        ("linear biases", biases),
        ("quadratic biases", quadratic),
    ):
        if not np.isfinite(values).all():
            raise refusal(f"{path}, {field}", float(values[~np.isfinite(values)][0]), "should be finite")
    return Quadratics(biases, pairs, quadratic, offset, header["vartype"], labels)


def _shape(path: str, shape: Any) -> tuple[int, int]:
    is_pair = (
        isinstance(shape, list) and len(shape) == 2 and all(type(size) is int and size >= 0 for size in shape)
    )
    if not is_pair or shape[0] == 0:
        raise refusal(
            f"{path}, shape", shape, "should be numbers of variables (at least one) and interactions"
        )
    return shape[0], shape[1]


def _dtype(path: str, header: dict[str, Any], field: str, allowed: dict[str, str]) -> str:
    name = header.get(field)
    if not isinstance(name, str) or name not in allowed:
        raise refusal(f"{path}, {field}", name, f"should be one of {', '.join(allowed)}")
    return allowed[name]


def _lower(path: str, starts: np.ndarray, held: np.ndarray, n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Each pair once; the file holds it with either variable."""
    degrees = np.diff(np.append(starts, 2 * m))
    if starts[0] != 0 or (degrees < 0).any():
        raise refusal(f"{path}, neighbourhoods", starts[:4].tolist(), f"should ascend from 0 to {2 * m}")
    first, other = np.repeat(np.arange(n), degrees), held["other"].astype(np.int64)
    wrong = (other < 0) | (other >= n) | (other == first)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise refusal(
            f"{path}, neighbour of variable {first[at]}",
            int(other[at]),
            f"should be another, within 0 .. {n - 1}",
        )
    is_lower = other < first
    pairs = np.stack([other[is_lower], first[is_lower]], axis=1)
    mirrored = np.stack([first[~is_lower], other[~is_lower]], axis=1)
    order, mirror = (np.lexsort(side.T[::-1]) for side in (pairs, mirrored))
    biases, again = held["bias"][is_lower][order], held["bias"][~is_lower][mirror]
    if not (np.array_equal(pairs[order], mirrored[mirror]) and np.array_equal(biases, again, equal_nan=True)):
        raise refusal(
            f"{path}, neighbourhoods", f"{len(pairs)} of {m} pairs", "should hold each pair from both sides"
        )
    return pairs[order].astype(np.int32), biases.astype(np.float64)


def _labels(path: str, said: Any, version: int, rest: bytes, n: int) -> tuple[Hashable, ...]:
    if version == 1:
        return checked_labels(path, said, n)
    if not said:
        return tuple(range(n))
    if rest[:4] != b"VARS" or len(rest) < 8 or len(rest) < 8 + struct.unpack("<I", rest[4:8])[0]:
        raise refusal(f"{path}, labels", rest[:4], "should be a section VARS; the file is cut short")
    text = rest[8 : 8 + struct.unpack("<I", rest[4:8])[0]].decode("utf-8", "replace")
    return checked_labels(path, load_object(f"{path}, labels", f'{{"labels": {text}}}')["labels"], n)
