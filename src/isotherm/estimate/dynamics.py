"""Integrated autocorrelation times with rows, and whether two starts agree."""

from collections.abc import Mapping

import numpy as np
from scipy import stats

from isotherm.estimate.finite_size import Rows

WINDOW = 6.0
"""Sokal's: correlations are summed up to this many times the integrated time itself."""


def relaxation_time(series: np.ndarray, num_rows: int, rng: np.random.Generator) -> Rows:
    """Integrated autocorrelation time of an observable, and of resampled chains.

    Args:
        series: ``(chains, draws)`` in equilibrium.
        num_rows: how many resamples.
        rng: draws them.

    Returns:
        In units of the steps between draws, 1/2 for independent ones; ``(1 + num_rows,)``.

    References:
        Sokal, Monte Carlo Methods in Statistical Mechanics (1996), section 3.
    """
    covariance = _autocovariance(np.asarray(series, np.float64))
    counts = rng.multinomial(len(series), np.full(len(series), 1 / len(series)), size=num_rows)
    rows = np.concatenate([np.ones((1, len(series))), counts]) @ covariance
    times = 0.5 + np.cumsum((rows / rows[:, :1])[:, 1:], axis=1)
    inside = np.arange(1, times.shape[1] + 1) >= WINDOW * times[0]
    return times[:, int(np.argmax(inside)) if inside.any() else -1]


def _autocovariance(series: np.ndarray) -> np.ndarray:
    """By Fourier transform, around the mean of all chains; unbiased, for lags up to a fifth of the length."""
    num_draws = series.shape[1]
    centred = series - series.mean()
    power = np.abs(np.fft.rfft(centred, 2 * num_draws, axis=1)) ** 2
    lags = num_draws // 5
    return np.fft.irfft(power, axis=1)[:, :lags] / (num_draws - np.arange(lags))


def start_scores(means: Mapping[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    """Difference between ordered and random starts in units of its error.

    The error comes from the spread between chains, which are independent however slowly they relax: Student's t
    with ``2 * (chains - 1)`` degrees of freedom.

    Args:
        means: block means ``(2, temperatures, chains, blocks)`` by name.
        names: which of them to compare.

    Returns:
        ``(names, temperatures)``.
    """
    return np.stack([_score(means[name]) for name in names])


def _score(blocks: np.ndarray) -> np.ndarray:
    chains = blocks.mean(-1)
    error = np.sqrt((chains.var(-1, ddof=1) / chains.shape[-1]).sum(0))
    return (chains[0].mean(-1) - chains[1].mean(-1)) / np.maximum(error, 1e-300)


def score_bound(num_scores: int, dof: int, false_alarm: float = 1e-3) -> float:
    """What the largest of many true scores exceeds with probability ``false_alarm`` at most."""
    return float(stats.t.ppf(1 - false_alarm / (2 * num_scores), df=dof))
