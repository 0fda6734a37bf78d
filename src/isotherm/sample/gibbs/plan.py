r"""Plans: where each variable lies and what each step gathers, worked out once on the host for a structure.

States of one kind lie in one *store*, ``(places, chains)``, variables in the order of their first update, so that
what a step draws in one go, a *piece*, is mostly a slice. *Terms* say what conditionals are made of::

    store "spin"     chain  0  1  2 ...          order["spin"] = 0 4 7 | 1 5 | 2 3 6
      place 0  (variable 0)  +  -  +  \
      place 1  (variable 4)  -  -  +   > piece of step 0: start 0, width 3
      place 2  (variable 7)  +  +  -  /
      place 3  (variable 1)  -  +  +  \  piece of step 1: start 3, width 2
      place 4  (variable 5)  +  -  -  /
        :

    terms of the first piece, (degree, width), summed down the columns; each entry is a place among the weights and
    the places of the other arguments, a column of numbers for each of these:

                     variable 0    variable 4    variable 7
      term 0         w[0] s@3      w[1] s@4      w[2] s@3
      term 1         w[5] s@6      w[4] s@3      null            <- padding: the zero after the last weight

    beyond, (num_terms,): what variables of large degree have over, each added into its head

Steps of one form that cost about as much share one loop, a *stage*: their arrays then lead with an axis of steps.
"""

import functools
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm.energy.blocks import check_block, colour_blocks
from isotherm.energy.graph import FactorGraph
from isotherm.sample.gibbs.incidence import (
    Evaluation,
    Product,
    Ragged,
    Sort,
    incidence,
    store_of,
    weight_offsets,
)

SCATTER_COST = 4
"""Cost of a term that is added into its variable, in units of a padded one that is summed along an axis."""

PADDING = 1.25
"""Steps share one loop while it costs at most this many times what they cost apart, ..."""

UNROLLED_TERMS = 16384
"""... plus this many terms, which weigh less than compiling another copy of the step."""


Indices = Array | np.ndarray
"""On the host while a plan is made, then on the device."""


class PieceKind(NamedTuple):
    """Variables that are drawn in one go.

    Attributes:
        store: which array they lie in.
        cardinality: number of values, 0 for reals and custom kinds.
        group: their group where it has a conditional of its own, else empty.
    """

    store: str
    cardinality: int
    group: str


class Terms(eqx.Module):
    """Terms of one sort for the variables of a piece.

    Attributes:
        sort: what the columns mean (static).
        shape: ``(degree, width)``, summed along the first axis, or ``(num_terms,)`` (static).
        columns: int32 of that shape each, or one number where all are equal.
        heads: which variable of the piece each term is added to; None for the first shape.
    """

    sort: Sort = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True)
    columns: tuple[Indices, ...]
    heads: Indices | None


class Piece(eqx.Module):
    """Variables of a step that are drawn in one go.

    Attributes:
        kind: what they are (static).
        width: how many, padding included (static).
        start: place of the first, where they lie side by side.
        places: place of each, shape ``(width,)``, where they do not; padding lies outside.
        size: how many without padding; None where there is none.
        members: their indices within ``kind.group``, shape ``(width,)``; None without a conditional of its own.
        count: number of the first random word.
        terms: what their conditionals are made of.
    """

    kind: PieceKind = eqx.field(static=True)
    width: int = eqx.field(static=True)
    start: Indices | None
    places: Indices | None
    size: Indices | None
    members: Indices | None
    count: Indices
    terms: tuple[Terms, ...]


class Stage(eqx.Module):
    """One step, or several of one form, whose arrays then lead with an axis of ``length``."""

    pieces: tuple[Piece, ...]
    length: int = eqx.field(static=True)


