"""Settings of the study of Potts models."""

from typing import Annotated

from pydantic import Field

from isotherm.settings.config import Config
from isotherm.settings.kinds import Seed
from isotherm.studies.lattice.kinds import Count, Size

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
