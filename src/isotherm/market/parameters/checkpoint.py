"""Result files: the settings of a run, then one record a step. JSON Lines; other tools' form is read and written.

That other form is one JSON text that itself holds the JSON of a list. NaN stands in it bare; in JSON Lines it is
``null``, and infinities are the words ``"inf"`` and ``"-inf"``.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from isotherm import doors
from isotherm.errors import refusal
from isotherm.files.content import write_atomic
from isotherm.files.place import read_named, why_unread
from isotherm.market.parameters.encoding import json_line, plain
from isotherm.market.parameters.keys import DEFAULTS

Record = dict[str, Any]
Location = str | os.PathLike[str]

SUFFIXES = (".jsonl", ".json")
"""Of result files, tried in this order where a location has none."""

MAX_BYTES = 1 << 33


class NoResultFileError(FileNotFoundError, ValueError):
    """There is no result file where one was named."""


def result_file(location: Location) -> Path:
    """The file of a run: ``location`` itself, or with the first suffix for which there is one.

    Raises:
        FileNotFoundError: naming ``location``, if there is none.
        TypeError: naming ``location``, if it is no path.
    """
    path = Path(doors.file_path("location", location))
    candidates = [path, *(path.with_name(path.name + suffix) for suffix in SUFFIXES)]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise NoResultFileError(f"location = {str(path)!r}: there is no such result file")


def read_records(location: Location) -> list[Record]:
    """All records of a result file, the settings first.

    A last line that was torn when its writer was killed is dropped.

    Args:
        location: of the file, with or without its suffix.

    Raises:
        FileNotFoundError: naming ``location``, if there is none.
        ValueError: naming ``location`` and, of JSON Lines, the number of a line that is damaged.
    """
    path = result_file(location)
    try:
        text = read_named(path, MAX_BYTES).decode("utf-8")
    except UnicodeDecodeError:
        raise _unfit(path, "is no text in UTF-8") from None
    except OSError as error:
        raise refusal("location", str(path), why_unread(error)) from None
    records = _of_document(path, text) if text.lstrip()[:1] in ('"', "[") else _of_lines(path, text)
    if not records:
        raise _unfit(path, "holds no record")
    return records


def write_records(
    location: Location, records: Sequence[Mapping[str, Any]], double_encoded: bool = False
) -> Path:
    """Write a result file whole: beside, flushed to disk, renamed.

    Args:
        location: of the file; without a suffix it gets ``.jsonl``, or ``.json`` if double encoded.
        records: the settings first; arrays of NumPy and JAX become lists.
        double_encoded: in the form of other tools rather than JSON Lines.

    Returns:
        The path written.

    Raises:
        TypeError: naming what JSON has no word for.
        ValueError: if there are no records.
        OSError: if the disk refuses.
    """
    records, double_encoded = _mappings(records), doors.flag("double_encoded", double_encoded)
    if not records:
        raise refusal("records", [], "must begin with the settings")
    path = Path(doors.file_path("location", location))
    if path.suffix not in SUFFIXES:
        path = path.with_name(path.name + (SUFFIXES[1] if double_encoded else SUFFIXES[0]))
    if double_encoded:
        text = json.dumps(json.dumps(plain(list(records)), sort_keys=True))
    else:
        text = "".join(f"{json_line(record)}\n" for record in records)
    write_atomic(path, text.encode())
    return path


def append_records(location: Location, records: Sequence[Mapping[str, Any]]) -> None:
    """Add records to a JSON Lines file and flush them to disk; what a killed writer left of a line is cut off before.

    Writers of one file wait for each other.

    Args:
        location: of a file that :func:`write_records` began.
        records: of steps, in order.

    Raises:
        FileNotFoundError: naming ``location``, if there is none.
        TypeError: naming what JSON has no word for.
        ValueError: naming ``location``, if the file is no JSON Lines.
        OSError: if the disk refuses.
    """
    path, records = result_file(location), _mappings(records)
    lines = "".join(f"{json_line(record)}\n" for record in records).encode()
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    with open(handle, "r+b") as file:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if file.read(1) != b"{":
            raise _unfit(path, "is no JSON Lines; rewrite it with write_records first")
        start, last = _last_line(file)
        is_whole = _parsed(last.decode("utf-8", "replace")) is not None
        file.seek(start + len(last) if is_whole else start)
        file.truncate()
        file.write((b"" if last.endswith(b"\n") or not is_whole else b"\n") + lines)
        file.flush()
        os.fsync(handle)


def _mappings(records: Any) -> tuple[Mapping[str, Any], ...]:
    found = doors.sequence("records", records, "a list of records")
    for record in found:
        doors.mapping("records", record, "a list of mappings")
    return found


def trimmed(records: Sequence[Record]) -> list[Record]:
    """Records without those of runs that were started again.

    Where there are more than 1.5 times as many as iterations, the settings and everything from the last record of
    step 0 are kept.
    """
    iterations = (records[0].get("optimisation_settings") or {}).get("n_iterations")
    iterations = DEFAULTS["optimisation_settings"]["n_iterations"] if iterations is None else iterations
    starts = [index for index, record in enumerate(records) if index and record.get("step") == 0]
    if len(records) <= 1.5 * iterations or not starts:
        return list(records)
    return [records[0], *records[starts[-1] :]]


def load_result_array(location: Location, key: str) -> tuple[Record, list[Any]]:
    """The settings of a run, and one entry of the record of each step.

    Raises:
        FileNotFoundError: naming ``location``, if there is none.
        ValueError: naming ``location`` if it is damaged, or ``key`` if a record lacks it.
    """
    first, *steps = read_records(location)
    for number, record in enumerate(steps, 1):
        if key not in record:
            raise refusal("key", key, f"is not in record {number}; it has {', '.join(sorted(record))}")
    return first, [record[key] for record in steps]


def _of_document(path: Path, text: str) -> list[Record]:
    """Of one JSON value: a list, or a text that holds one."""
    try:
        value = json.loads(text)
        value = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        raise _unfit(path, "is damaged: it ends or breaks within its JSON") from None
    if not isinstance(value, list) or not all(isinstance(record, dict) for record in value):
        raise _unfit(path, "is no list of records")
    return value


def _of_lines(path: Path, text: str) -> list[Record]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    records = [_parsed(line) for _, line in lines]
    if records and records[-1] is None:
        records.pop()
    for (number, _), record in zip(lines, records, strict=False):
        if record is None:
            raise _unfit(path, f"line {number} is damaged: it is no JSON of a record")
    return [record for record in records if record is not None]


def _parsed(line: str) -> Record | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _last_line(file: Any) -> tuple[int, bytes]:
    """Where the last line begins that is not blank, and all bytes from there."""
    end, piece, tail = file.seek(0, os.SEEK_END), 1 << 16, b""
    start = end
    while start > 0 and b"\n" not in tail.rstrip():
        start = max(0, start - piece)
        file.seek(start)
        tail = file.read(end - start)
    begin = tail.rstrip().rfind(b"\n") + 1
    return start + begin, tail[begin:]


def _unfit(path: Path, fault: str) -> ValueError:
    return refusal("location", str(path), fault)
