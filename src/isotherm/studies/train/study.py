"""A strategy trained on real prices, chosen without its test, and told beside what else one could have done."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.market.map_config import map_tasks
from isotherm.studies.market.pool_study import COINS_AND_TEST, ETHER, PoolStudy
from isotherm.studies.train.config import TrainConfig
from isotherm.studies.train.tables import conclusions, problems, tables
from isotherm.study.base import Arrays, Result, Task, linked
from isotherm.study.tables import Table

_PAID: Mapping[str, Any] = {**COINS_AND_TEST, "fees": 0.003, "arb_frequency": 5}


class TrainStudy(PoolStudy[TrainConfig]):
    """Links of iterations, one after another; then the pool that was chosen, beside others; and a map."""

    name = "train"
    title = "A dynamic-weight pool, trained"
    summary = (
        "Parameters of a pool's rule climb an objective on sampled windows of prices, several sets side by side. One "
        "is chosen on minutes held back, and told on a test that never decides. With prices, settings or parameters "
        "of one's own it begins with the preset own, where nothing is set."
    )
    config = TrainConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            **_PAID,
            "end": "2022-03-09 00:00:00",
            "test_end": "2022-03-14 00:00:00",
            "n_iterations": 7,
            "iterations_per_print": 4,
            "evaluation_interval": 4,
            "n_parameter_sets": 2,
            "batch_size": 2,
        },
        "published": {
            **_PAID,
            "n_iterations": 300,
            "val_fraction": 0.43,
            "k_grid": (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
            "memory_grid": (1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 13.0),
        },
        "ether": {
            **ETHER,
            "start": "2022-07-22 00:00:00",
            "end": "2022-08-01 00:00:00",
            "test_end": "2022-08-22 00:00:00",
            "max_memory_days": 3.0,
            "k_per_day": 20.0,
            "bout_offset": 2880,
            "val_fraction": 0.3,
            "n_iterations": 60,
            "n_parameter_sets": 2,
            "batch_size": 2,
        },
        "own": {},
    }

    def _check(self, config: TrainConfig) -> None:
        from isotherm.studies.market.strategy_map import check_map
        from isotherm.studies.market.training_inputs import check_training_config

        problem = check_training_config(config)
        check_map(config, problem.settings, config.params_file)

    def tasks(self, config: TrainConfig) -> list[Task]:
        """Links of iterations, what was chosen after them, and a task for each memory of the map."""
        from isotherm.studies.market.pool_run import fingerprint_of
        from isotherm.studies.market.training_inputs import links_of

        count = links_of(fingerprint_of(config))
        links = [Task(f"link-{i}") for i in range(count)]
        return [*linked([*links, Task("chosen")]), *map_tasks(config)]

    def compute(self, config: TrainConfig, task: Task) -> Arrays:
        """The first link, or a row of the map."""
        from isotherm.studies.train import runs

        if "memory_days" in task.payload:
            return runs.map_row(config, task.payload["memory_days"])
        return runs.first_link(config)

    def proceed(self, config: TrainConfig, task: Task, earlier: Arrays) -> Arrays:
        """The next link, or what was chosen."""
        from isotherm.studies.train import runs

        return runs.outcome(config, earlier) if task.name == "chosen" else runs.next_link(config, earlier)

    def combine(self, config: TrainConfig, results: Mapping[str, Arrays]) -> Result:
        """Scores of all iterations, and what was chosen."""
        from isotherm.studies.market.pool_run import fingerprint_of
        from isotherm.studies.train.results import combined

        return combined(config, dict(fingerprint_of(config)), results)

    def tables(self, config: TrainConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Performance by part, parameters before and after, settings."""
        return tables(metrics)

    def conclusions(self, config: TrainConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What was chosen, whether it can be told from holding, and how it was chosen."""
        return conclusions(metrics)

    def failures(self, config: TrainConfig, metrics: Mapping[str, Any]) -> list[str]:
        """A value that is not finite."""
        return problems(metrics)

    def figures(
        self, config: TrainConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Curves of training, value, weights, parameters, map."""
        from isotherm.studies.train.figures import figures

        yield from figures(config, metrics, arrays)