class Plan(eqx.Module):
    """A sweep over a graph.

    Attributes:
        order: for each store, which variable (all its groups in order) lies at each place.
        places: for each group, the place of each variable in its store.
        stages: the steps.
        surplus: for each store, unused places at its end (static).
        num_words: random words a sweep (static).
    """

    order: Mapping[str, Indices]
    places: Mapping[str, Indices]
    stages: tuple[Stage, ...]
    surplus: tuple[tuple[str, int], ...] = eqx.field(static=True)
    num_words: int = eqx.field(static=True)

    def evaluated(self) -> set[int]:
        """Places in ``graph.factors`` of those whose energies are evaluated."""
        sorts = {terms.sort for stage in self.stages for piece in stage.pieces for terms in piece.terms}
        return {sort.factor for sort in sorts if isinstance(sort, Evaluation)}


class Frozen:
    """An array of any shape ``(...)`` that is hashed and compared by content: shape, dtype and bytes."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self._digest = (array.shape, array.dtype.str, hashlib.sha256(array.tobytes()).digest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frozen) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)


def plan_of(
    graph: FactorGraph,
    held: np.ndarray,
    steps: Iterable[np.ndarray] | None = None,
    own: Iterable[str] = (),
    allow_parallel: bool = False,
) -> Plan:
    """The plan of a graph's structure; kept, so that other parameters and values find it ready.

    Args:
        graph: ``n`` variables, parameters of any value, traced or not.
        held: bool, shape ``(n,)``.
        steps: flat numbers that each step updates; by default independent blocks by colouring.
        own: groups with a conditional of their own.
        allow_parallel: whether the variables of a step may interact.

    Raises:
        ValueError: naming two interacting variables of one step.
    """
    leaves, tree = jax.tree.flatten(graph)
    shapes = tuple(getattr(leaf, "shape", None) for leaf in leaves)
    frozen = None if steps is None else tuple(Frozen(step) for step in steps)
    return _plan(tree, shapes, Frozen(held), frozen, frozenset(own), allow_parallel)


def independent_blocks(graph: FactorGraph, held: np.ndarray) -> list[np.ndarray]:
    """What :func:`isotherm.energy.blocks.colour_blocks` finds; kept, as :func:`plan_of` keeps its plans.

    Args:
        graph: ``n`` variables; of its parameters only the shapes are read.
        held: bool, shape ``(n,)``.

    Returns:
        Flat numbers of each block, ascending int32 ``(num,)``.
    """
    leaves, tree = jax.tree.flatten(graph)
    return list(_colours(tree, tuple(getattr(leaf, "shape", None) for leaf in leaves), Frozen(held)))


@functools.lru_cache(maxsize=8)
def _colours(tree: Any, shapes: tuple[Any, ...], held: Frozen) -> tuple[np.ndarray, ...]:
    return tuple(colour_blocks(_skeleton(tree, shapes), held.array))


def _skeleton(tree: Any, shapes: tuple[Any, ...]) -> FactorGraph:
    return tree.unflatten([shape and jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes])


@functools.lru_cache(maxsize=8)
def _plan(
    tree: Any,
    shapes: tuple[Any, ...],
    held: Frozen,
    steps: tuple[Frozen, ...] | None,
    own: frozenset[str],
    allow_parallel: bool,
) -> Plan:
    graph = _skeleton(tree, shapes)
    if steps is None:
        flat = list(_colours(tree, shapes, held))
    else:
        flat = [step.array for step in steps]
        if not allow_parallel:
            _check_steps(graph, flat)
    with jax.ensure_compile_time_eval():
        return jax.tree.map(jnp.asarray, _Planner(graph, flat, own).plan())


def _check_steps(graph: FactorGraph, steps: list[np.ndarray]) -> None:
    pairs = graph.interacting_pairs()
    for at, step in enumerate(steps):
        check_block(graph, step, pairs, f"blocks[{at}]")


_Group = tuple[PieceKind, np.ndarray]  # flat numbers of the variables of a piece


class _Planner:
    """The work of :func:`plan_of`, with what its parts share."""

    def __init__(self, graph: FactorGraph, steps: list[np.ndarray], own: frozenset[str]) -> None:
        self.graph = graph
        self.steps = [self._pieces(step, own) for step in steps if len(step)]
        self.surplus: dict[str, int] = {}
        self.num_words = 0
        self._lay_out()
        updated = np.zeros(graph.num_variables, bool)
        for step in steps:
            updated[step] = True
        self.incidence = incidence(graph, updated, own, self.place)
        _, self.null = weight_offsets(graph)

    def plan(self) -> Plan:
        stages = tuple(self._stage(steps) for steps in self._alike())
        places = {
            name: self.place[start : start + self.graph.variables[name].size].astype(np.int32)
            for name, start in self.graph.offsets().items()
        }
        return Plan(self.order, places, stages, tuple(self.surplus.items()), self.num_words)

    def _pieces(self, step: np.ndarray, own: frozenset[str]) -> list[_Group]:
        """A step's variables by how they are drawn; those of several groups together where that is one way."""
        found: dict[PieceKind, list[np.ndarray]] = {}
        for name, start in self.graph.offsets().items():
            group = self.graph.variables[name]
            first, last = np.searchsorted(step, [start, start + group.size])
            if last > first:
                kind = PieceKind(store_of(name, group), group.cardinality, name if name in own else "")
                found.setdefault(kind, []).append(step[first:last])
        return [(kind, np.concatenate(parts)) for kind, parts in found.items()]

    def _lay_out(self) -> None:
        """Number the variables of each store in the order of their first update, so that pieces are slices."""
        self.place = np.zeros(self.graph.num_variables, np.int64)
        self.order: dict[str, np.ndarray] = {}
        for store, members in self._stores().items():
            visits = [flat for step in self.steps for kind, flat in step if kind.store == store]
            rank = np.full(self.graph.num_variables, len(visits) + 1)
            for at in reversed(range(len(visits))):
                rank[visits[at]] = at
            order = np.argsort(rank[members], kind="stable")
            if store.startswith("custom "):
                order = np.arange(len(members))
            self.place[members[order]] = np.arange(len(members))
            self.order[store] = order.astype(np.int32)

    def _stores(self) -> dict[str, np.ndarray]:
        stores: dict[str, list[np.ndarray]] = {}
        for (name, group), start in zip(self.graph.groups, self.graph.offsets().values(), strict=True):
            stores.setdefault(store_of(name, group), []).append(np.arange(start, start + group.size))
        return {store: np.concatenate(parts) for store, parts in stores.items()}

    def _alike(self) -> list[list[list[_Group]]]:
        """Consecutive steps of one form, as far as padding them to the largest pays."""
        runs: list[list[list[_Group]]] = []
        form, apart, largest = None, 0, np.zeros(0)
        for step in self.steps:
            kinds = tuple(kind for kind, _ in step)
            costs = np.array([self._num_terms(flat) for _, flat in step])
            if form == kinds and not any(kind.group for kind in kinds):
                together = (len(runs[-1]) + 1) * np.maximum(largest, costs).sum()
                if together <= PADDING * (apart + costs.sum()) + UNROLLED_TERMS:
                    runs[-1].append(step)
                    apart, largest = apart + costs.sum(), np.maximum(largest, costs)
                    continue
            runs.append([step])
            form, apart, largest = kinds, costs.sum(), costs
        return runs

    def _num_terms(self, flat: np.ndarray) -> int:
        degrees = [(table.starts[flat + 1] - table.starts[flat]).sum() for table in self.incidence.values()]
        return len(flat) + int(sum(degrees))

    def _stage(self, steps: list[list[_Group]]) -> Stage:
        num_words = sum(max(len(step[p][1]) for step in steps) for p in range(len(steps[0])))
        first = self.num_words + num_words * np.arange(len(steps))
        self.num_words += num_words * len(steps)
        pieces = []
        for column in zip(*steps, strict=True):
            piece = self._piece(column[0][0], [flat for _, flat in column], first)
            first = first + piece.width
            pieces.append(piece)
        stage = Stage(tuple(pieces), len(steps))
        return stage if len(steps) > 1 else jax.tree.map(lambda leaf: leaf[0], stage)

    def _piece(self, kind: PieceKind, variables: list[np.ndarray], count: np.ndarray) -> Piece:
        """One piece of each of several steps, padded to the widest; leaves lead with the axis of steps."""
        width = max(map(len, variables))
        sizes = np.array([len(flat) for flat in variables], np.int32)
        places = _padded([self.place[flat] for flat in variables], width, self.graph.num_variables)
        is_slice = all(_is_range(self.place[flat]) for flat in variables) and "custom" not in kind.store
        has_padding = bool((sizes < width).any())
        if is_slice and has_padding:
            self.surplus[kind.store] = max(width, self.surplus.get(kind.store, 0))
        offset = self.graph.offsets().get(kind.group, 0)
        return Piece(
            kind=kind,
            width=width,
            start=places[:, 0] if is_slice else None,
            places=None if is_slice else places,
            size=sizes if is_slice and has_padding else None,
            members=_padded([flat - offset for flat in variables], width, 0) if kind.group else None,
            count=count.astype(np.uint32),
            terms=tuple(
                terms
                for sort, table in self.incidence.items()
                for terms in _terms(sort, table, variables, width, self.null)
            ),
        )


