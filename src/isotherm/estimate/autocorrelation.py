"""Integrated autocorrelation times of chains, and block means long enough to count as independent.

On the host, in float64; axes are ``(*batch, chains, samples)``, where ``batch`` may be temperatures.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike

from isotherm.doors import real_numbers, whole
from isotherm.errors import refusal
from isotherm.estimate.bootstrap import Rows

WINDOW = 6.0
"""Sokal's: correlations are summed up to this many integrated times, where ``e^-6`` of an exponential is left."""

TIMES_PER_BLOCK = 10.0
"""Integrated times in a block: the error that blocks show is then about 5 % too small, not more."""

Series = ArrayLike
"""Real numbers, ``(*batch, chains, samples)``."""


class WithError(NamedTuple):
    """Values and their standard errors, of equal shape, float64.

    Attributes:
        value: the estimates, shape ``(*batch,)``.
        error: one standard deviation of each, in the same shape.
    """

    value: Float64[np.ndarray, "*batch"]
    error: Float64[np.ndarray, "*batch"]


def integrated_time(series: Series) -> WithError:
    r"""Integrated autocorrelation time, :math:`\tau = \tfrac12 + \sum_{t \ge 1} \rho(t)`, in samples.

    A mean of ``n`` samples has variance :math:`2 \tau \sigma^2 / n`; independent samples have 1/2. Correlations
    about the mean of all chains are averaged over chains and summed up to the first lag of :data:`WINDOW`
    times what has been summed; the error is the statistical one of that window (Wolff's equation 42).

    Args:
        series: equilibrated chains, ``(*batch, chains, samples)``, at least two samples.

    Returns:
        Of shape ``batch``; NaN where nothing varies.

    Raises:
        ValueError: if there are fewer axes or samples, or values that are not finite.

    References:
        Madras and Sokal, J. Stat. Phys. 50 (1988), appendix C; U. Wolff, Comput. Phys. Commun. 156 (2004).
    """
    values = checked(series, "series")
    num_chains, num_samples = values.shape[-2:]
    if num_samples < 2:
        raise refusal("series.shape", values.shape, "must hold at least two samples of each chain")
    rho = _correlations(values)
    sums = 0.5 + np.cumsum(rho[..., 1:], axis=-1)
    lags = np.arange(1, sums.shape[-1] + 1)
    inside = lags >= WINDOW * sums
    last = np.where(inside.any(-1), inside.argmax(-1), len(lags) - 1)
    time = np.take_along_axis(sums, last[..., None], axis=-1)[..., 0]
    # the mean of all chains is subtracted from each, which takes this much of every correlation away
    time = time * (1 + (2 * last + 3) / (num_chains * num_samples))
    error = np.abs(time) * np.sqrt(np.maximum(4 * (last + 1.5 - time), 0) / (num_chains * num_samples))
    varies = np.ptp(values, axis=(-2, -1)) > 0
    return WithError(np.where(varies, time, np.nan), np.where(varies, error, np.nan))


def relaxation_time(series: np.ndarray, num_rows: int, rng: np.random.Generator) -> Rows:
    """Integrated autocorrelation time of an observable, and of resampled chains.

    Correlations are summed as by :func:`integrated_time`, for all rows up to the same lag, a fifth of the length at
    most.

    Args:
        series: ``(chains, draws)`` in equilibrium.
        num_rows: how many resamples.
        rng: draws them.

    Returns:
        In units of the steps between draws, 1/2 for independent ones; ``(1 + num_rows,)``.

    References:
        Sokal, Monte Carlo Methods in Statistical Mechanics (1996), section 3.
    """
    values = np.asarray(series, np.float64)
    num_lags = values.shape[1] // 5
    covariance = _covariances(values)[:, :num_lags] / (values.shape[1] - np.arange(num_lags))
    counts = rng.multinomial(len(series), np.full(len(series), 1 / len(series)), size=num_rows)
    rows = np.concatenate([np.ones((1, len(series))), counts]) @ covariance
    times = 0.5 + np.cumsum((rows / rows[:, :1])[:, 1:], axis=1)
    inside = np.arange(1, times.shape[1] + 1) >= WINDOW * times[0]
    return times[:, int(np.argmax(inside)) if inside.any() else -1]


def block_length(series: Series) -> int:
    """Samples of a block: :data:`TIMES_PER_BLOCK` integrated times of the slowest series, at least one sample.

    Raises:
        ValueError: as :func:`integrated_time`; or if fewer than two such blocks fit into the chains.
    """
    values = checked(series)
    time = integrated_time(values).value
    slowest = np.nan_to_num(time, nan=0.5).max()
    # blocks of uncorrelated samples need no length
    length = 1 if slowest <= 0.6 else int(np.ceil(TIMES_PER_BLOCK * slowest))
    num_chains, num_samples = values.shape[-2:]
    if num_chains * (num_samples // length) < 2:
        allowed = (
            f"too few for two blocks of {length}, {TIMES_PER_BLOCK:.0f} autocorrelation times; run longer"
        )
        raise refusal("samples", num_samples, allowed)
    return length


def block_means(series: Series, length: int) -> Float64[np.ndarray, "*batch chains blocks"]:
    """Means over blocks of ``length`` samples; the first samples of a chain are left out if blocks do not fill it.

    Args:
        series: ``(*batch, chains, samples)``.
        length: samples a block.

    Returns:
        ``(*batch, chains, samples // length)``.

    Raises:
        ValueError: if ``length`` is not within one and the number of samples.
    """
    values = checked(series)
    num_samples = values.shape[-1]
    length = whole("length", length, 1, num_samples)
    blocks = num_samples // length
    kept = values[..., num_samples - blocks * length :]
    return kept.reshape(*values.shape[:-1], blocks, length).mean(-1)


def checked(series: Series, field: str = "samples") -> Float64[np.ndarray, "*batch chains samples"]:
    """A series in float64 on the host, ``(*batch, chains, samples)``.

    Raises:
        ValueError: if there are fewer than two axes or two values, or some are not finite.
    """
    values = real_numbers(field, series)
    if values.ndim < 2 or values.shape[-1] * values.shape[-2] < 2 or not values.size:
        raise refusal(
            f"{field}.shape", values.shape, "must be (..., chains, samples), with two samples at least"
        )
    if not np.isfinite(values).all():
        raise refusal(field, float(values[~np.isfinite(values)][0]), "must be finite")
    return values


def _correlations(values: np.ndarray) -> np.ndarray:
    """Correlations at lags ``0, 1, ...``, mean over chains, ``(*batch, lags)``."""
    covariance = _covariances(values).mean(-2)
    covariance /= values.shape[-1] - np.arange(values.shape[-1])
    with np.errstate(all="ignore"):
        return covariance / covariance[..., :1]


def _covariances(values: np.ndarray) -> np.ndarray:
    """Sums of products at lags ``0, 1, ...`` about the mean of all chains, by Fourier transform, shaped as values."""
    num_samples = values.shape[-1]
    centred = values - values.mean((-2, -1), keepdims=True)
    power = np.abs(np.fft.rfft(centred, 2 * num_samples, axis=-1)) ** 2
    return np.fft.irfft(power, 2 * num_samples, axis=-1)[..., :num_samples]
