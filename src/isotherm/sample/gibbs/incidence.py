"""Factors as their variables see them: for each variable, the terms of its conditional, as ragged tables."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from isotherm.energy.factor import AbstractFactor, Factor, Quadratic
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import Variables

STORES = ("spin", "categorical", "real")
"""States of these kinds lie in one array a kind, custom groups in one of their own."""


class Product(NamedTuple):
    """Terms ``weight * (product of spins and reals)``, whatever factors they come from: how many others of a kind.

    Their columns: place of the weight, stride of the variable's own value; places of the others, spins first,
    then categories, then reals; last the stride of each category.
    """

    spins: int
    categories: int
    reals: int


MANY = 3
"""From so many arguments in one store on, an evaluated factor has one sort of terms for all of them."""


class Evaluation(NamedTuple):
    """Terms known by their factor's energy alone: which entry of ``graph.factors``, which argument, what else.

    Their columns: row of the factor, one where the term exists (zero in padding), places of the other arguments.
    Where many arguments are ``alike``, of one store, terms of all of them are of one sort, so that the energy is
    compiled and evaluated once, not once for each: a column before the places has the argument, ``others`` are all.
    """

    factor: int
    argument: int
    others: tuple[str, ...]
    alike: tuple[int, ...] = ()


Sort = Product | Evaluation


class Ragged(NamedTuple):
    """All terms of one sort, grouped by the variable whose conditional they belong to.

    Attributes:
        columns: int32, shape ``(num_columns, num_terms)``.
        starts: shape ``(n + 1,)``: terms of flat variable ``i`` are ``starts[i] .. starts[i + 1] - 1``.
    """

    columns: np.ndarray
    starts: np.ndarray


def store_of(name: str, group: Variables) -> str:
    """Which array holds a group's state."""
    return f"custom {name}" if group.kind == "custom" else group.kind


def weight_offsets(graph: FactorGraph) -> tuple[dict[int, int], int]:
    """Place of each :class:`Factor`'s first weight when all are laid end to end, and the number of weights."""
    offsets, total = {}, 0
    for at, factor in enumerate(graph.factors):
        if isinstance(factor, Factor):
            offsets[at] = total
            total += int(np.prod(factor.weights.shape))
    return offsets, total


def incidence(
    graph: FactorGraph, updated: np.ndarray, by_energy: frozenset[str], places: np.ndarray
) -> dict[Sort, Ragged]:
    """Terms of the conditionals of the updated variables.

    Args:
        graph: ``n`` variables; of its parameters only the shapes are read.
        updated: bool, shape ``(n,)``.
        by_energy: groups whose conditionals evaluate energies, whatever the factor.
        places: shape ``(n,)``: where each variable lies in its store.
    """
    parts: dict[Sort, list[tuple[np.ndarray, np.ndarray]]] = {}
    offsets, _ = weight_offsets(graph)
    flat = graph.flat_scopes()
    for at, factor in enumerate(graph.factors):
        for argument, name in enumerate(factor.scope.groups):
            rows = np.flatnonzero(updated[flat[at][:, argument]])
            if not len(rows) or (isinstance(factor, Quadratic) and name not in by_energy):
                continue
            scope = flat[at][rows]
            if isinstance(factor, Factor) and name not in by_energy:
                sort, columns = _product(graph, factor, offsets[at], argument, rows, places[scope])
            else:
                sort, columns = _evaluation(graph, at, argument, rows, places[scope])
            parts.setdefault(sort, []).append((scope[:, argument], columns))
    return {sort: _ragged(pieces, len(updated)) for sort, pieces in parts.items()}


def _product(
    graph: FactorGraph, factor: Factor, offset: int, argument: int, rows: np.ndarray, places: np.ndarray
) -> tuple[Product, np.ndarray]:
    kinds: list[str] = [graph.variables[name].kind for name in factor.scope.groups]
    axes = [j for j, kind in enumerate(kinds) if kind == "categorical"]
    strides = dict(zip(axes, _strides(factor), strict=True))
    others = [[j for j, k in enumerate(kinds) if k == kind and j != argument] for kind in STORES]
    table = int(np.prod(factor.weights.shape[1:]))
    base = offset + (rows * table if len(factor.weights) > 1 else 0 * rows)
    columns = [base, np.full(len(rows), strides.get(argument, 0))]
    columns += [places[:, j] for group in others for j in group]
    columns += [np.full(len(rows), strides[j]) for j in others[1]]
    return Product(*map(len, others)), np.stack(columns).astype(np.int32)


def _strides(factor: Factor) -> Iterator[int]:
    shape = factor.weights.shape[1:]
    return (int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))


def _evaluation(
    graph: FactorGraph, at: int, argument: int, rows: np.ndarray, places: np.ndarray
) -> tuple[Evaluation, np.ndarray]:
    stores = [store_of(name, graph.variables[name]) for name in graph.factors[at].scope.groups]
    alike = tuple(j for j, store in enumerate(stores) if store == stores[argument])
    if len(alike) >= MANY:
        columns = [rows, np.ones(len(rows)), np.full(len(rows), argument), *places.T]
        return Evaluation(at, alike[0], tuple(stores), alike), np.stack(columns).astype(np.int32)
    others = [j for j in range(len(stores)) if j != argument]
    columns = [rows, np.ones(len(rows)), *(places[:, j] for j in others)]
    return Evaluation(at, argument, tuple(stores[j] for j in others)), np.stack(columns).astype(np.int32)


def _ragged(parts: list[tuple[np.ndarray, np.ndarray]], n: int) -> Ragged:
    heads = np.concatenate([head for head, _ in parts])
    columns = np.concatenate([column for _, column in parts], axis=1)
    order = np.sort(heads.astype(np.int64) * len(heads) + np.arange(len(heads))) % len(heads)  # 10 x argsort
    starts = np.concatenate([[0], np.cumsum(np.bincount(heads, minlength=n))])
    return Ragged(columns[:, order], starts)


def is_plain(factor: AbstractFactor) -> bool:
    """Whether the conditional of a real variable is known from the factor's form."""
    return isinstance(factor, Factor | Quadratic)
