"""Tuning: what trials choose, that each follows from those before, that held cycles are not seen, and who goes on."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
import optuna
import pytest

from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.synthetic import brownian_prices, synthetic_table
from isotherm.market.train.methods.optuna_study import ToldTrial
from isotherm.market.tune.found import best_trial, importances, pareto_front, tuning_journal
from isotherm.market.tune.metrics import TUNE_METRICS, tuning_metric
from isotherm.market.tune.plan import TunePlan, train_days, tuning_of
from isotherm.market.tune.search import tune
from isotherm.market.tune.space import (
    TuneAxis,
    aligned_objective,
    checked_axes,
    default_axes,
    settings_with,
    starting_choice,
)
from isotherm.market.tune.trials import next_trial, walked
from isotherm.market.walk.plan import Walk, walk_of
from isotherm.market.walk.trainers import CycleChoice, CycleTask

CLOSES = brownian_prices(jax.random.key(5), 40 * 1440, [30.0, 2.0], volatility=[0.9, 0.6])
HELD_ROW = 32 * 1440 + 1
"""The first that no trial needs: the last test's first minute ends the one before."""

RATE = TuneAxis("base_lr", 1e-3, 1.0, log_scale=True)
SPEED = TuneAxis("maximum_change", 1e-4, 1e-2, log_scale=True)


def walk_(closes: np.ndarray = CLOSES, **training: Any) -> Walk:
    table = synthetic_table(closes, ["AAA", "BBB"], "2024-01-01 00:00:00")
    run = Fingerprint(
        tokens=["AAA", "BBB"],
        rule="momentum",
        max_memory_days=3,
        bout_offset=1440,
        startDateString="2024-01-05 00:00:00",
        endDateString="2024-02-09 00:00:00",
        optimisation_settings={"early_stopping_metric": "return", "n_parameter_sets": 1} | training,
    )
    return walk_of(run, table, n_cycles=4)


def tuning(axes: Sequence[TuneAxis] = (RATE, SPEED), closes: np.ndarray = CLOSES, **given: Any) -> TunePlan:
    training = given.pop("training", {})
    return tuning_of(walk_(closes, **training), axes, **{"num_trials": 8, "num_startup": 3} | given)


def choose(task: CycleTask) -> CycleChoice:
    """No training: what is chosen follows from the settings."""
    rate = task.run["optimisation_settings"]["base_lr"]
    return CycleChoice({"log_k": np.full(2, 6 + np.log10(rate)), "logit_lamb": np.zeros(2)})


@pytest.fixture(scope="module")
def trials() -> list[Any]:
    return tune(tuning(), choose)


def told_of(trials: Sequence[Any]) -> list[ToldTrial]:
    return [trial.told for trial in trials]


# ------------------------------------------------------------------------------
# Trials


def test_the_first_trial_has_the_settings_as_they_are(trials: list[Any]) -> None:
    assert trials[0].told.params == {"base_lr": 0.1, "maximum_change": 3e-4}
    assert len(trials) == 8
    assert len({trial.told.params["base_lr"] for trial in trials}) == 8


def test_each_trial_follows_from_those_told_before_alone(trials: list[Any]) -> None:
    told = told_of(trials)
    for number in (0, 1, 5):
        assert next_trial(tuning(), told[:number], choose).told == told[number]
    other = next_trial(tuning(training={"initial_random_key": 1}), told[:5], choose)
    assert other.told.params != told[5].params


def test_no_trial_sees_a_held_cycle(trials: list[Any]) -> None:
    rng = np.random.default_rng(0)
    shuffled = np.concatenate([CLOSES[:HELD_ROW], rng.permutation(CLOSES[HELD_ROW:])])
    assert told_of(tune(tuning(closes=shuffled, num_trials=3), choose)) == told_of(trials)[:3]
    assert max(record.cycle.number for trial in trials for record in trial.records) == 2
    later = list(walked(tuning(), trials[0].told.params, range(3, 4), tuning().walk.start, choose))
    assert [record.cycle.number for record in later] == [3]


