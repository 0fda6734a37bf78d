"""Constants taken out of tables, so that float32 keeps what tells states apart.

A constant added to a table changes no law. In float32 it costs digits: with ``3e7`` beside it, a third is nothing.
"""

import numpy as np
from jax.core import Tracer

from isotherm.energy.factor import AbstractFactor, Factor
from isotherm.energy.graph import FactorGraph

FAR = 8
"""A table is moved where its largest entry lies this many times its own range away from zero."""


def centred(graph: FactorGraph) -> tuple[FactorGraph, float]:
    """The same law with every table that lies far from zero moved, so that its largest entry is zero.

    Args:
        graph: any. Traced tables, tables beside spins or reals, and factors of the user's own stay as they are, and
            so does whatever lies near zero: then the graph itself comes back.

    Returns:
        The graph, moved tables in float64 on the host, and the constant: the energy of ``graph`` is that of the
        new one plus it.
    """
    factors, constant = [], 0.0
    for factor in graph.factors:
        if not (isinstance(factor, Factor) and _is_plain_table(graph, factor)):
            factors.append(factor)
            continue
        moved, shift = moved_near_zero(np.asarray(factor.weights, np.float64))
        constant -= float(shift.sum()) * (len(factor.scope) // len(moved))
        is_new = bool(shift.any())
        factors.append(Factor(weights=moved, scope=factor.scope, name=factor.name) if is_new else factor)
    if all(new is old for new, old in zip(factors, graph.factors, strict=True)):
        return graph, 0.0
    return FactorGraph(groups=graph.groups, factors=tuple(factors)), constant


def moved_near_zero(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tables, one a row, of which those far from zero are moved, and what was taken off each: zero for most.

    Entries of minus infinity stay; a row of nothing else stays as well.

    Args:
        table: float64, shape ``(num, ...)``.

    Returns:
        The tables in the same shape, and what was taken off, float64, shape ``(num,)``.
    """
    flat = table.reshape(len(table), -1)
    is_known = np.isfinite(flat)
    top = np.where(is_known, flat, -np.inf).max(1)
    low = np.where(is_known, flat, np.inf).min(1)
    with np.errstate(invalid="ignore"):
        is_far = np.isfinite(top) & (np.abs(top) > FAR * (top - low))
    shift = np.where(is_far, top, 0.0)
    return table - shift.reshape(-1, *(1,) * (table.ndim - 1)), shift


def _is_plain_table(graph: FactorGraph, factor: AbstractFactor) -> bool:
    """Whether a constant may be taken out: not beside spins or reals, which it would be multiplied by."""
    kinds = {graph.variables[name].kind for name in factor.scope.groups}
    return isinstance(factor, Factor) and kinds == {"categorical"} and not isinstance(factor.weights, Tracer)
