"""Decisions of packed sweeps: right frequencies, bits, words, steps and lanes independent, ends exact."""

import jax
import jax.numpy as jnp
import numpy as np
from tests.support.stats import assert_mean

from isotherm.random.seeds import joined_words, key_words, lanes_at
from isotherm.random.thresholds import decisions, threshold_digits

PROBABILITIES = np.array([0.0, 0.01, 0.3, 0.5, 0.9, 1.0])
STEPS, WORDS = 256, 512


def _bits():
    """Bool, ``(probabilities, steps, words, 32)``, from keys that follow one another."""
    wanted = jnp.asarray(np.broadcast_to(PROBABILITIES[:, None, None], (6, 32, 1)), jnp.float32)
    digits = threshold_digits(wanted)[:, :, 0]

    def step(key, column):
        lanes = lanes_at(key_words(key), jnp.arange(1, WORDS + 1, dtype=jnp.uint32))
        return decisions(lambda level: jnp.broadcast_to(column[level], (WORDS,)), lanes)

    keys = jax.vmap(jax.random.key)(jnp.arange(STEPS))
    over_steps = jax.vmap(step, (0, None))
    words = np.asarray(jax.jit(jax.vmap(over_steps, (None, 1)))(keys, digits))
    return words[..., None] >> np.arange(32, dtype=np.uint32) & 1 == 1


def test_decisions_are_independent_and_have_their_probabilities():
    bits = _bits()
    assert not bits[0].any()
    assert bits[-1].all()
    inner = np.moveaxis(bits[1:-1], 0, -1).astype(np.float64)
    assert_mean(inner.mean((1, 2)), PROBABILITIES[1:-1])
    centred = inner - PROBABILITIES[1:-1]
    for shift in ((0, 0, 1), (0, 0, 8), (0, 1, 0), (0, 32, 0), (1, 0, 0)):
        product = (centred * np.roll(centred, shift, (0, 1, 2))).reshape(-1, centred.shape[-1])
        z = product.mean(0) / product.std(0) * np.sqrt(len(product))
        assert np.abs(z).max() < 4.5, shift
    # a word's bits together: the variance of their sum is that of independent ones
    sums = centred.sum(2) ** 2
    assert_mean(sums.mean(1), 32 * PROBABILITIES[1:-1] * (1 - PROBABILITIES[1:-1]))


def test_a_probability_one_percent_off_is_seen():
    ones = _bits()[3].astype(np.float64).mean((1, 2))
    assert abs(ones.mean() - 0.505) / (ones.std(ddof=1) / np.sqrt(STEPS)) > 5


def test_words_of_keys_differ():
    words = np.asarray(jax.vmap(lambda k: key_words(jax.random.key(k)))(jnp.arange(4096)))
    for column in words.T:
        assert len(np.unique(column)) > 4090
        ones = np.unpackbits(column.copy().view(np.uint8)).mean()
        assert abs(ones - 0.5) * 2 * np.sqrt(column.size * 32) < 4.5
    joined = np.asarray(joined_words(jnp.asarray(words.reshape(128, 32, 4))))
    swapped = np.asarray(joined_words(jnp.asarray(words.reshape(128, 32, 4)[:, ::-1])))
    assert (joined != swapped).all()