def test_values_are_the_metric_of_the_cycles(trials: list[Any]) -> None:
    for trial in trials:
        if trial.told.values is not None:
            sharpes = [record.out_of_sample["sharpe"] for record in trial.records]
            assert trial.told.values == (pytest.approx(np.mean(sharpes)),)
            assert trial.told.steps == pytest.approx([np.mean(sharpes[: i + 1]) for i in range(3)])


def test_settings_of_a_trial_reach_its_trainer() -> None:
    seen = []

    def look(task: CycleTask) -> CycleChoice:
        seen.append((task.run["maximum_change"], task.run["optimisation_settings"]["base_lr"]))
        return choose(task)

    trial = next_trial(tuning(), [ToldTrial({"base_lr": 0.1, "maximum_change": 3e-4}, (0.0,))], look)
    assert set(seen) == {(trial.told.params["maximum_change"], trial.told.params["base_lr"])}


def test_trials_that_are_not_among_the_best_are_given_up() -> None:
    good = [ToldTrial({"base_lr": 0.1, "maximum_change": 3e-4}, (1e3,), (1e3, 1e3, 1e3))] * 4
    trial = next_trial(tuning(), good, choose)
    assert trial.told.is_pruned
    assert trial.told.values is None
    assert len(trial.records) == len(trial.told.steps) == 1
    for others in ({"kept_percent": 100}, {"num_startup": 9}):
        assert not next_trial(tuning(**others), good, choose).told.is_pruned
    several = [one._replace(values=(1e3, 1.0)) for one in good]
    assert not next_trial(tuning(metrics=("mean_oos_sharpe", "mean_wfe")), several, choose).told.is_pruned


def test_each_cycle_is_compared_with_the_same_cycle_of_others() -> None:
    """Those before were bad in their first cycle and good from the second on."""
    late = [ToldTrial({"base_lr": 0.1, "maximum_change": 3e-4}, (1e3,), (-1e3, 1e3, 1e3))] * 4
    trial = next_trial(tuning(), late, choose)
    assert trial.told.is_pruned
    assert len(trial.records) == 2
    last = [one._replace(steps=(-1e3, -1e3, 1e3)) for one in late]
    whole = next_trial(tuning(), last, choose)
    assert len(whole.records) == 3
    assert whole.told.values is not None  # after the last cycle there is nothing to give up


def test_a_cycle_begins_with_what_the_one_before_ended_with() -> None:
    seen: list[CycleTask] = []

    def look(task: CycleTask) -> CycleChoice:
        seen.append(task)
        return choose(task)

    records = next_trial(tuning(), [], look).records
    assert seen[0].params is None
    for record, task in zip(records[:-1], seen[1:], strict=True):
        np.testing.assert_array_equal(task.initial_weights, record.final_weights)
        np.testing.assert_array_equal((task.params or {})["log_k"], record.params["log_k"])
    assert (seen[1].initial_weights != seen[2].initial_weights).any()


def test_half_of_those_before_are_beaten_where_half_are_kept() -> None:
    def before(step: float) -> list[ToldTrial]:
        bad, good = (
            ToldTrial({"base_lr": 0.1}, (-1e3,), (-1e3,) * 3),
            ToldTrial({"base_lr": 0.1}, (step,), (step,) * 3),
        )
        return [bad] * 6 + [good] * 4

    assert not next_trial(tuning((RATE,), kept_percent=50), before(1e3), choose).told.is_pruned
    assert next_trial(tuning((RATE,), kept_percent=25), before(1e3), choose).told.is_pruned


def test_a_trial_whose_settings_are_refused_has_failed_and_the_next_one_goes_on() -> None:
    def refuse(task: CycleTask) -> CycleChoice:
        raise ValueError("val_fraction = 0.9: is too much")

    trial = next_trial(tuning(), [], refuse)
    assert (trial.told.values, trial.told.is_pruned) == (None, False)
    assert trial.note == "val_fraction = 0.9: is too much"
    after = next_trial(tuning(), [trial.told], choose)
    assert after.told.values is not None


