"""The best of several choices, evenly among those that tie, whatever their order."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, Key

ROUNDING_STEPS = 8
"""Scores that differ by no more steps of their floating type than this are equal: sums in another order differ so."""


def is_best(
    scores: Float[Array, " n"], allowed: Bool[Array, " n"], tolerance: float = 0.0
) -> Bool[Array, " n"]:
    """Which allowed choices tie for the highest score.

    Args:
        scores: any order of magnitude, infinities included; NaN is worse than every number.
        allowed: choices that may be taken; where none is, the answer is False throughout.
        tolerance: scores this close to the highest tie with it, at least 0. Where the score is large,
            :data:`ROUNDING_STEPS` steps of its type, ``8 eps |score|``, take its place; with 0 only equal ones tie.
    """
    ranked = jnp.where(allowed & ~jnp.isnan(scores), scores, -jnp.inf)
    best = jnp.max(ranked)
    step = float(jnp.finfo(scores.dtype).eps)
    margin = (
        jnp.maximum(tolerance, ROUNDING_STEPS * step * jnp.abs(best)) if tolerance else jnp.zeros_like(best)
    )
    # an infinite best less an infinite margin is no number; equality still tells its ties
    return allowed & ((ranked >= best - margin) | (ranked == best))


def choose_best(
    key: Key[Array, ""], scores: Float[Array, " n"], allowed: Bool[Array, " n"], tolerance: float = 0.0
) -> Int32[Array, ""]:
    """One of the choices that :func:`is_best`, each with the same probability to one in four billion.

    Args:
        key: a JAX key.
        scores: likewise.
        allowed: likewise; at least one.
        tolerance: likewise.
    """
    lots = jnp.maximum(jax.random.bits(key, scores.shape, jnp.uint32), jnp.uint32(1))
    return jnp.argmax(jnp.where(is_best(scores, allowed, tolerance), lots, jnp.uint32(0))).astype(jnp.int32)


def log_best(
    scores: Float[Array, " n"], allowed: Bool[Array, " n"], tolerance: float = 0.0
) -> Float[Array, " n"]:
    """Log probabilities of :func:`choose_best`, shape ``(n,)``: even among the best, ``-inf`` elsewhere.

    Args:
        scores: likewise.
        allowed: likewise; at least one.
        tolerance: likewise.

    >>> log_best(jnp.array([1.0, 3.0, 3.0]), jnp.ones(3, bool)).tolist()
    [-inf, -0.6931471824645996, -0.6931471824645996]
    """
    best = is_best(scores, allowed, tolerance)
    return jnp.where(best, -jnp.log(jnp.sum(best).astype(scores.dtype)), -jnp.inf)
