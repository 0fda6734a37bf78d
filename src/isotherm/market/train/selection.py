"""Which step and which set a training keeps, when it stops, and when it takes smaller steps. Section 7.5.

All of it is told by scores on validation minutes, or on fitted ones where none are held back; never on those of the
test. Functions are pure, of the scores so far, so that a training that goes on decides as an unbroken one.
"""

import numpy as np
from jaxtyping import Float64, Int64

from isotherm.learn.descend import best_step

Scores = Float64[np.ndarray, "scores sets"]
Steps = Int64[np.ndarray, " scores"]


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
