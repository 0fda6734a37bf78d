"""Missing rows filled, with a report of how much was made up, and a limit to it. Section 8.3."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from isotherm.doors import instance, number, whole
from isotherm.errors import refusal
from isotherm.market.prices.clock import DAY_MS, MINUTE_MS, MINUTES_PER_DAY, date_of, span_in_words
from isotherm.market.prices.table import FillReport

TIME, CLOSE = "unix", "close"
FROM_CLOSE = ("open", "high", "low")


class FillLimits(NamedTuple):
    """How much may be made up.

    Attributes:
        most_share: of all rows, within 0 and 1.
        longest_run: minutes in a row.
    """

    most_share: float = 0.05
    longest_run: int = MINUTES_PER_DAY


DEFAULT_LIMITS = FillLimits()


def checked_limits(limits: FillLimits) -> FillLimits:
    """The same.

    Raises:
        TypeError: if one is of another kind.
        ValueError: naming one that is out of range.
    """
    instance("fill", limits, FillLimits, "FillLimits, or None")
    number("most_share", limits.most_share, least=0.0, most=1.0)
    whole("longest_run", limits.longest_run, 0)
    return limits


def fill(
    sources: Sequence[pl.DataFrame],
    interval_minutes: int = 1,
    limits: FillLimits | None = DEFAULT_LIMITS,
    name: str = "prices",
) -> tuple[pl.DataFrame, FillReport]:
    """One table on the whole grid, of sources in order of priority.

    The first source that has a value wins. Of rows of one time in a source the first stays. Missing closes are those
    of the row before, missing opens, highs and lows the close before, missing volumes and counts of trades 0; any
    other column is carried on. Rows before the first close are left out; after a last row just before midnight that
    midnight is added.

    Args:
        sources: tables with columns ``unix`` (milliseconds, int64) and ``close``, and any others.
        interval_minutes: of the grid, at least 1; times off the grid are refused.
        limits: how much may be made up; None allows anything.
        name: what refusals call it.

    Returns:
        The table, and what was made up.

    Raises:
        ValueError: one line, if there are no closes, times are off the grid, or too much would be made up.

    >>> table = pl.DataFrame({"unix": [0, 60_000, 180_000], "close": [1.0, 2.0, 3.0]})
    >>> filled, report = fill([table], limits=None)
    >>> filled["close"].to_list(), report.filled, report.longest_run
    ([1.0, 2.0, 2.0, 3.0], 1, 1)
    """
    if limits is not None:
        checked_limits(limits)
    interval = MINUTE_MS * whole("interval_minutes", interval_minutes, 1)
    merged, repeated = _merged(sources, name)
    known = merged.filter(pl.col(CLOSE).is_not_null())
    if not known.height:
        raise refusal("prices", name, "holds no close")
    first = int(known[TIME][0])
    merged = merged.filter(pl.col(TIME) >= first)
    times = merged[TIME].to_numpy()
    is_off = (times - first) % interval != 0
    if is_off.any():
        held = f"has {date_of(times[is_off][0])}, off the grid of {interval_minutes} min that begins {date_of(first)}"
        raise refusal("prices", name, held)
    is_midnight_added = interval < DAY_MS and (int(times[-1]) + interval) % DAY_MS == 0
    last = int(times[-1]) + (interval if is_midnight_added else 0)
    grid = pl.DataFrame({TIME: np.arange(first, last + 1, interval)})
    joined = grid.join(merged, on=TIME, how="left", maintain_order="left")
    report = _report(joined, interval, repeated, is_midnight_added)
    if limits is not None:
        _refuse_too_much(name, report, limits)
    return _filled(joined).select(merged.columns), report


def _merged(sources: Sequence[pl.DataFrame], name: str) -> tuple[pl.DataFrame, int]:
    """All sources, column by column the first value that is there; and how many rows repeated a time."""
    if not sources:
        raise refusal("sources", [], "must be one table at least")
    columns = list(dict.fromkeys(column for source in sources for column in source.columns))
    for needed in (TIME, CLOSE):
        if needed not in columns:
            raise refusal("prices", name, f"has no column {needed}; it has {', '.join(columns[:12])}")
    merged, repeated = None, 0
    for source in sources:
        plain = source.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))
        own = plain.unique(TIME, keep="first", maintain_order=True).sort(TIME)
        repeated += source.height - own.height
        if merged is None:
            merged = own
            continue
        merged = merged.join(own, on=TIME, how="full", coalesce=True, suffix="_2").sort(TIME)
        shared = [column for column in own.columns if f"{column}_2" in merged.columns]
        merged = merged.with_columns(pl.coalesce(column, f"{column}_2") for column in shared)
        merged = merged.drop(f"{column}_2" for column in shared)
    assert merged is not None
    return merged.select(columns), repeated


def _filled(joined: pl.DataFrame) -> pl.DataFrame:
    """Nulls as the rules above have them; columns that hold nothing stay empty."""
    closes = joined.with_columns(pl.col(CLOSE).forward_fill())
    before = pl.col(CLOSE).shift(1).fill_null(pl.col(CLOSE))
    rules = []
    for column, dtype in joined.schema.items():
        if column in (TIME, CLOSE) or joined[column].null_count() == joined.height:
            continue
        if column == "date":
            rules.append(_dates(dtype))
        elif column.lower() in FROM_CLOSE:
            rules.append(pl.col(column).fill_null(before))
        elif column.lower().startswith("volume") or column.lower() == "tradecount":
            rules.append(pl.col(column).fill_null(0))
        else:
            rules.append(pl.col(column).forward_fill())
    return closes.with_columns(rules)


def _dates(dtype: Any) -> pl.Expr:
    moment = pl.from_epoch(TIME, time_unit="ms")
    told = moment.dt.strftime("%Y-%m-%d %H:%M:%S") if dtype == pl.String else moment.cast(dtype)
    return pl.col("date").fill_null(told)


def _report(joined: pl.DataFrame, interval: int, repeated: int, is_midnight_added: bool) -> FillReport:
    is_made = joined[CLOSE].is_null().to_numpy().copy()
    if is_midnight_added:
        is_made[-1] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_made, [False]]).astype(np.int8)))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    longest = int(lengths.argmax()) if len(lengths) else -1
    return FillReport(
        rows=len(is_made),
        filled=int(is_made.sum()),
        share=float(is_made.mean()),
        longest_run=int(lengths[longest]) * interval // MINUTE_MS if len(lengths) else 0,
        longest_from=date_of(joined[TIME][int(starts[longest])]) if len(lengths) else "",
        repeated=repeated,
        is_midnight_added=is_midnight_added,
    )


def _refuse_too_much(name: str, report: FillReport, limits: FillLimits) -> None:
    if report.share > limits.most_share:
        made = f"would have {report.filled} of {report.rows} rows made up, {report.share:.2%}"
        raise refusal("prices", name, f"{made}; allowed are {limits.most_share:.4g} (most_share)")
    if report.longest_run > limits.longest_run:
        made = f"would have {span_in_words(report.longest_run)} made up from {report.longest_from} on"
        raise refusal(
            "prices", name, f"{made}; allowed are {span_in_words(limits.longest_run)} (longest_run)"
        )
