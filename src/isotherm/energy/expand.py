"""A discrete factor graph as plain tables."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import PyTree

from isotherm.energy.factor import AbstractFactor, Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.tables import Names, Tables
from isotherm.energy.variables import Variables
from isotherm.errors import refusal

MAX_LOG = 1e300
"""Largest log weight of a state: sums of them stay within float64."""


def tables_of(graph: FactorGraph, beta: float = 1.0) -> Tables:
    """The log tables ``-beta E`` of a discrete graph, float64; spins become axes of two values, ``-1, +1``.

    Args:
        graph: all groups discrete, parameters concrete. A weight of minus infinity forbids at every ``beta``.
        beta: inverse temperature.

    Raises:
        ValueError: naming the group that is not discrete, the factor whose parameters are traced, or one that
            makes a value infinitely likely.
    """
    for name, group in graph.groups:
        if not group.is_discrete:
            raise refusal("groups", name, f"is {group.kind}; exact answers need spins and categories")
    sizes = [np.full(group.size, group.cardinality) for _, group in graph.groups]
    if not np.isfinite(beta):
        raise refusal("beta", beta, "must be finite; for the coldest states ask for the most probable one")
    logs = tuple(beta_table(factor, graph.variables, beta) for factor in graph.factors)
    total = sum(
        np.abs(np.where(np.isfinite(t), t, 0.0)).max(initial=0.0) * len(f.scope)
        for t, f in zip(logs, graph.factors, strict=True)
    )
    if not total < MAX_LOG:
        raise refusal("beta", beta, f"must be smaller: log weights of {total:.2g} are beyond float64")
    names = Names(tuple(graph.offsets().items()))
    return Tables(np.concatenate(sizes).astype(np.int64), tuple(graph.flat_scopes()), logs, names)


def beta_table(factor: AbstractFactor, variables: dict[str, Variables], beta: float) -> np.ndarray:
    """Log tables of one entry of a graph's factors, ``(num_factors or 1, *cardinalities of the scope)``, float64.

    Args:
        factor: with concrete parameters.
        variables: groups of the graph.
        beta: inverse temperature.

    Raises:
        ValueError: naming the factor whose parameters are traced, which forbids one sign of a spin, or whose log
            weights at ``beta`` are beyond float64.
    """
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(factor.parameters)):
        raise refusal(
            factor.name, "traced", "exact answers on a graph need concrete parameters; call outside jit"
        )
    kinds = [variables[name] for name in factor.scope.groups]
    energies = _linear(factor, kinds) if isinstance(factor, Factor) else _evaluated(factor, kinds)
    if np.isneginf(energies).any():
        raise refusal(factor.name, "-inf", "forbids one sign of a spin by favouring the other without bound")
    with np.errstate(invalid="ignore", over="ignore"):
        logs = np.where(np.isposinf(energies), -np.inf, -beta * energies)
    if (~np.isfinite(logs) & np.isfinite(energies)).any():
        raise refusal("beta", beta, f"must be smaller: log weights of {factor.name!r} are beyond float64")
    return logs


def expected_parameters(
    factor: AbstractFactor, variables: dict[str, Variables], beliefs: np.ndarray
) -> PyTree:
    """Expected ``-∂E/∂parameters``, shaped as the parameters, float64.

    Args:
        factor: one entry of a graph's factors.
        variables: groups of the graph.
        beliefs: joint probabilities of each scope, ``(num_factors, *cardinalities of the scope)``.
    """
    kinds = [variables[name] for name in factor.scope.groups]
    if not isinstance(factor, Factor):
        return _expected_gradient(factor, kinds, beliefs)
    spins = tuple(axis + 1 for axis, kind in enumerate(kinds) if kind.kind == "spin")
    features = (beliefs * _signs(kinds)).sum(axis=spins)
    return features.sum(axis=0, keepdims=True) if len(factor.weights) == 1 else features


def _linear(factor: Factor, kinds: list[Variables]) -> np.ndarray:
    """Energies of weighted products."""
    weights = np.asarray(factor.weights, np.float64)
    at = (slice(None), *(None if kind.kind == "spin" else slice(None) for kind in kinds))
    return -weights[at] * _signs(kinds)


def _signs(kinds: list[Variables]) -> np.ndarray:
    """The product of a scope's spins, with an axis an argument."""
    columns = np.ix_(
        *(k.values().astype(float) if k.kind == "spin" else np.ones(k.cardinality) for k in kinds)
    )
    return functools.reduce(np.multiply, columns)


def _evaluated(factor: AbstractFactor, kinds: list[Variables]) -> np.ndarray:
    """Energies of a factor of the user's own, by evaluating it at all values in float64."""
    shape = tuple(kind.cardinality for kind in kinds)
    with jax.enable_x64(True):
        energies = _at_all_values(factor, kinds, _wide(factor.parameters))
        return np.asarray(energies, np.float64).reshape(-1, *shape)


def _expected_gradient(factor: AbstractFactor, kinds: list[Variables], beliefs: np.ndarray) -> PyTree:
    with jax.enable_x64(True):
        flat = jnp.asarray(beliefs.reshape(len(beliefs), -1))

        def expected(parameters: PyTree) -> Any:
            energies = _at_all_values(factor, kinds, parameters)
            return -(jnp.broadcast_to(energies, flat.shape) * flat).sum()

        return jax.tree.map(np.asarray, jax.grad(expected)(_wide(factor.parameters)))


def all_values(cardinalities: Sequence[int]) -> np.ndarray:
    """All joint values of variables, counted from 0, ``(states, variables)``; the last variable varies fastest."""
    return np.indices(tuple(cardinalities)).reshape(len(cardinalities), -1).T


def _at_all_values(factor: AbstractFactor, kinds: list[Variables], parameters: PyTree) -> Any:
    """Energies, shape ``(num_factors or 1, number of joint values)``."""
    if math.prod(kind.cardinality for kind in kinds) > 1 << 24:
        raise refusal(factor.name, factor.scope.groups, "has too many joint values to tabulate")
    grid = all_values([kind.cardinality for kind in kinds])
    values = [jnp.asarray(kind.values()[column]) for kind, column in zip(kinds, grid.T, strict=True)]
    many = max(leaf.shape[0] for leaf in jax.tree.leaves(parameters))
    rows = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (many, *leaf.shape[1:])), parameters)
    over_values = jax.vmap(factor.energy_of, in_axes=(None, *(0 for _ in values)))
    return jax.vmap(over_values, in_axes=(0, *(None for _ in values)))(rows, *values)


def _wide(parameters: PyTree) -> PyTree:
    def widen(leaf: Any) -> Any:
        array = np.asarray(leaf)
        return jnp.asarray(array.astype(np.float64) if np.issubdtype(array.dtype, np.floating) else array)

    return jax.tree.map(widen, parameters)
