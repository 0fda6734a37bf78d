"""A price file held against the contract: everything that is wrong with it, and what looks odd. Section 8.1."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from isotherm.doors import file_path, whole
from isotherm.errors import refusal
from isotherm.market.prices.clock import MINUTE_MS, date_of
from isotherm.market.prices.faults import PriceFault, first_midnight, jump_note, price_faults, time_faults
from isotherm.market.prices.price_file import SUFFIXES, TableFile
from isotherm.market.prices.time_column import as_milliseconds, whole_times, zone_shift


class FileCheck(NamedTuple):
    """What was found in a file.

    Attributes:
        path: of the file.
        sha256: of its bytes, hexadecimal; empty if it cannot be read.
        rows: how many.
        start: date of the first row; empty if times cannot be read.
        end: date of the last row.
        faults: what breaks the contract, one entry a kind.
        notes: what is allowed but odd, in lines.
    """

    path: str
    sha256: str
    rows: int
    start: str
    end: str
    faults: tuple[PriceFault, ...]
    notes: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing breaks the contract."""
        return not self.faults

    def to_json(self) -> dict[str, Any]:
        """All of it as what JSON has."""
        faults = [fault._asdict() for fault in self.faults]
        return self._asdict() | {"is_good": self.is_good, "faults": faults, "notes": list(self.notes)}


def check_file(path: Any, interval_minutes: int = 1) -> FileCheck:
    """Check a price file: its columns, grid, prices, dates; never raises for what it holds.

    Args:
        path: a ``.parquet`` or ``.csv`` file with columns ``unix`` and ``close``, or several ``close_<TICKER>``.
        interval_minutes: wanted between rows, at least 1.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if ``path`` is no name, or ``interval_minutes`` out of range.

    >>> from isotherm.market.prices.shipped import shipped
    >>> found = check_file(shipped("crypto_5m_2022") / "BTC_USD.parquet", interval_minutes=5)
    >>> found.is_good, found.rows, found.notes
    (True, 24999, ('232 rows come before the first midnight; loading drops them',))
    """
    place = Path(file_path("path", path))
    interval = MINUTE_MS * whole("interval_minutes", interval_minutes, 1)
    try:
        file = TableFile(place)
    except ValueError as error:
        return FileCheck(str(place), "", 0, "", "", (_unread(place, error),), ())
    try:
        return _checked(file, interval)
    except ValueError as error:
        return FileCheck(str(place), file.digest, file.num_rows, "", "", (_unread(place, error),), ())


def price_files(path: Any) -> tuple[Path, ...]:
    """A file, or the ``.parquet`` and ``.csv`` files of a folder, sorted.

    Raises:
        TypeError: if it is no path.
        ValueError: if nothing is there, or the folder has none.
    """
    place = Path(file_path("path", path))
    if not place.is_dir():
        if not place.exists():
            raise refusal("prices", str(place), "cannot be read: No such file or directory")
        return (place,)
    found = tuple(sorted(one for one in place.iterdir() if one.suffix.lower() in SUFFIXES))
    if not found:
        raise refusal(
            "prices", str(place), f"has no file called {' or '.join('*' + one for one in SUFFIXES)}"
        )
    return found


def _unread(path: Path, error: ValueError) -> PriceFault:
    """A refusal of the reader as a fault; the file's name is said elsewhere."""
    words = str(error).partition(": ")[2] if str(error).startswith("prices = ") else str(error)
    return PriceFault("unreadable", 0, 0, words)


def _checked(file: TableFile, interval: int) -> FileCheck:
    shown = str(file.path)
    times = as_milliseconds(shown, file.time, whole_times(shown, file.time, file.times()), interval)
    unix, faults, notes = times.unix, [], []
    if times.were_seconds:
        words = f"column {file.time} holds seconds, {unix[0] // 1000} in row 0; milliseconds are wanted"
        faults.append(PriceFault("seconds", len(unix), 0, words))
    faults += time_faults(unix, interval)
    if "date" in file.names and (words := zone_shift(file.frame(["date"])["date"], unix)) is not None:
        faults.append(PriceFault("zone", 1, 0, words))
    early = first_midnight(unix) if (np.diff(unix) > 0).all() else 0
    if early == len(unix):
        faults.append(PriceFault("midnight", len(unix), 0, "holds no row at 00:00"))
    elif early:
        notes.append(f"{early} rows come before the first midnight; loading drops them")
    for name in _closes(file):
        close = file.numbers(name)
        faults += [_of_column(fault, name) for fault in price_faults(unix, close)]
        notes += [words for words in [jump_note(unix, close)] if words]
    notes += _bars(file)
    file.settle()
    return FileCheck(
        shown, file.digest, file.num_rows, date_of(unix[0]), date_of(unix[-1]), tuple(faults), tuple(notes)
    )


def _closes(file: TableFile) -> list[str]:
    wide = [name for name in file.names if name.startswith("close_")]
    if "close" not in file.names and wide:
        return wide
    file.require("close")
    return ["close"]


def _of_column(fault: PriceFault, name: str) -> PriceFault:
    return fault if name == "close" else fault._replace(words=f"{name}: {fault.words}")


def _bars(file: TableFile) -> list[str]:
    """Bars whose high or low another price of theirs lies beyond, and volumes below 0."""
    notes = []
    if {"open", "high", "low", "close"} <= set(file.names):
        first, high, low, last = (file.numbers(name) for name in ("open", "high", "low", "close"))
        is_odd = (np.fmax(first, last) > high) | (np.fmin(first, last) < low)
        if is_odd.any():
            where = f"the first in row {is_odd.argmax()}"
            notes.append(f"{int(is_odd.sum())} bars reach beyond their high or low, {where}")
    volumes = {name: file.numbers(name) < 0 for name in file.names if name.lower().startswith("volume")}
    return notes + [
        f"{name} is below 0 in row {where.argmax()}" for name, where in volumes.items() if where.any()
    ]
