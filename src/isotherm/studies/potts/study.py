"""Potts models of 2 to 6 states and of 10: where each orders, how, and when the transition jumps."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.studies.potts.config import PottsConfig
from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.tables import Table


class PottsStudy(Study[PottsConfig]):
    """Curves, critical points, energy histograms and hysteresis."""

    name = "potts"
    title = "Potts models: how the transition changes with the number of states"
    summary = (
        "At which temperature does each Potts model order, and does it do so steadily or at once? Cluster moves give "
        "curves, finite-size scaling the critical points of 2 to 6 states against ln(1 + √q), histograms the latent "
        "heat of 10 states; local moves from order and from disorder show hysteresis."
    )
    config = PottsConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "states": (3,),
            "guesses": (1.0,),
            "windows": (0.4,),
            "curve_size": 8,
            "curve_betas": (0.6, 0.9, 1.0, 1.1, 1.5),
            "curve_draws": 160,
            "critical_sizes": (4, 6, 8),
            "num_points": 5,
            "critical_draws": 320,
            "jumping_sizes": (6, 8),
            "jumping_draws": 400,
            "branch_size": 16,
            "branch_draws": 40,
            "hysteresis_sweeps": 20,
            "num_resamples": 20,
        },
        "published": {},
    }

    def check(self, config: PottsConfig) -> None:
        """Refuse guesses that do not go with the numbers of states."""
        from isotherm.errors import refusal

        for name in ("guesses", "windows"):
            if len(getattr(config, name)) != len(config.states):
                raise refusal(name, getattr(config, name), f"needs one for each of states = {config.states}")
        if len(set(config.states)) != len(config.states):
            raise refusal("states", config.states, "must not hold a number twice")

    def tasks(self, config: PottsConfig) -> list[Task]:
        """Curves of each number of states, a task for each size of the scaling, and the hysteresis."""
        n = config.curve_size
        found = [
            Task(f"curves.{q}", {"part": "curves", "q": q, "size": n}, n**2 / 50)
            for q in sorted({*config.states, config.jumping})
        ]
        found += [
            Task(f"critical.{q}.{n}", {"part": "critical", "q": q, "size": n}, n / 2)
            for q in config.states
            for n in config.critical_sizes
        ]
        found += [
            Task(f"jump.{n}", {"part": "jump", "q": config.jumping, "size": n}, n**2 / 10)
            for n in config.jumping_sizes
        ]
        found.append(Task("branches", {"part": "branches", "q": config.jumping}, config.branch_size**2 / 100))
        return [*found, Task("hysteresis", {"part": "hysteresis", "q": config.jumping}, 10.0)]

    def compute(self, config: PottsConfig, task: Task) -> Arrays:
        """Block means of a sweep, ``(2, temperatures, chains, blocks)``; energies where histograms are made."""
        from isotherm.studies.potts import runs as potts_runs

        return potts_runs.RUNS[task.payload["part"]](config, task)

    def combine(self, config: PottsConfig, results: Mapping[str, Arrays]) -> Result:
        """Curves, critical points, exponents, latent heat and agreement of the starts."""
        from isotherm.studies.potts import results as potts_results

        return potts_results.combine(config, results)

    def tables(self, config: PottsConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Critical points, the first-order transition, exponents of three states, agreement."""
        from isotherm.studies.potts import tables as potts_tables

        return potts_tables.tables(config, metrics)

    def conclusions(self, config: PottsConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What was found and what such lattices cannot show."""
        from isotherm.studies.potts import tables as potts_tables

        return potts_tables.conclusions(config, metrics)

    def figures(
        self, config: PottsConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Curves, crossings, histograms, hysteresis."""
        from isotherm.studies.potts import figures as potts_figures

        return potts_figures.figures(config, metrics, arrays)
