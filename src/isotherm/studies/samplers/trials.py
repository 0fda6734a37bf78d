"""The computation behind the check of samplers: small models, all their samplers, exact moments."""

import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy import Factor, FactorGraph, Ising, categorical, ising, potts, spin
from isotherm.energy.expand import all_values
from isotherm.energy.machines import restricted_boltzmann
from isotherm.estimate import diagnostics
from isotherm.random import named
from isotherm.random.keys import seeded
from isotherm.sample.clusters.graph import swendsen_wang, wolff
from isotherm.sample.flat import cardinalities
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.initial import initial_state
from isotherm.sample.metropolis.informed import informed
from isotherm.sample.run import sample
from isotherm.sample.temperatures.tempering import tempering
from isotherm.studies.samplers.config import SamplerCheckConfig

NUM_RUNGS = 5
"""Temperatures of the ladder, from a quarter of beta up to beta."""


def trial(model: str, sampler: str, config: SamplerCheckConfig) -> dict[str, np.ndarray]:
    """One sampler on one model at each beta; see :meth:`SamplerCheck.compute`."""
    graph = GRAPHS[model]()
    states = all_values(cardinalities(graph).tolist()).astype(np.uint8)
    energies = exact_energies(graph, states)
    found = [_at(graph, sampler, beta, states, energies, config, model) for beta in config.betas]
    return {name: np.stack([one[name] for one in found]) for name in found[0]}


def _at(
    graph: FactorGraph,
    sampler: str,
    beta: float,
    states: np.ndarray,
    energies: np.ndarray,
    config: SamplerCheckConfig,
    model: str,
) -> dict[str, np.ndarray]:
    key = named(seeded(config.seed), f"{model}/{sampler}")
    start_key, warm_key, run_key = jax.random.split(jax.random.fold_in(key, int(beta * 1e6)), 3)
    kernel = KERNELS[sampler](graph, beta)
    starts = jax.vmap(lambda k: _start(k, graph, sampler))(jax.random.split(start_key, config.num_chains))
    run = functools.partial(
        sample,
        kernel=kernel,
        num_warmup=config.num_warmup,
        num_samples=config.num_samples,
        thin=config.thin,
    )
    warm = run(warm_key, positions=starts)
    begun = time.perf_counter()
    draws = jax.block_until_ready(run(run_key, positions=warm.states.position))
    seconds = (time.perf_counter() - begun) * config.num_samples * config.thin
    seconds /= config.num_samples * config.thin + config.num_warmup
    drawn = _flat(graph, draws.values)
    numbers = _numbers(graph, drawn)
    energy = energies[numbers]
    z, constant_error = _scores(features(graph, states), _probabilities(energies, beta), numbers)
    return {
        "z": z,
        "constant_error": np.asarray(constant_error),
        "rhat": np.asarray(diagnostics.rhat(energy)),
        "ess": np.asarray(diagnostics.ess(energy)),
        "seconds": np.asarray(seconds),
    }


def _start(key: Any, graph: FactorGraph, sampler: str) -> Any:
    state = initial_state(key, graph, init="uniform")
    return state["s"] if sampler == "gibbs-dense" else state


def exact_energies(graph: FactorGraph, states: np.ndarray) -> np.ndarray:
    """Energy of each state in float64."""
    with jax.enable_x64(True):
        wide = graph.with_parameters(
            jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), graph.parameters)
        )
        batch, offsets = {}, graph.offsets()
        for name, group in graph.groups:
            indices = states[:, offsets[name] : offsets[name] + group.size]
            batch[name] = jnp.asarray(group.values()[indices])
        return np.asarray(jax.jit(jax.vmap(wide.energy))(batch))


def features(graph: FactorGraph, states: np.ndarray) -> np.ndarray:
    """Indicators of all values but the first, and products of those of two variables, ``(num_states, moments)``."""
    cards = [group.cardinality for _, group in graph.groups for _ in range(group.size)]
    owners = np.repeat(np.arange(len(cards)), np.array(cards) - 1)
    values = np.concatenate([np.arange(1, q) for q in cards])
    single = (states[:, owners] == values).astype(np.float64)
    first, second = np.triu_indices(len(owners), 1)
    apart = owners[first] != owners[second]
    return np.concatenate([single, single[:, first[apart]] * single[:, second[apart]]], axis=1)


def _probabilities(energies: np.ndarray, beta: float) -> np.ndarray:
    weights = np.exp(-beta * (energies - energies.min()))
    return weights / weights.sum()


def _flat(graph: FactorGraph, values: Any) -> np.ndarray:
    """Draws as indices of values, ``(chains, samples, num_variables)``."""
    parts = values if isinstance(values, dict) else {"s": values}
    return np.concatenate(
        [
            (np.asarray(parts[name]) > 0) if group.kind == "spin" else np.asarray(parts[name])
            for name, group in graph.groups
        ],
        axis=2,
    ).astype(np.int64)


