"""Gradient descent as a method: the rate that its records tell."""

from typing import Any

import numpy as np
import pytest
from tests.support.short_market import run_of, table

from isotherm.learn.descend import DescentState
from isotherm.market.train.loop import begun
from isotherm.market.train.methods.ascent import METHOD
from isotherm.market.train.problem import TrainingProblem, problem_of

HALF_WAY = {"lr_schedule_type": "cosine", "base_lr": 0.1, "lr_decay_ratio": 10, "n_iterations": 10}


def after_six_steps(**training: Any) -> tuple[TrainingProblem, DescentState]:
    problem = problem_of(run_of(HALF_WAY | {"n_parameter_sets": 2} | training), table())
    return problem, begun(problem).descent._replace(step=np.asarray(6))


def test_the_rate_of_a_record_is_that_of_its_own_step() -> None:
    """The sixth is taken after five of ten: half way down from 0.1 to 0.01."""
    assert METHOD.rate(*after_six_steps()) == pytest.approx(0.055, rel=1e-6)


def test_plateaus_of_sgd_count_as_those_of_the_fastest_set() -> None:
    problem, state = after_six_steps(optimiser="sgd")
    slowed = state.optimizer._replace(factor=np.array([0.25, 0.5]))
    assert METHOD.rate(problem, state._replace(optimizer=slowed)) == pytest.approx(0.0275, rel=1e-6)


def test_plateaus_of_adam_scale_its_rate() -> None:
    problem, state = after_six_steps(use_plateau_decay=True)
    *others, last = state.optimizer.inner
    inner = (*others, last._replace(scale=np.array([0.5, 0.25])))
    slowed = state.optimizer._replace(inner=inner)
    assert METHOD.rate(problem, state._replace(optimizer=slowed)) == pytest.approx(0.0275, rel=1e-6)
