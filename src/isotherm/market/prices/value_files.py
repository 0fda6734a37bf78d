"""Files of values over time that a simulation may be given: fees, gas, supplies; and of swaps. Sections 2.6, 8.4.

They are read and checked, with absolute UTC times; which rows of a bout they fall on is for the simulation to say.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from isotherm.doors import choice, file_path, number, words
from isotherm.errors import refusal
from isotherm.market.prices.clock import MINUTE_MS, date_of
from isotherm.market.prices.faults import time_faults
from isotherm.market.prices.price_file import TableFile
from isotherm.market.prices.time_column import as_milliseconds, whole_times

WEI_PER_GWEI = 1e9
SURELY_WEI = 1e6
"""Median gas prices from here on are taken for wei: as gwei it would be 0.001 ether a unit of gas."""

GasUnit = Literal["told", "wei", "gwei"]


class ValueSeries(NamedTuple):
    """Values from times on, each until the next.

    Attributes:
        unix: UTC milliseconds, increasing, shape ``(rows,)``.
        values: shape ``(rows,)``.
        digest: SHA-256 of the file.
        notes: lines for people: seconds read as such, units told by size.
    """

    unix: Int64[np.ndarray, " rows"]
    values: Float64[np.ndarray, " rows"]
    digest: str
    notes: tuple[str, ...] = ()


class SwapTable(NamedTuple):
    """Swaps that a pool is to carry out.

    Attributes:
        unix: UTC milliseconds, not decreasing, shape ``(rows,)``.
        token_in: names, one a row.
        token_out: names, one a row.
        amount_in: of the token that comes in, at least 0, shape ``(rows,)``.
        digest: SHA-256 of the file.
        notes: lines for people.
    """

    unix: Int64[np.ndarray, " rows"]
    token_in: tuple[str, ...]
    token_out: tuple[str, ...]
    amount_in: Float64[np.ndarray, " rows"]
    digest: str
    notes: tuple[str, ...] = ()


def read_values(
    path: Any, column: str | None = None, least: float | int | None = None, below: float | int | None = None
) -> ValueSeries:
    """A series of values from a file with columns ``unix`` and one of values.

    Args:
        path: ``.parquet`` or ``.csv``.
        column: name of the values; None takes ``value``, or the only column beside ``unix``.
        least: smallest value allowed.
        below: all values are smaller.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: one line that names the file, what is wrong and where.

    >>> from isotherm.market.prices.shipped import shipped
    >>> read_values(shipped("gas_1m_2023_08"), least=0.0).values.shape
    (5760,)
    """
    file = TableFile(Path(file_path("path", path)))
    chosen = _value_column(file, column)
    unix, notes = _times(file)
    for fault in time_faults(unix, 1):
        if fault.kind in ("order", "duplicate"):
            raise refusal("prices", str(file.path), fault.words)
    values = file.numbers(chosen)
    _refuse_outside(file, chosen, unix, values, least, below)
    file.settle()
    return ValueSeries(unix, values, file.digest, notes)


def read_fees(path: Any, column: str | None = None) -> ValueSeries:
    """Swap fees over time, shares within 0 and below 1; else as :func:`read_values`.

    Raises:
        ValueError: one line that names the file, what is wrong and where.
    """
    return read_values(path, column, least=0.0, below=1.0)


def read_gas(path: Any, column: str | None = None, unit: GasUnit = "told") -> ValueSeries:
    """Gas prices over time, in gwei.

    Args:
        path: as for :func:`read_values`.
        column: name of the values; None takes ``gwei``, ``wei``, ``value``, or the only one.
        unit: of the file; ``told`` by a column called gwei or wei, else by the size of the median, which is noted.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: one line that names the file, what is wrong and where.

    >>> from isotherm.market.prices.shipped import shipped
    >>> float(np.median(read_gas(shipped("gas_1m_2023_08")).values).round())
    52.0
    """
    choice("unit", unit, ("told", "wei", "gwei"))
    file = TableFile(Path(file_path("path", path)))
    named = next((name for name in ("gwei", "wei") if column is None and name in file.names), column)
    found, notes = read_values(path, named, least=0.0), ()
    told = unit if unit != "told" else named if named in ("gwei", "wei") else None
    if told is None:
        told = "wei" if np.median(found.values) >= SURELY_WEI else "gwei"
        notes = (f"{file.path}: gas prices taken for {told} by their size",)
    scale = WEI_PER_GWEI if told == "wei" else 1.0
    return found._replace(values=found.values / scale, notes=found.notes + notes)


def read_swaps(path: Any, tickers: Sequence[str] | None = None) -> SwapTable:
    """Swaps from a file with columns ``unix``, ``token_in``, ``token_out``, ``amount_in``.

    Args:
        path: ``.parquet`` or ``.csv``.
        tickers: tokens of the pool; None allows any.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: one line that names the file, what is wrong and where: an unknown token too.
    """
    known = None if tickers is None else words("tickers", tickers)
    file = TableFile(Path(file_path("path", path)))
    unix, notes = _times(file)
    for fault in time_faults(unix, 1):
        if fault.kind == "order":
            raise refusal("prices", str(file.path), fault.words)
    ins, outs = file.texts("token_in"), file.texts("token_out")
    for row, pair in enumerate(zip(ins, outs, strict=True)):
        for token in pair:
            if known is not None and token not in known:
                held = f"names token {token!r} in row {row}; the pool holds {', '.join(known)}"
                raise refusal("prices", str(file.path), held)
        if pair[0] == pair[1]:
            raise refusal("prices", str(file.path), f"swaps {pair[0]} for itself in row {row}")
    amounts = file.numbers("amount_in")
    _refuse_outside(file, "amount_in", unix, amounts, 0.0, None)
    file.settle()
    return SwapTable(unix, tuple(ins), tuple(outs), amounts, file.digest, notes)


def _times(file: TableFile) -> tuple[np.ndarray, tuple[str, ...]]:
    shown = str(file.path)
    times = as_milliseconds(shown, file.time, whole_times(shown, file.time, file.times()), MINUTE_MS)
    return times.unix, (
        f"{shown}: column {file.time} holds seconds, read as such",
    ) if times.were_seconds else ()


def _value_column(file: TableFile, column: str | None) -> str:
    if column is not None:
        file.require(column)
        return column
    others = [name for name in file.names if name != file.time]
    if "value" in others:
        return "value"
    if len(others) != 1:
        held = f"has columns {', '.join(others[:12]) or 'unix alone'}; name the one of values"
        raise refusal("prices", str(file.path), held)
    return others[0]


def _refuse_outside(
    file: TableFile,
    column: str,
    unix: np.ndarray,
    values: np.ndarray,
    least: float | int | None,
    below: float | int | None,
) -> None:
    wrong = ~np.isfinite(values)
    allowed = "finite"
    if least is not None:
        wrong |= values < number("least", least)
        allowed += f", at least {least:g}"
    if below is not None:
        wrong |= values >= number("below", below)
        allowed += f", below {below:g}"
    if wrong.any():
        row = int(wrong.argmax())
        held = f"has {column} {values[row]:g} in row {row}, {date_of(unix[row])}"
        raise refusal("prices", str(file.path), f"{held}; values are {allowed}")
