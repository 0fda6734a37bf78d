"""Estimates of lattice models and their errors from means over independent chains; NumPy only."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

Means = Mapping[str, np.ndarray]


class Estimates(NamedTuple):
    """Values with standard errors, one a temperature, by name.

    Attributes:
        values: ``(temperatures,)`` each.
        errors: the same.
    """

    values: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]


def quantities(means: Means, betas: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """What is told of a lattice model, from the means of what was measured; all ``(..., betas)``.

    Args:
        means: mean observables, see :func:`isotherm.studies.lattice.sweep.moments`, ``(..., betas)``.
        betas: inverse temperatures.
        size: linear extent of a square lattice.
    """
    num_sites, m2 = size**2, means["magnetization2"]
    plain = ("energy", "magnetization2", "abs_magnetization", "largest_fraction")
    found = {name: means[name] for name in plain if name in means}
    found["heat_capacity"] = betas**2 * num_sites * (means["energy2"] - means["energy"] ** 2)
    found["binder"] = 1 - means["magnetization4"] / (3 * m2**2)
    found["susceptibility"] = betas * num_sites * (m2 - means["abs_magnetization"] ** 2)
    if "helicity_cosine" in means:
        found["helicity_modulus"] = means["helicity_cosine"] - betas * num_sites * means["helicity_sine2"]
    if "vortex_density" in means:
        found["vortex_density"] = (means["vortex_density"] + means["antivortex_density"]) / 2
    if "structure_kmin" in means:
        ratio = np.maximum(m2 / means["structure_kmin"] - 1, 0)
        found["correlation_length"] = np.sqrt(ratio) / (2 * np.sin(np.pi / size))
    return found


def estimates(means: Means, betas: np.ndarray, size: int) -> Estimates:
    """All of :func:`quantities` by a jackknife that leaves out one chain after another.

    Args:
        means: ``(starts, betas, chains)`` each; chains of all starts count alike.
        betas: inverse temperatures.
        size: linear extent.
    """
    flat = {name: np.moveaxis(value, 1, -1).reshape(-1, len(betas)) for name, value in means.items()}
    return _jackknife(lambda one: quantities(one, betas, size), flat)


def disagreement(means: Means, betas: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """Difference between the chains from order and those from disorder in units of its error, ``(betas,)`` each."""
    order, disorder = (estimates({k: v[[i]] for k, v in means.items()}, betas, size) for i in range(2))
    return {
        name: (order.values[name] - disorder.values[name])
        / np.maximum(np.hypot(order.errors[name], disorder.errors[name]), 1e-12)
        for name in order.values
    }


def _jackknife(function: Callable[[Means], dict[str, np.ndarray]], means: Means) -> Estimates:
    """Of functions of means; ``means`` lead with independent chains."""
    num_chains = len(next(iter(means.values())))
    whole = {name: value.mean(0) for name, value in means.items()}
    without = {name: (num_chains * whole[name] - value) / (num_chains - 1) for name, value in means.items()}
    spread = {name: value.std(0) * np.sqrt(num_chains - 1) for name, value in function(without).items()}
    return Estimates(function(whole), spread)
