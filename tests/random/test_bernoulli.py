"""Words whose bits are one with given probabilities."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_mean

from isotherm.random.bernoulli import LEVELS, bernoulli_words, probability_bits
from isotherm.random.bits import make_lanes, seed_words


def test_digits_are_exact() -> None:
    lanes = np.random.default_rng(0).integers(0, 2**LEVELS, (3, 32, 2))
    digits = np.asarray(probability_bits(jnp.asarray(lanes / 2.0**LEVELS, jnp.float32)), np.uint64)
    lane = np.arange(32, dtype=np.uint64)[:, None]
    back = sum(((digits[k][:, None] >> lane) & 1) << np.uint64(k) for k in range(LEVELS))
    np.testing.assert_array_equal(back, lanes)


def test_ends_of_the_range() -> None:
    digits = np.asarray(probability_bits(jnp.array([[[0.0], [1.0]]])))
    assert set(digits.ravel().tolist()) == {0b10}


def test_frequencies_are_the_probabilities() -> None:
    p = np.random.default_rng(1).uniform(0, 1, 32).astype(np.float32)
    digits = probability_bits(jnp.asarray(p)[:, None])
    lanes = make_lanes(seed_words(jax.random.key(2))[:, None], 20_000)
    words = np.asarray(bernoulli_words(lambda level: digits[level][None], lanes))
    bits = (words >> np.arange(32, dtype=np.uint32)) & 1
    means = bits.reshape(100, 200, 32).mean(axis=1)
    assert_mean(means, p)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(means, p * 0.97)
