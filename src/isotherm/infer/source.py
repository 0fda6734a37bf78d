"""A model as it came from a file, at its temperature."""

import math
from collections.abc import Hashable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from isotherm import doors
from isotherm.energy.files.content import FilePath
from isotherm.energy.files.model import ModelFile
from isotherm.energy.files.read import read_model_file
from isotherm.energy.tables import Tables, scaled, spread, total
from isotherm.errors import refusal
from isotherm.files.place import why_unread


class Source(NamedTuple):
    """A model as it came from a file.

    Attributes:
        name: of the file.
        tables: the model at its temperature; the largest entry of each table is 0.
        labels: what each variable is called: its number in UAI files.
        constant: added to the log weight of every state.
        file: the same as it was read, at inverse temperature 1.
    """

    name: str
    tables: Tables
    labels: tuple[Hashable, ...]
    constant: float
    file: ModelFile

    @property
    def has_zeros(self) -> bool:
        """Whether a table forbids anything."""
        return any(np.isneginf(logs).any() for logs in self.tables.logs)

    def energies(self, states: np.ndarray) -> np.ndarray | None:
        """Energies in the file's own terms, ``(num,)``; None where it speaks of weights."""
        if not self.file.has_energies:
            return None
        return 0.0 - (self.file.tables.log_weight(states) + self.file.constant)


def read_model(path: FilePath, beta: float = 1.0, form: str | None = None) -> Source:
    """Read a model file.

    Args:
        path: the file.
        beta: inverse temperature, finite and at least 0.
        form: format of the file; by default told by header or suffix.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: if it cannot be read, or naming what is wrong with it.
    """
    doors.number("beta", beta, least=0)
    try:
        file = read_model_file(doors.file_path("path", path), form)
    except OSError as error:
        raise unreadable(path, error) from None
    tables, constant = scaled(file.tables, beta)
    constant = total([constant, beta * file.constant])
    if not math.isfinite(constant) or not math.isfinite(spread(tables)):
        raise refusal("beta", beta, "energies of the model times beta add up beyond float64; lower it")
    return Source(Path(path).name, tables, file.labels, constant, file)


def unreadable(path: FilePath, error: OSError) -> ValueError:
    """The refusal of a file that the system does not let one read."""
    return refusal("file", str(path), why_unread(error))
