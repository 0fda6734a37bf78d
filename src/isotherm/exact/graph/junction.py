"""Exact answers on a clique tree: one pass up and one down. NumPy, float64, logarithms throughout.

A clique's table is never kept: it is put together from the factors and messages that it holds each time it is
needed, so that memory is a few copies of the largest one. Within a clique, variables are in the order of their
elimination, so factors and messages broadcast into it without being transposed.

References:
    Lauritzen and Spiegelhalter, Local computations with probabilities on graphical structures (1988).
    Jensen, Lauritzen and Olesen, Bayesian updating in causal probabilistic networks by local computations (1990).
"""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from isotherm.energy.tables import Tables
from isotherm.exact.graph.elimination import CliqueTree

_GATHERED = 1 << 22
"""Numbers looked at together when drawing."""


class CliqueTable(NamedTuple):
    """A table of logarithms over some variables of a clique, in the order of their elimination.

    Attributes:
        variables: flat numbers.
        logs: float64, shape ``(*cardinalities,)``, an axis for each of them.
    """

    variables: tuple[int, ...]
    logs: np.ndarray


class Junction:
    """The law of a discrete model with evidence, on a clique tree.

    Attributes:
        tables: the model.
        tree: cliques of the free variables.
        values: int64, shape ``(n,)``: the evidence, -1 where a variable is free.
    """

    def __init__(self, tables: Tables, tree: CliqueTree, values: np.ndarray) -> None:
        self.tables, self.tree, self.values = tables, tree, values
        self._pieces: list[list[CliqueTable]] = [[] for _ in tree.cliques]
        self._children: list[list[int]] = [[] for _ in tree.cliques]
        self._constant = 0.0
        for k, clique in enumerate(tree.cliques):
            if clique.parent >= 0:
                self._children[clique.parent].append(k)
        for scopes, logs in zip(tables.scopes, tables.logs, strict=True):
            for row, scope in enumerate(scopes.tolist()):
                self._place(scope, logs[row if len(logs) > 1 else 0])

    def _place(self, scope: list[int], logs: np.ndarray) -> None:
        """Reduce a table by the evidence and hand it to the clique that eliminates its first variable."""
        piece = self._reduced(scope, logs)
        if piece.variables:
            self._pieces[self.tree.home[piece.variables[0]]].append(piece)
        else:
            self._constant += float(piece.logs)

    def _reduced(self, scope: list[int], logs: np.ndarray) -> CliqueTable:
        held = self.values[scope]
        logs = logs[tuple(slice(None) if value < 0 else int(value) for value in held)]
        free = [v for v, value in zip(scope, held, strict=True) if value < 0]
        order = sorted(range(len(free)), key=lambda k: self.tree.position[free[k]])
        return CliqueTable(tuple(free[k] for k in order), np.transpose(logs, order))

    def observe(self, variable: int, value: int) -> "Junction":
        """The same law with one more variable at a value counted from 0; the tree stays."""
        mask = np.full(int(self.tables.cardinalities[variable]), -np.inf)
        mask[value] = 0.0
        other = Junction(self.tables, self.tree, self.values)
        other._place([variable], mask)
        return other

    @functools.cached_property
    def log_z(self) -> float:
        """Log of the summed weights of all states that agree with the evidence."""
        return self._up[1]

    @functools.cached_property
    def _up(self) -> tuple[list[np.ndarray], float]:
        return self._collect(log_sum)

    def _collect(self, reduce: Callable[[np.ndarray, int], np.ndarray]) -> tuple[list[np.ndarray], float]:
        """Messages of all cliques to their parents, and the total over roots."""
        messages: list[np.ndarray] = []
        total = self._constant
        for k, clique in enumerate(self.tree.cliques):
            message = reduce(self._table(k, messages), clique.num_summed)
            if clique.parent < 0:
                total += float(message)
            messages.append(message)
        return messages, total

    def _held_pieces(self, k: int, messages: list[np.ndarray]) -> list[CliqueTable]:
        """Factors of a clique and messages of its children."""
        cliques = self.tree.cliques
        arrived = [
            CliqueTable(cliques[c].variables[cliques[c].num_summed :], messages[c]) for c in self._children[k]
        ]
        return self._pieces[k] + arrived

    def _table(self, k: int, messages: list[np.ndarray], *extra: CliqueTable) -> np.ndarray:
        """The log table of a clique, its own to change; small pieces are joined before they are spread."""
        variables = self.tree.cliques[k].variables
        table = np.empty(self._shape(variables))
        pieces = self._merged([*self._held_pieces(k, messages), *extra], table.size)
        if not pieces:
            table.fill(0.0)
            return table
        table[...] = self._spread(pieces[0], variables)
        for piece in pieces[1:]:
            table += self._spread(piece, variables)
        return table

    def _merged(self, pieces: list[CliqueTable], size: int) -> list[CliqueTable]:
        """Fewer pieces with the same sum, each either given or far smaller than the clique."""
        merged: list[CliqueTable] = []
        for piece in sorted(pieces, key=lambda piece: piece.logs.size):
            last = merged[-1] if merged else CliqueTable((), np.zeros(()))
            union = tuple(sorted({*last.variables, *piece.variables}, key=self.tree.position.__getitem__))
            if merged and np.prod(self._shape(union), dtype=float) <= max(size / 16, piece.logs.size):
                merged[-1] = CliqueTable(union, self._spread(last, union) + self._spread(piece, union))
            else:
                merged.append(piece)
        return merged[::-1]

    def _shape(self, variables: Sequence[int]) -> tuple[int, ...]:
        return tuple(self.tables.cardinalities[list(variables)].tolist())

    def _spread(self, piece: CliqueTable, variables: tuple[int, ...]) -> np.ndarray:
        """A view of a piece that broadcasts against a table over ``variables``."""
        present = set(piece.variables)
        return piece.logs[tuple(slice(None) if v in present else None for v in variables)]

    # --------------------------------------------------------------------------
    # The pass down

    def marginals(self) -> list[np.ndarray]:
        """Probabilities of the values of every variable, float64 ``(values,)`` each.

        A variable that is held has its value for certain.
        """
        wanted = [[v] for v in np.flatnonzero(self.values < 0).tolist()]
        found = iter(self.beliefs(wanted))
        sizes = self.tables.cardinalities.tolist()
        return [
            np.eye(1, q, value)[0] if value >= 0 else next(found)
            for q, value in zip(sizes, self.values.tolist(), strict=True)
        ]

    def beliefs(self, scopes: Sequence[Sequence[int]]) -> list[np.ndarray]:
        """Joint probabilities of sets of free variables, each set within one clique, by one pass down.

        Args:
            scopes: flat numbers of free variables; each set lies within the clique that eliminates its first.

        Returns:
            For each set, a table with an axis a variable in the order given; float64, sums to 1.
        """
        cliques, (up, _) = self.tree.cliques, self._up
        at_home: list[list[int]] = [[] for _ in cliques]
        for index, scope in enumerate(scopes):
            at_home[self.tree.home[min(scope, key=self.tree.position.__getitem__)]].append(index)
        down: list[np.ndarray | None] = [None] * len(cliques)
        found: dict[int, np.ndarray] = {}
        for k in reversed(range(len(cliques))):
            variables, num_summed, _ = cliques[k]
            parent_message = down[k]
            extra = () if parent_message is None else (CliqueTable(variables[num_summed:], parent_message),)
            belief = _normalised(self._table(k, up, *extra))
            down[k] = None
            for child in self._children[k]:
                separator = cliques[child].variables[cliques[child].num_summed :]
                down[child] = _quotient(_summed_onto(belief, variables, separator), up[child])
            found |= self._marginalised(belief, variables, at_home[k], scopes)
        return [found[index] for index in range(len(scopes))]

    def _marginalised(
        self,
        belief: np.ndarray,
        variables: tuple[int, ...],
        indices: list[int],
        scopes: Sequence[Sequence[int]],
    ) -> dict[int, np.ndarray]:
        """Tables of the scopes asked for in one clique; single variables share what they have in common."""
        wanted = sorted({v for index in indices for v in scopes[index]}, key=self.tree.position.__getitem__)
        common = tuple(wanted)
        belief = _summed_onto(belief, variables, common)
        found = {}
        for index in indices:
            ordered = tuple(sorted(scopes[index], key=self.tree.position.__getitem__))
            table = _summed_onto(belief, common, ordered)
            found[index] = np.transpose(table, [ordered.index(v) for v in scopes[index]])
        return found

    def joint(self, first: int, second: int) -> np.ndarray:
        """Joint probabilities of any two variables, shape ``(q, q')``; across cliques, by observing one."""
        weights, rows = self.marginals()[first], []
        for value, weight in enumerate(weights):
            if weight > 0:
                law = self if self.values[first] >= 0 else self.observe(first, value)
                rows.append(weight * law.marginals()[second])
            else:
                rows.append(np.zeros(int(self.tables.cardinalities[second])))
        return np.stack(rows)

    # --------------------------------------------------------------------------
    # States

    def best(self) -> tuple[np.ndarray, float]:
        """A state of the highest weight, int64 ``(n,)`` with values counted from 0, and its log weight."""
        messages, log_weight = self._collect(_maximum)
        state = self.values.copy()
        for k in reversed(range(len(self.tree.cliques))):
            variables, num_summed, _ = self.tree.cliques[k]
            summed = variables[:num_summed]
            total = np.zeros(self._shape(summed))
            for piece in self._held_pieces(k, messages):
                at = tuple(slice(None) if v in summed else int(state[v]) for v in piece.variables)
                kept = tuple(v for v in piece.variables if v in summed)
                total = total + self._spread(CliqueTable(kept, piece.logs[at]), summed)
            state[list(summed)] = np.unravel_index(int(np.argmax(total)), total.shape)
        return state, log_weight

    def draw(self, rng: np.random.Generator, num: int) -> np.ndarray:
        """Independent draws, int64 ``(num, n)`` with values counted from 0."""
        states = np.tile(self.values, (num, 1))
        up, _ = self._up
        for k in reversed(range(len(self.tree.cliques))):
            variables, num_summed, _ = self.tree.cliques[k]
            summed, separator = list(variables[:num_summed]), list(variables[num_summed:])
            table = self._table(k, up).reshape(int(np.prod(self._shape(summed))), -1)
            columns = (
                np.ravel_multi_index(tuple(states[:, separator].T), self._shape(separator))
                if separator
                else 0
            )
            chosen = _choose(rng, table, np.broadcast_to(columns, (num,)))
            states[:, summed] = np.stack(np.unravel_index(chosen, self._shape(summed)), axis=1)
        return states


