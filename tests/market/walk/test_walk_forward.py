"""A walk forward: what is carried on, what a cycle tells, and that no choice looks ahead."""

import itertools
import logging
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from tests.market.walk.walk_cases import CLOSES, FIXED, row_of, run, table, walk

from isotherm.market.backtest import simulate
from isotherm.market.prices.table import PriceTable
from isotherm.market.train.evaluation import WholeRun
from isotherm.market.train.loop import train
from isotherm.market.train.periods import Periods
from isotherm.market.train.step import BatchGradient
from isotherm.market.walk.forward import carried_on, cycle_record, cycle_task, walk_forward
from isotherm.market.walk.plan import walk_of
from isotherm.market.walk.tested import CycleRecord, sharpe_haircut
from isotherm.market.walk.trainers import CycleChoice, CycleTask, gradient_trainer, random_trainer


@pytest.fixture(scope="module")
def records() -> list[CycleRecord]:
    return list(walk_forward(walk()))


def by_last_move(task: CycleTask) -> dict[str, Any]:
    """A user's function: parameters told by the last price that it is given."""
    last = task.prices.closes[-1] / task.prices.closes[-1441]
    return {"log_k": np.log2(1 + last), "logit_lamb": np.zeros(2)}


TRAINERS: dict[str, Callable[[CycleTask], Any]] = {
    "standard": gradient_trainer(),
    "multi-period": gradient_trainer(Periods(2)),
    "a user's": by_last_move,
    "chance": random_trainer(),
}


# ------------------------------------------------------------------------------
# Choosing without looking ahead


def chosen(trainer: Callable[[CycleTask], Any], closes: np.ndarray, number: int) -> list[Any]:
    """All that cycles up to this one chose, and what they chose it by."""
    found = itertools.islice(walk_forward(walk(closes), trainer), number + 1)
    return [
        (one.params, one.initial_weights, one.final_weights, one.in_sample, one.haircut, one.train_regime)
        for one in found
    ]


def altered(number: int, days: int = 0) -> np.ndarray:
    """Prices shuffled and raised from so many days after a training's end on."""
    row = row_of(walk().cycles[number].train_end) + 1440 * days
    later = np.random.default_rng(number).permutation(CLOSES[row:]) * [2.0, 0.5]
    return np.concatenate([CLOSES[:row], later])


@pytest.mark.parametrize("name", TRAINERS)
@pytest.mark.parametrize("number", [0, 1])
def test_no_price_from_a_trainings_end_on_changes_what_was_chosen(name: str, number: int) -> None:
    found, other = (chosen(TRAINERS[name], closes, number) for closes in (CLOSES, altered(number)))
    assert len(found) == number + 1
    assert str(found) == str(other)  # NaN is not equal to itself


@pytest.mark.parametrize("name", [name for name in TRAINERS if name != "chance"])
def test_prices_of_the_last_day_of_training_do_change_it(name: str) -> None:
    assert str(chosen(TRAINERS[name], CLOSES, 0)) != str(chosen(TRAINERS[name], altered(0, days=-1), 0))


def test_a_trainer_that_looks_ahead_by_other_ways_is_found_out() -> None:
    def peeking(closes: np.ndarray) -> Callable[[CycleTask], Any]:
        def choose(task: CycleTask) -> dict[str, Any]:
            return FIXED | {"log_k": np.log2(1 + closes[row_of(task.cycle.train_end)])}

        return choose

    other = altered(0)
    assert str(chosen(peeking(CLOSES), CLOSES, 0)) != str(chosen(peeking(other), other, 0))


def test_a_trainer_is_given_nothing_of_the_test() -> None:
    seen: list[CycleTask] = []
    list(walk_forward(walk(purge_days=1), lambda task: seen.append(task) or FIXED))
    for task in seen:
        assert task.run["endTestDateString"] is None
        last = row_of(task.cycle.train_end)
        np.testing.assert_array_equal(task.prices.closes[-2], CLOSES[last - 1])
        np.testing.assert_array_equal(task.prices.closes[-1], CLOSES[last - 1])
        assert task.prices.end == task.cycle.train_end < task.cycle.test_start


