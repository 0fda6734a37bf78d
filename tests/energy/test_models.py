"""Energies and features against direct evaluation; constructors against the formulae of their docstrings."""

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.dense import Ising
from isotherm.energy.factor import Factor, Quadratic, scope_of
from isotherm.energy.gaussian import gaussian, spin_gaussian
from isotherm.energy.graph import FactorGraph
from isotherm.energy.machines import (
    boltzmann_machine,
    deep_boltzmann,
    restricted_boltzmann,
    semi_restricted_boltzmann,
)
from isotherm.energy.models import (
    from_dense,
    ising,
    p_spin,
    potts,
    random_field_ising,
    random_field_potts,
    to_dense,
)
from isotherm.energy.variables import categorical, real, spin

GROUPS = {"s": spin(5), "c": categorical(4, 3), "d": categorical(3, 300), "x": real(4)}
SCOPES = (
    ("s",),
    ("c",),
    ("x",),
    ("s", "s"),
    ("s", "x"),
    ("x", "x"),
    ("c", "s"),
    ("d", "c"),
    ("s", "s", "s"),
    ("c", "s", "c"),
    ("x", "c", "s", "x"),
)


def random_graph(seed: int, dtype: Any = np.float64) -> FactorGraph:
    """Every kind of factor, half of them with weights of their own and half sharing one table."""
    rng = np.random.default_rng(seed)
    factors = []
    for k, groups in enumerate(SCOPES):
        possible = itertools.product(*(range(GROUPS[name].size) for name in groups))
        scopes = [v for v in possible if len(set(zip(groups, v, strict=True))) == len(groups)]
        chosen = rng.permutation(len(scopes))[:3]
        table = [GROUPS[name].cardinality for name in groups if GROUPS[name].kind == "categorical"]
        weights = rng.normal(size=(3 if k % 2 else 1, *table)).astype(dtype)
        factors.append(Factor.of(groups, np.array(scopes)[chosen], weights, name="-".join(groups)))
    precisions = rng.uniform(1, 2, 4).astype(dtype)
    parabolas = Quadratic(precisions=precisions, scope=scope_of(("x",), np.arange(4), "p"), name="p")
    return FactorGraph.of(GROUPS, [*factors, parabolas])


