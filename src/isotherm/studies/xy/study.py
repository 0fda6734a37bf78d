"""The XY model: the jump of the helicity modulus, vortices, and clock models beside it."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.errors import refusal
from isotherm.studies.xy.config import XYConfig, parts
from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.tables import Table


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
        from isotherm.studies.xy.runs import sweep_of

        return sweep_of(config, task.payload)

    def combine(self, config: XYConfig, results: Mapping[str, Arrays]) -> Result:
        """Curves with errors, the fits of the transition, and how far the two starts differ."""
        from isotherm.studies.xy.results import findings

        found = {(task.payload["angles"], task.payload["size"]): task for task in self.tasks(config)}
        curves = []
        for part in parts(config):
            task = found[part.angles, part.size]
            where = [task.payload["temperatures"].index(one) for one in part.temperatures]
            curves.append((part, {name: value[:, where] for name, value in results[task.name].items()}))
        return Result(*findings(config, curves))

    def tables(self, config: XYConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """Fits, crossings and the clock models."""
        from isotherm.studies.xy.tables import tables

        return tables(config, metrics)

    def conclusions(self, config: XYConfig, metrics: Mapping[str, Any]) -> list[str]:
        """Where the transition is, and whether what was expected is seen."""
        from isotherm.studies.xy.tables import conclusions

        return conclusions(config, metrics)

    def figures(
        self, config: XYConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """Helicity, the fit, what vanishes and what peaks, decay of correlations, starts and clock models."""
        from isotherm.studies.xy import clock_drawings as clocks
        from isotherm.studies.xy import drawings as plot

        data = plot.Data(config.sizes, config.curve_sizes, config.six_sizes, arrays, metrics)
        yield plot.helicity(data)
        yield plot.transition(data)
        yield plot.thermodynamics(data)
        yield plot.decay(data)
        yield clocks.beside(data, config.num_angles)
        if config.six_sizes:
            yield clocks.six_angles(data)
        yield clocks.starts(data)
