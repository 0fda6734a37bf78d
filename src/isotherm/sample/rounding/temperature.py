"""Inverse temperatures as samplers take them: as float32 sees them, and never so cold that products overflow."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from isotherm.doors import real_numbers
from isotherm.energy.dense import Ising
from isotherm.energy.graph import FactorGraph
from isotherm.errors import refusal

LARGEST_PRODUCT = 1e37
"""Of an inverse temperature and an energy: a tenth of what float32 holds."""


def sampling_beta(beta: Any, model: FactorGraph | Ising) -> Float[Array, "..."]:
    """An inverse temperature, or one a chain, in float32.

    Infinite ones, and those whose product with an energy would leave float32, become the coldest whose product does
    not: any difference of energies that float32 can tell is then worth ``1e29`` or more, so that the law is the one
    of ``beta`` without bound, with equal energies equally likely.

    Args:
        beta: of shape ``()`` or ``(chains,)``; may be traced, and is then not looked at.
        model: its parameters bound the energies where they are concrete.

    Raises:
        ValueError: if ``beta`` is NaN, or of another shape.
    """
    if isinstance(beta, Tracer):
        return jnp.asarray(beta, jnp.float32)
    host = real_numbers("beta", beta)
    if host.ndim > 1 or not host.size:
        raise refusal("beta.shape", host.shape, "must be (), or (chains,)")
    if np.isnan(host).any():
        raise refusal("beta", host.tolist(), "must be a number")
    if host.size and np.abs(host).max() > 1.0:
        coldest = LARGEST_PRODUCT / max(largest_energy(model), 1.0)
        host = np.clip(host, -coldest, coldest)
    return jnp.asarray(host.astype(np.float32))


def largest_energy(model: FactorGraph | Ising) -> float:
    """A bound on energies of discrete states, from the finite weights that are known; reals count as one."""
    if isinstance(model, Ising):
        return _total((model.biases, model.couplings))
    return sum((_total(f.parameters) * len(f.scope) / _rows(f.parameters) for f in model.factors), 0.0)


def _total(parameters: Any) -> float:
    known = [leaf for leaf in jax.tree.leaves(parameters) if not isinstance(leaf, Tracer)]
    sizes = [np.abs(np.asarray(leaf, np.float64)) for leaf in known]
    return float(sum(np.where(np.isfinite(size), size, 0.0).sum() for size in sizes))


def _rows(parameters: Any) -> int:
    """1 where all factors of an entry share their parameters, else as many as there are."""
    return max((len(leaf) for leaf in jax.tree.leaves(parameters)), default=1)
