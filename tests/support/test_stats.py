"""The judges can fail: a sampler slightly off is rejected."""

import numpy as np
import pytest
from tests.support.stats import assert_frequencies, assert_unbiased


def draws(p: float) -> np.ndarray:
    return np.random.default_rng(0).random((64, 2000, 6)) < p


def test_accepts_the_truth() -> None:
    assert_unbiased(draws(0.5), np.full(6, 0.5))


def test_rejects_half_a_percent() -> None:
    with pytest.raises(AssertionError, match="moment"):
        assert_unbiased(draws(0.507), np.full(6, 0.5))


def test_rejects_a_constant_that_is_off() -> None:
    with pytest.raises(AssertionError, match="without spread"):
        assert_unbiased(np.ones((4, 10, 1)), np.zeros(1))


def test_frequencies_reject_a_loaded_die_and_the_impossible() -> None:
    rng = np.random.default_rng(0)
    assert_frequencies(rng.integers(0, 4, 10_000), np.full(4, 0.25))
    with pytest.raises(AssertionError, match="p = "):
        assert_frequencies(rng.choice(4, 10_000, p=[0.28, 0.24, 0.24, 0.24]), np.full(4, 0.25))
    with pytest.raises(AssertionError, match="impossible"):
        assert_frequencies(rng.integers(0, 4, 100), np.array([0.5, 0.5, 0.0, 0.0]))
