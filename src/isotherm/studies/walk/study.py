"""A strategy trained again and again, each time tested on days that its training never saw."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.market.pool_study import COINS, ETHER, PoolStudy
from isotherm.studies.walk.config import WalkConfig
from isotherm.studies.walk.tables import conclusions, problems, tables
from isotherm.study.base import Arrays, Result, Task, linked
from isotherm.study.tables import Table

_COINS: Mapping[str, Any] = {
    **COINS,
    "end": "2022-04-29 00:00:00",
    "bout_offset": 4320,
    "fees": 0.003,
    "arb_frequency": 5,
}
"""Three coins in spring 2022, by five minutes."""

_STOCKS: Mapping[str, Any] = {
    "market": "us20_daily_1990_2022",
    "tokens": ("AAPL", "JNJ", "JPM", "KO", "XOM"),
    "rule": "momentum",
    "start": "1992-01-01 00:00:00",
    "end": "2022-12-28 00:00:00",
    "max_memory_days": 90.0,
    "bout_offset": 86_400,
}
"""A stock of each of five sectors, by the day, thirty years."""

_ETHER: Mapping[str, Any] = {
    **ETHER,
    "start": "2022-07-24 00:00:00",
    "end": "2022-08-22 00:00:00",
    "max_memory_days": 4.0,
    "val_fraction": 0.45,
    "bout_offset": 1440,
    "n_cycles": 3,
    "n_iterations": 100,
}
"""Ether and cash in summer 2022, by the minute: prices of a pool of Uniswap, and its fee."""


class WalkStudy(PoolStudy[WalkConfig]):
    """Links of the trainings of all cycles, one after another; beside them walks that choose nothing."""

    name = "walk-forward"
    title = "Choosing without looking ahead"
    summary = (
        "A pool's rule is trained on one stretch of prices and tested on the next, again and again, warm from what "
        "was chosen before. All tests together tell what choosing was worth out of sample: beside holding, the "
        "default strategy, and parameters drawn by chance."
    )
    config = WalkConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            **_COINS,
            "fees": 0.0,
            "start": "2022-03-15 00:00:00",
            "n_cycles": 2,
            "n_iterations": 5,
            "iterations_per_print": 3,
            "evaluation_interval": 3,
            "n_parameter_sets": 2,
            "batch_size": 2,
            "num_chance": 2,
        },
        "published": {
            **_STOCKS,
            "n_cycles": 30,
            "n_iterations": 49,
            "n_parameter_sets": 2,
            "batch_size": 4,
        },
        "months": {
            **_STOCKS,
            "n_cycles": 371,
            "n_iterations": 24,
            "bout_offset": 14_400,
            "n_parameter_sets": 2,
            "batch_size": 4,
        },
        "coins": {**_COINS, "n_cycles": 4, "n_iterations": 100},
        "ether": _ETHER,
        "own": {},
    }

    def _check(self, config: WalkConfig) -> None:
        from isotherm.studies.walk.inputs import check

        check(config)

    def tasks(self, config: WalkConfig) -> list[Task]:
        """One chain through all cycles: links of a training, then its test; and a task for each walk beside."""
        from isotherm.studies.market.pool_run import fingerprint_of
        from isotherm.studies.market.training_inputs import links_of
        from isotherm.studies.walk.results import cycles_of

        settings = fingerprint_of(config)
        chain: list[Task] = []
        for cycle in range(cycles_of(config, settings)):
            steps = [(f"cycle-{cycle}-link-{link}", {"link": link}) for link in range(links_of(settings))]
            for name, payload in [*steps, (f"cycle-{cycle}-tested", {})]:
                chain.append(Task(name, {"cycle": cycle} | payload))
        weight = len(chain) / 6  # a walk beside only plays, as a link's evaluations do
        chance = [Task(f"chance-{i}", {"chance": i}, weight) for i in range(config.num_chance)]
        return [*linked(chain), Task("default", weight=weight), *chance]

    def compute(self, config: WalkConfig, task: Task) -> Arrays:
        """The first link, or a walk beside."""
        from isotherm.studies.walk import runs

        if "chance" in task.payload:
            return runs.chance_walk(config, task.payload["chance"])
        return runs.default_walk(config) if task.name == "default" else runs.first_link(config)

    def proceed(self, config: WalkConfig, task: Task, earlier: Arrays) -> Arrays:
        """The next link, or what a cycle chose."""
        from isotherm.studies.walk import runs

        cycle, link = runs.payload_of(task.payload)
        if link < 0:
            return runs.tested(config, cycle, earlier)
        return runs.next_link(config, cycle, link == 0, earlier)

    def combine(self, config: WalkConfig, results: Mapping[str, Arrays]) -> Result:
        """What each cycle chose, and all tests one after another."""
        from isotherm.studies.market.pool_run import fingerprint_of
        from isotherm.studies.walk.results import combined

        return combined(config, dict(fingerprint_of(config)), results)

    def tables(self, config: WalkConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Performance out of sample, what the walk is ahead of, cycles, settings."""
        return tables(metrics)

    def conclusions(self, config: WalkConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What choosing was worth, and whether it can be told from choosing nothing."""
        return conclusions(metrics)

    def failures(self, config: WalkConfig, metrics: Mapping[str, Any]) -> list[str]:
        """A value that is not finite."""
        return problems(metrics)

    def figures(
        self, config: WalkConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Sharpe ratios with intervals, in against out of sample, value, weights, parameters."""
        from isotherm.studies.walk.figures import figures

        yield from figures(metrics, arrays)
