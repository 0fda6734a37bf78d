"""The order of a sweep over a graph of pairs: rows by block and degree, in chunks of equal width."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int32

from isotherm.energy.factor import Scope
from isotherm.errors import refusal

MAX_ROWS = 1024
"""Rows of a chunk: the words of its neighbours stay in the first cache."""

MAX_SPARE_ROWS = 1.25
"""Rows computed, spare ones at the ends of blocks included, over rows wanted."""

MAX_PADDING = 1.3
"""Slots computed over slots wanted, within the rows that share a width."""

SMALL_SHARE = 0.05
"""A width that would serve a smaller share of all slots is not worth compiling."""


class Width(NamedTuple):
    """All chunks whose rows have up to ``slots`` neighbours.

    Attributes:
        tails: row of each neighbour, shape ``(chunks, slots, rows)``; the row after the last one where none.
        edges: number of the directed edge, ``2 * pair + side``, host array of that shape; -1 where none.
    """

    tails: Int32[Array, "chunks slots rows"]
    edges: np.ndarray


class Chunks(NamedTuple):
    """Which rows are updated in turn, int32 ``(chunks,)`` each; rows of a chunk do not interact.

    Attributes:
        width: entry of :attr:`PairPlan.widths`.
        index: number within that width.
        start: first row; the rows after it, as many as the width has, are this chunk's alone.
    """

    width: Any
    index: Any
    start: Any


class PairPlan(NamedTuple):
    """Rows of variables in the order in which they are updated, then those of variables that are held.

    Attributes:
        order: flat number of each row's variable, host array; any number where a row is spare.
        rank: row of each variable, host array ``(n,)``.
        chunks: the sweep.
        widths: neighbours.
    """

    order: np.ndarray
    rank: np.ndarray
    chunks: Chunks
    widths: tuple[Width, ...]

    @property
    def max_rows(self) -> int:
        """Rows of the largest chunk."""
        return max((width.tails.shape[2] for width in self.widths), default=1)


class RowRuns(NamedTuple):
    """Stretches of rows of one block and one width, host arrays ``(runs,)``."""

    width: np.ndarray
    start: np.ndarray
    rows: np.ndarray


def plan_pairs(scopes: tuple[Scope, ...], pairs: np.ndarray, n: int, blocks: list[np.ndarray], exact: bool):
    """The plan, kept for the next call with the same structure.

    Args:
        scopes: identify ``pairs``.
        pairs: flat numbers of all interactions, shape ``(pairs, 2)``.
        n: number of variables.
        blocks: flat numbers, updated in turn; variables in none are held.
        exact: whether rows of a width all have that very degree.

    Raises:
        ValueError: naming a variable that stands in two blocks.
    """
    joined = np.concatenate(blocks) if blocks else np.zeros(0, np.int32)
    times = np.bincount(joined, minlength=n)
    if times.max(initial=0) > 1:
        raise refusal("blocks", int(np.argmax(times)), "a variable should stand in one block only")
    sizes = tuple(len(block) for block in blocks)
    return _plan(_Structure((scopes, n, sizes, joined.tobytes(), exact), pairs, joined))


class _Structure:
    """Arrays with a key: equal and hashed by the key alone."""

    def __init__(self, key: tuple, pairs: np.ndarray, joined: np.ndarray) -> None:
        self.key, self.pairs, self.joined = key, pairs, joined

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Structure) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@functools.lru_cache(maxsize=8)
def _plan(structure: _Structure) -> PairPlan:
    _, n, sizes, _, exact = structure.key
    pairs, joined = structure.pairs, structure.joined
    degrees = np.bincount(pairs.ravel(), minlength=n)
    held = np.ones(n, bool)
    held[joined] = False
    slots = _widths(degrees[joined], exact)
    width_of = np.searchsorted(slots, degrees)
    block_of = np.repeat(np.arange(len(sizes)), sizes)
    within = np.lexsort((joined, degrees[joined], width_of[joined], block_of))
    runs = _runs(width_of[joined[within]], block_of[within])
    rows = [_rows(runs.rows[runs.width == k]) for k in range(len(slots))]
    chunks, first, num_free_rows = _chunks(runs, np.array(rows, np.int64))
    place = np.arange(len(joined))
    chunk = np.searchsorted(first, place, side="right") - 1
    rank = np.empty(n, np.int32)
    rank[joined[within]] = chunks.start[chunk] + place - first[chunk] if len(joined) else 0
    rank[held] = num_free_rows + np.arange(held.sum())
    order = np.zeros(num_free_rows + held.sum(), np.int32)
    order[rank] = np.arange(n, dtype=np.int32)
    # the plan may be made while a caller is traced, and outlives the trace
    with jax.ensure_compile_time_eval():
        widths = _neighbours(pairs, rank, len(order), num_free_rows, chunks, slots, rows)
        return PairPlan(order, rank, Chunks(*map(jnp.asarray, chunks)), widths)


def _widths(degrees: np.ndarray, exact: bool) -> np.ndarray:
    """Numbers of slots, ascending: few of them, each close above the degrees that it serves."""
    counts = np.bincount(degrees)
    if exact:
        return np.flatnonzero(counts)
    total = degrees.sum()
    chosen: list[int] = []
    rows = wanted = 0
    for degree in np.flatnonzero(counts)[::-1]:
        top = chosen[-1] if chosen else 0
        more = rows + counts[degree], wanted + counts[degree] * degree
        padding = top * more[0] - MAX_PADDING * more[1]
        if not chosen or padding > SMALL_SHARE * total:
            chosen.append(int(degree))
            more = counts[degree], counts[degree] * degree
        rows, wanted = more
    return np.array(chosen[::-1], np.int64)


def _runs(width: np.ndarray, block: np.ndarray) -> RowRuns:
    if not len(width):
        return RowRuns(*(np.zeros(0, np.int64) for _ in RowRuns._fields))
    changes = np.flatnonzero((np.diff(width) != 0) | (np.diff(block) != 0)) + 1
    start = np.concatenate([[0], changes])
    return RowRuns(width[start], start, np.diff(np.concatenate([start, [len(width)]])))


def _rows(runs: np.ndarray) -> int:
    """Rows of a chunk of one width: as many as do not waste too many at the ends of runs."""
    rows = int(min(MAX_ROWS, runs.max()))
    while rows > 1 and (-(-runs // rows) * rows).sum() > MAX_SPARE_ROWS * runs.sum():
        rows = -(-rows // 2)
    return rows


def _chunks(runs: RowRuns, rows: np.ndarray) -> tuple[Chunks, np.ndarray, int]:
    """Runs cut into chunks; the place of each chunk's first variable in the runs; rows of all chunks."""
    step = rows[runs.width]
    parts = -(-runs.rows // step)
    run = np.repeat(np.arange(len(parts)), parts)
    part = np.arange(len(run)) - np.repeat(np.cumsum(parts) - parts, parts)
    width = runs.width[run]
    index = np.zeros(len(run), np.int64)
    for k in range(len(rows)):
        index[width == k] = np.arange((width == k).sum())
    ends = np.cumsum(step[run])
    chunks = Chunks(*(x.astype(np.int32) for x in (width, index, ends - step[run])))
    return chunks, runs.start[run] + part * step[run], int(ends[-1]) if len(ends) else 0


def _neighbours(pairs, rank, none: int, num_free_rows: int, chunks: Chunks, slots, rows) -> tuple[Width, ...]:
    """Fill the slots of every width with the neighbours of its rows."""
    heads = rank[pairs].ravel()
    tails = rank[pairs[:, ::-1]].ravel()
    edge = np.argsort(heads, kind="stable").astype(np.int32)
    edge = edge[: np.searchsorted(heads[edge], num_free_rows)]
    head = heads[edge]
    slot = np.arange(len(head)) - np.searchsorted(head, head)
    chunk = np.searchsorted(chunks.start, head, side="right") - 1
    found = []
    for k, (depth, breadth) in enumerate(zip(slots, rows, strict=True)):
        here = chunks.width[chunk] == k if len(slots) > 1 else slice(None)
        at = (chunks.index[chunk[here]], slot[here], head[here] - chunks.start[chunk[here]])
        shape = (int((chunks.width == k).sum()), int(depth), breadth)
        neighbours, edges = np.full(shape, none, np.int32), np.full(shape, -1, np.int32)
        neighbours[at] = tails[edge[here]]
        edges[at] = edge[here]
        found.append(Width(jnp.asarray(neighbours), edges))
    return tuple(found)
