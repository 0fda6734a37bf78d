"""The hash behind JAX's keys, written out for CPUs: the same bits in less time.

On CPUs, JAX puts the twenty rounds of its hash into a loop of five turns, each some kernels of its own. Written out
they are one kernel, which compiles in less than half of the time and runs 1.3 to 4 times as fast
(``benchmarks/random_bits.py``). Programs of this package hold dozens of draws, so that much of the time of a first
call went into those loops, and of each step of a rollout too.
"""

import jax
import jax.numpy as jnp
from jax.extend.core.primitives import threefry2x32_p
from jax.interpreters import mlir
from jaxtyping import Array, UInt32

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA
"""Of the key schedule: its third word is the exclusive or of this and both words of the key."""

NUM_GROUPS = 5
"""Of four rounds each; a word of the key is added after each."""

MANY = 4096
"""Words of one hash from which on they are taken for draws, which nothing hashes again."""


def threefry(
    key0: UInt32[Array, "*#shape"],
    key1: UInt32[Array, "*#shape"],
    word0: UInt32[Array, "*#shape"],
    word1: UInt32[Array, "*#shape"],
) -> tuple[UInt32[Array, "*#shape"], UInt32[Array, "*#shape"]]:
    """Threefry-2x32 of 20 rounds: two random words for a key and a counter of two words each.

    Args:
        key0: first word of the key, uint32, of any shape; all four broadcast.
        key1: second word.
        word0: first word of the counter.
        word1: second word.

    Returns:
        Two words, uint32, of the common shape.

    References:
        Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3 (2011), section 3.

    >>> zero = jnp.uint32(0)
    >>> [f"{word:08x}" for word in threefry(zero, zero, zero, zero)]
    ['6b200159', '99ba4efe']
    """
    schedule = (key0, key1, key0 ^ key1 ^ jnp.uint32(PARITY))
    left, right = word0 + key0, word1 + key1
    for group in range(1, NUM_GROUPS + 1):
        for by in ROTATIONS[(group - 1) % 2]:
            left = left + right
            right = (right << jnp.uint32(by)) | (right >> jnp.uint32(32 - by))
            right = right ^ left
        left = left + schedule[group % 3]
        right = right + schedule[(group + 1) % 3] + jnp.uint32(group)
    return left, right


def write_out() -> None:
    """Let JAX compile its own keys' hash on CPUs as :func:`threefry`; keys, draws and other devices stay as they are.

    Programs compiled before keep the loop, and give the same bits.
    """
    mlir.register_lowering(threefry2x32_p, mlir.lower_fun(_hashed, multiple_results=True), platform="cpu")


def _hashed(*words: Array) -> tuple[Array, Array]:
    left, right = threefry(*words)
    if left.size > MANY:
        return left, right
    # few words are mostly keys, to be hashed again: side by side they are computed once, not in each hash to come
    both = jax.lax.optimization_barrier(jnp.stack([left, right]))
    return both[0], both[1]
