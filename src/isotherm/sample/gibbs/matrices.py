"""Block Gibbs for spins whose blocks are coupled densely: local fields are matrix products.

A restricted Boltzmann machine is two products a sweep; a complete graph, whose blocks hold one spin each, is
a loop over the rows of its matrix of couplings.
"""

import functools
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int32, Key, UInt32

from isotherm.energy.factor import Factor, Scope
from isotherm.energy.graph import FactorGraph, State, stored, stored_state
from isotherm.energy.variables import Variables
from isotherm.random.bits import seed_words, uniform
from isotherm.random.counter import counted_words
from isotherm.sample.gibbs.gather import GraphInfo, GraphState
from isotherm.sample.gibbs.weights import each_weight, end_to_end, values_at
from isotherm.sample.kernel import Chains

MIN_DEGREE = 9
"""With fewer neighbours a spin, the sums over gathered words of chains are unrolled, and at least as fast."""

MIN_DENSITY = 0.25
"""Couplings over entries of the matrices: gathers cost about as much as ten products each."""

MAX_STAGES = 16
"""Blocks of one size in a row make one loop; more loops would take long to compile."""

Groups = tuple[tuple[str, Variables], ...]


class DenseStage(NamedTuple):
    """Consecutive blocks of one size.

    Attributes:
        first: row of the first spin of the first block.
        blocks: how many.
        rows: spins of each block.
        low: first row that any of them is coupled to.
        high: one more than the last such row.
    """

    first: int
    blocks: int
    rows: int
    low: int
    high: int


class DensePlan(NamedTuple):
    """Rows of spins in the order of their updates, then those that are held.

    Attributes:
        order: flat number of each row's spin, host array ``(n,)``.
        stages: the sweep.
        edges: number of the coupling of each entry of each stage's matrices, host arrays
            ``(blocks, rows, high - low)``; -1 where there is none.
    """

    order: np.ndarray
    stages: tuple[DenseStage, ...]
    edges: tuple[np.ndarray, ...]


class DenseGibbs(eqx.Module):
    """Heat bath by matrix products; made by :func:`dense_gibbs`.

    Attributes:
        beta: inverse temperature; in :meth:`over_chains` a number, or one a chain.
        couplings: matrices of each stage, shape ``(blocks, rows, high - low)``.
        biases: in the order of rows.
        order: flat number of each row's spin.
        rank: row of each spin.
        stages: the sweep (static).
        groups: of the graph (static).
        num_sweeps: in one step (static).
    """

    beta: Float[Array, "*chains"]
    couplings: tuple[Float[Array, "_ _ _"], ...]
    biases: Float[Array, " n"]
    order: Int32[Array, " n"]
    rank: Int32[Array, " n"]
    stages: tuple[DenseStage, ...] = eqx.field(static=True)
    groups: Groups = eqx.field(static=True)
    num_sweeps: int = eqx.field(static=True)
    remembers_beta: ClassVar[bool] = False

    def init(self, position: State, key: Key[Array, ""] | None = None) -> GraphState:
        """First state of one chain, from int8 spins of shape ``(size,)`` a group.

        Raises:
            ValueError: naming the group whose array is missing, of another shape or dtype, or holds a known value
                that is no spin.
        """
        del key
        return GraphState(stored_state(self.groups, position), {})

    def step(self, key: Key[Array, ""], state: GraphState) -> tuple[GraphState, GraphInfo]:
        """Sweeps of one chain by one key, a scalar."""
        lined, info = self._step(key[None], self._line(jax.tree.map(lambda x: x[None], state.position)))
        return jax.tree.map(lambda x: x[0], (self._view(lined), info))

    def over_chains(self) -> Chains:
        """Chains as the trailing axis of the products."""
        return Chains(lambda positions, keys: self._line(positions), self._step, self._view)

    def _line(self, positions: State) -> Float[Array, "n chains"]:
        parts = [stored(group, positions[name]) for name, group in self.groups]
        return jnp.concatenate(parts, axis=1)[:, self.order].T.astype(jnp.float32)

    def _view(self, spins: Float[Array, "n chains"]) -> GraphState:
        """States as single chains have them, chains first."""
        flat = spins.astype(jnp.int8).T[:, self.rank]
        ends = np.cumsum([group.size for _, group in self.groups])[:-1].tolist()
        parts = jnp.split(flat, ends, axis=1)
        return GraphState({name: x for (name, _), x in zip(self.groups, parts, strict=True)}, {})

    def _step(
        self, keys: Key[Array, " chains"], spins: Float[Array, "n chains"]
    ) -> tuple[Float[Array, "n chains"], GraphInfo]:
        seeds = jax.vmap(seed_words, out_axes=1)(keys)

        def sweep(at: Any, spins: Array) -> Array:
            for stage, couplings in zip(self.stages, self.couplings, strict=True):
                levels = self._levels(stage, seeds, jnp.asarray(at, jnp.uint32))
                spins = self._visit(stage, couplings, levels, spins)
            return spins

        new = sweep(0, spins) if self.num_sweeps == 1 else lax.fori_loop(0, self.num_sweeps, sweep, spins)
        return new, GraphInfo(jnp.mean(new != spins, axis=0, dtype=jnp.float32))

    def _levels(
        self, stage: DenseStage, seeds: UInt32[Array, "4 chains"], sweep: Array
    ) -> Float[Array, "blocks rows chains"]:
        """What ``2 beta Σ_j J_ij s_j`` must exceed for spin ``i`` to be up: logistic noise less the bias."""
        count = stage.blocks * stage.rows
        rows = jnp.arange(stage.first, stage.first + count, dtype=jnp.uint32)
        u = uniform(counted_words(seeds, sweep * jnp.uint32(len(self.order)) + rows))
        biases = self.biases[stage.first : stage.first + count, None]
        levels = jnp.log(u / (1 - u)) - self._slope() * biases
        return levels.reshape(stage.blocks, stage.rows, -1)

    def _visit(self, stage: DenseStage, couplings: Array, levels: Array, spins: Array) -> Array:
        slope = self._slope()

        def draw(couplings: Array, levels: Array, spins: Array) -> Array:
            fields = jnp.matmul(couplings, spins[stage.low : stage.high], precision=lax.Precision.HIGHEST)
            return jnp.where(slope * fields > levels, 1.0, -1.0).astype(jnp.float32)

        def visit(at: Array, spins: Array) -> Array:
            new = draw(couplings[at], levels[at], spins)
            return lax.dynamic_update_slice_in_dim(spins, new, stage.first + at * stage.rows, axis=0)

        if stage.blocks == 1:
            new = draw(couplings[0], levels[0], spins)
            return lax.dynamic_update_slice_in_dim(spins, new, stage.first, axis=0)
        return lax.fori_loop(0, stage.blocks, visit, spins)

    def _slope(self) -> Array:
        return 2 * (self.beta if self.beta.ndim == 0 else self.beta[None])


