"""Bennett's estimate of a ratio of partition functions, from work done both ways. NumPy only."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Logs = Float[np.ndarray, " runs"]


class Bennett(NamedTuple):
    """Log of the ratio, and its standard error: infinite where forward and backward runs do not overlap."""

    value: float
    error: float


def bennett(forward: Logs, backward: Logs) -> Bennett:
    r"""Solve :math:`\langle \sigma(f - c) \rangle_F = \langle \sigma(c - b) \rangle_B` for ``c``.

    Args:
        forward: log weights of forward runs, minus infinity where a run ended in an impossible state.
        backward: log weights that forward runs would have along the backward ones; finite.

    References:
        Bennett, Efficient estimation of free energy differences from Monte Carlo data,
        J. Comput. Phys. 22 (1976).
    """
    finite = forward[np.isfinite(forward)]
    if not len(finite) or not len(backward):
        return Bennett(-np.inf, np.inf)
    low = min(finite.min(), backward.min()) - 40.0
    high = max(finite.max(), backward.max()) + 40.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if _sigmoid(forward - middle).mean() > _sigmoid(middle - backward).mean():
            low = middle
        else:
            high = middle
    value = 0.5 * (low + high)
    ahead, behind = _sigmoid(forward - value), _sigmoid(value - backward)
    slope = (ahead * (1 - ahead)).mean() + (behind * (1 - behind)).mean()
    variance = _variance(ahead) + _variance(behind)
    return Bennett(float(value), float(np.sqrt(variance) / slope) if slope > 0 else np.inf)


def _variance(values: np.ndarray) -> float:
    """Of the mean; infinite where one value says nothing of it."""
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else np.inf


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * x))
