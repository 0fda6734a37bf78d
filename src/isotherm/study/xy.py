"""The XY model: the jump of the helicity modulus, vortices, and clock models beside it."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from isotherm.errors import refusal
from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.config import Config
from isotherm.study.tables import Table

Size = Annotated[int, Field(ge=4, le=1024)]
Temperature = Annotated[float, Field(ge=0.02, le=20)]


class XYConfig(Config):
    """Settings of the study of the XY model; all lattices are square and periodic, J = 1."""

    sizes: Annotated[tuple[Size, ...], Field(min_length=3)] = (8, 12, 16, 24, 32, 48, 64)
    """Linear extents of the fit of the transition, ascending."""

    smallest_fitted: Size = 12
    """Smallest extent of the fit that is quoted; fits of other ranges tell its systematic error."""

    critical_temperatures: Annotated[tuple[Temperature, ...], Field(min_length=5)] = (
        0.86,
        0.88,
        0.9,
        0.92,
        0.94,
        0.96,
        0.99,
    )
    """Temperatures of the fit, ascending; curves through them are cubic."""

    curve_sizes: Annotated[tuple[Size, ...], Field(min_length=2)] = (12, 24, 48)
    """Linear extents of the curves over all temperatures, ascending."""

    temperatures: Annotated[tuple[Temperature, ...], Field(min_length=4)] = (
        *(0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.86, 0.92, 0.99, 1.04, 1.1, 1.2, 1.4, 1.7, 2.0),
    )
    """Temperatures of the curves, ascending."""

    num_angles: Annotated[int, Field(ge=7, le=256)] = 16
    """Angles of the clock model that runs beside the XY model, on the second of the curves' extents."""

    six_sizes: tuple[Size, ...] = (8, 12, 16, 24)
    """Linear extents of the clock model of six angles, ascending, two or more; none: leave it out."""

    six_temperatures: Annotated[tuple[Temperature, ...], Field(min_length=4)] = (
        *(0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.1),
    )
    """Temperatures of the clock model of six angles, ascending."""

    method: Literal["swendsen-wang", "wolff", "heat-bath", "metropolis"] = "swendsen-wang"
    """How to sample: embedded clusters, or sweeps of single sites."""

    over_relaxation: Annotated[int, Field(ge=0, le=100)] = 4
    """Sweeps of over-relaxation before each of the heat bath; only with ``heat-bath``."""

    num_chains: Annotated[int, Field(ge=4, le=1000)] = 8
    """Chains from order, and as many from disorder, at each temperature; errors come from their spread."""

    num_warmup: Annotated[int, Field(ge=0, le=10_000_000)] = 100
    """Steps before the first draw."""

    num_samples: Annotated[int, Field(ge=10, le=10_000_000)] = 600
    """Draws a chain, one a step; in whole blocks."""

    block_length: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Draws kept in memory at a time."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seed of all chains."""


class Part(NamedTuple):
    """One curve: its name in the arrays, how many angles (0: all of them), the extent and the temperatures."""

    name: str
    angles: int
    size: int
    temperatures: tuple[float, ...]


def parts(config: XYConfig) -> list[Part]:
    """All curves of the study; those of one model and size are run together."""
    found = [Part(f"critical.{size}", 0, size, config.critical_temperatures) for size in config.sizes]
    found += [Part(f"curve.{size}", 0, size, config.temperatures) for size in config.curve_sizes]
    size = config.curve_sizes[1]
    found.append(Part(f"clock.{size}", config.num_angles, size, config.temperatures))
    return found + [Part(f"six.{size}", 6, size, config.six_temperatures) for size in config.six_sizes]