def dense_gibbs(
    graph: FactorGraph, beta: Any, blocks: list[np.ndarray], num_sweeps: int = 1
) -> DenseGibbs | None:
    """Heat bath over blocks of spins in turn, if their couplings fill matrices well enough to pay.

    Args:
        graph: one that :func:`isotherm.sample.gibbs.pairs.applies` accepts.
        beta: inverse temperature; traced or not; one a chain, if chains run together.
        blocks: flat numbers, int32 ``(num,)`` each; spins of a block do not interact; spins in none are left alone.
        num_sweeps: in one step, at least 1.

    Returns:
        None if the graph has other variables than spins, is sparse, or couples a pair twice.
    """
    if any(group.kind != "spin" for _, group in graph.groups):
        return None
    plan = _plan(graph.groups, graph.scopes, tuple(np.asarray(block, np.int32).tobytes() for block in blocks))
    if plan is None:
        return None
    factors = [f for f in graph.factors if isinstance(f, Factor)]
    weights = end_to_end([each_weight(f) for f in factors if f.scope.arity == 2])
    own = end_to_end([each_weight(f) for f in factors if f.scope.arity == 1])
    at = [scope[:, 0] for scope in graph.flat_scopes() if scope.shape[1] == 1]
    rank = np.argsort(plan.order).astype(np.int32)
    where = rank[np.concatenate([*at, np.zeros(0, np.int32)])]
    return DenseGibbs(
        beta=jnp.asarray(beta, jnp.float32),
        couplings=tuple(values_at(weights, edges) for edges in plan.edges),
        biases=jnp.zeros(len(rank), jnp.float32).at[where].add(own),
        order=jnp.asarray(plan.order),
        rank=jnp.asarray(rank),
        stages=plan.stages,
        groups=graph.groups,
        num_sweeps=num_sweeps,
    )


@functools.lru_cache(maxsize=8)
def _plan(groups: Groups, scopes: tuple[Scope, ...], blocks: tuple[bytes, ...]) -> DensePlan | None:
    """The plan, kept for the next call with the same structure; None where it would not pay."""
    sizes = [group.size for _, group in groups]
    offsets = dict(zip((name for name, _ in groups), np.cumsum([0, *sizes[:-1]]), strict=True))
    ends = [s.variables + np.array([offsets[g] for g in s.groups]) for s in scopes if s.arity == 2]
    n = sum(sizes)
    free = [np.frombuffer(block, np.int32) for block in blocks if block]
    if not ends or not free or 2 * sum(map(len, ends)) < MIN_DEGREE * n:
        return None
    held = np.setdiff1d(np.arange(n, dtype=np.int32), np.concatenate(free))
    order = np.concatenate([*free, held])
    rank = np.argsort(order)
    heads, tails = rank[np.concatenate([np.concatenate(ends), np.concatenate(ends)[:, ::-1]])].T
    edges = np.tile(np.arange(len(heads) // 2, dtype=np.int32), 2)
    stages = _stages([len(block) for block in free], heads, tails)
    entries = sum(s.blocks * s.rows * (s.high - s.low) for s in stages)
    wanted = int((heads < n - len(held)).sum())
    codes = np.sort(heads * n + tails)
    repeats = bool((codes[1:] == codes[:-1]).any())
    if len(stages) > MAX_STAGES or wanted < MIN_DENSITY * entries or repeats:
        return None
    return DensePlan(order, stages, tuple(_matrices(stage, heads, tails, edges) for stage in stages))


def _stages(sizes: list[int], heads: np.ndarray, tails: np.ndarray) -> tuple[DenseStage, ...]:
    changes = np.flatnonzero(np.diff(sizes)) + 1
    stages, first = [], 0
    for part in np.split(np.array(sizes), changes):
        count = int(part.sum())
        seen = tails[(heads >= first) & (heads < first + count)]
        low, high = (int(seen.min()), int(seen.max()) + 1) if len(seen) else (0, 0)
        stages.append(DenseStage(first, len(part), int(part[0]), low, high))
        first += count
    return tuple(stages)


def _matrices(stage: DenseStage, heads: np.ndarray, tails: np.ndarray, edges: np.ndarray) -> np.ndarray:
    count = stage.blocks * stage.rows
    here = (heads >= stage.first) & (heads < stage.first + count)
    found = np.full((count, stage.high - stage.low), -1, np.int32)
    found[heads[here] - stage.first, tails[here] - stage.low] = edges[here]
    return found.reshape(stage.blocks, stage.rows, -1)
