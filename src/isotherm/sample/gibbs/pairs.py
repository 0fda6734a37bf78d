"""Fast block Gibbs where only pairs interact: many chains in the bits of each word, rows in update order.

A neighbour's word is gathered once for all its chains. A sweep is one loop over chunks of rows that do not
interact (:mod:`isotherm.sample.gibbs.pair_plan`); what an update does with the words of the neighbours depends on
the variables (:mod:`isotherm.sample.gibbs.pair_updates`).
"""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int32, Key, UInt32

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph, State, stored, stored_state
from isotherm.energy.variables import Variables
from isotherm.random.bits import GOLDEN, mix, seed_words
from isotherm.sample.gibbs.gather import GraphInfo, GraphState
from isotherm.sample.gibbs.pair_plan import Chunks, PairPlan, plan_pairs
from isotherm.sample.gibbs.pair_updates import (
    MAX_UNROLLED_SLOTS,
    CategoryPairs,
    EdgeTables,
    SharedTable,
    SpinPairs,
    WordSource,
)
from isotherm.sample.gibbs.weights import each_weight, end_to_end, is_traced, values_at
from isotherm.sample.kernel import Chains
from isotherm.sample.log_tables import FORBIDDEN

MAX_CARDINALITY = 32
"""Values are unrolled: more of them would take long to compile."""

MIN_ROWS_ALONE = 256
"""With chunks of as many rows, words of chains take turns; with smaller ones they are swept side by side."""


class PairState(eqx.Module):
    """Many chains inside the loop.

    Attributes:
        words: rows in the order of the plan, uint32 ``(turns, rows, words)``; words of chains that take turns first,
            side by side last.
        num_chains: how many chains the words hold (static).
    """

    words: UInt32[Array, "turns rows words"]
    num_chains: int = eqx.field(static=True)


