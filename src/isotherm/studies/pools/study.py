"""Orders routed over pools of liquidity, at real prices."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.pools.config import PoolRoutingConfig
from isotherm.studies.pools.names import FIXED, fixed_names
from isotherm.studies.routing.agents import AgentPlace
from isotherm.studies.routing.world_study import Cell, Entry, WorldStudy
from isotherm.study.base import Arrays, Result, Task
from isotherm.study.tables import Table

if TYPE_CHECKING:
    from isotherm.act.agent import AbstractAgent
    from isotherm.world.pools.world import PoolMarket

RECORDS = ("success", "cost", "best_cost", "split_gain")
OF_ALL_POOLS = ("wins", "joint_wins")
EXAMPLE = "example"


class PoolRouting(WorldStudy[PoolRoutingConfig]):
    """The agents of order routing, agents fixed on one pool, the best pool and the best split of each order."""

    name = "pool-routing"
    title = "Routing swaps over pools of liquidity"
    summary = (
        "Which pool should a swap go to, when another pool's offer is seen first? Six pools with fees from 1 to 100 "
        "basis points, depths ten times apart and one with drifting weights follow real prices as arbitrageurs visit "
        "them. The agents of order routing learn from outcomes, within a tolerance of the best pool or not; they are "
        "judged by the price that their orders got."
    )
    config = PoolRoutingConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "num_runs": 6,
            "num_steps": 200,
            "batch": 6,
            "num_samples": 10,
            "other_tolerances_bps": (10.0,),
            "other_contexts": (),
            "agents": ("linucb", "joint"),
        },
        "published": {},
    }

    def inputs(self, config: PoolRoutingConfig) -> Mapping[str, Path]:
        """The prices."""
        from isotherm.studies.pools.market import price_path

        return {"prices": price_path(config)}

    def check(self, config: PoolRoutingConfig) -> None:
        """Read the prices and refuse what cannot be played on them."""
        self.world(config, self.cells(config)[0])
        super().check(config)

    def sizes(self, config: PoolRoutingConfig) -> tuple[int, int]:
        """Pools and context pools."""
        return len(config.fees_bps), config.num_context

    def cells(self, config: PoolRoutingConfig) -> Sequence[Cell]:
        """The market at the centre, then other tolerances, then other numbers of context pools."""
        tolerance, k = config.tolerance_bps, config.num_context
        found = [_cell(tolerance, k)]
        found += [_cell(other, k) for other in config.other_tolerances_bps]
        found += [_cell(tolerance, other) for other in config.other_contexts]
        return list({cell.name: cell for cell in found}.values())

    def entries(self, config: PoolRoutingConfig) -> Sequence[Entry]:
        """The agents under their own ids, and an agent fixed on each pool."""
        fixed = [Entry(name, FIXED, cost=0.5) for name in fixed_names(config)]
        return [*(Entry.of(agent) for agent in config.agents), *fixed]

    def references(self, config: PoolRoutingConfig) -> tuple[str, ...]:
        """The joint router."""
        return ("joint",)

    def agent(self, entry: Entry, place: AgentPlace) -> "AbstractAgent":
        """One of the table of agents, or one that learns nothing."""
        if entry.agent != FIXED:
            return super().agent(entry, place)
        import jax.numpy as jnp

        from isotherm.act import FixedRoute

        assert isinstance(place.config, PoolRoutingConfig)
        return FixedRoute(jnp.int32(fixed_names(place.config).index(entry.name)))

    def world(self, config: PoolRoutingConfig, cell: Cell) -> "PoolMarket":
        """The market of a cell."""
        from isotherm.studies.pools.market import market_of

        return market_of(config.model_copy(update=dict(cell.settings)))

    def extra_records(self, entry: Entry) -> tuple[str, ...]:
        """What orders got; and which pools had won, of agents fixed on a pool."""
        return (*RECORDS, *(OF_ALL_POOLS if entry.agent == FIXED else ()))

    def tasks(self, config: PoolRoutingConfig) -> list[Task]:
        """As of any world study, and some hours of one run to look at."""
        return [*super().tasks(config), Task(EXAMPLE, {}, 0.5)]

    def compute(self, config: PoolRoutingConfig, task: Task) -> Arrays:
        """Roll out one batch of runs, or keep the hours to look at."""
        if task.name != EXAMPLE:
            return super().compute(config, task)
        from isotherm.studies.pools.market import example_of

        return example_of(config, self.world(config, self.cells(config)[0]))

    def combine(self, config: PoolRoutingConfig, results: Mapping[str, Arrays]) -> Result:
        """Means per order of everything recorded, paired differences, and how outcomes go together."""
        from isotherm.studies.pools.results import Totals, combined

        found = super().combine(config, results)
        totals: Totals = {
            cell.name: {
                entry.name: {
                    record: self.curves(config, results, cell, entry, record)[:, -1]
                    for record in (self.measure, *self.extra_records(entry))
                }
                for entry in self.entries(config)
            }
            for cell in self.cells(config)
        }
        more = combined(config, totals, results[EXAMPLE])
        return Result(found.metrics | more.metrics, found.arrays | more.arrays)

    def tables(self, config: PoolRoutingConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Agents by cell, the joint learners' advantage, the pools."""
        from isotherm.studies.pools.tables import tables

        return tables(config, self.cells(config), metrics)

    def conclusions(self, config: PoolRoutingConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Who gets the best price, who is right most often, and whether a joint model pays."""
        from isotherm.studies.pools.conclusions import conclusions

        return conclusions(config, self.cells(config), metrics)

    def failures(self, config: PoolRoutingConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Pools that are all alike."""
        from isotherm.studies.pools.conclusions import failures

        return failures(config, self.cells(config), metrics)

    def figures(
        self, config: PoolRoutingConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Losses over time and per order, price against success, the pools, how outcomes go together."""
        from isotherm.studies.pools.figures import figures

        yield from figures(config, self.cells(config), metrics, arrays)


def _cell(tolerance: float, k: int) -> Cell:
    return Cell(
        f"t{tolerance:g}-k{k}",
        f"within {tolerance:g} bp, K = {k}",
        (f"t{tolerance:g}-k{k}",),
        {"tolerance_bps": tolerance, "num_context": k},
    )
