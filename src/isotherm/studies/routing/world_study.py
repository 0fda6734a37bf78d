"""What the studies in routing worlds share: cells × agents × batches of runs, paired, on bounded curves."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from isotherm.estimate.stretches import stretch_ends
from isotherm.studies.routing.agents import AgentPlace, agent_of
from isotherm.studies.routing.config import AgentConfig
from isotherm.studies.routing.own_agents import is_own, make_own, module_of
from isotherm.studies.routing.venue_config import VenueConfig
from isotherm.study.base import Arrays, Result, Study, Task
from isotherm.study.tables import Estimate

if TYPE_CHECKING:
    from isotherm.act.agent import AbstractAgent
    from isotherm.world.world import AbstractWorld

ConfigT = TypeVar("ConfigT", bound=AgentConfig)
NamedT = TypeVar("NamedT", "Cell", "Entry")
PUBLISHED_RUNS = 200


@dataclass(frozen=True)
class Cell:
    """One world of a study.

    Attributes:
        name: file-safe and unique.
        title: for figures.
        path: where its results stand in the metrics, e.g. ``("correlated", "fixed")``.
        settings: changes to the study's config in this cell.
        shifts: whether the regime shifts.
    """

    name: str
    title: str
    path: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    shifts: bool = False


@dataclass(frozen=True)
class Entry:
    """One competitor of a study.

    Attributes:
        name: its id in results, unique.
        agent: the id of the agent it runs.
        settings: changes to the study's config for it.
        cost: relative cost of a run.
    """

    name: str
    agent: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    cost: float = 1.0

    @classmethod
    def of(cls, agent: str) -> "Entry":
        """The agent under its own id with the study's settings."""
        return cls(agent, agent, cost=agent_of(agent).cost)


class WorldStudy(Study[ConfigT], Generic[ConfigT]):
    """A study that rolls out every entry in every cell, with the same worlds for all entries."""

    version = 2
    """2: ties are broken evenly, by agents and by the market."""

    measure = "regret"
    """The world's record that is compared."""

    @abc.abstractmethod
    def cells(self, config: ConfigT) -> Sequence[Cell]:
        """The worlds."""

    @abc.abstractmethod
    def entries(self, config: ConfigT) -> Sequence[Entry]:
        """The competitors."""

    @abc.abstractmethod
    def world(self, config: ConfigT, cell: Cell) -> "AbstractWorld":
        """The world of a cell; ``config`` has the cell's settings in."""

    @abc.abstractmethod
    def sizes(self, config: ConfigT) -> tuple[int, int]:
        """Venues and context venues."""

    def num_steps(self, config: ConfigT) -> int:
        """Steps of a run."""
        return config.num_steps

    def references(self, config: ConfigT) -> tuple[str, ...]:
        """Entries to which all others are compared run by run, where they are among them."""
        return ("floor", "ising")

    def agent(self, entry: Entry, place: AgentPlace) -> "AbstractAgent":
        """The agent that an entry runs."""
        return agent_of(entry.agent).make(place)

    def extra_records(self, entry: Entry) -> tuple[str, ...]:
        """Further records of the world to keep for this entry."""
        return ()

    def modules(self, config: ConfigT) -> Mapping[str, str]:
        """Those of agents of one's own."""
        named = (entry.agent for entry in self.entries(config) if is_own(entry.agent))
        return {module_of(agent): "agents" for agent in named}

    def check(self, config: ConfigT) -> None:
        """Refuse agents of one's own that cannot be made."""
        for entry in self.entries(config):
            if is_own(entry.agent):
                make_own(entry.agent, *self.sizes(config))

    def tasks(self, config: ConfigT) -> list[Task]:
        """A task for each cell, entry and batch of runs."""
        starts = range(0, config.num_runs, config.batch)
        return [
            Task(
                _task_name(cell, entry, first),
                {"cell": cell.name, "entry": entry.name, "first": first},
                entry.cost * min(config.batch, config.num_runs - first),
            )
            for cell in self.cells(config)
            for entry in self.entries(config)
            for first in starts
        ]

    def compute(self, config: ConfigT, task: Task) -> Arrays:
        """Roll out one batch of runs: sums of the record over each stretch, ``(runs, stretches, ...)``."""
        from isotherm.act import rollout
        from isotherm.random import run_keys

        cell = _named(self.cells(config), task.payload["cell"])
        entry = _named(self.entries(config), task.payload["entry"])
        first = task.payload["first"]
        keys = run_keys(config.seed, first, min(config.batch, config.num_runs - first))
        settings = config.model_copy(update={**cell.settings, **entry.settings})
        world = self.world(settings, cell)
        agent = self.agent(entry, AgentPlace(settings, *self.sizes(settings), world))
        sums = rollout(keys, agent, world, self.num_steps(settings), settings.num_points).sums
        return {name: np.asarray(sums[name]) for name in (self.measure, *self.extra_records(entry))}

    def curves(
        self, config: ConfigT, results: Mapping[str, Arrays], cell: Cell, entry: Entry, record: str = ""
    ):
        """Running totals of a record, ``(runs, stretches, ...)``, float64."""
        starts = range(0, config.num_runs, config.batch)
        parts = [results[_task_name(cell, entry, first)][record or self.measure] for first in starts]
        return np.cumsum(np.concatenate(parts), axis=1, dtype=np.float64)

    def combine(self, config: ConfigT, results: Mapping[str, Arrays]) -> Result:
        """Final values and their paired differences; curves as mean, spread and paired difference."""
        metrics: dict[str, Any] = {}
        arrays: Arrays = {}
        names = {entry.name for entry in self.entries(config)}
        references = [name for name in self.references(config) if name in names]
        for cell in self.cells(config):
            entries = {entry.name: entry for entry in self.entries(config)}
            curves = {name: self.curves(config, results, cell, entry) for name, entry in entries.items()}
            settings = config.model_copy(update=dict(cell.settings))
            arrays[f"{cell.name}/steps"] = stretch_ends(self.num_steps(settings), config.num_points)
            for name, curve in curves.items():
                _put(
                    metrics, (f"final_{self.measure}", *cell.path, name), Estimate.of(curve[:, -1]).to_json()
                )
                arrays[f"{cell.name}/{name}/final"] = curve[:, -1]
                arrays[f"{cell.name}/{name}/mean"] = curve.mean(axis=0)
                arrays[f"{cell.name}/{name}/sd"] = curve.std(axis=0, ddof=min(1, len(curve) - 1))
            for reference in references:
                for name in (name for name in curves if name != reference):
                    paired = curves[name] - curves[reference]
                    _put(
                        metrics, (f"over_{reference}", *cell.path, name), Estimate.of(paired[:, -1]).to_json()
                    )
                    arrays |= band(f"{cell.name}/{name}/over_{reference}", paired)
        return Result(metrics, arrays)


