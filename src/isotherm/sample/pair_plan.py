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
"""Rows computed, those masked at the ends of blocks included, over rows wanted."""

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
        width: entry of :attr:`Plan.widths`.
        index: number within that width.
        start: first row.
        rows: how many of the width's rows are this chunk's.
    """

    width: Any
    index: Any
    start: Any
    rows: Any


class Plan(NamedTuple):
    """Variables in the order in which they are updated, then those that are held.

    Attributes:
        order: flat number of each row's variable, host array ``(n,)``.
        rank: row of each variable, ``(n,)``.
        chunks: the sweep.
        widths: neighbours.
    """

    order: np.ndarray
    rank: Int32[Array, " n"]
    chunks: Chunks
    widths: tuple[Width, ...]

    @property
    def max_rows(self) -> int:
        """Rows of the largest chunk."""
        return max((width.tails.shape[2] for width in self.widths), default=1)


class Runs(NamedTuple):
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
def _plan(structure: _Structure) -> Plan:
    _, n, sizes, _, exact = structure.key
    pairs, joined = structure.pairs, structure.joined
    degrees = np.bincount(pairs.ravel(), minlength=n)
    held = np.ones(n, bool)
    held[joined] = False
    slots = _widths(degrees[joined], exact)
    width_of = np.searchsorted(slots, degrees)
    block_of = np.repeat(np.arange(len(sizes)), sizes)
    within = np.lexsort((joined, degrees[joined], width_of[joined], block_of))
    order = np.concatenate([joined[within], np.flatnonzero(held)]).astype(np.int32)
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    runs = _runs(width_of[joined[within]], block_of[within])
    rows = [_rows(runs.rows[runs.width == k]) for k in range(len(slots))]
    chunks = _chunks(runs, np.array(rows, np.int64))
    # the plan may be made while a caller is traced, and outlives the trace
    with jax.ensure_compile_time_eval():
        widths = _neighbours(pairs, rank, len(joined), chunks, slots, rows)
        return Plan(order, jnp.asarray(rank), Chunks(*map(jnp.asarray, chunks)), widths)


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


def _runs(width: np.ndarray, block: np.ndarray) -> Runs:
    if not len(width):
        return Runs(*(np.zeros(0, np.int64) for _ in Runs._fields))
    changes = np.flatnonzero((np.diff(width) != 0) | (np.diff(block) != 0)) + 1
    start = np.concatenate([[0], changes])
    return Runs(width[start], start, np.diff(np.concatenate([start, [len(width)]])))


def _rows(runs: np.ndarray) -> int:
    """Rows of a chunk of one width: as many as do not waste too many at the ends of runs."""
    rows = int(min(MAX_ROWS, runs.max()))
    while rows > 1 and (-(-runs // rows) * rows).sum() > MAX_SPARE_ROWS * runs.sum():
        rows = -(-rows // 2)
    return rows


def _chunks(runs: Runs, rows: np.ndarray) -> Chunks:
    """Runs cut into chunks, host arrays."""
    if not len(runs.start):
        return Chunks(*(np.zeros(0, np.int32) for _ in Chunks._fields))
    step = rows[runs.width]
    parts = -(-runs.rows // step)
    run = np.repeat(np.arange(len(parts)), parts)
    part = np.arange(len(run)) - np.repeat(np.cumsum(parts) - parts, parts)
    offset = part * step[run]
    width = runs.width[run]
    index = np.zeros(len(run), np.int64)
    for k in range(len(rows)):
        index[width == k] = np.arange((width == k).sum())
    here = np.minimum(step[run], runs.rows[run] - offset)
    return Chunks(*(x.astype(np.int32) for x in (width, index, runs.start[run] + offset, here)))


def _neighbours(pairs, rank, num_free, chunks: Chunks, slots, rows) -> tuple[Width, ...]:
    """Fill the slots of every width with the neighbours of its rows."""
    n = len(rank)
    heads = rank[pairs].ravel()
    tails = rank[pairs[:, ::-1]].ravel()
    edge = np.argsort(heads, kind="stable").astype(np.int32)
    edge = edge[: np.searchsorted(heads[edge], num_free)]
    head = heads[edge]
    slot = np.arange(len(head)) - np.searchsorted(head, head)
    chunk = np.searchsorted(chunks.start, head, side="right") - 1
    found = []
    for k, (depth, breadth) in enumerate(zip(slots, rows, strict=True)):
        here = chunks.width[chunk] == k if len(slots) > 1 else slice(None)
        at = (chunks.index[chunk[here]], slot[here], head[here] - chunks.start[chunk[here]])
        shape = (int((chunks.width == k).sum()), int(depth), breadth)
        neighbours, edges = np.full(shape, n, np.int32), np.full(shape, -1, np.int32)
        neighbours[at] = tails[edge[here]]
        edges[at] = edge[here]
        found.append(Width(jnp.asarray(neighbours), edges))
    return tuple(found)
