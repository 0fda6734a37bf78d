"""Whether a posterior is right: ranks of true parameters among its draws, over many simulated subjects."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from isotherm import doors
from isotherm.errors import refusal


class Calibration(NamedTuple):
    """Of one parameter.

    Attributes:
        counts: subjects whose rank falls into each bin, ``(num_bins,)``.
        expected: of a calibrated posterior.
        chi2: Pearson's statistic.
        p: probability of one as large, where the posterior is calibrated.
    """

    counts: Int[np.ndarray, " bins"]
    expected: Float[np.ndarray, " bins"]
    chi2: float
    p: float


def ranks_of(truth: Any, draws: Any) -> Int[np.ndarray, " subjects"]:
    """How many draws lie below the truth, within ``0 .. draws``; uniform where the posterior is calibrated.

    Args:
        truth: drawn from the prior, ``(subjects,)``.
        draws: of each subject's posterior, nearly independent, ``(subjects, draws)``.

    Raises:
        ValueError: if the shapes do not fit.

    References:
        Talts et al., Validating Bayesian inference algorithms with simulation-based calibration, arXiv:1804.06788.

    >>> ranks_of(np.array([0.5]), np.array([[0.1, 0.2, 0.9]])).tolist()
    [2]
    """
    true, found = doors.real_numbers("truth", truth), doors.real_numbers("draws", draws)
    if true.ndim != 1 or not true.size:
        raise refusal("truth.shape", true.shape, "must be (subjects,), at least one")
    if found.ndim != 2 or len(found) != len(true):
        raise refusal("draws.shape", found.shape, f"must be (subjects, draws), of {true.shape} subjects")
    return (found < true[:, None]).sum(axis=1)


def calibration(ranks: Any, num_draws: int, num_bins: int = 10) -> Calibration:
    """Chi-square test of ranks against the uniform law on ``0 .. num_draws``.

    Args:
        ranks: of :func:`ranks_of`, whole numbers.
        num_draws: of which they are ranks, at least 1.
        num_bins: at least 2, at most ``num_draws + 1``; bins are as equal as whole ranks allow.

    Raises:
        ValueError: naming what is out of range.

    >>> found = calibration(np.arange(100), num_draws=99)
    >>> found.counts.tolist(), found.p
    ([10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 1.0)
    """
    from scipy.stats import chi2

    num_draws = doors.whole("num_draws", num_draws, 1)
    num_bins = doors.whole("num_bins", num_bins, 2, num_draws + 1)
    found = doors.real_numbers("ranks", ranks)
    if found.ndim != 1 or not found.size or (found < 0).any() or (found > num_draws).any():
        raise refusal("ranks", ranks, f"must be a list of whole numbers within 0 .. {num_draws}")
    bins = np.arange(num_draws + 1) * num_bins // (num_draws + 1)
    expected = np.bincount(bins, minlength=num_bins) * found.size / (num_draws + 1)
    counts = np.bincount(bins[found.astype(int)], minlength=num_bins)
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return Calibration(counts, expected, statistic, float(chi2.sf(statistic, num_bins - 1)))
