"""Scores, differences in units of their error, and what the worst of many may be. NumPy and SciPy only."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.estimate.autocorrelation import WithError

FALSE_ALARM = 1e-3
"""Probability with which the worst of many true scores lies beyond its bound."""


def difference(one: WithError, two: WithError, least: float = 1e-12) -> np.ndarray:
    """Independent estimates against each other, in units of the error of their difference.

    Args:
        one: of any shape.
        two: of the same shape.
        least: error below which none is believed.
    """
    return (one.value - two.value) / np.maximum(np.hypot(one.error, two.error), least)


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
    return np.stack([_start_score(means[name]) for name in names])


def _start_score(blocks: np.ndarray) -> np.ndarray:
    chains = blocks.mean(-1)
    error = np.sqrt((chains.var(-1, ddof=1) / chains.shape[-1]).sum(0))
    return (chains[0].mean(-1) - chains[1].mean(-1)) / np.maximum(error, 1e-300)


def score_bound(num_scores: int, dof: int, false_alarm: float = FALSE_ALARM) -> float:
    """What the largest of many true scores exceeds with probability ``false_alarm`` at most (Bonferroni).

    Args:
        num_scores: at least 1; they need not be independent.
        dof: degrees of freedom of Student's t, which each score follows.
        false_alarm: within 0 and 1.
    """
    from scipy import stats  # slow to import

    return float(stats.t.ppf(1 - false_alarm / (2 * num_scores), df=dof))


def worst_score(scores: np.ndarray, dof: int) -> dict[str, Any]:
    """The largest score, regardless of sign, its bound and how many there are, for the metrics of a study."""
    return {
        "worst_z": float(np.abs(scores).max()),
        "bound": score_bound(scores.size, dof),
        "num": scores.size,
    }
