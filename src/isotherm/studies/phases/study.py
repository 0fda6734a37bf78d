"""The published pictures and diagrams of lattices, in equilibrium: Ising, Potts and planar spins."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from isotherm.errors import refusal
from isotherm.studies.phases.config import IsingPart, PhaseDiagramsConfig, PottsPart, XYPart
from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.tables import Table


class PhaseDiagrams(Study[PhaseDiagramsConfig]):
    """Pictures and diagrams of the published set, with their physics mended."""

    name = "phase-diagrams"
    title = "Phases of spin lattices, in equilibrium"
    summary = (
        "The published pictures and phase diagrams of the Ising, Potts and planar-spin models, at the "
        "published sizes "
        "and temperatures, but in equilibrium: cluster updates from ordered and from random starts, both drawn, with "
        "errors. Beside them stands why the published diagrams were stuck: single-site updates from random starts "
        "freeze in stripes and domains."
    )
    config = PhaseDiagramsConfig
    version = 2
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "smoke": {
            "models": ("xy",),
            "xy": {
                "size": 8,
                "periodic": True,
                "betas": (0.6, 1.5),
                "more_betas": (1.1,),
                "local": {"num_samples": 10},
            },
            "num_chains": 4,
            "num_warmup": 20,
            "num_samples": 100,
        },
        "published": {},
        "light": {"ground": "light", "palette": "even"},
        "large": {
            "ising": {"size": 256},
            "potts": {"size": 128, "periodic": True},
            "xy": {"size": 128, "periodic": True},
            "palette": "even",
        },
    }

    def check(self, config: PhaseDiagramsConfig) -> None:
        """Refuse temperatures out of order and unknown palettes."""
        for name in ("ising.temperatures", "potts.betas", "xy.betas"):
            part, field = name.split(".")
            values = getattr(getattr(config, part), field)
            if list(values) != sorted(set(values)):
                raise refusal(name, values, "must ascend")
        from isotherm.plot.raster.lattice import angle_colours

        angle_colours(config.palette)

    def tasks(self, config: PhaseDiagramsConfig) -> list[Task]:
        """A task for each model."""
        weights = {"ising": 6.0, "potts": 2.0, "xy": 3.0}
        return [Task(model, {"model": model}, weights[model]) for model in config.models]

    def compute(self, config: PhaseDiagramsConfig, task: Task) -> Arrays:
        """Means of chains, samples, states, and what local updates reach."""
        from isotherm.studies.phases.runs import run

        return run(config, task.payload["model"])

    def combine(self, config: PhaseDiagramsConfig, results: Mapping[str, Arrays]) -> Result:
        """Curves with errors, agreement of starts, and what the local run shows."""
        from isotherm.studies.phases.results import findings

        return Result(*findings(config, results))

    def tables(self, config: PhaseDiagramsConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """A table a model, and one of the local run."""
        from isotherm.studies.phases.tables import tables

        return tables(config, metrics)

    def conclusions(self, config: PhaseDiagramsConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What is in equilibrium, what was stuck, and what the pictures show."""
        from isotherm.studies.phases.tables import conclusions

        return conclusions(config, metrics)

    def figures(
        self, config: PhaseDiagramsConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """All published outputs by name."""
        from isotherm.studies.phases import drawings as plot

        wheres = {name: _where(getattr(config, name)) for name in config.models}
        counts = (config.potts.num_states, config.xy.num_angles)
        yield from plot.figures(plot.View(config.ground, config.palette, wheres, *counts, metrics, arrays))


def _where(part: IsingPart | PottsPart | XYPart) -> str:
    return f"{part.size} × {part.size}, {'periodic' if part.periodic else 'open'}"
