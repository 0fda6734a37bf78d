"""Random words by counter: word ``i`` of a seed is a function of both, so that nothing need be stored."""

import jax.numpy as jnp
from jaxtyping import Array, UInt32

from isotherm.random.bits import GOLDEN, mix


def counted_words(
    seeds: UInt32[Array, "4 lanes"], counts: UInt32[Array, " rows"]
) -> UInt32[Array, "rows lanes"]:
    """The word of each count in each lane: Weyl steps through keyed bijections, two of which are added.

    Three rounds of a strong finaliser cost as much as advancing a stored generator, and fuse with what uses
    the words.

    Args:
        seeds: 128 bits a lane, see :func:`isotherm.random.bits.seed_words`.
        counts: which words; different counts give independent words.
    """
    first, second, third, fourth = (word[None] for word in seeds)
    inner = mix(counts[:, None] * jnp.uint32(GOLDEN) + first)
    return mix(inner ^ second) + (mix(inner + third) ^ fourth)
