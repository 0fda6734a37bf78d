"""Which checkpoint each method chooses, by slow twins, in both formats, with NaN and without values."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters import selection
from isotherm.market.parameters.selection import DEFAULT_METRIC, Checkpoint, select

NAN = float("nan")
VALUE = st.sampled_from([NAN, -1.0, 0.0, 0.5, 1.0, 2.0]) | st.floats(-3, 3)
TABLES = st.integers(1, 4).flatmap(
    lambda sets: st.lists(
        st.tuples(*[st.lists(VALUE, min_size=sets, max_size=sets)] * 3), min_size=1, max_size=6
    )
)


def old_records(table: Any) -> list[dict[str, Any]]:
    return [{}] + [
        {
            "step": number,
            "objective": o,
            "train_objective": train,
            "test_objective": test,
            "validation_metrics": None,
        }
        for number, (o, train, test) in enumerate(table)
    ]


def new_records(table: Any, prefix: str = "") -> list[dict[str, Any]]:
    return [{}] + [
        {
            "step": number, "objective": o, "train_objective": [{DEFAULT_METRIC: x, "sharpe": -x} for x in train],
            "test_objective": [{DEFAULT_METRIC: 0.0, "sharpe": x} for x in test],
            "continuous_test_metrics": [{prefix + DEFAULT_METRIC: x} for x in test], "validation_metrics": None,
        }
        for number, (o, train, test) in enumerate(table)
    ]  # fmt: skip


def pairs(values: np.ndarray) -> list[tuple[float, int, int]]:
    return [(float(x), row, column) for (row, column), x in np.ndenumerate(values) if not math.isnan(x)]


def slow_best(values: np.ndarray) -> tuple[int, int] | None:
    best = None
    for x, row, column in pairs(values):
        if best is None or x > best[0]:
            best = (x, row, column)
    return None if best is None else best[1:]


def slow_best_above(values: np.ndarray, others: np.ndarray, threshold: float) -> tuple[int, int] | None:
    eligible = [one for one in pairs(values) if others[one[1:]] >= threshold] or pairs(values)
    best = None
    for x, row, column in eligible:
        if best is None or x > best[0] or (x == best[0] and row > best[1]):
            best = (x, row, column)
    return None if best is None else best[1:]


def found(records: list[dict[str, Any]], method: str, threshold: float = 0.0) -> Any:
    try:
        return select(records, method, threshold=threshold)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "form", [old_records, new_records, lambda table: new_records(table, "continuous_test_")]
)
@given(table=TABLES, threshold=st.sampled_from([-2.0, 0.0, 0.5, 5.0]))
def test_methods_choose_what_slow_twins_choose(form, table, threshold: float) -> None:
    records = form(table)
    objective, train, test = (np.array([row[i] for row in table]) for i in range(3))
    by_name = {"best_objective": objective, "best_train_objective": train, "best_test_objective": test}
    for method, values in by_name.items():
        expected = slow_best(values)
        assert found(records, method) == (
            None if expected is None else Checkpoint(expected[0] + 1, *expected)
        )
        last = slow_best(values[-1:])
        one = found(records, f"{method}_of_last")
        assert one == (None if last is None else Checkpoint(len(table), len(table) - 1, last[1]))
    if not (np.isnan(train).all() or np.isnan(test).all()):
        expected = slow_best_above(train, test, threshold)
        assert found(records, "best_train_min_test_objective", threshold)[1:] == expected
        expected = slow_best_above(test, train, threshold)
        assert found(records, "best_test_min_train_objective", threshold)[1:] == expected
    columns = [slow_best(column[:, None]) for column in train.T]
    each = found(records, "best_train_objective_for_each_parameter_set")
    if None in columns:
        assert each is None
    else:
        assert [(one.step, one.set) for one in each] == [(row, i) for i, (row, _) in enumerate(columns)]
    assert select(records, "last") == Checkpoint(len(table), len(table) - 1, None)


def test_d13_metrics_of_the_continued_run_are_found_without_a_prefix() -> None:
    table = [([0.0], [0.0], [0.1]), ([0.0], [0.0], [0.9]), ([0.0], [0.0], [0.3])]
    for records in (new_records(table), new_records(table, "continuous_test_")):
        assert select(records, "best_test_objective").step == 1
    records = new_records(table)
    assert select(records, "best_test_objective", use_continuous_test=False).step == 0
    assert select(records, "best_test_objective", "sharpe", use_continuous_test=False).step == 1


def test_d14_rows_of_nan_are_passed_over_and_the_last_rows_set_is_its_best() -> None:
    table = [([1.0, 2.0],) * 3, ([NAN, NAN],) * 3, ([0.0, 0.5],) * 3]
    records = old_records(table)
    for method in ("best_objective", "best_train_objective", "best_test_objective"):
        assert select(records, method)[1:] == (0, 1)
        assert select(records, f"{method}_of_last")[1:] == (2, 1)
    # the largest of a set, not of a step
    records = old_records([([5.0, 0.0],) * 3, ([1.0, 4.0],) * 3])
    assert select(records, "best_objective")[1:] == (0, 0)


def test_d14_without_an_eligible_pair_all_are() -> None:
    records = old_records([([0.0],) * 3, ([0.0], [2.0], [0.1]), ([0.0], [1.0], [0.3])])
    assert select(records, "best_train_min_test_objective", threshold=9.0).step == 1
    assert select(records, "best_train_min_test_objective", threshold=0.2).step == 2
    assert select(records, "best_train_min_test_objective", threshold=0.3).step == 2
    tied = old_records([([0.0], [1.0], [1.0])] * 3)
    assert select(tied, "best_train_min_test_objective").step == 2
    assert select(tied, "best_train_objective").step == 0


def test_d14_without_steps_or_values_nothing_is_chosen() -> None:
    for method in selection.METHODS:
        with pytest.raises(ValueError, match=r"^records = 1: must hold the settings and one step"):
            select([{}], method)
    with pytest.raises(ValueError, match=r"^metric_key = 'sharp': no step has a value .* known: .*sharpe"):
        select(new_records([([0.0],) * 3]), "best_train_objective", "sharp")
    with pytest.raises(ValueError, match=r"there are no metrics"):
        select([{}, {"step": 0}], "best_train_objective")
    with pytest.raises(ValueError, match=r"set 1 has no value"):
        select(
            old_records([([1.0, 1.0], [1.0, NAN], [1.0, 1.0])]), "best_train_objective_for_each_parameter_set"
        )
    with pytest.raises(ValueError, match=r"^method = 'best_train': is unknown; "):
        select(old_records([([0.0],) * 3]), "best_train")
    with pytest.raises(ValueError, match=r"^test\.shape"):
        select(
            [{}, {"train_objective": [1.0, 2.0], "test_objective": [1.0]}], "best_train_min_test_objective"
        )


@pytest.mark.parametrize("method", selection.METHODS)
def test_d46_null_validation_metrics_and_steps_between_evaluations(method: str) -> None:
    records = new_records([([0.1, 0.2],) * 3, ([0.0, 0.1],) * 3, ([0.3, 0.4],) * 3])
    between = {"step": 9, "objective": [0.0, 0.0], "train_objective": None, "test_objective": None,
               "continuous_test_metrics": None, "validation_metrics": None}  # fmt: skip
    assert select(records, method)
    with_gap = [*records[:3], between, records[3]]
    chosen = select(with_gap, method)
    each = chosen if isinstance(chosen, list) else [chosen]
    assert {one.record for one in each} == {4}


def test_formats_are_told_apart_by_the_first_step() -> None:
    table = [([0.0],) * 3]
    assert not selection.is_new_format(old_records(table))
    assert selection.is_new_format(new_records(table))
    assert selection.is_new_format([{}, {"train_objective": {"sharpe": 1.0}}])
    assert not selection.is_new_format([{}, {"train_objective": []}])


def test_values_of_either_format() -> None:
    assert selection.extract_objective_values([]).tolist() == [[-math.inf]]
    assert selection.extract_objective_values([[], []]).tolist() == [[-math.inf]]
    assert selection.extract_objective_values([[1, "x"], [2.0]]).tolist() == [
        [1.0, -math.inf],
        [2.0, -math.inf],
    ]
    assert selection.extract_objective_values([0.5, {"a": 2.0}], "a").tolist() == [[0.5], [2.0]]
    found = selection.extract_objective_values([[1.0, 2.0], None])
    assert np.isnan(found[1]).all()
    assert selection.extract_objective_values([["inf", "-inf", None]]).tolist() == [
        [math.inf, -math.inf, -math.inf]
    ]
    assert selection.get_objective_scalar({"a": "x"}, "a") == -math.inf


def test_steps_are_what_records_call_them() -> None:
    records = old_records([([0.0],) * 3, ([1.0],) * 3])
    records[2]["step"] = 40
    assert select(records, "best_objective") == Checkpoint(2, 40, 0)
    del records[2]["step"]
    assert select(records, "best_objective") == Checkpoint(2, 1, 0)
