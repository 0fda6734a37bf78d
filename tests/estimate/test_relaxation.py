"""Relaxation times, scores of two starts, and their bound, against known answers."""

import numpy as np
import pytest
from scipy import signal

from isotherm.estimate.autocorrelation import relaxation_time
from isotherm.estimate.scores import score_bound, start_scores
from isotherm.estimate.stretches import stretch_ends


@pytest.mark.parametrize("rho", [0.0, 0.8])
def test_relaxation_times_of_autoregressive_chains(rho: float) -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(64, 4000))
    noise[:, 1:] *= np.sqrt(1 - rho**2)
    rows = relaxation_time(signal.lfilter([1.0], [1.0, -rho], noise, axis=-1) + 5.0, 200, rng)
    exact = (1 + rho) / (1 - rho) / 2
    assert rows.shape == (201,)
    assert abs(rows[0] - exact) < 4.5 * rows[1:].std() + np.exp(-6) * exact
    # Madras and Sokal: the error is tau sqrt(2 (2 W + 1) / n) for a window of W
    window = max(1, np.ceil(6 * exact))
    expected = exact * np.sqrt(2 * (2 * window + 1) / (64 * 4000))
    assert 0.7 < rows[1:].std() / expected < 1.3


def test_series_too_short_for_the_window_are_summed_to_their_end() -> None:
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=(8, 100)), axis=1)
    covariance = [(walk - walk.mean())[:, : 100 - lag] * (walk - walk.mean())[:, lag:] for lag in range(20)]
    rho = np.array([part.sum() / (100 - lag) for lag, part in enumerate(covariance)])
    assert relaxation_time(walk, 3, rng)[0] == pytest.approx(0.5 + (rho / rho[0])[1:].sum())


def test_starts_are_compared_by_chains_not_by_blocks() -> None:
    ordered, random = np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 5.0])
    blocks = np.stack([ordered, random])[:, None, :, None] + np.array([-1.0, 1.0])
    means = {"energy": blocks, "other": blocks[::-1], "unused": blocks * 0}
    # means 2 and 2; then three more for the ordered ones, with variances 1/3 and 7/3 of the means
    np.testing.assert_allclose(start_scores(means, ("energy", "other")), [[0.0], [0.0]])
    means["energy"] = blocks + np.array([3.0, 0.0])[:, None, None, None]
    score = 3 / np.sqrt(1 / 3 + 7 / 3)
    np.testing.assert_allclose(start_scores(means, ("energy",)), [[score]])


def test_the_bound_is_students_shared_among_the_scores() -> None:
    assert score_bound(1, 10) == pytest.approx(4.587, abs=1e-3)  # tables of t, two-sided 0.001
    assert score_bound(10, 10, 1e-2) == pytest.approx(score_bound(1, 10))
    assert score_bound(1, 10**9) == pytest.approx(3.2905, abs=1e-4)


def test_stretches_end_evenly_and_with_the_last_step() -> None:
    assert stretch_ends(10, 5).tolist() == [2, 4, 6, 8, 10]
    assert stretch_ends(10, 4).tolist() == [3, 6, 9, 10]
    assert stretch_ends(3, 50).tolist() == [1, 2, 3]
    assert stretch_ends(1, 1).tolist() == [1]
    for steps, points in ((0, 5), (5, 0)):
        with pytest.raises(ValueError, match="should be at least 1"):
            stretch_ends(steps, points)