def test_several_metrics_are_all_told() -> None:
    trial = next_trial(tuning(metrics=("worst_oos_returns", "neg_mean_gap")), [], choose)
    assert trial.told.values is not None
    assert trial.told.values[0] == min(record.out_of_sample["returns"] for record in trial.records)
    assert trial.told.values[1] == pytest.approx(-np.mean([record.gap for record in trial.records]))


def test_learned_trials_look_where_earlier_ones_were_good() -> None:
    told = [
        ToldTrial({"base_lr": float(rate)}, (-((np.log10(rate) + 1) ** 2),))
        for rate in np.logspace(-3, 0, 25)
    ]
    many = tuning((RATE,), num_startup=5)
    found = []
    for _ in range(8):
        trial = next_trial(many, told, choose)
        told.append(trial.told._replace(values=(-((np.log10(trial.told.params["base_lr"]) + 1) ** 2),)))
        found.append(np.log10(trial.told.params["base_lr"]))
    assert np.mean(np.abs(np.array(found) + 1) < 0.75) >= 0.75  # by chance half


# ------------------------------------------------------------------------------
# Metrics


def records_with(sharpes: Sequence[float], **others: Any) -> list[Any]:
    record = next_trial(tuning(num_trials=1), [], choose).records[0]
    return [
        dataclasses.replace(
            record,
            out_of_sample=dict(record.out_of_sample) | {"sharpe": value, "calmar": 2 * value},
            **others,
        )
        for value in sharpes
    ]


def test_metrics_by_hand() -> None:
    records = records_with([1.0, np.nan, 4.0], efficiency=np.nan, gap=0.5, haircut=0.25)
    found = {name: tuning_metric(name, records) for name in TUNE_METRICS}
    assert found["mean_oos_sharpe"] == 2.5
    assert found["worst_oos_sharpe"] == 1.0
    assert found["worst_oos_calmar"] == 2.0
    assert tuning_metric("neg_worst_oos_sharpe", records) == -4.0
    assert tuning_metric("neg_mean_gap", records) == -0.5
    assert found["mean_wfe"] == -np.inf
    assert found["adjusted_mean_oos_sharpe"] == 2.25
    assert tuning_metric("adjusted_mean_oos_sharpe", records_with([1.0], haircut=None)) == -np.inf


def test_unknown_metrics_are_refused() -> None:
    for name in ("mean_sharpe", "best_oos_sharpe", "neg_", "wfe"):
        with pytest.raises(ValueError, match=f"metrics = '{name}': must be one of mean_wfe"):
            tuning(metrics=(name,))
    with pytest.raises(ValueError, match="each once"):
        tuning(metrics=("mean_wfe", "mean_wfe"))


# ------------------------------------------------------------------------------
# Spaces


def test_the_default_space_is_that_of_the_definition() -> None:
    settings = Fingerprint().with_defaults()
    found = {axis.name: axis for axis in default_axes(settings, 60)}
    assert (found["base_lr"].low, found["base_lr"].high, found["base_lr"].log_scale) == (1e-5, 0.1, True)
    assert (found["n_iterations"].low, found["n_iterations"].high) == (100, 5000)
    assert (found["bout_offset_days"].low, found["bout_offset_days"].high) == (7, 37)
    assert (found["val_fraction"].low, found["val_fraction"].high) == (0.1, 0.3)
    assert found["training_objective"].choices == ("aligned", "returns_over_uniform_hodl")
    assert (found["maximum_change"].low, found["maximum_change"].high) == (1e-4, 1e-2)
    assert (found["turnover_penalty"].low, found["turnover_penalty"].high) == (0.0, 0.5)
    short = {axis.name: axis for axis in default_axes(settings, 5)}["bout_offset_days"]
    assert (short.low, short.high) == (3, 3)
    sgd = settings.replaced(optimisation_settings=settings["optimisation_settings"] | {"optimiser": "sgd"})
    rate = default_axes(sgd, 60)[0]
    assert (rate.name, rate.low, rate.high, rate.when) == ("base_lr", 1e-3, 1.0, None)