class VenueStudy(WorldStudy[ConfigT], Generic[ConfigT]):
    """A study in the venue market."""

    def sizes(self, config: ConfigT) -> tuple[int, int]:
        """Venues and context venues of the market."""
        assert isinstance(config, VenueConfig)
        return config.num_venues, config.num_context

    def world(self, config: ConfigT, cell: Cell) -> "AbstractWorld":
        """Two phases or more in every cell, so that cells with and without a shift compile once."""
        from isotherm.world.routing.venues import venue_market

        assert isinstance(config, VenueConfig)
        bias = np.asarray(config.biases or np.linspace(config.bias, -config.bias, config.num_venues))
        signs = (-1.0 if cell.shifts else 1.0) ** np.arange(len(config.shift_steps) + 1)
        return venue_market(
            signs[:, None] * bias,
            np.asarray(config.correlation_weight),
            shifts=config.shift_steps,
            beta=config.market_beta,
            num_context=config.num_context,
            context_mode="random" if cell.path[-1] == "random" else "fixed",
            outcome=config.outcome,
        )


def scenario_cells(scenarios: Sequence[str], modes: Sequence[str], weight: float) -> list[Cell]:
    """The published scenarios in the given context modes."""
    titles = {"iid": "IID", "correlated": "Correlated", "regime-shift": "Regime shift"}
    return [
        Cell(
            f"{scenario}.{mode}",
            f"{titles[scenario]}, {mode} context",
            (scenario, mode),
            {"correlation_weight": 0.0 if scenario == "iid" else weight},
            shifts=scenario == "regime-shift",
        )
        for mode in modes
        for scenario in scenarios
    ]


def estimate(found: Mapping[str, Any], published: float | None = None) -> Estimate:
    """An estimate as read back from metrics; a published mean of 200 runs has about our error, scaled."""
    published_se = None
    if published is not None and found["se"] is not None:
        published_se = found["se"] * (found["n"] / PUBLISHED_RUNS) ** 0.5
    return Estimate(**found, published=published, published_se=published_se)


def band(name: str, curves: np.ndarray) -> Arrays:
    """Mean over runs of curves ``(runs, stretches)`` and its standard error, as a figure looks for them."""
    error = curves.std(axis=0, ddof=min(1, len(curves) - 1)) / np.sqrt(len(curves))
    return {name: curves.mean(axis=0), f"{name}_se": error}


def with_error(found: Mapping[str, Any]) -> str:
    """``622.0 ± 2.7``, for a sentence."""
    return estimate(found).lines()[0].rpartition(" (")[0]


def lookup(tree: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The value at a path of keys, or None where there is none."""
    found: Any = tree
    for key in path:
        if found is None:
            return None
        found = found.get(key)
    return found


def _task_name(cell: Cell, entry: Entry, first: int) -> str:
    """File-safe: an agent of one's own has a colon."""
    return f"{cell.name}.{entry.name.replace(':', '-')}.{first}"


def _put(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
    tree[path[-1]] = value


def _named(choices: Sequence[NamedT], name: str) -> NamedT:
    return next(one for one in choices if one.name == name)
