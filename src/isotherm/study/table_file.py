"""Tables in files as columns of raw entries: delimited text of whatever make, and Parquet."""

import csv
import gzip
import io
import lzma
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from isotherm.errors import refusal

SEPARATORS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}
"""Looked for in this order: a comma may also be the mark of decimals."""

_TEXT = (".csv", ".tsv")
_OPENERS = {".gz": gzip.open, ".xz": lzma.open}
_MARKS = {  # the mark of UTF-16 begins that of UTF-32, which therefore comes first
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_SNIFFED = 20


class Column(NamedTuple):
    """One column.

    Attributes:
        name: from the header, or ``column 3`` where it has none.
        entries: text without the blanks around it, or what Parquet holds: numbers, bools, dates, None.
    """

    name: str
    entries: list[Any]


class RawTable(NamedTuple):
    """What a file holds.

    Attributes:
        columns: all as long.
        lines: the line of the file in which each row begins, counted from 1; empty for Parquet.
        separator: of delimited text, in words; empty for Parquet.
    """

    columns: list[Column]
    lines: list[int]
    separator: str

    def place(self, row: int) -> str:
        """``row 6``, counted from 0, and where it stands in the file."""
        return f"row {row} (line {self.lines[row]})" if self.lines else f"row {row}"


def read_table(path: Path) -> RawTable:
    """All rows of a file, the first one too where columns have no names of their own.

    Args:
        path: ``.csv`` or ``.tsv``, plain or packed as ``.gz`` or ``.xz``, in UTF-8 or with a byte-order mark, its
            entries apart by commas, semicolons, tabs or bars; or ``.parquet``.

    Raises:
        ValueError: one line that names the file, and the line at fault.
    """
    endings = [ending.lower() for ending in path.suffixes[-2:]]
    if endings[-1:] == [".parquet"]:
        return _read_parquet(path)
    opener = _OPENERS.get(endings[-1] if endings else "")
    kind = endings[-2:-1] if opener else endings[-1:]
    if not kind or kind[0] not in _TEXT:
        allowed = (
            "should be a .csv or .parquet file (or .tsv, .csv.gz, .csv.xz), or us20 for the shipped table"
        )
        raise refusal("table", str(path), allowed)
    try:
        with (opener or open)(path, "rb") as file:
            content = file.read()
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise refusal("table", str(path), f"cannot be read: {error}") from None
    return _parse(path, _text(path, content))


def _text(path: Path, content: bytes) -> str:
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        at = content[: error.start].count(b"\n") + 1
        raise refusal(
            "table", str(path), f"line {at} is no {encoding.upper()} text; save it as UTF-8"
        ) from None


def _parse(path: Path, text: str) -> RawTable:
    separator = _separator(text)
    rows, lines = [], []
    file = io.StringIO(text, newline="")
    reader = csv.reader(file, delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise refusal("table", str(path), f"line {reader.line_num}: {error}") from None
        if row is None:
            break
        entries = [entry.strip() for entry in row]
        if entries and (len(entries) > 1 or entries[0]):  # blank lines hold nothing
            rows.append(entries)
            lines.append(line)
    while rows and not any(rows[-1]):  # as do the rows of separators that spreadsheets leave at the end
        rows.pop()
        lines.pop()
    if not rows:
        raise refusal("table", str(path), "holds no rows")
    _refuse_ragged(path, rows, lines)
    columns = [Column("", list(column)) for column in zip(*rows, strict=True)]
    return RawTable(columns, lines, SEPARATORS[separator])


def _separator(text: str) -> str:
    """The first separator that cuts all of the first lines into as many entries, at least two; or a comma."""
    head = [line for line in text.splitlines()[: 4 * _SNIFFED] if line.strip()][:_SNIFFED]
    for separator in SEPARATORS:
        try:
            widths = {len(row) for row in csv.reader(head, delimiter=separator, skipinitialspace=True)}
        except csv.Error:
            continue
        if len(widths) == 1 and widths.pop() > 1:
            return separator
    counts = {separator: sum(line.count(separator) for line in head) for separator in SEPARATORS}
    return max(counts, key=counts.__getitem__) if any(counts.values()) else ","


def _refuse_ragged(path: Path, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    for row, line in zip(rows, lines, strict=True):
        if len(row) != usual:
            held = f"line {line} holds {len(row)} entr{'y' if len(row) == 1 else 'ies'}, others {usual}"
            raise refusal("table", str(path), f"{held}; every row needs one for each column")


def _read_parquet(path: Path) -> RawTable:
    import polars as pl

    try:
        table = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise refusal("table", str(path), f"cannot be read: {str(error).splitlines()[0]}") from None
    if not table.height:
        raise refusal("table", str(path), "holds no rows")
    columns = [
        (column.fill_nan(None) if column.dtype.is_float() else column).rename(name)
        for name, column in zip(table.columns, table.get_columns(), strict=True)
    ]
    return RawTable([Column(column.name, column.to_list()) for column in columns], [], "")
