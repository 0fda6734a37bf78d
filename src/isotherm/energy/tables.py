"""A discrete model as plain tables of logarithms: what exact answers are computed from. NumPy only."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from isotherm.errors import refusal


@dataclass(frozen=True)
class Tables:
    r"""A product of tables over flat variables, :math:`\log w(x) = \sum_f T_f(x_{scope(f)})`.

    Values are counted from 0 in the order of tables and marginals: value 0 of a spin is ``-1``, value 1 is ``+1``.

    Attributes:
        cardinalities: int64, shape ``(n,)``.
        scopes: families of like tables; int, shape ``(num_tables, arity)`` each, with flat numbers.
        logs: float64, shape ``(num_tables, *cardinalities of the scope)``, or with a first axis of 1 where the
            family shares one table; ``-inf`` forbids.
        names: what refusals call each variable.
    """

    cardinalities: np.ndarray
    scopes: tuple[np.ndarray, ...]
    logs: tuple[np.ndarray, ...]
    names: "Names"

    @property
    def num_variables(self) -> int:
        """How many variables."""
        return len(self.cardinalities)

    def log_weight(self, values: np.ndarray) -> np.ndarray:
        """Log weight of states, each row of shape ``(n,)`` with values counted from 0; float64."""
        values = np.atleast_2d(values)
        total = np.zeros(len(values))
        for scope, logs in zip(self.scopes, self.logs, strict=True):
            rows = np.arange(len(scope)) if len(logs) > 1 else np.zeros(len(scope), np.int64)
            rows = np.broadcast_to(rows, (len(values), len(scope)))  # also where a table has no variable
            total += logs[(rows, *np.moveaxis(values[:, scope], -1, 0))].sum(axis=1)
        return total


@dataclass(frozen=True)
class Names:
    """What refusals call variables: groups with their first flat numbers, or plain numbers.

    Attributes:
        groups: ``(name, first flat number)``, ascending; empty where variables are called by their number.
        labels: what a file calls each variable; empty where it has no names.
    """

    groups: tuple[tuple[str, int], ...] = ()
    labels: tuple[str, ...] = ()

    def __getitem__(self, flat: int) -> str:
        if self.labels:
            return f"variable {self.labels[flat]}"
        for name, start in reversed(self.groups):
            if flat >= start:
                return f"{name}[{flat - start}]"
        return f"variable {flat}"


def scaled(tables: Tables, beta: float) -> tuple[Tables, float]:
    """Log weights times ``beta``, each table less its largest entry, and the sum of what was taken away.

    A constant in a table changes no law, but hides what differs where it is large: samplers count in float32. Tables
    without a variable are constants altogether and go.

    Raises:
        ValueError: naming ``beta`` where a log weight times it is beyond float64, or a table that forbids everything.
    """
    kept, logs, removed = [], [], []
    for scopes, family in zip(tables.scopes, tables.logs, strict=True):
        is_forbidden = np.isneginf(family)
        with np.errstate(over="ignore", invalid="ignore"):
            times_beta = np.where(is_forbidden, -np.inf, beta * family)
            tops = times_beta.reshape(len(family), -1).max(axis=1)
            less = times_beta - tops.reshape(-1, *(1,) * (family.ndim - 1))
        if np.isneginf(tops).any():
            scope = scopes[int(np.flatnonzero(np.isneginf(tops))[0])].tolist()
            where = ", ".join(tables.names[v] for v in scope) or "no variable"
            raise refusal(f"table of {where}", "all zero", "no state is possible")
        if not (np.isfinite(less) | is_forbidden).all():
            raise refusal("beta", beta, "a log weight of the model times beta is beyond float64; lower it")
        if family.ndim > 1:
            kept.append(scopes)
            logs.append(less)
        removed += (tops if len(tops) == len(scopes) else np.repeat(tops, len(scopes))).tolist()
    return Tables(tables.cardinalities, tuple(kept), tuple(logs), tables.names), total(removed)


def total(numbers: Iterable[float]) -> float:
    """The exact sum, rounded once; infinite where it is beyond float64."""
    try:
        return math.fsum(numbers)
    except OverflowError:
        return math.inf


def spread(tables: Tables) -> float:
    """A bound on how far log weights of possible states lie apart."""
    apart_in_all = 0.0
    for scopes, family in zip(tables.scopes, tables.logs, strict=True):
        rows = family.reshape(len(family), -1)
        apart = rows.max(axis=1) - np.where(np.isneginf(rows), np.inf, rows).min(axis=1)
        apart_in_all += float(apart.sum()) * (1 if len(family) == len(scopes) else len(scopes))
    return apart_in_all


def checked_evidence(tables: Tables, values: np.ndarray) -> np.ndarray:
    """Evidence as an int64 array of shape ``(n,)``, ``-1`` where a variable is free.

    Raises:
        ValueError: naming a variable whose value is out of range.
    """
    values = np.asarray(values, np.int64)
    wrong = np.flatnonzero((values < -1) | (values >= tables.cardinalities))
    if len(wrong):
        at = int(wrong[0])
        raise refusal(
            tables.names[at], int(values[at]), f"should be within 0 .. {tables.cardinalities[at] - 1}"
        )
    return values
