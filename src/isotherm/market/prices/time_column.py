"""Columns of times as whole milliseconds: seconds are told by their size, other resolutions by their type."""

from typing import NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Int64

from isotherm.errors import refusal
from isotherm.market.prices.clock import MINUTE_MS, date_of

TOO_SMALL = 10**11
"""As milliseconds 1973, as seconds the year 5138: times below are taken for seconds."""

TOO_LARGE = 10**14
"""As milliseconds the year 5138, as microseconds 1973: times from here on are refused."""


class Times(NamedTuple):
    """A column of times.

    Attributes:
        unix: UTC milliseconds, shape ``(rows,)``, int64.
        were_seconds: whether the file holds seconds.
    """

    unix: Int64[np.ndarray, " rows"]
    were_seconds: bool


def whole_times(shown: str, name: str, column: pl.Series) -> Int64[np.ndarray, " rows"]:
    """A column as whole numbers: of dates and times their milliseconds, of numbers the numbers, shape ``(rows,)``.

    Args:
        shown: what refusals call the file.
        name: of the column.
        column: integers, whole floats, dates, or datetimes of any resolution; without a time zone in UTC.

    Raises:
        ValueError: naming file, column and row.
    """
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("ms"))
    if isinstance(column.dtype, pl.Datetime):
        column = column.dt.epoch("ms")
    if not column.dtype.is_numeric():
        raise refusal("prices", shown, f"column {name} holds {column.dtype}; it should be whole milliseconds")
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise refusal("prices", shown, f"column {name} is empty in row {row}, counted from 0")
    if column.dtype.is_integer():
        return column.cast(pl.Int64).to_numpy()
    values = column.cast(pl.Float64).to_numpy()
    wrong = ~(np.isfinite(values) & (np.abs(values) < 2.0**53) & (values == np.floor(values)))
    if wrong.any():
        row = int(wrong.argmax())
        raise refusal(
            "prices", shown, f"column {name} is {values[row]} in row {row}: no whole number of milliseconds"
        )
    return values.astype(np.int64)


def as_milliseconds(shown: str, name: str, times: Int64[np.ndarray, " rows"], interval_ms: int) -> Times:
    """Times in milliseconds, of seconds too where all are; shape ``(rows,)``.

    Args:
        shown: what refusals call the file.
        name: of the column.
        times: shape ``(rows,)``, at least one.
        interval_ms: the spacing that is expected; times so far apart are milliseconds, however small.

    Raises:
        ValueError: naming file and row, if only some are seconds, or if they are finer than milliseconds.
    """
    if times.min() >= TOO_SMALL and times.max() < TOO_LARGE:
        return Times(times, False)
    sizes = np.abs(times)
    if sizes.max() >= TOO_LARGE:
        row = int(sizes.argmax())
        held = f"column {name} is {times[row]} in row {row}"
        raise refusal("prices", shown, f"{held}, which is no time in milliseconds; micro- or nanoseconds?")
    is_small = sizes < TOO_SMALL
    if is_small.all() and not (len(times) > 1 and times[1] - times[0] == interval_ms):
        return Times(times * 1000, True)
    changes = np.diff(is_small.astype(np.int8)) != 0
    is_torn = changes & (np.abs(np.diff(times)) > TOO_SMALL)  # milliseconds may also run across the bound
    if is_torn.any():
        row = int(is_torn.argmax()) + 1
        held = f"column {name} is {times[row]} in row {row} after {times[row - 1]}"
        raise refusal("prices", shown, f"{held}: seconds beside milliseconds; give milliseconds")
    return Times(times, False)


def zone_shift(column: pl.Series, unix: Int64[np.ndarray, " rows"], first: int = 0) -> str | None:
    """How a column of dates disagrees with the times beside it, in words; None if it does not, or holds no dates.

    Args:
        column: dates as texts or datetimes, as long as ``unix``.
        unix: UTC milliseconds, shape ``(rows,)``.
        first: which row of the file the first is, for the words.

    Returns:
        One line without the file's name.
    """
    if column.dtype == pl.String:
        is_daily = column.drop_nulls().str.len_chars().max() == len("2022-01-01")
        form = "%Y-%m-%d" if is_daily else None
        try:
            parsed = column.str.replace(" UTC", "", literal=True).str.to_datetime(
                form, time_unit="ms", strict=False
            )
        except pl.exceptions.PolarsError:
            return None
    elif isinstance(column.dtype, pl.Datetime | pl.Date):
        is_daily = column.dtype == pl.Date
        parsed = column.cast(pl.Datetime("ms")) if is_daily else column
    else:
        return None
    told = parsed.dt.epoch("ms").to_numpy()
    known = np.isfinite(told)
    told, unix = (
        np.where(known, told, 0).astype(np.int64),
        unix - (unix % (1440 * MINUTE_MS) if is_daily else 0),
    )
    differs = known & (told // 1000 != unix // 1000)
    if not differs.any():
        return None
    row = int(differs.argmax())
    hours = (told[row] - unix[row]) / (60 * MINUTE_MS)
    said = f"column date says {date_of(told[row])} in row {first + row}"
    return f"{said}, unix {date_of(unix[row])} UTC: {hours:+.4g} h apart"
