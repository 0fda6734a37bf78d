"""A discrete model as plain tables of logarithms: what exact answers are computed from. NumPy only."""

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
            total += logs[(rows, *np.moveaxis(values[:, scope], -1, 0))].sum(axis=1)
        return total


@dataclass(frozen=True)
class Names:
    """What refusals call variables: groups with their first flat numbers, or plain numbers.

    Attributes:
        groups: ``(name, first flat number)``, ascending; empty where variables are called by their number.
    """

    groups: tuple[tuple[str, int], ...] = ()

    def __getitem__(self, flat: int) -> str:
        for name, start in reversed(self.groups):
            if flat >= start:
                return f"{name}[{flat - start}]"
        return f"variable {flat}"


def checked_evidence(tables: Tables, values: np.ndarray) -> np.ndarray:
    """Evidence as an int64 array, ``-1`` where a variable is free.

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
