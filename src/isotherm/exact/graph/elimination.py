"""Elimination orders and the clique trees that they lead to: what an exact answer will cost. NumPy only."""

import functools
import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

HEURISTICS = ("min-weight", "min-fill", "weighted-min-fill")
"""What the next variable to eliminate has least of: entries of its clique, new edges, or their weight."""

SEARCHED_BELOW = 5000
"""Beyond so many variables only the first heuristic is tried, whose bookkeeping is the lightest."""

WORTH_TRIALS = 5e7
"""With more entries than this, orders by perturbed scores are tried too; they halve the cost of some networks."""

FEW_TRIALS = 4
"""Perturbed scores that are tried where no heuristic keeps within the limit: they rarely do better by that much."""

_TRIALS = tuple((heuristic, noise) for noise in (0.1, 0.2) for heuristic in HEURISTICS[1:] for _ in range(6))


class Clique(NamedTuple):
    """Variables that a table joins, in the order of their elimination: first those that are summed out here.

    Attributes:
        variables: flat numbers.
        num_summed: how many of them are summed out; the others are the separator towards the parent.
        parent: index of the parent clique, or -1; parents come after their children.
    """

    variables: tuple[int, ...]
    num_summed: int
    parent: int


@dataclass(frozen=True)
class CliqueTree:
    """A forest of cliques with the running intersection property.

    Attributes:
        cliques: children before parents.
        position: int64, shape ``(n,)``: when each variable is eliminated; -1 where it is held.
        home: int64, shape ``(n,)``: the clique in which each variable is summed out; -1 where it is held.
        largest: entries of the largest clique.
        entries: entries of all cliques.
        kept: entries of all separators, whose messages are kept.
        order: the heuristic that found it.
    """

    cliques: tuple[Clique, ...]
    position: np.ndarray
    home: np.ndarray
    largest: float
    entries: float
    kept: float
    order: str

    @property
    def num_bytes(self) -> float:
        """Memory that answers take: a few copies of the largest clique, and messages both ways."""
        return 8 * (3.5 * self.largest + 2 * self.kept)

    @property
    def width(self) -> int:
        """Induced width: variables of the widest clique, less one."""
        return max((len(clique.variables) for clique in self.cliques), default=0) - 1


class TooWideError(Exception):
    """No order was found within the limit.

    Attributes:
        entries: entries of the smallest clique that went beyond it.
        width: how many variables it joins, less one.
    """

    def __init__(self, entries: float, width: int) -> None:
        super().__init__(entries, width)
        self.entries, self.width = entries, width


def clique_tree(
    cardinalities: np.ndarray, scopes: Sequence[np.ndarray], held: np.ndarray, limit: float
) -> CliqueTree:
    """The cheapest clique tree that the heuristics find; the same structure is searched once.

    Args:
        cardinalities: int64, shape ``(n,)``.
        scopes: flat numbers, shape ``(num_tables, arity)`` each.
        held: bool, shape ``(n,)``: variables that need no elimination.
        limit: most entries a clique may have.

    Raises:
        TooWideError: if every order needs a larger clique.
    """
    structure = tuple((scope.shape, scope.astype(np.int64).tobytes()) for scope in scopes)
    found = _search(cardinalities.astype(np.int64).tobytes(), structure, held.astype(bool).tobytes(), limit)
    if isinstance(found, TooWideError):
        raise found
    return found


def single_clique(cardinalities: np.ndarray, held: np.ndarray) -> CliqueTree:
    """All free variables in one clique: enumeration.

    Args:
        cardinalities: int, shape ``(n,)``.
        held: bool, shape ``(n,)``.
    """
    free = np.flatnonzero(~held)
    cliques = (Clique(tuple(free.tolist()), len(free), -1),) if len(free) else ()
    return placed(cardinalities, cliques, "none")


@functools.lru_cache(maxsize=32)
def _search(
    cardinalities: bytes, structure: tuple[tuple[tuple[int, ...], bytes], ...], held: bytes, limit: float
) -> CliqueTree | TooWideError:
    sizes = np.frombuffer(cardinalities, np.int64)
    scopes = [np.frombuffer(content, np.int64).reshape(shape) for shape, content in structure]
    free = ~np.frombuffer(held, bool)
    rng = np.random.default_rng(0)
    best: CliqueTree | TooWideError = TooWideError(math.inf, 0)
    heuristics = HEURISTICS if free.sum() <= SEARCHED_BELOW else HEURISTICS[:1]
    for trial, (heuristic, noise) in enumerate((*((heuristic, 0.0) for heuristic in heuristics), *_TRIALS)):
        if noise and (len(heuristics) == 1 or _cost(best) < WORTH_TRIALS):
            break
        if isinstance(best, TooWideError) and trial >= len(heuristics) + FEW_TRIALS:
            break
        factors = np.exp(noise * rng.standard_normal(len(sizes)))
        try:
            steps = _eliminate(sizes, neighbours_of(scopes, free), heuristic, factors, limit, _cost(best))
        except TooWideError as error:
            if isinstance(best, TooWideError) and error.entries < best.entries:
                best = error
            continue
        found = placed(sizes, joined(steps), heuristic)
        best = found if isinstance(best, TooWideError) or found.entries < best.entries else best
    return best


def _cost(found: "CliqueTree | TooWideError") -> float:
    return found.entries if isinstance(found, CliqueTree) else math.inf


def neighbours_of(scopes: Sequence[np.ndarray], free: np.ndarray) -> dict[int, set[int]]:
    """Free variables that share a table with each free variable.

    Args:
        scopes: flat numbers, int, shape ``(num_tables, arity)`` each.
        free: bool, shape ``(n,)``.
    """
    found: dict[int, set[int]] = {int(v): set() for v in np.flatnonzero(free)}
    for scope in scopes:
        for row in scope.tolist():
            members = [v for v in row if v in found]
            for v in members:
                found[v].update(members)
    for v, others in found.items():
        others.discard(v)
    return found


