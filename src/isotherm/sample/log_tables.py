"""Tables of log weights: factors of discrete variables, whatever their form, as plain arrays."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from isotherm.energy.centre import moved_near_zero
from isotherm.energy.expand import beta_table
from isotherm.energy.factor import AbstractFactor
from isotherm.energy.graph import FactorGraph
from isotherm.errors import refusal

FORBIDDEN = -1e30
"""Stands for minus infinity: some may be added up, differences stay finite, and times zero it is a number."""


def log_table(graph: FactorGraph, factor: AbstractFactor) -> Float[Array, "num *cardinalities"]:
    """``-E`` of each factor at every value of its arguments, one axis an argument, spins included.

    Args:
        graph: says what the groups of ``factor`` are; all discrete.
        factor: any form; its energy is evaluated at each value.

    Returns:
        Shape ``(num_factors, *cardinalities)``, or ``(1, *cardinalities)`` where all share their parameters.

    Raises:
        ValueError: naming the factor, if it joins real or custom variables.
    """
    check_discrete(graph, factor)
    kinds = [graph.variables[name] for name in factor.scope.groups]

    def log_weight(parameters: Any, *values: Array) -> Array:
        return -factor.energy_of(parameters, *values)

    at_all = log_weight
    for argument in reversed(range(len(kinds))):
        at_all = jax.vmap(at_all, (None, *(0 if k == argument else None for k in range(len(kinds)))))
    parameters = jax.tree.map(jnp.asarray, factor.parameters)
    return jax.vmap(at_all, (0, *(None for _ in kinds)))(
        parameters, *(jnp.asarray(kind.values()) for kind in kinds)
    )


def table_near_zero(graph: FactorGraph, factor: AbstractFactor) -> tuple[Array | np.ndarray, float]:
    """The same, in float64 on the host and with a constant taken off, where parameters are concrete.

    Returns:
        The table, and the largest entry that it had before, regardless of sign; 0 where parameters are traced.

    Raises:
        ValueError: as :func:`log_table`.
    """
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(factor.parameters)):
        return log_table(graph, factor), 0.0
    check_discrete(graph, factor)
    given = beta_table(factor, graph.variables, 1.0)
    return moved_near_zero(given)[0], float(np.abs(given).max())


def check_discrete(graph: FactorGraph, factor: AbstractFactor) -> None:
    """Refuse a factor that joins real or custom variables.

    Raises:
        ValueError: naming it.
    """
    if not all(graph.variables[name].is_discrete for name in factor.scope.groups):
        raise refusal(f"{factor.name}.groups", factor.scope.groups, "should all be discrete here")


def single_weights(graph: FactorGraph) -> dict[str, Float[Array, "size cardinality"]]:
    """Log weights of every value of every variable from the factors of one variable alone, ``(size, cardinality)``.

    By group.

    Raises:
        ValueError: naming the factor of one variable that is on a group which is not discrete.
    """
    tables = {name: jnp.zeros((group.size, group.cardinality)) for name, group in graph.groups}
    for factor in graph.factors:
        if factor.scope.arity == 1:
            (name,) = factor.scope.groups
            at = factor.scope.variables[:, 0]
            table = log_table(graph, factor)
            tables[name] = tables[name].at[at].add(jnp.broadcast_to(table, (len(at), table.shape[1])))
    return tables
