"""Exact answers for discrete factor graphs, in the terms of the graph."""

import functools
from typing import Any, get_args

import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, PyTree

from isotherm import doors
from isotherm.energy.expand import expected_parameters, tables_of
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import factor_graph, group_and_index
from isotherm.energy.tables import Tables
from isotherm.errors import refusal
from isotherm.exact.graph.solve import Method, Solution, solve
from isotherm.random.keys import KeyOrSeed, generator
from isotherm.sample.clamp import checked_evidence, held_variables

Variable = tuple[str, int]
"""A group and an index within it."""


class GraphExact:
    """The law of a discrete factor graph, possibly with variables held; everything on the host, float64.

    What takes a pass over the model is computed when first asked for, and kept.

    Attributes:
        graph: the model.
        method: ``"enumeration"`` or ``"elimination"``.
        reason: why, and the size of what was summed.
    """

    def __init__(self, graph: FactorGraph, tables: Tables, values: np.ndarray, solution: Solution) -> None:
        self.graph = graph
        self.method, self.reason = solution.method, solution.reason
        self._law, self._tables, self._values = solution.law, tables, values

    def __repr__(self) -> str:
        return f"GraphExact(log_z={self.log_z:.6f}, method={self.method!r}, reason={self.reason!r})"

    @property
    def log_z(self) -> float:
        """Log partition function; with evidence, the sum over the states that agree with it."""
        return self._law.log_z

    @functools.cached_property
    def log_evidence(self) -> float:
        """Log probability of the evidence: ``log_z`` less that of the free model, which is solved for this."""
        if (self._values < 0).all():
            return 0.0
        return self.log_z - solve(self._tables).law.log_z

    @functools.cached_property
    def marginals(self) -> dict[str, np.ndarray]:
        """Probabilities of the values of each variable, ``(size, cardinality)`` a group, spins as ``-1, +1``."""
        flat, found = self._law.marginals(), {}
        for name, start in self.graph.offsets().items():
            found[name] = np.stack(flat[start : start + self.graph.variables[name].size])
        return found

    @property
    def means(self) -> dict[str, np.ndarray]:
        """First moments: of spins, ``(size,)`` in [-1, 1]; of categories one-hot, ``(size, cardinality)``."""
        return {
            name: self.marginals[name] @ [-1.0, 1.0] if group.kind == "spin" else self.marginals[name]
            for name, group in self.graph.groups
        }

    @functools.cached_property
    def factor_marginals(self) -> tuple[np.ndarray, ...]:
        """Joint probabilities of each factor's scope, ``(num_factors, *cardinalities)`` an entry of ``factors``."""
        scopes = self.graph.flat_scopes()
        rows = [row for scope in scopes for row in scope.tolist()]
        free = [[v for v in row if self._values[v] < 0] for row in rows]
        found = iter(self._law.beliefs([scope for scope in free if scope]))
        tables = [
            self._embedded(row, next(found) if kept else np.ones(()))
            for row, kept in zip(rows, free, strict=True)
        ]
        edges = np.cumsum([len(scope) for scope in scopes])
        return tuple(
            np.stack(tables[end - len(scope) : end])
            for scope, end in zip(scopes, edges.tolist(), strict=True)
        )

    def _embedded(self, scope: list[int], belief: np.ndarray) -> np.ndarray:
        """A table over the whole scope from one over its free variables."""
        table = np.zeros(self._tables.cardinalities[scope])
        table[tuple(slice(None) if v < 0 else int(v) for v in self._values[scope])] = belief
        return table

    @functools.cached_property
    def moments(self) -> tuple[PyTree, ...]:
        """Expected :meth:`FactorGraph.features`, shaped as the parameters, float64: ``∂ log Z / β ∂parameters``."""
        return tuple(
            expected_parameters(factor, self.graph.variables, beliefs)
            for factor, beliefs in zip(self.graph.factors, self.factor_marginals, strict=True)
        )

    def joint(self, first: Variable, second: Variable) -> np.ndarray:
        """Joint probabilities of any two variables such as ``("s", 3)``, ``(q, q')``.

        Raises:
            ValueError: naming an unknown variable.
        """
        return self._law.joint(self._flat("first", first), self._flat("second", second))

    def pair_moment(self, first: Variable, second: Variable) -> np.ndarray:
        """Expected product of two variables, spins as numbers, categories one-hot; float64, an axis a category.

        Of shape ``()``, ``(q,)`` or ``(q, q')``.

        Raises:
            ValueError: naming an unknown variable.
        """
        for field, variable in (("first", first), ("second", second)):
            self._flat(field, variable)
        sides = [
            np.array([-1.0, 1.0]) if group.kind == "spin" else np.eye(group.cardinality)
            for group in (self.graph.variables[name] for name, _ in (first, second))
        ]
        return np.tensordot(sides[0].T @ self.joint(first, second), sides[1], axes=1)

    def map(self) -> tuple[dict[str, np.ndarray], float]:
        """A most probable state in the graph's own values, ``(size,)`` a group, and its log weight ``-beta E``."""
        state, log_weight = self._law.best()
        return {name: values[0] for name, values in self._grouped(state[None]).items()}, log_weight

    def draw(self, key: KeyOrSeed | np.random.Generator, num: int) -> dict[str, np.ndarray]:
        """Independent draws, ``(num, size)`` a group in the dtype of its states.

        Args:
            key: one JAX key, a seed, or a generator of NumPy.
            num: how many, at least 1.

        Raises:
            ValueError: if ``num`` is below 1.
        """
        rng = generator(key)
        num = doors.whole("num", num, 1)
        doors.affordable("num", num, 32.0 * num * self.graph.num_variables, "draw fewer at a time")
        return self._grouped(self._law.draw(rng, num))

    def _grouped(self, states: np.ndarray) -> dict[str, np.ndarray]:
        offsets = self.graph.offsets()
        return {
            name: group.values()[states[:, offsets[name] : offsets[name] + group.size]]
            for name, group in self.graph.groups
        }

    def _flat(self, field: str, variable: Variable) -> int:
        name, index = group_and_index(field, variable)
        if name not in self.graph.variables or not 0 <= index < self.graph.variables[name].size:
            groups = ", ".join(f"{name}[0 .. {group.size - 1}]" for name, group in self.graph.groups)
            raise refusal(field, variable, f"unknown; the graph has {groups}")
        return self.graph.offsets()[name] + index


