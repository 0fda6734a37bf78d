"""Judging samplers: moments against exact answers, in units of their own error."""

import numpy as np
from scipy import stats


def assert_unbiased(draws: np.ndarray, exact: np.ndarray, false_alarm: float = 1e-4) -> None:
    """Fail if a moment's mean over independent chains is off.

    ``draws``: (chains, samples, *moments), ``exact``: (*moments,). A true sampler fails with probability
    ``false_alarm`` at most, by Student's t with Bonferroni's correction.
    """
    assert_mean(draws.astype(np.float64).mean(axis=1), exact, false_alarm)


def assert_mean(chain_means: np.ndarray, exact: np.ndarray, false_alarm: float = 1e-4) -> None:
    """As :func:`assert_unbiased`, from the mean of each chain: (chains, *moments)."""
    values = np.asarray(chain_means, np.float64).reshape(len(chain_means), -1)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    difference = values.mean(axis=0) - np.asarray(exact, np.float64).reshape(-1)
    varies = error > 0
    assert np.abs(difference[~varies]).max(initial=0.0) < 1e-5, "a moment without spread is off"
    z = difference[varies] / error[varies]
    bound = stats.t.ppf(1 - false_alarm / (2 * z.size), df=len(values) - 1)
    worst = int(np.argmax(np.abs(z)))
    assert abs(z[worst]) < bound, f"moment {worst} of {z.size}: z = {z[worst]:.1f}, allowed {bound:.1f}"


def assert_frequencies(states: np.ndarray, probabilities: np.ndarray, false_alarm: float = 1e-4) -> None:
    """Pearson's chi-square of independent draws of state indices; impossible states must not occur."""
    counts = np.bincount(states.ravel(), minlength=len(probabilities))
    possible = probabilities > 0
    assert counts[~possible].sum() == 0, "an impossible state was drawn"
    expected = probabilities[possible] / probabilities[possible].sum() * states.size
    assert expected.min() >= 5, "too few draws for a chi-square"
    p_value = stats.chisquare(counts[possible], expected).pvalue
    assert p_value > false_alarm, f"p = {p_value:.1e}"
