"""What files hold: digests, bounded JSON, and byte-deterministic ``.npz`` that is checked before it is read."""

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from isotherm.files.place import digest_named, open_parent, remove_dead, write_at

_EPOCH = (1980, 1, 1, 0, 0, 0)
_DEEPEST, _LARGEST = 64, 1e300
_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def digest(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest_file(path: Path, most: int = 1 << 34) -> str:
    """SHA-256 of the bytes of a file that the user named, hexadecimal, read piecewise.

    Raises:
        OSError: if there is none, or it is no plain file (a pipe or a device would never end) or too large.
    """
    return digest_named(path, most)


def write_atomic(path: Path, content: bytes) -> str:
    """Write a file that the user named: beside, flushed to disk, renamed; so it is whole or absent.

    What a killed writer of the same file left is removed.

    Returns:
        The SHA-256 of the content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_parent(path) as folder:
        remove_dead(folder, path.name)
        write_at(folder, path.name, content, path)
    return digest(content)


def json_bytes(value: Any) -> bytes:
    """Indented JSON, equal for equal values.

    Raises:
        ValueError: if the value holds NaN or infinity, which JSON has no word for.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    return (text + "\n").encode()


def read_json(content: bytes) -> Any:
    """The value of a JSON text such as :func:`json_bytes` writes.

    Raises:
        ValueError: if it is none, is nested deeper than 64, or holds NaN, infinity, an integer beyond 10^300 or
            a text that cannot be encoded.
    """
    try:
        value = json.loads(content, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    _check_plain(value, _DEEPEST)
    return value


def finite(value: Any) -> float | None:
    """A number that JSON can hold, or None."""
    return float(value) if np.isfinite(value) else None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"holds {name}")


def _check_plain(value: Any, deepest: int) -> None:
    if isinstance(value, dict | list) and deepest == 0:
        raise ValueError("is nested too deeply")
    if isinstance(value, dict):
        for key, inner in value.items():
            key.encode()
            _check_plain(inner, deepest - 1)
    elif isinstance(value, list):
        for inner in value:
            _check_plain(inner, deepest - 1)
    elif isinstance(value, str):
        value.encode()
    elif isinstance(value, int | float) and not -_LARGEST <= value <= _LARGEST:
        raise ValueError("holds a number beyond 1e300")


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
    """The arrays of an ``.npz`` such as :func:`npz_bytes` writes. Takes no more memory than its bytes once again.

    Raises:
        ValueError: if it is none: damaged, compressed, of Python objects, or of other sizes than it says.
    """
    return dict(_arrays(content))


def check_npz(content: bytes) -> None:
    """Refuse what :func:`read_npz` would refuse.

    Raises:
        ValueError: as :func:`read_npz`.
    """
    for _ in _arrays(content):
        pass


def _arrays(content: bytes) -> Iterator[tuple[str, np.ndarray]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if any(one.compress_type != zipfile.ZIP_STORED for one in members):
                raise ValueError("holds compressed arrays")
            if sum(one.file_size for one in members) > len(content):
                raise ValueError("says that it holds more than its size")
            for one in members:
                yield one.filename.removesuffix(".npy"), _array(archive.read(one))
    except (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, OSError, RuntimeError) as error:
        raise ValueError(f"is no archive of arrays ({error})") from None


def _array(content: bytes) -> np.ndarray:
    """The array of an ``.npy``, its header checked against what follows before anything is allocated."""
    file = io.BytesIO(content)
    try:
        read_header = _READ_HEADER[np.lib.format.read_magic(file)]
        shape, is_fortran, dtype = read_header(file)
    except Exception as error:  # a header is parsed as Python's literals are, and fails as variously
        raise ValueError(f"holds no array that can be read ({type(error).__name__})") from None
    if dtype.hasobject:
        raise ValueError("holds Python objects")
    size = math.prod(shape)
    is_fitting = dtype.itemsize > 0 and min(shape, default=0) >= 0
    if not is_fitting or size * dtype.itemsize != len(content) - file.tell():
        raise ValueError("holds an array of another size than it says")
    if size == 0:
        return np.empty(shape, dtype)
    flat = np.frombuffer(bytearray(memoryview(content)[file.tell() :]), dtype, size)
    return flat.reshape(shape, order="F" if is_fortran else "C")
