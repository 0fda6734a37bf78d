import itertools

import equinox as eqx
import jax
import numpy as np
import pytest
from tests.support.small_graphs import law, mixed

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising
from isotherm.energy.variables import real
from isotherm.sample.clamp import Clamp
from isotherm.sample.clusters.graph import swendsen_wang
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.temperatures import annealing
from isotherm.sample.temperatures.annealing import anneal, annealing_betas


def glass(seed: int, side: int = 4) -> FactorGraph:
    """Plus and minus one on a square lattice with open ends."""
    site = np.arange(side * side).reshape(side, side)
    right = np.stack([site[:, :-1].ravel(), site[:, 1:].ravel()], 1)
    down = np.stack([site[:-1].ravel(), site[1:].ravel()], 1)
    edges = np.concatenate([right, down])
    return ising(edges, np.random.default_rng(seed).choice([-1.0, 1.0], len(edges)))


def ground_energy(graph: FactorGraph) -> float:
    states = np.array(list(itertools.product([-1, 1], repeat=graph.num_variables)), np.int8)
    first, second = graph.factors[0].scope.variables.T
    weights = np.asarray(graph.factors[0].parameters)
    return float(-(states[:, first] * states[:, second] @ weights).max())


def test_every_chain_reaches_the_ground_state_of_a_small_glass() -> None:
    graph = glass(0)
    found = anneal(jax.random.key(0), graph, 200, num_chains=64)
    np.testing.assert_allclose(found.energies, jax.vmap(graph.energy)(found.states))
    assert float(found.energy) == ground_energy(graph)
    assert float(graph.energy(found.state)) == float(found.energy)
    assert np.mean(np.asarray(found.energies) == ground_energy(graph)) > 0.8
    hot = anneal(jax.random.key(0), graph, np.full(200, 0.05), num_chains=64, look_every=200)
    assert np.mean(np.asarray(hot.energies) == ground_energy(graph)) < 0.1


def test_mixed_kinds_find_their_best_state() -> None:
    graph = mixed(0)
    found = anneal(jax.random.key(0), graph, 100, num_chains=16)
    assert float(found.energy) == pytest.approx(law(graph).energies.min(), abs=1e-4)


@pytest.mark.slow
def test_the_best_state_is_kept_when_chains_leave_it() -> None:
    graph = glass(1)
    back = np.concatenate([annealing_betas(graph, 100), np.full(50, 0.01)])
    seen = anneal(jax.random.key(0), graph, back, num_chains=16, look_every=1)
    last = anneal(jax.random.key(0), graph, back, num_chains=16, look_every=len(back))
    assert float(seen.energies.mean()) < float(last.energies.mean()) - 1
    assert float(seen.energy) == ground_energy(graph)


@pytest.mark.slow
def test_held_variables_keep_their_values() -> None:
    graph = glass(2)
    mask = np.arange(16) < 3
    clamp = {"s": Clamp(mask, np.where(mask, -1, 1).astype(np.int8))}
    found = anneal(jax.random.key(0), graph, 100, num_chains=8, kernel=gibbs(graph, clamp=clamp))
    assert np.all(np.asarray(found.states["s"])[:, :3] == -1)


@pytest.mark.slow
def test_other_kernels_cool_as_well_and_temperatures_compile_once(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = glass(3)
    counted = eqx.filter_jit(eqx.debug.assert_max_traces(annealing._anneal.__wrapped__, max_traces=1))
    monkeypatch.setattr(annealing, "_anneal", counted)
    kernel = swendsen_wang(graph)
    for cold in (1.0, 2.0, 4.0):
        found = anneal(jax.random.key(0), graph, np.linspace(0.1, cold, 100), num_chains=8, kernel=kernel)
    assert float(found.energy) == ground_energy(graph)


def test_the_schedule_follows_the_scale_of_the_energy() -> None:
    graph = glass(0)
    first, last = annealing_betas(graph, 10)[[0, -1]]
    assert first == pytest.approx(np.log(2) / 8)
    assert last == pytest.approx(np.log(100) / 2)
    scaled = annealing_betas(graph.with_parameters((3 * graph.factors[0].parameters,)), 10)
    np.testing.assert_allclose(scaled, annealing_betas(graph, 10) / 3)


def test_bad_arguments_are_refused() -> None:
    graph = glass(0)
    with pytest.raises(ValueError, match="num_chains = 0"):
        anneal(jax.random.key(0), graph, 10, num_chains=0)
    with pytest.raises(ValueError, match=r"betas\.shape = \(0,\)"):
        anneal(jax.random.key(0), graph, np.zeros(0))
    with pytest.raises(ValueError, match="betas = 0"):
        anneal(jax.random.key(0), graph, 0)
    with pytest.raises(TypeError, match=r"kernel = \(1, 2\): should be a kernel"):
        anneal(jax.random.key(0), graph, 10, kernel=(1, 2))
    with pytest.raises(ValueError, match="flat"):
        annealing_betas(ising([[0, 1]], 0.0), 10)
    with pytest.raises(ValueError, match="x = 'real'"):
        anneal(
            jax.random.key(0),
            FactorGraph.of({"x": real(1)}, [Factor.of("x", [0], [1.0])]),
            np.ones(3),
            kernel=swendsen_wang(graph),
        )