def random_states(seed: int, count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    states = {}
    for name, group in GROUPS.items():
        shape = (count, group.size)
        if group.kind == "real":
            states[name] = rng.normal(size=shape).astype(np.float32)
        else:
            states[name] = group.values()[rng.integers(group.cardinality, size=shape)]
    return states


def by_hand(graph: FactorGraph, state: dict[str, np.ndarray]) -> tuple[float, float, list[np.ndarray]]:
    """Energy, sum of the terms' sizes, and features, factor by factor."""
    terms, features = [], []
    for factor in graph.factors:
        weights = np.asarray(factor.parameters, np.float64)
        found = np.zeros_like(weights)
        for row, variables in enumerate(factor.scope.variables):
            product, entry = 1.0, [row if len(weights) > 1 else 0]
            for name, index in zip(factor.scope.groups, variables, strict=True):
                if graph.variables[name].kind == "categorical":
                    entry.append(int(state[name][index]))
                else:
                    product *= float(state[name][index])
            product = -0.5 * product**2 if isinstance(factor, Quadratic) else product
            found[tuple(entry)] += product
            terms.append(-product * weights[tuple(entry)])
        features.append(found)
    return sum(terms), sum(map(abs, terms)), features


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_energy_and_features_of_every_kind_of_factor_against_direct_evaluation(dtype: Any) -> None:
    graph, states = random_graph(0, dtype), random_states(1, 20)
    compute = jax.jit(jax.vmap(lambda x: (graph.energy(x), graph.features(x))))
    with jax.enable_x64(dtype is np.float64):
        energies, features = jax.tree.map(np.asarray, compute(states))
    assert energies.dtype == dtype
    bound = 1e-12 if dtype is np.float64 else 1e-6
    for i in range(20):
        energy, size, found = by_hand(graph, {name: values[i] for name, values in states.items()})
        assert abs(energies[i] - energy) < bound * size
        for ours, theirs in zip(features, found, strict=True):
            np.testing.assert_allclose(ours[i], theirs, rtol=bound, atol=bound)


def test_a_wrong_sign_would_be_seen() -> None:
    graph, states = random_graph(0), random_states(1, 1)
    flipped = graph.with_parameters((*(p for p in graph.parameters[:-1]), -graph.parameters[-1]))
    state = {name: values[0] for name, values in states.items()}
    energy, size, _ = by_hand(graph, state)
    with jax.enable_x64(True):
        assert abs(float(jax.jit(lambda x: flipped.energy(x))(state)) - energy) > 1e-3 * size


def test_parameters_are_leaves_and_never_retrace() -> None:
    @eqx.debug.assert_max_traces(max_traces=1)
    def energy(graph: FactorGraph, state: dict[str, Any]) -> Any:
        return graph.energy(state)

    state = {name: values[0] for name, values in random_states(2, 1).items()}
    compiled = jax.jit(energy)
    energies = [float(compiled(random_graph(0, np.float32), state)) for _ in range(2)]
    graph = random_graph(0, np.float32)
    for scale in range(2, 5):
        scaled = graph.with_parameters(jax.tree.map(lambda p, a=scale: np.float32(a) * p, graph.parameters))
        assert float(compiled(scaled, state)) == pytest.approx(scale * energies[0], rel=1e-4)
    assert energies[0] == energies[1]


def test_graph_under_vmap_and_grad() -> None:
    edges, state = np.array([[0, 1], [1, 2]]), {"s": jnp.array([1, -1, -1], jnp.int8)}
    couplings = jnp.arange(6, dtype=jnp.float32).reshape(3, 2)
    many = jax.vmap(lambda j: ising(edges, j, num_spins=3))(couplings)
    energies = jax.vmap(lambda graph: graph.energy(state))(many)
    np.testing.assert_allclose(energies, [-(-j[0] + j[1]) for j in couplings])
    slope = jax.grad(lambda j: ising(edges, j, jnp.ones(3), 3).energy(state))(couplings[0])
    np.testing.assert_allclose(slope, [1, -1])


def test_scopes_are_equal_and_hashed_by_content() -> None:
    first, second = (scope_of(("s", "s"), [[0, 1], [2, 3]], "f") for _ in range(2))
    assert first is not second
    assert first == second
    assert hash(first) == hash(second)
    for groups, variables in (
        (("s", "t"), [[0, 1], [2, 3]]),
        (("s", "s"), [[0, 1], [3, 2]]),
        (("s",), [0, 1]),
    ):
        other = scope_of(groups, variables, "f")
        assert other != first
        assert hash(other) != hash(first)
    assert first != "scope"


def test_scope_keeps_a_copy_and_cannot_be_written() -> None:
    edges = np.array([[0, 1]], np.int32)
    scope = scope_of(("s", "s"), edges, "f")
    edges[0, 1] = 7
    assert scope.variables.tolist() == [[0, 1]]
    with pytest.raises(ValueError, match="read-only"):
        scope.variables[0, 0] = 1


def test_one_table_alone_is_shared_by_all() -> None:
    variables = {"s": spin(3), "c": categorical(2, 2)}
    alone = [
        Factor.of("s", [0, 2], 0.5),
        Factor.of("c", [0, 1], [1.0, 2.0]),
        Factor.of(("c", "c", "s"), [[0, 1, 1]], [[1.0, 2], [3, 4]]),
    ]
    axes = [Factor(weights=f.weights.reshape(1, *f.weights.shape), scope=f.scope) for f in alone[1:]]
    graph, explicit = FactorGraph.of(variables, alone), FactorGraph.of(variables, [alone[0], *axes])
    assert [p.shape for p in graph.parameters] == [(1,), (1, 2), (1, 2, 2)]
    state = {"s": jnp.array([1, -1, 1], jnp.int8), "c": jnp.array([0, 1], jnp.uint8)}
    assert float(graph.energy(state)) == float(explicit.energy(state)) == -0.5 * 2 - 3 + 2


# ------------------------------------------------------------------------------
# Constructors


def all_spins(n: int) -> np.ndarray:
    return np.array(list(itertools.product((-1, 1), repeat=n)), np.int8)


def energies_of(graph: FactorGraph, flat: np.ndarray) -> np.ndarray:
    """In float64, of states given flat, group after group."""
    splits = list(graph.offsets().values())[1:]
    parts = np.split(flat, splits, axis=1)
    states = {name: jnp.asarray(part) for (name, _), part in zip(graph.groups, parts, strict=True)}
    with jax.enable_x64(True):
        return np.asarray(jax.jit(jax.vmap(graph.energy))(states))


def test_shared_parameters_stay_shared() -> None:
    edges = [[0, 1], [1, 2], [2, 3]]
    graph = ising(edges, 0.5, -1)
    assert [factor.parameters.shape for factor in graph.factors] == [(1,), (1,)]
    s = all_spins(4).astype(float)
    expected = s.sum(axis=1) - 0.5 * (s[:, :-1] * s[:, 1:]).sum(axis=1)
    np.testing.assert_allclose(energies_of(graph, all_spins(4)), expected, atol=1e-12)
    assert [factor.name for factor in ising(edges, 0.5).factors] == ["couplings"]


def test_model_without_edges_keeps_its_biases() -> None:
    assert [f.name for f in ising([], 1.0, 0.0, num_spins=3).factors] == ["biases"]
    assert potts([], 3, 1.0, num_variables=2).factors[0].parameters.shape == (1, 3)


def test_potts_tables() -> None:
    rng = np.random.default_rng(0)
    strengths, fields = rng.normal(size=3), rng.normal(size=(3, 4))
    edges = [[0, 1], [2, 1], [0, 2]]
    graph = potts(edges, 4, strengths, fields)
    states = np.array(list(itertools.product(range(4), repeat=3)), np.uint8)
    equal = np.stack([states[:, i] == states[:, j] for i, j in edges], axis=1)
    expected = -(equal @ strengths) - fields[np.arange(3), states].sum(axis=1)
    np.testing.assert_allclose(energies_of(graph, states), expected, atol=1e-12)
    assert potts(edges, 4, 1.0, fields[0]).factors[0].parameters.shape == (1, 4)
    slope = jax.grad(lambda j: potts(edges, 4, j, fields).energy({"c": jnp.zeros(3, jnp.uint8)}))(2.0)
    assert slope == -3


def test_cubic_spins() -> None:
    triples, strengths = [[0, 1, 2], [1, 2, 3]], np.array([0.5, -2.0])
    s = all_spins(4).astype(float)
    products = np.stack([s[:, t].prod(axis=1) for t in triples], axis=1)
    expected = -products @ strengths - s @ [1, 2, 3, 4]
    graph = p_spin(triples, strengths, [1, 2, 3, 4])
    np.testing.assert_allclose(energies_of(graph, all_spins(4)), expected, atol=1e-12)


def test_dense_models_there_and_back() -> None:
    rng = np.random.default_rng(3)
    upper = np.triu(rng.normal(size=(5, 5)), 1)
    model = Ising.checked(rng.normal(size=5), upper + upper.T)
    graph = from_dense(model)
    energies = jax.vmap(model.energy)(jnp.asarray(all_spins(5)))
    np.testing.assert_allclose(energies_of(graph, all_spins(5)), energies, atol=1e-5)
    back = to_dense(graph)
    np.testing.assert_array_equal(back.biases, model.biases)
    np.testing.assert_array_equal(back.couplings, model.couplings)
    shared = to_dense(ising([[0, 1], [2, 1]], 0.5, 2.0))
    np.testing.assert_array_equal(shared.couplings, [[0, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0]])
    with pytest.raises(
        ValueError, match=r"couplings = \('s', 's', 's'\): only biases and couplings of spins"
    ):
        to_dense(p_spin([[0, 1, 2]], 1.0))


def test_restricted_machine() -> None:
    rng = np.random.default_rng(1)
    weights, visible, hidden = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=2)
    graph = restricted_boltzmann(3, 2, weights, visible, hidden)
    s = all_spins(5).astype(float)
    expected = -np.einsum("bv,vh,bh->b", s[:, :3], weights, s[:, 3:]) - s @ np.concatenate([visible, hidden])
    np.testing.assert_allclose(energies_of(graph, all_spins(5)), expected, atol=1e-12)
    assert [f.name for f in graph.factors] == ["visible_biases", "hidden_biases", "couplings"]
    assert [f.parameters.shape for f in restricted_boltzmann(3, 2).factors] == [(3,), (2,), (6,)]