class XY(Study[XYConfig]):
    """Where spins stiffen and pairs bind, in the model of planar spins."""

    name = "xy"
    title = "Planar spins: a transition without an order parameter"
    summary = (
        "The XY model in two dimensions has no order at any temperature above zero, yet it stiffens: below the "
        "temperature of Kosterlitz and Thouless vortices and antivortices bind in pairs, and the helicity modulus "
        "jumps. The study finds that temperature from the helicity modulus of several sizes, with its error, and the "
        "decay of correlations below it; it shows energy, heat capacity, vortices and the vanishing magnetization. "
        "All of it runs from order and from disorder. Clock models of sixteen and six angles stand beside it."
    )
    config = XYConfig
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "sizes": (4, 6, 8),
            "smallest_fitted": 4,
            "critical_temperatures": (0.85, 0.9, 0.95, 1.0, 1.05),
            "curve_sizes": (4, 8),
            "temperatures": (0.4, 0.7, 1.0, 1.5),
            "six_sizes": (),
            "num_chains": 4,
            "num_warmup": 50,
            "num_samples": 100,
        },
        "published": {},
        "large": {
            "sizes": (8, 12, 16, 24, 32, 48, 64, 96, 128),
            "smallest_fitted": 16,
            "curve_sizes": (32, 64, 128),
            "six_sizes": (12, 16, 24, 32, 48),
            "num_samples": 4000,
        },
    }

    def check(self, config: XYConfig) -> None:
        """Refuse lists that do not ascend, and a fit of fewer than three sizes."""
        for name in (
            "sizes",
            "critical_temperatures",
            "curve_sizes",
            "temperatures",
            "six_sizes",
            "six_temperatures",
        ):
            values = getattr(config, name)
            if any(later <= earlier for earlier, later in itertools.pairwise(values)):
                raise refusal(name, values, "must ascend")
        if len(config.six_sizes) == 1:
            raise refusal("six_sizes", config.six_sizes, "needs two sizes, or none")
        if sum(size >= config.smallest_fitted for size in config.sizes) < 3:
            raise refusal("smallest_fitted", config.smallest_fitted, "must leave at least three of sizes")

    def tasks(self, config: XYConfig) -> list[Task]:
        """A task for each model and size."""
        together: dict[tuple[int, int], set[float]] = {}
        for part in parts(config):
            together.setdefault((part.angles, part.size), set()).update(part.temperatures)
        return [
            Task(
                f"angles-{angles}.size-{size}" if angles else f"xy.size-{size}",
                {"angles": angles, "size": size, "temperatures": sorted(found)},
                float(size**2 * len(found)),
            )
            for (angles, size), found in together.items()
        ]

    def compute(self, config: XYConfig, task: Task) -> Arrays:
        """Mean observables of each chain, ``(starts, temperatures, chains)``."""
        from isotherm.study.xy_runs import sweep_of

        return sweep_of(config, task.payload)

    def combine(self, config: XYConfig, results: Mapping[str, Arrays]) -> Result:
        """Curves with errors, the fits of the transition, and how far the two starts differ."""
        from isotherm.study.xy_findings import findings

        found = {(task.payload["angles"], task.payload["size"]): task for task in self.tasks(config)}
        curves = []
        for part in parts(config):
            task = found[part.angles, part.size]
            where = [task.payload["temperatures"].index(one) for one in part.temperatures]
            curves.append((part, {name: value[:, where] for name, value in results[task.name].items()}))
        return Result(*findings(config, curves))

    def tables(self, config: XYConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Fits, crossings and the clock models."""
        from isotherm.study.xy_tables import tables

        return tables(config, metrics)

    def conclusions(self, config: XYConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Where the transition is, and whether what was expected is seen."""
        from isotherm.study.xy_tables import conclusions

        return conclusions(config, metrics)

    def figures(
        self, config: XYConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Helicity, the fit, what vanishes and what peaks, decay of correlations, starts and clock models."""
        from isotherm.plot import xy as plot
        from isotherm.plot import xy_clocks as clocks

        data = plot.Data(config.sizes, config.curve_sizes, config.six_sizes, arrays, metrics)
        yield plot.helicity(data)
        yield plot.transition(data)
        yield plot.thermodynamics(data)
        yield plot.decay(data)
        yield clocks.beside(data, config.num_angles)
        if config.six_sizes:
            yield clocks.six_angles(data)
        yield clocks.starts(data)
