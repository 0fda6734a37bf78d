"""What judges a training: scores by a metric, how short a part may be, and a whole run beside a backtest of it."""

from typing import Any, NamedTuple

import jax
import numpy as np
import pytest
from tests.support.short_market import held_back_run, run_of, table

from isotherm.market.backtest import simulate
from isotherm.market.train.evaluation import Evaluated, check_metric, evaluated, selection_scores
from isotherm.market.train.judge import Judge
from isotherm.market.train.problem import problem_of

BLANK = np.zeros((3, 2))


class Returns(NamedTuple):
    """Of the metrics of a part these alone."""

    returns: np.ndarray


def found(**parts: np.ndarray) -> Evaluated:
    """Of three sets."""
    told: Any = {part: Returns(values) for part, values in parts.items()}
    return Evaluated(told, BLANK, BLANK, BLANK)


def test_infinite_scores_are_a_million_with_their_sign() -> None:
    one = found(train=np.array([np.inf, -np.inf, 0.5]))
    assert selection_scores(one, "train", "return").tolist() == [1e6, -1e6, 0.5]


@pytest.mark.parametrize(
    ("metric", "least"),
    [("ulcer", 43_200), ("sterling", 43_200), ("sharpe", 1441), ("calmar", 2), ("daily_log_sharpe", 2881)],
)
def test_a_part_must_be_as_long_as_its_metric_asks(metric: str, least: int) -> None:
    check_metric(metric, "train", least)
    with pytest.raises(
        ValueError, match=f"needs {least} minutes; train, by which it chooses, has {least - 1}"
    ):
        check_metric(metric, "train", least - 1)


def test_minutes_held_back_judge_where_there_are_any(monkeypatch: Any) -> None:
    parts = {"train": np.arange(3.0), "validation": -np.arange(3.0), "test": np.full(3, 9.0)}
    monkeypatch.setattr("isotherm.market.train.judge.evaluated", lambda run, params: found(**parts))
    for share, part in ((0.1, "validation"), (0.0, "train")):
        judge = Judge(problem_of(held_back_run({"val_fraction": share}), table()))
        np.testing.assert_array_equal(judge({}), parts[part])
        assert judge.found is not None


def test_a_whole_run_ends_and_gains_a_day_as_the_backtest_of_its_first_set() -> None:
    """Over equal parts of the first minute, of the days of the fitted part; weights are of value, not of coins."""
    settings = run_of({"n_parameter_sets": 2, "val_fraction": 0.1, "early_stopping_metric": "return"})
    problem = problem_of(settings, table())
    with jax.enable_x64(True):
        told = evaluated(problem.whole, problem.params)
    own = {name: np.asarray(value[0]) for name, value in problem.params.items()}
    played = simulate(settings, own, table(), with_test=True)
    days = slice(0, problem.split.parts["train"].last, 1440)
    held = (played.prices[days] / played.prices[0]).mean(1)
    wanted = np.diff(np.log(played.value[days] / held))
    np.testing.assert_allclose(told.excess[0], wanted, rtol=1e-6, atol=1e-9)
    end = problem.split.parts["validation"].last - 1
    worth = played.reserves[end] * played.prices[end]
    np.testing.assert_allclose(told.final_weights[0], worth / worth.sum(), rtol=1e-6)
    np.testing.assert_allclose(told.final_reserves[0], played.reserves[end], rtol=1e-6)