def log_sum(table: np.ndarray, num_summed: int) -> np.ndarray:
    """Log of the sum over the first axes; destroys the table.

    Args:
        table: float64 logarithms, shape ``(*summed, *kept)``.
        num_summed: how many axes are summed.

    Returns:
        Shape ``(*kept,)``; minus infinity where every entry is.
    """
    flat, shape = _flat(table, num_summed)
    top = flat.max(axis=0)
    top[np.isneginf(top)] = 0.0
    flat -= top
    np.exp(flat, out=flat)
    with np.errstate(divide="ignore"):
        return (np.log(flat.sum(axis=0)) + top).reshape(shape)


def _maximum(table: np.ndarray, num_summed: int) -> np.ndarray:
    flat, shape = _flat(table, num_summed)
    return flat.max(axis=0).reshape(shape)


def _flat(table: np.ndarray, num_summed: int) -> tuple[np.ndarray, tuple[int, ...]]:
    shape = table.shape[num_summed:]
    return table.reshape(-1, int(np.prod(shape))), shape


def _normalised(logs: np.ndarray) -> np.ndarray:
    """Probabilities from logarithms; destroys the table."""
    logs -= logs.max()
    np.exp(logs, out=logs)
    logs /= logs.sum()
    return logs


def _summed_onto(belief: np.ndarray, variables: tuple[int, ...], kept: tuple[int, ...]) -> np.ndarray:
    members = set(kept)
    axes = tuple(axis for axis, v in enumerate(variables) if v not in members)
    return np.asarray(belief.sum(axis=axes)) if axes else belief


