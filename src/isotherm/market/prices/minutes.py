"""Minutes made of a coarser grid, by repeating its rows. Section 8.1."""

import numpy as np

from isotherm.doors import instance
from isotherm.market.prices.clock import MINUTE_MS
from isotherm.market.prices.table import PriceReport, PriceTable


def in_minutes(table: PriceTable) -> PriceTable:
    """Each row repeated until the next is due; a table of minutes as it is.

    A price holds from its row's own time on, so that a pool sees all of a row's move in one minute.

    Args:
        table: of whole minutes between rows.

    Returns:
        As many minutes as the rows cover, the last row's among them; the report says how many were made.

    Raises:
        TypeError: if it is no table.

    >>> table = PriceTable(120_000 * np.arange(2), ("BTC",), np.array([[1.0], [2.0]]))
    >>> in_minutes(table).closes[:, 0].tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    times = instance("table", table, PriceTable, "a PriceTable").interval_minutes
    if times == 1:
        return table
    made = len(table.unix) * (times - 1)
    unix = int(table.unix[0]) + MINUTE_MS * np.arange(len(table.unix) * times, dtype=np.int64)
    notes = (*table.report.notes, f"{made} of {len(unix)} minutes made by repeating rows of {times} min")
    report = PriceReport(notes, table.report.dropped, table.report.fills, made)
    return PriceTable(unix, table.tickers, np.repeat(table.closes, times, axis=0), table.digests, report)
