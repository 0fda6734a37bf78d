"""Block Gibbs on any factor graph against brute force."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.random_graphs import brute_force, random_clamp, random_graph
from tests.support.stats import assert_mean

from isotherm.energy.factor import Factor
from isotherm.energy.gaussian import gaussian, spin_gaussian
from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising, potts
from isotherm.energy.variables import categorical, spin
from isotherm.sample.clamp import Clamp
from isotherm.sample.gibbs import plan
from isotherm.sample.gibbs.gather import GraphGibbs
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.gibbs.plan import plan_of
from isotherm.sample.initial import initial_state
from isotherm.sample.observe import histogram, moments
from isotherm.sample.run import sample, sample_means

BETA = 0.8


def generic(graph: FactorGraph, beta: object = 1.0, num_sweeps: int = 1, held: object = None) -> GraphGibbs:
    """The kernel for any graph, also where `gibbs` knows a faster one."""
    nothing = np.zeros(graph.num_variables, bool)
    plan = plan_of(graph, nothing if held is None else np.asarray(held))
    return GraphGibbs.of(graph, plan, beta, {}, num_sweeps)


# ------------------------------------------------------------------------------
# Five hundred random graphs, joined into one


def joined(graphs: list[FactorGraph], clamps: list[dict[str, Clamp]]) -> tuple[FactorGraph, dict[str, Clamp]]:
    """The disjoint union: groups of one name side by side, factors of one form together."""
    variables, masks, values, sizes = {}, {}, {}, {}
    parts: dict[tuple[str, ...], list[tuple[np.ndarray, np.ndarray]]] = {}
    for graph, clamp in zip(graphs, clamps, strict=True):
        start = dict(sizes)
        for name, group in graph.groups:
            variables[name], sizes[name] = group, sizes.get(name, 0) + group.size
            held = clamp.get(name) or Clamp(np.zeros(group.size, bool), np.zeros(group.size, group.dtype))
            masks.setdefault(name, []).append(np.asarray(held.mask))
            values.setdefault(name, []).append(np.asarray(held.values))
        for factor in graph.factors:
            offset = np.array([start.get(name, 0) for name in factor.scope.groups])
            table = np.broadcast_to(factor.parameters, (len(factor.scope), *np.shape(factor.parameters)[1:]))
            parts.setdefault(factor.scope.groups, []).append((factor.scope.variables + offset, table))
    union = FactorGraph.of(
        {
            name: spin(sizes[name]) if group.kind == "spin" else categorical(sizes[name], group.cardinality)
            for name, group in variables.items()
        },
        [
            Factor.of(groups, *(np.concatenate(side) for side in zip(*pieces, strict=True)))
            for groups, pieces in parts.items()
        ],
    )
    clamp = {name: Clamp(np.concatenate(masks[name]), np.concatenate(values[name])) for name in masks}
    return union, clamp


def unshared(graph: FactorGraph) -> FactorGraph:
    """The same law with a table for each factor, so that each has its own moments."""
    factors = [
        Factor.of(
            f.scope.groups, f.scope.variables, np.repeat(f.parameters, len(f.scope) // len(f.parameters), 0)
        )
        for f in graph.factors
    ]
    return FactorGraph.of(graph.variables, factors)


@functools.cache
def five_hundred() -> tuple[FactorGraph, dict[str, Clamp], list[np.ndarray]]:
    """Every second one clamped; the expected features of each factor form of the union."""
    rng = np.random.default_rng(4)
    graphs = [unshared(random_graph(rng, max_states=400)) for _ in range(500)]
    clamps = [random_clamp(rng, graph) if k % 2 else {} for k, graph in enumerate(graphs)]
    union, clamp = joined(graphs, clamps)
    expected: dict[tuple[str, ...], list[np.ndarray]] = {}
    for graph, held in zip(graphs, clamps, strict=True):
        truth = brute_force(graph, BETA, held)
        for factor, features in zip(graph.factors, truth.moments(), strict=True):
            expected.setdefault(factor.scope.groups, []).append(features)
    return union, clamp, [np.concatenate(expected[factor.scope.groups]) for factor in union.factors]


class Features(eqx.Module):
    """Features of all factors of a graph as one vector: each adds its sign to one entry of its table."""

    codes: tuple[np.ndarray, ...]
    groups: tuple[str, ...] = eqx.field(static=True)
    entries: int = eqx.field(static=True)

    @classmethod
    def of(cls, graph: FactorGraph) -> "Features":
        columns, start = [], 0
        for factor, scope in zip(graph.factors, graph.flat_scopes(), strict=True):
            table = np.shape(factor.parameters)[1:]
            kinds = [name != "s" for name in factor.scope.groups]
            strides = np.zeros(4, int)
            strides[: len(kinds)][kinds] = np.cumprod((1, *table[:0:-1]))[::-1][: len(table)]
            base = start + np.arange(len(scope)) * int(np.prod(table))
            start = base[-1] + int(np.prod(table))
            at = np.pad(scope, [(0, 0), (0, 4 - len(kinds))], constant_values=graph.num_variables)
            columns.append(np.column_stack([base, at, np.tile(strides, (len(scope), 1))]))
        rows = np.concatenate(columns).astype(np.int32)
        return cls((rows[:, 0], rows[:, 1:5], rows[:, 5:]), tuple(graph.variables), int(start))

    def __call__(self, state: object) -> jax.Array:
        base, at, strides = self.codes
        x = state.position
        values = jnp.concatenate(
            [*(x[name].astype(jnp.int32) for name in self.groups), jnp.ones(1, jnp.int32)]
        )[at]
        signs = jnp.where(strides > 0, 1, values).prod(axis=1)
        return jnp.zeros(self.entries, jnp.int32).at[base + (values * strides).sum(axis=1)].add(signs)


def anywhere(graph: FactorGraph, num_chains: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.choice(group.values(), (num_chains, group.size)) for name, group in graph.groups}


def worst_z(beta: float) -> float:
    """Of the expected features of all factors, what is expected fewer than 200 times left out."""
    graph, clamp, expected = five_hundred()
    found = sample_means(
        jax.random.key(1),
        gibbs(graph, beta, clamp),
        anywhere(graph, 96),
        num_warmup=30,
        num_samples=30,
        thin=2,
        observe=Features.of(graph),
    )
    means, exact = np.asarray(found.means, np.float64), np.concatenate([e.ravel() for e in expected])
    total = len(means) * 30
    is_table = np.concatenate([np.full(e.size, e.ndim > 1) for e in expected])
    size = np.abs(exact)
    rare = np.where(is_table, size, np.where(size < 1 - 1e-9, 1 - size, 1))
    often = rare * total > 200
    least = np.sqrt(np.maximum(np.where(is_table, size, 1) - exact**2, 0) / total)
    error = np.maximum(means.std(axis=0, ddof=1) / np.sqrt(len(means)), np.maximum(least, 1e-6))
    z = np.abs(means.mean(axis=0) - exact) / error
    assert often.sum() > 2000
    return float(z[often].max())


@pytest.mark.slow
def test_five_hundred_random_graphs_and_none_at_another_temperature() -> None:
    # one test, so that one worker compiles the union once for both
    assert worst_z(BETA) < 5
    assert worst_z(BETA * 1.1) > 6


# ------------------------------------------------------------------------------
# Layouts: one loop for many small blocks, hubs, shared tables, numbering


def law(graph: FactorGraph, beta: float = 1.0, clamp: dict[str, Clamp] | None = None) -> np.ndarray:
    truth = brute_force(graph, beta, clamp)
    return truth.probabilities


def every(graph: FactorGraph) -> list[tuple[str, int]]:
    return [(name, at) for name, group in graph.groups for at in range(group.size)]


def frequencies(graph: FactorGraph, kernel: object, beta: float = 1.0, num_chains: int = 256) -> np.ndarray:
    """Joint law of all variables by each chain, in the order of brute force: (chains, states)."""
    start = functools.partial(initial_state, model=graph, beta=beta)
    observe = histogram(graph, *every(graph))
    run = sample_means(
        jax.random.key(7),
        kernel,
        start,
        num_warmup=40,
        num_samples=100,
        num_chains=num_chains,
        observe=observe,
    )
    return np.asarray(run.means)


def complete(n: int) -> FactorGraph:
    rng = np.random.default_rng(n)
    edges = np.stack(np.triu_indices(n, 1), axis=1)
    return ising(edges, rng.normal(size=len(edges)) / 2, rng.normal(size=n) / 2)


def test_a_complete_graph_is_one_loop_over_its_variables() -> None:
    graph = complete(7)
    kernel = generic(graph)
    assert [stage.length for stage in kernel.plan.stages] == [7]
    found, often = frequencies(graph, kernel), law(graph) > 1e-3
    assert_mean(found[:, often], law(graph)[often])
    with pytest.raises(AssertionError, match="moment"):
        assert_mean(found[:, often], law(graph, 1.1)[often])


def test_a_hub_does_not_widen_the_others() -> None:
    """A star with a ring around it: the hub's terms are one row, the others' rows stay short."""
    n = 4000
    ring = np.stack([np.arange(n), np.roll(np.arange(n), 1)], axis=1)
    spokes = np.stack([np.full(n, n), np.arange(n)], axis=1)
    graph = ising(np.concatenate([ring, spokes]), 0.1, 0.2)
    kernel = generic(graph)
    stored = sum(leaf.size for leaf in jax.tree.leaves(kernel.plan.stages))
    assert stored < 30 * n


def test_terms_beyond_the_usual_degree_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three and six neighbours among ones; where padding were free, all terms would be rows."""
    monkeypatch.setattr(plan, "UNROLLED_TERMS", 0)
    rng = np.random.default_rng(0)
    edges = [(0, 1), (0, 2), (0, 3), *((1, k) for k in range(4, 9))]
    graph = ising(np.array(edges), rng.normal(size=len(edges)), rng.normal(size=9) / 2)
    kernel = generic(graph)
    ranks = {len(t.shape) for stage in kernel.plan.stages for piece in stage.pieces for t in piece.terms}
    assert ranks == {1, 2}
    found, often = frequencies(graph, kernel), law(graph) > 1e-3
    assert_mean(found[:, often], law(graph)[often])


