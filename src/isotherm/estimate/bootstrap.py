"""Rows: an estimate and its resamples side by side, from block means to whatever is computed of them.

Every quantity is an array with *rows*: row 0 is the estimate from all blocks, the other rows are the same estimate
from resampled blocks (bootstrap). Whatever is computed row by row thereby carries its error, correlations between
quantities included: the error of anything is the spread of its rows 1, 2, ...

References:
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 6.
"""

from collections.abc import Mapping

import numpy as np

Rows = np.ndarray


def resample(means: Mapping[str, np.ndarray], num_rows: int, rng: np.random.Generator) -> dict[str, Rows]:
    """Means of moments, and of as many resamples of the blocks.

    Args:
        means: block means by name, ``(starts, temperatures, chains, blocks)`` as
            :func:`isotherm.studies.lattice.sweep.sweep` returns them; blocks must last several
            autocorrelation times.
        num_rows: how many resamples, at least 2.
        rng: draws them; the same blocks for all names, other blocks at each temperature.

    Returns:
        By name ``(1 + num_rows, temperatures)``, float64.
    """
    flat = {name: np.moveaxis(value, 1, 0).reshape(value.shape[1], -1) for name, value in means.items()}
    num_temperatures, num_blocks = next(iter(flat.values())).shape
    counts = rng.multinomial(
        num_blocks, np.full(num_blocks, 1 / num_blocks), size=(num_temperatures, num_rows)
    )
    weights = np.concatenate([np.ones((num_temperatures, 1, num_blocks)), counts], axis=1) / num_blocks
    return {name: np.einsum("trb,tb->rt", weights, value) for name, value in flat.items()}


def errors(rows: Rows) -> np.ndarray:
    """Standard error of each entry: the spread over resamples."""
    return np.asarray(rows[1:].std(axis=0, ddof=1))
