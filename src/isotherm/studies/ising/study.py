"""The square Ising model: exact curves, critical point and exponents with errors, dynamics, stripes."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.studies.ising.config import DYNAMICS, IsingConfig, pairs
from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.tables import Table


class IsingStudy(Study[IsingConfig]):
    """Curves, critical point, exponents and dynamics."""

    name = "ising"
    title = "The Ising model at its critical point"
    summary = (
        "Where does the square Ising model order, and how? Cluster moves give energy, heat capacity, magnetization "
        "and susceptibility over temperature, from ordered and from random starts, against the exact answers; "
        "finite-size scaling finds the critical temperature and exponents with errors; the same is asked of local "
        "moves, which slow down at the critical point and get stuck in stripes below it."
    )
    config = IsingConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "sizes": (8,),
            "temperatures": (1.5, 2.0, 2.27, 2.5, 3.5),
            "curve_draws": 160,
            "critical_sizes": (4, 8, 16),
            "num_points": 5,
            "critical_chains": 8,
            "critical_draws": 300,
            "dynamic_sizes": (4, 8),
            "dynamic_draws": 400,
            "quench_size": 32,
            "quench_sweeps": 100,
            "num_quenches": 8,
            "num_resamples": 20,
        },
        "published": {},
    }

    def check(self, config: IsingConfig) -> None:
        """Refuse sizes of the scaling of which none is twice another."""
        from isotherm.errors import refusal

        if len(pairs(config.critical_sizes)) < 2:
            raise refusal("critical_sizes", config.critical_sizes, "needs two pairs of a size and its double")

    def tasks(self, config: IsingConfig) -> list[Task]:
        """A task for each size of each part."""
        found = [Task(f"curves.{n}", {"part": "curves", "size": n}, n**2 / 100) for n in config.sizes]
        found += [
            Task(f"critical.{n}", {"part": "critical", "size": n}, n**3 / 300) for n in config.critical_sizes
        ]
        found += [
            Task(f"dynamics.{method}.{n}", {"part": "dynamics", "size": n, "method": method}, n**2 / 50)
            for method in DYNAMICS
            for n in config.dynamic_sizes
        ]
        return [*found, Task("quench", {"part": "quench"}, 20.0)]

    def compute(self, config: IsingConfig, task: Task) -> Arrays:
        """Block means of a sweep, ``(2, temperatures, chains, blocks)``; or series, or the quench."""
        from isotherm.studies.ising import runs as ising_runs

        return ising_runs.RUNS[task.payload["part"]](config, task)

    def combine(self, config: IsingConfig, results: Mapping[str, Arrays]) -> Result:
        """Curves, critical point and exponents, relaxation times, and what became of the quenches."""
        from isotherm.studies.ising import results as ising_results

        return ising_results.combine(config, results)

    def tables(self, config: IsingConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Critical point and exponents, crossings, relaxation times, agreement."""
        from isotherm.studies.ising import tables as ising_tables

        return ising_tables.tables(config, metrics)

    def conclusions(self, config: IsingConfig, metrics: Mapping[str, Any]) -> list[str]:
        """The critical point, agreement, dynamics and the quench."""
        from isotherm.studies.ising import tables as ising_tables

        return ising_tables.conclusions(config, metrics)

    def figures(
        self, config: IsingConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Curves, crossings, collapse, exponents, relaxation, quench."""
        from isotherm.studies.ising import figures as ising_figures

        return ising_figures.figures(config, metrics, arrays)
