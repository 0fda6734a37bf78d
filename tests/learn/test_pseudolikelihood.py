"""Conditionals, moments and free energies of batches against plain evaluation; structure learning."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.machines import boltzmann_machine, restricted_boltzmann
from isotherm.energy.models import ising
from isotherm.energy.variables import categorical, real, spin
from isotherm.exact.exact import all_states
from isotherm.learn.free_energy import free_energies, mean_statistics
from isotherm.learn.observations import Observations
from isotherm.learn.pseudolikelihood import pseudo_log_likelihood, sparse_pseudo_likelihood
from isotherm.learn.relaxation import mean_features, relaxed

BETA = 0.7


def mixed(seed: int) -> FactorGraph:
    """Spins and categories; fields, a triplet, a shared table, and a pair with a spin."""
    rng = np.random.default_rng(seed)
    return FactorGraph.of(
        {"s": spin(4), "c": categorical(3, 3)},
        [
            Factor.of("s", np.arange(4), rng.normal(size=4)),
            Factor.of(("s", "s", "s"), [[0, 1, 2], [1, 2, 3]], rng.normal(size=2)),
            Factor.of(("s", "s"), [[0, 3], [1, 3]], rng.normal(size=1)),
            Factor.of(("c", "c"), [[0, 1], [1, 2]], rng.normal(size=(1, 3, 3))),
            Factor.of(("c", "s", "c"), [[0, 1, 2], [1, 0, 0]], rng.normal(size=(2, 3, 3))),
            Factor.of("c", [0, 1, 2], rng.normal(size=(3, 3))),
        ],
    )


def rows_of(graph: FactorGraph, num: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.choice(group.values(), (num, group.size)) for name, group in graph.groups}


def plain(graph: FactorGraph, states: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(_energies(graph, states), np.float64)


_energies = jax.jit(lambda graph, states: jax.vmap(graph.energy)(states))


def plain_pseudo_log_likelihood(graph: FactorGraph, states: dict[str, np.ndarray]) -> np.ndarray:
    own, total = -BETA * plain(graph, states), 0.0
    for name, group in graph.groups:
        for i in range(group.size):
            changed = []
            for value in group.values():
                other = {key: array.copy() for key, array in states.items()}
                other[name][:, i] = value
                changed.append(-BETA * plain(graph, other))
            total = total + own - np.logaddexp.reduce(changed, axis=0)
    return np.asarray(total)


def test_moments_of_a_batch_are_the_mean_of_the_features() -> None:
    graph, states = mixed(0), rows_of(mixed(0), 20, 1)
    expected = jax.tree.map(lambda leaf: leaf.mean(axis=0), jax.jit(jax.vmap(graph.features))(states))
    for found, wanted in zip(jax.jit(mean_features)(graph, states), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("num_spins", [5, 40])
def test_dense_and_sparse_pairs_have_the_same_moments(num_spins: int) -> None:
    edges = np.array([(i, (i + 1) % num_spins) for i in range(num_spins)])[:3]
    graph, rng = ising(edges, np.ones(3), num_spins=num_spins), np.random.default_rng(2)
    s = rng.choice([-1, 1], (9, num_spins)).astype(np.int8)
    (found,) = mean_features(graph, {"s": s})
    np.testing.assert_allclose(found, (s[:, edges[:, 0]] * s[:, edges[:, 1]]).mean(axis=0), atol=1e-6)


def test_pseudo_likelihood_is_the_product_of_all_conditionals() -> None:
    graph, states = mixed(3), rows_of(mixed(3), 12, 4)
    found = pseudo_log_likelihood(graph, Observations.of(graph, states), BETA)
    np.testing.assert_allclose(found, plain_pseudo_log_likelihood(graph, states), rtol=1e-5)


def test_its_gradient_is_that_of_finite_differences() -> None:
    with jax.enable_x64(True):
        graph = mixed(5)
        data = Observations.of(graph, rows_of(graph, 12, 6))

        @jax.jit
        def loss(parameters: tuple) -> jax.Array:
            return pseudo_log_likelihood(graph.with_parameters(parameters), data, BETA).mean()

        gradient = jax.jit(jax.grad(loss))(jax.tree.map(jnp.asarray, graph.parameters))
        for k, at in ((0, (2,)), (2, (0,)), (3, (0, 1, 2)), (4, (1, 0, 2))):
            values = []
            for sign in (1, -1):
                moved = [np.array(leaf) for leaf in graph.parameters]
                moved[k][at] += sign * 1e-5
                values.append(float(loss(tuple(moved))))
            np.testing.assert_allclose(gradient[k][at], (values[0] - values[1]) / 2e-5, rtol=1e-6)


def test_a_missing_entry_counts_nothing_and_its_factors_drop_out() -> None:
    graph = mixed(7)
    states = rows_of(graph, 6, 8)
    seen = {name: np.ones_like(array, bool) for name, array in states.items()}
    seen["s"][:3, 1] = False
    found = pseudo_log_likelihood(graph, Observations.of(graph, states, seen), BETA)
    other = {name: array.copy() for name, array in states.items()}
    other["s"][:3, 1] *= -1
    np.testing.assert_array_equal(
        found, pseudo_log_likelihood(graph, Observations.of(graph, other, seen), BETA)
    )
    np.testing.assert_allclose(found[3:], plain_pseudo_log_likelihood(graph, states)[3:], rtol=1e-5)
    assert not np.allclose(found[:3], plain_pseudo_log_likelihood(graph, states)[:3], rtol=1e-3)


def machine(seed: int) -> FactorGraph:
    rng = np.random.default_rng(seed)
    return restricted_boltzmann(5, 3, rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=3))


def test_free_energy_sums_the_latents() -> None:
    graph = machine(9)
    visible = np.random.default_rng(1).choice([-1, 1], (8, 5)).astype(np.int8)
    data = Observations.of(graph, {"visible": visible})
    found = free_energies(graph, relaxed(graph, data.values), data.masks("never"), BETA)
    terms = [
        -BETA * plain(graph, {"visible": visible, "hidden": np.tile(np.array(h, np.int8), (8, 1))})
        for h in itertools.product([-1, 1], repeat=3)
    ]
    np.testing.assert_allclose(found, -np.logaddexp.reduce(terms, axis=0) / BETA, rtol=1e-5)


def test_moments_with_latents_summed_are_conditional_expectations() -> None:
    graph = machine(10)
    visible = np.random.default_rng(2).choice([-1, 1], (8, 5)).astype(np.int8)
    data = Observations.of(graph, {"visible": visible})
    biases, hidden, pairs = mean_statistics(graph, data.values, data.masks("never"), BETA)
    _, own, couplings = (np.asarray(leaf) for leaf in graph.parameters)
    expected = np.tanh(BETA * (own + visible @ couplings.reshape(5, 3)))
    np.testing.assert_allclose(biases, visible.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(hidden, expected.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(
        pairs, (visible[:, :, None] * expected[:, None]).mean(axis=0).ravel(), atol=1e-6
    )


def test_pseudo_likelihood_with_latents_comes_from_the_law_of_the_visible() -> None:
    graph = machine(11)
    states = all_states(5)
    data = Observations.of(graph, {"visible": states})
    log_weights = -BETA * np.asarray(
        free_energies(graph, relaxed(graph, data.values), data.masks("never"), BETA), np.float64
    )
    table = log_weights.reshape((2,) * 5)
    expected = np.sum([table - np.logaddexp.reduce(table, axis=i, keepdims=True) for i in range(5)], axis=0)
    np.testing.assert_allclose(pseudo_log_likelihood(graph, data, BETA), expected.ravel(), rtol=1e-4)


def test_structure_learning_finds_the_edges_of_a_ring() -> None:
    n, rng = 8, np.random.default_rng(12)
    ring = np.array([(i, (i + 1) % n) for i in range(n)])
    signs = rng.choice([-1, 1], n)
    weights = 0.6 * np.prod(all_states(n)[:, ring], axis=2) @ signs
    p = np.exp(weights - np.logaddexp.reduce(weights))
    data = all_states(n)[rng.choice(2**n, 2_000, p=p)]
    graph = boltzmann_machine(n)
    found = sparse_pseudo_likelihood(graph, Observations.of(graph, data), strength=0.1)
    assert found.residual < 1e-4
    couplings = np.zeros((n, n))
    couplings[tuple(graph.scopes[1].variables.T)] = found.graph.parameters[1]
    couplings += couplings.T
    true = np.zeros((n, n))
    true[tuple(ring.T)] = signs
    np.testing.assert_array_equal(np.sign(couplings), np.sign(true + true.T))
    assert found.num_nonzero["visible_couplings"] == n
    dense = sparse_pseudo_likelihood(graph, Observations.of(graph, data), strength=0.0)
    assert dense.num_nonzero["visible_couplings"] == n * (n - 1) // 2


def test_refusals_name_what_is_wrong() -> None:
    graph = boltzmann_machine(3, 2)
    with pytest.raises(ValueError, match=r"hidden_couplings\[0\] = 'two latents'"):
        pseudo_log_likelihood(graph, Observations.of(graph, {"visible": np.ones((2, 3))}))
    with pytest.raises(ValueError, match=r"visible\[1\] in row 0 = 3: should be -1, \+1, or 0 where missing"):
        Observations.of(graph, {"visible": [[1, 3, -1]]})
    with pytest.raises(ValueError, match="values = 'seen': unknown; the graph has visible, hidden"):
        Observations.of(graph, {"seen": np.ones((2, 3))})
    with pytest.raises(ValueError, match=r"values\['visible'\].shape = \(2, 4\): must be \(2, 3\)"):
        Observations.of(graph, {"visible": np.ones((2, 4))})
    reals = FactorGraph.of({"x": real(2)}, [Factor.of("x", [0, 1], np.ones(2))])
    with pytest.raises(
        ValueError, match=r"graph\['x'\] = 'real': pseudo-likelihood needs spins and categories"
    ):
        pseudo_log_likelihood(reals, Observations.of(reals, np.ones((2, 2))))
    with pytest.raises(ValueError, match=r"strength = -1\.0: should be a finite number, at least 0"):
        sparse_pseudo_likelihood(graph, Observations.of(graph, {"visible": np.ones((2, 3))}), -1.0)
