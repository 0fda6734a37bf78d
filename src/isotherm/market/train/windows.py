"""Where the windows of a step begin: draws without replacement from the starts that there are. Section 7.2."""

import functools
from typing import Any, Literal, NamedTuple, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Int64, Key

from isotherm import doors
from isotherm.errors import refusal
from isotherm.learn.steps import step_keys
from isotherm.market.train.split import TrainingSplit

SampleMethod = Literal["uniform", "exponential", "stratified"]

TILT = 5.0
"""How much likelier the last start is than the first in an exponential draw, as a logarithm."""


class WindowStarts(NamedTuple):
    """Rows at which windows may start, so many, ``spacing`` apart from the first."""

    first: int
    spacing: int
    rows: int

    def evenly(self, count: int) -> Int64[np.ndarray, " windows"]:
        """So many of them, at most all, evenly spaced, the first and the last among them, ``(count,)``.

        >>> WindowStarts(first=1440, spacing=1440, rows=5).evenly(3).tolist()
        [1440, 4320, 7200]
        """
        return self.first + self.spacing * np.linspace(0, self.rows - 1, count).round().astype(np.int64)


def possible_starts(split: TrainingSplit, chunk_period: int, is_aligned: bool = True) -> WindowStarts:
    """Rows in ``[first, first + room)`` at which a window may start.

    Aligned ones are multiples of ``chunk_period``: chunks are counted from row 0, and a window that starts between
    two of them would see its first price up to ``chunk_period - 1`` minutes late.

    Args:
        split: of the run.
        chunk_period: minutes between updates.
        is_aligned: whether only starts of chunks count.

    Raises:
        ValueError: naming ``bout_offset``, if no chunk starts within its room.

    >>> possible_starts(TrainingSplit(first=2880, fitted=30000, validation=0, window=25000, test=0), 1440)
    WindowStarts(first=2880, spacing=1440, rows=4)
    """
    spacing = chunk_period if is_aligned else 1
    first = -(-split.first // spacing) * spacing
    rows = range(first, split.first + max(split.room, 1), spacing)
    if not len(rows):
        allowed = (
            f"must leave room for the start of a chunk of {chunk_period} minutes, or align_starts be false"
        )
        raise refusal("bout_offset", split.room, allowed)
    return WindowStarts(first, spacing, len(rows))


def sample_starts(
    key: Key[Array, ""], starts: WindowStarts, count: int, method: SampleMethod | str = "uniform"
) -> Int[Array, " windows"]:
    """Starts of the windows of one step, ``(count,)``.

    Args:
        key: of the step.
        starts: that are possible.
        count: windows, at most as many as there are starts.
        method: ``"uniform"``; ``"exponential"``, start ``j`` of ``m`` with odds ``exp(5 j / m)``; both without
            replacement, by the largest of perturbed logarithms. ``"stratified"``: one in each of ``count`` equal
            parts.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming the count or the method.

    References:
        J. I. Yellott, J. Mathematical Psychology 15 (1977), for the draws without replacement.

    >>> starts = WindowStarts(first=1440, spacing=1440, rows=3)
    >>> sorted(sample_starts(jax.random.key(0), starts, 3).tolist())
    [1440, 2880, 4320]
    """
    doors.choice("sample_method", method, get_args(SampleMethod))
    doors.whole("count", count, 1, starts.rows)
    if method == "stratified":
        place = (jnp.arange(count, dtype=float) + jax.random.uniform(key, (count,), float)) * (
            starts.rows / count
        )
        index = jnp.minimum(place.astype(int), starts.rows - 1)
    else:
        odds = TILT * jnp.linspace(0.0, 1.0, starts.rows, endpoint=False) if method == "exponential" else 0.0
        _, index = jax.lax.top_k(odds + jax.random.gumbel(key, (starts.rows,), float), count)
    return starts.first + starts.spacing * index.astype(int)


class WindowDraws(eqx.Module):
    """Starts of each of the next steps, the same however steps are cut into calls.

    Attributes:
        starts: that are possible (static).
        count: windows of a step (static).
        method: of drawing them (static).
    """

    starts: WindowStarts = eqx.field(static=True)
    count: int = eqx.field(static=True)
    method: str = eqx.field(static=True)

    def __call__(self, key: Key[Array, ""], step: Any, length: int) -> Int[Array, "length windows"]:
        """Starts of the ``length`` steps after ``step``, ``(length, windows)``."""
        draw = functools.partial(sample_starts, starts=self.starts, count=self.count, method=self.method)
        return jax.vmap(draw)(step_keys(key, step, length))
