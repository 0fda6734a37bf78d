"""The contract of a study: what one task computes, how tasks combine, what to show.

A study's module must import neither JAX nor matplotlib at the top: the command line lists every study, and
should do so at once. Methods import what they need. Results are a function of the config alone, never of the
number of workers: anything random is seeded from the config and the task.
"""

import abc
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from isotherm import doors
from isotherm.plot.figure import Animation, Figure
from isotherm.settings.config import Config
from isotherm.study.tables import Table

ConfigT = TypeVar("ConfigT", bound=Config)
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Task:
    """One piece of a study's work, computed in one worker process and kept as one file.

    Attributes:
        name: unique in the study; letters, digits, ``-``, ``_`` and ``.`` only, since it names a file.
        payload: what ``compute`` needs beyond the config; JSON-able, small.
        weight: relative cost, above 0; heavy tasks, or chains of them, start first, and the time left is told by it.
        after: the task that this one goes on from; ``None`` for one that begins. Tasks that hang together so, the
            links of a chain, are computed one after another in the same process.
    """

    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0
    after: str | None = None

    def __post_init__(self) -> None:
        doors.text("name", self.name)
        doors.mapping("payload", self.payload, "a mapping")
        doors.number("weight", self.weight, above=0)
        if self.after is not None:
            doors.text("after", self.after)


def linked(tasks: Iterable[Task]) -> list[Task]:
    """The same tasks as the links of a chain, each after the one before.

    >>> [(task.name, task.after) for task in linked([Task("a"), Task("b"), Task("c")])]
    [('a', None), ('b', 'a'), ('c', 'b')]
    """
    chain: list[Task] = []
    for task in tasks:
        chain.append(replace(task, after=chain[-1].name if chain else None))
    return chain


class Result(NamedTuple):
    """What a study found.

    Attributes:
        metrics: JSON-able numbers, nested as the study likes; estimates as ``Estimate.to_json()``; no NaN.
        arrays: what the figures are drawn from, saved as ``arrays.npz``.
    """

    metrics: dict[str, Any]
    arrays: Arrays


class Study(abc.ABC, Generic[ConfigT]):
    """A reproducible experiment. Subclasses are stateless and made without arguments.

    Attributes:
        name: as on the command line, e.g. ``routing-beta``.
        title: heading of the report.
        summary: what is asked and how, one short paragraph; its first sentence stands in ``isotherm list``.
        config: the class of its settings.
        presets: changes to the config's defaults by name; always has ``smoke`` (seconds) and ``published``.
        default_preset: the preset of a plain ``isotherm run STUDY``.
        version: raised when the same config gives other numbers than before; part of the fingerprint, as is
            the source of a study that is not the package's (see :mod:`isotherm.study.run.source`).
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    config: ClassVar[type[Config]]
    presets: ClassVar[Mapping[str, Mapping[str, Any]]]
    default_preset: ClassVar[str] = "published"
    version: ClassVar[int] = 1

    def preset_of(self, given: Mapping[str, Any]) -> str:
        """The preset that a run begins with where none is named.

        Args:
            given: settings of the run by field, from a file and from flags.
        """
        return self.default_preset

    def inputs(self, config: ConfigT) -> Mapping[str, Path]:
        """The files that results depend on, by the field that names them.

        They must exist when a run starts, and their contents are part of its fingerprint.
        """
        return {}

    def modules(self, config: ConfigT) -> Mapping[str, str]:
        """Modules of the user's own that settings name, each with the field that does.

        Their source is part of the fingerprint, as a study's own is. They are told without being imported: only a run
        that is asked for imports them, never one that is shown.
        """
        return {}

    def check(self, config: ConfigT) -> None:
        """Refuse what a config cannot check alone, such as the contents of an input, before any work.

        Raises:
            ValueError: one line, ``field = value: what is allowed`` (see ``isotherm.errors.refusal``).
        """
        return

    @abc.abstractmethod
    def tasks(self, config: ConfigT) -> list[Task]:
        """The work, cut into pieces that depend on nothing but the config and the piece that they follow."""

    @abc.abstractmethod
    def compute(self, config: ConfigT, task: Task) -> Arrays:
        """Do one task that follows none. Runs in a worker process; may import JAX. No object arrays."""

    def proceed(self, config: ConfigT, task: Task, earlier: Arrays) -> Arrays:
        """Do one task that follows another, from that one's arrays as its chunk holds them.

        It runs in the process that did the other one, unless that was in an earlier session; programs that JAX
        compiled there, of functions of the module, are at hand.
        :func:`isotherm.study.trees.named_arrays` makes arrays of a state.
        """
        raise NotImplementedError(f"{self.name} has tasks that follow others, and no method proceed")

    @abc.abstractmethod
    def combine(self, config: ConfigT, results: Mapping[str, Arrays]) -> Result:
        """Metrics and arrays from the results of all tasks, by task name.

        Those of the links of chains are read from disk each time they are asked for, and not held: who looks only at
        the last ones never has all states in memory.
        """

    @abc.abstractmethod
    def tables(self, config: ConfigT, metrics: Mapping[str, Any]) -> list[Table]:
        """The tables to print and to show in the report, made from ``metrics`` as read back from JSON."""

    @abc.abstractmethod
    def conclusions(self, config: ConfigT, metrics: Mapping[str, Any]) -> list[str]:
        """Plain sentences, most important first; ``**bold**``, ``*emphasis*`` and backticks work."""

    def failures(self, config: ConfigT, metrics: Mapping[str, Any]) -> list[str]:
        """What the study set out to show and did not, a line each; ``isotherm run`` then ends with exit code 1."""
        return []

    @abc.abstractmethod
    def figures(
        self, config: ConfigT, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure | Animation]:
        """The pictures of the report, one at a time: each is saved and closed before the next is drawn."""
