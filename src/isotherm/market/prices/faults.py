"""What a price file may have wrong: times off the grid, prices that are none; and what looks odd."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from isotherm.market.prices.clock import DAY_MS, MINUTE_MS, date_of

JUMP = 1.5
"""Factor between neighbouring closes from which on a split is suspected."""


class PriceFault(NamedTuple):
    """One kind of fault in a file.

    Attributes:
        kind: ``order``, ``duplicate``, ``grid``, ``gap``, ``missing``, ``price``, or what the checker adds.
        num_rows: at fault; of gaps, rows that are not there.
        row: of the first, counted from 0.
        words: what is wrong there, in one line without the file's name.
    """

    kind: str
    num_rows: int
    row: int
    words: str


def time_faults(unix: Int64[np.ndarray, " rows"], interval_ms: int, first: int = 0) -> Iterator[PriceFault]:
    """Faults of a column of times, shape ``(rows,)``.

    Args:
        unix: UTC milliseconds.
        interval_ms: the spacing that is wanted.
        first: which row of the file the first is, for the words.
    """
    steps = np.diff(unix)
    if (steps == interval_ms).all():
        return
    if (steps < 0).any():
        row = int((steps < 0).argmax()) + 1
        before = date_of(unix[row - 1])
        words = f"goes back in row {first + row}, to {date_of(unix[row])} after {before}"
        yield PriceFault("order", int((steps < 0).sum()), first + row, words)
    if (steps == 0).any():
        row = int((steps == 0).argmax()) + 1
        words = f"has {date_of(unix[row])} twice, the second time in row {first + row}"
        yield PriceFault("duplicate", int((steps == 0).sum()), first + row, words)
    is_off = (steps > 0) & (steps % interval_ms != 0)
    if is_off.any():
        row = int(is_off.argmax()) + 1
        words = (
            f"has {date_of(unix[row])} in row {first + row}, {steps[row - 1] / 1000:g} s after the row before: "
            f"off the grid of {interval_ms // MINUTE_MS} min"
        )
        yield PriceFault("grid", int(is_off.sum()), first + row, words)
    is_gap = (steps > interval_ms) & ~is_off
    if is_gap.any():
        row = int(is_gap.argmax())
        lacking = int((steps[is_gap] // interval_ms - 1).sum())
        run = int(steps[row] // interval_ms - 1)
        words = (
            f"lacks {date_of(unix[row] + interval_ms)} after row {first + row}, the first of {run} missing there"
            f" and {lacking} in all"
        )
        yield PriceFault("gap", lacking, first + row, words)


def price_faults(
    unix: Int64[np.ndarray, " rows"], close: Float64[np.ndarray, " rows"], first: int = 0
) -> Iterator[PriceFault]:
    """Faults of a column of closes, shape ``(rows,)``, at the times of ``unix``; ``first`` as above."""
    if len(close) and close.min() > 0 and close.max() < np.inf:  # neither holds of NaN
        return
    is_missing = np.isnan(close)
    if is_missing.any():
        row = int(is_missing.argmax())
        words = f"has no close (empty or NaN) in row {first + row}, {date_of(unix[row])}"
        yield PriceFault("missing", int(is_missing.sum()), first + row, words)
    is_none = ~is_missing & ~((close > 0) & (close < np.inf))
    if is_none.any():
        row = int(is_none.argmax())
        words = f"has close {close[row]:g} in row {first + row}, {date_of(unix[row])}; closes are finite and above 0"
        yield PriceFault("price", int(is_none.sum()), first + row, words)


def jumps(close: Float64[np.ndarray, " rows"]) -> Bool[np.ndarray, " steps"]:
    """Where a close is 1.5 times that of the row before, or a 1.5th: ``(rows - 1,)``. Splits look like that."""
    with np.errstate(all="ignore"):  # closes that are none are told elsewhere
        factors = close[1:] / close[:-1]
    return (factors > JUMP) | (factors < 1 / JUMP)


def jump_note(unix: Int64[np.ndarray, " rows"], close: Float64[np.ndarray, " rows"]) -> str | None:
    """What is odd about a column of closes, shape ``(rows,)``, in one line; None if nothing is."""
    is_jump = jumps(close)
    if not is_jump.any():
        return None
    row = int(is_jump.argmax()) + 1
    factor = close[row] / close[row - 1]
    more = int(is_jump.sum()) - 1
    after = f", and {more} more such" if more else ""
    return f"close changes by a factor of {factor:.4g} at {date_of(unix[row])}: a split?{after}"


def first_midnight(unix: Int64[np.ndarray, " rows"]) -> int:
    """The first row at 00:00 UTC of sorted times ``(rows,)``; their number where there is none."""
    nearest = int(np.searchsorted(unix, -(-int(unix[0]) // DAY_MS) * DAY_MS))
    if nearest < len(unix) and unix[nearest] % DAY_MS == 0:
        return nearest
    is_midnight = unix % DAY_MS == 0
    return int(is_midnight.argmax()) if is_midnight.any() else len(unix)
