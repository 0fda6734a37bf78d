"""Which step and which set a training keeps, when it stops, and when it takes smaller steps. Section 7.5.

All of it is told by scores on validation minutes, or on fitted ones where none are held back; never on those of the
test. Functions are pure, of the scores so far, so that a training that goes on decides as an unbroken one.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

Scores = Float64[np.ndarray, "scores sets"]
Steps = Int64[np.ndarray, " scores"]


class BestStep(NamedTuple):
    """The best pair of all.

    Attributes:
        score: its score; minus infinity where no set has any.
        step: steps done when it was taken; 0 where no set has any.
        set: of the parameters.
    """

    score: float
    step: int
    set: int


def best_step(scores: Scores, steps: Steps) -> BestStep:
    """The first pair of step and set that no later one exceeds; NaN is passed over.

    Args:
        scores: of each set, ``(scores, sets)``.
        steps: done when they were taken, ``(scores,)``.

    >>> best_step(np.array([[0.1, np.nan], [0.3, 0.2], [0.3, 0.0]]), np.array([1, 11, 21]))
    BestStep(score=0.3, step=11, set=0)
    """
    known = np.where(np.isnan(scores), -np.inf, scores)
    if not (known > -np.inf).any():
        return BestStep(-np.inf, 0, 0)
    row, column = np.unravel_index(known.argmax(), known.shape)
    return BestStep(float(known[row, column]), int(steps[row]), int(column))


def steps_since_best(scores: Scores, steps: Steps, step: int) -> int:
    """Steps since the best pair, or since the beginning.

    Args:
        scores: of each set, ``(scores, sets)``.
        steps: done when they were taken.
        step: steps done by now.
    """
    return step - best_step(scores, steps).step


def next_evaluation(step: int, interval: int, last: int) -> int:
    """Steps done at the next evaluation: after the first, every ``interval`` steps from there, and after the last.

    Args:
        step: steps done.
        interval: between evaluations.
        last: steps in all.

    >>> [next_evaluation(step, 10, 26) for step in (0, 1, 11, 24)]
    [1, 11, 21, 26]
    """
    return min(1 + -(-step // interval) * interval, last)
