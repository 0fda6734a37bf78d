"""What a training keeps: the best pair, where it waits, and when it looks."""

import numpy as np
import pytest

from isotherm.learn.descend import BestStep, best_step
from isotherm.market.train.selection import next_evaluation, steps_since_best

NAN = np.nan
STEPS = np.array([1, 11, 21, 31])


def test_the_best_pair_wins_not_the_step_with_the_best_mean() -> None:
    scores = np.array([[0.0, 0.0], [0.9, -5.0], [0.8, 0.8], [0.1, 0.1]])
    assert best_step(scores, STEPS) == BestStep(0.9, 11, 0)


def test_the_first_of_equal_ones_wins_and_nan_never() -> None:
    scores = np.array([[NAN, NAN], [NAN, 0.3], [0.3, 0.3], [NAN, 0.2]])
    assert best_step(scores, STEPS) == BestStep(0.3, 11, 1)
    assert steps_since_best(scores, STEPS, 35) == 24


def test_without_any_score_waiting_counts_from_the_beginning() -> None:
    scores = np.full((4, 2), NAN)
    assert best_step(scores, STEPS) == BestStep(-np.inf, 0, 0)
    assert steps_since_best(scores, STEPS, 31) == 31


@pytest.mark.parametrize(
    ("interval", "wanted"), [(10, [1, 11, 21, 26]), (1, list(range(1, 27))), (100, [1, 26])]
)
def test_evaluations_come_after_the_first_step_then_evenly_and_after_the_last(
    interval: int, wanted: list
) -> None:
    found, step = [], 0
    while step < 26:
        step = next_evaluation(step, interval, 26)
        found.append(step)
    assert found == wanted