def test_numbering_does_not_change_the_plan_size() -> None:
    side = np.arange(400).reshape(20, 20)
    shuffled = np.random.default_rng(1).permutation(400)[side]
    sizes = []
    for at in (side, shuffled):
        edges = np.concatenate([np.stack([at, np.roll(at, 1, k)], -1).reshape(-1, 2) for k in (0, 1)])
        sizes.append([leaf.shape for leaf in jax.tree.leaves(generic(ising(edges, 0.3)).plan)])
    assert sizes[0] == sizes[1]


@pytest.mark.slow
def test_wide_categories_and_shared_tables() -> None:
    """More than 256 values take two bytes; one table serves all edges."""
    rng = np.random.default_rng(5)
    graph = potts(np.array([[0, 1], [1, 2]]), 300, 2.0, rng.normal(size=300))
    assert gibbs(graph).init(initial_state(jax.random.key(0), graph)).position["c"].dtype == jnp.uint16
    observe = moments(graph, ("c", "c"), [[0, 1], [1, 2]])
    start = functools.partial(initial_state, model=graph)
    run = sample_means(
        jax.random.key(2), generic(graph), start, num_samples=50, num_chains=200, observe=observe
    )
    equal = np.asarray(jnp.trace(run.means, axis1=-2, axis2=-1))
    weights = np.exp(np.asarray(graph.factors[0].parameters, np.float64)[0])
    pair = weights[:, None] * weights * np.exp(2.0 * np.eye(300))
    message = pair.sum(axis=1)
    joint = pair * message[None] / weights[None] * 1.0
    truth = np.trace(joint) / joint.sum()
    assert_mean(equal, np.array([truth, truth]))


