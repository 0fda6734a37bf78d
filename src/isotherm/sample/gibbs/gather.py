"""Block Gibbs on any factor graph: gather kernels over a plan, chains as the trailing axis."""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer
from jaxtyping import Array, Float, Int32, Key, UInt32

from isotherm.energy.factor import AbstractFactor, Factor, Quadratic
from isotherm.energy.graph import FactorGraph, State, stored_state
from isotherm.energy.limbs import limbs_of, splitting, stacked, value
from isotherm.energy.variables import Variables
from isotherm.errors import refusal
from isotherm.random.bits import seed_words, uniform
from isotherm.random.counter import counted_words
from isotherm.sample.betas import times_beta
from isotherm.sample.gibbs.conditional import (
    Conditional,
    Stores,
    draw_categories,
    draw_reals,
    draw_spins,
    energies,
    weighted_sum,
)
from isotherm.sample.gibbs.incidence import Evaluation, Product, is_plain, store_of
from isotherm.sample.gibbs.plan import Piece, Plan, Stage
from isotherm.sample.kernel import Chains

Groups = tuple[tuple[str, Variables], ...]


class GraphState(NamedTuple):
    """State of one chain.

    Attributes:
        position: state of the graph, an array of shape ``(size,)`` a group.
        carry: what each conditional of a user's own carries; empty without any.
    """

    position: State
    carry: dict[str, Any]


class GraphInfo(NamedTuple):
    """Fraction of the discrete variables that a step changed, a scalar in ``[0, 1]``; zero where there are none."""

    flipped: Float[Array, ""]


class _RunningSweep(NamedTuple):
    """Many chains inside the loop: chains last, variables in the order of the plan."""

    stores: Stores
    carry: dict[str, Any]


class _Words(NamedTuple):
    """Where a sweep's randomness comes from."""

    keys: Key[Array, " chains"]
    seeds: UInt32[Array, "4 chains"]
    first: Array


class ExactWeights(eqx.Module):
    """Weights of factors laid end to end as :class:`GraphGibbs` has them, in limbs of whole numbers.

    Attributes:
        limbs: the lowest first, each of shape ``(weights,)``; see :mod:`isotherm.energy.limbs`.
        quantum: of which they are multiples, a scalar.
        bits: of a limb (static).
    """

    limbs: tuple[Array, ...]
    quantum: Float[Array, ""]
    bits: int = eqx.field(static=True)

    @classmethod
    def of(cls, graph: FactorGraph) -> "ExactWeights":
        """From concrete weights."""
        weights = [
            np.ravel(np.asarray(f.weights, np.float64)) for f in graph.factors if isinstance(f, Factor)
        ]
        flat = np.concatenate([*weights, np.zeros(1)])
        degree = np.bincount(np.concatenate([scope.ravel() for scope in graph.flat_scopes()])).max()
        largest = np.abs(np.where(np.isfinite(flat), flat, 0.0)).max()
        by = splitting(float(largest), int(degree), 24)
        limbs = tuple(jnp.asarray(limb) for limb in limbs_of(flat, by))
        return cls(limbs, jnp.asarray(by.quantum, jnp.float32), by.bits)

    def value(self, sums: Int32[Array, "limbs ..."]) -> Float[Array, "..."]:
        """Sums of limbs, ``(limbs, ...)``, as float32 numbers, ``(...)``."""
        return value(sums, self.quantum, self.bits)


