"""A walk before its first cycle: its span, what it begins with, and what does not fit."""

from typing import Any

import numpy as np
import pytest
from tests.market.walk.walk_cases import CLOSES, TOKENS, row_of, run, table, walk

from isotherm.market.prices.table import PriceTable
from isotherm.market.walk.forward import cycle_task
from isotherm.market.walk.plan import walk_of


def test_the_span_goes_to_the_end_of_the_test_where_there_is_one() -> None:
    whole = walk(
        settings={"endDateString": "2024-01-09 00:00:00", "endTestDateString": "2024-01-25 00:00:00"}
    )
    assert whole.cycles == walk().cycles
    assert len(walk().cycles) == 3
    assert len(walk(n_cycles=2).cycles) == 2
    assert walk().cycles[0].train_start == "2024-01-05 00:00:00"
    assert walk(n_cycles=2).cycles[0].train_start == "2024-01-07 00:00:00"
    assert walk(n_cycles=2, are_equal=False).cycles[0].train_start == "2024-01-05 00:00:00"


def test_the_first_cycle_begins_with_what_is_given() -> None:
    assert walk().start.params is None
    assert walk(settings={"initial_weights_logits": [0.0, np.log(3.0)]}).start.weights.tolist() == [
        0.25,
        0.75,
    ]
    params = {"log_k": [3.0, 2.0], "logit_lamb": [1.0, 1.0]}
    given = walk(params=params | {"initial_weights_logits": [np.log(4.0), 0.0]}).start
    np.testing.assert_allclose(given.weights, [0.8, 0.2])
    assert given.params == params
    assert walk(params=params, initial_weights=[0.1, 0.9]).start.weights.tolist() == [0.1, 0.9]


def test_a_task_has_the_days_that_are_remembered_and_no_more() -> None:
    plan = walk(settings={"max_memory_days": 2.5})
    task = cycle_task(plan, 1, plan.start)
    assert row_of(task.prices.start) == row_of(task.cycle.train_start) - 3 * 1440
    early = walk(settings={"max_memory_days": 9})
    assert cycle_task(early, 0, early.start).prices.start == table().start
    assert cycle_task(plan, 0, plan.start).run["optimisation_settings"]["n_cycles"] == 5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"endDateString": "2024-01-25 00:01:00"}, ""),
        ({"endDateString": "2024-01-26 00:00:00"}, "end = '2024-01-26 00:00:00': is no row"),
        (
            {"endTestDateString": "2024-01-26 00:00:00"},
            "test_end = '2024-01-26 00:00:00': is no row",
        ),
        ({"startDateString": "2023-12-01 00:00:00"}, "start = '2023-12-0"),
        ({"tokens": ["AAA", "CCC"]}, "tokens = 'CCC'"),
    ],
)
def test_dates_and_tokens_that_there_are_not_are_refused(given: dict[str, Any], words: str) -> None:
    if not words:
        assert walk(settings=given).cycles == walk().cycles
        return
    with pytest.raises(ValueError, match=words):
        walk(settings=given)


def test_a_grid_that_does_not_divide_a_day_and_other_supplies_are_refused() -> None:
    odd = PriceTable(table().unix[::7], tuple(TOKENS), np.array(CLOSES[::7]))
    with pytest.raises(ValueError, match="prices = '7 min between rows': must divide a day"):
        walk_of(run(), odd)
    with pytest.raises(ValueError, match=r"len\(supply\) = 3: must be 34561"):
        walk(supply=np.ones((3, 2)))
    with pytest.raises(ValueError, match="initial_weights"):
        walk(initial_weights=[0.5, 0.6])
    with pytest.raises(ValueError, match="params"):
        walk(params={"log_kk": [1.0]})
