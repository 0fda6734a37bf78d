"""Blocks of variables that may be updated at once: colourings of the interaction graph."""

from typing import Any

import numpy as np
import rustworkx

from isotherm.doors import instance, regular
from isotherm.energy.graph import FactorGraph
from isotherm.errors import refusal

EDGES_AT_ONCE = 20_000
"""Edges handed over in one list: two million tuples at once took eight times longer, in garbage collection."""


def colour_blocks(graph: FactorGraph, held: np.ndarray | None = None) -> list[np.ndarray]:
    """Partition the free variables so that no two of a block share a factor; largest degree first, greedy.

    Args:
        graph: ``n`` variables, flat numbering.
        held: bool, shape ``(n,)``: variables that are never updated; they need no colour.

    Returns:
        Flat numbers of each block, ascending int32, larger blocks first.

    Raises:
        TypeError: if ``graph`` is no factor graph.
        ValueError: if ``held`` is no array of ``n`` bools.
    """
    n = instance("graph", graph, FactorGraph, "a FactorGraph").num_variables
    free = np.ones(n, bool) if held is None else ~_checked_held(held, n)
    pairs = graph.interacting_pairs()
    pairs = pairs[free[pairs].all(axis=1)]
    colours = greedy_colours(n, pairs)
    blocks = [np.flatnonzero((colours == c) & free).astype(np.int32) for c in range(colours.max() + 1)]
    return sorted((block for block in blocks if len(block)), key=len, reverse=True)


def _checked_held(held: Any, n: int) -> np.ndarray:
    mask = regular("held", held)
    if mask.dtype != np.bool_ or mask.shape != (n,):
        raise refusal("held", f"{mask.dtype}{mask.shape}", f"must be bool of shape ({n},)")
    return mask


def greedy_colours(n: int, pairs: np.ndarray) -> np.ndarray:
    """A proper colouring of a graph of ``n`` nodes, int32 ``(n,)``; two colours where two suffice.

    Args:
        n: number of nodes.
        pairs: edges, shape ``(num_pairs, 2)``, each once.
    """
    net = rustworkx.PyGraph()  # a multigraph does not look for each edge among a hub's
    net.add_nodes_from(range(n))
    for first in range(0, len(pairs), EDGES_AT_ONCE):
        part = pairs[first : first + EDGES_AT_ONCE]
        net.add_edges_from_no_data(list(zip(part[:, 0].tolist(), part[:, 1].tolist(), strict=True)))
    found = rustworkx.two_color(net) or rustworkx.graph_greedy_color(net)
    colours = np.zeros(n, np.int32)
    colours[np.fromiter(found.keys(), np.int64, n)] = np.fromiter(found.values(), np.int32, n)
    return colours


def check_block(graph: FactorGraph, block: np.ndarray, pairs: np.ndarray, field: str) -> None:
    """Refuse a block whose variables interact.

    Args:
        graph: the model.
        block: flat numbers, int, shape ``(num,)``.
        pairs: :meth:`FactorGraph.interacting_pairs`, shape ``(num_pairs, 2)``, passed so that many blocks share one.
        field: what the refusal calls the block.

    Raises:
        ValueError: naming two variables that share a factor.
    """
    member = np.zeros(graph.num_variables, bool)
    member[block] = True
    both = pairs[member[pairs].all(axis=1)]
    if len(both):
        first, second = (graph.variable_name(int(v)) for v in both[0])
        raise refusal(
            field,
            f"{first}, {second}",
            "interact; a block may hold only one of them (or allow_parallel=True)",
        )
