"""Settings of the study of samplers."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from isotherm.settings.config import Config
from isotherm.settings.kinds import Seed

ModelId = Literal["ising", "plus-minus", "dense", "potts", "mixed", "rbm"]

SamplerId = Literal["gibbs", "gibbs-dense", "informed", "swendsen-wang", "wolff", "tempering"]

MODELS: Mapping[str, str] = {
    "ising": "Ising, 3 × 4 grid with fields",
    "plus-minus": "±J glass, 12 spins of degree 3",
    "dense": "Dense Ising, 8 spins",
    "potts": "Potts, 6 variables, q = 3, with fields",
    "mixed": "Spins and categories, triple factors",
    "rbm": "Boltzmann machine, 6 × 4",
}

SAMPLERS: Mapping[str, str] = {
    "gibbs": "block Gibbs",
    "gibbs-dense": "block Gibbs, dense and fused",
    "informed": "locally informed",
    "swendsen-wang": "Swendsen–Wang",
    "wolff": "Wolff",
    "tempering": "parallel tempering",
}

APPLIES: Mapping[str, tuple[str, ...]] = {
    "ising": ("gibbs", "informed", "swendsen-wang", "wolff", "tempering"),
    "plus-minus": ("gibbs", "informed", "swendsen-wang", "wolff", "tempering"),
    "dense": ("gibbs", "gibbs-dense", "informed", "tempering"),
    "potts": ("gibbs", "informed", "swendsen-wang", "wolff", "tempering"),
    "mixed": ("gibbs", "informed", "tempering"),
    "rbm": ("gibbs", "informed", "tempering"),
}
"""Which samplers are run on which model; cluster moves need pair couplings."""

FALSE_ALARM = 1e-4
"""Probability with which a table of a true sampler's z-scores looks as bad as its bound."""


class SamplerCheckConfig(Config):
    """Settings of the check."""

    models: Annotated[tuple[ModelId, ...], Field(min_length=1)] = (
        "ising",
        "plus-minus",
        "dense",
        "potts",
        "mixed",
        "rbm",
    )
    """Models of the grid, all small enough to enumerate."""

    samplers: Annotated[tuple[SamplerId, ...], Field(min_length=1)] = (
        "gibbs",
        "gibbs-dense",
        "informed",
        "swendsen-wang",
        "wolff",
        "tempering",
    )
    """Samplers to check, each on the models that it applies to."""

    betas: Annotated[tuple[Annotated[float, Field(gt=0, le=10)], ...], Field(min_length=1)] = (0.3, 0.7, 1.2)
    """Inverse temperatures, in ascending order."""

    num_chains: Annotated[int, Field(ge=8, le=100_000)] = 128
    """Independent chains; the error of each moment comes from the spread between them."""

    num_warmup: Annotated[int, Field(ge=0, le=10_000_000)] = 500
    """Steps of each chain before its first draw."""

    num_samples: Annotated[int, Field(ge=8, le=1_000_000)] = 2000
    """Draws a chain."""

    thin: Annotated[int, Field(ge=1, le=10_000)] = 2
    """Steps between draws."""

    seed: Seed = 0
    """Seed of the chains; the models' random parameters do not depend on it."""
