"""Gibbs by matrix products against enumeration, and where it is chosen."""

from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.small_graphs import Law, features, law
from tests.support.stats import assert_mean

from isotherm.energy.blocks import colour_blocks
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.machines import (
    boltzmann_machine,
    deep_boltzmann,
    restricted_boltzmann,
    semi_restricted_boltzmann,
)
from isotherm.energy.models import ising
from isotherm.energy.variables import spin
from isotherm.sample.clamp import Clamp
from isotherm.sample.gibbs import matrices as dense
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.gibbs.pairs import PairGibbs
from isotherm.sample.kernel import over_chains
from isotherm.sample.run import sample

RNG = np.random.default_rng(11)
MACHINES = {
    "restricted": restricted_boltzmann(
        4, 3, RNG.normal(0, 0.6, (4, 3)), RNG.normal(0, 0.5, 4), RNG.normal(0, 0.5, 3)
    ),
    "complete": boltzmann_machine(5, 2, couplings=RNG.normal(0, 0.4, 21), biases=RNG.normal(0, 0.5, 7)),
    "semi-restricted": semi_restricted_boltzmann(
        4, 3, couplings=RNG.normal(0, 0.5, (4, 3)), visible_couplings=RNG.normal(0, 0.5, 6)
    ),
    "deep": deep_boltzmann([3, 2, 2], [RNG.normal(0, 0.7, (3, 2)), RNG.normal(0, 0.7, (2, 2))]),
}


@pytest.fixture(autouse=True)
def _small_graphs_count(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(dense, "MIN_DEGREE", 0)
    dense._plan.cache_clear()  # of plans that other tests made under the true limit
    yield
    dense._plan.cache_clear()


def chain_means(graph: FactorGraph, kernel: Any, num_chains: int) -> np.ndarray:
    starts = {name: np.ones((num_chains, group.size), np.int8) for name, group in graph.groups}
    draws = sample(jax.random.key(5), kernel, starts, num_warmup=30, num_samples=400)
    return features(graph, jax.tree.map(np.asarray, draws.values)).mean(axis=1)


def held_moments(graph: FactorGraph, exact: Law, held: dict[str, Clamp], beta: float) -> np.ndarray:
    agrees = np.ones(len(exact.energies), bool)
    for name, clamp in held.items():
        agrees &= (exact.states[name] == clamp.values)[:, np.asarray(clamp.mask)].all(axis=1)
    weights = exact.probabilities(beta) * agrees
    return weights @ exact.features / weights.sum()


@pytest.mark.parametrize("name", MACHINES)
def test_moments_of_chains_at_two_temperatures(name: str) -> None:
    graph = MACHINES[name]
    betas = np.repeat(np.array([0.6, 1.2], np.float32), 48)
    kernel = gibbs(graph, jnp.asarray(betas))
    assert isinstance(kernel, dense.DenseGibbs)
    found, exact = chain_means(graph, kernel, len(betas)), law(graph)
    for beta in (0.6, 1.2):
        mine = found[betas == np.float32(beta)]
        assert_mean(mine, exact.moments(beta))
        with pytest.raises(AssertionError, match="z ="):
            assert_mean(mine, exact.moments(1.15 * beta))


@pytest.mark.parametrize("name", ["restricted", "complete"])
def test_moments_of_clamped_chains(name: str) -> None:
    graph = MACHINES[name]
    visible = graph.variables["visible"].size
    held = {"visible": Clamp(np.arange(visible) % 2 == 0, np.full(visible, -1, np.int8))}
    kernel: Any = gibbs(graph, 0.9, held, num_sweeps=2)
    assert isinstance(kernel.kernel, dense.DenseGibbs)
    found, exact = chain_means(graph, kernel, 64), law(graph)
    assert_mean(found, held_moments(graph, exact, held, 0.9))
    with pytest.raises(AssertionError):
        assert_mean(found, exact.moments(0.9))


def test_one_chain_is_the_first_of_many() -> None:
    kernel: Any = gibbs(MACHINES["deep"], 0.7, num_sweeps=3)
    keys = jax.random.split(jax.random.key(2), 5)
    starts = {name: jnp.ones((5, group.size), jnp.int8) for name, group in MACHINES["deep"].groups}
    chains = over_chains(kernel)
    state, info = chains.step(keys, chains.init(starts, keys))
    one, own = kernel.step(keys[0], kernel.init(jax.tree.map(lambda x: x[0], starts)))
    jax.tree.map(np.testing.assert_array_equal, one, jax.tree.map(lambda x: x[0], chains.view(state)))
    assert 0 < float(own.flipped) == float(info.flipped[0]) <= 1


def test_models_under_vmap_draw_what_each_draws() -> None:
    graph = MACHINES["restricted"]
    batch = jax.tree.map(lambda x: jnp.asarray(np.stack([x, -2 * x]), jnp.float32), graph.parameters)
    start = {name: jnp.ones(group.size, jnp.int8) for name, group in graph.groups}

    def step(parameters: Any) -> Any:
        kernel: Any = gibbs(graph.with_parameters(parameters), 0.7, num_sweeps=3)
        return kernel.step(jax.random.key(0), kernel.init(start))[0].position

    together = jax.jit(jax.vmap(step))(batch)
    for i in range(2):
        alone = step(jax.tree.map(lambda x, i=i: x[i], batch))
        jax.tree.map(np.testing.assert_array_equal, alone, jax.tree.map(lambda x, i=i: x[i], together))


def test_temperatures_weights_and_held_values_trace_once() -> None:
    graph = MACHINES["restricted"]
    traces = []

    @eqx.filter_jit
    def step(kernel: Any, key: jax.Array) -> Any:
        traces.append(1)
        start = {name: jnp.ones(group.size, jnp.int8) for name, group in graph.groups}
        return kernel.step(key, kernel.init(start))[0].position["hidden"]

    found = set()
    for i in range(20):
        scaled = graph.with_parameters(jax.tree.map(lambda x, i=i: x * (0.01 * i), graph.parameters))
        held = {"visible": Clamp(np.ones(4, bool), np.full(4, 1 - 2 * (i % 2), np.int8))}
        kernel = gibbs(scaled, 0.1 * i, held)
        found.add(tuple(np.asarray(step(kernel, jax.random.key(i))).tolist()))
    assert len(traces) == 1
    assert len(found) > 5, "20 draws among 8 states"


def test_where_it_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = ising([[0, 1], [1, 2]], 0.5)
    twice = FactorGraph.of(
        {"s": spin(3)}, [Factor.of(("s", "s"), [[0, 1], [1, 2]], 1.0), Factor.of(("s", "s"), [[1, 0]], 1.0)]
    )
    ring = ising([[i, (i + 1) % 400] for i in range(400)], 0.5)
    assert isinstance(gibbs(graph), dense.DenseGibbs)
    assert dense.dense_gibbs(twice, 1.0, colour_blocks(twice)) is None
    assert dense.dense_gibbs(ring, 1.0, colour_blocks(ring)) is None, (
        "few entries of the matrices are couplings"
    )
    dense._plan.cache_clear()
    monkeypatch.undo()
    assert isinstance(gibbs(graph), PairGibbs), "few neighbours"
    assert isinstance(gibbs(restricted_boltzmann(20, 20)), dense.DenseGibbs)
