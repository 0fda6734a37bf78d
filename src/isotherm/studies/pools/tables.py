"""Tables of the routing of swaps."""

from collections.abc import Mapping, Sequence
from typing import Any

from isotherm.studies.pools.config import PoolRoutingConfig
from isotherm.studies.pools.names import fixed_names, labels, pool_names
from isotherm.studies.pools.results import NUM_PERIODS
from isotherm.studies.routing.world_study import Cell, estimate
from isotherm.study.tables import Estimate, Table

COLUMNS = (
    "agent",
    "below the best pool",
    "success",
    "below the market",
    "floor: the best pool",
    "split, over the best pool",
)


def tables(config: PoolRoutingConfig, cells: Sequence[Cell], metrics: Mapping[str, Any]) -> list[Table]:
    """A table a cell, paired differences to the joint router, what a joint model is worth, the pools.

    Args:
        config: of the run.
        cells: of it.
        metrics: as :func:`isotherm.studies.pools.results.combined` makes them.
    """
    found = [_cell_table(config, cell, metrics["per_order"][cell.name]) for cell in cells]
    if "over_joint_per_order" in metrics:
        found.append(_differences(config, cells, metrics["over_joint_per_order"]))
    if "advantage" in metrics:
        found.append(_advantage(config, cells, metrics["advantage"]))
    return [*found, _pools(config, cells, metrics)]


def competitors(config: PoolRoutingConfig) -> list[str]:
    """Ids of agents, then of those fixed on a pool."""
    return [*config.agents, *fixed_names(config)]


def _cell_table(config: PoolRoutingConfig, cell: Cell, found: Mapping[str, Any]) -> Table:
    names = labels(config)
    rows = [
        (
            names[name],
            *(
                estimate(found[name][record])
                for record in ("regret", "success", "cost", "best_cost", "split_gain")
            ),
        )
        for name in competitors(config)
    ]
    note = (
        "basis points an order, but for success: share of orders paid within the tolerance of the best of all pools; "
        "mean ± standard error (runs). The floor is 0 below the best available pool: what that pool paid along the "
        "agent's own path, for orders move the pools. Market: the price of the row; a stale pool may pay more. Who "
        "is fixed on a pool goes to the first other where that is context."
    )
    return Table(
        f"Execution of {config.num_steps:,} orders, outcomes {cell.title}", COLUMNS, tuple(rows), note
    )


def _differences(config: PoolRoutingConfig, cells: Sequence[Cell], found: Mapping[str, Any]) -> Table:
    names = labels(config)
    rows = [
        (names[name], *(estimate(found[cell.name][name]) for cell in cells))
        for name in competitors(config)
        if name != "joint"
    ]
    columns = ("agent", *(cell.title for cell in cells))
    note = "basis points an order below what the joint router got; mean ± standard error (runs)"
    return Table("Against the joint router, paired run by run", columns, tuple(rows), note)


def _advantage(config: PoolRoutingConfig, cells: Sequence[Cell], found: Mapping[str, Any]) -> Table:
    names = labels(config)
    rows = []
    for cell in cells:
        for record, unit in (("regret", "bp below the best pool"), ("success", "success")):
            one = found[cell.name][record]
            parts: list[Estimate | None] = [part and estimate(part) for part in one["by_period"]]
            pair = f"{names[one['joint']]} less {names[one['other']]}"
            rows.append((f"{cell.title}, {unit}", pair, estimate(one["difference"]), *parts))
    parts_of = tuple(f"part {at + 1}" for at in range(NUM_PERIODS))
    note = (
        "the best joint learner less the best other learner, paired run by run; mean ± standard error (runs). Parts: "
        "runs that begin in each fifth of the prices. Runs of a part share prices, so errors within it are too "
        "small; a sign that all parts share is what a reader may trust"
    )
    return Table("What a joint model is worth", ("", "pair", "all runs", *parts_of), tuple(rows), note)


def _pools(config: PoolRoutingConfig, cells: Sequence[Cell], metrics: Mapping[str, Any]) -> Table:
    rows = []
    for at, name in enumerate(pool_names(config)):
        shares = [f"{metrics['wins'][cell.name][at]:.3f}" for cell in cells]
        fixed = f"fixed-{at}"
        rows.append((name, *shares, estimate(metrics["per_order"][cells[0].name][fixed]["regret"])))
    columns = (
        "pool",
        *(f"+1, {cell.title}" for cell in cells),
        "always there, bp below the best pool",
    )
    note = "share of orders for which a pool's outcome is +1, over runs of the agents fixed on a pool"
    return Table("The pools", columns, tuple(rows), note)
