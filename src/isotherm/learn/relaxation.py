r"""Energies of batches of states as differentiable functions of the states themselves.

A :class:`~isotherm.energy.factor.Factor` is linear in each of its variables once spins are numbers and
categories are one-hot vectors, and holds a variable once. So the derivative of the energy by a variable is the
exact difference between its values: one backward pass gives every conditional of every row, and the
derivative by the parameters gives the moments. Pairs of a dense graph become matrix products.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, PyTree

from isotherm.energy.factor import AbstractFactor, Factor, Quadratic
from isotherm.energy.graph import FactorGraph, State
from isotherm.errors import refusal
from isotherm.sample.log_tables import FORBIDDEN
from isotherm.sample.rounding.coarseness import is_coarse, whole_size

DENSE_RATIO = 48
"""A pair of groups is multiplied as a matrix up to this many entries a factor; gathers beyond."""

Relaxed = dict[str, Float[Array, "rows ..."]]
"""Spins and reals as floats ``(rows, size)``, categories one-hot ``(rows, size, cardinality)``."""


def relaxed(graph: FactorGraph, states: State, seen: State | None = None) -> Relaxed:
    """States of shape ``(rows, size)`` as numbers; zero, which takes no part in the energy, where not seen."""
    dtype = _dtype(graph)
    found = {}
    for name, group in graph.groups:
        state = jnp.asarray(states[name])
        if group.kind == "categorical":
            x = jax.nn.one_hot(state, group.cardinality, dtype=dtype)
        else:
            x = state.astype(dtype)
        if seen is not None:
            mask = jnp.asarray(seen[name])
            x = jnp.where(mask[..., None] if group.kind == "categorical" else mask, x, jnp.zeros((), dtype))
        found[name] = x
    return found


def as_traced(graph: FactorGraph, beta: Float[Array, ""] | float) -> Float[Array, ""]:
    """An inverse temperature as a scalar array, in the dtype of the graph, so that another one compiles nothing."""
    return jnp.asarray(beta, _dtype(graph))


def in_float64(graph: FactorGraph) -> FactorGraph:
    """The same graph with parameters of float64; for use under ``jax.enable_x64(True)``."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), graph)


def precisely(
    function: Callable[..., Float[Array, " rows"]],
    graph: FactorGraph,
    data: PyTree,
    beta: Float[Array, ""] | float,
) -> Float[Array | np.ndarray, " rows"]:
    """``function(graph, data, beta)``, of shape ``(rows,)``.

    In float64, on the host, where float32 cannot tell energies apart and nothing is traced.
    """
    is_known = not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves((graph, data, beta)))
    if not (is_known and is_coarse(graph, whole_size(graph), beta)):
        return function(graph, data, as_traced(graph, beta))
    with jax.enable_x64(True):
        wide = in_float64(graph)
        return np.asarray(function(wide, data, as_traced(wide, beta)))


def energies(graph: FactorGraph, x: Relaxed) -> Float[Array, " rows"]:
    """Energy of each row, shape ``(rows,)``.

    Raises:
        ValueError: naming a factor that is neither a ``Factor`` nor a ``Quadratic``.
    """
    return sum(
        (_energies(graph, factor, x) for factor in graph.factors[1:]), _energies(graph, graph.factors[0], x)
    )


def fields(graph: FactorGraph, x: Relaxed) -> Relaxed:
    r"""Local fields :math:`-\partial E / \partial x` of every variable of every row, shaped as ``x``.

    Of a spin, ``P(s = +1 | rest) = σ(2 beta field)``; of a category, the softmax of ``beta field``.

    References:
        Besag, Statistical analysis of non-lattice data, The Statistician 24 (1975).
    """
    return jax.tree.map(jnp.negative, jax.grad(lambda y: energies(graph, y).sum())(x))


def mean_features(graph: FactorGraph, states: State) -> tuple[PyTree, ...]:
    """Mean over rows of :meth:`FactorGraph.features`, without the features of any single row.

    Args:
        graph: any factors, those of the user's own as well.
        states: shape ``(rows, size)`` each.
    """
    x = relaxed(graph, states) if any(isinstance(factor, Factor) for factor in graph.factors) else {}

    def energy(parameters: tuple[PyTree, ...]) -> Float[Array, ""]:
        total = jnp.zeros((), _dtype(graph))
        for factor in graph.with_parameters(parameters).factors:
            if isinstance(factor, Factor):
                total += _energies(graph, factor, x).mean()
            else:
                scope = tuple(states[name] for name in factor.scope.groups)
                total += jax.vmap(factor.energy)(scope).mean().astype(total.dtype)
        return total

    return jax.tree.map(jnp.negative, jax.grad(energy)(jax.tree.map(jnp.asarray, graph.parameters)))


def _energies(graph: FactorGraph, factor: AbstractFactor, x: Relaxed) -> Float[Array, " rows"]:
    if isinstance(factor, Quadratic):
        columns = x[factor.scope.groups[0]][:, factor.scope.variables[:, 0]]
        return 0.5 * (jnp.asarray(factor.precisions)[None].astype(columns.dtype) * columns**2).sum(axis=1)
    if not isinstance(factor, Factor):
        raise refusal(factor.name, type(factor).__name__, "only products and tables (Factor) can be relaxed")
    kinds = [graph.variables[name].kind for name in factor.scope.groups]
    weights = jnp.maximum(jnp.asarray(factor.weights, _dtype(graph)), FORBIDDEN)
    if "categorical" not in kinds and _is_dense(graph, factor):
        return -_dense_pairs(graph, factor, weights, x)
    terms = weights[None]
    for name, kind, column in zip(factor.scope.groups, kinds, factor.scope.variables.T, strict=True):
        if kind == "categorical":
            chosen = x[name][:, column]
            terms = (terms * chosen.reshape(*chosen.shape, *[1] * (terms.ndim - 3))).sum(axis=2)
    for name, kind, column in zip(factor.scope.groups, kinds, factor.scope.variables.T, strict=True):
        if kind != "categorical":
            terms = terms * x[name][:, column]
    return -terms.sum(axis=1)


def _is_dense(graph: FactorGraph, factor: Factor) -> bool:
    sizes = [graph.variables[name].size for name in factor.scope.groups]
    return len(sizes) <= 2 and math.prod(sizes) <= DENSE_RATIO * len(factor.scope)


def _dense_pairs(
    graph: FactorGraph, factor: Factor, weights: Float[Array, " num"], x: Relaxed
) -> Float[Array, " rows"]:
    groups, variables = factor.scope.groups, factor.scope.variables
    shape = tuple(graph.variables[name].size for name in groups)
    matrix = jnp.zeros(shape, weights.dtype).at[tuple(variables.T)].add(weights)
    if len(groups) == 1:
        return jnp.matmul(x[groups[0]], matrix, precision="highest")
    image = jnp.matmul(x[groups[0]], matrix, precision="highest")
    return (image * x[groups[1]]).sum(axis=1)


def _dtype(graph: FactorGraph) -> np.dtype:
    """What parameters are computed in: the widest of them, as JAX is set."""
    found = np.result_type(*(leaf.dtype for leaf in jax.tree.leaves(graph.parameters)))
    return np.dtype(jax.dtypes.canonicalize_dtype(found))
