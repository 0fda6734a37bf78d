"""When structure pays: venues with outcomes of their own, correlated in groups."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from isotherm.errors import refusal
from isotherm.studies.routing.agents import LABELS, AgentId, label_of, refuse_agents
from isotherm.studies.routing.comparison import panel, regret_table
from isotherm.studies.routing.config import AgentConfig, Parameter
from isotherm.studies.routing.world_study import Cell, Entry, WorldStudy, lookup, with_error
from isotherm.study.base import Arrays, Figure, Result
from isotherm.study.tables import Table
from isotherm.study.ties import best_and_tied, tied_with

if TYPE_CHECKING:
    from isotherm.world.routing.venues import VenueMarket

Size = Annotated[int, Field(ge=3, le=16)]
ContextSize = Annotated[int, Field(ge=1, le=8)]
STATIONARY = "thompson-stationary"
LABELS_HERE = LABELS | {STATIONARY: "Thompson, nothing forgotten", "floor": "Oracle (knows the truth)"}


class StructureConfig(AgentConfig):
    """Settings of the structure study; one market at the centre, and sweeps away from it."""

    num_runs: Annotated[int, Field(ge=1, le=1_000_000)] = 64
    """Independent runs a cell, paired across agents."""

    batch: Annotated[int, Field(ge=1, le=100_000)] = 32
    """Runs side by side in one task; part of the fingerprint."""

    num_venues: Size = 9
    """Venues of the central market, N."""

    num_groups: Annotated[int, Field(ge=1, le=16)] = 3
    """Groups g; venue i belongs to group i mod g."""

    inside: Parameter = 0.6
    """Coupling of two venues of the same group."""

    across: Parameter = -0.15
    """Coupling of two venues of different groups."""

    bias: Parameter = 0.3
    """Bias of the first venue; the last has its negative, evenly spaced between."""

    context_sizes: tuple[ContextSize, ...] = (1, 2, 3)
    """Numbers of context venues, K, at the central market; the first is used in the other sweeps."""

    sizes: tuple[Size, ...] = (6, 9, 12)
    """Numbers of venues, N."""

    strengths: tuple[Annotated[float, Field(ge=0, le=5)], ...] = (0.0, 0.5, 1.0)
    """Factors on both couplings."""

    long_steps: Annotated[int, Field(ge=0, le=10_000_000)] = 100_000
    """Steps of the long run on six venues, in which a table may catch up; 0 leaves it out."""

    agents: Annotated[tuple[AgentId, ...], Field(min_length=1)] = (
        "epsilon-greedy",
        "thompson",
        "linucb",
        "winner-counts",
        "ising-exact",
        "joint",
    )
    """Agents to compare; the oracle and a Thompson sampler that forgets nothing are always there."""

    @model_validator(mode="after")
    def _fits_together(self) -> "StructureConfig":
        if not self.context_sizes:
            raise refusal("context_sizes", self.context_sizes, "should have at least one value")
        widest, fewest = max(self.context_sizes), min((self.num_venues, *self.sizes))
        if widest >= self.num_venues - 1 or self.context_sizes[0] >= fewest - 1:
            raise refusal(
                "context_sizes", self.context_sizes, "should leave two venues or more to choose from"
            )
        refuse_agents(self, self.agents, self.num_venues, widest)
        refuse_agents(self, ("thompson",), max(self.num_venues, *self.sizes), widest)
        return self


class RoutingStructure(WorldStudy[StructureConfig]):
    """Own outcomes, correlated in groups: what a joint model is worth, against context, size and coupling."""

    name = "routing-structure"
    title = "When does a joint model pay?"
    summary = (
        "When is it worth learning how venues move together? Each venue has its own outcome, venues of a group "
        "succeed together, and any venues may be the free context: a table must learn every context by itself, "
        "a joint model learns pairs. Swept: context venues, venues, coupling strength, and time."
    )
    config = StructureConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "num_runs": 4,
            "num_steps": 200,
            "batch": 4,
            "num_venues": 6,
            "context_sizes": (1, 2),
            "sizes": (6,),
            "strengths": (0.0,),
            "long_steps": 400,
            "agents": ("thompson", "linucb", "joint"),
        },
        "published": {},
    }

    def sizes(self, config: StructureConfig) -> tuple[int, int]:
        """Venues and context venues of a cell."""
        return config.num_venues, config.context_sizes[0]

    def cells(self, config: StructureConfig) -> Sequence[Cell]:
        """The central market for every K, then other N and other strengths, then the long run."""
        n, k = config.num_venues, config.context_sizes[0]
        found = [_cell(config, n, size, 1.0) for size in config.context_sizes]
        found += [_cell(config, size, k, 1.0) for size in config.sizes]
        found += [_cell(config, n, k, strength) for strength in config.strengths]
        unique = list({cell.name: cell for cell in found}.values())
        return [*unique, *([_long_cell(config)] if config.long_steps else [])]

    def entries(self, config: StructureConfig) -> Sequence[Entry]:
        """The agents, a Thompson sampler without forgetting, and the oracle."""
        stationary = Entry(STATIONARY, "thompson", {"discount": 1.0}, cost=4.0)
        return [
            *(Entry.of(agent) for agent in config.agents if agent != "floor"),
            stationary,
            Entry.of("floor"),
        ]

    def world(self, config: StructureConfig, cell: Cell) -> "VenueMarket":
        """Groups; own outcomes; random context."""
        from isotherm.world.routing.venues import grouped_couplings, venue_market

        return venue_market(
            np.linspace(config.bias, -config.bias, config.num_venues),
            grouped_couplings(config.num_venues, config.num_groups, config.inside, config.across),
            num_context=config.context_sizes[0],
            context_mode="random",
            outcome="own",
        )

    def tables(self, config: StructureConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Final regret: every K; every N and strength; the long run."""
        names = [entry.name for entry in self.entries(config)]
        cells = self.cells(config)
        by_context = [cell for cell in cells if cell.path[0] == "context"]
        others = [cell for cell in cells if cell.path[0] in ("size", "strength")]
        tables = [
            _table(
                f"Regret after {config.num_steps:,} orders, by context venues K", metrics, by_context, names
            ),
            Table(
                "What the context is worth, exactly",
                (
                    "",
                    "success ignoring it",
                    "success using it",
                    f"regret of ignoring it, {config.num_steps:,} orders",
                ),
                tuple(_worth_row(cell, metrics["worth"][cell.name]) for cell in cells),
                "by enumeration, best action",
            ),
        ]
        if others:
            tables.append(_table("Regret by venues and coupling strength", metrics, others, names))
        if config.long_steps:
            tables.append(_table(f"Regret after {config.long_steps:,} orders", metrics, [cells[-1]], names))
        return tables

    def combine(self, config: StructureConfig, results: Mapping[str, Arrays]) -> Result:
        """As any world study, with the worth of the context and the crossing of the long run."""
        found = super().combine(config, results)
        found.metrics["worth"] = {cell.name: self._worth(config, cell) for cell in self.cells(config)}
        if config.long_steps and "joint" in config.agents:
            found.metrics["catches_up"] = _crossing(found.arrays, self.cells(config)[-1].name)
        return found

    def _worth(self, config: StructureConfig, cell: Cell) -> dict[str, float]:
        from isotherm.world.routing.venues import worth_of_context

        settings = config.model_copy(update=dict(cell.settings))
        world = self.world(settings, cell)
        ignored, used = worth_of_context(world)
        return {"ignored": ignored, "used": used, "regret": 2 * (used - ignored) * settings.num_steps}

    def conclusions(self, config: StructureConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Who is nearest to the oracle, what ignoring the context costs, where a table catches up."""
        said = []
        for cell in self.cells(config):
            found = {k: v for k, v in lookup(metrics["final_regret"], cell.path).items() if k != "floor"}
            first, *tied = best_and_tied(found, lowest=True)
            said.append(
                f"{cell.title}: **{_label(first)}** has the lowest mean regret, {with_error(found[first])}"
                f"{tied_with([_label(name) for name in tied]) or _runner_up(found, first)}; knowing the truth "
                f"but ignoring the context costs {metrics['worth'][cell.name]['regret']:,.0f}."
            )
        if "catches_up" in metrics:
            step = metrics["catches_up"]
            said.append(
                "In the long run a Thompson table that forgets nothing "
                + (
                    f"loses no more per order than the joint router from about order {step:,} on; what it lost "
                    "before stays lost."
                    if step
                    else "still loses more per order than the joint router at the end."
                )
            )
        said.append(
            "Where all pairs share one coupling the context changes no ranking, and a joint model is worth nothing; "
            "with groups it is worth almost everything. A table has (2N)^K rows to learn, the Ising model "
            "N (N + 1) / 2 numbers."
        )
        return said

    def figures(
        self, config: StructureConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Curves by K, sweeps, and the long run."""
        from isotherm.studies.routing.drawings import regret as plot
        from isotherm.studies.routing.drawings import structure

        cells = self.cells(config)
        series = [plot.Series(entry.name, _label(entry.name)) for entry in self.entries(config)]
        learners = series[:-1]
        by_context = [cell for cell in cells if cell.path[0] == "context"]
        yield plot.regret_curves(
            "regret",
            f"Cumulative regret by number of context venues: mean ± standard deviation over {config.num_runs} runs.",
            [panel(cell) for cell in by_context],
            learners,
            arrays,
        )
        n, k = config.num_venues, config.context_sizes[0]
        sweeps = [
            ("context venues, K", [(float(s), _name(n, s, 1.0)) for s in sorted(config.context_sizes)]),
            ("venues, N", [(float(s), _name(s, k, 1.0)) for s in sorted(config.sizes)]),
            ("coupling strength", [(s, _name(n, k, s)) for s in sorted({*config.strengths})]),
        ]
        yield structure.regret_against(
            "sweeps",
            f"Regret after {config.num_steps:,} orders: mean ± standard error.",
            [sweep for sweep in sweeps if len(sweep[1]) > 1] or sweeps[:1],
            learners,
            arrays,
            xlabel="",
        )
        if config.long_steps:
            yield plot.rate_curves(
                "long-run",
                "Regret per order in the long run: where a table catches up.",
                [panel(cells[-1])],
                learners,
                arrays,
                log_y=True,
            )


def _label(name: str) -> str:
    return LABELS_HERE.get(name) or label_of(name)


def _runner_up(found: Mapping[str, Any], first: str) -> str:
    others = [name for name in found if name != first]
    if not others:
        return ""
    second = min(others, key=lambda name: found[name]["mean"])
    return f", then {_label(second)}, {with_error(found[second])}"


def _name(n: int, k: int, strength: float) -> str:
    return f"n{n}-k{k}-w{strength:g}"


def _cell(config: StructureConfig, n: int, k: int, strength: float) -> Cell:
    settings = {
        "num_venues": n,
        "context_sizes": (k,),
        "inside": strength * config.inside,
        "across": strength * config.across,
    }
    name = _name(n, k, strength)
    if strength != 1.0:
        return Cell(name, f"N = {n}, K = {k}, couplings × {strength:g}", ("strength", name), settings)
    kind = "context" if n == config.num_venues else "size"
    return Cell(name, f"N = {n}, K = {k}", (kind, name), settings)


def _long_cell(config: StructureConfig) -> Cell:
    settings = {
        "num_venues": 6,
        "num_groups": 2,
        "context_sizes": (1,),
        "inside": 0.5,
        "across": -0.3,
        "bias": 0.2,
        "num_steps": config.long_steps,
    }
    return Cell("long", f"N = 6, K = 1, {config.long_steps:,} orders", ("long", "long"), settings)


def _table(title: str, metrics: Mapping[str, Any], cells: Sequence[Cell], names: Sequence[str]) -> Table:
    return regret_table(title, metrics["final_regret"], cells, names, {}, LABELS_HERE)


def _worth_row(cell: Cell, worth: Mapping[str, float]) -> tuple[str, str, str, str]:
    return cell.title, f"{worth['ignored']:.4f}", f"{worth['used']:.4f}", f"{worth['regret']:,.0f}"


def _crossing(arrays: Mapping[str, np.ndarray], cell: str) -> int | None:
    """First stretch from which the table loses no more than the joint router in total over what is left."""
    table, joint = (arrays[f"{cell}/{name}/mean"] for name in (STATIONARY, "joint"))
    left = (table[-1] - table) - (joint[-1] - joint)
    caught = np.flatnonzero(left[:-1] <= 0)
    return int(arrays[f"{cell}/steps"][caught[0]]) if caught.size else None
