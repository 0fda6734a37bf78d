import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.small_graphs import features, law, mixed
from tests.support.stats import assert_mean

from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.kernel import Kernel
from isotherm.sample.metropolis.informed import informed
from isotherm.sample.run import sample
from isotherm.sample.temperatures.tempering import find_ladder, tempering

LADDER = [0.1, 0.25, 0.45, 0.7, 1.0]


def magnet() -> FactorGraph:
    """Six spins with two deep, unequal wells."""
    edges = np.stack(np.triu_indices(6, 1), 1)
    return ising(edges, 0.6, biases=np.array([0.3, -0.2, 0.1, 0.0, 0.2, -0.1]))


def starts(graph: FactorGraph, num_chains: int) -> dict[str, np.ndarray]:
    return {
        name: np.broadcast_to(group.values()[-1:], (num_chains, group.size)) for name, group in graph.groups
    }


class Walk(NamedTuple):
    """A walker that remembers the density where it stands, as BlackJAX's do."""

    position: jax.Array
    log_density: jax.Array


def well(x: jax.Array) -> jax.Array:
    return 4.0 * (x**2 - 1.0) ** 2 - 0.4 * x


def walker(beta: Any) -> Kernel:
    def init(x: jax.Array, key: Any = None) -> Walk:
        del key
        return Walk(x, -beta * well(x))

    def step(key: jax.Array, state: Walk) -> tuple[Walk, None]:
        key_move, key_accept = jax.random.split(key)
        new = init(state.position + 0.5 * jax.random.normal(key_move))
        accepted = jnp.log(jax.random.uniform(key_accept)) < new.log_density - state.log_density
        return jax.tree.map(lambda a, b: jnp.where(accepted, a, b), new, state), None

    return Kernel(init, step)


@pytest.mark.slow
def test_two_wells_are_weighed_where_one_chain_stays_in_its_own() -> None:
    graph, num_chains = magnet(), 60
    kernel = tempering(lambda beta: informed(graph, beta, num_moves=3), LADDER, graph)
    options: dict[str, Any] = {"num_warmup": 150, "num_samples": 400}
    draws = sample(
        jax.random.key(0),
        kernel,
        starts(graph, num_chains),
        observe=lambda state: (state.position, state.acceptance),
        **options,
    )
    exact = law(graph)
    means = features(graph, jax.tree.map(np.asarray, draws.values[0])).mean(axis=1)
    assert_mean(means, exact.moments(1.0))
    assert np.asarray(draws.states.round_trips).min() > 5
    _check_swaps(np.asarray(draws.values[1]), exact)
    alone = sample(jax.random.key(0), informed(graph, 1.0, num_moves=3), starts(graph, num_chains), **options)
    with pytest.raises(AssertionError):
        assert_mean(features(graph, jax.tree.map(np.asarray, alone.values)).mean(axis=1), exact.moments(1.0))


def _check_swaps(acceptance: np.ndarray, exact: Any) -> None:
    """Mean swap probabilities against sums over all pairs of states."""
    expected = [
        exact.probabilities(low)
        @ np.exp(np.minimum(0, (high - low) * (exact.energies[None] - exact.energies[:, None])))
        @ exact.probabilities(high)
        for low, high in itertools.pairwise(LADDER)
    ]
    assert_mean(acceptance.mean(axis=1), np.array(expected))


def test_a_foreign_kernel_with_a_density_in_its_state() -> None:
    kernel = tempering(walker, [0.1, 0.3, 0.6, 1.0], well)
    draws = sample(jax.random.key(0), kernel, jnp.ones(300), num_warmup=100, num_samples=600)
    grid = np.linspace(-3, 3, 20_001)
    weights = np.exp(-np.asarray(4.0 * (grid**2 - 1) ** 2 - 0.4 * grid))
    values = np.asarray(draws.values, np.float64)
    found = np.stack([values.mean(1), (values**2).mean(1), (values > 0).mean(1)], -1)
    exact = np.array([grid, grid**2, grid > 0]) @ weights / weights.sum()
    assert_mean(found, exact)
    with pytest.raises(AssertionError):
        assert_mean(found, np.array([grid, grid**2, grid > 0]) @ weights**1.1 / (weights**1.1).sum())


@pytest.mark.slow
def test_one_ladder_steps_by_itself() -> None:
    graph = mixed(0)
    exact, count = law(graph), 4000
    kernel = tempering(lambda beta: informed(graph, beta), [0.5, 1.0], graph.energy)

    def both(key: jax.Array, position: Any) -> tuple[Any, Any]:
        key_run, key_init = jax.random.split(key)
        state = kernel.init(position, key_init)
        state, _ = jax.lax.scan(
            lambda s, k: (kernel.step(k, s)[0], None), state, jax.random.split(key_run, 60)
        )
        return state.position, state.rung

    positions, rung = jax.jit(jax.vmap(both))(
        jax.random.split(jax.random.key(1), count), exact.draws(0, 1.0, count)
    )
    assert_mean(features(graph, jax.tree.map(np.asarray, positions)), exact.moments(1.0))
    np.testing.assert_array_equal(np.sort(rung, axis=1), np.tile([0, 1], (count, 1)))


@pytest.mark.slow
def test_a_ladder_of_equal_swaps_is_found() -> None:
    rng = np.random.default_rng(0)
    edges = np.array([[i, (i + d) % 40] for i in range(40) for d in (1, 7)])
    graph = ising(edges, rng.choice([-1.0, 1.0], len(edges)))
    ladder = find_ladder(
        jax.random.key(0),
        lambda beta: gibbs(graph, beta, num_sweeps=2),
        graph,
        starts(graph, 20),
        beta_min=0.1,
        beta_max=2.0,
        num_rounds=2,
    )
    assert ladder.betas[0] == pytest.approx(0.1)
    assert ladder.betas[-1] == pytest.approx(2.0)
    assert np.all(np.diff(ladder.betas) > 0)
    assert len(ladder.betas) == int(np.ceil(2 * ladder.barrier)) + 1
    assert np.ptp(ladder.acceptance) < 0.15
    assert 0.4 < ladder.acceptance.mean() < 0.75
    uneven = np.ptp(1 - ladder.acceptance) / (1 - ladder.acceptance).mean()
    assert uneven < 0.4
    assert f"{len(ladder.betas)} rungs" in str(ladder)


@pytest.mark.parametrize(
    ("betas", "message"),
    [([1.0], r"betas\.shape"), ([1.0, 0.5], "betas = .*increase"), ([], r"betas\.shape")],
)
def test_bad_ladders_are_refused(betas: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tempering(walker, betas, well)


def test_bad_ends_are_refused() -> None:
    with pytest.raises(ValueError, match=r"beta_min = 2\.0: should be at least 0 and below"):
        find_ladder(jax.random.key(0), walker, well, jnp.ones(3), beta_min=2.0, beta_max=1.0)
    with pytest.raises(ValueError, match="num_rounds = 0"):
        find_ladder(jax.random.key(0), walker, well, jnp.ones(3), beta_min=0.0, beta_max=1.0, num_rounds=0)
