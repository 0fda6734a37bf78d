"""Words whose bits are independent and one with given probabilities, 32 decisions at a time."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from isotherm.random.bits import Lanes, next_words

LEVELS = 24
"""Binary digits of a probability; the same resolution as :func:`isotherm.random.bits.uniform`."""


def probability_bits(
    probabilities: Float[Array, "*which lanes words"],
) -> UInt32[Array, "levels *which words"]:
    """Binary digits of probabilities, the last one first; bit ``b`` of a word belongs to lane ``b``.

    Args:
        probabilities: in ``[0, 1]``, of at most 32 lanes; rounded to multiples of ``2**-24``, and one to the
            largest of these below one.
    """
    levels = jnp.minimum(jnp.round(probabilities * 2.0**LEVELS), 2.0**LEVELS - 1).astype(jnp.uint32)
    lane = jnp.arange(probabilities.shape[-2], dtype=jnp.uint32)
    lane = lane.reshape((1,) * (levels.ndim - 2) + (-1, 1))
    digits = [jnp.sum(((levels >> k) & 1) << lane, axis=-2, dtype=jnp.uint32) for k in range(LEVELS)]
    return jnp.stack(digits)


def bernoulli_words(
    digit: Callable[[int], UInt32[Array, "*shape"]], lanes: Lanes
) -> UInt32[Array, "rows words"]:
    """Bits that are one where a uniform number, made digit by digit, is below the probability.

    Args:
        digit: level (0 is the last binary digit) to that digit of each bit's probability.
        lanes: a generator for each word.
    """
    below = jnp.zeros(lanes.s0.shape, jnp.uint32)
    for level in range(LEVELS):
        word, lanes = next_words(lanes)
        p = digit(level)
        below = (p & ~word) | (~(p ^ word) & below)
    return below