def test_windows_fit_into_the_shortest_training() -> None:
    walk = walk_()
    short = walk.cycles[1]._replace(train_start="2024-01-10 00:00:00", train_end="2024-01-14 00:00:00")
    assert train_days(dataclasses.replace(walk, cycles=(walk.cycles[0], short, *walk.cycles[2:]))) == 4


OPTIMISERS = (
    TuneAxis("optimiser", choices=("adam", "adamw", "sgd")),
    TuneAxis("base_lr", 1e-3, 1e-2, log_scale=True, when=("optimiser", ("adam", "adamw"))),
    TuneAxis("sgd_lr", 0.1, 1.0, log_scale=True, when=("optimiser", ("sgd",))),
    TuneAxis("weight_decay", 1e-4, 0.1, log_scale=True, when=("optimiser", ("adamw",))),
)


def test_what_depends_on_another_setting_is_chosen_with_it_only() -> None:
    wanted = {
        "adam": {"optimiser", "base_lr"},
        "adamw": {"optimiser", "base_lr", "weight_decay"},
        "sgd": {"optimiser", "sgd_lr"},
    }
    found = [trial.told.params for trial in tune(tuning(OPTIMISERS, num_trials=14, num_startup=6), choose)]
    assert {params["optimiser"] for params in found} == set(wanted)
    assert all(set(params) == wanted[params["optimiser"]] for params in found)
    first = starting_choice(OPTIMISERS, walk_().settings, "mean_wfe")
    assert first == {"optimiser": "adamw", "base_lr": 1e-2, "weight_decay": 0.01}


def test_what_depends_on_a_setting_that_is_not_tuned_counts_always() -> None:
    (found,) = checked_axes([OPTIMISERS[1]])
    assert found.when is None


def test_choices_become_settings() -> None:
    settings = walk_().settings
    run = settings_with(settings, {"sgd_lr": 0.5, "bout_offset_days": 2, "turnover_penalty": 0.1}, "mean_wfe")
    assert run["optimisation_settings"]["base_lr"] == 0.5
    assert (run["bout_offset"], run["turnover_penalty"]) == (2880, 0.1)
    assert run["optimisation_settings"]["early_stopping_metric"] == "return"
    aligned = settings_with(settings, {"training_objective": "aligned"}, "worst_oos_calmar")
    assert aligned["return_val"] == "calmar"
    other = settings_with(settings, {"training_objective": "returns_over_uniform_hodl"}, "worst_oos_calmar")
    assert other["return_val"] == "returns_over_uniform_hodl"
    assert [aligned_objective(name) for name in ("mean_wfe", "neg_mean_gap", "adjusted_mean_oos_sharpe")] == [
        "daily_sharpe"
    ] * 3


def test_the_settings_as_they_are_come_to_the_nearest_choice() -> None:
    axes = [
        TuneAxis("n_iterations", 10, 50, is_whole=True),
        TuneAxis("bout_offset_days", 2, 5, is_whole=True),
        TuneAxis("training_objective", choices=("aligned", "returns_over_uniform_hodl")),
    ]
    found = starting_choice(axes, walk_().settings, "mean_oos_daily_log_sharpe")
    assert found == {"n_iterations": 50, "bout_offset_days": 2, "training_objective": "aligned"}
    uniform = walk_().settings.replaced(return_val="returns_over_uniform_hodl")
    assert starting_choice(axes[2:], uniform, "mean_wfe") == {
        "training_objective": "returns_over_uniform_hodl"
    }


