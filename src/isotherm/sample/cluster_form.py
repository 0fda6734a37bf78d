"""Factor graphs that clusters apply to: couplings that only ask whether two values agree, and fields."""

from collections.abc import Iterator

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int32

from isotherm.energy.factor import AbstractFactor
from isotherm.energy.graph import FactorGraph
from isotherm.errors import refusal
from isotherm.sample.single import log_table
from isotherm.sample.values import cardinalities

_ROUNDING = 1e-5


class ClusterForm(eqx.Module):
    r"""``-E(x) = Σ_e K_e [x_a = x_b]`` (or ``[x_a ≠ x_b]``) ``+ Σ_i h_i(x_i)``, values counted from zero.

    Attributes:
        edges: variables joined by each coupling, flat numbering.
        strengths: ``K``, at least 0.
        differs: where the coupling favours unequal values; only between variables of two values.
        fields: ``h``, minus infinity beyond a variable's cardinality; None where no variable has any.
        cardinalities: number of values of each variable.
        held: which variables never change; None where all are free.
        empty: the graph without its factors.
    """

    edges: Int32[Array, "edges 2"]
    strengths: Float[Array, " edges"]
    differs: Bool[Array, " edges"]
    fields: Float[Array, "n q"] | None
    cardinalities: Int32[Array, " n"]
    held: Bool[Array, " n"] | None
    empty: FactorGraph


def cluster_form(graph: FactorGraph, held: Bool[np.ndarray, " n"] | None = None) -> ClusterForm:
    """Read couplings and fields off a graph.

    Factors of two variables may hold ``K [a = b] + u(a) + v(b)``: every table of two values, and Potts
    couplings ``K >= 0`` of more. What traced weights hold is not looked at: they must have that form.

    Args:
        graph: ``n`` discrete variables.
        held: which of them never change.

    Raises:
        ValueError: naming the factor that has another form, or joins more than two variables.
    """
    counts = cardinalities(graph)
    width = max(int(counts.max()), 1)
    fields, has_fields, edges, strengths = jnp.zeros((graph.num_variables, width)), False, [], []
    for factor, scope in zip(graph.factors, graph.flat_scopes(), strict=True):
        table = _checked_table(graph, factor)
        if scope.shape[1] == 2:
            edges.append(scope)
            strengths.append(jnp.broadcast_to(_strength(table), (len(scope),)))
        for column, term in _field_terms(graph, factor, scope, table):
            fields = fields.at[column, : term.shape[1]].add(
                jnp.broadcast_to(term, (len(scope), term.shape[1]))
            )
            has_fields = True
    beyond = np.arange(width)[None] >= counts[:, None]
    coupling = jnp.concatenate([*strengths, jnp.zeros(0)])
    return ClusterForm(
        edges=jnp.asarray(np.concatenate([*edges, np.zeros((0, 2))]), jnp.int32),
        strengths=jnp.abs(coupling),
        differs=coupling < 0,
        fields=jnp.where(beyond, -jnp.inf, fields) if has_fields else None,
        cardinalities=jnp.asarray(counts),
        held=None if held is None else jnp.asarray(held),
        empty=FactorGraph(groups=graph.groups, factors=()),
    )


def _strength(table: Float[Array, "num q q"]) -> Float[Array, " num"]:
    """What equal values weigh more than unequal ones, after fields are taken out."""
    q = table.shape[1]
    centred = table - table.mean(1, keepdims=True) - table.mean(2, keepdims=True)
    return (centred[:, 0, 0] + table.mean((1, 2))) * (q / (q - 1))


def _field_terms(
    graph: FactorGraph, factor: AbstractFactor, scope: np.ndarray, table: Array
) -> Iterator[tuple[np.ndarray, Float[Array, "num q"]]]:
    """Variables and what the factor adds to their fields, where it adds anything."""
    if scope.shape[1] == 1:
        yield scope[:, 0], table
    elif not _is_even(graph, factor, table):
        rest = table - _strength(table)[:, None, None] * jnp.eye(table.shape[1])[None]
        rows = rest.mean(2)
        yield scope[:, 0], rows
        yield scope[:, 1], rest.mean(1) - rows.mean(1, keepdims=True)


def _is_even(graph: FactorGraph, factor: AbstractFactor, table: Array) -> bool:
    """Whether a pair factor surely adds no field: products of spins, and tables that are seen not to."""
    if isinstance(table, Tracer):
        return {graph.variables[name].kind for name in factor.scope.groups} == {"spin"}
    rest = table - _strength(table)[:, None, None] * jnp.eye(table.shape[1])[None]
    return bool(jnp.all(jnp.ptp(rest, axis=(1, 2)) <= _ROUNDING * _scale(table)))


def _scale(table: Array) -> Array:
    return jnp.abs(table).max((1, 2)) + 1e-30


def _checked_table(graph: FactorGraph, factor: AbstractFactor) -> Array:
    if factor.scope.arity > 2:
        raise refusal(
            f"{factor.name}.groups",
            factor.scope.groups,
            "clusters take factors of at most two variables; sample with `gibbs`",
        )
    table = log_table(graph, factor)
    if factor.scope.arity == 2:
        _check_pairs(factor, table)
    return table


def _check_pairs(factor: AbstractFactor, table: Array) -> None:
    allowed = "clusters take J [c_i = c_j] plus fields, J >= 0 for more than two values; sample with `gibbs`"
    if table.shape[1] != table.shape[2]:
        raise refusal(
            f"{factor.name}.groups", factor.scope.groups, "must have equal cardinalities; " + allowed
        )
    if isinstance(table, Tracer):
        return
    q, strength = table.shape[1], _strength(table)
    rest = table - strength[:, None, None] * jnp.eye(q)[None]
    left = rest - rest.mean(1, keepdims=True) - rest.mean(2, keepdims=True) + rest.mean((1, 2), keepdims=True)
    fits = jnp.isfinite(strength) & (jnp.abs(left).max((1, 2)) <= _ROUNDING * _scale(table))
    fits &= (q == 2) | (strength >= 0)
    if not bool(fits.all()):
        row = int(np.flatnonzero(~np.asarray(fits))[0])
        raise refusal(f"{factor.name}[{row}]", np.asarray(table[row]).tolist(), allowed)
