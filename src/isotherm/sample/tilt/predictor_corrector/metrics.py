"""How far draws are from a Gaussian law, and how well a path of actions mixed.

The published estimators (histogram divergence, lag-1 effective sample size, squared jumps) beside sound ones: the
divergence of fitted moments with its bias taken out by the jackknife over independent runs.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from isotherm.errors import refusal
from isotherm.estimate.quantities import from_replicates

METHODS = ("pc_ula", "pc_mala", "pc_joint_mala")
_FLOOR = 1e-12
_MAX_CORRELATION = 0.999


class Estimated(NamedTuple):
    """A number with its standard error."""

    value: float
    error: float


class Mixing(NamedTuple):
    """Lag-1 statistics of pairs of actions.

    Attributes:
        rho1: correlation of an action with its successor, within 0.999 of 0.
        ess_steps: ``pairs (1 - rho1) / (1 + rho1)``; a heuristic, since a path over levels is not stationary.
        esjd: mean squared jump.
    """

    rho1: float
    ess_steps: float
    esjd: float


class Evaluations(NamedTuple):
    """What one action costs: conditional draws (of a denoiser) and values or their gradients."""

    denoiser: int
    value: int


def gaussian_kl(mean: Any, variance: Any, target_mean: Any, target_variance: Any) -> Any:
    """``KL(N(mean, variance) || N(target_mean, target_variance))``; numbers, or arrays that broadcast."""
    ratio = np.asarray(variance) / target_variance
    return 0.5 * (ratio - 1 - np.log(ratio) + (np.asarray(mean) - target_mean) ** 2 / target_variance)


def kl_hist(samples: np.ndarray, mu: float, sigma: float, bins: int = 80) -> float:
    """The published histogram estimate of ``KL(samples || N(mu, sigma^2))``; about ``(bins - 1)/(2 N)`` at best.

    Args:
        samples: of any shape ``(...)``.
        mu: mean of the law.
        sigma: its standard deviation, positive.
        bins: equal bins between the least and the greatest sample, at least 1.

    Returns:
        NaN without samples.
    """
    values = np.asarray(samples, np.float64).ravel()
    if values.size == 0:
        return float("nan")
    counts, edges = np.histogram(values, bins)
    share = np.maximum(counts / values.size, _FLOOR)
    expected = np.maximum(np.diff(ndtr((edges - mu) / sigma)), _FLOOR)
    return float((share * np.log(share / expected)).sum())


def kl_hist_error(
    samples: np.ndarray, mu: float, sigma: float, bins: int, rng: np.random.Generator, resamples: int = 30
) -> float:
    """Bootstrap standard error of :func:`kl_hist`, resampling runs with all that is in each.

    Args:
        samples: shape ``(runs,)`` or ``(runs, n)``.
        mu: mean of the law.
        sigma: its standard deviation.
        bins: as for the estimate.
        rng: of the resampling.
        resamples: how many, at least 2.
    """
    runs = len(samples)
    estimates = [kl_hist(samples[rng.integers(0, runs, runs)], mu, sigma, bins) for _ in range(resamples)]
    return float(np.std(estimates, ddof=1))


def moment_kl(samples: np.ndarray, mu: float, sigma: float) -> Estimated:
    """``KL`` of the Gaussian with the samples' moments from ``N(mu, sigma^2)``, without the floor of a histogram.

    Bias (about 1/N at the target) and error come from the jackknife over runs, so particles that share an action
    count as what they are; the value may fall a little below 0. At the target the estimate moves like a chi-square of
    two degrees, whose spread is its bias: the error is never less than that.

    Args:
        samples: shape ``(runs,)`` or ``(runs, n)``; runs are independent, at least 3.
        mu: mean of the law.
        sigma: its standard deviation, positive.

    Raises:
        ValueError: if there are fewer than 3 runs.
    """
    values = np.asarray(samples, np.float64).reshape(len(samples), -1)
    runs = len(values)
    if runs < 3:
        raise refusal("samples.shape", np.shape(samples), "needs at least 3 runs")
    centre = values.mean()
    first, second = (values - centre).mean(axis=1), ((values - centre) ** 2).mean(axis=1)
    whole = _moments_kl(first.mean(), second.mean(), centre, mu, sigma)
    others = [(each.sum() - each) / (runs - 1) for each in (first, second)]
    without = _moments_kl(others[0], others[1], centre, mu, sigma)
    found = from_replicates(np.concatenate([[whole], without]))
    return Estimated(float(found.value), float(max(found.error, whole - found.value)))


def ks_statistic(x: np.ndarray, y: np.ndarray) -> float:
    """Two-sample Kolmogorov-Smirnov distance: the largest gap of the distribution functions; NaN if one is empty.

    Args:
        x: numbers of any shape ``(...)``.
        y: numbers of any shape.
    """
    x, y = np.sort(np.ravel(x)), np.sort(np.ravel(y))
    if x.size == 0 or y.size == 0:
        return float("nan")
    points = np.concatenate([x, y])
    below = [np.searchsorted(one, points, side="right") / one.size for one in (x, y)]
    return float(np.abs(below[0] - below[1]).max())


def lag1_ess(before: np.ndarray, after: np.ndarray) -> Mixing:
    """Lag-1 correlation of pairs, and the effective sample size it stands for.

    Args:
        before: numbers of any shape ``(...)``.
        after: what became of each, of the same shape.
    """
    x, y = np.asarray(before, np.float64).ravel(), np.asarray(after, np.float64).ravel()
    spread = np.sqrt(max(x.var(), _FLOOR) * max(y.var(), _FLOOR))
    rho = float(np.mean((x - x.mean()) * (y - y.mean())) / spread)
    rho = min(max(rho, -_MAX_CORRELATION), _MAX_CORRELATION)
    return Mixing(rho, x.size * (1 - rho) / (1 + rho), float(np.mean((y - x) ** 2)))


def evals_per_action(method: str, K: int, refresh_L: int, n: int, action_steps: int = 1) -> Evaluations:
    """Evaluations that one final action costs.

    Args:
        method: ``pc_ula``, ``pc_mala`` or ``pc_joint_mala``.
        K: number of levels.
        refresh_L: refreshes a level, and once more after the last.
        n: particles.
        action_steps: steps of the action a level.

    Raises:
        ValueError: for an unknown method.
    """
    if method not in METHODS:
        raise refusal("method", method, f"known: {', '.join(METHODS)}")
    per_step = {"pc_ula": n, "pc_mala": 2 * n, "pc_joint_mala": 2}[method]
    denoiser = 0 if method == "pc_joint_mala" else n * refresh_L * (K + 1)
    return Evaluations(denoiser, per_step * K * action_steps)


def _moments_kl(first: Any, second: Any, centre: float, mu: float, sigma: float) -> Any:
    return gaussian_kl(centre + first, second - first**2, mu, sigma**2)
