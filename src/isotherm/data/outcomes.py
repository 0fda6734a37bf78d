"""Tables of binary outcomes: which columns are venues, how they are coded, and what was left out."""

import functools
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from isotherm.data.table_file import Column, RawTable, read_table
from isotherm.doors.kinds import first_repeated
from isotherm.errors import refusal

MISSING_WORDS = frozenset(
    ("", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "missing", "?", "-", "--", ".")
)
"""Entries that stand for nothing, in any case."""

ALMOST = 0.5
"""A column of which so large a share of the entries are outcomes is refused for the others, not left out."""

_NO, _YES, _MISSING, _ODD, _FALSE, _TRUE = 0, 1, 2, 3, 4, 5
_MINUS = -1
_SCALARS = (str, bool, int, float, Decimal, type(None))
_ALLOWED = "should hold only 0, 1 and missing entries (or -1 and 1, or true and false)"
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+", re.ASCII)

_INDEX = re.compile(r"\d{1,18}", re.ASCII)


class LeftOut(NamedTuple):
    """A column that is no venue.

    Attributes:
        name: of the column.
        entry: the first that is no outcome; empty where the column holds nothing.
        row: of that entry, counted from 0; 0 where the column holds nothing.
        why: in words.
    """

    name: str
    entry: str
    row: int
    why: str


class OutcomeTable(NamedTuple):
    """What was read, and how.

    Attributes:
        outcomes: ``+1``, ``-1``, or 0 where missing, shape ``(steps, n)``, int8, read-only.
        venues: the names of the columns, in order.
        left_out: the other columns.
        reading: how entries were read, in words.
    """

    outcomes: np.ndarray
    venues: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    reading: str

    def said(self) -> dict[str, Any]:
        """For metrics: the names, and of each column left out the first odd entry and its row."""
        return {
            "steps": len(self.outcomes),
            "venues": list(self.venues),
            "missing": int((self.outcomes == 0).sum()),
            "left_out": [column._asdict() for column in self.left_out],
            "reading": self.reading,
        }


def read_outcomes(path: Path, columns: tuple[str, ...] = ()) -> np.ndarray:
    """The outcomes of :func:`read_outcome_table` alone."""
    return read_outcome_table(path, columns).outcomes


@functools.lru_cache(maxsize=4)
def read_outcome_table(path: Path, columns: tuple[str, ...] = ()) -> OutcomeTable:
    """Outcomes as spins, and the names of all columns.

    A venue's column holds 0 and 1, or -1 and 1, or true and false, and missing entries: empty, ``NA``, ``NaN`` and
    the like. Among -1 and 1, 0 is a missing entry.

    Args:
        path: see :func:`~isotherm.data.table_file.read_table`.
        columns: columns that are venues; empty takes every column that holds outcomes.

    Raises:
        ValueError: one line that names the file, or the column, row and entry at fault; also of a column that
            holds outcomes but for a few entries.
    """
    table, has_header = _with_names(path, read_table(path))
    codes = {i: _codes(column.entries) for i, column in enumerate(table.columns)}
    chosen = _chosen(path, table, columns)
    left_out, venues = [], []
    for i in chosen:
        verdict = _left_out(table.columns[i], codes[i])
        if verdict is None:
            venues.append(i)
        elif columns or _is_almost_binary(table.columns[i], codes[i]):
            raise _odd(table, verdict, is_named=bool(columns))
        else:
            left_out.append(verdict)
    if not venues:
        raise refusal("table", str(path), f"has no column of outcomes: {_found(left_out)}; it {_ALLOWED}")
    _refuse_twins([table.columns[i].name for i in venues])
    minus = [
        (table.columns[i].name, int(np.argmax(codes[i] == _MINUS)))
        for i in venues
        if (codes[i] == _MINUS).any()
    ]
    signed = bool(minus)
    outcomes = np.stack([_spins(table, i, codes[i], minus) for i in venues], axis=1)
    outcomes.flags.writeable = False
    names = tuple(table.columns[i].name for i in venues)
    if columns:
        left_out = [
            LeftOut(column.name, "", 0, "not named in columns")
            for i, column in enumerate(table.columns)
            if i not in chosen
        ]
    return OutcomeTable(outcomes, names, tuple(left_out), _reading(table, has_header, signed))


def _codes(entries: Sequence[Any]) -> np.ndarray:
    """What each entry is: one of the codes above, int8."""
    known: dict[Any, int] = {}
    found = np.empty(len(entries), np.int8)
    for i, entry in enumerate(entries):
        if not isinstance(entry, _SCALARS):
            found[i] = _ODD
            continue
        key = (type(entry), entry)  # True equals 1
        if key not in known:
            known[key] = _code(entry)
        found[i] = known[key]
    return found


def _code(entry: Any) -> int:
    if entry is None:
        return _MISSING
    if isinstance(entry, bool):
        return _TRUE if entry else _FALSE
    if isinstance(entry, str):
        word = entry.strip().replace("\u2212", "-").lower()
        if word in MISSING_WORDS:
            return _MISSING
        if word in ("true", "false"):
            return _TRUE if word == "true" else _FALSE
        number = word.replace(",", ".", 1)
        if not _NUMBER.fullmatch(number):
            return _ODD
        entry = float(number)
    if isinstance(entry, (int, float, Decimal)) and entry in (0, 1, -1):
        return int(entry)
    return _ODD


