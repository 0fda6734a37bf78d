"""An answer about a model: what was asked, what was found, and what is certain."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

Task = Literal["marginals", "z", "map", "samples"]

How = Literal["auto", "exact", "gibbs", "tempering", "swendsen-wang", "blocking", "ais"]

VERSION = 1
"""Of the object that ``--json`` prints: it changes when a field changes its meaning or goes."""


def _rounding(log_weight: float) -> float:
    """Of a sum of logarithms in float64."""
    return 1e-9 * max(1.0, abs(log_weight))


class Uncertain(NamedTuple):
    """A number with its standard error: 0 where exact, None where it is not known."""

    value: float
    error: float | None


class Proven(NamedTuple):
    """What is certain of an answer that is not exact, natural logarithms; None where nothing is.

    Attributes:
        map_at_most: no state has a larger log weight; the state found is the best if it has that.
        log_z_at_least: log of the summed weights of the states that were met.
        log_z_at_most: no less than log Z.
    """

    map_at_most: float | None = None
    log_z_at_least: float | None = None
    log_z_at_most: float | None = None

    @property
    def log_z(self) -> Uncertain | None:
        """What both bounds say where they meet, known but for rounding: then every state with weight was met."""
        least, most = self.log_z_at_least, self.log_z_at_most
        if least is None or most is None or most > least + _rounding(most):
            return None
        return Uncertain(least, _rounding(least))


class Found(NamedTuple):
    """A state, its log weight, and its energy where the file speaks of energies.

    Attributes:
        assignment: int, shape ``(n,)``, values counted from 0.
        log_weight: natural logarithm, a number.
        energy: a number, in the file's units.
    """

    assignment: np.ndarray
    log_weight: float
    energy: float | None = None


@dataclass
class Answer:
    """What was asked; None where it was not.

    Attributes:
        model: name of the file.
        method: what was used.
        reason: why.
        labels: what each variable is called.
        log_z: natural logarithm.
        marginals: probabilities of the values of each variable.
        marginal_errors: their standard errors where sampled and converged.
        map: the most probable state; where sampled, the best that was seen.
        samples: int, shape ``(draws, n)``.
        seconds: wall time, reading included.
        warnings: what to be careful about; where not converged, why, and what to do instead.
        is_converged: whether errors can be believed: True for exact answers. False where sampled chains disagree,
            stand still or cannot reach each other; what did not converge then has no error.
        read_as: what was read: the format, its sign, the evidence.
        format: name of the format.
        beta: inverse temperature.
        values: what the values of each variable are called.
        sample_energies: of each sample, where the file speaks of energies.
        proven: what is certain where the answer is not exact.
    """

    model: str
    method: str
    reason: str
    labels: tuple[Hashable, ...]
    log_z: Uncertain | None = None
    marginals: list[np.ndarray] | None = None
    marginal_errors: list[np.ndarray] | None = None
    map: Found | None = None
    samples: np.ndarray | None = None
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    is_converged: bool = True
    read_as: str = ""
    format: str = ""
    beta: float = 1.0
    values: tuple[tuple[Hashable, ...], ...] = ()
    sample_energies: np.ndarray | None = None
    proven: Proven = field(default_factory=Proven)

    @property
    def is_map_proven(self) -> bool:
        """Whether the state found is certain to be the most probable one, but for rounding."""
        at_most = self.proven.map_at_most
        if self.map is None or self.method == "exact":
            return self.map is not None
        return at_most is not None and at_most <= self.map.log_weight + _rounding(at_most)

    def to_json(self) -> dict[str, Any]:
        """One object of plain values; tasks that were not asked for are None.

        Row ``i`` of ``marginals`` and entry ``i`` of an assignment belong to ``labels[i]``, probability ``k`` and
        value ``k`` to ``values[i][k]``.
        """
        return {
            "version": VERSION,
            "model": self.model,
            "format": self.format,
            "read_as": self.read_as,
            "beta": self.beta,
            "labels": [_plain(label) for label in self.labels],
            "values": [[_plain(value) for value in values] for values in self.values],
            "method": self.method,
            "reason": self.reason,
            "log_z": None if self.log_z is None else self.log_z._asdict(),
            "marginals": _lists(self.marginals),
            "marginal_errors": _lists(self.marginal_errors),
            "map": self._map_to_json(),
            "samples": None if self.samples is None else self.samples.tolist(),
            "sample_energies": None if self.sample_energies is None else self.sample_energies.tolist(),
            "warnings": self.warnings,
            "seconds": round(self.seconds, 3),
            "is_converged": self.is_converged,
            "proven": self.proven._asdict() | {"map_is_best": self.is_map_proven},
        }

    def state_names(self, assignment: np.ndarray) -> list[Hashable]:
        """What the values of a state, int ``(n,)`` counted from 0, are called."""
        if not self.values:
            return assignment.tolist()
        return [names[value] for names, value in zip(self.values, assignment.tolist(), strict=True)]

    def _map_to_json(self) -> dict[str, Any] | None:
        found = self.map
        return found and {
            "assignment": found.assignment.tolist(),
            "state": [_plain(value) for value in self.state_names(found.assignment)],
            "log_weight": found.log_weight,
            "energy": found.energy,
        }


def _plain(name: Hashable) -> Any:
    """A label as JSON has it: tuples become lists."""
    if isinstance(name, tuple):
        return [_plain(part) for part in name]
    return name if isinstance(name, str | int | float) or name is None else str(name)


def _lists(rows: list[np.ndarray] | None) -> list[list[float]] | None:
    return None if rows is None else [row.tolist() for row in rows]
