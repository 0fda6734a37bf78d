"""The routing study: six cells of the published experiment, every agent in each, on the same worlds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from isotherm.studies.routing.agents import LABELS, LEARNERS, AgentId, label_of
from isotherm.studies.routing.venue_config import VenueConfig
from isotherm.studies.routing.world_study import (
    Cell,
    Entry,
    VenueStudy,
    estimate,
    lookup,
    scenario_cells,
    with_error,
)
from isotherm.study.base import Figure
from isotherm.study.tables import Table
from isotherm.study.ties import best_and_tied, tied_with

if TYPE_CHECKING:
    from isotherm.studies.routing.drawings.regret import Panel

Scenario = Literal["iid", "correlated", "regime-shift"]
Mode = Literal["fixed", "random"]

PUBLISHED: Mapping[tuple[str, ...], Mapping[str, float]] = {
    ("iid", "fixed"): {"epsilon-greedy": 0.0, "thompson": 0.0, "ising": 0.0},
    ("correlated", "fixed"): {"epsilon-greedy": 767.73, "thompson": 939.81, "ising": 624.83},
    ("regime-shift", "fixed"): {"epsilon-greedy": 2415.13, "thompson": 2043.74, "ising": 1762.18},
    ("iid", "random"): {"epsilon-greedy": 1207.16, "thompson": 513.64, "ising": 3.20},
    ("correlated", "random"): {"epsilon-greedy": 2779.13, "thompson": 2948.98, "ising": 1784.19},
    ("regime-shift", "random"): {"epsilon-greedy": 3133.25, "thompson": 3061.03, "ising": 1841.05},
}
"""Final cumulative regret, means of 200 seeds."""

REFERENCES = {"floor": "an agent that knows the truth", "ising": "the published Ising router"}

CONTENDERS = ("winner-counts", "active-inference", "ising", "joint")

DEFAULT_AGENTS: tuple[AgentId, ...] = (*LEARNERS, "floor")


class RoutingConfig(VenueConfig):
    """Settings of the routing study."""

    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)] = ("iid", "correlated", "regime-shift")
    """Scenarios to run."""

    modes: Annotated[tuple[Mode, ...], Field(min_length=1)] = ("fixed", "random")
    """Context venues: the first K, or random ones each step."""

    agents: Annotated[tuple[AgentId, ...], Field(min_length=1)] = DEFAULT_AGENTS
    """Agents to compare."""

    def agent_ids(self) -> tuple[str, ...]:
        """Agents asked for."""
        return self.agents


class Routing(VenueStudy[RoutingConfig]):
    """Every agent in every scenario and mode."""

    name = "routing"
    title = "Order routing: an Ising agent against contextual bandits"
    summary = (
        "Which venue should an order go to, when one venue's outcome is seen first? An agent that learns the "
        "joint law of all venues, and routes by conditional inference in it, against contextual bandits and "
        "against the floor of an agent that knows the truth. Three scenarios (independent venues, correlated "
        "venues, a reversal of all biases halfway) × two context modes."
    )
    config = RoutingConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {"num_runs": 8, "num_steps": 200, "shift_steps": (100,), "batch": 8, "num_samples": 20},
        "demo": {"num_runs": 32, "num_steps": 4000, "shift_steps": (2000,), "batch": 32},
        "published": {},
        "distance": {"num_runs": 2000, "batch": 500, "agents": ("winner-counts", "joint", "floor")},
    }

    def cells(self, config: RoutingConfig) -> Sequence[Cell]:
        """Scenarios × modes."""
        return scenario_cells(config.scenarios, config.modes, config.correlation_weight)

    def entries(self, config: RoutingConfig) -> Sequence[Entry]:
        """The agents under their own ids."""
        return [Entry.of(agent) for agent in config.agents]

    def tables(self, config: RoutingConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Final regret with the published values; distance to the floor; paired difference to the router."""
        published = PUBLISHED if is_published_setting(config) else {}
        tables = []
        for mode in config.modes:
            cells = [cell for cell in self.cells(config) if cell.path[-1] == mode]
            title = f"Final cumulative regret after {config.num_steps:,} orders, {mode} context"
            tables.append(regret_table(title, metrics["final_regret"], cells, config.agents, published))
            tables += difference_tables(metrics, cells, config.agents)
        return tables

    def conclusions(self, config: RoutingConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Who wins where, by how many standard errors, and why."""
        standings = [(cell, lookup(metrics["final_regret"], cell.path)) for cell in self.cells(config)]
        idle = [
            cell.title for cell, found in standings if all(value["mean"] == 0 for value in found.values())
        ]
        said = [_standing(cell, found, metrics) for cell, found in standings if cell.title not in idle]
        if idle:
            said.append(
                f"{'; '.join(idle)}: every agent has regret 0, for one choice is right whatever was learned."
            )
        if config.outcome == "winner":
            said.append(
                "Labels are one-hot here, so all there is to learn is how often each venue wins, which a plain "
                "counter learns as well as a *joint* model can. The study `routing-structure` shows what a joint "
                "model is worth where venues have outcomes of their own."
            )
        if {"ising", "thompson"} & set(config.agents):
            said.append(
                "Information is not symmetric: the bandits learn from one outcome a step, the Ising and joint "
                "routers and the counter from K + 1 (`--agents` offers bandits that count the context label too)."
            )
        return said

    def figures(
        self, config: RoutingConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Regret curves, paired differences and regret per step, one figure a mode."""
        from isotherm.studies.routing.drawings import regret as plot

        for mode in config.modes:
            cells = [cell for cell in self.cells(config) if cell.path[-1] == mode]
            panels = [panel(cell, config.shift_steps) for cell in cells]
            series = [plot.Series(agent, label_of(agent)) for agent in config.agents]
            yield plot.regret_curves(
                f"regret-{mode}",
                f"Cumulative regret, {mode} context: mean ± standard deviation over {config.num_runs} runs.",
                panels,
                series,
                arrays,
            )
            for reference, meaning in REFERENCES.items():
                if reference not in config.agents or len(config.agents) < 2:
                    continue
                yield plot.paired_curves(
                    f"over-{reference}-{mode}",
                    f"Regret against {meaning}, paired run by run, {mode} context: mean and 95 % band.",
                    panels,
                    [one for one in series if one.name != reference],
                    arrays,
                    reference=reference,
                    reference_label=label_of(reference),
                )
        yield from self._after_shift(config, arrays)

    def _after_shift(self, config: RoutingConfig, arrays: Mapping[str, np.ndarray]) -> Iterator[Figure]:
        from isotherm.studies.routing.drawings import regret as plot

        shifting = [cell for cell in self.cells(config) if cell.shifts]
        if not shifting or not config.shift_steps or config.shift_steps[0] >= config.num_steps:
            return
        first = config.shift_steps[0]
        length = config.num_steps // 5
        yield plot.rate_curves(
            "after-shift",
            "Regret per order around the shift: how fast each agent notices, and what it settles at.",
            [panel(cell, config.shift_steps) for cell in shifting],
            [plot.Series(agent, label_of(agent)) for agent in config.agents],
            arrays,
            window=(max(0, first - length // 2), min(config.num_steps, first + length)),
        )


def is_published_setting(config: VenueConfig) -> bool:
    """Everything that moves a result, but for runs and seed, is as published."""
    free = {"num_runs", "batch", "seed", "num_points", "agents", "scenarios", "modes"}
    free |= {name for name in type(config).model_fields if name.startswith(("joint_", "counter_", "linucb_"))}
    default = type(config)()
    return all(
        getattr(config, name) == getattr(default, name)
        for name in type(config).model_fields
        if name not in free
    )


def panel(cell: Cell, shift_steps: Sequence[int] = ()) -> "Panel":
    """The cell as a panel of a figure, with its shifts marked."""
    from isotherm.studies.routing.drawings.regret import Panel

    return Panel(cell.name, cell.title, tuple(shift_steps) if cell.shifts else ())


def regret_table(
    title: str,
    found: Mapping[str, Any],
    cells: Sequence[Cell],
    agents: Sequence[str],
    published: Mapping[tuple[str, ...], Mapping[str, float]],
    labels: Mapping[str, str] = LABELS,
) -> Table:
    """Agents down, cells across."""
    rows, has_published = [], False
    for agent in agents:
        values = [lookup(found, (*cell.path, agent)) for cell in cells]
        known = [published.get(cell.path, {}).get(agent) for cell in cells]
        has_published = has_published or any(value is not None for value in known)
        cells_of_row = [estimate(v, p) if v else None for v, p in zip(values, known, strict=True)]
        rows.append((labels.get(agent) or label_of(agent), *cells_of_row))
    note = "mean ± standard error (runs)"
    if has_published:
        note += "; below: the published mean of 200 runs and our difference to it in combined standard errors"
    return Table(title, ("agent", *(cell.title for cell in cells)), tuple(rows), note)


def difference_tables(
    metrics: Mapping[str, Any], cells: Sequence[Cell], agents: Sequence[str]
) -> Iterator[Table]:
    """Paired differences run by run, to the floor and to the published router."""
    titles = {"over_floor": "Above the floor", "over_ising": "Difference to the published Ising router"}
    for key, title in titles.items():
        if key in metrics:
            compared = [agent for agent in agents if agent != key.removeprefix("over_")]
            yield regret_table(f"{title}, paired run by run", metrics[key], cells, compared, {})


def _standing(cell: Cell, found: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    learners = {name: one for name, one in found.items() if name != "floor"}
    above = lookup(metrics.get("over_floor", {}), cell.path) or {}
    first, *tied = best_and_tied(above if learners.keys() <= above.keys() else learners, lowest=True)
    said = (
        f"{cell.title}: **{label_of(first)}** has the lowest mean regret, {with_error(found[first])}"
        f"{tied_with([label_of(name) for name in tied])}"
    )
    named = [name for name in CONTENDERS if name in above]
    if not named:
        return f"{said}."
    distances = ", ".join(f"{label_of(name)} {with_error(above[name])}" for name in named)
    return f"{said}; above the floor, run by run: {distances}."
