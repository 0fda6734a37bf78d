"""Draws from weights by inversion of their running sum."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def inverted(
    weights: Float[Array, "*batch values"], uniforms: Float[Array, "*batch"]
) -> Int[Array, "*batch"]:
    """The first value whose running sum exceeds a uniform share of the total; never one of weight 0.

    Args:
        weights: at least 0, not all 0; they need not add up to 1.
        uniforms: one a draw, in ``[0, 1)``.
    """
    # rounding may lift a running sum of many weights where the weight is 0
    levels = jnp.where(weights > 0, jnp.cumsum(weights, axis=-1), 0)
    return jnp.argmax(levels > uniforms[..., None] * levels.max(axis=-1, keepdims=True), axis=-1)