def exact_graph(
    graph: FactorGraph,
    beta: Float[Array, ""] | float = 1.0,
    clamp: Any = None,
    method: Method = "auto",
) -> GraphExact:
    """Exact law of a discrete factor graph: by enumeration where tiny, else on a clique tree.

    Args:
        graph: spins and categories, concrete parameters. Equal structures are ordered once.
        beta: inverse temperature, a number.
        clamp: held variables by group; masks and values concrete.
        method: ``"auto"``, or ``"enumeration"`` or ``"elimination"`` to insist.

    Raises:
        ValueError: if the answer would take too much time or memory (it says how much, and what to use
            instead), if no state is possible, or naming the group, factor or evidence at fault.
    """
    doors.choice("method", method, get_args(Method))
    tables = tables_of(factor_graph("graph", graph), float(doors.number("beta", beta)))
    values = evidence_values(graph, clamp)
    return GraphExact(graph, tables, values, solve(tables, values, method))


def evidence_values(graph: FactorGraph, clamp: Any) -> np.ndarray:
    """Evidence as values counted from 0, int64 ``(n,)`` in flat numbering, -1 where free.

    Raises:
        ValueError: naming the group or variable at fault.
    """
    clamps = checked_evidence(graph, clamp)
    held, offsets = held_variables(graph, clamps), graph.offsets()
    values = np.full(graph.num_variables, -1, np.int64)
    for name, held_group in clamps.items():
        if held_group.values is None:
            raise refusal(f"clamp[{name!r}].values", None, "exact answers need the values that are held")
        group, state = graph.variables[name], _host(name, held_group.values)
        counted = (state > 0).astype(np.int64) if group.kind == "spin" else state.astype(np.int64)
        values[offsets[name] : offsets[name] + group.size] = counted
    return np.where(held, values, -1)


def _host(name: str, values: Any) -> np.ndarray:
    if isinstance(values, Tracer):
        raise refusal(
            f"clamp[{name!r}].values", "traced", "exact answers on a graph are computed outside jit"
        )
    return np.asarray(values)
