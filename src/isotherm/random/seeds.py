"""Generators for one step only: seeded from its key by a few multiplications, used up, and forgotten.

A sweep of a small lattice takes two microseconds, one evaluation of threefry five on a CPU. Keys are threefry's
already; all that is left to do is to tell apart the words of a step.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key, UInt32

from isotherm.random.bits import GOLDEN, Lanes, mix


def key_words(key: Key[Array, ""]) -> UInt32[Array, "4"]:
    """128 bits of a key, by rounds of a bijection of words; different keys have different bits.

    Keys 0, 1, 2 and so on give four unlike words each. For one step of a sampler, not for deriving keys.
    """
    data = jax.random.key_data(key).ravel()
    words = [mix(data[0] + jnp.uint32(GOLDEN))]
    for k in range(1, max(4, len(data))):
        words.append(mix(data[k % len(data)] ^ mix(words[-1] + jnp.uint32(k))))
    for k, extra in enumerate(words[4:]):
        words[k] ^= extra
    return jnp.stack([words[0] ^ mix(words[3]), *words[1:4]])


def joined_words(words: UInt32[Array, "*batch lanes 4"]) -> UInt32[Array, "*batch 4"]:
    """128 bits that depend on those of all lanes, and on their order."""
    lane = jnp.arange(1, words.shape[-2] + 1, dtype=jnp.uint32)[:, None]
    offsets = (lane * jnp.uint32(GOLDEN)).reshape((1,) * (words.ndim - 2) + (-1, 1))
    return jnp.sum(mix(words + offsets), axis=-2, dtype=jnp.uint32)


def lanes_at(seeds: UInt32[Array, "4"], counts: UInt32[Array, "*shape"]) -> Lanes:
    """A generator for each count, of which a few dozen words are wanted.

    Args:
        seeds: of the step, see :func:`key_words`.
        counts: which generators; different counts give different ones, independent for all we can tell.
    """
    first, second, third, fourth = seeds
    inner = mix(counts * jnp.uint32(GOLDEN) + first)
    return Lanes(inner ^ second, mix(inner + third), mix(inner ^ fourth), inner * jnp.uint32(0x85EBCA6B))
