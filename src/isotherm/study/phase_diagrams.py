"""The published pictures and diagrams of lattices, in equilibrium: Ising, Potts and planar spins."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from isotherm.errors import refusal
from isotherm.study.base import Arrays, Figure, Result, Study, Task
from isotherm.study.config import Config
from isotherm.study.tables import Table

ModelId = Literal["ising", "potts", "xy"]
Size = Annotated[int, Field(ge=4, le=1024)]
Values = Annotated[tuple[Annotated[float, Field(ge=0.01, le=100)], ...], Field(min_length=2, max_length=100)]
Sweeps = Annotated[int, Field(ge=1, le=1_000_000)]


class LocalRun(Config):
    """A run of single-site updates from random states, as the published program did."""

    num_warmup: Sweeps = 500
    """Sweeps before the first sample."""

    num_samples: Annotated[int, Field(ge=4, le=100_000)] = 100
    """Samples a chain."""

    thin: Sweeps = 5
    """Sweeps before each sample."""


class IsingPart(Config):
    """Ising model on a square lattice, J = 1."""

    size: Size = 64
    """Linear extent."""

    periodic: bool = True
    """Whether edges are joined."""

    temperatures: Values = (
        *(1.0, 1.2142857, 1.4285714, 1.6428571, 1.8571429, 2.0714286, 2.2857143, 2.5),
        *(2.7142857, 2.9285714, 3.1428571, 3.3571429, 3.5714286, 3.7857143, 4.0),
    )
    """Temperatures, ascending: of the diagram and of the strip of pictures."""

    local: LocalRun = LocalRun()
    """The published run, shown as stuck."""


class PottsPart(Config):
    """Potts model on a square lattice, J = 1."""

    size: Size = 32
    """Linear extent."""

    periodic: bool = False
    """Whether edges are joined."""

    num_states: Annotated[int, Field(ge=2, le=10)] = 5
    """States of a site."""

    betas: Values = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
    """Inverse temperatures of the pictures, ascending."""

    more_betas: tuple[Annotated[float, Field(ge=0.01, le=100)], ...] = (0.75, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4)
    """Further ones of the diagram."""

    local: LocalRun = LocalRun(num_warmup=300, num_samples=500, thin=2)
    """The published run, shown as stuck."""


class XYPart(Config):
    """Planar spins on a square lattice, J = 1."""

    size: Size = 32
    """Linear extent."""

    periodic: bool = False
    """Whether edges are joined."""

    num_angles: Annotated[int, Field(ge=2, le=256)] = 16
    """Angles of the clock model."""

    betas: Values = (0.3, 0.6, 0.9, 1.2, 1.5, 2.0)
    """Inverse temperatures of the pictures, ascending."""

    more_betas: tuple[Annotated[float, Field(ge=0.01, le=100)], ...] = (
        *(0.4, 0.5, 0.7, 0.8, 0.85, 0.95, 1.0, 1.05, 1.1, 1.15, 1.3, 1.4, 1.7, 2.5, 3.0),
    )
    """Further ones of the diagram."""

    local: LocalRun = LocalRun(num_warmup=400, num_samples=400, thin=2)
    """The published run, shown beside equilibrium."""


class PhaseDiagramsConfig(Config):
    """Settings of the published pictures and diagrams."""

    models: Annotated[tuple[ModelId, ...], Field(min_length=1)] = ("ising", "potts", "xy")
    """Which to draw."""

    ising: IsingPart = IsingPart()
    """The Ising transition."""

    potts: PottsPart = PottsPart()
    """The Potts pictures and diagram."""

    xy: XYPart = XYPart()
    """The pictures and diagram of planar spins."""

    num_chains: Annotated[int, Field(ge=4, le=1000)] = 8
    """Chains from order, and as many from disorder, at each temperature."""

    num_warmup: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """Cluster steps before the first sample."""

    num_samples: Annotated[int, Field(ge=100, le=1_000_000)] = 500
    """Samples a chain in equilibrium, a cluster step before each; in blocks of twenty-five."""

    ground: Literal["dark", "light"] = "dark"
    """White on black as published, or dark on white for paper."""

    palette: Annotated[str, Field(min_length=1)] = "hsv"
    """Colours of angles: hsv as published, even in brightness as ``even``, or a palette of matplotlib's."""

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42
    """Seed of all chains."""


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
        from isotherm.plot.lattice import angle_colours

        angle_colours(config.palette)

    def tasks(self, config: PhaseDiagramsConfig) -> list[Task]:
        """A task for each model."""
        weights = {"ising": 6.0, "potts": 2.0, "xy": 3.0}
        return [Task(model, {"model": model}, weights[model]) for model in config.models]

    def compute(self, config: PhaseDiagramsConfig, task: Task) -> Arrays:
        """Means of chains, samples, states, and what local updates reach."""
        from isotherm.study.phase_diagrams_runs import run

        return run(config, task.payload["model"])

    def combine(self, config: PhaseDiagramsConfig, results: Mapping[str, Arrays]) -> Result:
        """Curves with errors, agreement of starts, and what the local run shows."""
        from isotherm.study.phase_diagrams_findings import findings

        return Result(*findings(config, results))

    def tables(self, config: PhaseDiagramsConfig, metrics: Mapping[str, Any]) -> list[Table]:
        """A table a model, and one of the local run."""
        from isotherm.study.phase_diagrams_tables import tables

        return tables(config, metrics)

    def conclusions(self, config: PhaseDiagramsConfig, metrics: Mapping[str, Any]) -> list[str]:
        """What is in equilibrium, what was stuck, and what the pictures show."""
        from isotherm.study.phase_diagrams_tables import conclusions

        return conclusions(config, metrics)

    def figures(
        self, config: PhaseDiagramsConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        """All published outputs by name."""
        from isotherm.plot import phase_diagrams as plot

        wheres = {name: _where(getattr(config, name)) for name in config.models}
        counts = (config.potts.num_states, config.xy.num_angles)
        yield from plot.figures(plot.View(config.ground, config.palette, wheres, *counts, metrics, arrays))


def _where(part: IsingPart | PottsPart | XYPart) -> str:
    return f"{part.size} × {part.size}, {'periodic' if part.periodic else 'open'}"
