"""Factor graphs that clusters apply to: couplings that only ask whether two values agree, and fields."""

from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int32

from isotherm.energy.centre import moved_near_zero
from isotherm.energy.factor import AbstractFactor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.limbs import limbs_of, splitting
from isotherm.errors import refusal
from isotherm.sample.flat import cardinalities
from isotherm.sample.log_tables import table_near_zero
from isotherm.sample.rounding.coarseness import loses_digits

_ROUNDING = 1e-5
"""Of a table's largest entry: what it may be off the form, and is left out, ..."""

_MOST = 1e-3
"""... but no more than this, which a law hardly shows."""

_NOTHING = 1e-9
"""Of a table's largest entry: fields below are rounding errors of float64."""


class ClusterForm(eqx.Module):
    """``-E(x) = Σ_e K_e [x_a = x_b]`` (or ``[x_a ≠ x_b]``) ``+ Σ_i h_i(x_i)``, values counted from zero.

    Attributes:
        edges: variables joined by each coupling, flat numbering, int32 ``(edges, 2)``.
        strengths: ``K``, at least 0, shape ``(edges,)``.
        differs: where the coupling favours unequal values, bool ``(edges,)``; only between variables of two values.
        fields: ``h``, shape ``(n, q)``, minus infinity beyond a variable's cardinality; None where there are none.
        exact: fields in limbs, where sums over clusters would lose digits in float32; None for most graphs.
        cardinalities: number of values of each variable, int32 ``(n,)``.
        held: which variables never change, bool ``(n,)``; None where all are free.
        empty: the graph without its factors.

    References:
        Edwards and Sokal, Phys. Rev. D 38 (1988) 2009.
    """

    edges: Int32[Array, "edges 2"]
    strengths: Float[Array, " edges"]
    differs: Bool[Array, " edges"]
    fields: Float[Array, "n q"] | None
    exact: "ExactFields | None"
    cardinalities: Int32[Array, " n"]
    held: Bool[Array, " n"] | None
    empty: FactorGraph


class ExactFields(eqx.Module):
    """Fields in limbs of whole numbers, the lowest first; see :mod:`isotherm.energy.limbs`.

    Attributes:
        limbs: shape ``(limbs, n, q)``; zero where forbidden.
        quantum: of which they are multiples, a scalar.
        bits: of a limb (static).
    """

    limbs: Float[Array, "limbs n q"]
    quantum: Float[Array, ""]
    bits: int = eqx.field(static=True)


def cluster_form(
    graph: FactorGraph, held: Bool[np.ndarray, " n"] | None = None, beta: Any = 1.0
) -> ClusterForm:
    """Read couplings and fields off a graph.

    Factors of two variables may hold ``K [a = b] + u(a) + v(b)``: every table of two values, and Potts
    couplings ``K >= 0`` of more. What traced weights hold is not looked at: they must have that form.

    Args:
        graph: ``n`` discrete variables.
        held: which of them never change, bool, shape ``(n,)``.
        beta: inverse temperatures at which differences will count.

    Raises:
        ValueError: naming the factor that has another form, or joins more than two variables.

    References:
        Edwards and Sokal, Phys. Rev. D 38 (1988) 2009.
    """
    counts = cardinalities(graph)
    width = max(int(counts.max()), 1)
    tables = [_checked_table(graph, factor) for factor in graph.factors]
    xp = np if all(isinstance(table, np.ndarray) for table in tables) else jnp
    fields, has_fields, edges, strengths = xp.zeros((graph.num_variables, width)), False, [], []
    for factor, scope, table in zip(graph.factors, graph.flat_scopes(), tables, strict=True):
        if scope.shape[1] == 2:
            edges.append(scope)
            strengths.append(xp.broadcast_to(_strength(table), (len(scope),)))
        for column, term in _field_terms(graph, factor, scope, table):
            every = xp.broadcast_to(term, (len(scope), term.shape[1]))
            fields = _added(fields, column, every)
            has_fields = True
    beyond = np.arange(width)[None] >= counts[:, None]
    coupling = xp.concatenate([*strengths, xp.zeros(0)])
    if isinstance(fields, np.ndarray):
        fields = moved_near_zero(np.where(beyond, -np.inf, fields))[0]
    return ClusterForm(
        edges=jnp.asarray(np.concatenate([*edges, np.zeros((0, 2))]), jnp.int32),
        strengths=jnp.asarray(xp.abs(coupling), jnp.float32),
        differs=jnp.asarray(coupling < 0),
        fields=jnp.asarray(xp.where(beyond, -np.inf, fields), jnp.float32) if has_fields else None,
        exact=_exact(fields, beta) if has_fields and isinstance(fields, np.ndarray) else None,
        cardinalities=jnp.asarray(counts),
        held=None if held is None else jnp.asarray(held),
        empty=FactorGraph(groups=graph.groups, factors=()),
    )