REFUSED = {
    "twice": ([RATE, RATE], "axes = 'base_lr': must stand once"),
    "order": ([OPTIMISERS[1], OPTIMISERS[0]], "axes.base_lr = 'optimiser': must stand before"),
    "none": ([], "axes = .*: must be one at least"),
}
NO_AXES = {
    "unknown": (("base_rl", 0.1, 1.0), {}, "name = 'base_rl': is unknown.*base_lr"),
    "room": (("base_lr", 0.1, 0.1), {}, "high = 0.1: must be above low, 0.1"),
    "whole": (("n_iterations", 1.5, 3), {"is_whole": True}, "low = 1.5"),
    "log": (("base_lr", 0.0, 1.0), {"log_scale": True}, "low = 0.0: must be above 0"),
    "choices": (("optimiser",), {"choices": (None,)}, "choices = None: must be a word"),
    "when": (("base_lr", 0.1, 1.0), {"when": ("optimiser",)}, "when"),
}


@pytest.mark.parametrize("name", NO_AXES)
def test_axes_that_cannot_be_are_refused(name: str) -> None:
    places, given, words = NO_AXES[name]
    with pytest.raises((ValueError, TypeError), match=words):
        TuneAxis(*places, **given)


@pytest.mark.parametrize("name", REFUSED)
def test_spaces_that_cannot_be_are_refused(name: str) -> None:
    axes, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        tuning(axes)


def test_counts_out_of_range_are_refused() -> None:
    for given, words in (
        ({"num_held": 4}, "num_held = 4"),
        ({"num_trials": 0}, "num_trials = 0"),
        ({"kept_percent": 0}, "kept_percent = 0"),
        ({"training": {"val_fraction": 0.01}}, "val_fraction = 0.01"),
    ):
        with pytest.raises(ValueError, match=words):
            tuning(**given)


# ------------------------------------------------------------------------------
# What was found


def test_the_best_and_the_front() -> None:
    told = [
        ToldTrial({}, value) for value in ((0.0, 3.0), None, (2.0, 1.0), (2.0, 1.0), (1.0, 1.0), (1.5, 2.0))
    ]
    assert best_trial(told) == 2
    assert pareto_front(told) == (0, 2, 3, 5)
    even = [ToldTrial({}, value) for value in ((0.0, 2.0), (0.0, 1.0), (1.0, 1.0))]
    assert pareto_front(even) == (0, 2)  # of equals in one metric the better in the other
    assert best_trial([ToldTrial({}, None)]) is None
    assert best_trial([]) is None


def test_the_setting_that_matters_is_found() -> None:
    rng = np.random.default_rng(0)
    told = []
    for _ in range(40):
        rate, speed = 10 ** rng.uniform(-3, 0), 10 ** rng.uniform(-4, -2)
        told.append(ToldTrial({"base_lr": rate, "maximum_change": speed}, (-abs(np.log10(rate) + 1),)))
    found = importances(tuning(), told)
    assert found["base_lr"] > 0.8
    assert sum(found.values()) == pytest.approx(1.0)
    assert set(importances(tuning(), told[:10])) == {"base_lr", "maximum_change"}
    assert importances(tuning(), told[:9]) == {}
    speeds = (-abs(np.log10(one.params["maximum_change"]) + 3) for one in told)
    two = [one._replace(values=(*(one.values or ()), speed)) for one, speed in zip(told, speeds, strict=True)]
    assert importances(tuning(), two) == found  # of the first metric


def test_the_journal_holds_all_trials(trials: list[Any], tmp_path: Any) -> None:
    path = tmp_path / "journal"
    path.write_bytes(tuning_journal(tuning(), told_of(trials), "ours"))
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    study = optuna.load_study(study_name="ours", storage=storage)
    assert [trial.params for trial in study.trials] == [trial.told.params for trial in trials]
    pruned = optuna.trial.TrialState.PRUNED
    assert [trial.state == pruned for trial in study.trials] == [trial.told.is_pruned for trial in trials]
    assert study.best_trial.number == best_trial(trials)


def test_the_callback_sees_each_trial() -> None:
    seen: list[int] = []
    tune(tuning(num_trials=2), choose, lambda number, trial: seen.append(number))
    assert seen == [0, 1]