def test_forbidden_values_never_occur() -> None:
    """Colourings of a triangle with a tail, at any temperature, even infinite."""
    table = np.where(np.eye(4) > 0, -np.inf, 0.0)
    edges = [[0, 1], [1, 2], [0, 2], [2, 3]]
    graph = FactorGraph.of({"c": categorical(4, 4)}, [Factor.of(("c", "c"), edges, table[None])])
    start = {"c": jnp.tile(jnp.array([0, 1, 2, 0], jnp.uint8), (128, 1))}
    for beta in (1.0, 0.0):
        run = sample(jax.random.key(0), generic(graph, beta), start, num_warmup=50, num_samples=50)
        c = np.asarray(run.values["c"])
        assert all((c[..., i] != c[..., j]).all() for i, j in edges)
        assert_mean((c == 1).mean(axis=1), np.full(4, 0.25))


def test_a_variable_without_any_allowed_value_stays() -> None:
    graph = FactorGraph.of(
        {"c": categorical(2, 2)}, [Factor.of(("c", "c"), [[0, 1]], np.full((1, 2, 2), -np.inf))]
    )
    start = {"c": jnp.array([[0, 1], [1, 1]], jnp.uint8)}
    run = sample(jax.random.key(0), generic(graph), start, num_warmup=0, num_samples=3)
    np.testing.assert_array_equal(run.values["c"], np.repeat(np.asarray(start["c"])[:, None], 3, axis=1))


