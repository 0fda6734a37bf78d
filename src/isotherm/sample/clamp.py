"""Evidence: which spins are held, and at which values."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Int8


class Clamp(NamedTuple):
    """Spins held at given values; both leaves are traced, so changing either never recompiles.

    Attributes:
        mask: shape ``(n,)``, True where the spin is held.
        values: shape ``(n,)``, int8, ``+1`` or ``-1`` where held; ignored elsewhere.
    """

    mask: Bool[Array, " n"]
    values: Int8[Array, " n"]

    @classmethod
    def none(cls, n: int) -> "Clamp":
        """No spin is held."""
        return cls(mask=jnp.zeros(n, bool), values=jnp.ones(n, jnp.int8))
