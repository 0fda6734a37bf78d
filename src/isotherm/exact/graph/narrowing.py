"""What zeros leave possible: values that no state can have leave a model before it is answered. NumPy only.

A value stays as long as each table that holds its variable has a possible entry for it among what stays of the other
variables (generalised arc consistency). What goes has probability 0, so that the smaller model has the same law.

References:
    Mackworth, Consistency in networks of relations, Artificial Intelligence 8 (1977).
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from isotherm.energy.tables import Tables, checked_evidence
from isotherm.errors import refusal
from isotherm.exact.graph.junction import Junction

_AT_ONCE = 1 << 22
"""Entries of tables looked at together."""


class Narrowed(NamedTuple):
    """A model without the values that are impossible.

    Attributes:
        tables: of the same variables with fewer values; those with a single one are in no table.
        values: int64, shape ``(n,)``: 0 for variables with a single value, -1 for the others.
        kept: of each variable, the values that stay, ascending.
        constant: what the log weight of every state lacks in ``tables``.
        num_removed: how many values of free variables went.
    """

    tables: Tables
    values: np.ndarray
    kept: tuple[np.ndarray, ...]
    constant: float
    num_removed: int

    def widened(self, states: np.ndarray) -> np.ndarray:
        """States of the model that was narrowed, from states of ``tables``; int64, shape ``(..., n)``."""
        columns = [kept[states[..., v]] for v, kept in enumerate(self.kept)]
        return np.stack(columns, axis=-1).astype(np.int64)

    def narrowed_state(self, state: np.ndarray) -> np.ndarray:
        """The same state among the values that stay, shape ``(n,)``; those that went become the nearest below."""
        found = [
            min(np.searchsorted(kept, x), len(kept) - 1) for kept, x in zip(self.kept, state, strict=True)
        ]
        return np.array(found, np.int64)


class Widened(NamedTuple):
    """The law of a model, by that of the narrowed one; answers as a :class:`~isotherm.exact.graph.junction.Junction`.

    Attributes:
        law: of the narrowed model.
        smaller: what was narrowed.
        cardinalities: of the model.
    """

    law: Junction
    smaller: Narrowed
    cardinalities: np.ndarray

    @property
    def log_z(self) -> float:
        """Log of the summed weights."""
        return self.law.log_z + self.smaller.constant

    def marginals(self) -> list[np.ndarray]:
        """Probabilities of the values of every variable, float64 ``(values,)`` each, 0 where they went."""
        found = []
        for law, kept, size in zip(
            self.law.marginals(), self.smaller.kept, self.cardinalities.tolist(), strict=True
        ):
            row = np.zeros(size)
            row[kept] = law
            found.append(row)
        return found

    def best(self) -> tuple[np.ndarray, float]:
        """A state of the highest weight, int64 ``(n,)``, and its log weight, a number."""
        state, log_weight = self.law.best()
        return self.smaller.widened(state), log_weight + self.smaller.constant

    def draw(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """Independent draws, int64 ``(num, n)``."""
        return self.smaller.widened(self.law.draw(rng, num))


def narrowed(tables: Tables, evidence: np.ndarray, *, by_zeros: bool = True) -> Narrowed:
    """Take out of a model what evidence and zeros make impossible.

    Args:
        tables: the model.
        evidence: int, shape ``(n,)``: values counted from 0, -1 where a variable is free.
        by_zeros: if not, by evidence alone.

    Raises:
        ValueError: if some variable has no possible value: then no state is possible, which is proven.
    """
    values = checked_evidence(tables, evidence)
    starts = np.concatenate([[0], np.cumsum(tables.cardinalities)])
    live = _possible(tables, values, starts, by_zeros)
    kept = tuple(np.flatnonzero(live[start:end]) for start, end in pairwise(starts))
    sizes = np.array([len(each) for each in kept], np.int64)
    smaller, constant = _restricted(tables, kept, sizes)
    removed = int((tables.cardinalities - sizes)[values < 0].sum())
    return Narrowed(smaller, np.where(sizes == 1, 0, -1), kept, constant, removed)


def _possible(tables: Tables, values: np.ndarray, starts: np.ndarray, by_zeros: bool) -> np.ndarray:
    """Of every value of every variable, whether it stays; those of a variable lie beside each other."""
    live = np.ones(int(starts[-1]), bool)
    for v in np.flatnonzero(values >= 0).tolist():
        live[starts[v] : starts[v + 1]] = False
        live[starts[v] + values[v]] = True
    families = [
        (scopes, ~np.isneginf(logs))
        for scopes, logs in zip(tables.scopes, tables.logs, strict=True)
        if by_zeros and scopes.shape[1] and np.isneginf(logs).any()
    ]
    changed = np.ones(tables.num_variables, bool)
    while changed.any():
        before, changed = changed, np.zeros_like(changed)
        for scopes, allowed in families:
            rows = np.flatnonzero(before[scopes].any(axis=1))
            step = max(1, _AT_ONCE // max(allowed[0].size, 1))
            for begin in range(0, len(rows), step):
                _revise(live, changed, scopes, allowed, rows[begin : begin + step], starts)
        _refuse_empty(tables, live, starts, has_evidence=bool((values >= 0).any()))
    return live


def _revise(
    live: np.ndarray,
    changed: np.ndarray,
    scopes: np.ndarray,
    allowed: np.ndarray,
    rows: np.ndarray,
    starts: np.ndarray,
) -> None:
    """Take values out that some of the tables no longer support."""
    chosen = scopes[rows]
    sizes = allowed.shape[1:]
    places = [starts[chosen[:, axis], None] + np.arange(size) for axis, size in enumerate(sizes)]
    domains = [live[place] for place in places]
    fits = allowed[rows] if len(allowed) > 1 else np.broadcast_to(allowed, (len(rows), *sizes))
    for axis, domain in enumerate(domains):
        shape = [1] * len(sizes)
        shape[axis] = sizes[axis]
        fits = fits & domain.reshape(len(rows), *shape)
    for axis, (domain, place) in enumerate(zip(domains, places, strict=True)):
        others = tuple(other + 1 for other in range(len(sizes)) if other != axis)
        gone = domain & ~(fits.any(axis=others) if others else fits)
        live[place[gone]] = False
        changed[chosen[gone.any(axis=1), axis]] = True


def _refuse_empty(tables: Tables, live: np.ndarray, starts: np.ndarray, *, has_evidence: bool) -> None:
    left = np.add.reduceat(live.astype(np.int64), starts[:-1])
    if not left.all():
        at = tables.names[int(np.flatnonzero(left == 0)[0])]
        why = "the zeros and the evidence leave" if has_evidence else "the zeros leave"
        raise refusal("log Z", "-inf", f"no state is possible: {why} no value of {at}")


def _restricted(tables: Tables, kept: tuple[np.ndarray, ...], sizes: np.ndarray) -> tuple[Tables, float]:
    """Tables of what stays, without variables of a single value, and the sum of those that hold no other."""
    scopes: dict[tuple[int, ...], list[list[int]]] = {}
    logs: dict[tuple[int, ...], list[np.ndarray]] = {}
    constant = 0.0
    is_whole = sizes == tables.cardinalities
    for family, stacked in zip(tables.scopes, tables.logs, strict=True):
        for row, scope in enumerate(family.tolist()):
            table = stacked[row if len(stacked) > 1 else 0]
            for axis, v in enumerate(scope):
                if not is_whole[v]:
                    table = np.take(table, kept[v], axis=axis)
            free = [v for v in scope if sizes[v] > 1]
            table = table.reshape([int(sizes[v]) for v in free])
            if not free:
                constant += float(table)
                continue
            scopes.setdefault(table.shape, []).append(free)
            logs.setdefault(table.shape, []).append(table)
    smaller = Tables(
        sizes,
        tuple(np.array(rows, np.int64) for rows in scopes.values()),
        tuple(np.stack(rows) for rows in logs.values()),
        tables.names,
    )
    return smaller, constant