def _with_names(path: Path, table: RawTable) -> tuple[RawTable, bool]:
    """The table with its first row as names, or with made-up names where the first row is one of outcomes."""
    if not table.lines:
        return table, True
    below = [_codes(column.entries[1:]) for column in table.columns]
    first = [column.entries[0] for column in table.columns]
    venues = [
        i
        for i, codes in enumerate(below)
        if _share(codes) >= ALMOST and not _is_index(table.columns[i].entries[1:])
    ]
    of_venues = [first[i] for i in (venues if len(table.lines) > 1 else range(len(first)))]
    of_venues = [entry for entry in of_venues if _code(entry) != _MISSING]
    is_data = [_code(entry) != _ODD for entry in of_venues]
    if any(is_data) and not all(is_data) and not _counts(of_venues):
        shown = next(entry for entry, known in zip(of_venues, is_data, strict=True) if not known)
        held = f"the first row holds {shown!r} beside outcomes"
        raise refusal("table", str(path), f"{held}: it should be a header of names, or one of outcomes alone")
    has_header = not any(is_data) or _counts(of_venues)
    names = [entry if has_header and entry else f"column {i + 1}" for i, entry in enumerate(first)]
    skipped = int(has_header)
    if skipped == len(table.lines):
        raise refusal("table", str(path), "holds a header and no rows")
    columns = [Column(name, c.entries[skipped:]) for name, c in zip(names, table.columns, strict=True)]
    return table._replace(columns=columns, lines=table.lines[skipped:]), has_header


def _counts(entries: Sequence[str]) -> bool:
    """Whether they count: names such as 0, 1, 2 that a program gave to columns without any."""
    if len(entries) < 3 or not all(_INDEX.fullmatch(entry) for entry in entries):
        return False
    numbers = [int(entry) for entry in entries]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _chosen(path: Path, table: RawTable, columns: tuple[str, ...]) -> list[int]:
    names = [column.name for column in table.columns]
    for name in columns:
        if name not in names:
            raise refusal("columns", name, f"is not a column of {path.name}: {', '.join(names)}")
        if names.count(name) > 1:
            raise refusal("columns", name, f"names {names.count(name)} columns of {path.name}; rename one")
    return [names.index(name) for name in columns] if columns else list(range(len(names)))


def _left_out(column: Column, codes: np.ndarray) -> LeftOut | None:
    """Why a column is no venue, or None if it is one."""
    said = codes != _MISSING
    if not said.any():
        return LeftOut(column.name, "", 0, "holds no entry")
    words = (codes == _TRUE) | (codes == _FALSE)
    others = said & ~words
    bad = codes == _ODD
    if not bad.any() and words.any() and others.any():
        bad = others
    if not bad.any():
        return None
    row = int(np.argmax(bad))
    return LeftOut(column.name, str(column.entries[row]), row, "holds other entries than outcomes")


def _is_almost_binary(column: Column, codes: np.ndarray) -> bool:
    """Whether most entries are outcomes, and the rest are no index that counts the rows."""
    return _share(codes) >= ALMOST and not _is_index(column.entries)


def _share(codes: np.ndarray) -> float:
    """Share of the entries that are outcomes, of those that are not missing."""
    said = codes[codes != _MISSING]
    return float((said != _ODD).mean()) if len(said) else 0.0


def _is_index(entries: Sequence[Any]) -> bool:
    try:
        numbers = np.array([int(entry) for entry in entries])
    except (TypeError, ValueError, OverflowError):
        return False
    return len(numbers) > 1 and bool((np.diff(numbers) == 1).all())


def _odd(table: RawTable, verdict: LeftOut, is_named: bool) -> ValueError:
    if is_named:
        at = (
            f": {verdict.entry!r} stands in {table.place(verdict.row)}"
            if verdict.entry
            else ", and holds no entry"
        )
        return refusal("columns", verdict.name, f"{_ALLOWED}{at}")
    allowed = (
        f"column {verdict.name!r} holds outcomes but for some entries; mend it, or name the venues in columns"
    )
    return refusal(f"{verdict.name} in {table.place(verdict.row)}", verdict.entry, allowed)


def _found(left_out: Sequence[LeftOut]) -> str:
    shown = [
        f"{column.name} {column.why}" + (f" ({column.entry!r} in row {column.row})" if column.entry else "")
        for column in left_out[:3]
    ]
    return ", ".join(shown) + (f" and {len(left_out) - 3} more" if len(left_out) > 3 else "")


def _refuse_twins(names: Sequence[str]) -> None:
    if (twice := first_repeated(names)) is not None:
        raise refusal("columns", twice, f"names {names.count(twice)} columns of outcomes; rename one")


def _spins(table: RawTable, i: int, codes: np.ndarray, minus: Sequence[tuple[str, int]]) -> np.ndarray:
    """A column as spins; in a table of -1 and 1 a zero is missing, unless the column never holds -1.

    Args:
        table: for the words of a refusal.
        i: which column.
        codes: of its entries.
        minus: columns that hold -1, each with the first row that does.
    """
    is_signed = bool(minus)
    if is_signed and (codes == _NO).any() and not (codes == _MINUS).any():
        other, row = minus[0]
        at = f"{other!r} holds -1 in {table.place(row)}"
        raise refusal("columns", table.columns[i].name, f"looks like 0/1, but {at}: code all of them alike")
    spins = np.zeros(len(codes), np.int8)
    spins[(codes == _YES) | (codes == _TRUE)] = 1
    spins[(codes == _MINUS) | (codes == _FALSE)] = -1
    if not is_signed:
        spins[codes == _NO] = -1
    return spins


def _reading(table: RawTable, has_header: bool, is_signed: bool) -> str:
    coding = "-1 is a failure, 0 a missing entry" if is_signed else "0 is a failure"
    parts = [f"entries apart by {table.separator}s" if table.separator else "", coding]
    if not has_header:
        parts.append("no header: the first row is one of outcomes")
    return "; ".join(part for part in parts if part)
