"""Tables of fees and trades, placed on the minutes of a run."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float, Int

from isotherm import doors
from isotherm.errors import refusal, wrong_kind

MINUTE_MS = 60_000

Fill = Literal["base", "ffill"]
"""``"base"``: zero where a table is silent. ``"ffill"``: the value before holds on, zeros count as missing."""


def values_on_grid(table: Any, start: Any, end: Any, fill: str = "ffill") -> Float[np.ndarray, " minutes"]:
    """A table of values as an entry a minute from ``start`` on, that of ``end`` left out.

    Args:
        table: with columns ``unix``, integer milliseconds, and ``value``: a mapping or a frame.
        start: first minute, integer milliseconds.
        end: boundary, so many whole minutes later.
        fill: ``"base"`` or ``"ffill"``; the latter begins with the last value before ``start``, else the first after.

    Returns:
        Shape ``((end - start) / 60000,)``.

    Raises:
        TypeError: if a time is no whole number, or the table has no columns.
        ValueError: naming a column that is missing or of another length, times off the minute, or a table without a
            value to fill with.

    >>> table = {"unix": [0, 120_000], "value": [0.1, 0.3]}
    >>> values_on_grid(table, 0, 240_000).tolist()
    [0.1, 0.1, 0.3, 0.3]
    >>> values_on_grid(table, 0, 240_000, "base").tolist()
    [0.1, 0.0, 0.3, 0.0]
    """
    doors.choice("fill", fill, get_args(Fill))
    minutes = _minutes(start, end)
    unix, values = _times(table), _column(table, "value")
    _same_length(unix, values, "value")
    order = np.argsort(unix, kind="stable")
    unix, values = unix[order], values[order]
    if fill == "base":
        rows, is_inside = _rows(unix, start, minutes)
        found = np.zeros(minutes)
        found[rows] = values[is_inside]
        return found
    unix, values = unix[values != 0], values[values != 0]
    if not len(unix) or unix[0] >= end:
        raise refusal("table", f"{len(unix)} values", f"must have one other than 0 before {end}")
    grid = start + MINUTE_MS * np.arange(minutes, dtype=np.int64)
    return values[np.maximum(np.searchsorted(unix, grid, side="right") - 1, 0)]


def trades_on_grid(table: Any, tokens: Sequence[str], start: Any, end: Any) -> Float[np.ndarray, "minutes 3"]:
    """A table of trades as a row a minute from ``start`` on, that of ``end`` left out.

    Args:
        table: with columns ``unix``, integer milliseconds, ``token_in``, ``token_out`` and ``amount_in``: a mapping
            or a frame.
        tokens: of the pool, in the order of its columns.
        start: first minute, integer milliseconds.
        end: boundary, so many whole minutes later.

    Returns:
        Shape ``((end - start) / 60000, 3)``: token in, token out, amount in; 0 for no trade.

    Raises:
        TypeError: if a time is no whole number, or the table has no columns.
        ValueError: naming a token that the pool has not, a column that is missing or of another length, times off the
            minute, or two trades in one minute.

    >>> table = {"unix": [60_000], "token_in": ["ETH"], "token_out": ["BTC"], "amount_in": [2.0]}
    >>> trades_on_grid(table, ["BTC", "ETH"], 0, 120_000).tolist()
    [[0.0, 0.0, 0.0], [1.0, 0.0, 2.0]]
    """
    minutes = _minutes(start, end)
    names = doors.words("tokens", tokens)
    unix, amounts = _times(table), _column(table, "amount_in")
    sides = [_tokens(table, field, names) for field in ("token_in", "token_out")]
    for field, column in (("token_in", sides[0]), ("token_out", sides[1]), ("amount_in", amounts)):
        _same_length(unix, column, field)
    doors.numbers("amount_in", amounts, least=0)
    if (sides[0] == sides[1]).any():
        raise refusal(
            "token_out", names[int(sides[0][sides[0] == sides[1]][0])], "must be another than token_in"
        )
    rows, is_inside = _rows(unix, start, minutes)
    repeated = doors.first_repeated(rows.tolist())
    if repeated is not None:
        raise refusal("unix", int(start) + MINUTE_MS * int(repeated), "must have one trade a minute")
    found = np.zeros((minutes, 3))
    found[rows] = np.stack([*sides, amounts], axis=1)[is_inside]
    return found


def _minutes(start: Any, end: Any) -> int:
    for field, time in (("start", start), ("end", end)):
        doors.whole(field, time, least=0, most=None)
    if (end - start) % MINUTE_MS or end <= start:
        raise refusal("end", end, f"must be whole minutes of {MINUTE_MS} ms after start = {start}")
    return int(end - start) // MINUTE_MS


def _rows(unix: np.ndarray, start: int, minutes: int) -> tuple[Int[np.ndarray, " inside"], np.ndarray]:
    """Rows of the times within a run, and which those are."""
    is_inside = (unix >= start) & (unix < start + minutes * MINUTE_MS)
    rows, rest = np.divmod(unix[is_inside] - start, MINUTE_MS)
    if rest.any():
        raise refusal(
            "unix", int(unix[is_inside][rest != 0][0]), f"must be whole minutes after start = {start}"
        )
    return rows, is_inside


def _times(table: Any) -> Int[np.ndarray, " rows"]:
    found = _column(table, "unix")
    if not np.isfinite(found).all() or (found != np.round(found)).any():
        raise refusal("unix", "values", "must be whole milliseconds")
    return found.astype(np.int64)


def _column(table: Any, field: str) -> np.ndarray:
    found = doors.real_numbers(field, _raw(table, field))
    if found.ndim != 1:
        raise refusal(f"{field}.shape", found.shape, "must be (rows,)")
    doors.numbers(field, found)
    return found


def _raw(table: Any, field: str) -> Any:
    try:
        names = list(table.columns if hasattr(table, "columns") else table.keys())
        if field in names:
            return table[field]
    except (AttributeError, TypeError):
        raise wrong_kind("table", table, "a mapping of columns, or a frame") from None
    raise refusal("table", names, f"lacks the column {field!r}")


def _tokens(table: Any, field: str, names: tuple[str, ...]) -> Int[np.ndarray, " rows"]:
    found = list(_raw(table, field))
    unknown = [token for token in found if token not in names]
    if unknown:
        raise refusal(field, unknown[0], f"must be one of the pool's tokens, {', '.join(names)}")
    return np.array([names.index(token) for token in found], np.int64)


def _same_length(unix: np.ndarray, column: np.ndarray, field: str) -> None:
    if len(column) != len(unix):
        raise refusal(f"len({field})", len(column), f"must be {len(unix)}, that of unix")
