"""Settings of the phase diagrams."""

from typing import Annotated, Literal

from pydantic import Field

from isotherm.settings.config import Config
from isotherm.settings.kinds import Count, Extent, Seed

ModelId = Literal["ising", "potts", "xy"]


Values = Annotated[tuple[Annotated[float, Field(ge=0.01, le=100)], ...], Field(min_length=2, max_length=100)]


class LocalRun(Config):
    """A run of single-site updates from random states, as the published program did."""

    num_warmup: Count = 500
    """Sweeps before the first sample."""

    num_samples: Annotated[int, Field(ge=4, le=100_000)] = 100
    """Samples a chain."""

    thin: Count = 5
    """Sweeps before each sample."""


class IsingPart(Config):
    """Ising model on a square lattice, J = 1."""

    size: Extent = 64
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

    size: Extent = 32
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

    size: Extent = 32
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

    num_warmup: Count = 100
    """Cluster steps before the first sample."""

    num_samples: Annotated[int, Field(ge=100, le=1_000_000)] = 500
    """Samples a chain in equilibrium, a cluster step before each; in blocks of twenty-five."""

    ground: Literal["dark", "light"] = "dark"
    """White on black as published, or dark on white for paper."""

    palette: Annotated[str, Field(min_length=1)] = "hsv"
    """Colours of angles: hsv as published, even in brightness as ``even``, or a palette of matplotlib's."""

    seed: Seed = 42
    """Seed of all chains."""