class GraphGibbs(eqx.Module):
    """The kernel of :func:`isotherm.sample.gibbs.gibbs.gibbs` for any factor graph.

    Attributes:
        plan: where variables lie and what is gathered.
        weights: all weights of :class:`~isotherm.energy.factor.Factor` laid end to end, then a zero; float32
            ``(weights + 1,)``.
        exact: the same weights in limbs, where float32 would lose what tells states apart; None for most graphs.
        precisions: of each real variable, by its place.
        factors: those whose energies are evaluated, by their place in the graph.
        conditionals: of the user's own, by group.
        beta: inverse temperature; one value, or one a chain, ``(chains,)``.
        groups: those of the graph (static).
        num_sweeps: sweeps in one step (static).
    """

    plan: Plan
    weights: Array
    exact: "ExactWeights | None"
    precisions: Array
    factors: dict[int, AbstractFactor]
    conditionals: dict[str, Any]
    beta: Array
    groups: Groups = eqx.field(static=True)
    num_sweeps: int = eqx.field(static=True)
    remembers_beta: ClassVar[bool] = False

    @classmethod
    def of(
        cls,
        graph: FactorGraph,
        plan: Plan,
        beta: Any,
        conditionals: Mapping[str, Conditional],
        num_sweeps: int,
        exactly: bool = False,
    ) -> "GraphGibbs":
        """Join a plan with the parameters of the graph that it was made for.

        With ``exactly``, local sums of its concrete weights are taken without rounding, several times as slowly.
        """
        weights = [
            jnp.ravel(jnp.asarray(f.weights, jnp.float32)) for f in graph.factors if isinstance(f, Factor)
        ]
        return cls(
            plan=plan,
            weights=jnp.concatenate([*weights, jnp.zeros(1, jnp.float32)]),
            exact=ExactWeights.of(graph) if exactly else None,
            precisions=_precisions(graph, plan),
            factors={at: graph.factors[at] for at in plan.evaluated()},
            conditionals=dict(conditionals),
            beta=jnp.asarray(beta, jnp.float32),
            groups=graph.groups,
            num_sweeps=num_sweeps,
        )

    def init(self, position: State, key: Key[Array, ""] | None = None) -> GraphState:
        """First state of one chain, from an array of shape ``(size,)`` a group.

        Raises:
            ValueError: naming the group whose array is missing, of another shape or dtype, or holds a known value
                that its kind cannot take.
        """
        del key
        position = stored_state(self.groups, position)
        position = {name: _in_float32(group, position[name]) for name, group in self.groups}
        return GraphState(
            position, {name: rule.init(position[name]) for name, rule in self.conditionals.items()}
        )

    def step(self, key: Key[Array, ""], state: GraphState) -> tuple[GraphState, GraphInfo]:
        """Sweeps of one chain by one key, a scalar."""
        running = self._lay(jax.tree.map(lambda leaf: leaf[None], state))
        after = jax.tree.map(lambda leaf: leaf[0], self._view(self._sweeps(key[None], running)))
        return after, GraphInfo(_flipped(self.groups, state.position, after.position))

    def over_chains(self) -> Chains:
        """Chains as the trailing axis through the whole loop; ``beta`` may then hold one value a chain."""
        return Chains(self._init_chains, self._step_chains, self._view)

    def _init_chains(self, positions: State, keys: Key[Array, " chains"]) -> _RunningSweep:
        return self._lay(jax.vmap(self.init)(positions, keys))

    def _step_chains(
        self, keys: Key[Array, " chains"], running: _RunningSweep
    ) -> tuple[_RunningSweep, GraphInfo]:
        after = self._sweeps(keys, running)
        changed = jax.vmap(_flipped, in_axes=(None, 0, 0))
        before, now = self._view(running).position, self._view(after).position
        return after, GraphInfo(changed(self.groups, before, now))

    # --------------------------------------------------------------------------
    # Layout

    def _lay(self, states: GraphState) -> _RunningSweep:
        """From states that lead with chains to the order of the plan."""
        surplus = dict(self.plan.surplus)
        stores = {}
        for store, order in self.plan.order.items():
            members = [states.position[name] for name, group in self.groups if store_of(name, group) == store]
            if store.startswith("custom "):
                stores[store] = jax.tree.map(_chains_last, members[0])
                continue
            wide = max((m.dtype for m in members), key=lambda dtype: dtype.itemsize)
            rows = _chains_last(jnp.concatenate([m.astype(wide) for m in members], axis=1))[order]
            stores[store] = jnp.pad(rows, [(0, surplus.get(store, 0)), (0, 0)])
        return _RunningSweep(stores, jax.tree.map(_chains_last, states.carry))

    def _view(self, running: _RunningSweep) -> GraphState:
        position = {}
        for name, group in self.groups:
            store = running.stores[store_of(name, group)]
            if group.kind == "custom":
                position[name] = jax.tree.map(_chains_first, store)
            else:
                position[name] = _chains_first(store[self.plan.places[name]]).astype(group.dtype)
        return GraphState(position, jax.tree.map(_chains_first, running.carry))

    # --------------------------------------------------------------------------
    # Sweeps

    def _sweeps(self, keys: Key[Array, " chains"], running: _RunningSweep) -> _RunningSweep:
        seeds = jax.vmap(seed_words, out_axes=1)(keys)

        def sweep(at: Any, running: _RunningSweep) -> _RunningSweep:
            words = _Words(keys, seeds, jnp.asarray(at, jnp.uint32) * jnp.uint32(self.plan.num_words))
            for stage in self.plan.stages:
                running = self._stage(stage, running, words)
            return running

        return (
            sweep(0, running) if self.num_sweeps == 1 else lax.fori_loop(0, self.num_sweeps, sweep, running)
        )

    def _stage(self, stage: Stage, running: _RunningSweep, words: _Words) -> _RunningSweep:
        if stage.length == 1:
            return self._visit(stage.pieces, running, words)

        def visit(running: _RunningSweep, pieces: tuple[Piece, ...]) -> tuple[_RunningSweep, None]:
            return self._visit(pieces, running, words), None

        return lax.scan(visit, running, stage.pieces)[0]

    def _visit(self, pieces: tuple[Piece, ...], running: _RunningSweep, words: _Words) -> _RunningSweep:
        """One step: all pieces are drawn from the same state, then written."""
        drawn = [self._draw(piece, running, words) for piece in pieces]
        stores, carry = dict(running.stores), dict(running.carry)
        for piece, (values, carried) in zip(pieces, drawn, strict=True):
            store, group = piece.kind.store, piece.kind.group
            stores[store] = jax.tree.map(lambda old, new, p=piece: _write(p, old, new), stores[store], values)
            if group:
                carry[group] = jax.tree.map(
                    lambda old, new, p=piece: old.at[p.members].set(new), carry[group], carried
                )
        return _RunningSweep(stores, carry)

    def _draw(self, piece: Piece, running: _RunningSweep, words: _Words) -> tuple[Any, Any]:
        now = jax.tree.map(lambda leaf: _read(piece, leaf), running.stores[piece.kind.store])
        if piece.kind.group:
            return self._draw_own(piece, running, now, words)
        counts = words.first + piece.count + jnp.arange(piece.width, dtype=jnp.uint32)
        uniforms = uniform(counted_words(words.seeds, counts))
        if piece.kind.store == "real":
            precisions = _read(piece, self.precisions[:, None])
            return draw_reals(
                self._fields(piece, running.stores, now), precisions, self._beta(), uniforms
            ), None
        if piece.kind.store == "spin" and not any(isinstance(t.sort, Evaluation) for t in piece.terms):
            return draw_spins(self._fields(piece, running.stores, now), self._beta(), uniforms), None
        logits = times_beta(self._beta(), self._logits(piece, running.stores, now))
        if piece.kind.store == "spin":
            up = draw_categories(logits, (now > 0).astype(jnp.uint8), uniforms)
            return jnp.where(up > 0, 1, -1).astype(jnp.int8), None
        return draw_categories(logits, now, uniforms), None

    def _beta(self) -> Array:
        return self.beta if self.beta.ndim == 0 else self.beta[None]

    def _fields(self, piece: Piece, stores: Stores, now: Array, cardinality: int = 0) -> Array:
        """Coefficients of each variable, of each of its values where they are categories, up to a constant."""
        rounded = self._sum(self.weights, piece, stores, now, cardinality)
        if self.exact is None or piece.kind.store == "real" or _meets_reals(piece):
            return rounded
        sums = stacked([self._sum(limb, piece, stores, now, cardinality) for limb in self.exact.limbs])
        if not cardinality:
            return self.exact.value(sums)
        best = jnp.argmax(jnp.where(jnp.isneginf(rounded), -jnp.inf, self.exact.value(sums)), axis=0)
        beside = jnp.take_along_axis(sums, best[None, None], axis=1)
        return jnp.where(jnp.isneginf(rounded), -jnp.inf, self.exact.value(sums - beside))

    def _sum(self, weights: Array, piece: Piece, stores: Stores, now: Array, cardinality: int) -> Array:
        total = jnp.zeros((*([cardinality] if cardinality else []), *now.shape), jnp.float32)
        for terms in piece.terms:
            if not isinstance(terms.sort, Evaluation):
                total = total + weighted_sum(terms, weights, stores, cardinality, piece.width)
        return total

    def _logits(self, piece: Piece, stores: Stores, now: Array) -> Float[Array, "values width chains"]:
        """Minus the local energy at each value."""
        cardinality = piece.kind.cardinality
        if piece.kind.store == "spin":
            values = jnp.array([-1, 1], jnp.int8)
            fields = self._fields(piece, stores, now)
            logits = jnp.stack([-fields, fields])
        else:
            values = jnp.arange(cardinality).astype(now.dtype)
            logits = self._fields(piece, stores, now, cardinality)

        def energy(value: Array) -> Array:
            return self._energy(piece, stores, jnp.full_like(now, value))

        if any(isinstance(terms.sort, Evaluation) for terms in piece.terms):
            logits = logits - lax.map(energy, values)
        return logits

    def _energy(self, piece: Piece, stores: Stores, own: Any) -> Float[Array, "width chains"]:
        """Energy of each variable's evaluated factors at the values ``own``."""
        chains = jax.tree.leaves(own)[0].shape[-1]
        total = jnp.zeros((piece.width, chains), jnp.float32)
        for terms in piece.terms:
            if isinstance(terms.sort, Evaluation):
                factor = self.factors[terms.sort.factor]
                total = total + energies(terms, factor, stores, own, piece.width)
        return total

    def _draw_own(self, piece: Piece, running: _RunningSweep, now: Any, words: _Words) -> tuple[Any, Any]:
        """By the user's conditional, one chain at a time."""
        group = piece.kind.group
        rule, count = self.conditionals[group], words.first + piece.count
        carry = jax.tree.map(lambda leaf: leaf[piece.members], running.carry[group])

        def one(key: Key[Array, ""], stores: Stores, now: Any, carry: Any, beta: Array) -> tuple[Any, Any]:
            alone = jax.tree.map(lambda leaf: leaf[..., None], stores)

            def local_energy(values: Any) -> Float[Array, " width"]:
                wide = jax.tree.map(lambda leaf: leaf[..., None], values)
                return times_beta(beta, self._energy(piece, alone, wide)[:, 0])

            return rule.sample(jax.random.fold_in(key, count), local_energy, now, carry)

        axes = (0, -1, -1, -1, None if self.beta.ndim == 0 else 0)
        chains = jax.vmap(one, in_axes=axes, out_axes=-1)
        return chains(words.keys, running.stores, now, carry, self.beta)