# ------------------------------------------------------------------------------
# Reals


@pytest.mark.slow
def test_gaussian_grid_has_its_covariance() -> None:
    rng = np.random.default_rng(3)
    side = np.arange(9).reshape(3, 3)
    edges = np.concatenate(
        [
            np.stack([side[:-1], side[1:]], -1).reshape(-1, 2),
            np.stack([side[:, :-1], side[:, 1:]], -1).reshape(-1, 2),
        ]
    )
    couplings, precisions, means = rng.uniform(-0.25, 0.25, 12), rng.uniform(1, 2, 9), rng.normal(size=9)
    matrix = np.diag(precisions)
    matrix[edges[:, 0], edges[:, 1]] = matrix[edges[:, 1], edges[:, 0]] = couplings
    graph = gaussian(edges, precisions, couplings, matrix @ means)
    beta = 2.0
    run = sample(
        jax.random.key(0),
        gibbs(graph, beta),
        functools.partial(initial_state, model=graph, beta=beta),
        num_warmup=50,
        num_samples=50,
        num_chains=300,
    )
    x = np.asarray(run.values["x"], np.float64)
    assert_mean(x.mean(axis=1), means)
    centred = x - means
    covariance = np.einsum("csi,csj->cij", centred, centred) / x.shape[1]
    exact = np.linalg.inv(beta * matrix)
    assert_mean(covariance, exact)
    with pytest.raises(AssertionError, match="moment"):
        assert_mean(covariance, 1.05 * exact)


def test_spins_tied_to_reals() -> None:
    """Reals summed out leave spins with couplings, p(s) ∝ exp(b s + (Cs)ᵀ A⁻¹ (Cs) / 2)."""
    matrix, tie = np.array([[1.5, 0.4], [0.4, 1.2]]), np.diag([0.8, -0.6])
    edges, couplings = [[0, 2], [1, 3], [2, 3]], [0.8, -0.6, -0.4]
    graph = spin_gaussian([True, True, False, False], edges, couplings, [0.3, -0.2, 0, 0], [1.5, 1.2])
    found = np.asarray(
        sample_means(
            jax.random.key(3),
            gibbs(graph),
            functools.partial(initial_state, model=graph),
            num_warmup=50,
            num_samples=100,
            num_chains=300,
            observe=histogram(graph, ("s", 0), ("s", 1)),
        ).means
    )
    states = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    field = states @ tie.T
    log_p = states @ np.array([0.3, -0.2]) + np.einsum("ki,ij,kj->k", field, np.linalg.inv(matrix), field) / 2
    assert_mean(found, np.exp(log_p) / np.exp(log_p).sum())
