"""Random couplings and fields of lattice models."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from isotherm.energy.inputs import check_number
from isotherm.energy.lattice import Lattice
from isotherm.errors import refusal


def plus_minus_couplings(
    key: Key[Array, ""], lattice: Lattice, probability: float = 0.5, strength: float = 1.0
) -> Float[Array, "directions *shape"]:
    """Each bond ``+strength`` with the given probability, else ``-strength``: the ±J glass.

    Raises:
        ValueError: if the probability is not in ``[0, 1]``, or the strength too large for float32.
    """
    check_number("strength", strength)
    if not 0 <= probability <= 1:
        raise refusal("probability", probability, "must lie within 0 .. 1")
    return jnp.where(jax.random.bernoulli(key, probability, lattice.has_bond.shape), strength, -strength)


def gaussian_couplings(
    key: Key[Array, ""], lattice: Lattice, mean: float = 0.0, std: float = 1.0
) -> Float[Array, "directions *shape"]:
    """An independent normal coupling for each bond: the Edwards-Anderson glass.

    Raises:
        ValueError: naming the number that is not finite, or too large for float32.
    """
    check_number("mean", mean)
    check_number("std", std)
    return mean + std * jax.random.normal(key, lattice.has_bond.shape, jnp.float32)


def gaussian_fields(key: Key[Array, ""], lattice: Lattice, std: float = 1.0) -> Float[Array, "*shape"]:
    """An independent normal field for each site: the random-field model.

    Raises:
        ValueError: if ``std`` is not finite, or too large for float32.
    """
    check_number("std", std)
    return std * jax.random.normal(key, lattice.shape, jnp.float32)