def _is_range(places: np.ndarray) -> bool:
    return bool((np.diff(places) == 1).all())


def _padded(arrays: list[np.ndarray], width: int, fill: int) -> np.ndarray:
    out = np.full((len(arrays), width), fill, np.int32)
    for row, array in zip(out, arrays, strict=True):
        row[: len(array)] = array
    return out


def _terms(sort: Sort, table: Ragged, variables: list[np.ndarray], width: int, null: int) -> list[Terms]:
    """Terms of some variables: most as rows of one length, what goes beyond as a list."""
    degrees = [table.starts[flat + 1] - table.starts[flat] for flat in variables]
    counts = np.bincount(np.concatenate(degrees))
    more_than = counts.sum() - np.cumsum(counts)
    if width * len(variables) * (len(counts) - 1) <= UNROLLED_TERMS:
        degree = len(counts) - 1
    else:
        degree = int((SCATTER_COST * more_than > width * len(variables)).sum())
    num_beyond = max(int(np.maximum(d - degree, 0).sum()) for d in degrees)
    filler = np.array([null if isinstance(sort, Product) else 0] + [0] * (len(table.columns) - 1), np.int32)
    rows = np.empty((len(variables), len(filler), degree, width), np.int32)
    rows[:] = filler[None, :, None, None]
    beyond = np.empty((len(variables), len(filler), num_beyond), np.int32)
    beyond[:] = filler[None, :, None]
    heads = np.zeros((len(variables), num_beyond), np.int32)
    for at, (flat, count) in enumerate(zip(variables, degrees, strict=True)):
        step = np.arange(degree)[:, None]
        slot = np.minimum(table.starts[flat][None] + step, table.columns.shape[1] - 1)
        rows[at, :, :, : len(flat)] = np.where(
            step < count[None], table.columns[:, slot], filler[:, None, None]
        )
        extra = np.maximum(count - degree, 0)
        head = np.repeat(np.arange(len(flat)), extra)
        nth = np.arange(len(head)) - np.repeat(np.cumsum(extra) - extra, extra)
        beyond[at, :, : len(head)] = table.columns[:, table.starts[flat][head] + degree + nth]
        heads[at, : len(head)] = head
    found = []
    if degree:
        found.append(Terms(sort, (degree, width), _compact(rows), None))
    if num_beyond:
        found.append(Terms(sort, (num_beyond,), _compact(beyond), heads))
    return found


def _compact(columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Each column, shape ``(steps, ...)``, or ``(steps,)`` where it holds one number throughout."""
    return tuple(
        np.full(len(column), column.flat[0]) if (column == column.flat[0]).all() else column
        for column in np.moveaxis(columns, 1, 0)
    )
