"""Which rows of a table a strategy runs on: those of its bout, and the days of memory before. Section 8.2."""

import math
from typing import NamedTuple

from isotherm.doors import instance, number
from isotherm.errors import refusal
from isotherm.market.prices.clock import MINUTES_PER_DAY
from isotherm.market.prices.table import PriceTable


class Alignment(NamedTuple):
    """Rows for one bout.

    Attributes:
        table: minutes; row 0 is at the time of day at which the bout begins.
        start_idx: row of the bout's first minute, a multiple of 1440.
        end_idx: row of its end date, plus one.
        bout_length: ``end_idx - start_idx``.
        test_end_idx: row of the end of the test period, plus one; ``end_idx`` without one.
        memory_days: what may be remembered: as asked for, or what the rows before the bout allow.
        note: what was shortened, in one line; empty if nothing was.
    """

    table: PriceTable
    start_idx: int
    end_idx: int
    bout_length: int
    test_end_idx: int
    memory_days: float
    note: str


def align(
    table: PriceTable, start: str, end: str, max_memory_days: float | int = 365.0, test_end: str | None = None
) -> Alignment:
    """Cut a table of minutes for a bout.

    Kept are ``ceil(max_memory_days)`` days before the start, as far as there are whole ones, and one day after the
    last date, as far as there is one. Dates must be rows: nothing is clamped.

    Args:
        table: prices by the minute.
        start: date of the first minute.
        end: date of the end, after the start.
        max_memory_days: how far a strategy may look back, above 0.
        test_end: date of the end of a test period, not before ``end``; None without one.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a date that is no row or out of order, or if too few days come before the start.

    >>> import numpy as np
    >>> minutes = np.arange(5 * 1440 + 1)
    >>> table = PriceTable(60_000 * minutes, ("BTC",), np.ones((len(minutes), 1)))
    >>> found = align(table, "1970-01-04 00:00:00", "1970-01-05 00:00:00", max_memory_days=2)
    >>> found.start_idx, found.bout_length, found.memory_days
    (2880, 1441, 2.0)
    """
    instance("table", table, PriceTable, "a PriceTable", "load_prices reads one")
    number("max_memory_days", max_memory_days, above=0.0)
    if table.interval_minutes != 1:
        raise refusal(
            "table", f"{table.interval_minutes} min between rows", "should hold minutes; resample it"
        )
    first, last = table.row("start", start), table.row("end", end)
    final = last if test_end is None else table.row("test_end", test_end)
    if last <= first:
        raise refusal("end", end, f"should be after start, {start}")
    if final < last:
        raise refusal("test_end", test_end, f"should not be before end, {end}")
    offset = first % MINUTES_PER_DAY
    there = first // MINUTES_PER_DAY
    memory, note = float(max_memory_days), ""
    if there < max_memory_days:
        memory = float(there - 1)
        note = f"memory of {max_memory_days:g} d shortened to {memory:g} d: {there} whole days come before {start}"
    if memory <= 0:
        allowed = (
            f"needs two whole days of prices before it at least, more for longer memory; there are {there}"
        )
        raise refusal("start", start, allowed)
    kept = min(there, math.ceil(max_memory_days))
    begin = offset + MINUTES_PER_DAY * (there - kept)
    stop = min(final + 1 + MINUTES_PER_DAY, len(table.unix))
    cut = table.rows(begin, stop)
    return Alignment(
        table=cut,
        start_idx=first - begin,
        end_idx=last - begin + 1,
        bout_length=last - first + 1,
        test_end_idx=final - begin + 1,
        memory_days=memory,
        note=note,
    )
