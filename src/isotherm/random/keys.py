"""Named, folded keys: a stream per purpose, so that adding a draw here never shifts the draws there."""

import zlib

import jax
import numpy as np
from jaxtyping import Array, Key


def named(key: Key[Array, ""], name: str) -> Key[Array, ""]:
    """The stream of ``key`` that belongs to ``name``.

    Args:
        key: a typed JAX key.
        name: purpose of the stream, such as ``"world"``; any text. Different names give independent streams.
    """
    return jax.random.fold_in(key, zlib.crc32(name.encode()))


def run_keys(seed: int, first: int, count: int) -> Key[Array, " runs"]:
    """Keys of the runs ``first .. first + count - 1``; run ``i`` has one key whatever the chunking.

    Args:
        seed: the study's seed, at least 0.
        first: index of the first run.
        count: how many runs.
    """
    indices = np.arange(first, first + count, dtype=np.int32)
    return jax.jit(jax.vmap(jax.random.fold_in, in_axes=(None, 0)))(jax.random.key(seed), indices)
