"""Named, folded keys: a stream per purpose, so that adding a draw here never shifts the draws there."""

import zlib

import jax
import numpy as np
from jaxtyping import Array, Integer, Key

from isotherm.doors import MAX_SEED, affordable, random_key, text, whole
from isotherm.errors import refusal

KeyOrSeed = Key[Array, ""] | int | np.integer
"""One JAX key, or the whole number that ``jax.random.key`` makes one of, within 0 .. 2**32 - 1."""


SEEDS = MAX_SEED + 1
"""How many there are."""


def checked_seed(seed: object, field: str = "seed") -> int:
    """A whole number that no other seed is taken for.

    Raises:
        TypeError: naming ``field``, if it is no whole number.
        ValueError: naming ``field``, if it is not within 0 .. 2**32 - 1.
    """
    return whole(field, seed, 0, MAX_SEED)


def seeded(seed: object) -> Key[Array, ""]:
    """The JAX key of a seed.

    Raises:
        TypeError: if ``seed`` is no whole number.
        ValueError: if it is not within 0 .. 2**32 - 1.
    """
    return jax.random.key(checked_seed(seed))


def generator(key: KeyOrSeed | np.random.Generator) -> np.random.Generator:
    """NumPy's generator of a key or seed; one that is a generator stays as it is, and goes on.

    Raises:
        TypeError: naming ``key``, if it is none of these.
        ValueError: if a seed is out of range.
    """
    if isinstance(key, np.random.Generator):
        return key
    return np.random.default_rng(np.asarray(jax.random.key_data(random_key("key", key))).ravel().tolist())


def named(key: KeyOrSeed, name: str) -> Key[Array, ""]:
    """The stream of ``key`` that belongs to ``name``.

    Args:
        key: a typed JAX key.
        name: purpose of the stream, such as ``"world"``; any text. Different names give independent streams.

    Raises:
        TypeError: if ``key`` is no key, or ``name`` no text.
    """
    key = random_key("key", key)
    return jax.random.fold_in(key, zlib.crc32(text("name", name).encode("utf-8", "surrogatepass")))


def run_keys(seed: int, first: int, count: int) -> Key[Array, " runs"]:
    """Keys of the runs ``first .. first + count - 1``; run ``i`` has one key whatever the chunking.

    Args:
        seed: the study's seed, at least 0 and below 2**32.
        first: index of the first run, at least 0.
        count: how many runs; indices stay below 2**31.

    Raises:
        TypeError: naming the argument that is no whole number.
        ValueError: naming the argument out of range.
    """
    first, count = whole("first", first, 0), whole("count", count, 0)
    if first + count > 2**31:
        raise refusal("first, count", (first, count), "runs are numbered within 0 .. 2**31 - 1")
    affordable("count", count, 24.0 * count, "make keys for fewer runs at a time")
    indices = np.arange(first, first + count, dtype=np.int32)
    return folded(seeded(seed), indices)


@jax.jit
def folded(key: Key[Array, ""], numbers: Integer[Array | np.ndarray, " n"]) -> Key[Array, " n"]:
    """One key for each number, ``(n,)``: that of ``jax.random.fold_in(key, number)``.

    Args:
        key: a typed JAX key.
        numbers: shape ``(n,)``, at least 0 and below 2**32.
    """
    return jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, numbers)
