"""A search for the most probable state of models too wide to be answered exactly, under a limit of time. NumPy only.

Each move holds some variables and finds the best values of all others together, by elimination; so a state never gets
worse, and what zeros allow is kept. Zeros that the state still violates cost more than everything else together, so
that they go first. After moves that bring nothing, part of the state is drawn anew from its law given the rest.

References:
    Jensen, Kong and Kjaerulff, Blocking Gibbs sampling in very large probabilistic expert systems (1995).
    Kask and Dechter, A general scheme for automatic generation of search heuristics, Artificial Intelligence 129
    (2001).
"""

import functools
import time
from collections.abc import Callable

import numpy as np

from isotherm.energy.tables import Tables, spread
from isotherm.infer.search.bounds import elimination_order, upper_bound
from isotherm.infer.search.cutset import Cut, cut, nearby, structure

FIRST_LIMIT = 1 << 15
"""Most entries of a clique at first."""

LAST_LIMIT = 1 << 22
"""... and at last."""

MOST_TOGETHER = 3000
"""Variables that a move frees at most."""

PATIENCE = 10
"""Moves that bring nothing before part of the state is drawn anew."""

_EVEN = 1e-9
_JITTER = 1e-7
_BOUND_LIMITS = (1 << 6, 1 << 10, 1 << 13, 1 << 16, 1 << 19, 1 << 21, 1 << 23)