# ------------------------------------------------------------------------------
# What is carried on, and one program for all


def test_a_cycle_begins_with_what_the_one_before_chose(records: list[CycleRecord]) -> None:
    for before, after in itertools.pairwise(records):
        np.testing.assert_array_equal(after.initial_weights, before.final_weights)
    plan = walk()
    task = cycle_task(plan, 1, carried_on(plan, records[0]))
    assert task.params is not None
    alone = train(task.run, task.prices, params=records[0].params, initial_weights=records[0].final_weights)
    for name, value in records[1].params.items():
        np.testing.assert_array_equal(value, alone.params[name])
    np.testing.assert_allclose(alone.metadata["final_weights"], records[1].final_weights, rtol=1e-9)
    assert records[1].run_location == alone.metadata["run_location"]
    assert np.ptp(records[0].initial_weights) == 0
    assert records[1].haircut == sharpe_haircut(alone.metadata["checkpoint_returns"])
    assert records[1].haircut is not None


def test_windows_and_noise_of_cycles_differ() -> None:
    tasks = [cycle_task(walk(), number, walk().start) for number in range(3)]
    assert [task.run["optimisation_settings"]["initial_random_key"] for task in tasks] == [0, 1, 2]
    drawn = [random_trainer()(task).params["log_k"] for task in tasks]
    assert len({float(one[0]) for one in drawn}) == 3
    first, one = (random_trainer(scale)(tasks[0]).params["log_k"] for scale in (0.0, 1.0))
    np.testing.assert_array_equal(one, drawn[0])
    np.testing.assert_allclose(random_trainer(2.0)(tasks[0]).params["log_k"] - first, 2 * (one - first))


def test_trainings_of_one_start_begin_with_its_weights() -> None:
    plan = walk(keep_fixed_start=True, initial_weights=[0.3, 0.7])
    found = list(walk_forward(plan, lambda task: FIXED))
    assert all(one.initial_weights.tolist() == [0.3, 0.7] for one in found)
    assert {one.cycle.train_start for one in found} == {"2024-01-05 00:00:00"}


def test_one_program_serves_all_cycles(records: list[CycleRecord], monkeypatch: Any, caplog: Any) -> None:
    traced: list[str] = []
    for kind, name in ((BatchGradient, "mean"), (WholeRun, "of_one")):
        old = getattr(kind, name)
        monkeypatch.setattr(kind, name, lambda *given, old=old, name=name: traced.append(name) or old(*given))
    jax.clear_caches()
    whole = walk_forward(walk())
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        next(whole)
    first = list(traced)
    assert set(first) == {"mean", "of_one"}
    assert [record for record in caplog.records if record.getMessage().startswith("Compiling")]
    caplog.clear()
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        list(whole)
    assert traced == first
    assert not [record for record in caplog.records if record.getMessage().startswith("Compiling")]


# ------------------------------------------------------------------------------
# What a record tells


def test_each_day_of_all_tests_has_one_return(records: list[CycleRecord]) -> None:
    assert [len(one.daily_returns) for one in records] == [5, 5, 5]
    midnights = [one.unix for one in records]
    for before, after in itertools.pairwise(midnights):
        assert before[-1] == after[0]
    rows = (np.concatenate(midnights) - table().unix[0]) // 60_000
    np.testing.assert_array_equal(CLOSES[rows], np.concatenate([one.prices for one in records]))


