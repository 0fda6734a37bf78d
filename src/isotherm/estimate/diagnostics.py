"""How far to trust draws: effective sample size, split R-hat, Monte Carlo error, autocorrelation.

All through ArviZ, on draws with chains leading: ``(chains, samples, *parameter)``.

References:
    Vehtari, Gelman, Simpson, Carpenter and Bürkner, Rank-normalization, folding, and localization: an
    improved R-hat, Bayesian Analysis 16 (2021).
"""

from typing import Any, Literal

import numpy as np
from jaxtyping import Array, Bool, Float64, Shaped

from isotherm.errors import refusal

Draws = Shaped[np.ndarray, "chains samples *parameter"] | Shaped[Array, "chains samples *parameter"]


def ess(
    draws: Draws, method: Literal["bulk", "tail", "mean", "sd"] = "bulk"
) -> Float64[np.ndarray, "*parameter"]:
    """Effective number of independent draws.

    Args:
        draws: shape ``(chains, samples, *parameter)``, real.
        method: ``"bulk"`` is rank-normalised; ``"mean"`` is what the error of a plain mean needs.

    Returns:
        Shape ``parameter``. NaN with fewer than four samples a chain, for draws that are not finite, and for
        a parameter that never changed: nothing is known of its mixing.

    Raises:
        ValueError: if ``draws`` has no chain and sample axes.
    """
    values = _checked(draws)
    prob = (0.05, 0.95) if method == "tail" else None
    with np.errstate(all="ignore"):
        result = _array_stats().ess(values, chain_axis=0, draw_axis=1, method=method, prob=prob)
    return np.where(_is_constant(values), np.nan, result)


def rhat(draws: Draws) -> Float64[np.ndarray, "*parameter"]:
    """Rank-normalised split R-hat: near 1 where chains agree, above 1.01 where they do not.

    Args:
        draws: shape ``(chains, samples, *parameter)``, real.

    Returns:
        Shape ``parameter``, NaN as in :func:`ess` and with fewer than two chains; huge if each chain is stuck
        at a value of its own.

    Raises:
        ValueError: if ``draws`` has no chain and sample axes.
    """
    values = _checked(draws)
    with np.errstate(all="ignore"):
        return np.asarray(_array_stats().rhat(values, chain_axis=0, draw_axis=1, method="rank"), np.float64)


def rhat_of_moments(between: Any, within: Any, num_samples: float | int) -> Float64[np.ndarray, "*parameter"]:
    """Gelman and Rubin's R-hat of whole chains, not split, where only their moments are known.

    Args:
        between: variance of the means of chains, of any shape, at least 0.
        within: mean variance of chains, of the same shape.
        num_samples: samples a chain, at least 1.

    Returns:
        Of that shape; infinite where chains stand still apart from each other, NaN where nothing varies.

    References:
        Gelman and Rubin, Inference from iterative simulation using multiple sequences, Statist. Sci. 7 (1992).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(1 - 1 / num_samples + np.divide(between, within)))


def mcse(draws: Draws) -> Float64[np.ndarray, "*parameter"]:
    """Monte Carlo standard error of the mean, autocorrelation included.

    Args:
        draws: shape ``(chains, samples, *parameter)``, real.

    Returns:
        Shape ``parameter``, NaN as in :func:`ess`, and where no chain ever moved, each at a value of its own or all
        at one: nothing is known of such a mean but where the chains began.

    Raises:
        ValueError: if ``draws`` has no chain and sample axes.
    """
    values = _checked(draws)
    with np.errstate(all="ignore"):
        found = np.asarray(_array_stats().mcse(values, chain_axis=0, draw_axis=1, method="mean"), np.float64)
    return np.where(stands_still(values), np.nan, found)


def stands_still(draws: Draws) -> Bool[np.ndarray, "*parameter"]:
    """Whether no chain ever moved, of each parameter; shape ``parameter``."""
    values = np.asarray(draws)
    return np.asarray((values == values[:, :1]).all(axis=(0, 1)))


def autocorrelation(
    draws: Draws, max_lag: int | None = None
) -> Float64[np.ndarray, "chains lags *parameter"]:
    """Autocorrelation of each chain at lags ``0 .. max_lag``; NaN where a chain never changed.

    Args:
        draws: shape ``(chains, samples, *parameter)``, real.
        max_lag: at least 0; all lags by default.

    Raises:
        ValueError: if ``draws`` has no chain and sample axes, or ``max_lag`` is negative.
    """
    values = _checked(draws)
    if max_lag is not None and max_lag < 0:
        raise refusal("max_lag", max_lag, "must be at least 0")
    with np.errstate(all="ignore"):
        lags = _array_stats().autocorr(np.moveaxis(values, 1, -1), axis=-1)
    result = np.moveaxis(lags, -1, 1)[:, : None if max_lag is None else max_lag + 1]
    return np.where((values == values[:, :1]).all(axis=1, keepdims=True), np.nan, result)


def _array_stats() -> Any:
    from arviz_stats.base.array import array_stats  # takes longer to import than JAX: only when it is needed

    return array_stats


def _checked(draws: Draws) -> Float64[np.ndarray, "chains samples *parameter"]:
    values = np.asarray(draws)
    if values.ndim < 2:
        raise refusal("draws.shape", values.shape, "must be (chains, samples, ...)")
    return values.astype(np.float64)


def _is_constant(values: np.ndarray) -> np.ndarray:
    return np.asarray((values == values[:1, :1]).all(axis=(0, 1)))
