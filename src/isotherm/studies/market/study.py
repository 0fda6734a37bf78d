"""A strategy on real prices: what it would have done, beside what else one could have done."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.market.config import BacktestConfig
from isotherm.studies.market.map_config import map_tasks
from isotherm.studies.market.pool_study import PoolStudy
from isotherm.studies.market.tables import conclusions, problems, tables
from isotherm.study.base import Arrays, Result, Task
from isotherm.study.tables import Table

_SHIPPED: Mapping[str, Any] = {
    "tokens": ("BTC", "ETH", "SOL"),
    "rule": "momentum",
    "start": "2022-03-05 00:00:00",
    "end": "2022-04-12 00:00:00",
    "test_end": "2022-04-28 00:00:00",
    "max_memory_days": 28.0,
    "memory_days": 5.0,
    "k_per_day": 5.0,
    "fees": 0.003,
}
"""Three coins in spring 2022."""


class BacktestStudy(PoolStudy[BacktestConfig]):
    """One strategy, a pool of constant weights beside it, and a map of what other parameters would have given."""

    name = "backtest"
    title = "What a dynamic-weight pool would have done"
    summary = (
        "A pool whose weights follow a rule is played on prices minute by minute, with arbitrageurs, fees and gas. "
        "Its value stands beside holding and beside a pool of constant weights. With prices, settings or parameters "
        "of one's own it begins with the preset own, where nothing is set."
    )
    config = BacktestConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {**_SHIPPED, "end": "2022-03-12 00:00:00", "test_end": "2022-03-15 00:00:00"},
        "published": {
            **_SHIPPED,
            "k_grid": (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
            "memory_grid": (1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0),
        },
        "own": {},
    }

    def inputs(self, config: BacktestConfig) -> Mapping[str, Path]:
        """Files that results depend on: settings, parameters, and the price file of each token."""
        from isotherm.studies.market.inputs import inputs

        return inputs(config)

    def _check(self, config: BacktestConfig) -> None:
        from isotherm.studies.market.inputs import check

        check(config)

    def tasks(self, config: BacktestConfig) -> list[Task]:
        """The strategy, constant weights, and a task for each memory of the map."""
        return [Task("strategy"), Task("constant"), *map_tasks(config)]

    def compute(self, config: BacktestConfig, task: Task) -> Arrays:
        """Play one of them."""
        from isotherm.studies.market import runs

        if "memory_days" in task.payload:
            return runs.map_row(config, task.payload["memory_days"])
        return {"strategy": runs.strategy, "constant": runs.constant}[task.name](config)

    def combine(self, config: BacktestConfig, results: Mapping[str, Arrays]) -> Result:
        """Performance by period, series an hour apart, the map."""
        from isotherm.studies.market.results import combined
        from isotherm.studies.market.runs import fingerprint_of

        return combined(config, dict(fingerprint_of(config)), results)

    def tables(self, config: BacktestConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Performance, alternatives, settings."""
        return tables(metrics)

    def conclusions(self, config: BacktestConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What came out and how far it may be trusted."""
        return conclusions(metrics)

    def failures(self, config: BacktestConfig, metrics: Mapping[str, Any]) -> list[str]:
        """A value that is not finite."""
        return problems(config, metrics)

    def figures(
        self, config: BacktestConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Value, weights, reserves, draw-down, fees, trades, map."""
        from isotherm.studies.market.figures import figures

        yield from figures(config, metrics, arrays)