def test_a_record_is_what_a_backtest_plays(records: list[CycleRecord]) -> None:
    record = records[1]
    settings = run(
        startDateString=record.cycle.train_start,
        endDateString=record.cycle.train_end,
        endTestDateString="2024-01-20 00:02:00",
    )
    params = record.params | {"initial_weights": record.initial_weights}
    played = simulate(settings, params, table(), with_test=True)
    np.testing.assert_allclose(record.value, played.value[5 * 1440 :: 1440], rtol=1e-12)
    np.testing.assert_allclose(record.weights, played.weights[5 * 1440 :: 1440], rtol=1e-12)
    told = played.metrics()["train"]
    for name in ("sharpe", "daily_log_sharpe", "calmar", "returns_over_hodl", "returns_over_uniform_hodl"):
        assert record.in_sample[name] == pytest.approx(told[name], rel=1e-9)
    assert record.in_sample["returns"] == pytest.approx(told["return"], rel=1e-9)
    assert np.isnan(record.in_sample["ulcer"])
    value, prices = played.value[5 * 1440 : -1], played.prices[5 * 1440 : -1]
    assert record.out_of_sample["returns"] == pytest.approx(value[-1] / value[0] - 1, rel=1e-9)
    held = prices @ played.reserves[5 * 1440]
    assert record.out_of_sample["returns_over_hodl"] == pytest.approx(value[-1] / held[-1] - 1, rel=1e-9)
    np.testing.assert_allclose(record.hodl, held[::1440], rtol=1e-12)
    uniform = value[0] * (prices / prices[0]).mean(1)
    np.testing.assert_allclose(record.uniform_hodl, uniform[::1440], rtol=1e-12)
    sharpe = np.sqrt(365) * record.daily_returns.mean() / record.daily_returns.std()
    assert record.out_of_sample["sharpe"] == pytest.approx(sharpe, rel=1e-9)
    assert record.gap == pytest.approx(record.in_sample["sharpe"] - sharpe)
    assert record.efficiency == pytest.approx(sharpe / record.in_sample["sharpe"], nan_ok=True)


def test_a_purged_test_begins_after_the_gap_and_the_pool_runs_through_it() -> None:
    (record, *_) = walk_forward(walk(purge_days=2), lambda task: FIXED)
    whole = next(walk_forward(walk(), lambda task: FIXED))
    assert (record.cycle.train_end, record.cycle.test_start) == ("2024-01-08 00:00:00", "2024-01-10 00:00:00")
    np.testing.assert_allclose(record.value, whole.value, rtol=1e-12)
    assert record.in_sample != whole.in_sample


def test_daily_prices_are_walked_as_their_minutes_are() -> None:
    daily = np.array(CLOSES[::1440])
    coarse = PriceTable(table().unix[::1440], ("AAA", "BBB"), daily)
    fine = np.repeat(daily, 1440, axis=0)[: len(CLOSES)]
    one = list(walk_forward(walk_of(run(), coarse), by_last_move))
    other = list(walk_forward(walk(fine), by_last_move))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.value, b.value)
        assert str(a.in_sample) == str(b.in_sample)
        assert "minutes made by repeating rows of 1440 min" in " ".join(a.notes)


def test_supplies_are_cut_as_prices_are() -> None:
    supply = np.linspace(1.0, 3.0, len(CLOSES))[:, None] * [1.0, 4.0]
    plan = walk(supply=supply)
    task = cycle_task(plan, 1, plan.start)
    assert len(task.supply) == len(task.prices.unix)
    first = row_of(task.prices.start)
    np.testing.assert_array_equal(task.supply[:-1], supply[first : first + len(task.supply) - 1])
    np.testing.assert_array_equal(task.supply[-1], task.supply[-2])


def test_a_users_choice_may_bring_what_was_tried() -> None:
    plan = walk()
    task = cycle_task(plan, 0, plan.start)
    tried = np.random.default_rng(0).normal(size=(3, 400)) * 0.01
    with_them = cycle_record(plan, task, CycleChoice(FIXED, tried, ("own note",)))
    assert with_them.haircut is not None
    assert with_them.notes[0] == "own note"
    assert cycle_record(plan, task, FIXED).haircut is None
    compat = cycle_record(plan, task, CycleChoice(FIXED, tried), compat=True)
    assert compat.haircut is not None
    assert compat.haircut < with_them.haircut


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda plan: cycle_task(plan, 3, plan.start), "number = 3"),
        (lambda plan: next(walk_forward(plan, lambda task: 5)), "choice = 5"),
        (lambda plan: next(walk_forward(plan, lambda task: {"logit_lamb": [1.0]})), "log_k"),
        (lambda plan: random_trainer(-1.0), "scale = -1"),
    ],
)
def test_what_does_not_fit_a_walk_is_refused(call: Callable[..., Any], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        call(walk())