def check_conditionals(graph: FactorGraph, held: np.ndarray, conditionals: Mapping[str, Conditional]) -> None:
    """Refuse what nobody knows how to draw.

    Args:
        graph: the model.
        held: bool, shape ``(n,)``, flat numbering.
        conditionals: of the user's own, by group.

    Raises:
        ValueError: naming the group without a conditional, or the real variable without a positive precision.
    """
    for name in conditionals:
        if name not in graph.variables:
            raise refusal("conditionals", name, f"unknown; the graph has {', '.join(graph.variables)}")
    for name, start in graph.offsets().items():
        group = graph.variables[name]
        free = np.flatnonzero(~held[start : start + group.size])
        if group.is_discrete or name in conditionals or not len(free):
            continue
        if group.kind == "custom":
            raise refusal("conditionals", name, "is missing; a custom kind needs one of its own")
        for factor in graph.factors:
            if name in factor.scope.groups and not is_plain(factor):
                allowed = f"is missing; the law of a real variable in factor {factor.name!r} is not known"
                raise refusal("conditionals", name, allowed)
        _check_precisions(graph, name, free)


def _check_precisions(graph: FactorGraph, name: str, free: np.ndarray) -> None:
    parabolas = [f for f in graph.factors if isinstance(f, Quadratic) and f.scope.groups == (name,)]
    if any(isinstance(factor.precisions, Tracer) for factor in parabolas):
        return
    total = np.zeros(graph.variables[name].size)
    for factor in parabolas:
        np.add.at(total, factor.scope.variables[:, 0], np.asarray(factor.precisions))
    bad = free[~(total[free] > 0)]
    if len(bad):
        allowed = "must be positive; add a `Quadratic` factor"
        raise refusal(f"precision of {name}[{bad[0]}]", float(total[bad[0]]), allowed)


