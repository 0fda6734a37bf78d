"""One ticker's column of closes, checked: from a file of its own or a column of a wide table."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float64

from isotherm.errors import refusal
from isotherm.market.prices.clock import MINUTE_MS, date_of
from isotherm.market.prices.faults import first_midnight, jump_note, price_faults, time_faults
from isotherm.market.prices.fill import FillLimits, fill
from isotherm.market.prices.price_file import SUFFIXES, TableFile
from isotherm.market.prices.table import FillReport
from isotherm.market.prices.time_column import as_milliseconds, whole_times, zone_shift


class PriceSource(NamedTuple):
    """Where a ticker's closes stand.

    Attributes:
        file: open.
        column: of the closes.
        shown: what refusals call it.
    """

    file: TableFile
    column: str
    shown: str


class CloseColumn(NamedTuple):
    """A ticker's closes on their grid.

    Attributes:
        start: UTC milliseconds of the first row; the others follow at equal distances.
        close: finite, above 0, shape ``(rows,)``.
        notes: lines for people, each with the file's name.
        filled: what was filled, or None.
        early: rows left out before the first midnight.
    """

    start: int
    close: Float64[np.ndarray, " rows"]
    notes: tuple[str, ...]
    filled: FillReport | None
    early: int


class Span(NamedTuple):
    """Rows that are wanted, in UTC milliseconds, both ends included; None is open."""

    start: int | None
    end: int | None


def each_source(root: Path, tickers: tuple[str, ...], quote: str) -> dict[str, Callable[[], PriceSource]]:
    """What opens each ticker's closes: ``<TICKER>_<quote>`` in a folder, or a column of one wide table.

    Raises:
        ValueError: one line that names the file, if it is missing or has no such column.
    """
    table = None if root.is_dir() else TableFile(root)
    if table is None:
        return {ticker: functools.partial(_of_folder, root, ticker, quote) for ticker in tickers}
    return {ticker: functools.partial(_of_table, table, ticker) for ticker in tickers}


def price_file(root: Path, ticker: str, quote: str) -> Path:
    """The one file of a ticker in a folder, unopened.

    Raises:
        ValueError: naming ``prices``, if there is none, or one of each kind.
    """
    names = [f"{ticker}_{quote}{suffix}" for suffix in SUFFIXES]
    there = [name for name in names if (root / name).exists()]
    if not there:
        raise refusal("prices", str(root), f"has no file {' or '.join(names)}")
    if len(there) > 1:
        raise refusal("prices", str(root), f"has both {' and '.join(there)}; keep one")
    return root / there[0]


def _of_folder(root: Path, ticker: str, quote: str) -> PriceSource:
    path = price_file(root, ticker, quote)
    return PriceSource(TableFile(path), "close", str(path))


def _of_table(file: TableFile, ticker: str) -> PriceSource:
    there = [name for name in (f"close_{ticker}", ticker) if name in file.names]
    if not there:
        held = f"has no column close_{ticker} or {ticker}; it has {', '.join(file.names[:12])}"
        raise refusal("prices", str(file.path), held)
    return PriceSource(file, there[0], f"{file.path}, {there[0]}")


def read_column(
    source: PriceSource, span: Span, interval_minutes: int, limits: FillLimits | None
) -> CloseColumn:
    """Closes of a span, checked row by row, or filled within limits.

    Args:
        source: where they stand.
        span: the rows that are wanted; an open start begins at the first midnight.
        interval_minutes: of the grid.
        limits: how much may be filled; None refuses gaps and empty closes.

    Raises:
        ValueError: one line that names the file, what is wrong and where.
    """
    interval = MINUTE_MS * interval_minutes
    file, shown = source.file, source.shown
    times = as_milliseconds(shown, file.time, whole_times(shown, file.time, file.times()), interval)
    notes = [f"{shown}: column {file.time} holds seconds, read as such"] if times.were_seconds else []
    unix = times.unix
    if limits is not None:
        order = np.argsort(unix, kind="stable")
        unix, close = unix[order], file.numbers(source.column)[order]
        _refuse_zone(source, file, times.unix)
        unix, close, filled, first = _filled(unix, close, span, interval_minutes, limits, shown)
    else:
        begin, stop = _checked_bounds(unix, span, interval, shown)
        unix, filled, first = unix[begin:stop], None, begin
        _refuse_zone(source, file, times.unix)
        close = file.numbers(source.column, begin, stop - begin)
    file.settle()
    for fault in price_faults(unix, close, first):
        raise refusal("prices", shown, fault.words)
    early = first_midnight(unix) if span.start is None else 0
    if early == len(unix):
        raise refusal("prices", shown, f"holds no midnight, {date_of(unix[0])} .. {date_of(unix[-1])}")
    note = jump_note(unix, close)
    notes += [f"{shown}: {note}"] if note else []
    return CloseColumn(int(unix[early]), close[early:], tuple(notes), filled, early)


def _checked_bounds(unix: np.ndarray, span: Span, interval: int, shown: str) -> tuple[int, int]:
    """First row of a span and the one after its last, of times in order everywhere and on the grid inside."""
    faults = list(time_faults(unix, interval))
    for fault in faults:
        if fault.kind in ("order", "duplicate"):
            raise refusal("prices", shown, fault.words)
    begin, stop = _bounds(unix, span, shown)
    for fault in time_faults(unix[begin:stop], interval, begin) if faults else ():
        raise refusal("prices", shown, f"{fault.words}; fill it, or give its interval")
    return begin, stop


def _bounds(unix: np.ndarray, span: Span, shown: str) -> tuple[int, int]:
    """First row of a span in sorted times, and the one after its last; both ends must be there."""
    begin = 0 if span.start is None else int(np.searchsorted(unix, span.start))
    stop = len(unix) if span.end is None else int(np.searchsorted(unix, span.end, side="right"))
    held = f"which hold {date_of(unix[0])} .. {date_of(unix[-1])}"
    if span.start is not None and (begin == len(unix) or unix[begin] != span.start):
        raise refusal("start", date_of(span.start), f"is no row of the prices in {shown}, {held}")
    if span.end is not None and (stop == 0 or unix[stop - 1] != span.end):
        raise refusal("end", date_of(span.end), f"is no row of the prices in {shown}, {held}")
    return begin, stop


def _filled(
    unix: np.ndarray, close: np.ndarray, span: Span, interval_minutes: int, limits: FillLimits, shown: str
) -> tuple[np.ndarray, np.ndarray, FillReport, int]:
    """Sorted closes filled from the last known one at or before the start on, and cut to the span."""
    early = 0 if span.start is None else max(int(np.searchsorted(unix, span.start, side="right")) - 1, 0)
    stop = len(unix) if span.end is None else int(np.searchsorted(unix, span.end, side="right"))
    table = pl.DataFrame({"unix": unix[early:stop], "close": close[early:stop]})
    if not table.height:
        raise refusal("prices", shown, f"holds nothing up to {date_of(int(span.end or 0))}")
    found, report = fill([table], interval_minutes, limits, shown)
    times, values = found["unix"].to_numpy(), found["close"].to_numpy()
    begin, end = _bounds(times, span, shown)
    return times[begin:end], values[begin:end], report, begin


def _refuse_zone(source: PriceSource, file: TableFile, unix: np.ndarray) -> None:
    """Refuse a file whose dates, in its first and last rows, are those of another time zone than UTC."""
    if "date" not in file.names:
        return
    for row in sorted({0, file.num_rows - 1}):
        words = zone_shift(file.frame(["date"], row, 1)["date"], unix[row : row + 1], row)
        if words is not None:
            raise refusal("prices", source.shown, words)
