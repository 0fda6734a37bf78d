"""A table of prices on a regular grid, and what was reported when it was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from isotherm.errors import refusal
from isotherm.market.prices.clock import MINUTE_MS, date_of, unix_ms


class FillReport(NamedTuple):
    """What filling made up.

    Attributes:
        rows: after filling.
        filled: rows that hold a repeated close.
        share: ``filled / rows``.
        longest_run: most consecutive ones, in minutes.
        longest_from: date of the first of that run; empty without any.
        repeated: rows that were left out since their time stood before.
        is_midnight_added: whether the last row is a midnight that the file ends just before.
    """

    rows: int
    filled: int
    share: float
    longest_run: int
    longest_from: str
    repeated: int = 0
    is_midnight_added: bool = False


@dataclass(frozen=True)
class PriceReport:
    """What was done to files to make a table of them.

    Attributes:
        notes: lines for people: seconds read as such, rows dropped, jumps that look like splits.
        dropped: rows left out before the first common midnight and beyond the span of other tickers, by ticker.
        fills: what was filled, by ticker; empty where nothing was asked to be.
        made: minutes made by repeating rows of a coarser grid.
    """

    notes: tuple[str, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    fills: Mapping[str, FillReport] = field(default_factory=dict)
    made: int = 0


@dataclass(frozen=True, eq=False)
class PriceTable:
    """Close prices of several tickers, row by row on a regular grid.

    Attributes:
        unix: UTC milliseconds of the rows, shape ``(T,)``, int64, equally spaced.
        tickers: sorted, unique; a column each.
        closes: in a common numeraire, finite, above 0, shape ``(T, n)``, float64.
        digests: SHA-256 of each file that it came from, by the file's name.
        report: what was done to them.
    """

    unix: Int64[np.ndarray, " rows"]
    tickers: tuple[str, ...]
    closes: Float64[np.ndarray, "rows tickers"]
    digests: Mapping[str, str] = field(default_factory=dict)
    report: PriceReport = field(default_factory=PriceReport)

    def __post_init__(self) -> None:
        """Refuse what is no such table.

        Raises:
            ValueError: naming what does not fit.
        """
        if self.closes.shape != (len(self.unix), len(self.tickers)) or not self.closes.size:
            shape = (len(self.unix), len(self.tickers))
            raise refusal(
                "closes.shape", self.closes.shape, f"must be {shape}, as unix and tickers, not empty"
            )
        if list(self.tickers) != sorted(set(self.tickers)):
            raise refusal("tickers", self.tickers, "must be sorted, each once")
        if len(self.unix) > 1 and (self.interval_ms <= 0 or (np.diff(self.unix) != self.interval_ms).any()):
            raise refusal("unix", "times", "must be equally spaced, increasing")
        for name in ("unix", "closes"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @property
    def interval_ms(self) -> int:
        """Milliseconds between rows; those of a minute where there is only one."""
        return int(self.unix[1] - self.unix[0]) if len(self.unix) > 1 else MINUTE_MS

    @property
    def interval_minutes(self) -> int:
        """Minutes between rows."""
        return self.interval_ms // MINUTE_MS

    @property
    def start(self) -> str:
        """Date of the first row."""
        return date_of(self.unix[0])

    @property
    def end(self) -> str:
        """Date of the last row."""
        return date_of(self.unix[-1])

    def row(self, field: str, date: str) -> int:
        """The index of a date's row, counted from 0.

        Raises:
            ValueError: naming ``field``, if it is no date, or no row is at that time: nothing is clamped.
        """
        offset = unix_ms(field, date) - int(self.unix[0])
        index, rest = divmod(offset, self.interval_ms)
        if rest or not 0 <= index < len(self.unix):
            grid = f"{self.start} .. {self.end}, every {self.interval_minutes} min"
            raise refusal(field, date, f"is no row of the prices, which hold {grid}")
        return index

    def rows(self, first: int, last: int) -> "PriceTable":
        """Rows ``first .. last - 1``, which must exist, without a copy.

        Raises:
            ValueError: naming the one that does not.
        """
        if not 0 <= first < last <= len(self.unix):
            raise refusal("rows", (first, last), f"must be increasing within 0 .. {len(self.unix)}")
        return replace(self, unix=self.unix[first:last], closes=self.closes[first:last])

    def between(self, start: str, end: str) -> "PriceTable":
        """Rows from one date to another, both included, without a copy.

        Raises:
            ValueError: naming the date that is no row.
        """
        return self.rows(self.row("start", start), self.row("end", end) + 1)
