"""Files that are whole or absent: atomic writes, digests, and byte-deterministic ``.npz``."""

import hashlib
import io
import itertools
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

TEMPORARY = ".tmp"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_serial = itertools.count()


def digest(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal, read piecewise."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomic(path: Path, content: bytes) -> str:
    """Write beside, flush to disk, rename; a reader sees the old file, the new one, or none.

    Returns:
        The SHA-256 of the content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{next(_serial)}{TEMPORARY}")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)
    return digest(content)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_temporary(folder: Path) -> None:
    """Remove what killed writers left half-written; it was never part of a run."""
    for path in folder.rglob(f".*{TEMPORARY}"):
        path.unlink(missing_ok=True)


def move_aside(path: Path, shelf: Path) -> Path:
    """Move a file into a folder under a name that is free there, and return its new path."""
    shelf.mkdir(parents=True, exist_ok=True)
    target = shelf / path.name
    for number in itertools.count(1):
        if not target.exists():
            break
        target = shelf / f"{path.name}.{number}"
    path.rename(target)
    sync_folder(path.parent)
    return target


def json_bytes(value: Any) -> bytes:
    """Indented JSON, equal for equal values.

    Raises:
        ValueError: if the value holds NaN or infinity, which JSON has no word for.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    return (text + "\n").encode()


def finite(value: Any) -> float | None:
    """A number that JSON can hold, or None."""
    return float(value) if np.isfinite(value) else None


def _plain(value: Any) -> Any:
    """NumPy numbers and arrays as what JSON has."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """An uncompressed ``.npz`` without time stamps, so that equal arrays give equal bytes.

    Raises:
        ValueError: if an array holds Python objects.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    return buffer.getvalue()


def read_npz(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz``, never unpickling anything."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