def _added(fields: Any, column: np.ndarray, terms: Any) -> Any:
    if isinstance(fields, np.ndarray):
        np.add.at(fields[:, : terms.shape[1]], column, terms)
        return fields
    return fields.at[column, : terms.shape[1]].add(terms)


def _exact(fields: np.ndarray, beta: Any) -> "ExactFields | None":
    known = np.where(np.isfinite(fields), fields, 0.0)
    size = np.abs(known).max(1)
    if not loses_digits([known], float(size.sum()), beta):
        return None
    by = splitting(float(size.max()), len(known), 24)
    limbs = jnp.asarray(np.stack(limbs_of(known, by)))
    return ExactFields(limbs, jnp.asarray(by.quantum, jnp.float32), by.bits)


def _strength(table: Any) -> Any:
    """What equal values weigh more than unequal ones, after fields are taken out."""
    q = table.shape[1]
    centred = table - table.mean(1, keepdims=True) - table.mean(2, keepdims=True)
    return (centred[:, 0, 0] + table.mean((1, 2))) * (q / (q - 1))


def _field_terms(
    graph: FactorGraph, factor: AbstractFactor, scope: np.ndarray, table: Any
) -> Iterator[tuple[np.ndarray, Any]]:
    """Variables and what the factor adds to their fields, where it adds anything."""
    if scope.shape[1] == 1:
        yield scope[:, 0], table
    elif not _is_even(graph, factor, table):
        rest = table - _strength(table)[:, None, None] * np.eye(table.shape[1], dtype=table.dtype)[None]
        rows = rest.mean(2)
        yield scope[:, 0], rows
        yield scope[:, 1], rest.mean(1) - rows.mean(1, keepdims=True)


def _is_even(graph: FactorGraph, factor: AbstractFactor, table: Any) -> bool:
    """Whether a pair factor surely adds no field: products of spins, and tables that are seen not to."""
    if isinstance(table, Tracer):
        return {graph.variables[name].kind for name in factor.scope.groups} == {"spin"}
    rest = table - _strength(table)[:, None, None] * np.eye(table.shape[1])[None]
    return bool(np.all(np.ptp(rest, axis=(1, 2)) <= _NOTHING * _scale(table)))


def _scale(table: Any) -> Any:
    return abs(table).max((1, 2)) + 1e-30


def _checked_table(graph: FactorGraph, factor: AbstractFactor) -> Any:
    if factor.scope.arity > 2:
        raise refusal(
            f"{factor.name}.groups",
            factor.scope.groups,
            "clusters take factors of at most two variables; sample with `gibbs`",
        )
    table, largest = table_near_zero(graph, factor)
    if factor.scope.arity == 2:
        _check_pairs(factor, table, largest * 2.0**-50)
    return table


def _check_pairs(factor: AbstractFactor, table: Any, slack: float) -> None:
    allowed = "clusters take J [c_i = c_j] plus fields, J >= 0 for more than two values; sample with `gibbs`"
    if table.shape[1] != table.shape[2]:
        raise refusal(
            f"{factor.name}.groups", factor.scope.groups, "must have equal cardinalities; " + allowed
        )
    if isinstance(table, Tracer):
        return
    with np.errstate(invalid="ignore"):
        _check_form(factor, table, slack, allowed)


def _check_form(factor: AbstractFactor, table: np.ndarray, slack: float, allowed: str) -> None:
    q, strength = table.shape[1], _strength(table)
    rest = table - strength[:, None, None] * np.eye(q)[None]
    left = rest - rest.mean(1, keepdims=True) - rest.mean(2, keepdims=True) + rest.mean((1, 2), keepdims=True)
    fits = np.isfinite(strength) & (
        np.abs(left).max((1, 2)) <= np.minimum(_ROUNDING * _scale(table), _MOST) + slack
    )
    fits &= (q == 2) | (strength >= 0)
    if not bool(fits.all()):
        row = int(np.flatnonzero(~np.asarray(fits))[0])
        raise refusal(f"{factor.name}[{row}]", np.asarray(table[row]).tolist(), allowed)