class PairGibbs(eqx.Module):
    """Heat bath over a graph of pairs; made by :func:`pair_gibbs`.

    Attributes:
        beta: inverse temperature; in :meth:`over_chains` a number, or one a chain.
        update: what is done with the words of neighbours.
        tails: rows of neighbours, of each width.
        chunks: the sweep.
        rank: row of each variable.
        order: variable of each row; any where a row is spare.
        groups: of the graph (static).
        num_sweeps: in one step (static).
    """

    beta: Float[Array, "*chains"]
    update: SpinPairs | CategoryPairs
    tails: tuple[Int32[Array, "..."], ...]
    chunks: Chunks
    rank: Int32[Array, " n"]
    order: Int32[Array, " rows"]
    groups: tuple[tuple[str, Variables], ...] = eqx.field(static=True)
    num_sweeps: int = eqx.field(static=True)
    remembers_beta: ClassVar[bool] = False

    def init(self, position: State, key: Key[Array, ""] | None = None) -> GraphState:
        """First state of one chain, from an array of shape ``(size,)`` a group.

        Raises:
            ValueError: naming the group whose array is missing, of another shape or dtype, or holds a known value
                that its kind cannot take.
        """
        del key
        return GraphState(stored_state(self.groups, position), {})

    def step(self, key: Key[Array, ""], state: GraphState) -> tuple[GraphState, GraphInfo]:
        """Sweeps of one chain by one key, a scalar."""
        packed = self._pack(jax.tree.map(lambda x: x[None], state.position))
        packed, info = self._step(key[None], packed)
        return jax.tree.map(lambda x: x[0], (self._view(packed), info))

    def over_chains(self) -> Chains:
        """Chains packed into words."""
        return Chains(lambda positions, keys: self._pack(positions), self._step, self._view)

    @property
    def _bits(self) -> int:
        return self.update.bits if isinstance(self.update, CategoryPairs) else 1

    @property
    def _max_rows(self) -> int:
        return max((tails.shape[2] for tails in self.tails), default=1)

    # --------------------------------------------------------------------------
    # Layout: chain = word * lanes + lane, word = turn * words + index

    def _layout(self, num_chains: int) -> tuple[int, int, int]:
        """Turns, words of a turn, and lanes of a word; the last chains of the last words may be spare."""
        words = -(-num_chains * self._bits // 32)
        lanes = -(-num_chains // words)
        return (words, 1, lanes) if self._max_rows >= MIN_ROWS_ALONE else (1, words, lanes)

    def _pack(self, positions: State) -> PairState:
        """From arrays that lead with chains."""
        parts = [stored(group, positions[name]) for name, group in self.groups]
        codes = [(x > 0) if x.dtype == jnp.int8 else x for x in parts]
        values = jnp.concatenate([x.astype(jnp.uint32) for x in codes], axis=1)
        turns, words, lanes = self._layout(len(values))
        spare = turns * words * lanes - len(values)
        lined = jnp.pad(values[:, self.order], [(0, spare), (0, self._max_rows)])
        lined = lined.reshape(turns, words, lanes, -1)
        shifts = self._shifts(lanes)[None, None, :, None]
        packed = jnp.sum(lined << shifts, axis=2, dtype=jnp.uint32)
        return PairState(jnp.swapaxes(packed, 1, 2), len(values))

    def _view(self, state: PairState) -> GraphState:
        """States as single chains have them, chains first."""
        lanes = self._layout(state.num_chains)[2]
        words = jnp.swapaxes(state.words[:, self.rank], 1, 2)
        lined = words[:, :, None] >> self._shifts(lanes)[None, None, :, None]
        values = (lined & jnp.uint32((1 << self._bits) - 1)).reshape(-1, len(self.rank))[: state.num_chains]
        position, start = {}, 0
        for name, group in self.groups:
            part = values[:, start : start + group.size]
            if group.kind == "spin":
                part = 2 * part.astype(jnp.int8) - 1
            position[name] = part.astype(group.dtype)
            start += group.size
        return GraphState(position, {})

    def _shifts(self, num_lanes: int) -> UInt32[Array, " lanes"]:
        return self._bits * jnp.arange(num_lanes, dtype=jnp.uint32)

    # --------------------------------------------------------------------------
    # Sweeps

    def _step(self, keys: Key[Array, " chains"], state: PairState) -> tuple[PairState, GraphInfo]:
        turns, words, lanes = self._layout(state.num_chains)
        spare = turns * words * lanes - state.num_chains
        beta = jnp.pad(jnp.broadcast_to(self.beta, (state.num_chains,)), (0, spare), mode="edge")
        beta = jnp.swapaxes(beta.reshape(turns, words, lanes), 1, 2)
        seeds = jnp.pad(jax.vmap(seed_words)(keys), [(0, spare), (0, 0)], mode="edge")
        # chains of a word share its generator, which must depend on all their keys
        marked = seeds + jnp.arange(1, len(seeds) + 1, dtype=jnp.uint32)[:, None] * jnp.uint32(GOLDEN)
        joined = jnp.sum(mix(marked).reshape(turns, words, lanes, 4), axis=2, dtype=jnp.uint32)
        new = lax.map(lambda x: self._sweeps(*x), (state.words, jnp.swapaxes(joined, 1, 2), beta))
        return PairState(new, state.num_chains), GraphInfo(self._flipped(state, new))

    def _flipped(self, state: PairState, new: Array) -> Float[Array, " chains"]:
        lanes = self._layout(state.num_chains)[2]
        changed = (state.words ^ new)[:, self.rank, :, None] >> self._shifts(lanes)[None, None, None]
        is_changed = (changed & jnp.uint32((1 << self._bits) - 1)) != 0
        return jnp.mean(is_changed, axis=1, dtype=jnp.float32).reshape(-1)[: state.num_chains]

    def _sweeps(
        self,
        state: UInt32[Array, "rows words"],
        seeds: UInt32[Array, "4 words"],
        beta: Float[Array, "lanes words"],
    ) -> UInt32[Array, "rows words"]:
        num_chunks = len(self.chunks.start)
        at_beta = self.update.at(beta)

        def sweep(i: Array, state: Array) -> Array:
            seeds_now = mix(seeds + i.astype(jnp.uint32) * jnp.uint32(GOLDEN))

            def visit(at: Array, carry: tuple[Array, Any]) -> tuple[Array, Any]:
                state, part = carry
                chunk = jax.tree.map(lambda x: lax.dynamic_index_in_dim(x, at, keepdims=False), self.chunks)
                source = WordSource(seeds_now, chunk.start.astype(jnp.uint32))
                rows = self._visit(chunk, state, part, source, at_beta)
                state = lax.dynamic_update_slice_in_dim(state, rows, chunk.start, axis=0)
                return state, self._part((at + 1) % num_chunks)

            return lax.fori_loop(0, num_chunks, visit, (state, self._part(jnp.zeros((), jnp.int32))))[0]

        return lax.fori_loop(0, self.num_sweeps, sweep, state) if num_chunks else state

    def _part(self, index: Array) -> Array | None:
        """What the next chunk needs, laid out a step ahead.

        A slice that is read where it is used keeps XLA from vectorising: a fifth of the speed was left.
        """
        if len(self.tails) > 1:
            return None
        return lax.dynamic_index_in_dim(self.update.parts[0], index, keepdims=False)

    def _visit(self, chunk: Any, state: Array, part: Any, source: WordSource, at_beta: Any) -> Array:
        """The rows from the chunk's first one on, as many as the largest chunk has, after its update."""
        now = lax.dynamic_slice_in_dim(state, chunk.start, self._max_rows, axis=0)

        def draw(width: int, part: Array) -> Array:
            tails = lax.dynamic_index_in_dim(self.tails[width], chunk.index, keepdims=False)
            neighbours = state.at[tails].get(mode="promise_in_bounds")
            new = self.update.update(width, part, chunk.start, neighbours, at_beta, source)
            return jnp.concatenate([new, now[tails.shape[1] :]])

        def from_array(width: int) -> Array:
            parts = self.update.parts[width]
            return draw(width, lax.dynamic_index_in_dim(parts, chunk.index, keepdims=False))

        if len(self.tails) == 1:
            return draw(0, part)
        return lax.switch(chunk.width, [lambda k=k: from_array(k) for k in range(len(self.tails))])


def applies(graph: FactorGraph) -> bool:
    """Whether :func:`pair_gibbs` samples this graph."""
    kinds = {(group.kind, group.cardinality) for _, group in graph.groups}
    plain = all(isinstance(f, Factor) and f.scope.arity <= 2 for f in graph.factors)
    return plain and len(kinds) == 1 and 2 <= next(iter(kinds))[1] <= MAX_CARDINALITY


def pair_gibbs(
    graph: FactorGraph,
    beta: Any,
    held: Bool[np.ndarray, " n"] | None,
    blocks: list[np.ndarray],
    num_sweeps: int = 1,
) -> PairGibbs:
    """Heat bath over blocks of variables in turn.

    The layout depends on concrete weights; weights that are traced get one that suits all.

    Args:
        graph: one that :func:`applies` accepts.
        beta: inverse temperature; traced or not; one a chain, if chains run together.
        held: variables left alone, bool, shape ``(n,)``.
        blocks: flat numbers, int32 ``(num,)`` each; variables of a block do not interact; each variable in one block
            at most.
        num_sweeps: in one step, at least 1.

    Raises:
        ValueError: naming a variable that stands in two blocks.
    """
    if held is not None:
        blocks = [block[~held[block]] for block in blocks]
    factors = [
        (f, s) for f, s in zip(graph.factors, graph.flat_scopes(), strict=True) if isinstance(f, Factor)
    ]
    pairs = [(f, s) for f, s in factors if s.shape[1] == 2]
    scopes = tuple(f.scope for f, _ in pairs)
    ends = np.concatenate([s for _, s in pairs]) if pairs else np.zeros((0, 2), np.int32)
    singles = [(f, s[:, 0]) for f, s in factors if s.shape[1] == 1]
    couplings = [f for f, _ in pairs]
    cardinality = graph.groups[0][1].cardinality
    is_spin = graph.groups[0][1].kind == "spin"
    magnitudes = _magnitudes(graph.num_variables, couplings, singles, ends) if is_spin else None
    plan = plan_pairs(scopes, ends, graph.num_variables, blocks, exact=magnitudes is not None)
    if is_spin:
        update = _spin_update(plan, couplings, singles, magnitudes)
    else:
        update = _category_update(plan, couplings, singles, cardinality)
    return PairGibbs(
        beta=jnp.asarray(beta, jnp.float32),
        update=update,
        tails=tuple(width.tails for width in plan.widths),
        chunks=plan.chunks,
        rank=jnp.asarray(plan.rank),
        order=jnp.asarray(plan.order),
        groups=graph.groups,
        num_sweeps=num_sweeps,
    )


Singles = list[tuple[Factor, np.ndarray]]


def _magnitudes(n: int, pairs: list[Factor], singles: Singles, ends: np.ndarray) -> np.ndarray | None:
    """The one magnitude of all couplings and that of all biases, if they are concrete and there are such."""
    if not pairs or any(is_traced(f.weights) for f, _ in [*((f, None) for f in pairs), *singles]):
        return None
    couplings = np.abs(end_to_end([np.asarray(f.weights) for f in pairs]))
    biases = np.zeros(n)
    for f, at in singles:
        np.add.at(biases, at, np.asarray(each_weight(f)))
    same = np.ptp(couplings) == 0 and np.ptp(np.abs(biases)) == 0 and couplings[0] > 0
    if not same or np.bincount(ends.ravel()).max() > MAX_UNROLLED_SLOTS:
        return None
    return np.array([couplings[0], abs(biases[0])], np.float32)


def _spin_update(
    plan: PairPlan, pairs: list[Factor], singles: Singles, magnitudes: np.ndarray | None
) -> SpinPairs:
    weights = end_to_end([each_weight(f) for f in pairs])
    couplings = tuple(values_at(weights, width.edges >> 1) for width in plan.widths)
    found = None if magnitudes is None else jnp.asarray(magnitudes)
    return SpinPairs(couplings, _fields(plan, singles, ()), found)


def _category_update(plan: PairPlan, pairs: list[Factor], singles: Singles, q: int) -> CategoryPairs:
    bits = next(b for b in (1, 2, 4, 8) if q <= 1 << b)
    return CategoryPairs(_tables(plan, pairs, q), _fields(plan, singles, (q,)), bits, q)


def _tables(plan: PairPlan, pairs: list[Factor], q: int) -> SharedTable | EdgeTables:
    weights = end_to_end([f.weights for f in pairs]) if pairs else np.zeros((1, q, q), np.float32)
    counts = [len(f.weights) for f in pairs]
    starts = np.cumsum([0, *counts])
    table = np.concatenate(
        [start + (np.arange(len(f.scope)) if len(f.weights) > 1 else np.zeros(len(f.scope), np.int64))
         for f, start in zip(pairs, starts, strict=False)]
        or [np.zeros(0, np.int64)]
    )  # fmt: skip
    found = None if is_traced(weights) else _multiples(np.asarray(weights))
    if found is not None:
        shared, scales = found
        filled = tuple(values_at(scales[table], width.edges >> 1) for width in plan.widths)
        is_diagonal = bool((shared == np.diag(np.diag(shared))).all())
        return SharedTable(jnp.asarray(shared), filled, is_diagonal)
    xp = jnp if is_traced(weights) else np
    forbidden = xp.maximum(weights, np.float32(FORBIDDEN))
    tables = xp.concatenate(
        [xp.swapaxes(forbidden, 1, 2), forbidden, xp.zeros((1, q, q), np.float32)], dtype=np.float32
    )
    numbers = np.concatenate([np.stack([table, table + starts[-1]], axis=1).ravel(), [2 * starts[-1]]])
    which = tuple(jnp.asarray(numbers[width.edges].astype(np.int32)) for width in plan.widths)
    return EdgeTables(jnp.asarray(tables), which)


def _multiples(tables: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """A symmetric table and the factor that makes each of ``tables`` from it, if there is one."""
    largest = np.unravel_index(np.argmax(np.abs(tables)), tables.shape)
    table = tables[largest[0]]
    if not np.isfinite(tables).all() or (table != table.T).any() or not table.any():
        return None
    scales = tables[:, *largest[1:]] / table[tuple(largest[1:])]
    same = np.abs(tables - scales[:, None, None] * table) <= 1e-6 * np.abs(table).max()
    return (table, scales) if same.all() else None


def _fields(plan: PairPlan, singles: Singles, shape: tuple[int, ...]) -> Array | None:
    """Weights of single variables added up in the order of the plan, and zeros for spare rows."""
    if not singles:
        return None
    rows = np.concatenate([plan.rank[at] for _, at in singles])
    weights = end_to_end([each_weight(f) for f, _ in singles])
    total = (len(plan.order) + plan.max_rows, *shape)
    if is_traced(weights):
        return jnp.zeros(total, jnp.float32).at[rows].add(jnp.maximum(weights, FORBIDDEN))
    fields = np.zeros(total, np.float32)
    np.add.at(fields, rows, np.maximum(weights, np.float32(FORBIDDEN)))
    return jnp.asarray(fields)
