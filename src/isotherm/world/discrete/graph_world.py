"""A walk on a graph, in search of an object that is seen only where it is."""

from typing import Any

import numpy as np

from isotherm import doors
from isotherm.energy.hidden.model import generative_model
from isotherm.energy.inputs import checked_edges
from isotherm.world.discrete.laws import graph_moves, still, sure, sure_or_uniform, transitions
from isotherm.world.discrete.world import HiddenWorld, hidden_world


def graph_world(
    num_nodes: int,
    edges: Any,
    *,
    agent_location: int | None = None,
    object_location: int | None = None,
    rewards: Any = None,
    ends_on: Any = None,
) -> HiddenWorld:
    """An undirected graph with an object at one of its nodes.

    Factors are the agent's node and the object's place, which is a node or, last of all, nowhere; it never changes.
    An action is a node: it is reached along an edge, any other move stays. Modalities are the agent's node, and
    whether the object is there (0 or 1). A batch of starts is made by :meth:`HiddenWorld.start_at`.

    Args:
        num_nodes: at least 1.
        edges: pairs of nodes, each pair once, ``(edges, 2)``.
        agent_location: node to start at; None: drawn evenly from all at each reset.
        object_location: within ``0 .. num_nodes``, the last one nowhere; None: drawn evenly from the nodes.
        rewards: what outcomes pay, as :func:`hidden_world` takes it; nothing by default.
        ends_on: outcomes that end an episode, likewise.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument or the edge at fault.

    >>> import jax
    >>> world = graph_world(3, [(0, 1), (1, 2)], agent_location=0, object_location=1, ends_on=[[], [1]])
    >>> _, state = world.reset(jax.random.key(0))
    >>> answer = world.step(jax.random.key(1), state, 1)
    >>> [int(outcome) for outcome in answer.observation], bool(answer.terminated)
    ([1, 1], True)
    """
    num_nodes = doors.whole("num_nodes", num_nodes, 1)
    doors.affordable("num_nodes", num_nodes, 64.0 * num_nodes**3, "have fewer nodes")
    pairs = checked_edges(edges, num_nodes, "num_nodes")
    agent = sure_or_uniform("agent_location", agent_location, num_nodes)
    if object_location is None:
        place = np.append(np.full(num_nodes, 1.0 / num_nodes), 0.0)
    else:
        found = doors.whole("object_location", object_location, 0, num_nodes)
        place = sure(found, num_nodes + 1)
    is_there = np.eye(num_nodes, num_nodes + 1)
    model = generative_model(
        A=[np.eye(num_nodes), np.stack([1.0 - is_there, is_there])],
        B=[transitions(graph_moves(num_nodes, pairs)), still(num_nodes + 1)],
        D=[agent, place],
        A_dependencies=[[0], [0, 1]],
    )
    return hidden_world(model, rewards, ends_on=ends_on)


def connected_clusters(size: int, num_clusters: int) -> list[tuple[int, int]]:
    """Edges of stars in a chain: a centre is joined to the next ``size`` nodes, the last of them the next centre.

    Args:
        size: nodes that a centre is joined to, at least 1.
        num_clusters: stars, at least 1. There are ``size * num_clusters + 1`` nodes.

    Raises:
        TypeError: naming the argument that is no whole number.
        ValueError: naming the argument below 1, or if so many edges would not fit into memory.

    >>> connected_clusters(2, 2)
    [(0, 1), (0, 2), (2, 3), (2, 4)]
    """
    size, num_clusters = doors.whole("size", size, 1), doors.whole("num_clusters", num_clusters, 1)
    doors.affordable("size, num_clusters", (size, num_clusters), 200.0 * size * num_clusters, "have fewer")
    centres = range(0, size * num_clusters, size)
    return [(centre, centre + 1 + i) for centre in centres for i in range(size)]
