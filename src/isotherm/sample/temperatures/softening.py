"""Zeros made finite: a model whose forbidden states are only improbable, so that samplers can pass through them."""

import jax
import numpy as np

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph

PENALTY = 15.0
"""Nats below everything possible at which zeros start out."""


def has_zeros(graph: FactorGraph) -> bool:
    """Whether a factor of several variables forbids anything; parameters concrete."""
    return any(
        bool(np.isneginf(np.asarray(leaf)).any())
        for factor in graph.factors
        if factor.scope.arity > 1
        for leaf in jax.tree.leaves(factor.parameters)
    )


def softened(graph: FactorGraph, penalty: float) -> FactorGraph:
    """The same graph, each zero of a table of several variables ``penalty`` below the table's largest entry.

    Given that a state is possible, its probability is the same in both.

    Args:
        graph: parameters concrete.
        penalty: in nats, positive; see :func:`penalty_of`.
    """

    def soft(factor: object) -> object:
        if not isinstance(factor, Factor) or factor.scope.arity == 1:
            return factor
        weights = np.asarray(factor.weights)
        if not np.isneginf(weights).any():
            return factor
        filled = np.where(np.isneginf(weights), tops_of(weights) - penalty, weights)
        return Factor(weights=filled.astype(weights.dtype), scope=factor.scope, name=factor.name)

    return FactorGraph(groups=graph.groups, factors=tuple(map(soft, graph.factors)))  # pyright: ignore[reportArgumentType]


def penalty_of(tables: list[np.ndarray]) -> float:
    """What zeros should cost at first: more than what they forbid is exchanged for.

    Args:
        tables: log weights, each of shape ``(num, *cardinalities)``.
    """
    ranges = [ranges_of(logs)[np.isneginf(logs.reshape(len(logs), -1)).any(1)] for logs in tables]
    return PENALTY + float(np.concatenate([*ranges, [0.0]]).max())


def tops_of(logs: np.ndarray) -> np.ndarray:
    """The largest entry of each table, in its place; 0 for one that forbids everything.

    From ``(num, *cardinalities)`` to ``(num, 1, ...)``.
    """
    tops = logs.max(axis=tuple(range(1, logs.ndim)), keepdims=True)
    return np.where(np.isneginf(tops), 0.0, tops)


def ranges_of(logs: np.ndarray) -> np.ndarray:
    """How far the finite entries of each table, ``(num, *cardinalities)``, reach below its largest; ``(num,)``."""
    finite = np.where(np.isneginf(logs), np.inf, logs)
    tops = tops_of(logs).reshape(len(logs))
    return tops - np.minimum(finite.min(axis=tuple(range(1, logs.ndim))), tops)
