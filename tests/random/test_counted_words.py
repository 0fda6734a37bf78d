"""Words by counter: bits, bytes and correlations of the words that samplers draw from, by chi-square and z-scores."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from isotherm.random.bits import seed_words
from isotherm.random.counter import counted_words

ROWS, LANES = 1 << 13, 32


def words_of(first: int = 0, stride: int = 1, seed: int = 0) -> np.ndarray:
    """Words of many counts in lanes seeded as samplers seed them, uint32 ``(rows, lanes)``."""
    seeds = jax.vmap(seed_words, out_axes=1)(jax.random.split(jax.random.key(seed), LANES))
    counts = jnp.uint32(first) + jnp.uint32(stride) * jnp.arange(ROWS, dtype=jnp.uint32)
    return np.asarray(counted_words(seeds, counts))


def kin() -> np.ndarray:
    """Lanes whose seeds differ in one bit each, but not in the last word, which is mixed least."""
    first = np.asarray(seed_words(jax.random.key(3)))
    seeds = np.tile(first[:, None], (1, LANES))
    for lane in range(1, LANES):
        seeds[lane % 3, lane] ^= np.uint32(1 << (7 * lane % 32))
    return np.asarray(counted_words(jnp.asarray(seeds), jnp.arange(ROWS, dtype=jnp.uint32)))


STREAMS = {
    "counts in order": words_of(),
    "counts across the wrap": words_of(first=2**32 - ROWS // 2),
    "every 3,200th count": words_of(stride=3200),
    "every 65,536th count": words_of(stride=65536),
    "seeds of kin": kin(),
}


def signs(words: np.ndarray) -> np.ndarray:
    """All bits as -1 and +1, ``(rows, lanes, 32)``."""
    bits = (words[..., None] >> np.arange(32, dtype=np.uint32)) & 1
    return 2 * bits.astype(np.int8) - 1


def assert_uncorrelated(first: np.ndarray, second: np.ndarray) -> None:
    """Every bit of one with every bit of the other, lane by lane and all lanes together."""
    a, b = (x.reshape(-1, 32).astype(np.float32) for x in (first, second))
    z = (a.T @ b) / np.sqrt(len(a))
    bound = stats.norm.ppf(1 - 1e-4 / (2 * z.size))
    assert np.abs(z).max() < bound, f"z = {np.abs(z).max():.1f}, allowed {bound:.1f}"


def assert_even_bytes(words: np.ndarray) -> None:
    """Chi-square of the 256 values of each byte."""
    for k in range(4):
        counts = np.bincount(((words >> np.uint32(8 * k)) & 255).ravel(), minlength=256)
        p_value = stats.chisquare(counts).pvalue
        assert 1e-5 < p_value < 1 - 1e-5, f"byte {k}: p = {p_value:.1e}"


@pytest.mark.parametrize("name", STREAMS)
def test_bits_and_bytes_are_even(name: str) -> None:
    words = STREAMS[name]
    z = signs(words).sum(axis=(0, 1), dtype=np.int64) / np.sqrt(words.size)
    assert np.abs(z).max() < stats.norm.ppf(1 - 1e-4 / 64)
    assert_even_bytes(words)


@pytest.mark.parametrize("name", STREAMS)
def test_bits_of_neighbouring_counts_and_lanes_are_uncorrelated(name: str) -> None:
    s = signs(STREAMS[name])
    for lag in (1, 2, 7):
        assert_uncorrelated(s[lag:], s[:-lag])
        assert_uncorrelated(s[:, lag:], s[:, :-lag])
    mixed = s.reshape(-1, 32).astype(np.float32)
    within = (mixed.T @ mixed)[np.triu_indices(32, 1)] / np.sqrt(len(mixed))
    assert np.abs(within).max() < stats.norm.ppf(1 - 1e-4 / (2 * within.size))


def test_other_keys_and_counts_give_other_words() -> None:
    first, other, later = words_of(), words_of(seed=1), words_of(first=ROWS)
    for second in (other, later):
        assert_uncorrelated(signs(first), signs(second))
        assert (first == second).mean() < 1e-4


def test_words_do_not_repeat_more_often_than_by_chance() -> None:
    for words in STREAMS.values():
        repeats = words.size - len(np.unique(words))
        expected = words.size**2 / 2**33
        assert stats.poisson.sf(repeats - 1, expected) > 1e-5, f"{repeats} repeats, {expected:.1f} expected"


def test_a_word_belongs_to_its_seed_and_count_alone() -> None:
    seeds = jnp.arange(12, dtype=jnp.uint32).reshape(4, 3)
    counts = jnp.array([5, 0, 2**32 - 1], jnp.uint32)
    together = np.asarray(counted_words(seeds, counts))
    for row, lane in np.ndindex(3, 3):
        alone = counted_words(seeds[:, lane : lane + 1], counts[row : row + 1])
        assert int(alone[0, 0]) == together[row, lane]


def test_weak_words_are_rejected() -> None:
    counts = np.arange(ROWS * LANES, dtype=np.uint32).reshape(ROWS, LANES)
    weak = counts * np.uint32(0x9E3779B9)
    with pytest.raises(AssertionError, match="z ="):
        assert_uncorrelated(signs(weak[1:]), signs(weak[:-1]))
    with pytest.raises(AssertionError, match="byte"):
        assert_even_bytes(weak)
    biased = STREAMS["counts in order"] | (STREAMS["every 3,200th count"] & np.uint32(1 << 9) & (counts << 3))
    with pytest.raises(AssertionError, match="byte 1"):
        assert_even_bytes(biased)
