"""Whether a result is more than luck: deflated Sharpe ratios, block bootstrap, Rademacher bounds.

On the host, in float64. Section 6.4 of the specification of dynamic-weight pools.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from isotherm.doors import flag, number, real_numbers, whole
from isotherm.errors import refusal
from isotherm.market.objectives.report import moments_of

EULER = 0.5772156649
SIGNIFICANT = 0.95
FLAT = 1e-12
"""Spread of returns up to which their Sharpe ratio is 0."""

BLOCK_DAYS = 10
"""Days of a block that is resampled as a whole."""

LEAST_DAYS = 2 * BLOCK_DAYS
"""Days from which on blocks can be resampled."""

_MOST_AT_ONCE = 1 << 22
_DAYS_PER_YEAR = 365


class DeflatedSharpe(NamedTuple):
    """What remains of a Sharpe ratio that was chosen among many.

    Attributes:
        benchmark: the ratio that the best of so many worthless trials is expected to show.
        probability: that the true ratio exceeds 0 given that benchmark, within 0 and 1.
        is_significant: whether the probability is 0.95 or more.
    """

    benchmark: float
    probability: float
    is_significant: bool


def deflated_sharpe(
    observed: float | int,
    num_trials: int,
    num_periods: int,
    skew: float | int = 0.0,
    excess_kurtosis: float | int = 0.0,
    compat: bool = False,
) -> DeflatedSharpe:
    r"""Probability that a Sharpe ratio, the best of several trials, is above what luck gives.

    ``SR0 = sqrt(1/T) ((1 - g) Q(1 - 1/N) + g Q(1 - 1/(N e)))`` with the normal quantile Q and Euler's g, and the
    normal probability of ``(SR - SR0) / sd`` with ``sd^2 = (1 - skew SR + (kurtosis - 1)/4 SR^2) / (T - 1)``.

    Args:
        observed: ratio *per period*, not annualised: an annual one makes everything significant.
        num_trials: among how many it was chosen, at least 1; one trial has benchmark 0.
        num_periods: returns that it was computed from, at least 2.
        skew: of the returns.
        excess_kurtosis: of the returns, at least ``skew^2 - 2``.
        compat: the variance of another tool, ``(1 + skew SR/4 - excess SR^2/4) / T``, which takes annual ratios.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range, or a variance that is not above 0.

    References:
        Bailey and Lopez de Prado, The deflated Sharpe ratio, J. Portfolio Management 40 (2014).

    >>> deflated_sharpe(0.05, num_trials=50, num_periods=365).is_significant
    False
    """
    from scipy.special import ndtr

    number("observed", observed)
    whole("num_trials", num_trials, 1)
    whole("num_periods", num_periods, 2)
    number("skew", skew)
    number("excess_kurtosis", excess_kurtosis)
    benchmark = _best_of(num_trials) / np.sqrt(num_periods)
    if flag("compat", compat):
        variance = (1 + 0.25 * skew * observed - excess_kurtosis / 4 * observed**2) / num_periods
    else:
        variance = (1 - skew * observed + (excess_kurtosis + 2) / 4 * observed**2) / (num_periods - 1)
    if variance <= 0:
        raise refusal("excess_kurtosis", excess_kurtosis, f"gives a variance of {variance:.3g}, not above 0")
    probability = float(ndtr((observed - benchmark) / np.sqrt(variance)))
    return DeflatedSharpe(float(benchmark), probability, probability >= SIGNIFICANT)


def deflated_sharpe_of(daily_returns: Float64[np.ndarray, " days"], num_trials: int) -> DeflatedSharpe | None:
    """:func:`deflated_sharpe` of daily returns, with their own skew and kurtosis; None where there is no spread.

    Args:
        daily_returns: ``(days,)``, at least 2.
        num_trials: among how many they were chosen.
    """
    moments = moments_of(daily_returns)
    if not moments.std > FLAT:
        return None
    ratio = moments.mean / moments.std
    return deflated_sharpe(ratio, num_trials, len(daily_returns), moments.skew, moments.excess_kurtosis)


def _best_of(num_trials: int) -> float:
    """Expected largest of so many standard normal numbers, approximately."""
    from scipy.special import ndtri

    if num_trials == 1:
        return 0.0
    quantiles = ndtri([1 - 1 / num_trials, 1 - 1 / (num_trials * np.e)])
    return float((1 - EULER) * quantiles[0] + EULER * quantiles[1])


class SharpeInterval(NamedTuple):
    """An annual Sharpe ratio and what resampling says of it.

    Attributes:
        estimate: of the returns as they are.
        lower: end of the interval.
        upper: end of the interval.
        error: standard deviation over resamples.
        confidence: share of resamples between the ends.
    """

    estimate: float
    lower: float
    upper: float
    error: float
    confidence: float


def block_bootstrap_sharpe(
    daily_returns: Any,
    num_resamples: int = 10_000,
    block_length: int = BLOCK_DAYS,
    confidence: float = 0.95,
    seed: int = 42,
) -> SharpeInterval:
    """Interval of the annual Sharpe ratio ``sqrt(365) mean / std`` from circular blocks of days.

    Blocks keep correlations of neighbouring days. The numbers come from NumPy's MT19937 stream of that seed: for each
    resample, the first days of its blocks.

    Args:
        daily_returns: shape ``(days,)``, at least two blocks long.
        num_resamples: at least 1.
        block_length: days of a block, at least 1.
        confidence: within 0 and 1.
        seed: within 0 .. 2^32 - 1.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range, or returns that are not finite.

    References:
        Politis and Romano, A circular block-resampling procedure for stationary data (1992).

    >>> days = np.sin(np.arange(100.0)) * 0.01 + 0.001
    >>> found = block_bootstrap_sharpe(days, num_resamples=200)
    >>> found.lower < found.estimate < found.upper
    True
    """
    whole("num_resamples", num_resamples, 1)
    whole("block_length", block_length, 1)
    number("confidence", confidence, above=0.0, below=1.0)
    whole("seed", seed, 0, 2**32 - 1)
    changes = _finite("daily_returns", daily_returns, 1)
    num_days = len(changes)
    if num_days < 2 * block_length:
        allowed = f"must be (days,), at least two blocks of {block_length}"
        raise refusal("daily_returns.shape", changes.shape, allowed)
    num_blocks = -(-num_days // block_length)
    starts = np.random.RandomState(seed).randint(0, num_days, size=(num_resamples, num_blocks))
    at_once = max(1, _MOST_AT_ONCE // num_days)
    parts = [
        _resampled(changes, starts[i : i + at_once], block_length) for i in range(0, num_resamples, at_once)
    ]
    found = np.concatenate(parts)
    tail = 50 * (1 - confidence)
    lower, upper = np.percentile(found, [tail, 100 - tail])
    estimate = float(annual_sharpe(changes[None])[0])
    return SharpeInterval(estimate, float(lower), float(upper), float(found.std()), confidence)


def sharpe_interval(
    daily_returns: Float64[np.ndarray, " days"], num_resamples: int = 10_000
) -> SharpeInterval | None:
    """:func:`block_bootstrap_sharpe` where there are days enough for blocks and all are numbers; else None.

    Args:
        daily_returns: ``(days,)``.
        num_resamples: at least 1.
    """
    if len(daily_returns) < LEAST_DAYS or not np.isfinite(daily_returns).all():
        return None
    return block_bootstrap_sharpe(daily_returns, num_resamples)


def _resampled(changes: np.ndarray, starts: np.ndarray, block_length: int) -> np.ndarray:
    """Sharpe ratios of resamples, ``(resamples,)``."""
    days = (starts[:, :, None] + np.arange(block_length)) % len(changes)
    return annual_sharpe(changes[days.reshape(len(starts), -1)[:, : len(changes)]])


def annual_sharpe(changes: Float64[np.ndarray, "*rows days"]) -> Float64[np.ndarray, "*rows"]:
    """Annual ratio of mean to population spread of daily returns, of each row; 0 where they do not vary.

    Args:
        changes: daily returns, or those over another pool's, whose ratio is the information ratio, ``(..., days)``.
    """
    deviation = changes.std(axis=-1)
    is_flat = deviation <= FLAT
    found = np.sqrt(_DAYS_PER_YEAR) * changes.mean(axis=-1) / np.where(is_flat, 1.0, deviation)
    return np.where(is_flat, 0.0, found)


def rademacher_complexity(returns: Any, num_samples: int = 1000, seed: int = 42) -> float:
    """How well the best of several strategies fits random signs: the mean of ``max_s sum_t sign_t r_st / T``.

    Args:
        returns: shape ``(strategies, periods)``.
        num_samples: sign vectors, at least 1; they come from NumPy's MT19937 stream of that seed.
        seed: within 0 .. 2^32 - 1.

    Returns:
        A number; more strategies never make it smaller.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range, or returns that are not finite.

    References:
        G. Paleologo, The Elements of Quantitative Investing (2024), chapter 8.

    >>> rademacher_complexity([[0.01, -0.02, 0.01]], num_samples=100) < 0.02
    True
    """
    whole("num_samples", num_samples, 1)
    whole("seed", seed, 0, 2**32 - 1)
    changes = _finite("returns", returns, 2)
    num_periods = changes.shape[1]
    source, best = np.random.RandomState(seed), []
    at_once = max(1, _MOST_AT_ONCE // num_periods)
    for first in range(0, num_samples, at_once):
        num_rows = min(at_once, num_samples - first)
        signs = 2.0 * source.randint(0, 2, size=(num_rows, num_periods)) - 1.0
        best.append((signs @ changes.T).max(axis=1))
    return float(np.concatenate(best).mean() / num_periods)


def rademacher_haircut(complexity: float | int, num_periods: int, delta: float = 0.05) -> float:
    """What to take off the best of several Sharpe ratios, ``2 R + 3 sqrt(2 ln(2/delta) / T)``, a number.

    Args:
        complexity: of :func:`rademacher_complexity`.
        num_periods: at least 1.
        delta: with which probability the bound may fail, within 0 and 1.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range.

    References:
        G. Paleologo, The Elements of Quantitative Investing (2024), chapter 8.

    >>> round(rademacher_haircut(0.0, 1000), 3)
    0.258
    """
    number("complexity", complexity)
    whole("num_periods", num_periods, 1)
    number("delta", delta, above=0.0, below=1.0)
    return float(2 * complexity + 3 * np.sqrt(2 * np.log(2 / delta) / num_periods))


def walk_forward_efficiency(out_of_sample: float | int, in_sample: float | int) -> float:
    """Metric out of sample over that in sample, a number; NaN where the latter is not above 0.

    References:
        R. Pardo, The Evaluation and Optimization of Trading Strategies (2008), chapter 11.

    >>> walk_forward_efficiency(0.6, 1.2)
    0.5
    """
    return out_of_sample / in_sample if in_sample > 0 else float("nan")


def _finite(field: str, values: Any, ndim: int) -> Float64[np.ndarray, "..."]:
    found = real_numbers(field, values)
    if found.ndim != ndim or not found.size:
        wanted = "(days,)" if ndim == 1 else "(strategies, periods)"
        raise refusal(f"{field}.shape", found.shape, f"must be {wanted}, at least one of each")
    if not np.isfinite(found).all():
        raise refusal(field, float(found[~np.isfinite(found)][0]), "must be finite")
    return found
