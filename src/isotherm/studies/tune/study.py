"""Settings of training chosen by walks forward, and told where no trial looked."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.market.pool_study import COINS, PoolStudy
from isotherm.studies.tune.config import TuneConfig
from isotherm.studies.tune.tables import conclusions, problems, tables
from isotherm.study.base import Arrays, Result, Task, linked
from isotherm.study.tables import Table

_COINS: Mapping[str, Any] = {**COINS, "end": "2022-04-29 00:00:00", "bout_offset": 4320}
"""Three coins in spring 2022, by five minutes, without fees."""


class TuneStudy(PoolStudy[TuneConfig]):
    """Trials one after another, each a walk with settings of its own; then the best one on cycles held back."""

    name = "tune"
    title = "Settings of training, chosen by walks forward"
    summary = (
        "Trials choose a learning rate, how long to train, how much to hold back and more, and walk forward with it; "
        "each learns from those before. The best of many is lucky: its Sharpe ratio is deflated by the number of "
        "trials, and it is told beside the settings as they were on cycles that no trial saw."
    )
    config = TuneConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            **_COINS,
            "start": "2022-03-15 00:00:00",
            "n_cycles": 2,
            "n_iterations": 5,
            "evaluation_interval": 5,
            "n_parameter_sets": 1,
            "batch_size": 2,
            "tuned": ("base_lr", "maximum_change"),
            "num_trials": 3,
            "num_startup": 2,
        },
        "published": {
            **_COINS,
            "n_cycles": 5,
            "num_held": 2,
            "num_startup": 12,
            "n_iterations": 60,
            "n_parameter_sets": 2,
            "batch_size": 4,
            "tuned": ("base_lr", "n_iterations", "bout_offset_days", "val_fraction", "maximum_change"),
            "ranges": (
                "base_lr=0.001:1",
                "n_iterations=10:150",
                "bout_offset_days=1:4",
                "val_fraction=0.2:0.35",
            ),
            "num_trials": 24,
        },
        "own": {},
    }

    def _check(self, config: TuneConfig) -> None:
        from isotherm.studies.tune.inputs import check

        check(config)

    def tasks(self, config: TuneConfig) -> list[Task]:
        """A chain of trials, and after it the cycles that none of them saw."""
        trials = [Task(f"trial-{number}") for number in range(config.num_trials)]
        return linked([*trials, *([Task("held")] if config.num_held else [])])

    def compute(self, config: TuneConfig, task: Task) -> Arrays:
        """The first trial."""
        from isotherm.studies.tune import runs

        return runs.first_link(config)

    def proceed(self, config: TuneConfig, task: Task, earlier: Arrays) -> Arrays:
        """The next trial, or the cycles held back."""
        from isotherm.studies.tune import runs

        return runs.held(config, earlier) if task.name == "held" else runs.next_link(config, earlier)

    def combine(self, config: TuneConfig, results: Mapping[str, Arrays]) -> Result:
        """All trials, the best, what mattered, and what became of it."""
        from isotherm.studies.tune.results import combined

        return combined(config, results)

    def tables(self, config: TuneConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """What was chosen, what it was worth, the best trials, settings."""
        return tables(metrics)

    def conclusions(self, config: TuneConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What tuning was worth, and whether it can be told from not tuning."""
        return conclusions(metrics)

    def failures(self, config: TuneConfig, metrics: Mapping[str, Any]) -> list[str]:
        """No trial came to its end."""
        return problems(metrics)

    def figures(
        self, config: TuneConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """History, slices, and value where no trial looked."""
        from isotherm.studies.tune.figures import figures

        yield from figures(metrics, arrays)
