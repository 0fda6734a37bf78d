"""The square Ising model: exact curves, critical point and exponents with errors, dynamics, stripes."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.config import Config
from isotherm.study.lattice_config import Count, Seed, Size, Sizes, Temperature, Temperatures
from isotherm.study.tables import Table

DYNAMICS = ("heat-bath", "swendsen-wang")
"""Kernels whose relaxation is measured."""


class IsingConfig(Config):
    """Settings of the study."""

    sizes: Sizes = (16, 32, 64, 128)
    """Extents of the lattices whose curves over temperature are drawn."""

    temperatures: Temperatures = (
        *(1.0, 1.5, 1.9, 2.1, 2.2, 2.25),
        *(2.3, 2.35, 2.45, 2.65, 3.1, 4.0),
    )
    """Of the curves, in units of the coupling."""

    curve_draws: Count = 240
    """Draws of each chain of the curves, in 6 blocks."""

    critical_sizes: Annotated[tuple[Size, ...], Field(min_length=3)] = (8, 16, 32, 64)
    """Extents of the lattices of the finite-size scaling; it compares every two of which one is twice the other."""

    guess: Temperature = 2.27
    """Where to look for the critical temperature, as one reads it off the curves."""

    window: Annotated[float, Field(gt=0, le=5)] = 0.4
    """Half width ``x`` of the range of temperatures ``guess * (1 + x / size)`` of each size."""

    num_points: Annotated[int, Field(ge=5, le=100)] = 5
    """Temperatures of that range."""

    critical_chains: Annotated[int, Field(ge=2, le=10_000)] = 32
    """Its chains from order, and as many from disorder, at each temperature: bit-packed local sweeps."""

    critical_draws: Count = 6400
    """Draws of each of its chains at the smallest size, ``size**2 / 8`` sweeps apart, in 10 blocks; at larger sizes
    fewer in proportion, which finds the critical temperature best for the time that all sizes take."""

    num_chains: Annotated[int, Field(ge=2, le=10_000)] = 8
    """Chains of the curves from order, and as many from disorder, at each temperature, by clusters."""

    dynamic_sizes: Annotated[tuple[Size, ...], Field(min_length=2)] = (8, 12, 16, 24, 32)
    """Extents of the lattices whose relaxation at the critical point is measured."""

    dynamic_draws: Count = 6000
    """Draws of each of 32 chains; local ones are thinned in proportion to ``size**2``."""

    quench_size: Size = 64
    """Extent of the lattice that is quenched by local moves from a random state."""

    quench_temperature: Temperature = 1.0
    """What it is quenched to."""

    quench_sweeps: Annotated[int, Field(ge=10, le=1_000_000)] = 4000
    """How long it is watched."""

    num_quenches: Annotated[int, Field(ge=8, le=100_000)] = 128
    """Independent quenches."""

    num_resamples: Annotated[int, Field(ge=10, le=10_000)] = 100
    """Resamples of the blocks, from which all errors of the scaling come."""

    seed: Seed = 0
    """Seed of all chains and resamples."""


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
        from isotherm.study import ising_runs

        return ising_runs.RUNS[task.payload["part"]](config, task)

    def combine(self, config: IsingConfig, results: Mapping[str, Arrays]) -> Result:
        """Curves, critical point and exponents, relaxation times, and what became of the quenches."""
        from isotherm.study import ising_results

        return ising_results.combine(config, results)

    def tables(self, config: IsingConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Critical point and exponents, crossings, relaxation times, agreement."""
        from isotherm.study import ising_tables

        return ising_tables.tables(config, metrics)

    def conclusions(self, config: IsingConfig, metrics: Mapping[str, Any]) -> list[str]:
        """The critical point, agreement, dynamics and the quench."""
        from isotherm.study import ising_tables

        return ising_tables.conclusions(config, metrics)

    def figures(
        self, config: IsingConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Curves, crossings, collapse, exponents, relaxation, quench."""
        from isotherm.study import ising_figures

        return ising_figures.figures(config, metrics, arrays)


def pairs(sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """Every size whose double is there too."""
    return [(n, 2 * n) for n in sorted(sizes) if 2 * n in sizes]
