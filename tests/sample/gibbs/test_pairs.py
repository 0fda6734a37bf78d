"""Packed kernels for graphs of pairs against enumeration, in every layout."""

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_mean

from isotherm.energy.blocks import colour_blocks
from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising, potts
from isotherm.energy.variables import categorical, spin
from isotherm.sample.gibbs.pairs import PairGibbs, applies, pair_gibbs
from isotherm.sample.run import sample_means

RNG = np.random.default_rng(7)
RING = np.array([[i, (i + 1) % 6] for i in range(6)] + [[0, 3], [1, 4]])
SQUARE = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]])


def spins_in_two_groups() -> FactorGraph:
    """A wheel: its hub has more neighbours than are unrolled."""
    rim = np.arange(9)
    return FactorGraph.of(
        {"hub": spin(1), "rim": spin(9)},
        [
            Factor.of(("hub", "rim"), np.stack([0 * rim, rim], axis=1), RNG.normal(0, 0.4, 9)),
            Factor.of(("rim", "rim"), np.stack([rim, (rim + 1) % 9], axis=1), 0.3),
            Factor.of("rim", rim, RNG.normal(0, 0.5, 9)),
            Factor.of("hub", [0], 0.2),
        ],
    )


def forbidding() -> FactorGraph:
    """Tables of their own, some entries minus infinity, as in a colouring with preferences."""
    weights = RNG.normal(0, 1, (5, 3, 3))
    weights[:4, 0, 0] = weights[0, 1, 2] = -np.inf
    fields = RNG.normal(0, 0.5, (4, 3))
    return FactorGraph.of(
        {"c": categorical(4, 3)},
        [Factor.of(("c", "c"), SQUARE, weights), Factor.of("c", np.arange(4), fields)],
    )


def shared_but_skew() -> FactorGraph:
    """One table for all pairs, which tells the first variable from the second."""
    return FactorGraph.of(
        {"c": categorical(4, 3)}, [Factor.of(("c", "c"), SQUARE, RNG.normal(0, 1, (1, 3, 3)))]
    )


GRAPHS = {
    "couplings": ising(RING, RNG.normal(0, 0.7, 8), RNG.normal(0, 0.5, 6)),
    "plus and minus": ising(RING, RNG.choice([-0.6, 0.6], 8)),
    "plus and minus in a field": ising(RING, RNG.choice([-0.6, 0.6], 8), RNG.choice([-0.4, 0.4], 6)),
    "two groups": spins_in_two_groups(),
    "potts": potts(SQUARE, 5, RNG.normal(0, 1, 5), RNG.normal(0, 0.5, 5)),
    "tables": forbidding(),
    "skew": shared_but_skew(),
}


def all_positions(graph: FactorGraph) -> dict[str, np.ndarray]:
    """Every state, leading axis of states."""
    per_variable = [group.values() for _, group in graph.groups for _ in range(group.size)]
    states = np.array(list(itertools.product(*per_variable)))
    ends = np.cumsum([group.size for _, group in graph.groups])[:-1]
    parts = np.split(states, ends, axis=1)
    return {name: x.astype(group.dtype) for (name, group), x in zip(graph.groups, parts, strict=True)}


def moments(graph: FactorGraph, position: Any) -> jax.Array:
    """One-hot values of each variable, and their products with the first variable's and its neighbour's."""
    hot = [
        (position[name][:, None] == group.values()[None]).astype(jnp.float32).reshape(-1)
        for name, group in graph.groups
    ]
    ones = jnp.concatenate(hot)
    return jnp.concatenate([ones, ones * ones[1], ones * ones[group_width(graph)]])


def group_width(graph: FactorGraph) -> int:
    return graph.groups[0][1].cardinality


def exact_moments(graph: FactorGraph, beta: float, held: np.ndarray, values: np.ndarray) -> np.ndarray:
    states = all_positions(graph)
    flat = np.concatenate([states[name] for name, _ in graph.groups], axis=1)
    energies = np.asarray(jax.vmap(graph.energy)(states), np.float64)
    agrees = (flat == values)[:, held].all(axis=1)
    weights = np.where(agrees, np.exp(-beta * (energies - energies[agrees].min())), 0.0)
    each = np.asarray(jax.vmap(lambda x: moments(graph, x))(states), np.float64)
    return weights @ each / weights.sum()


