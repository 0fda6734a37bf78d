"""Prices on another grid: coarser bars, or minutes made of them. Sections 8.1 and 8.4."""

from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl

from isotherm.doors import choice, whole
from isotherm.errors import refusal
from isotherm.market.prices.clock import MINUTE_MS
from isotherm.market.prices.faults import time_faults

_RULES: dict[str, Any] = {"open": pl.Expr.first, "high": pl.Expr.max, "low": pl.Expr.min}

Label = Literal["last", "first"]


class ResampleReport(NamedTuple):
    """What resampling did.

    Attributes:
        rows_before: of the input.
        rows: of the result.
        made: rows that repeat a close.
        dropped: rows of the input that belong to bars which are not whole.
    """

    rows_before: int
    rows: int
    made: int
    dropped: int


def to_finer(
    table: pl.DataFrame, interval_minutes: int, finer_minutes: int = 1, name: str = "prices"
) -> tuple[pl.DataFrame, ResampleReport]:
    """Each row repeated until the next is due: the last close stands, in bars without movement and volume.

    A row is taken to hold from its own time on. Where that is the time at which a bar opens, its close is known only
    at its end: what is made looks ahead by less than one interval of the input.

    Args:
        table: columns ``unix`` (milliseconds, int64) and ``close``, and any others; no gaps.
        interval_minutes: of its grid.
        finer_minutes: of the grid to be made, which divides that.
        name: what refusals call it.

    Returns:
        The table, and how much was made.

    Raises:
        ValueError: one line, if the table is off its grid, or the new grid does not divide it.

    >>> table = pl.DataFrame({"unix": [0, 120_000], "close": [1.0, 2.0]})
    >>> to_finer(table, 2)[0]["close"].to_list()
    [1.0, 1.0, 2.0, 2.0]
    """
    _require_grid(table, interval_minutes, name)
    whole("finer_minutes", finer_minutes, 1)
    times, rest = divmod(interval_minutes, finer_minutes)
    if rest:
        raise refusal(
            "finer_minutes", finer_minutes, f"should divide {interval_minutes} min, the grid of {name}"
        )
    rows = np.repeat(np.arange(table.height), times)
    part = np.tile(np.arange(times), table.height)
    is_made = pl.Series(part > 0)
    found = table[rows].with_columns(
        (pl.col("unix") + pl.Series(part * finer_minutes * MINUTE_MS)).alias("unix")
    )
    rules = []
    for column in table.columns:
        if column.lower() in _RULES:
            kept = (
                pl.when(is_made & pl.col(column).is_not_null())
                .then(pl.col("close"))
                .otherwise(pl.col(column))
            )
            rules.append(kept.alias(column))
        elif column.lower().startswith("volume") or column.lower() == "tradecount":
            none = pl.when(is_made & pl.col(column).is_not_null()).then(0).otherwise(pl.col(column))
            rules.append(none.alias(column))
    found = _redated(found.with_columns(rules))
    return found, ResampleReport(table.height, found.height, int((part > 0).sum()), 0)


def to_coarser(
    table: pl.DataFrame,
    coarser_minutes: int,
    interval_minutes: int = 1,
    label: Label = "last",
    name: str = "prices",
) -> tuple[pl.DataFrame, ResampleReport]:
    """Bars of several rows: first open, highest high, lowest low, last close, sums of volumes; other columns' last.

    Bars begin at multiples of their length since 1970 in UTC; those that are not whole are dropped.

    Args:
        table: columns ``unix`` (milliseconds, int64) and ``close``, and any others; no gaps.
        coarser_minutes: of a bar, a multiple of ``interval_minutes``.
        interval_minutes: of the table's grid.
        label: whose time a bar has, its last row's or its first's.
        name: what refusals call it.

    Returns:
        The table, and what was done.

    Raises:
        ValueError: one line, if the table is off its grid, no bar is whole, or an argument is out of range.

    >>> table = pl.DataFrame({"unix": [0, 60_000, 120_000], "close": [1.0, 2.0, 3.0]})
    >>> to_coarser(table, 2)[0].rows()
    [(60000, 2.0)]
    """
    _require_grid(table, interval_minutes, name)
    choice("label", label, ("last", "first"))
    whole("coarser_minutes", coarser_minutes, 1)
    times, rest = divmod(coarser_minutes, interval_minutes)
    if rest:
        raise refusal(
            "coarser_minutes", coarser_minutes, f"should be a multiple of {interval_minutes} min, the grid"
        )
    bar = (pl.col("unix") // (coarser_minutes * MINUTE_MS)).alias("bar")
    rules = [_rule(column, label) for column in table.columns]
    bars = table.group_by(bar, maintain_order=True).agg(*rules, pl.len().alias("rows in bar"))
    found = bars.filter(pl.col("rows in bar") == times).select(table.columns)
    if not found.height:
        raise refusal("prices", name, f"holds no whole bar of {coarser_minutes} min")
    dropped = table.height - times * found.height
    return found, ResampleReport(table.height, found.height, 0, dropped)


def _rule(column: str, label: Label) -> pl.Expr:
    lower = column.lower()
    if lower in _RULES:
        return _RULES[lower](pl.col(column))
    if lower.startswith("volume") or lower == "tradecount":
        # a sum of nothing is 0, but a column of nothing stays empty
        return pl.when(pl.col(column).is_not_null().any()).then(pl.col(column).sum()).alias(column)
    is_time = column in ("unix", "date")
    return pl.col(column).first() if is_time and label == "first" else pl.col(column).last()


def _require_grid(table: pl.DataFrame, interval_minutes: int, name: str) -> None:
    interval = MINUTE_MS * whole("interval_minutes", interval_minutes, 1)
    for fault in time_faults(table["unix"].to_numpy(), interval):
        raise refusal("prices", name, f"{fault.words}; fill it first")


def _redated(table: pl.DataFrame) -> pl.DataFrame:
    """Dates beside the times brought into line with them."""
    if "date" not in table.columns or table["date"].null_count() == table.height:
        return table
    moment, dtype = pl.from_epoch("unix", time_unit="ms"), table.schema["date"]
    told = moment.dt.strftime("%Y-%m-%d %H:%M:%S") if dtype == pl.String else moment.cast(dtype)
    return table.with_columns(told.alias("date"))
