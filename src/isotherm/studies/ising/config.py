"""Settings of the study of the square Ising model."""

from typing import Annotated

from pydantic import Field

from isotherm.settings.config import Config
from isotherm.settings.kinds import Seed
from isotherm.studies.lattice.kinds import Count, Size, Sizes, Temperature, Temperatures

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


def pairs(sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """Every size whose double is there too."""
    return [(n, 2 * n) for n in sorted(sizes) if 2 * n in sizes]