def test_machines_against_a_matrix_of_couplings() -> None:
    """Each machine is a dense Ising model in flat numbering; its pattern of couplings is its definition."""
    rng = np.random.default_rng(2)
    pairs = np.array([[1, 0], [3, 1], [4, 3], [2, 4]])
    j, b = rng.normal(size=4).astype(np.float32), rng.normal(size=5).astype(np.float32)
    dense = to_dense(boltzmann_machine(3, 2, pairs, j, b))
    expected = np.zeros((5, 5), np.float32)
    expected[pairs[:, 0], pairs[:, 1]] = expected[pairs[:, 1], pairs[:, 0]] = j
    np.testing.assert_array_equal(dense.couplings, expected)
    np.testing.assert_array_equal(dense.biases, b)
    assert len(boltzmann_machine(3, 2).interacting_pairs()) == 10
    assert [f.name for f in boltzmann_machine(3).factors] == ["visible_biases", "visible_couplings"]

    semi = to_dense(semi_restricted_boltzmann(3, 2, [[0, 2]], 1.0, visible_couplings=[5.0]))
    block = np.array([[0, 0, 5], [0, 0, 0], [5, 0, 0]])
    np.testing.assert_array_equal(semi.couplings[:3, :3], block)
    np.testing.assert_array_equal(semi.couplings[:3, 3:], np.ones((3, 2)))
    np.testing.assert_array_equal(semi.couplings[3:, 3:], np.zeros((2, 2)))

    deep = deep_boltzmann([2, 2, 1], [np.array([[1.0, 2], [3, 4]]), 5.0], [0.5, [1, 2], 0])
    matrix = np.asarray(to_dense(deep).couplings)
    np.testing.assert_array_equal(matrix[:2, 2:4], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(matrix[2:4, 4], [5, 5])
    assert not matrix[:2, 4].any()
    assert [name for name, _ in deep.groups] == ["visible", "hidden_1", "hidden_2"]
    np.testing.assert_array_equal(to_dense(deep).biases, [0.5, 0.5, 1, 2, 0])


def test_machines_take_traced_parameters() -> None:
    def energy(weights: Any) -> Any:
        graph = restricted_boltzmann(3, 2, weights, hidden_biases=weights[0])
        return graph.energy({"visible": jnp.ones(3, jnp.int8), "hidden": -jnp.ones(2, jnp.int8)})

    slope = jax.jit(jax.grad(energy))(jnp.zeros((3, 2), jnp.float32))
    np.testing.assert_array_equal(slope, [[2, 2], [1, 1], [1, 1]])


def test_random_fields_have_their_strength_and_make_ensembles() -> None:
    edges = np.array([[0, 1], [1, 2]])
    keys = jax.random.split(jax.random.key(0), 4000)
    many = jax.vmap(lambda key: random_field_ising(key, edges, 1.0, 2.0))(keys)
    fields = np.asarray(many.factors[0].parameters)
    assert fields.shape == (4000, 3)
    assert fields.std() == pytest.approx(2.0, rel=0.03)  # 12,000 numbers: standard error 0.65 %
    assert abs(fields.mean()) < 0.1
    colours = random_field_potts(jax.random.key(1), edges, 3, 1.0, 0.5, num_variables=5)
    assert colours.factors[0].parameters.shape == (5, 3)


def test_gaussian_is_its_precision_matrix() -> None:
    matrix, h = np.array([[2, 0.5, 0], [0.5, 1, -0.3], [0, -0.3, 1.5]]), np.array([1.0, -2, 3])
    graph = gaussian([[0, 1], [2, 1]], np.diag(matrix), [0.5, -0.3], h)
    x = np.random.default_rng(0).normal(size=(5, 3))
    expected = 0.5 * np.einsum("bi,ij,bj->b", x, matrix, x) - x @ h
    np.testing.assert_allclose(energies_of(graph, x.astype(np.float32)), expected, rtol=1e-5)
    assert gaussian([], 1.0, 0.0, num_variables=2).num_variables == 2
    slope = jax.grad(lambda a: gaussian([[0, 1]], a, 0.1).energy({"x": jnp.full(2, 2.0)}))(1.0)
    assert slope == 4


def test_spins_and_reals_on_one_graph() -> None:
    is_spin = np.array([True, False, False, True, True])
    pairs = np.array([[1, 0], [0, 3], [2, 1], [2, 3], [4, 0]])
    rng = np.random.default_rng(4)
    j, b, a = rng.normal(size=5) / 4, rng.normal(size=5), np.array([1.0, 2.0])
    graph = spin_gaussian(is_spin, pairs, j, b, a)
    assert [len(f.scope) for f in graph.factors] == [2, 3, 2, 2, 2, 1]
    z = np.where(is_spin, rng.choice([-1.0, 1.0], size=(6, 5)), rng.normal(size=(6, 5)))
    expected = -(z[:, pairs[:, 0]] * z[:, pairs[:, 1]]) @ j - z @ b + 0.5 * z[:, ~is_spin] ** 2 @ a
    with jax.enable_x64(True):
        states = {"s": jnp.asarray(z[:, is_spin], jnp.int8), "x": jnp.asarray(z[:, ~is_spin])}
        np.testing.assert_allclose(jax.jit(jax.vmap(graph.energy))(states), expected, atol=1e-12)


def test_a_million_spins_are_built_at_once() -> None:
    site = np.arange(1_000_000).reshape(1000, 1000)
    pairs = [np.stack([site, np.roll(site, 1, axis)], axis=-1).reshape(-1, 2) for axis in (0, 1)]
    graph = ising(np.concatenate(pairs), 0.44, np.ones(site.size))
    again = ising(np.concatenate(pairs), 0.45, np.ones(site.size))
    assert graph.num_variables == 1_000_000
    assert hash(graph.scopes) == hash(again.scopes)
    assert sum(len(scope) for scope in graph.scopes) == 3_000_000
