"""A model as it came from a file: tables, and what the file calls things. NumPy only."""

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from isotherm.energy.tables import Names, Tables
from isotherm.errors import refusal

MAX_TABLE = 10_000_000
"""Most entries of one table."""

MAX_ENTRIES = 20_000_000
"""Most entries of all tables: 0.16 GB, of which answers need a few copies."""

MAX_VALUES = 5_000_000
"""Most values of all variables together."""


class ModelFile(NamedTuple):
    """What a reader makes of a file.

    Attributes:
        format: its name, as ``--format`` takes it.
        read_as: what was read, and how, in a few words.
        tables: log weights at inverse temperature 1.
        labels: what the file calls each variable.
        values: what the file calls the values of each variable, in the order of its tables.
        constant: added to the log weight of every state.
        has_energies: whether the file speaks of energies or costs: minus the log weight, the constant included.
        warnings: what to be careful about.
    """

    format: str
    read_as: str
    tables: Tables
    labels: tuple[Hashable, ...]
    values: tuple[tuple[Hashable, ...], ...]
    constant: float = 0.0
    has_energies: bool = False
    warnings: tuple[str, ...] = ()


class Space:
    """How many entries tables may still have; asked before an array is made."""

    def __init__(self) -> None:
        self._used = 0

    def take(self, where: str, sizes: Iterable[int]) -> int:
        """Entries of one more table.

        Raises:
            ValueError: naming the table, if it or all tables together are too large.
        """
        entries = math.prod(sizes)
        if entries > MAX_TABLE:
            raise refusal(where, f"{entries} entries", f"at most {MAX_TABLE} are allowed")
        self._used += entries
        if self._used > MAX_ENTRIES:
            raise refusal(where, f"{self._used} entries", f"at most {MAX_ENTRIES} of all tables are allowed")
        return entries


def check_values(path: str, sizes: Iterable[int]) -> None:
    """Refuse too many values of all variables together: so many probabilities an answer holds.

    Raises:
        ValueError: saying how many there are.
    """
    values = sum(sizes)
    if values > MAX_VALUES:
        raise refusal(f"{path}, values of all variables", values, f"at most {MAX_VALUES} are allowed")


def tables_from(
    cardinalities: Sequence[int],
    scopes: Sequence[Sequence[int]],
    logs: Sequence[np.ndarray],
    labels: Iterable[Hashable],
) -> Tables:
    """Tables of log weights, one of each shape a family, in the order in which shapes come first.

    Args:
        cardinalities: of each variable.
        scopes: flat numbers of each table's variables.
        logs: float64 of shape ``(*cardinalities,)``, an axis a variable, for each scope.
        labels: what refusals call the variables.
    """
    shapes: dict[tuple[int, ...], list[int]] = {}
    for k, table in enumerate(logs):
        shapes.setdefault(table.shape, []).append(k)
    families = [
        np.array([scopes[k] for k in members], np.int64).reshape(len(members), len(shape))
        for shape, members in shapes.items()
    ]
    stacked = [np.stack([logs[k] for k in members]) for members in shapes.values()]
    return Tables(
        np.array(cardinalities, np.int64),
        tuple(families),
        tuple(stacked),
        Names(labels=tuple(map(str, labels))),
    )
