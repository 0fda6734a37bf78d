"""Upper bounds of the best log weight and of log Z, of models too wide to be answered exactly. NumPy only.

Variables are eliminated as in an exact answer, but the tables of one that would grow too large are parted into mini-
buckets, each of which is maximised by itself: the product of maxima is at least the maximum of the product. Parts are
first made to agree on how good each value is, which keeps their product and tightens the bound.

References:
    Dechter and Rish, Mini-buckets: a general scheme for bounded inference, J. ACM 50 (2003).
    Ihler, Flerova, Dechter and Otten, Join-graph based cost-shifting schemes, UAI (2012).
"""

import math
from typing import NamedTuple

import numpy as np

from isotherm.energy.tables import Tables
from isotherm.exact.graph.junction import log_sum
from isotherm.infer.search.cutset import Neighbours, bounded_steps


class _MiniBucket(NamedTuple):
    """A table over variables in the order of their elimination."""

    variables: tuple[int, ...]
    logs: np.ndarray


def elimination_order(tables: Tables, neighbours: Neighbours) -> list[int]:
    """Variables of ``neighbours``, each time the one with the smallest clique of those left."""
    left = {v: set(around) for v, around in neighbours.items()}
    steps = bounded_steps(tables.cardinalities, left, math.inf, np.zeros(tables.num_variables), spared=())
    return [v for v, _ in steps]


def upper_bound(tables: Tables, order: list[int], limit: int, *, is_sum: bool) -> float:
    """At least the largest log weight of all states, or at least log Z.

    Args:
        tables: the model; variables of a single value are in no table.
        order: of elimination, all variables in tables.
        limit: most entries of a table that is put together; where one of the model is larger, that many.
        is_sum: whether log Z is bounded.
    """
    position = {v: at for at, v in enumerate(order)}
    sizes = tables.cardinalities.tolist()
    buckets: list[list[_MiniBucket]] = [[] for _ in order]
    total = 0.0
    for family, stacked in zip(tables.scopes, tables.logs, strict=True):
        for row, scope in enumerate(family.tolist()):
            axes = sorted(range(len(scope)), key=lambda axis: position[scope[axis]])
            table = stacked[row if len(stacked) > 1 else 0]
            part = _MiniBucket(tuple(scope[axis] for axis in axes), np.transpose(table, axes))
            buckets[position[part.variables[0]]].append(part)
    for v, bucket in zip(order, buckets, strict=True):
        if not bucket:
            total += math.log(sizes[v]) if is_sum else 0.0
            continue
        parts = [_product(group, position, sizes) for group in _groups(bucket, sizes, limit)]
        if len(parts) > 1:
            parts = _agreed(parts)
        for k, part in enumerate(parts):
            left = part.variables[1:]
            logs = log_sum(part.logs, 1) if is_sum and k == 0 else np.asarray(part.logs.max(axis=0))
            if left:
                buckets[position[left[0]]].append(_MiniBucket(left, logs))
            else:
                total += float(logs)
    return total


def _groups(bucket: list[_MiniBucket], sizes: list[int], limit: int) -> list[list[_MiniBucket]]:
    """Mini-buckets: each table, the largest first, goes to the first that it fits into."""
    groups: list[tuple[set[int], list[_MiniBucket]]] = []
    for part in sorted(bucket, key=lambda part: part.logs.size, reverse=True):
        for variables, members in groups:
            union = variables | set(part.variables)
            if len(union) == len(variables) or math.prod(sizes[v] for v in union) <= limit:
                variables |= set(part.variables)
                members.append(part)
                break
        else:
            groups.append((set(part.variables), [part]))
    return [members for _, members in groups]


def _product(group: list[_MiniBucket], position: dict[int, int], sizes: list[int]) -> _MiniBucket:
    union = tuple(sorted({v for part in group for v in part.variables}, key=position.__getitem__))
    logs = np.zeros([sizes[v] for v in union])
    for part in group:
        present = set(part.variables)
        logs += part.logs[tuple(slice(None) if v in present else None for v in union)]
    return _MiniBucket(union, logs)


def _agreed(parts: list[_MiniBucket]) -> list[_MiniBucket]:
    """The same product, in which all parts have the same maximum at each value of the first variable."""
    tops = np.stack([part.logs.reshape(len(part.logs), -1).max(axis=1) for part in parts])
    is_possible = ~np.isneginf(tops).any(axis=0)
    mean = np.where(is_possible, tops.mean(axis=0), -np.inf)
    shifts = np.where(is_possible, mean - np.where(np.isneginf(tops), 0.0, tops), -np.inf)
    return [
        part._replace(logs=part.logs + shift.reshape(-1, *(1,) * (part.logs.ndim - 1)))
        for part, shift in zip(parts, shifts, strict=True)
    ]
