"""Draws from weights by inversion of their running sum."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def inverted(
    weights: Float[Array, "*batch values"], uniforms: Float[Array, "*batch"]
) -> Int[Array, "*batch"]:
    """The first value whose running sum exceeds a uniform share of the total.

    Args:
        weights: at least 0, not all 0; they need not add up to 1.
        uniforms: one a draw, in ``[0, 1)``.
    """
    levels = jnp.cumsum(weights, axis=-1)
    return jnp.argmax(levels > uniforms[..., None] * levels[..., -1:], axis=-1)
