"""The tilt of a discrete law, traced: the one softmax of an energy."""

import jax
from jaxtyping import Array, Float


def tilted_logits(
    log_base: Float[Array, "*batch n"],
    reward: Float[Array, "*batch n"],
    beta: Float[Array, ""] | float = 1.0,
) -> Float[Array, "*batch n"]:
    """Normalised log probabilities of ``q exp(beta Q) / Z``, in nats.

    Args:
        log_base: ``log q`` up to a constant, ``-inf`` where never taken, somewhere finite.
        reward: ``Q``, finite.
        beta: inverse temperature, finite; 0 gives the base back.

    Returns:
        Of the shape given; exponentials sum to 1 over the last axis.

    >>> import jax.numpy as jnp
    >>> base = jnp.log(jnp.array([0.5, 0.5, 0.0]))
    >>> jnp.exp(tilted_logits(base, jnp.array([0.0, jnp.log(3.0), 9.0]))).round(6).tolist()
    [0.25, 0.75, 0.0]
    """
    return jax.nn.log_softmax(log_base + beta * reward, axis=-1)