def _quotient(belief: np.ndarray, message: np.ndarray) -> np.ndarray:
    """What a parent knows beyond its child, as logarithms; nothing divided by nothing is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(belief) - message
    logs[np.isneginf(message)] = -np.inf
    return logs


def _choose(rng: np.random.Generator, table: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """For each draw a row of the table of logarithms, by inversion of the law of its column."""
    uniforms = rng.random(len(columns))
    chosen = np.empty(len(columns), np.int64)
    every, which = np.unique(columns, return_inverse=True)
    at_once = max(1, _GATHERED // len(table))
    order = np.argsort(which, kind="stable")
    starts = range(0, len(every), at_once)
    edges = np.searchsorted(which[order], [*starts, len(every)])
    for first, (start, stop) in zip(starts, itertools.pairwise(edges), strict=True):
        draws = order[start:stop]
        levels = np.cumsum(np.exp(_shifted(table[:, every[first : first + at_once]])), axis=0)
        levels = (levels / levels[-1]).T
        local = which[draws] - first
        stacked = (levels + np.arange(len(levels))[:, None]).ravel()
        found = np.searchsorted(stacked, uniforms[draws] + local, side="right") - local * len(table)
        # A uniform next to 1 may round up to the next column's first level.
        last_possible = np.argmax(levels >= 1.0, axis=1)
        chosen[draws] = np.minimum(found, last_possible[local])
    return chosen


def _shifted(logs: np.ndarray) -> np.ndarray:
    return logs - logs.max(axis=0)
