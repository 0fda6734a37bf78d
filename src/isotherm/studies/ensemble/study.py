"""Strategies drawn in the place of the best one: what the prices say of them, and what they leave open."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.ensemble.config import EnsembleConfig
from isotherm.studies.ensemble.tables import conclusions, problems, tables
from isotherm.studies.market.pool_study import COINS_AND_TEST, PoolStudy
from isotherm.study.base import Arrays, Result, Task, linked
from isotherm.study.tables import Table


class EnsembleStudy(PoolStudy[EnsembleConfig]):
    """A chain of links of draws at each temperature, and then what the draws do; an optimum beside."""

    name = "ensemble"
    title = "Ensembles of strategies"
    summary = (
        "Parameters of a pool's rule are drawn from a prior, tilted by an inverse temperature towards an objective "
        "on fitted minutes. How sharply the draws agree says what prices determine; how they do on a test that no "
        "draw knows says what that is worth. The optimum that training seeks is the cold end. With prices, settings "
        "or parameters of one's own it begins with the preset own, where nothing is set."
    )
    config = EnsembleConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            **COINS_AND_TEST,
            "end": "2022-03-09 00:00:00",
            "test_end": "2022-03-14 00:00:00",
            "betas": (0.0, 10.0),
            "num_chains": 2,
            "num_draws": 20,
            "block": 10,
            "thin": 1,
            "num_warmup": 10,
            "num_played": 4,
            "num_members": 2,
            "n_iterations": 0,
        },
        "published": {
            **COINS_AND_TEST,
            "betas": (0.0, 1.0, 3.0, 10.0, 20.0),
            "noise_scale": 0.5,
            "thin": 25,
            "num_warmup": 800,
        },
        "own": {},
    }

    def _check(self, config: EnsembleConfig) -> None:
        from isotherm.studies.ensemble.inputs import check_ensemble_config

        check_ensemble_config(config)

    def tasks(self, config: EnsembleConfig) -> list[Task]:
        """Links of draws at each temperature and what they do, and the optimum."""
        found = []
        for i, beta in enumerate(config.betas):
            count = config.sampling(beta).num_blocks
            names = [*(f"beta-{i}-{link}" for link in range(count)), f"played-{i}"]
            found += linked(Task(name, {"beta": beta}) for name in names)
        return [*found, *([Task("optimum")] if config.n_iterations else [])]

    def compute(self, config: EnsembleConfig, task: Task) -> Arrays:
        """The first link at a temperature, or the optimum."""
        from isotherm.studies.ensemble import runs

        if task.name == "optimum":
            return runs.optimum(config)
        return runs.first_link(config, task.payload["beta"])

    def proceed(self, config: EnsembleConfig, task: Task, earlier: Arrays) -> Arrays:
        """The next link, or what the draws do."""
        from isotherm.studies.ensemble import runs

        step = runs.outcome if task.name.startswith("played-") else runs.next_link
        return step(config, task.payload["beta"], earlier)

    def combine(self, config: EnsembleConfig, results: Mapping[str, Arrays]) -> Result:
        """Numbers of all temperatures."""
        from isotherm.studies.ensemble.results import combined
        from isotherm.studies.market.pool_run import fingerprint_of

        return combined(config, dict(fingerprint_of(config)), results)

    def tables(self, config: EnsembleConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Temperatures, how the draws were made, parameters, settings."""
        return tables(metrics)

    def conclusions(self, config: EnsembleConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What draws do in and out of sample, what an optimum is among them, what prices determine."""
        return conclusions(metrics)

    def failures(self, config: EnsembleConfig, metrics: Mapping[str, Any]) -> list[str]:
        """An objective that is no number."""
        return problems(metrics)

    def figures(
        self, config: EnsembleConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Objectives over temperatures, fans of value and weights, parameters, chains."""
        from isotherm.studies.ensemble.figures import figures

        yield from figures(metrics, arrays)
