"""Any model in a file: its arrays as NumPy writes them, and how they belong together as JSON. No pickle.

A file is an ``.npz``. The entry ``model`` holds the JSON: of each part its class and fields, of each array its entry;
and a digest of everything, so that what was cut off or changed is refused. Only classes of :data:`KINDS` are made.
"""

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from isotherm import doors
from isotherm.energy.dense import Ising
from isotherm.energy.factor import Factor, Quadratic, Scope
from isotherm.energy.graph import FactorGraph
from isotherm.energy.hidden.model import GenerativeModel
from isotherm.energy.lattice.models import LatticeClock, LatticeIsing, LatticePotts, LatticeXY
from isotherm.energy.lattice.shapes import Lattice
from isotherm.energy.tilt.bases import DiscretePolicy, GaussianPolicy, LinearGaussian, MixturePolicy
from isotherm.energy.tilt.noise import AveragedReward
from isotherm.energy.tilt.tilted import QuadraticReward, TableReward, Tilted
from isotherm.energy.variables import Variables
from isotherm.errors import refusal
from isotherm.files.content import json_bytes, npz_bytes, read_json, read_npz, write_atomic
from isotherm.files.place import read_named, why_unread

FORMAT = 1
MOST_BYTES = 1 << 34
HEADER = "model"

MODELS = (
    Ising, FactorGraph, LatticeIsing, LatticePotts, LatticeClock, LatticeXY, GaussianPolicy, MixturePolicy,
    DiscretePolicy, LinearGaussian, QuadraticReward, TableReward, AveragedReward, Tilted, GenerativeModel,
)  # fmt: skip
"""What may be saved by itself."""

KINDS = {kind.__name__: kind for kind in (*MODELS, Factor, Quadratic, Scope, Variables, Lattice)}
"""What a file may hold, by the name that it has there."""

_SCOPE_FIELDS = ("groups", "variables")


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Write a model to a file, whole or not at all.

    Args:
        model: an Ising model, a factor graph of spins, categories and reals, a lattice model, a policy, a reward or
            a tilted policy made of these, or a generative model; its arrays known and of any batch.
        path: of the file, such as ``"model.npz"``.

    Raises:
        TypeError: for another model, or a part of it that is no data, such as a function; naming the field.
        ValueError: if an array is traced, or the file's folder does not exist.
        OSError: if the file cannot be written.

    >>> import tempfile
    >>> from isotherm.energy import ising
    >>> path = Path(tempfile.mkdtemp()) / "chain.npz"
    >>> save(ising([[0, 1], [1, 2]], couplings=0.5), path)
    >>> load(path).num_variables
    3
    """
    doors.instance("model", model, MODELS, "a model, such as ising(...) makes")
    target = Path(doors.file_path("path", path))
    if not target.parent.is_dir():
        raise refusal("path", str(target), "its folder does not exist")
    arrays: dict[str, np.ndarray] = {}
    tree = _encoded("model", model, arrays)
    header = {"format": FORMAT, "digest": _digest(tree, arrays), "model": tree}
    content = npz_bytes({HEADER: np.frombuffer(json_bytes(header), np.uint8), **arrays})
    write_atomic(target, content)


def load(path: str | os.PathLike[str]) -> Any:
    """The model of a file that :func:`save` wrote: the same class, arrays of the same bits.

    Args:
        path: of the file.

    Raises:
        ValueError: if there is no such file, or it is none of these, incomplete or changed; or holds 64-bit arrays
            of JAX, which is not set to have them.
    """
    shown = str(doors.file_path("path", path))
    try:
        content = read_named(path, MOST_BYTES)
    except OSError as error:
        raise refusal("path", shown, why_unread(error)) from None
    try:
        arrays = read_npz(content)
        header = read_json(arrays.pop(HEADER).tobytes())
        tree, digest, form = header["model"], header["digest"], header["format"]
    except (ValueError, KeyError, TypeError):
        raise refusal("path", shown, "is no model that `save` wrote") from None
    if form != FORMAT:
        raise refusal("path", shown, f"is of format {form}; this version reads {FORMAT}")
    if digest != _digest(tree, arrays):
        raise refusal("path", shown, "was changed since it was saved")
    return _decoded(shown, tree, arrays)


def _digest(tree: Any, arrays: dict[str, np.ndarray]) -> str:
    told = hashlib.sha256(json_bytes(tree))
    for name, array in arrays.items():
        told.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        told.update(np.ascontiguousarray(array).tobytes())
    return told.hexdigest()


def _fields(value: Any) -> tuple[str, ...]:
    return _SCOPE_FIELDS if isinstance(value, Scope) else tuple(one.name for one in dataclasses.fields(value))


def _encoded(name: str, value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """A part as JSON; its arrays are put beside."""
    kind = type(value).__name__
    if KINDS.get(kind) is type(value):
        parts = {one: _encoded(f"{name}.{one}", getattr(value, one), arrays) for one in _fields(value)}
        return {"kind": kind, "of": parts}
    if doors.is_traced(value):
        raise refusal(name, "traced", "must be known; save outside of jit")
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return _kept(name, value, arrays)
    if isinstance(value, tuple | list):
        items = [_encoded(f"{name}[{at}]", one, arrays) for at, one in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else {"list": items}
    if value is None or isinstance(value, bool | int | str):
        return {"is": value}
    if isinstance(value, float):
        return {"float": value.hex()}
    raise TypeError(
        f"{name} = {value!r}: is no data, and cannot be saved; use a module such as QuadraticReward"
    )


def _kept(name: str, value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if jnp.issubdtype(value.dtype, jax.dtypes.extended) or value.dtype.kind not in "biuf":
        raise TypeError(f"{name}.dtype = {value.dtype}: must be numbers or bools that NumPy has")
    entry = f"a{len(arrays)}"
    arrays[entry] = np.asarray(value)
    return {"array": entry, "by": "jax" if isinstance(value, jax.Array) else "numpy"}


def _decoded(shown: str, tree: Any, arrays: dict[str, np.ndarray]) -> Any:
    match tree:
        case {"kind": str(kind), "of": dict(parts)} if kind in KINDS:
            return _made(
                shown, KINDS[kind], {one: _decoded(shown, part, arrays) for one, part in parts.items()}
            )
        case {"array": str(entry), "by": str(by)} if entry in arrays:
            return _array(shown, arrays[entry], by)
        case {"tuple": list(items)}:
            return tuple(_decoded(shown, one, arrays) for one in items)
        case {"list": list(items)}:
            return [_decoded(shown, one, arrays) for one in items]
        case {"is": value}:
            return value
        case {"float": str(digits)}:
            return float.fromhex(digits)
    raise refusal("path", shown, "is no model that `save` wrote")


def _array(shown: str, array: np.ndarray, by: str) -> Any:
    if by == "numpy":
        return array
    if jax.dtypes.canonicalize_dtype(array.dtype) != array.dtype:
        allowed = f"holds {array.dtype}: first, jax.config.update('jax_enable_x64', True)"
        raise refusal("path", shown, allowed)
    return jnp.asarray(array)


def _made(shown: str, kind: Any, parts: dict[str, Any]) -> Any:
    """A part from its fields as they were, past constructors, which would round and check again."""
    if kind is Scope or not issubclass(kind, eqx.Module):
        return kind(**parts)
    if set(parts) != {one.name for one in dataclasses.fields(kind)}:
        raise refusal("path", shown, f"holds another {kind.__name__} than this version has")
    made = object.__new__(kind)
    for name, value in parts.items():
        object.__setattr__(made, name, value)
    return made
