"""Random couplings and fields of lattice models."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from isotherm import doors
from isotherm.energy.inputs import LARGEST
from isotherm.energy.lattice.shapes import Lattice
from isotherm.random.keys import KeyOrSeed


def plus_minus_couplings(
    key: KeyOrSeed, lattice: Lattice, probability: float = 0.5, strength: float = 1.0
) -> Float[Array, "directions *shape"]:
    """Each bond ``+strength`` with the given probability, else ``-strength``: the ±J glass.

    Args:
        key: one JAX key, or a seed.
        lattice: the geometry.
        probability: in ``[0, 1]``.
        strength: at least 0.

    Raises:
        ValueError: naming the argument out of range.

    Returns:
        Shape ``(directions, *shape)``, an entry for each site and direction, also where there is no bond.

    References:
        Toulouse, Theory of the frustration effect in spin glasses, Communications on Physics 2 (1977) 115.
    """
    key = _checked(key, lattice)
    doors.number("probability", probability, least=0, most=1)
    doors.number("strength", strength, least=0, most=LARGEST)
    return jnp.where(jax.random.bernoulli(key, probability, lattice.has_bond.shape), strength, -strength)


def gaussian_couplings(
    key: KeyOrSeed, lattice: Lattice, mean: float = 0.0, std: float = 1.0
) -> Float[Array, "directions *shape"]:
    """An independent normal coupling for each bond: the Edwards-Anderson glass.

    Args:
        key: one JAX key, or a seed.
        lattice: the geometry.
        mean: of the law.
        std: of the law, at least 0.

    Raises:
        ValueError: naming the argument out of range.

    Returns:
        float32, shape ``(directions, *shape)``, an entry for each site and direction, also where there is no bond.

    References:
        Edwards and Anderson, Theory of spin glasses, J. Phys. F 5 (1975) 965.
    """
    key = _checked(key, lattice)
    doors.number("mean", mean, least=-LARGEST, most=LARGEST)
    doors.number("std", std, least=0, most=LARGEST)
    return mean + std * jax.random.normal(key, lattice.has_bond.shape, jnp.float32)


def gaussian_fields(key: KeyOrSeed, lattice: Lattice, std: float = 1.0) -> Float[Array, "*shape"]:
    """An independent normal field for each site: the random-field model.

    Args:
        key: one JAX key, or a seed.
        lattice: the geometry.
        std: of the law, at least 0.

    Raises:
        ValueError: naming the argument out of range.

    Returns:
        float32, shape ``(*shape,)`` of the lattice.

    References:
        Imry and Ma, Random-field instability of the ordered state, Phys. Rev. Lett. 35 (1975) 1399.
    """
    key = _checked(key, lattice)
    doors.number("std", std, least=0, most=LARGEST)
    return std * jax.random.normal(key, lattice.shape, jnp.float32)


def _checked(key: KeyOrSeed, lattice: Lattice) -> Key[Array, ""]:
    key = doors.random_key("key", key)
    doors.instance("lattice", lattice, Lattice, "a Lattice", "square(8) makes one")
    return key
