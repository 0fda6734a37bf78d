"""Clique trees of bounded size for models of any width: some variables are held, the others are answered exactly.

NumPy only.

References:
    Jensen, Kong and Kjaerulff, Blocking Gibbs sampling in very large probabilistic expert systems (1995).
    Bidyuk and Dechter, Cutset sampling for Bayesian networks, JAIR 28 (2007).
"""

import heapq
import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from isotherm.energy.tables import Tables
from isotherm.exact.graph.elimination import CliqueTree, Steps, connect, joined, neighbours_of, placed
from isotherm.exact.graph.junction import Junction

Neighbours = dict[int, set[int]]


class Cut(NamedTuple):
    """Variables that are free together, the tables that they are in, and a clique tree of them.

    Attributes:
        free: bool, shape ``(n,)``.
        tables: those with a free variable.
        tree: of the free variables.
    """

    free: np.ndarray
    tables: Tables
    tree: CliqueTree

    def law(self, state: np.ndarray, extra: Tables | None = None) -> Junction:
        """The law of the free variables given the others' values in ``state``.

        Args:
            state: int64, shape ``(n,)``.
            extra: further tables, of single free variables.
        """
        tables = self.tables if extra is None else joint(self.tables, extra)
        return Junction(tables, self.tree, np.where(self.free, -1, state))


def joint(tables: Tables, extra: Tables) -> Tables:
    """The product of two models of the same variables."""
    return Tables(tables.cardinalities, tables.scopes + extra.scopes, tables.logs + extra.logs, tables.names)


def structure(tables: Tables) -> Neighbours:
    """For each variable of at least two values, those that share a table with it."""
    return neighbours_of(tables.scopes, tables.cardinalities > 1)


def cut(
    tables: Tables,
    neighbours: Neighbours,
    limit: int,
    rng: np.random.Generator,
    region: Sequence[int] | None = None,
    spared: Collection[int] = (),
) -> Cut:
    """Hold variables, chosen by chance among those of many neighbours, until cliques of the others are small.

    Args:
        tables: the model.
        neighbours: its :func:`structure`; stays as it is.
        limit: most entries of a clique, at least the largest number of values of a variable.
        rng: says which are held.
        region: variables outside are held as well; by default all may be free.
        spared: variables that are held only where no others are left to hold.
    """
    chosen = set(neighbours if region is None else region)
    left = {v: neighbours[v] & chosen for v in chosen}
    steps = bounded_steps(tables.cardinalities, left, limit, rng.random(tables.num_variables), spared)
    free = np.zeros(tables.num_variables, bool)
    free[[v for v, _ in steps]] = True
    steps = [(v, [u for u in around if free[u]]) for v, around in steps]
    tree = placed(tables.cardinalities, joined(steps), "min-weight, some held")
    return Cut(free, touching(tables, free), tree)


def nearby(neighbours: Neighbours, start: int, count: int) -> list[int]:
    """At most so many variables, the nearest to one of them first."""
    found, seen = [start], {start}
    for v in found:  # grows on the way
        for u in neighbours[v]:
            if len(found) >= count:
                return found
            if u not in seen:
                seen.add(u)
                found.append(u)
    return found


def touching(tables: Tables, free: np.ndarray) -> Tables:
    """The tables that hold a free variable; ``free`` is bool of shape ``(n,)``."""
    scopes, logs = [], []
    for family, stacked in zip(tables.scopes, tables.logs, strict=True):
        rows = np.flatnonzero(free[family].any(axis=1))
        if len(rows):
            scopes.append(family[rows])
            logs.append(stacked[rows] if len(stacked) > 1 else stacked)
    return Tables(tables.cardinalities, tuple(scopes), tuple(logs), tables.names)


def bounded_steps(
    sizes: np.ndarray, neighbours: Neighbours, limit: float | int, luck: np.ndarray, spared: Collection[int]
) -> Steps:
    """Elimination by least weight; where all cliques are too large, a variable of the smallest is held instead.

    Args:
        sizes: numbers of values, shape ``(n,)``.
        neighbours: of the variables to eliminate; emptied.
        limit: most entries of a clique; infinite to hold none.
        luck: shape ``(n,)``: among equals the lowest goes first, and the highest is held.
        spared: variables that are held only where no others are left to hold.
    """
    logs, most = np.log(sizes.astype(float)).tolist(), math.log(limit) + 1e-9

    def weight(v: int) -> float:
        return logs[v] + sum(logs[u] for u in neighbours[v])

    current = {v: weight(v) for v in neighbours}
    heap = [(value, luck[v], v) for v, value in current.items()]
    heapq.heapify(heap)
    steps: Steps = []
    while heap:
        value, _, v = heapq.heappop(heap)
        if current.get(v) != value:
            continue
        if value <= most:
            steps.append((v, list(neighbours[v])))
            touched = connect(neighbours, v, follows_fill=False)
            del current[v]
        else:
            held = max(
                (v, *neighbours[v]), key=lambda u: (u not in spared, len(neighbours[u]) * (0.3 + luck[u]))
            )
            touched = neighbours.pop(held)
            for u in touched:
                neighbours[u].discard(held)
            del current[held]
        for u in touched:
            current[u] = weight(u)
            heapq.heappush(heap, (current[u], luck[u], u))
    return steps
