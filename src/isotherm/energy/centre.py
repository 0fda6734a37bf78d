"""Constants taken out of tables, so that float32 keeps what tells states apart.

A constant added to a table changes no law. In float32 it costs digits: with ``3e7`` beside it, a third is nothing.
"""

import numpy as np
from jax.core import Tracer

from isotherm.energy.factor import Factor
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
        shift = _shift(graph, factor) if isinstance(factor, Factor) else np.zeros(1)
        if not shift.any():
            factors.append(factor)
            continue
        assert isinstance(factor, Factor)
        weights = np.asarray(factor.weights, np.float64)
        constant -= float(shift.sum()) * (len(factor.scope) // len(weights))
        moved = weights - shift.reshape(-1, *(1,) * (weights.ndim - 1))
        factors.append(Factor(weights=moved, scope=factor.scope, name=factor.name))
    if all(new is old for new, old in zip(factors, graph.factors, strict=True)):
        return graph, 0.0
    return FactorGraph(groups=graph.groups, factors=tuple(factors)), constant


def _shift(graph: FactorGraph, factor: Factor) -> np.ndarray:
    """What is taken off each table, float64 ``(len(weights),)``: zero for most."""
    kinds = {graph.variables[name].kind for name in factor.scope.groups}
    if kinds != {"categorical"} or isinstance(factor.weights, Tracer):
        return np.zeros(1)
    flat = np.asarray(factor.weights, np.float64).reshape(len(factor.weights), -1)
    is_known = np.isfinite(flat)
    top = np.where(is_known, flat, -np.inf).max(1)
    low = np.where(is_known, flat, np.inf).min(1)
    with np.errstate(invalid="ignore"):
        is_far = np.isfinite(top) & (np.abs(top) > FAR * (top - low))
    return np.where(is_far, top, 0.0)
