"""Strategies drawn in the place of the best one: what the prices say of them, and what they leave open."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.studies.ensemble.config import EnsembleConfig
from isotherm.studies.ensemble.tables import conclusions, problems, tables
from isotherm.study.base import Arrays, Result, Study, Task
from isotherm.study.tables import Table

_SHIPPED: Mapping[str, Any] = {
    "tokens": ("BTC", "ETH", "SOL"),
    "rule": "momentum",
    "start": "2022-02-17 00:00:00",
    "end": "2022-04-07 00:00:00",
    "test_end": "2022-04-29 00:00:00",
    "max_memory_days": 14.0,
    "memory_days": 5.0,
    "k_per_day": 20.0,
}
"""Three coins in spring 2022, without fees: with them every move of a chain walks through all minutes."""

_OF_THE_USER = ("prices", "fingerprint_file", "params_file")


class EnsembleStudy(Study[EnsembleConfig]):
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
            **_SHIPPED,
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
            **_SHIPPED,
            "betas": (0.0, 1.0, 3.0, 10.0, 20.0),
            "noise_scale": 0.5,
            "thin": 25,
            "num_warmup": 800,
        },
        "own": {},
    }

    def preset_of(self, given: Mapping[str, Any]) -> str:
        """``own`` where prices, settings or parameters are the user's: nothing else is then set."""
        return "own" if any(given.get(field) for field in _OF_THE_USER) else self.default_preset

    def inputs(self, config: EnsembleConfig) -> Mapping[str, Path]:
        """Files that results depend on: settings, parameters, and the price file of each token."""
        from isotherm.studies.market.pool_inputs import pool_inputs

        return pool_inputs(config)

    def check(self, config: EnsembleConfig) -> None:
        """Refuse settings, parameters and prices that do not fit, before any work."""
        from isotherm.studies.ensemble.inputs import check_ensemble_config

        check_ensemble_config(config)

    def tasks(self, config: EnsembleConfig) -> list[Task]:
        """Links of draws at each temperature and what they do, and the optimum."""
        found = []
        for i, beta in enumerate(config.betas):
            count = config.sampling(beta).num_blocks
            names = [*(f"beta-{i}-{link}" for link in range(count)), f"played-{i}"]
            found += [
                Task(name, {"beta": beta}, after=names[at - 1] if at else None)
                for at, name in enumerate(names)
            ]
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
