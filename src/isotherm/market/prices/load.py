"""Prices of several tickers from files, checked, on one grid. Sections 8.1 to 8.3."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from isotherm.doors import file_path, first_repeated, flag, text, whole, words
from isotherm.errors import refusal
from isotherm.market.prices.clock import MINUTE_MS, date_of, unix_ms
from isotherm.market.prices.columns import CloseColumn, PriceSource, Span, each_source, read_column
from isotherm.market.prices.fill import FillLimits, checked_limits
from isotherm.market.prices.minutes import in_minutes
from isotherm.market.prices.table import PriceReport, PriceTable

_TICKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,31}", re.ASCII)
_BLOCK = 1 << 12
_READERS = 2
"""Files read at a time: more would hold more of them in memory."""


def load_prices(
    tickers: Sequence[str],
    root: str | os.PathLike[str],
    start: str | None = None,
    end: str | None = None,
    *,
    interval_minutes: int = 1,
    resample: bool = False,
    fill: FillLimits | None = None,
    quote: str = "USD",
) -> PriceTable:
    """Close prices, checked row by row; nothing is filled, closed up or clamped unless asked for.

    A file needs the columns ``unix`` (UTC milliseconds; seconds are told by their size and reported) and ``close``;
    times with a resolution or time zone of their own are understood. Its rows lie ``interval_minutes`` apart.

    Args:
        tickers: in any order; the table has them sorted. The quote among them is cash: it needs no file, its price
            is 1.
        root: a folder of files ``<TICKER>_<quote>.parquet`` or ``.csv``; or one such file with columns
            ``close_<TICKER>`` or ``<TICKER>``.
        start: date of the first row; None takes the first midnight that all tickers have.
        end: date of the last row, included; None takes the last that all have.
        interval_minutes: between the files' rows.
        resample: whether rows are repeated to make minutes of a coarser grid.
        fill: how much may be made up where rows or closes are missing; None refuses them.
        quote: the currency in files' names.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: one line that names the file, what is wrong there and in which row; or an argument out of range.

    >>> from isotherm.market.prices.shipped import shipped
    >>> table = load_prices(["ETH", "BTC"], shipped("crypto_5m_2022"), interval_minutes=5)
    >>> table.tickers, table.closes.shape, table.start
    (('BTC', 'ETH'), (24767, 2), '2022-02-03 00:00:00')
    """
    chosen, place = _tickers(tickers), Path(file_path("root", root))
    whole("interval_minutes", interval_minutes, 1)
    if fill is not None:
        checked_limits(fill)
    if not re.fullmatch(_TICKER, text("quote", quote)):
        raise refusal("quote", quote, "should be the name of a currency")
    span = Span(
        *(None if date is None else unix_ms(name, date) for name, date in (("start", start), ("end", end)))
    )
    if span.start is not None and span.end is not None and span.end < span.start:
        raise refusal("end", end, f"should not be before start, {start}")
    priced = tuple(one for one in chosen if one != quote)
    if not priced:
        raise refusal("tickers", chosen, f"should hold one beside {quote}, in which prices are quoted")
    found = _joined(priced, place, span, interval_minutes, fill, quote)
    found = found if len(priced) == len(chosen) else with_cash(found, quote)
    return in_minutes(found) if flag("resample", resample) else found


def with_cash(table: PriceTable, quote: str) -> PriceTable:
    """A table with the currency of its prices among the tickers, at 1 throughout.

    >>> table = PriceTable(60_000 * np.arange(2), ("ETH",), np.array([[9.0], [8.0]]))
    >>> with_cash(table, "USD").closes.tolist()
    [[9.0, 1.0], [8.0, 1.0]]
    """
    tickers = tuple(sorted((*table.tickers, quote)))
    closes = np.insert(table.closes, tickers.index(quote), 1.0, axis=1)
    return PriceTable(table.unix, tickers, closes, table.digests, table.report)


def _tickers(tickers: Sequence[str]) -> tuple[str, ...]:
    chosen = words("tickers", tickers)
    if not chosen:
        raise refusal("tickers", chosen, "should be one name at least")
    if (twice := first_repeated(chosen)) is not None:
        raise refusal("tickers", chosen, f"holds {twice} twice")
    for one in chosen:
        if not _TICKER.fullmatch(one):
            raise refusal("tickers", one, "should be letters, digits, points and hyphens, 32 at most")
    return tuple(sorted(chosen))


def _joined(
    tickers: tuple[str, ...],
    root: Path,
    span: Span,
    interval_minutes: int,
    limits: FillLimits | None,
    quote: str,
) -> PriceTable:
    """Columns beside each other, on the rows that all of them have."""
    columns: dict[str, CloseColumn] = {}
    digests: dict[str, str] = {}
    with ThreadPoolExecutor(_READERS) as pool:
        read = [
            (ticker, pool.submit(_read, make, span, interval_minutes, limits))
            for ticker, make in each_source(root, tickers, quote).items()
        ]
        for ticker, found in read:
            columns[ticker], name, digest = found.result()
            digests[name] = digest
    interval = MINUTE_MS * interval_minutes
    first, last = _common_span(columns, interval)
    rows = (last - first) // interval + 1
    kept, notes, dropped = [], [], {}
    for ticker, column in columns.items():
        begin = (first - column.start) // interval
        kept.append(column.close[begin : begin + rows])
        dropped[ticker] = column.early + len(column.close) - rows
        notes += column.notes
        if dropped[ticker]:
            notes.append(f"{ticker}: {dropped[ticker]} rows left out, outside the common span")
    fills = {ticker: column.filled for ticker, column in columns.items() if column.filled is not None}
    report = PriceReport(tuple(notes), dropped, fills)
    unix = first + interval * np.arange(rows, dtype=np.int64)
    return PriceTable(unix, tickers, _beside(kept), digests, report)


def _read(
    make: Callable[[], PriceSource], span: Span, interval_minutes: int, limits: FillLimits | None
) -> tuple[CloseColumn, str, str]:
    """A column, and the name and digest of its file."""
    source = make()
    return read_column(source, span, interval_minutes, limits), source.file.path.name, source.file.digest


def _common_span(columns: Mapping[str, CloseColumn], interval: int) -> tuple[int, int]:
    """The first and last time that all columns have."""
    starts = {ticker: column.start for ticker, column in columns.items()}
    ends = {ticker: column.start + interval * (len(column.close) - 1) for ticker, column in columns.items()}
    first, last = max(starts.values()), min(ends.values())
    if last < first:
        spans = ", ".join(
            f"{ticker} {date_of(starts[ticker])} .. {date_of(ends[ticker])}" for ticker in columns
        )
        raise refusal("tickers", tuple(columns), f"share no row: {spans}")
    for ticker, start in starts.items():
        if (first - start) % interval:
            raise refusal(
                "tickers", tuple(columns), f"lie on different grids: {ticker} begins {date_of(start)}"
            )
    return first, last


def _beside(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Columns as a table ``(rows, columns)``, row after row in memory; block by block, as caches like it."""
    rows = len(columns[0])
    table = np.empty((rows, len(columns)), np.float64)
    for begin in range(0, rows, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        table[block] = np.stack([column[block] for column in columns], axis=1)
    return table
