"""Random small factor graphs of mixed kinds and orders, and their answers by plain enumeration."""

from dataclasses import dataclass
from itertools import product

import jax.numpy as jnp
import numpy as np

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import categorical, spin
from isotherm.sample.clamp import Clamp

KINDS = {"s": spin, "c2": lambda n: categorical(n, 2), "c3": lambda n: categorical(n, 3)} | {
    "c4": lambda n: categorical(n, 4)
}
"""Groups that a random graph draws from; names stand for kinds, so that graphs can be joined group by group."""

States = dict[str, np.ndarray]


@dataclass(frozen=True)
class Truth:
    """Every state that agrees with the evidence, and its law; float64.

    ``states``: arrays ``(num_states, size)`` a group; ``log_weights``: ``-beta E``, shape ``(num_states,)``.
    """

    graph: FactorGraph
    states: States
    log_weights: np.ndarray

    @property
    def log_z(self) -> float:
        top = self.log_weights.max()
        return float(top + np.log(np.exp(self.log_weights - top).sum()))

    @property
    def probabilities(self) -> np.ndarray:
        return np.exp(self.log_weights - self.log_z)

    def marginals(self) -> dict[str, np.ndarray]:
        """``(size, cardinality)`` a group."""
        return {
            name: np.einsum("k,kiv->iv", self.probabilities, self.states[name][..., None] == group.values())
            for name, group in self.graph.groups
        }

    def joint(self, first: tuple[str, int], second: tuple[str, int]) -> np.ndarray:
        """``(q, q')``: the joint law of two variables."""
        sides = [
            self.states[name][:, index, None] == self.graph.variables[name].values()
            for name, index in (first, second)
        ]
        return np.einsum("k,ka,kb->ab", self.probabilities, *sides)

    def moments(self) -> list[np.ndarray]:
        """Expected features of each factor, shaped as its weights."""
        return [self._expected(factor) for factor in self.graph.factors if isinstance(factor, Factor)]

    def _expected(self, factor: Factor) -> np.ndarray:
        total = np.zeros(np.shape(factor.weights))
        for row in range(len(factor.scope)):
            signs, categories = _values(factor, row, self.states)
            at = row if len(total) > 1 else 0
            np.add.at(total, (np.full(len(signs), at), *categories), signs * self.probabilities)
        return total


def random_graph(rng: np.random.Generator, max_states: int = 1500, forbids: bool = False) -> FactorGraph:
    """Two to nine variables of up to four kinds, factors of one to four of them, some shared; float64 weights.

    ``forbids``: some tables without spins then hold minus infinity; state 0 of categories stays possible.
    """
    while True:
        names = [name for name in KINDS if rng.random() < 0.6]
        variables = {name: KINDS[name](int(rng.integers(1, 5))) for name in names}
        sizes = [(group.cardinality, group.size) for group in variables.values()]
        if sum(n for _, n in sizes) > 1 and np.prod([float(q) ** n for q, n in sizes]) <= max_states:
            break
    factors = [_random_factor(rng, variables, f"f{k}", forbids) for k in range(rng.integers(1, 7))]
    return FactorGraph.of(variables, factors)


def random_clamp(rng: np.random.Generator, graph: FactorGraph, share: float = 0.3) -> dict[str, Clamp]:
    """Each variable held with probability ``share`` at a random value, in possible states."""
    clamp = {}
    for name, group in graph.groups:
        values = rng.choice(group.values(), group.size)
        values = np.zeros_like(values) if _forbids(graph) and group.kind == "categorical" else values
        clamp[name] = Clamp(jnp.asarray(rng.random(group.size) < share), jnp.asarray(values))
    return clamp


def brute_force(graph: FactorGraph, beta: float = 1.0, clamp: dict[str, Clamp] | None = None) -> Truth:
    """Enumerate; knows nothing of the package's exact answers, only what a weight means."""
    axes = [group.values() for _, group in graph.groups for _ in range(group.size)]
    table = np.array(list(product(*axes)))
    edges = np.cumsum([group.size for _, group in graph.groups])[:-1]
    states = dict(zip(graph.variables, np.split(table, edges, axis=1), strict=True))
    keep = np.ones(len(table), bool)
    for name, held in (clamp or {}).items():
        keep &= (~np.asarray(held.mask) | (states[name] == np.asarray(held.values))).all(axis=1)
    states = {name: values[keep] for name, values in states.items()}
    log_weights = np.zeros(keep.sum())
    for factor in graph.factors:
        assert isinstance(factor, Factor)
        weights = np.asarray(factor.weights, np.float64)
        for row in range(len(factor.scope)):
            signs, categories = _values(factor, row, states)
            entry = weights[(np.full(len(signs), row if len(weights) > 1 else 0), *categories)]
            log_weights += beta * entry * signs
    return Truth(graph, states, log_weights)


def _values(factor: Factor, row: int, states: States) -> tuple[np.ndarray, list[np.ndarray]]:
    """The product of a factor's spins, and its categories, in each state."""
    columns = [
        (name, states[name][:, at])
        for name, at in zip(factor.scope.groups, factor.scope.variables[row], strict=True)
    ]
    signs = np.ones(len(columns[0][1]))
    for name, values in columns:
        signs = signs * values if name == "s" else signs
    return signs, [values for name, values in columns if name != "s"]


def _random_factor(rng: np.random.Generator, variables: dict, name: str, forbids: bool) -> Factor:
    every = [(group, i) for group, found in variables.items() for i in range(found.size)]
    arity = int(rng.integers(1, min(4, len(every)) + 1))
    first = [every[k] for k in rng.choice(len(every), arity, replace=False)]
    groups = tuple(group for group, _ in first)
    rows = [[i for _, i in first]]
    for _ in range(rng.integers(0, 4)):
        row = [int(rng.integers(variables[group].size)) for group in groups]
        if len(set(zip(groups, row, strict=True))) == arity:
            rows.append(row)
    table = tuple(variables[group].cardinality for group in groups if group != "s")
    shape = (1 if rng.random() < 0.3 else len(rows), *table)
    weights = rng.normal(0, 0.8 / np.sqrt(arity), shape)
    if forbids and table and "s" not in groups:
        hit = rng.random(shape) < 0.25
        hit[(slice(None), *(0 for _ in table))] = False
        weights[hit] = -np.inf
    return Factor.of(groups, np.array(rows), weights, name=name)


def _forbids(graph: FactorGraph) -> bool:
    return any(np.isneginf(factor.parameters).any() for factor in graph.factors)
