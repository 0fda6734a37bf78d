from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components
from tests.support.small_graphs import assert_balanced, clusterable, law, mean_features, tiny
from tests.support.stats import assert_frequencies, assert_mean

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising, potts
from isotherm.energy.variables import categorical, real, spin
from isotherm.sample.clamp import Clamp
from isotherm.sample.clusters.components import cluster_sizes, components
from isotherm.sample.clusters.graph import ClusterState, swendsen_wang, wolff

BETAS = (0.3, 0.8, 1.6, 0.98)
CHAINS = 240
KERNELS = pytest.mark.parametrize("method", [swendsen_wang, wolff])


@KERNELS
@pytest.mark.slow
def test_moments_at_several_temperatures_and_none_beside(method: Any) -> None:
    graph = clusterable(0)
    exact, betas = law(graph), np.repeat(BETAS, CHAINS)
    means = mean_features(method(graph, jnp.asarray(betas, jnp.float32)), graph, len(betas))
    for beta in BETAS:
        assert_mean(means[betas == beta], exact.moments(beta))
    with pytest.raises(AssertionError, match="moment"):
        assert_mean(means[betas == 0.98], exact.moments(0.8))


@KERNELS
def test_detailed_balance_on_all_states(method: Any) -> None:
    graph = tiny(0)
    exact, count = law(graph), 200_000
    starts = exact.draws(0, 0.9, count)
    step = jax.jit(jax.vmap(method(graph, 0.9).step))
    keys = jax.random.split(jax.random.key(2), count)
    ends = step(keys, ClusterState({n: jnp.asarray(x) for n, x in starts.items()}))[0].position
    before, after = exact.index(starts), exact.index(ends)
    assert_frequencies(after, exact.probabilities(0.9))
    assert_balanced(before, after, len(exact.energies))


@pytest.mark.slow
@KERNELS
def test_clamped_variables_stay_and_condition_the_rest(method: Any) -> None:
    graph = clusterable(1)
    clamp = {"s": Clamp(np.array([False, True, False, False]), np.array([1, -1, 1, 1], np.int8))}
    exact = law(graph)
    weights = exact.probabilities(0.8) * (exact.states["s"][:, 1] == -1)
    means = mean_features(method(graph, 0.8, clamp), graph, CHAINS)
    assert_mean(means, weights @ exact.features / weights.sum())


def test_beta_and_weights_do_not_recompile() -> None:
    edges = np.array([[0, 1], [1, 2]])

    @eqx.filter_jit
    @eqx.debug.assert_max_traces(max_traces=1)
    def step(kernel: Any, key: jax.Array, state: ClusterState) -> Any:
        return kernel.step(key, state)

    state = ClusterState({"s": jnp.ones(3, jnp.int8)})
    for beta in np.linspace(0, 2, 5):
        step(swendsen_wang(ising(edges, [beta, -1.0]), float(beta)), jax.random.key(0), state)


def test_components_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    edges = rng.integers(0, 400, (900, 2)).astype(np.int32)
    is_open = rng.random((40, 900)) < np.linspace(0, 1, 40)[:, None]
    labels = jax.jit(jax.vmap(lambda o: components(400, jnp.asarray(edges), o)))(is_open)
    sizes = jax.jit(jax.vmap(cluster_sizes))(labels)
    for found, counts, use in zip(np.asarray(labels), np.asarray(sizes), is_open, strict=True):
        net = sparse.coo_matrix((np.ones(use.sum()), edges[use].T), shape=(400, 400))
        _, expected = connected_components(net, directed=False)
        _, first = np.unique(expected, return_index=True)
        np.testing.assert_array_equal(found, first[expected])
        np.testing.assert_array_equal(counts[first], np.bincount(expected))


def test_a_long_path_is_one_component() -> None:
    order = np.random.default_rng(1).permutation(5000)
    edges = jnp.asarray(np.stack([order[:-1], order[1:]], 1), jnp.int32)
    assert int(components(5000, edges, jnp.ones(4999, bool)).max()) == 0


def test_at_infinite_strength_the_ground_state_moves_as_one() -> None:
    graph = ising(np.array([[0, 1], [1, 2], [2, 3]]), [1.0, -1.0, 1.0])
    kernel = swendsen_wang(graph, 1e6)
    ground = ClusterState({"s": jnp.array([1, 1, -1, -1], jnp.int8)})
    keys = jax.random.split(jax.random.key(0), 200)
    ends = np.asarray(jax.jit(jax.vmap(kernel.step, (0, None)))(keys, ground)[0].position["s"])
    assert set(map(tuple, ends.tolist())) == {(1, 1, -1, -1), (-1, -1, 1, 1)}


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (Factor.of(("s", "s", "s"), [[0, 1, 2]], [1.0], name="triplet"), "triplet.groups"),
        (Factor.of(("c", "c"), [[0, 1]], np.arange(9.0).reshape(1, 3, 3) ** 2, name="odd"), r"odd\[0\]"),
        (Factor.of(("c", "c"), [[0, 1]], -np.eye(3)[None], name="anti"), r"anti\[0\].*J >= 0"),
        (Factor.of(("c", "s"), [[0, 1]], np.ones((1, 3)), name="unequal"), "unequal.groups.*equal card"),
        (Factor.of("x", [0], [1.0], name="slope"), "slope.groups.*discrete"),
    ],
)
def test_other_factors_are_refused_by_name(factor: Factor, message: str) -> None:
    graph = FactorGraph.of({"s": spin(3), "c": categorical(2, 3), "x": real(1)}, [factor])
    with pytest.raises(ValueError, match=message):
        swendsen_wang(graph)


def test_fields_are_left_out_where_there_are_none() -> None:
    edges = np.array([[0, 1], [1, 2]])
    assert swendsen_wang(ising(edges, [0.5, -0.5])).form.fields is None
    assert swendsen_wang(potts(edges, 4, 0.5)).form.fields is None
    assert swendsen_wang(potts(edges, 4, 0.5, fields=np.arange(4.0))).form.fields is not None
