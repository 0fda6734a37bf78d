"""Small factor graphs for every sampler, and their laws by enumeration in float64."""

import itertools
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy import stats

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import categorical, spin
from isotherm.sample.run import sample


class Law(NamedTuple):
    """All states of a graph, their energies, and what moments are taken of."""

    states: dict[str, np.ndarray]
    energies: np.ndarray
    features: np.ndarray

    def probabilities(self, beta: float) -> np.ndarray:
        weights = np.exp(-beta * (self.energies - self.energies.min()))
        return weights / weights.sum()

    def log_z(self, beta: float) -> float:
        return float(np.logaddexp.reduce(-beta * self.energies))

    def moments(self, beta: float) -> np.ndarray:
        return self.probabilities(beta) @ self.features

    def draws(self, seed: int, beta: float, count: int) -> dict[str, np.ndarray]:
        """Independent exact draws, chains leading."""
        at = np.random.default_rng(seed).choice(len(self.energies), count, p=self.probabilities(beta))
        return {name: states[at] for name, states in self.states.items()}

    def index(self, states: dict[str, np.ndarray]) -> np.ndarray:
        """Which of all states each is; any leading axes."""
        number = 0
        for name, values in self.states.items():
            for k in range(values.shape[1]):
                levels, found = np.unique(values[:, k]), np.asarray(states[name])[..., k]
                number = number * len(levels) + np.searchsorted(levels, found)
        return np.asarray(number)


def law(graph: FactorGraph) -> Law:
    """Every state of a discrete graph, the last variable fastest."""
    levels = [group.values() for _, group in graph.groups for _ in range(group.size)]
    table = np.array(list(itertools.product(*levels)), np.int32)
    cuts = np.cumsum([group.size for _, group in graph.groups])[:-1]
    parts = zip(graph.groups, np.split(table, cuts, axis=1), strict=True)
    states = {name: part.astype(group.dtype) for (name, group), part in parts}
    with jax.enable_x64(True):
        energies = np.asarray(jax.jit(jax.vmap(graph.energy))(states))
    return Law(states, energies, features(graph, states))


def features(graph: FactorGraph, states: dict[str, np.ndarray]) -> np.ndarray:
    """Spins as they are, categories one-hot without the first value, and all products of two; last axis."""
    columns = []
    for name, group in graph.groups:
        for k in range(group.size):
            value = np.asarray(states[name])[..., k]
            levels = [1] if group.kind == "spin" else list(range(1, group.cardinality))
            columns += [value.astype(float) if group.kind == "spin" else (value == c) * 1.0 for c in levels]
    flat = np.stack(columns, axis=-1)
    first, second = np.triu_indices(flat.shape[-1], 1)
    return np.concatenate([flat, flat[..., first] * flat[..., second]], axis=-1)


def mean_features(
    kernel: Any, graph: FactorGraph, num_chains: int, num_samples: int = 100, thin: int = 2
) -> np.ndarray:
    """Mean features of each of many chains that start anywhere, (chains, features)."""
    rng = np.random.default_rng(0)
    starts = {name: rng.choice(group.values(), (num_chains, group.size)) for name, group in graph.groups}
    draws = sample(jax.random.key(1), kernel, starts, num_warmup=30, num_samples=num_samples, thin=thin)
    return features(graph, jax.tree.map(np.asarray, draws.values)).mean(axis=1)


def assert_balanced(before: np.ndarray, after: np.ndarray, num_states: int) -> None:
    """Fail if steps from independent stationary draws go one way between two states more often than back."""
    flow = np.zeros((num_states, num_states))
    np.add.at(flow, (before, after), 1.0)
    there, back = (x[np.triu_indices(num_states, 1)] for x in (flow, flow.T))
    z = (there - back) / np.sqrt(np.maximum(there + back, 1.0))
    bound = stats.norm.ppf(1 - 1e-4 / (2 * z.size))
    assert np.abs(z).max() < bound, f"flow between two states: z = {np.abs(z).max():.1f}, allowed {bound:.1f}"


def clusterable(seed: int) -> FactorGraph:
    """Spins with couplings of both signs and fields, Potts variables with fields, two-valued tables."""
    rng = np.random.default_rng(seed)
    ring = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]])
    potts = rng.uniform(0.2, 1.2, 3)[:, None, None] * np.eye(3) + rng.normal(size=(3, 3, 1)) * 0.3
    return FactorGraph.of(
        {"s": spin(4), "c": categorical(3, 3), "b": categorical(2, 2)},
        [
            Factor.of(("s", "s"), ring, rng.normal(size=5), name="couplings"),
            Factor.of("s", np.arange(4), rng.normal(size=4) * 0.5, name="biases"),
            Factor.of(("c", "c"), [[0, 1], [1, 2], [2, 0]], potts, name="potts"),
            Factor.of("c", np.arange(3), rng.normal(size=(1, 3)) * 0.4, name="shared field"),
            Factor.of(("b", "b"), [[0, 1]], rng.normal(size=(1, 2, 2)), name="table"),
            Factor.of(("s", "b"), [[3, 0], [0, 1]], rng.normal(size=(2, 2)), name="mixed"),
        ],
    )


def mixed(seed: int) -> FactorGraph:
    """Spins and categories in factors of one, two and three."""
    rng = np.random.default_rng(seed)
    return FactorGraph.of(
        {"s": spin(3), "c": categorical(2, 3), "d": categorical(1, 4)},
        [
            Factor.of(("s", "s"), [[0, 1], [1, 2]], rng.normal(size=2), name="couplings"),
            Factor.of("s", np.arange(3), rng.normal(size=3) * 0.5, name="biases"),
            Factor.of(("s", "c"), [[0, 0], [2, 1]], rng.normal(size=(2, 3)) * 0.7, name="mixed"),
            Factor.of(("c", "c", "d"), [[0, 1, 0]], rng.normal(size=(1, 3, 3, 4)) * 0.7, name="triple"),
            Factor.of(("s", "s", "c"), [[0, 2, 0]], rng.normal(size=(1, 3)) * 0.5, name="product"),
        ],
    )


def tiny(seed: int) -> FactorGraph:
    """Two spins and one category of three values: 12 states, for whole transition matrices."""
    rng = np.random.default_rng(seed)
    return FactorGraph.of(
        {"s": spin(2), "c": categorical(1, 3)},
        [
            Factor.of(("s", "s"), [[0, 1]], [-0.8], name="couplings"),
            Factor.of("s", np.arange(2), [0.3, 0.5], name="biases"),
            Factor.of("c", [0], rng.normal(size=(1, 3)) * 0.5, name="field"),
        ],
    )
