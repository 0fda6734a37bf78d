"""Ising models from graphs of networkx and rustworkx, and edges for any other constructor."""

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import rustworkx
from jaxtyping import Int

from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising
from isotherm.errors import refusal

if TYPE_CHECKING:
    import networkx


class Labelled(NamedTuple):
    """A factor graph made from something whose variables have names of their own.

    Attributes:
        graph: the model.
        labels: name of each variable, in flat numbering.
        offset: a constant that the source adds to the energy of every state: ``E = graph.energy(x) + offset``,
            and so ``log Z`` at ``beta`` is the graph's less ``beta * offset``.
    """

    graph: FactorGraph
    labels: tuple[Hashable, ...]
    offset: float = 0.0

    def number_of(self, label: Hashable) -> int:
        """Flat number of the variable of this name.

        Raises:
            ValueError: if there is none.
        """
        if label not in self.labels:
            raise refusal(
                "label", label, f"unknown; there are {len(self.labels)}, from {self.labels[0]!r} on"
            )
        return self.labels.index(label)


class Edges(NamedTuple):
    """The edges of a graph with its nodes numbered in their order.

    Attributes:
        pairs: shape ``(num_edges, 2)``.
        labels: each node of the graph as it is called there.
    """

    pairs: Int[np.ndarray, "num_edges 2"]
    labels: tuple[Hashable, ...]


def edges_of(net: "networkx.Graph | rustworkx.PyGraph") -> Edges:
    """Edges of a networkx or rustworkx graph, for ``ising``, ``potts`` and the others.

    Args:
        net: undirected, with at most one edge between two nodes. Nodes of rustworkx are called by their index.

    Raises:
        ValueError: naming what a factor graph cannot have: directions, parallel edges, an edge from a node to
            itself; or if there is no node.

    >>> import rustworkx
    >>> edges_of(rustworkx.generators.cycle_graph(3)).pairs.tolist()
    [[0, 1], [1, 2], [2, 0]]
    """
    labels, ends = _nodes_and_ends(net)
    number = {label: i for i, label in enumerate(labels)}
    pairs = np.array([(number[u], number[v]) for u, v in ends], np.int32).reshape(-1, 2)
    return Edges(pairs, labels)


def from_networkx(
    net: "networkx.Graph", couplings: str | float = "weight", biases: str | float = 0.0
) -> Labelled:
    """An Ising model on a networkx graph.

    Args:
        net: undirected, as for :func:`edges_of`.
        couplings: the attribute of each edge that holds its coupling, or one number shared by all.
        biases: the attribute of each node that holds its bias, or one number shared by all.

    Raises:
        ValueError: naming the edge or node that lacks the attribute, or what :func:`edges_of` refuses.

    >>> import networkx
    >>> model = from_networkx(networkx.path_graph(["a", "b", "c"]), couplings=1.0)
    >>> model.labels, model.number_of("c")
    (('a', 'b', 'c'), 2)
    """
    pairs, labels = edges_of(net)
    weights: Any = couplings
    if isinstance(couplings, str):
        weights = [
            _attribute(f"couplings: edge {(u, v)!r}", data, couplings) for u, v, data in net.edges(data=True)
        ]
    fields: Any = biases
    if isinstance(biases, str):
        fields = [_attribute(f"biases: node {label!r}", data, biases) for label, data in net.nodes(data=True)]
    return Labelled(ising(pairs, weights, fields, len(labels)), labels)


def from_rustworkx(
    net: rustworkx.PyGraph,
    couplings: Callable[[Any], float] | float = float,
    biases: Callable[[Any], float] | float = 0.0,
) -> Labelled:
    """An Ising model on a rustworkx graph; its labels are the indices of the nodes.

    Args:
        net: undirected, as for :func:`edges_of`.
        couplings: the coupling of an edge as a function of what the edge holds, or one number shared by all.
        biases: the bias of a node as a function of what the node holds, or one number shared by all.

    Raises:
        ValueError: naming the edge or node whose weight cannot be read, or what :func:`edges_of` refuses.
    """
    pairs, labels = edges_of(net)
    weights: Any = couplings
    if callable(couplings):
        weights = [
            _read(f"couplings: edge {(u, v)}", couplings, held) for u, v, held in net.weighted_edge_list()
        ]
    fields: Any = biases
    if callable(biases):
        fields = [_read(f"biases: node {i}", biases, net[i]) for i in net.node_indices()]
    return Labelled(ising(pairs, weights, fields, len(labels)), labels)


def _nodes_and_ends(net: Any) -> tuple[tuple[Hashable, ...], list[tuple[Any, Any]]]:
    if isinstance(net, rustworkx.PyDiGraph) or (hasattr(net, "is_directed") and net.is_directed()):
        raise refusal("net", type(net).__name__, "should be undirected")
    if isinstance(net, rustworkx.PyGraph):
        labels, ends = tuple(net.node_indices()), list(net.edge_list())
    elif hasattr(net, "nodes") and hasattr(net, "edges"):
        labels, ends = tuple(net.nodes), [(u, v) for u, v, *_ in net.edges]
    else:
        raise refusal("net", type(net).__name__, "should be a graph of networkx or rustworkx")
    if not labels:
        raise refusal("net", "no nodes", "at least one node is needed")
    seen = set()
    for u, v in ends:
        if u == v:
            raise refusal("edge", (u, v), "joins a node to itself")
        if (u, v) in seen or (v, u) in seen:
            raise refusal("edge", (u, v), "stands there twice; add parallel edges up first")
        seen.add((u, v))
    return labels, ends


def _attribute(where: str, data: Mapping[str, Any], name: str) -> float:
    if name not in data:
        raise refusal(
            where, dict(data), f"has no attribute {name!r}; name another, or give one number for all"
        )
    return _read(f"{where}[{name!r}]", float, data[name])


def _read(where: str, number: Callable[[Any], float], held: Any) -> float:
    try:
        value = float(number(held))
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise refusal(where, held, f"cannot be read as a number ({error!r})") from None
    if not np.isfinite(value):
        raise refusal(where, value, "should be finite")
    return value
