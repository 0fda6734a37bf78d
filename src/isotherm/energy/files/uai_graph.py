"""Between UAI files, plain tables and factor graphs."""

from typing import NamedTuple

import numpy as np

from isotherm.doors import file_path, number
from isotherm.energy.expand import tables_of
from isotherm.energy.factor import Factor
from isotherm.energy.files.model import MAX_TABLE
from isotherm.energy.files.uai import FilePath, UaiModel, read_uai, write_uai
from isotherm.energy.graph import FactorGraph
from isotherm.energy.kinds import factor_graph
from isotherm.energy.tables import Tables
from isotherm.energy.variables import categorical
from isotherm.errors import refusal


class Grouped(NamedTuple):
    """A factor graph made from plain tables, its variables grouped by cardinality.

    Attributes:
        graph: categories in groups ``"c2"``, ``"c3"``, ... of the free variables that have two values or more.
        places: group and index of each variable of the tables; None where it is held or has a single value.
        constant: what the log weight of every state lacks in the graph: ``log w(x) = constant - graph.energy(x)``.
    """

    graph: FactorGraph
    places: tuple[tuple[str, int] | None, ...]
    constant: float


def graph_of(tables: Tables, values: np.ndarray | None = None) -> Grouped:
    """The factor graph of plain tables, what is held put into the tables; float64.

    Args:
        tables: the model, as ``read_uai(path).log_tables()`` gives it; its temperature becomes part of the graph.
        values: int, shape ``(n,)``: values that are held, counted from 0; -1 where a variable is free.

    Raises:
        ValueError: if no variable is free, or what is held is impossible.
    """
    held = np.full(tables.num_variables, -1) if values is None else np.asarray(values).copy()
    held[tables.cardinalities == 1] = 0
    places = _places(tables.cardinalities, held)
    rows: dict[tuple[str, ...], list[list[int]]] = {}
    logs: dict[tuple[str, ...], list[np.ndarray]] = {}
    constant = 0.0
    for scopes, family in zip(tables.scopes, tables.logs, strict=True):
        for row, scope in enumerate(scopes.tolist()):
            table = family[row if len(family) > 1 else 0]
            table = table[tuple(slice(None) if held[v] < 0 else held[v] for v in scope)]
            found = [place for place in (places[v] for v in scope) if place is not None]
            if not found:
                constant += float(table)
                continue
            key = tuple(name for name, _ in found)
            rows.setdefault(key, []).append([index for _, index in found])
            logs.setdefault(key, []).append(table)
    if constant == -np.inf:
        raise refusal("log Z", "-inf", "no state is possible: the evidence contradicts the model")
    sizes = {
        int(q): int(((tables.cardinalities == q) & (held < 0)).sum()) for q in np.unique(tables.cardinalities)
    }
    variables = {f"c{q}": categorical(size, q) for q, size in sizes.items() if size}
    if not variables or not rows:
        raise refusal(
            "model", "no factors", "at least one free variable in a table is needed to make a graph"
        )
    factors = [Factor.of(key, np.array(rows[key]), np.stack(logs[key]), name="-".join(key)) for key in rows]
    return Grouped(FactorGraph.of(variables, factors), places, constant)


def _places(cardinalities: np.ndarray, held: np.ndarray) -> tuple[tuple[str, int] | None, ...]:
    count: dict[int, int] = {}
    places: list[tuple[str, int] | None] = []
    for q, value in zip(cardinalities.tolist(), held.tolist(), strict=True):
        if value >= 0:
            places.append(None)
            continue
        places.append((f"c{q}", count.get(q, 0)))
        count[q] = count.get(q, 0) + 1
    return tuple(places)


def load_uai(path: FilePath) -> Grouped:
    """The factor graph of a UAI file.

    Raises:
        ValueError: naming what is wrong with the file.
        OSError: if it cannot be read.
    """
    return graph_of(read_uai(path).log_tables())


def uai_of(graph: FactorGraph, beta: float = 1.0) -> UaiModel:
    """A discrete graph as a UAI model of kind ``MARKOV``: variables in flat numbering, tables ``exp(-beta E)``.

    Raises:
        ValueError: naming the factor whose weights are too large for numbers, or whose table is too large for a
            file; or the group that is not discrete.
    """
    tables = tables_of(factor_graph("graph", graph), float(number("beta", beta)))
    scopes, weights = [], []
    for factor, rows, logs in zip(graph.factors, tables.scopes, tables.logs, strict=True):
        if logs[0].size > MAX_TABLE:
            raise refusal(factor.name, f"{logs[0].size} entries", f"a UAI table has at most {MAX_TABLE}")
        if logs.max() > np.log(np.finfo(float).max):
            raise refusal(
                factor.name, float(logs.max()), "exp of it is beyond float64; lower beta or the weights"
            )
        scopes += [tuple(row) for row in rows.tolist()]
        family = np.exp(logs)
        if ((family == 0) & ~np.isneginf(logs)).any():
            lowest = float(logs[~np.isneginf(logs)].min())
            raise refusal(
                factor.name, lowest, "exp of it is 0 in float64, which forbids; lower beta or the weights"
            )
        weights += [family[row if len(family) > 1 else 0] for row in range(len(rows))]
    return UaiModel("MARKOV", tables.cardinalities, tuple(scopes), tuple(weights))


def to_uai(path: FilePath, graph: FactorGraph, beta: float = 1.0) -> None:
    """Write a discrete graph as a UAI file; see :func:`uai_of`.

    Raises:
        ValueError: as :func:`uai_of` does.
        OSError: if the file cannot be written.
    """
    write_uai(file_path("path", path), uai_of(graph, beta))
