"""What studies tell of square lattices, with errors from independent chains; NumPy only."""

from collections.abc import Mapping

import numpy as np

from isotherm.estimate import quantities
from isotherm.estimate.autocorrelation import WithError
from isotherm.estimate.scores import difference

TOLD = (
    "energy",
    "magnetization2",
    "abs_magnetization",
    "largest_fraction",
    "heat_capacity",
    "binder",
    "susceptibility",
    "helicity_modulus",
    "vortex_density",
    "correlation_length",
)
"""Estimates that are kept, where a model has them; ``vortex_density`` is the mean of both signs."""


def estimates(means: Mapping[str, np.ndarray], betas: np.ndarray, size: int) -> dict[str, WithError]:
    """Estimates by name, ``(betas,)`` each, by a jackknife that leaves out one chain after another.

    Args:
        means: mean observables, ``(starts, betas, chains)`` each; chains of all starts count alike.
        betas: inverse temperatures, ``(betas,)``.
        size: linear extent.
    """
    chains = {name: np.moveaxis(value, 1, 0) for name, value in means.items()}
    if "vortex_density" in chains:
        chains["vortex_density"] = (chains["vortex_density"] + chains["antivortex_density"]) / 2
    found = quantities.estimates(chains, betas, size**2, size, unbiased=False)
    return {name: found[name] for name in TOLD if name in found}


def disagreement(means: Mapping[str, np.ndarray], betas: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """Difference between the chains from order and those from disorder in units of its error, ``(betas,)`` each."""
    order, disorder = (estimates({k: v[[i]] for k, v in means.items()}, betas, size) for i in range(2))
    return {name: difference(order[name], disorder[name]) for name in order}
