"""Settings of the study of planar spins, and its parts."""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from isotherm.settings.config import Config
from isotherm.settings.kinds import Extent, Seed

Temperature = Annotated[float, Field(ge=0.02, le=20)]


class XYConfig(Config):
    """Settings of the study of the XY model; all lattices are square and periodic, J = 1."""

    sizes: Annotated[tuple[Extent, ...], Field(min_length=3)] = (8, 12, 16, 24, 32, 48, 64)
    """Linear extents of the fit of the transition, ascending."""

    smallest_fitted: Extent = 12
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

    curve_sizes: Annotated[tuple[Extent, ...], Field(min_length=2)] = (12, 24, 48)
    """Linear extents of the curves over all temperatures, ascending."""

    temperatures: Annotated[tuple[Temperature, ...], Field(min_length=4)] = (
        *(0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.86, 0.92, 0.99, 1.04, 1.1, 1.2, 1.4, 1.7, 2.0),
    )
    """Temperatures of the curves, ascending."""

    num_angles: Annotated[int, Field(ge=7, le=256)] = 16
    """Angles of the clock model that runs beside the XY model, on the second of the curves' extents."""

    six_sizes: tuple[Extent, ...] = (8, 12, 16, 24)
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

    seed: Seed = 0
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
