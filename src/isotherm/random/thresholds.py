"""Decisions by comparison with probabilities, 32 at a time, at 17 random words for 24 binary digits.

A uniform number is compared with a probability digit by digit, the last one first, all bits of a word at once. The
first :data:`OWN_DIGITS` digits of the number are each bit's own. The last :data:`SHARED_DIGITS` are common to the
bits of a word: any one decision still has its probability to ``2**-25``, and two of a word have a covariance below
``2**-2 * 2**-32``, which no simulation can see.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, UInt32

from isotherm.random.bernoulli import LEVELS
from isotherm.random.bits import Lanes, next_words

OWN_DIGITS = 16
SHARED_DIGITS = LEVELS - OWN_DIGITS


def threshold_digits(
    probabilities: Float[Array, "which lanes words"],
) -> UInt32[Array, "levels which words"]:
    """Whether a probability is one, then its binary digits, the last one first.

    Args:
        probabilities: in ``[0, 1]``; bit ``b`` of a word belongs to lane ``b`` of 32. Rounded to multiples of
            ``2**-24``, one included.

    Returns:
        Shape ``(25, which, words)``.
    """
    scale = 2.0**LEVELS
    rounded = jnp.round(probabilities * scale)
    levels, is_one = jnp.minimum(rounded, scale - 1).astype(jnp.uint32), (rounded == scale).astype(jnp.uint32)
    place = jnp.arange(LEVELS, dtype=jnp.uint32).reshape(-1, 1, 1, 1)
    digits = jnp.concatenate([is_one[None], (levels[None] >> place) & 1])
    lane = jnp.arange(probabilities.shape[1], dtype=jnp.uint32).reshape(1, 1, -1, 1)
    return jnp.sum(digits << lane, axis=2, dtype=jnp.uint32)


def decisions(digit: Callable[[int], UInt32[Array, "*shape"]], lanes: Lanes) -> UInt32[Array, "*shape"]:
    """Bits that are one with given probabilities.

    Args:
        digit: from the first axis of :func:`threshold_digits` to that digit of each bit's probability.
        lanes: a generator a word.
    """
    below = digit(0)
    common, lanes = next_words(lanes)
    for level in range(LEVELS):
        if level < SHARED_DIGITS:
            word = _spread(common, level)
        else:
            word, lanes = next_words(lanes)
        # the number's digit is the complement of the word's: where digits differ, the probability's decides
        p = digit(level + 1)
        below = (p & (word | below)) | (word & below)
    return below


def _spread(words: UInt32[Array, "*shape"], bit: int) -> UInt32[Array, "*shape"]:
    """All ones where a bit is set, else zero."""
    top = lax.bitcast_convert_type(words << (31 - bit), jnp.int32)
    return lax.bitcast_convert_type(top >> 31, jnp.uint32)
