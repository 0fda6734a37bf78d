"""Well-known models as thin constructors of :class:`~isotherm.energy.graph.FactorGraph`."""

from typing import Any

import numpy as np

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import categorical, spin


def ising(edges: Any, couplings: Any, biases: Any = 0.0, num_spins: int | None = None) -> FactorGraph:
    r"""Spins on any graph, :math:`E(s) = -\sum_i b_i s_i - \sum_{(i,j)} J_{ij} s_i s_j`, in the group ``"s"``.

    Args:
        edges: whole numbers, shape ``(num_edges, 2)``, each pair once.
        couplings: shape ``(num_edges,)``, or one number shared by all; positive favours alignment.
        biases: shape ``(num_spins,)``, or one number shared by all; zero leaves no factor behind.
        num_spins: by default one more than the largest index of an edge.

    Raises:
        ValueError: naming the edge, coupling or bias at fault.
    """
    edges = np.asarray(edges)
    n = int(edges.max()) + 1 if num_spins is None else num_spins
    factors = [Factor.of(("s", "s"), edges, _shared(couplings), name="couplings")]
    if np.ndim(biases) or np.any(biases):
        factors.insert(0, Factor.of("s", np.arange(n), _shared(biases), name="biases"))
    return FactorGraph.of({"s": spin(n)}, factors)


def potts(
    edges: Any, cardinality: int, couplings: Any, fields: Any = 0.0, num_variables: int | None = None
) -> FactorGraph:
    r"""Potts model, :math:`E(c) = -\sum_{(i,j)} J_{ij} [c_i = c_j] - \sum_i h_i(c_i)`, in the group ``"c"``.

    Args:
        edges: whole numbers, shape ``(num_edges, 2)``, each pair once.
        cardinality: number of values, at least 2.
        couplings: shape ``(num_edges,)``, or one number shared by all; positive favours equal neighbours.
        fields: shape ``(num_variables, cardinality)``, or ``(cardinality,)`` shared by all; zero leaves no
            factor behind.
        num_variables: by default one more than the largest index of an edge.

    Raises:
        ValueError: naming the edge, coupling or field at fault.
    """
    edges = np.asarray(edges)
    n = int(edges.max()) + 1 if num_variables is None else num_variables
    tables = _shared(couplings)[:, None, None] * np.eye(cardinality)
    factors = [Factor.of(("c", "c"), edges, tables, name="couplings")]
    if np.ndim(fields) or np.any(fields):
        values = np.asarray(fields)
        factors.insert(
            0, Factor.of("c", np.arange(n), values if values.ndim == 2 else values[None], name="fields")
        )
    return FactorGraph.of({"c": categorical(n, cardinality)}, factors)


def _shared(values: Any) -> Any:
    return np.atleast_1d(values) if np.ndim(values) == 0 else values