class Search:
    """The best state so far, and what is proven of it.

    Attributes:
        tables: the model, narrowed: variables of a single value are in no table.
        state: the best so far, int64 ``(n,)``.
        log_weight: of it, minus infinity while it violates zeros.
        bound: no state has a larger log weight.
        moves: made so far.
    """

    def __init__(self, tables: Tables, seed: int) -> None:
        self.tables = tables
        self.rng = np.random.default_rng(seed)
        self.neighbours = structure(tables)
        self.soft, _ = softened_tables(tables)
        self.state = self._begin()
        self.log_weight, self.bound, self.moves = -np.inf, np.inf, 0
        self._soft_weight = -np.inf
        self._limit = max(FIRST_LIMIT, int(tables.cardinalities.max()))
        self.offer(self.state)

    @property
    def is_possible(self) -> bool:
        """Whether the state violates no zero."""
        return bool(np.isfinite(self.log_weight))

    @property
    def is_proven(self) -> bool:
        """Whether no state can be better, but for rounding."""
        return self.log_weight >= self.bound - 1e-9 * max(1.0, abs(self.bound))

    def _begin(self) -> np.ndarray:
        """The best value of each variable by itself, others at random."""
        sizes = self.tables.cardinalities
        state = (self.rng.random(len(sizes)) * sizes).astype(np.int64)
        best = np.full(len(sizes), -np.inf)
        for scopes, logs in zip(self.soft.scopes, self.soft.logs, strict=True):
            if scopes.shape[1] == 1:
                tops = np.broadcast_to(logs.max(axis=1), len(scopes))
                better = tops > best[scopes[:, 0]]
                state[scopes[better, 0]] = np.broadcast_to(logs.argmax(axis=1), len(scopes))[better]
                best[scopes[better, 0]] = tops[better]
        return state

    def offer(self, state: np.ndarray) -> None:
        """Keep this state, int of shape ``(n,)``, if it is better, and begin from it."""
        soft = float(self.soft.log_weight(state)[0])
        if soft > self._soft_weight:
            self.state, self._soft_weight = state.copy(), soft
            self.log_weight = float(self.tables.log_weight(state)[0])

    def run(self, until: float, told: Callable[[], None] = lambda: None, *, is_first: bool = False) -> None:
        """Search until a time of :func:`time.monotonic`, or until nothing better can be.

        Args:
            until: when to stop; a move may end a little later.
            told: called between moves.
            is_first: whether the first possible state is enough.
        """
        if not self.neighbours or not self.tables.scopes:
            self.bound = self.log_weight
            return
        current, weight, idle = self.state.copy(), self._soft_weight, 0
        limits = iter(_BOUND_LIMITS)
        begun, bounding, slowest = time.monotonic(), 0.0, 0.0
        while time.monotonic() < until and not self.is_proven and not (is_first and self.is_possible):
            now = time.monotonic()
            may_bound = self.is_possible and 3 * bounding <= now - begun and now + 8 * bounding < until
            if may_bound and (limit := next(limits, None)) is not None:
                self.tighten(limit)
                bounding += time.monotonic() - now
                continue
            better, found = self._move(current)
            self.moves += 1
            slowest = max(slowest, time.monotonic() - now)
            idle = 0 if found > weight + _EVEN else idle + 1
            current, weight = better, found
            self.offer(current)
            if idle >= PATIENCE:
                if self._limit < LAST_LIMIT and 20 * slowest < until - time.monotonic():
                    self._limit *= 4
                current = self._drawn_anew(self.state)
                weight, idle = float(self.soft.log_weight(current)[0]), 0
            told()

    def bound_of_z(self, limit: int = 1 << 19) -> float:
        """At least log Z.

        Args:
            limit: most entries of a table.
        """
        sizes = self.tables.cardinalities[list(self.neighbours)]
        if not self.tables.scopes:
            return float(np.log(sizes).sum())
        return upper_bound(self.tables, self._order, limit, is_sum=True)

    def tighten(self, limit: int) -> None:
        """Bound the best log weight by tables of at most so many entries, if that is better than before."""
        self.bound = min(self.bound, upper_bound(self.tables, self._order, limit, is_sum=False))

    @functools.cached_property
    def _order(self) -> list[int]:
        return elimination_order(self.tables, self.neighbours)

    def _region(self) -> list[int] | None:
        count = min(MOST_TOGETHER, len(self.neighbours))
        if self.moves % 2 == 0 and count == len(self.neighbours):
            return None
        names = list(self.neighbours)
        start = names[int(self.rng.integers(len(names)))]
        return nearby(self.neighbours, start, max(2, count // int(self.rng.integers(1, 5))))

    def _cut(self) -> Cut:
        return cut(self.soft, self.neighbours, self._limit, self.rng, self._region())

    def _move(self, state: np.ndarray) -> tuple[np.ndarray, float]:
        """The best values of some variables given the others; among equals any."""
        chosen = self._cut()
        found, _ = chosen.law(state, self._luck(chosen.free)).best()
        before, after = self.soft.log_weight(np.stack([state, found]))
        return (found, float(after)) if after >= before - _EVEN else (state, float(before))

    def _drawn_anew(self, state: np.ndarray) -> np.ndarray:
        """Some variables near each other by their law given the rest."""
        names = list(self.neighbours)
        start = names[int(self.rng.integers(len(names)))]
        region = nearby(self.neighbours, start, max(2, min(MOST_TOGETHER, len(names)) // 4))
        return cut(self.soft, self.neighbours, FIRST_LIMIT, self.rng, region).law(state).draw(self.rng, 1)[0]

    def _luck(self, free: np.ndarray) -> Tables:
        """Tiny weights, so that the first of equal states is not always taken."""
        scopes, logs = [], []
        for size in np.unique(self.tables.cardinalities[free]).tolist():
            rows = np.flatnonzero(free & (self.tables.cardinalities == size))
            scopes.append(rows[:, None])
            logs.append(_JITTER * self.rng.random((len(rows), size)))
        return Tables(self.tables.cardinalities, tuple(scopes), tuple(logs), self.tables.names)


def softened_tables(tables: Tables) -> tuple[Tables, float]:
    """The same tables with what is forbidden costing more than all else can bring, and how much that is."""
    penalty = 1.0 + spread(tables)
    logs = []
    for family in tables.logs:
        tops = family.max(axis=tuple(range(1, family.ndim)), keepdims=True)
        logs.append(np.where(np.isneginf(family), tops - penalty, family))
    return Tables(tables.cardinalities, tables.scopes, tuple(logs), tables.names), penalty