def _meets_reals(piece: Piece) -> bool:
    """Whether a term is multiplied by reals, which have no more digits than float32 themselves."""
    return any(isinstance(terms.sort, Product) and terms.sort.reals for terms in piece.terms)


def _precisions(graph: FactorGraph, plan: Plan) -> Array:
    count = len(plan.order.get("real", ())) + dict(plan.surplus).get("real", 0)
    total = jnp.zeros(count, jnp.float32)
    for factor in graph.factors:
        if isinstance(factor, Quadratic):
            places = plan.places[factor.scope.groups[0]][factor.scope.variables[:, 0]]
            values = jnp.asarray(factor.precisions, jnp.float32)
            total = total.at[places].add(jnp.broadcast_to(values, places.shape))
    return total


def _in_float32(group: Variables, state: Any) -> Any:
    return state.astype(jnp.float32) if group.kind == "real" else state


def _flipped(groups: Groups, before: State, after: State) -> Float[Array, ""]:
    discrete = [name for name, group in groups if group.is_discrete]
    if not discrete:
        return jnp.zeros(())
    changed = jnp.concatenate([before[name] != after[name] for name in discrete])
    return jnp.mean(changed, dtype=jnp.float32)


def _chains_last(leaf: Array) -> Array:
    return jnp.moveaxis(leaf, 0, -1)


def _chains_first(leaf: Array) -> Array:
    return jnp.moveaxis(leaf, -1, 0)


def _read(piece: Piece, store: Array) -> Array:
    if piece.places is not None:
        return store[piece.places]
    assert piece.start is not None
    return lax.dynamic_slice_in_dim(store, piece.start, piece.width)


def _write(piece: Piece, store: Array, values: Array) -> Array:
    values = values.astype(store.dtype)
    if piece.places is not None:
        return store.at[piece.places].set(values, mode="drop")
    assert piece.start is not None
    if piece.size is not None:
        is_real = jnp.arange(piece.width)[:, None] < piece.size
        values = jnp.where(is_real, values, _read(piece, store))
    return lax.dynamic_update_slice_in_dim(store, values, piece.start, axis=0)
