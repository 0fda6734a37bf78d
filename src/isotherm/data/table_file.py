"""Tables in files as columns of raw entries: delimited text of whatever make, and Parquet."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from isotherm.errors import refusal
from isotherm.files.packed import MAGIC, unpacked
from isotherm.files.place import read_named, why_unread

SEPARATORS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}
"""Looked for in this order: a comma may also be the mark of decimals."""

MAX_BYTES = 1 << 26
"""Most bytes of a file, unpacked."""

MAX_CELLS = 1 << 24
"""Most entries of a table, all rows and columns."""

_TEXT = (".csv", ".tsv")
_MARKS = {  # the mark of UTF-16 begins that of UTF-32, which therefore comes first
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_SNIFFED, _BEGINNING = 20, 1 << 18


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
    is_packed = endings[-1:] == [".gz"] or endings[-1:] == [".xz"]
    kind = endings[-2:-1] if is_packed else endings[-1:]
    if not kind or kind[0] not in _TEXT:
        allowed = (
            "should be a .csv or .parquet file (or .tsv, .csv.gz, .csv.xz), or us20 for the shipped table"
        )
        raise refusal("table", str(path), allowed)
    content = _content(path)
    if is_packed and not content.startswith(MAGIC):
        raise refusal("table", str(path), f"cannot be read: is not packed, though called {endings[-1]}")
    return _parse(path, _text(path, unpacked("table", str(path), content, MAX_BYTES)))


def _content(path: Path) -> bytes:
    try:
        return read_named(path, MAX_BYTES)
    except OSError as error:
        raise refusal("table", str(path), why_unread(error)) from None
    except ValueError:  # a name with NUL
        raise refusal("table", str(path), "is no name of a file") from None


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
    rows, lines, cells = [], [], 0
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
            cells += len(entries)
            if cells > MAX_CELLS:
                raise refusal(
                    "table", str(path), f"holds more than {MAX_CELLS} entries, the most that are read"
                )
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
    begin = text[:_BEGINNING]
    lines = begin.splitlines()[: 4 * _SNIFFED]
    if len(begin) < len(text) and len(lines) > 1:
        lines.pop()  # may be cut
    head = [line for line in lines if line.strip()][:_SNIFFED]
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

    content = _content(path)
    try:
        lazy = pl.scan_parquet(io.BytesIO(content))
        names, rows = lazy.collect_schema().names(), lazy.select(pl.len()).collect().item()
        if rows * max(len(names), 1) > MAX_CELLS:
            held = f"holds {rows} rows of {len(names)} columns"
            raise refusal("table", str(path), f"{held}; at most {MAX_CELLS} entries are read")
        table = pl.read_parquet(io.BytesIO(content))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise refusal("table", str(path), f"cannot be read: {str(error).splitlines()[0]}") from None
    except BaseException as error:  # a library in Rust that gives up raises what derives from no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise refusal("table", str(path), "cannot be read: is damaged") from None
    if not table.height:
        raise refusal("table", str(path), "holds no rows")
    columns = [Column(name, _entries(path, table[name])) for name in table.columns]
    return RawTable(columns, [], "")


def _entries(path: Path, column: Any) -> list[Any]:
    """Of a column; lists and bytes, which are no outcomes, are told by their kind."""
    import polars as pl

    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        return [None if is_null else str(column.dtype) for is_null in column.is_null()]
    # A dictionary repeats what the file holds once.
    if column.dtype == pl.String and (column.str.len_bytes().sum() or 0) > MAX_BYTES:
        raise refusal("table", str(path), f"holds more than {MAX_BYTES} bytes of text in {column.name}")
    return (column.fill_nan(None) if column.dtype.is_float() else column).to_list()
