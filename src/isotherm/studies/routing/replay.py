"""A recorded table of binary outcomes, played through the same agents."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from isotherm.data.outcomes import OutcomeTable, read_outcome_table
from isotherm.errors import refusal, shortened
from isotherm.studies.routing.agents import AgentId, label_of, refuse_agents
from isotherm.studies.routing.comparison import panel
from isotherm.studies.routing.config import AgentConfig
from isotherm.studies.routing.replay_venues import MOST_ROWS, best_venues, ranked, venue_metrics, venue_table
from isotherm.studies.routing.world_study import Cell, Entry, WorldStudy, band, estimate
from isotherm.study.base import Arrays, Figure, Result
from isotherm.study.report.reading import reading_table
from isotherm.study.tables import Estimate, Table
from isotherm.study.ties import is_told

if TYPE_CHECKING:
    from isotherm.world.routing.replay import Replay

SHIPPED = "us20"


class ReplayConfig(AgentConfig):
    """Settings of the replay."""

    table: Annotated[str, Field(min_length=1)] = SHIPPED
    """CSV, TSV or Parquet, one row a step, one column a venue, entries 0, 1 or empty; us20: the shipped table."""

    columns: tuple[str, ...] = ()
    """Columns that are venues; empty: all that hold only 0, 1 or nothing (or -1 and 1, or true and false)."""

    num_context: Annotated[int, Field(ge=1, le=16)] = 1
    """Context columns whose entry is seen for free, K."""

    context_mode: Literal["fixed", "random"] = "random"
    """Context: random columns each step, or the first K present."""

    num_runs: Annotated[int, Field(ge=1, le=1_000_000)] = 64
    """Runs over the same table; contexts, ties and exploration differ."""

    batch: Annotated[int, Field(ge=1, le=100_000)] = 32
    """Runs side by side in one task; part of the fingerprint."""

    num_steps: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Rows to play from the top; 0: all."""

    num_warmup: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    """Ising router: Gibbs sweeps before the first sample, in each of the two chains of a step."""

    steps_per_sample: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Ising router: Gibbs sweeps between samples."""

    agents: Annotated[tuple[AgentId, ...], Field(min_length=1)] = (
        "epsilon-greedy",
        "thompson",
        "linucb",
        "winner-counts",
        "ising",
        "joint",
    )
    """Agents to compare; the floor is not among them, for nobody knows the truth."""


class RoutingReplay(WorldStudy[ReplayConfig]):
    """Success by agent on a recorded table, against the best fixed venue and the clairvoyant."""

    name = "routing-replay"
    title = "Routing on a recorded table"
    summary = (
        "How do the agents do on recorded outcomes? Each row of a table is a step, each column a venue; K entries "
        "are seen first, the agent picks another column and is paid its entry. The shipped table says which of 20 "
        "US stocks beat the day's median return, 1990 to 2022: a stand-in for fill data, which nobody publishes."
    )
    config = ReplayConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"num_runs": 4, "num_steps": 200, "batch": 4, "num_samples": 10},
        "demo": {"num_runs": 16, "batch": 8, "agents": ("thompson", "linucb", "winner-counts", "joint")},
        "published": {},
        "two": {"num_context": 2, "agents": ("epsilon-greedy", "linucb", "winner-counts", "ising", "joint")},
        "three": {"num_context": 3, "agents": ("linucb", "winner-counts", "ising", "joint")},
    }
    measure = "success"

    def inputs(self, config: ReplayConfig) -> Mapping[str, Path]:
        """The table."""
        return {"table": _path(config)}

    def check(self, config: ReplayConfig) -> None:
        """Read the table and refuse what cannot be played."""
        from isotherm.world.routing.replay import replay_world

        if "floor" in config.agents:
            raise refusal("agents", "floor", "needs the true model, which a recorded table does not have")
        super().check(config)
        table = self._table(config)
        refuse_agents(config, config.agents, table.shape[1], config.num_context)
        replay_world(table, config.num_context, config.context_mode)

    def sizes(self, config: ReplayConfig) -> tuple[int, int]:
        """Venues and context venues."""
        return self._table(config).shape[1], config.num_context

    def num_steps(self, config: ReplayConfig) -> int:
        """Rows played."""
        return len(self._table(config))

    def cells(self, config: ReplayConfig) -> Sequence[Cell]:
        """The table."""
        name = "the shipped table" if config.table == SHIPPED else Path(config.table).name
        return [Cell("table", f"{name}, K = {config.num_context}, {config.context_mode} context", ("table",))]

    def entries(self, config: ReplayConfig) -> Sequence[Entry]:
        """The agents under their own ids."""
        return [Entry.of(agent) for agent in config.agents]

    def world(self, config: ReplayConfig, cell: Cell) -> "Replay":
        """The table as a world."""
        from isotherm.world.routing.replay import replay_world

        return replay_world(self._table(config), config.num_context, config.context_mode)

    def extra_records(self, entry: Entry) -> tuple[str, ...]:
        """What hindsight needs."""
        return ("clairvoyant", "fixed_success", "fixed_chances")

    def combine(self, config: ReplayConfig, results: Mapping[str, Arrays]) -> Result:
        """Success rates, and paired differences to the best fixed venue, the clairvoyant and each other."""
        found = super().combine(config, results)
        cell, entries = self.cells(config)[0], self.entries(config)
        steps = found.arrays["table/steps"]
        records = {
            name: self.curves(config, results, cell, entries[0], name)
            for name in self.extra_records(entries[0])
        }
        fixed = _best_fixed(records["fixed_success"], records["fixed_chances"])
        clairvoyant = records["clairvoyant"][:, -1] / steps[-1]
        half = int(np.searchsorted(steps, steps[-1] / 2))
        metrics: dict[str, Any] = {
            "table": self._read(config).said(),
            "best_fixed": Estimate.of(fixed).to_json(),
            "clairvoyant": Estimate.of(clairvoyant).to_json(),
            "venues": venue_metrics(
                self._read(config).venues,
                *(records[key][:, -1] for key in ("fixed_success", "fixed_chances")),
            ),
        }
        for key in ("success", "second_half", "over_best_fixed", "below_clairvoyant"):
            metrics[key] = {}
        for entry in entries:
            wins = self.curves(config, results, cell, entry)
            rate = wins[:, -1] / steps[-1]
            later = (wins[:, -1] - wins[:, half]) / max(1, steps[-1] - steps[half])
            metrics["success"][entry.name] = Estimate.of(rate).to_json()
            metrics["second_half"][entry.name] = Estimate.of(later).to_json()
            metrics["over_best_fixed"][entry.name] = Estimate.of(rate - fixed).to_json()
            metrics["below_clairvoyant"][entry.name] = Estimate.of(clairvoyant - rate).to_json()
            found.arrays.update(band(f"table/{entry.name}/over_best_fixed", wins - fixed[:, None] * steps))
        return Result(metrics, found.arrays)

    def tables(self, config: ReplayConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """The columns that were read, then one row an agent."""
        keys = ("success", "second_half", "over_best_fixed", "below_clairvoyant")
        rows: list[tuple[Any, ...]] = [
            (label_of(agent), *(estimate(metrics[key][agent]) for key in keys)) for agent in config.agents
        ]
        rows.append((_best_label(config, metrics), estimate(metrics["best_fixed"]), None, None, None))
        rows.append(("Clairvoyant", estimate(metrics["clairvoyant"]), None, None, None))
        columns = (
            "agent",
            "success rate",
            "in the second half",
            "over the best fixed venue",
            "below the clairvoyant",
        )
        title = f"Success on {self.cells(config)[0].title}"
        note = "mean ± standard error (runs over one table: contexts, ties, exploration differ); paired differences"
        tables = [reading_table(metrics["table"]), Table(title, columns, tuple(rows), note)]
        return [*tables, venue_table(metrics["venues"])] if "venues" in metrics else tables

    def conclusions(self, config: ReplayConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Who beats the best fixed venue."""
        found = metrics["over_best_fixed"]
        order = sorted(config.agents, key=lambda agent: -found[agent]["mean"])
        said = [
            f"**{label_of(agent)}**: {_points(found[agent])} against the best fixed venue, "
            f"{100 * metrics['second_half'][agent]['mean']:.1f} % success in the second half."
            for agent in order
        ]
        if "venues" in metrics and (best := best_venues(metrics["venues"], config.num_runs)):
            rate = 100 * metrics["best_fixed"]["mean"]
            said.append(f"The best fixed venue in hindsight is **{best}**: {rate:.1f} % success.")
        if config.table == SHIPPED:
            said.append(
                "These are derived facts about stocks, a stand-in for fills. The errors tell how contexts and "
                "exploration scatter over one history, not how another history would differ."
            )
        return said

    def figures(
        self, config: ReplayConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Success rates, and extra successes as the table is played."""
        from isotherm.studies.routing.drawings import replay as plot
        from isotherm.studies.routing.drawings.regret import Series

        series = [Series(agent, label_of(agent)) for agent in config.agents]
        ends = [(metrics[key]["mean"], metrics[key]["se"] or 0.0) for key in ("best_fixed", "clairvoyant")]
        caption = f"Success rate by agent: mean ± standard error over {config.num_runs} runs of one table."
        yield plot.success_bars(
            "success",
            caption,
            series,
            arrays,
            cell="table",
            best_fixed=ends[0],
            clairvoyant=ends[1],
            best_label=_best_in_figures(config, metrics),
        )
        if "venues" in metrics:
            rates = {name: metrics["venues"][name]["rate"] for name in ranked(metrics["venues"])[:MOST_ROWS]}
            yield plot.venue_rates(
                "venues",
                "What always routing to one venue would have been worth, by venue: mean ± standard error over runs.",
                {name: (rate["mean"], rate["se"] or 0.0) for name, rate in rates.items()},
            )
        yield plot.success_curves(
            "extra",
            "Successes beyond the best fixed venue in hindsight, as the table is played: mean and 95 % band.",
            [panel(self.cells(config)[0])],
            series,
            arrays,
            reference_label=_best_in_figures(config, metrics),
        )

    def _read(self, config: ReplayConfig) -> OutcomeTable:
        return read_outcome_table(_path(config), config.columns)

    def _table(self, config: ReplayConfig) -> np.ndarray:
        """Rows to play, float: NaN says what is missing, for a zero alone would not."""
        outcomes = self._read(config).outcomes[: config.num_steps or None]
        return np.where(outcomes == 0, np.nan, outcomes.astype(np.float32))


def _best_name(config: ReplayConfig, metrics: Mapping[str, Any]) -> str:
    """The best fixed venue where it is one in all runs; else empty, as in a run of before venues were kept."""
    venues = metrics.get("venues", {})
    name = best_venues(venues, config.num_runs)
    return name if name in venues else ""


def _best_label(config: ReplayConfig, metrics: Mapping[str, Any]) -> str:
    name = _best_name(config, metrics)
    return "Best fixed venue in hindsight" + (f", {name}" if name else "")


def _best_in_figures(config: ReplayConfig, metrics: Mapping[str, Any]) -> str:
    """Short enough to stand above a line."""
    name = _best_name(config, metrics)
    return f"best fixed venue, {shortened(name, 24)}" if name else "best fixed venue in hindsight"


def _points(found: Mapping[str, Any]) -> str:
    error = "" if found["se"] is None else f" ± {100 * found['se']:.2f}"
    tie = "" if is_told(found) else ", not to be told from none,"
    return f"{100 * found['mean']:+.2f}{error} percentage points{tie}"


def _path(config: ReplayConfig) -> Path:
    if config.table == SHIPPED:
        return Path(str(files("isotherm.data") / "us20_beat_median.parquet"))
    return Path(config.table)


def _best_fixed(successes: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """Best success rate of one venue over the steps in which it could be chosen, per run."""
    wins, tries = successes[:, -1], chances[:, -1]
    return np.where(tries > 0, wins / np.maximum(tries, 1), 0.0).max(axis=1)