def allowed(graph: FactorGraph) -> dict[str, np.ndarray]:
    """A state that no table forbids."""
    return jax.tree.map(lambda x: x[-2], all_positions(graph))


def chain_means(graph: FactorGraph, beta: Any, num_chains: int, held: np.ndarray) -> np.ndarray:
    kernel = pair_gibbs(graph, beta, held, colour_blocks(graph, held))
    starts = jax.tree.map(lambda x: jnp.asarray(np.stack([x] * num_chains)), allowed(graph))

    def observe(state: Any) -> jax.Array:
        return moments(graph, state.position)

    means = sample_means(jax.random.key(3), kernel, starts, num_warmup=30, num_samples=500, observe=observe)
    return np.asarray(means.means)


@pytest.mark.parametrize("name", GRAPHS)
def test_moments_of_chains_at_two_temperatures(name: str) -> None:
    graph = GRAPHS[name]
    free = np.zeros(graph.num_variables, bool)
    values = np.concatenate(list(allowed(graph).values()))
    betas = np.repeat([0.7, 1.3], 45)
    found = chain_means(graph, betas, 90, free)
    for beta in (0.7, 1.3):
        assert_mean(found[betas == beta], exact_moments(graph, beta, free, values))
        with pytest.raises(AssertionError, match="z ="):
            assert_mean(found[betas == beta], exact_moments(graph, 1.2 * beta, free, values))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plus and minus in a field", "two groups", "tables"])
def test_moments_of_clamped_chains(name: str) -> None:
    graph = GRAPHS[name]
    held = np.arange(graph.num_variables) == 2
    values = np.concatenate(list(allowed(graph).values()))
    found = chain_means(graph, 0.9, 33, held)
    assert_mean(found, exact_moments(graph, 0.9, held, values))
    with pytest.raises(AssertionError):
        assert_mean(found, exact_moments(graph, 0.9, np.zeros_like(held), values))


def test_no_two_steps_draw_the_same_and_nothing_recompiles() -> None:
    graph = ising(RING, RNG.normal(0, 0.1, 8))
    blocks = colour_blocks(graph)
    traces = []

    @eqx.filter_jit
    def step(kernel: PairGibbs, key: jax.Array, state: Any) -> Any:
        traces.append(1)
        return kernel.step(key, state)[0]

    start = pair_gibbs(graph, 1.0, None, blocks).init({"s": jnp.ones(6, jnp.int8)})
    found = set()
    for i in range(40):
        scaled = ising(RING, (0.01 + 0.001 * i) * RNG.normal(0, 0.1, 8))
        kernel = pair_gibbs(scaled, 0.1 * i, None, blocks)
        found.add(tuple(np.asarray(step(kernel, jax.random.key(i), start).position["s"]).tolist()))
    assert len(traces) == 1
    assert len(found) > 20, "40 draws among 64 states"


def test_traced_weights_give_the_same_draws() -> None:
    graph = GRAPHS["couplings"]
    blocks = colour_blocks(graph)
    start = {"s": jnp.ones(6, jnp.int8)}

    def step(parameters: Any) -> Any:
        kernel = pair_gibbs(graph.with_parameters(parameters), 0.7, None, blocks, num_sweeps=3)
        return kernel.step(jax.random.key(0), kernel.init(start))[0].position["s"]

    traced = jax.jit(step)(jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), graph.parameters))
    np.testing.assert_array_equal(traced, step(graph.parameters))


def test_applies_and_refuses() -> None:
    triple = Factor.of(("s", "s", "s"), [[0, 1, 2]], [1.0])
    assert all(map(applies, GRAPHS.values()))
    assert not applies(FactorGraph.of({"s": spin(3)}, [triple]))
    with pytest.raises(ValueError, match=r"blocks = 1: .*one block only"):
        pair_gibbs(GRAPHS["couplings"], 1.0, None, [np.array([0, 1]), np.array([1])])