Steps = list[tuple[int, list[int]]]
"""Each variable in the order of elimination, with its neighbours at that time."""


def _eliminate(
    sizes: np.ndarray,
    neighbours: dict[int, set[int]],
    heuristic: str,
    factors: np.ndarray,
    limit: float,
    enough: float,
) -> Steps:
    """Greedy elimination by scores times ``factors``.

    Gives up beyond a clique of ``limit`` entries, and where all cliques, some of which are joined later, have
    more than twice ``enough``.
    """
    logs = dict(enumerate(np.log(sizes.astype(float)).tolist()))
    score = _Score(neighbours, logs, heuristic, factors.tolist())
    current = {v: score(v) for v in neighbours}
    heap = [(value, v) for v, value in current.items()]
    heapq.heapify(heap)
    steps, entries = [], 0.0
    while heap:
        value, v = heapq.heappop(heap)
        if current.get(v) != value:
            continue
        around = neighbours[v]
        size = math.exp(min(logs[v] + sum(logs[u] for u in around), 700.0))
        if size > limit * (1 + 1e-9):
            raise TooWideError(size, len(around))
        entries += size
        if entries > 2 * enough:
            raise TooWideError(size, len(around))
        steps.append((v, list(around)))
        touched = connect(neighbours, v, follows_fill=heuristic != "min-weight")
        del current[v]
        for u in touched:
            new = score(u)
            if new != current[u]:
                current[u] = new
                heapq.heappush(heap, (new, u))
    return steps


def connect(neighbours: dict[int, set[int]], v: int, follows_fill: bool) -> set[int]:
    """Remove a variable, join its neighbours, and tell whose score may have changed."""
    around = neighbours.pop(v)
    touched = set(around)
    for u in around:
        neighbours[u].discard(v)
    for u in around:
        mine = neighbours[u]
        missing = around - mine
        missing.discard(u)
        if missing:
            if follows_fill:
                for w in missing:
                    touched |= mine & neighbours[w]
            mine |= missing
            for w in missing:
                neighbours[w].add(u)
    return touched


class _Score:
    """What a variable's elimination would cost by a heuristic; ties go to the smaller clique."""

    def __init__(
        self,
        neighbours: dict[int, set[int]],
        logs: dict[int, float],
        heuristic: str,
        factors: list[float],
    ) -> None:
        self.neighbours, self.logs, self.factors = neighbours, logs, factors
        self.first = {"min-weight": None, "min-fill": self.fill, "weighted-min-fill": self.weighted_fill}[
            heuristic
        ]

    def __call__(self, v: int) -> tuple[float, float]:
        weight = self.factors[v] * self.weight(v)
        return (weight, 0.0) if self.first is None else (self.factors[v] * self.first(v), weight)

    def weight(self, v: int) -> float:
        """Log of the entries of its clique."""
        return round(self.logs[v] + sum(self.logs[u] for u in self.neighbours[v]), 9)

    def fill(self, v: int) -> float:
        """Edges that its neighbours lack."""
        around = self.neighbours[v]
        return sum(len(around - self.neighbours[u]) - 1 for u in around) / 2

    def weighted_fill(self, v: int) -> float:
        """The same, each by the logs of both its ends."""
        around, logs = self.neighbours[v], self.logs
        missing = (logs[u] * logs[w] for u in around for w in around - self.neighbours[u] if w != u)
        return round(sum(missing, 0.0), 9)


def joined(steps: Steps) -> tuple[Clique, ...]:
    """Cliques of the steps, those that are contained in a child joined to it; children before parents."""
    position = {v: at for at, (v, _) in enumerate(steps)}
    summed: list[list[int]] = []
    separators: list[list[int]] = []
    waiting: dict[int, list[int]] = {}
    home: dict[int, int] = {}
    for v, around in steps:
        separator = sorted(around, key=position.__getitem__)
        child = next((c for c in waiting.pop(v, ()) if len(separators[c]) == len(separator) + 1), None)
        if child is None:
            child = len(summed)
            summed.append([])
            separators.append([])
        summed[child].append(v)
        separators[child], home[v] = separator, child
        if separator:
            waiting.setdefault(separator[0], []).append(child)
    order = sorted(range(len(summed)), key=lambda c: position[summed[c][-1]])
    rank = {c: at for at, c in enumerate(order)}
    return tuple(
        Clique(
            tuple(summed[c] + separators[c]),
            len(summed[c]),
            rank[home[separators[c][0]]] if separators[c] else -1,
        )
        for c in order
    )


def placed(sizes: np.ndarray, cliques: tuple[Clique, ...], order: str) -> CliqueTree:
    """A tree of cliques given in order, each summed into a later one.

    Args:
        sizes: numbers of values, int, shape ``(n,)``.
        cliques: every variable that is free is summed in one of them.
        order: how they were found.
    """
    position, home = np.full((2, len(sizes)), -1, np.int64)
    summed = [v for clique in cliques for v in clique.variables[: clique.num_summed]]
    position[summed] = np.arange(len(summed))
    for index, clique in enumerate(cliques):
        home[list(clique.variables[: clique.num_summed])] = index
    entries = [_entries(sizes, clique.variables) for clique in cliques]
    kept = [_entries(sizes, clique.variables[clique.num_summed :]) for clique in cliques]
    return CliqueTree(
        cliques, position, home, max(entries, default=1.0), sum(entries, 0.0), sum(kept, 0.0), order
    )


def _entries(sizes: np.ndarray, variables: tuple[int, ...]) -> float:
    return float(np.prod(sizes[list(variables)], dtype=float))
