"""Potts models of 2 to 6 states and of 10: where each orders, how, and when the transition jumps."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.config import Config
from isotherm.study.lattice_config import Count, Seed, Size
from isotherm.study.tables import Table

NumStates = Annotated[int, Field(ge=2, le=20)]
Beta = Annotated[float, Field(gt=0, le=10)]
HalfWidth = Annotated[float, Field(gt=0, le=5)]


class PottsConfig(Config):
    """Settings of the study."""

    states: Annotated[tuple[NumStates, ...], Field(min_length=1)] = (2, 3, 4, 5, 6)
    """Numbers of states whose critical points are found by finite-size scaling."""

    guesses: Annotated[tuple[Beta, ...], Field(min_length=1)] = (0.88, 1.0, 1.1, 1.17, 1.24)
    """Where to look for the critical inverse temperature of each, as one reads it off the curves."""

    jumping: NumStates = 10
    """Number of states of the example of a first-order transition."""

    jumping_guess: Beta = 1.42
    """Where to look for its transition."""

    curve_size: Size = 24
    """Extent of the lattices of the curves and of the hysteresis."""

    curve_betas: Annotated[tuple[Beta, ...], Field(min_length=2)] = (
        *(0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05),
        *(1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6, 1.8),
    )
    """Inverse temperatures of the curves."""

    curve_draws: Count = 240
    """Draws of each chain of the curves, in 6 blocks, after twice as many."""

    critical_sizes: Annotated[tuple[Size, ...], Field(min_length=3)] = (12, 24, 36)
    """Extents of the lattices of the finite-size scaling."""

    windows: Annotated[tuple[HalfWidth, ...], Field(min_length=1)] = (0.5, 0.4, 0.3, 0.2, 0.15)
    """Half width ``x`` of the range of inverse temperatures ``guess * (1 + x / size)``, for each number of states."""

    num_points: Annotated[int, Field(ge=5, le=100)] = 5
    """Inverse temperatures of that range."""

    critical_draws: Count = 4000
    """Draws of each of its chains at the smallest size, in 16 blocks; at larger sizes fewer in proportion."""

    jumping_sizes: Annotated[tuple[Size, ...], Field(min_length=2)] = (8, 12, 16)
    """Extents of the lattices of the first-order transition, small enough for chains to pass from phase to phase."""

    jumping_window: HalfWidth = 0.25
    """Half width of its range, as for ``windows``."""

    jumping_draws: Count = 6000
    """Draws of each of its chains, in 8 blocks."""

    branch_size: Size = 64
    """Extent of the lattices whose phases hardly ever change; free energies come from integrating their energies."""

    branch_draws: Count = 320
    """Draws of each of twice as many chains at the transition, 40 local sweeps apart, and of the chains at 16 inverse
    temperatures on either side of it, 8 sweeps apart; in 4 blocks."""

    num_chains: Annotated[int, Field(ge=2, le=10_000)] = 8
    """Chains from order, and as many from disorder, at each temperature."""

    hysteresis_sweeps: Annotated[int, Field(ge=10, le=1_000_000)] = 300
    """Local sweeps from either start at each inverse temperature; the second half is averaged."""

    num_resamples: Annotated[int, Field(ge=10, le=10_000)] = 100
    """Resamples of the blocks, from which all errors come."""

    seed: Seed = 0
    """Seed of all chains and resamples."""


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
        from isotherm.study import potts_runs

        return potts_runs.RUNS[task.payload["part"]](config, task)

    def combine(self, config: PottsConfig, results: Mapping[str, Arrays]) -> Result:
        """Curves, critical points, exponents, latent heat and agreement of the starts."""
        from isotherm.study import potts_results

        return potts_results.combine(config, results)

    def tables(self, config: PottsConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Critical points, the first-order transition, exponents of three states, agreement."""
        from isotherm.study import potts_tables

        return potts_tables.tables(config, metrics)

    def conclusions(self, config: PottsConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What was found and what such lattices cannot show."""
        from isotherm.study import potts_tables

        return potts_tables.conclusions(config, metrics)

    def figures(
        self, config: PottsConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Curves, crossings, histograms, hysteresis."""
        from isotherm.study import potts_figures

        return potts_figures.figures(config, metrics, arrays)
