"""A simulated pool beside the recorded flow of a real one."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.flow.config import FlowConfig
from isotherm.studies.flow.tables import combined, conclusions, tables
from isotherm.study.base import Arrays, Result, Study, Task
from isotherm.study.tables import Table


class PoolFlow(Study[FlowConfig]):
    """Volume and fee income of a simulated pool over those that were recorded."""

    name = "pool-flow"
    title = "How much of a real pool's flow does arbitrage explain?"
    summary = (
        "A simulated pool of ETH and USDC with a fee of 5 bp, as deep as a recorded one at each minute, follows its "
        "prices. Volume and fee income stand beside the recorded ones, as ratios."
    )
    config = FlowConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"smoke": {"num_days": 3}, "published": {}}

    def tasks(self, config: FlowConfig) -> list[Task]:
        """One."""
        return [Task("flow")]

    def compute(self, config: FlowConfig, task: Task) -> Arrays:
        """Both pools, day by day."""
        from isotherm.studies.flow.runs import compared

        return compared(config)

    def combine(self, config: FlowConfig, results: Mapping[str, Arrays]) -> Result:
        """Ratios and totals."""
        return combined(results["flow"])

    def tables(self, config: FlowConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Ratios, totals."""
        return tables(metrics)

    def conclusions(self, config: FlowConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What is missed, and why."""
        return conclusions(metrics)

    def figures(
        self, config: FlowConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Volume a day, simulated against recorded."""
        from isotherm.studies.flow.drawings import flows

        caption = (
            "Volume of each day: all that was swapped in, what of it moved the pool from minute to minute, and what "
            "arbitrage swaps in the simulated pool of the same depth and fee. Right: each day; dotted where both "
            "agree."
        )
        yield flows("flow", caption, arrays["unix"], arrays["inflow"], arrays["net"], arrays["simulated"])
