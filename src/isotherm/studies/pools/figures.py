"""Figures of the routing of swaps, from the arrays of a run."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.pools import drawings
from isotherm.studies.pools.config import PoolRoutingConfig
from isotherm.studies.pools.names import labels, pool_names
from isotherm.studies.pools.tables import competitors
from isotherm.studies.routing.comparison import panel
from isotherm.studies.routing.drawings import regret as plot
from isotherm.studies.routing.world_study import Cell


def figures(
    config: PoolRoutingConfig,
    cells: Sequence[Cell],
    metrics: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> Iterator[Figure]:
    """Price against success, losses over time, differences to the joint router, the pools, how outcomes go together.

    Args:
        config: of the run.
        cells: of it.
        metrics: as :func:`isotherm.studies.pools.results.combined` makes them.
        arrays: likewise, with the curves of any world study.
    """
    names = labels(config)
    panels = [panel(cell) for cell in cells]
    everyone = [plot.Series(name, names[name]) for name in competitors(config)]
    shown = [one for one in everyone if one.name in (*config.agents, metrics["best_fixed"][cells[0].name])]
    yield drawings.price_against_success(
        "price-success",
        f"What each agent loses an order against how often it is right: mean ± standard error over {config.num_runs} "
        "runs. Further down is a better price, further right more often within the tolerance.",
        panels,
        everyone,
        arrays,
    )
    yield plot.regret_curves(
        "regret",
        f"Basis points lost against the best available pool: mean ± standard deviation over {config.num_runs} runs.",
        panels,
        shown,
        arrays,
        ylabel="basis points lost in all",
    )
    if "joint" in config.agents and len(shown) > 1:
        yield plot.paired_curves(
            "over-joint",
            "Basis points lost against the joint router, paired run by run: mean and 95 % band.",
            panels,
            [one for one in shown if one.name != "joint"],
            arrays,
            reference="joint",
            reference_label=names["joint"],
        )
    yield drawings.gaps(
        "pools",
        f"Some hours of the first run, without orders: how far each pool's own price lies from that of the market "
        f"({config.ticker}), and the band of its fee, within which nobody corrects it.",
        pool_names(config),
        config.fees_bps,
        arrays["example/gap"],
    )
    yield drawings.alike(
        "alike",
        "Correlation of the outcomes of each two pools: what one shows of another.",
        [cell.title for cell in cells],
        pool_names(config),
        [arrays[f"{cell.name}/alike"] for cell in cells],
    )
