from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.small_graphs import assert_balanced, law, mean_features, mixed, tiny
from tests.support.stats import assert_frequencies, assert_mean

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising, potts
from isotherm.energy.variables import real
from isotherm.sample.betas import energies
from isotherm.sample.clamp import Clamp
from isotherm.sample.flat import from_values, to_values
from isotherm.sample.metropolis.informed import informed
from isotherm.sample.metropolis.local import local_weights

BETAS = (0.3, 0.8, 1.6, 0.98)
CHAINS = 240
OPTIONS = pytest.mark.parametrize("options", [{"num_moves": 4}, {"step_size": 0.6, "num_moves": 3}])


def dense(seed: int) -> FactorGraph:
    rng = np.random.default_rng(seed)
    edges = np.stack(np.triu_indices(5, 1), 1)
    return ising(edges, rng.normal(size=10) * 0.6, biases=rng.normal(size=5) * 0.5)


@OPTIONS
def test_moments_at_several_temperatures_and_none_beside(options: dict[str, Any]) -> None:
    graph = mixed(0)
    exact, betas = law(graph), np.repeat(BETAS, CHAINS)
    kernel = informed(graph, jnp.asarray(betas, jnp.float32), **options)
    means = mean_features(kernel, graph, len(betas))
    for beta in BETAS:
        assert_mean(means[betas == beta], exact.moments(beta))
    with pytest.raises(AssertionError, match="moment"):
        assert_mean(means[betas == 0.98], exact.moments(0.8))


@pytest.mark.slow
@OPTIONS
def test_a_dense_model_and_its_evidence(options: dict[str, Any]) -> None:
    graph = dense(0)
    kernel = informed(graph, 0.8, {"s": Clamp(np.arange(5) == 1, np.full(5, -1, np.int8))}, **options)
    assert local_weights(graph).matrix is not None
    exact = law(graph)
    weights = exact.probabilities(0.8) * (exact.states["s"][:, 1] == -1)
    means = mean_features(kernel, graph, CHAINS)
    assert_mean(means, weights @ exact.features / weights.sum())


@OPTIONS
def test_detailed_balance_on_all_states(options: dict[str, Any]) -> None:
    graph = tiny(0)
    exact, count = law(graph), 200_000
    starts = exact.draws(0, 0.9, count)
    kernel = informed(graph, 0.9, **options | {"num_moves": 1})
    keys = jax.random.split(jax.random.key(2), count)
    step = jax.jit(jax.vmap(lambda key, position: kernel.step(key, kernel.init(position))[0].position))
    before, after = exact.index(starts), exact.index(step(keys, starts))
    assert_frequencies(after, exact.probabilities(0.9))
    assert_balanced(before, after, len(exact.energies))


@pytest.mark.parametrize("graph", [mixed(1), dense(1), potts([[0, 1], [1, 2], [0, 2]], 3, 0.7)])
def test_local_weights_are_differences_of_energy(graph: FactorGraph) -> None:
    states = {name: jnp.asarray(x[::7]) for name, x in law(graph).states.items()}
    values = jax.vmap(lambda x: to_values(graph, x))(states)
    weights, totals = jax.jit(jax.vmap(local_weights(graph)))(values)
    energy = jax.jit(jax.vmap(lambda v: graph.energy(from_values(graph, v))))
    np.testing.assert_allclose(jax.jit(energies)(graph, states), energy(values), atol=2e-5)
    np.testing.assert_allclose(totals, -energy(values), atol=2e-5)
    for variable in range(values.shape[1]):
        for value in range(weights.shape[2]):
            possible = np.asarray(weights)[:, variable, value] > -1e8
            moved = values.at[:, variable].set(value)
            own = np.take_along_axis(np.asarray(weights)[:, variable], np.asarray(values)[:, [variable]], 1)
            difference = np.asarray(weights)[:, variable, value] - own[:, 0]
            expected = np.asarray(energy(values) - energy(jnp.where(possible[:, None], moved, values)))
            np.testing.assert_allclose(difference[possible], expected[possible], atol=2e-5)


@pytest.mark.slow
def test_forbidden_values_are_never_taken() -> None:
    table = np.zeros((1, 3, 3))
    table[0, [0, 1, 2], [0, 1, 2]] = -np.inf
    graph = FactorGraph.of(
        potts([[0, 1]], 3, 1.0).variables, [Factor.of(("c", "c"), [[0, 1]], table, name="unequal")]
    )
    means = mean_features(informed(graph, 1.0), graph, 200, num_samples=200, thin=1)
    assert_mean(means, law(graph).moments(1.0))


def test_reals_and_bad_options_are_refused() -> None:
    with pytest.raises(ValueError, match=r"slope\.groups"):
        informed(FactorGraph.of({"x": real(1)}, [Factor.of("x", [0], [1.0], name="slope")]))
    with pytest.raises(ValueError, match=r"step_size = -1\.0"):
        informed(dense(0), step_size=-1.0)
    with pytest.raises(ValueError, match="num_moves = 0"):
        informed(dense(0), num_moves=0)
