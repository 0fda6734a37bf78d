"""Learning rates: schedules against their formulas, the least rate, plateaus of each set."""

import math

import numpy as np
import pytest

from isotherm.market.train.rates import least_rate, plateau_factors, rate_schedule

BASE = {"base_lr": 0.2, "lr_decay_ratio": 50, "n_iterations": 40, "warmup_steps": 10}


def rate(kind: str, step: int) -> float:
    return float(rate_schedule(BASE | {"lr_schedule_type": kind})(step))


@pytest.mark.parametrize("step", [0, 3, 10, 25, 40])
def test_schedules_are_those_of_the_definition(step: int) -> None:
    low, share = 0.2 / 50, step / 40
    assert rate("constant", step) == pytest.approx(0.2)
    assert rate("exponential", step) == pytest.approx(0.2 * 50**-share, rel=1e-5)
    assert rate("cosine", step) == pytest.approx(
        low + (0.2 - low) * 0.5 * (1 + math.cos(math.pi * share)), rel=1e-5
    )
    late = low + (0.2 - low) * 0.5 * (1 + math.cos(math.pi * (step - 10) / 30))
    wanted = low + (0.2 - low) * step / 10 if step < 10 else late
    assert rate("warmup_cosine", step) == pytest.approx(wanted, rel=1e-5)


def test_the_least_rate_is_told_by_the_ratio_first() -> None:
    assert least_rate({"base_lr": 0.2, "lr_decay_ratio": 50, "min_lr": 0.1}) == pytest.approx(0.004)
    assert least_rate({"base_lr": 0.2, "min_lr": 0.1}) == 0.1
    assert least_rate({"base_lr": 0.2, "min_lr": 0.2}) == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lr_schedule_type": "linear"}, "lr_schedule_type = 'linear'"),
        ({"lr_schedule_type": "cosine", "n_iterations": 0}, "n_iterations = 0"),
        (
            {"lr_schedule_type": "warmup_cosine", "warmup_steps": 40},
            "warmup_steps = 40: must be below n_iterations, 40",
        ),
        ({"base_lr": 0.0}, "base_lr = 0"),
    ],
)
def test_what_makes_no_schedule_is_refused(changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rate_schedule(BASE | changes)


def test_a_constant_rate_asks_for_no_number_of_steps() -> None:
    assert float(rate_schedule({"base_lr": 0.2, "n_iterations": 0})(7)) == pytest.approx(0.2)


def test_plateaus_are_counted_for_each_set() -> None:
    steps = np.arange(1, 62, 10)
    flat, rising, unknown = [1.0] * 7, list(range(7)), [np.nan] * 7
    scores = np.array([flat, rising, unknown]).T
    # flat since step 1: more than 15 steps later at 21, and again at 41 and 61
    assert plateau_factors(scores, steps, 15, 0.5).tolist() == [0.125, 1.0, 0.125]
    assert plateau_factors(scores, steps, 20, 0.5).tolist() == [0.25, 1.0, 0.25]
