"""Graphs: where moves lead, where the object is seen."""

from typing import Any

import networkx
import numpy as np
import pytest

from isotherm.world import connected_clusters, graph_world


def test_moves_follow_edges_both_ways() -> None:
    graph = networkx.cycle_graph(5)
    graph.remove_edge(1, 2)
    model = graph_world(5, list(graph.edges)).model
    leads = np.asarray(model.B[0]).argmax(0)
    for here in range(5):
        for there in range(5):
            assert leads[here, there] == (there if graph.has_edge(here, there) else here)
    np.testing.assert_array_equal(np.asarray(model.B[0]).sum(0), 1)
    np.testing.assert_array_equal(model.B[1][..., 0], np.eye(6))


def test_the_object_is_seen_where_it_is() -> None:
    model = graph_world(3, [(0, 1)]).model
    seen = np.asarray(model.A[1]).argmax(0)
    assert seen.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]  # agent, object; the last is nowhere
    assert model.A_dependencies == ((0,), (0, 1))
    np.testing.assert_allclose(model.D[0], np.full(3, 1 / 3))
    np.testing.assert_allclose(model.D[1], [1 / 3, 1 / 3, 1 / 3, 0])


def test_places_are_as_given() -> None:
    model = graph_world(3, [(0, 1)], agent_location=2, object_location=3).model
    assert [D.tolist() for D in model.D] == [[0, 0, 1], [0, 0, 0, 1]]


@pytest.mark.parametrize(("size", "num_clusters"), [(1, 4), (2, 2), (3, 3)])
def test_clusters_are_a_chain_of_stars(size: int, num_clusters: int) -> None:
    edges: list[tuple[int, int]] = []
    node = 0
    while node < size * num_clusters:  # the rule as it is told
        edges += [(node, node + 1 + i) for i in range(size)]
        node = len(edges)
    assert connected_clusters(size, num_clusters) == edges
    assert networkx.is_tree(networkx.Graph(edges))
    graph_world(size * num_clusters + 1, edges)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_nodes": 0}, "num_nodes = 0"),
        ({"num_nodes": 10**6}, "num_nodes = 1000000: .*fewer nodes"),
        ({"edges": [(0, 3)]}, r"edges\[0\] = \[0, 3\]"),
        ({"edges": [(0, 1), (1, 0)]}, r"edges\[1\] = \[1, 0\]: repeats"),
        ({"agent_location": 3}, "agent_location = 3: should be within 0 .. 2"),
        ({"object_location": 4}, "object_location = 4: should be within 0 .. 3"),
    ],
)
def test_what_is_no_graph_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        graph_world(**({"num_nodes": 3, "edges": [(0, 1)]} | change))


def test_clusters_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="size = 0"):
        connected_clusters(0, 1)
    with pytest.raises(ValueError, match="num_clusters = 0"):
        connected_clusters(1, 0)
    with pytest.raises(ValueError, match=r"size, num_clusters = .*have fewer"):
        connected_clusters(10**6, 10**6)
