"""Scores against laws they should follow, and hand-made numbers."""

import numpy as np
import pytest

from isotherm.estimate.autocorrelation import WithError
from isotherm.estimate.diagnostics import rhat_of_moments
from isotherm.estimate.quantities import estimates
from isotherm.estimate.scores import difference, score_bound, start_scores, worst_score


def test_the_worst_of_many_true_scores_exceeds_its_bound_as_often_as_said() -> None:
    scores = np.random.default_rng(0).standard_t(6, (40_000, 5))
    share = np.mean(np.abs(scores).max(1) > score_bound(5, 6, 0.05))
    # Bonferroni is off by (1 - 0.01)^5 against 1 - 0.05 only
    assert share == pytest.approx(0.049, abs=0.004)
    assert score_bound(1, 10**9, 0.05) == pytest.approx(1.959964, abs=1e-6)


def test_the_worst_score_counts_whatever_its_sign() -> None:
    found = worst_score(np.array([[1.0, -3.5], [2.0, 0.5]]), 12)
    assert found == {"worst_z": 3.5, "bound": score_bound(4, 12, 1e-3), "num": 4}


def test_differences_are_in_units_of_both_errors() -> None:
    one, two = (
        WithError(np.array([1.0, 2.0]), np.array([3.0, 0.0])),
        WithError(np.zeros(2), np.array([4.0, 0])),
    )
    np.testing.assert_allclose(difference(one, two), [0.2, 2e12])


def test_scores_of_starts_take_each_chain_as_one_number() -> None:
    blocks = np.array([[[[1.0, 3.0], [4.0, 4.0]]], [[[0.0, 0.0], [0.0, 2.0]]]])
    # means of chains 2, 4 and 0, 1: variances 2 and 0.5, of two chains each
    np.testing.assert_allclose(start_scores({"m": blocks}, ("m",)), [[2.5 / np.sqrt(1.25)]])


def test_rhat_of_moments() -> None:
    found = rhat_of_moments(np.array([0.25, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]), 10)
    np.testing.assert_allclose(found, [np.sqrt(1.15), np.inf, np.nan])


def test_estimates_of_all_data_keep_their_bias_and_their_error() -> None:
    rng = np.random.default_rng(1)
    energy = rng.normal(size=(3, 1, 8))
    means = {"energy": energy, "energy2": energy**2}
    plain, freed = (estimates(means, 1.0, 4, unbiased=one)["heat_capacity"] for one in (False, True))
    np.testing.assert_allclose(plain.value, 4 * energy.var((1, 2)))
    np.testing.assert_allclose(freed.value, 4 * energy.var((1, 2), ddof=1))
    np.testing.assert_array_equal(plain.error, freed.error)