def _numbers(graph: FactorGraph, drawn: np.ndarray) -> np.ndarray:
    """Which row of :func:`isotherm.energy.expand.all_values` each draw is."""
    cards = np.array([group.cardinality for _, group in graph.groups for _ in range(group.size)])
    strides = np.concatenate([np.cumprod(cards[::-1])[::-1][1:], [1]])
    return drawn @ strides


def _scores(moments: np.ndarray, probabilities: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, float]:
    """Z of each moment's mean over chains (NaN if it never varied), and the largest error of those."""
    counts = np.stack([np.bincount(chain, minlength=len(probabilities)) for chain in numbers])
    means = counts / numbers.shape[1] @ moments
    difference = means.mean(axis=0) - probabilities @ moments
    error = means.std(axis=0, ddof=1) / np.sqrt(len(means))
    varies = error > 0
    z = np.full(difference.shape, np.nan)
    z[varies] = difference[varies] / error[varies]
    return z, float(np.abs(difference[~varies]).max(initial=0.0))


# ------------------------------------------------------------------------------
# The grid


def _grid_ising() -> FactorGraph:
    rng = np.random.default_rng(1)
    sites = np.arange(12).reshape(3, 4)
    edges = np.concatenate([_pairs(sites[:, :-1], sites[:, 1:]), _pairs(sites[:-1], sites[1:])])
    return ising(edges, rng.normal(0, 0.9, len(edges)), rng.normal(0, 0.4, 12))


def _plus_minus() -> FactorGraph:
    rng = np.random.default_rng(2)
    ring = np.stack([np.arange(12), np.roll(np.arange(12), -1)], axis=1)
    edges = np.concatenate([ring, np.stack([np.arange(6), np.arange(6) + 6], axis=1)])
    return ising(edges, rng.choice([-1.0, 1.0], len(edges)))


def _dense() -> FactorGraph:
    rng = np.random.default_rng(3)
    edges = np.stack(np.triu_indices(8, 1), axis=1)
    return ising(edges, rng.normal(0, 0.4, len(edges)), rng.normal(0, 0.3, 8))


def _potts() -> FactorGraph:
    rng = np.random.default_rng(4)
    ring = np.stack([np.arange(6), np.roll(np.arange(6), -1)], axis=1)
    edges = np.concatenate([ring, [[0, 3], [1, 4]]])
    return potts(edges, 3, rng.uniform(0.3, 1.3, len(edges)), rng.normal(0, 0.4, (6, 3)))


def _mixed() -> FactorGraph:
    rng = np.random.default_rng(5)
    groups = {"s": spin(4), "c": categorical(3, 3), "d": categorical(1, 4)}
    factors = [
        Factor.of("s", np.arange(4), rng.normal(0, 0.3, 4)),
        Factor.of(("s", "s", "s"), [[0, 1, 2], [1, 2, 3]], rng.normal(0, 0.8, 2)),
        Factor.of(("s", "c"), [[0, 0], [1, 1], [3, 2]], rng.normal(0, 0.8, (3, 3))),
        Factor.of(("c", "s", "d"), [[0, 2, 0], [2, 0, 0]], rng.normal(0, 0.8, (1, 3, 4))),
        Factor.of(("c", "c"), [[0, 1], [1, 2]], rng.normal(0, 0.8, (2, 3, 3))),
    ]
    return FactorGraph.of(groups, factors)


def _rbm() -> FactorGraph:
    rng = np.random.default_rng(6)
    return restricted_boltzmann(
        6, 4, rng.normal(0, 0.6, (6, 4)), rng.normal(0, 0.3, 6), rng.normal(0, 0.3, 4)
    )


def _pairs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.stack([first.ravel(), second.ravel()], axis=1)


def _tempered(graph: FactorGraph, beta: float) -> Any:
    ladder = beta * np.geomspace(0.25, 1.0, NUM_RUNGS)
    return tempering(lambda rung: gibbs(graph, rung), ladder, graph.energy)


def _fused(graph: FactorGraph, beta: float) -> Any:
    biases, couplings = graph.factors
    dense = np.zeros((8, 8))
    first, second = couplings.scope.variables.T
    dense[first, second] = dense[second, first] = np.asarray(couplings.parameters)
    return gibbs(Ising.checked(np.asarray(biases.parameters), dense), beta)


GRAPHS: dict[str, Callable[[], FactorGraph]] = {
    "ising": _grid_ising,
    "plus-minus": _plus_minus,
    "dense": _dense,
    "potts": _potts,
    "mixed": _mixed,
    "rbm": _rbm,
}
KERNELS: dict[str, Callable[[FactorGraph, float], Any]] = {
    "gibbs": gibbs,
    "gibbs-dense": _fused,
    "informed": informed,
    "swendsen-wang": swendsen_wang,
    "wolff": wolff,
    "tempering": _tempered,
}
