"""Means, spreads and quotients whose gradients stay finite where a spread or a divisor is zero."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def spread(x: Float[Array, " n"]) -> Float[Array, ""]:
    """Population standard deviation of ``(n,)``; its gradient is 0, not NaN, where nothing varies."""
    return safe_sqrt(jnp.mean((x - jnp.mean(x)) ** 2))


def safe_sqrt(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Square root of numbers at least 0, any shape ``(*shape,)``, with gradient 0 at 0."""
    is_positive = x > 0
    return jnp.where(is_positive, jnp.sqrt(jnp.where(is_positive, x, 1.0)), 0.0)


def ratio(above: Float[Array, ""], below: Float[Array, ""]) -> Float[Array, ""]:
    """A quotient of scalars: infinite where the divisor alone is 0, NaN where both are; gradients stay finite."""
    is_zero = below == 0
    infinite = jnp.where(above == 0, jnp.nan, jnp.sign(above) * jnp.inf).astype(above.dtype)
    return jnp.where(is_zero, infinite, above / jnp.where(is_zero, 1.0, below))


def growth(gain: Float[Array, "*shape"], power: float) -> Float[Array, "*shape"]:
    """What a gain compounds to, ``(1 + gain)^power - 1``, without cancellation; any shape ``(*shape,)``."""
    return jnp.expm1(power * jnp.log1p(gain))
