"""Trials of Optuna: where they look, what they are told, when they stop, and the journal of it all."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import optuna
import pytest
from tests.support.short_market import run_of, table

from isotherm.market.train.evaluation import Evaluated
from isotherm.market.train.judge import Judge
from isotherm.market.train.loop import begun, is_over, proceed, train
from isotherm.market.train.methods import trials
from isotherm.market.train.methods.optuna_study import ToldTrial, quiet, study_of
from isotherm.market.train.methods.space import axes_of, filled
from isotherm.market.train.methods.trials import penalised_metric, trials_journal, trials_waited
from isotherm.market.train.problem import problem_of

FEW = {"n_trials": 7, "n_jobs": 3, "n_startup_trials": 3}


def run(training: dict[str, Any] | None = None, **settings: Any) -> Any:
    return run_of({"method": "optuna"} | (training or {}) | {"optuna_settings": FEW | settings})


def looked(name: str = "log_k", start: tuple[float, float] = (1.0, 3.0), **settings: Any) -> Any:
    """Axes of a parameter of two tokens."""
    own = run(**settings).with_defaults()["optimisation_settings"]["optuna_settings"]
    return axes_of(own, {name: np.array([start])}, {name: True})


def ends(axes: Any) -> list[tuple[str, float, float, float]]:
    return [(axis.name, axis.low, axis.high, axis.start) for axis in axes]


def test_an_interval_around_the_start_is_a_quarter_of_the_range_to_either_side() -> None:
    assert ends(looked()) == [("log_k_0", -4.0, 6.0, 1.0), ("log_k_1", -2.0, 8.0, 3.0)]


def test_ranges_as_they_are_and_shared_values() -> None:
    assert ends(looked(expand_around=False, make_scalar=True)) == [("log_k", -10.0, 10.0, 2.0)]
    config = {"log_k": {"low": -1, "high": 2, "scalar": True}}
    (axis,) = looked(expand_around=False, parameter_config=config)
    assert (axis.low, axis.high, axis.start, axis.places) == (-1.0, 2.0, 2.0, (0, 1))
    clipped = looked(expand_around=False, parameter_config={"log_k": {"low": -1, "high": 2}})
    assert [axis.start for axis in clipped] == [1.0, 2.0]


def test_log_scales_and_ranges_that_pools_declare() -> None:
    first, second = looked("memory_days_1")
    assert (first.low, first.high) == pytest.approx((400**-0.25, 400**0.25))
    assert second.high / second.low == pytest.approx(400**0.5)
    assert first.log_scale
    assert ends(looked("sp_k", expand_around=False))[0] == ("sp_k_0", -1.0, 100.0, 1.0)
    (shared,) = looked("memory_days_1", (1.0, 4.0), make_scalar=True)
    assert shared.start == pytest.approx(2.0)
    with pytest.raises(ValueError, match=r"parameter_config.k = -3.0: starts at or below 0"):
        looked("k", (1.0, -3.0))
    with pytest.raises(ValueError, match="parameter_config = 'absolute_k': has no range"):
        looked("absolute_k")


def test_a_range_of_nothing_that_is_trained_is_refused() -> None:
    with pytest.raises(ValueError, match=r"parameter_config.sp_k = .*: is of no raw parameter.*log_k"):
        problem_of(run(parameter_config={"sp_k": {"low": 0, "high": 1}}), table())


def test_what_is_chosen_stands_at_its_places() -> None:
    axes = looked() + looked(make_scalar=True)
    rows = filled(axes[:2], np.array([[1.0, 2.0], [3.0, 4.0]]), 2)
    assert rows.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert filled(axes[2:], np.array([[5.0]]), 2).tolist() == [[5.0, 5.0]]


@pytest.fixture(scope="module")
def whole() -> Any:
    return train(run(), table())


def test_so_many_trials_are_made_and_the_first_is_the_start(whole: Any) -> None:
    told = whole.state.descent.memory
    assert told.chosen.shape == (7, 6)
    assert told.values.shape == (7, 1)
    first = problem_of(run(), table()).params
    np.testing.assert_allclose(np.asarray(whole.records[1]["log_k"])[0], first["log_k"][0], rtol=1e-12)
    last = np.asarray(whole.records[3]["log_k"])
    np.testing.assert_array_equal(last[1:], last[:1].repeat(2, axis=0))  # one is left; the round repeats it
    assert len(np.unique(told.chosen[:, 0])) == 7


def test_trials_are_told_the_mean_less_what_fitted_minutes_are_better_by(whole: Any) -> None:
    told = whole.state.descent.memory.values[:, 0]
    gaps = [
        max(fitted["daily_log_sharpe"] - held["daily_log_sharpe"], 0.0)
        for record in whole.records[1:]
        for fitted, held in zip(record["train_objective"], record["validation_metrics"], strict=True)
    ][:7]
    objective = np.ravel([record["objective"] for record in whole.records[1:]])[:7]
    np.testing.assert_allclose(told, objective - 0.2 * np.asarray(gaps), rtol=1e-9)
    assert max(gaps) > 0
    best = whole.metadata
    assert best["final_objective"] == objective[3 * best["iteration"] + best["param_idx"]]


def test_gaps_that_are_no_finite_number_are_none() -> None:
    """Of four sets: fitted minutes are better by 1, worse by 1, better beyond all bounds, and without a value."""
    problem = problem_of(run({"n_parameter_sets": 4}, n_jobs=4, overfitting_penalty=0.5), table())
    judge, blank = Judge(problem), np.zeros((4, 2))
    fitted, held = np.array([3.0, 1.0, np.inf, np.nan]), np.full(4, 2.0)
    parts = {"train": fitted, "validation": held}
    told: Any = {name: SimpleNamespace(daily_log_sharpe=value) for name, value in parts.items()}
    judge.found = Evaluated(told, blank, blank, blank)
    found = trials._objectives(problem, np.array([[4.0, 6.0]]).repeat(4, axis=0), judge)
    assert found.tolist() == [[4.5], [5.0], [5.0], [5.0]]


def test_without_held_back_minutes_nothing_is_subtracted() -> None:
    found = train(run({"val_fraction": 0.0}, n_trials=3), table())
    np.testing.assert_array_equal(found.state.descent.memory.values[:, 0], found.records[1]["objective"])


def test_several_objectives_are_the_mean_the_worst_and_the_spread() -> None:
    import jax

    from isotherm.market.train.points import population_values

    own = run({"val_fraction": 0.0}, multi_objective=True)
    found, problem = train(own, table()), problem_of(own, table())
    assert problem.points is not None
    with jax.enable_x64(True):
        params = {name: np.asarray(found.records[2][name]) for name in problem.params}
        values = population_values(problem.points, params)
    wanted = np.stack([values.mean(1), values.min(1), -values.std(1)], axis=1)
    np.testing.assert_allclose(found.state.descent.memory.values[3:6], wanted, rtol=1e-9)


def test_later_trials_look_where_earlier_ones_were_good() -> None:
    """By a law of random ones they would be as good as the first."""
    many = run({"val_fraction": 0.0}, n_trials=60, n_jobs=4, n_startup_trials=12, overfitting_penalty=0.0)
    values = train(many, table()).state.descent.memory.values[:, 0]
    assert np.median(values[-24:]) > np.quantile(values[:12], 0.75)


def test_a_study_asks_what_that_of_the_library_asks() -> None:
    """By all parameters together, the first two by chance."""
    space = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in ("a", "b")}
    rng = np.random.default_rng(0)
    told = [ToldTrial({"a": x, "b": y}, (-abs(x - y),)) for x, y in rng.uniform(size=(6, 2)).tolist()]
    ours = study_of(told, space, 1, 7, 2)
    with quiet():
        sampler = optuna.samplers.TPESampler(seed=7, n_startup_trials=2, multivariate=True)
        theirs = optuna.create_study(direction="maximize", sampler=sampler)
        theirs.add_trials(ours.get_trials())
        assert ours.ask(space).params == theirs.ask(space).params


def test_the_library_speaks_again_afterwards() -> None:
    before = optuna.logging.get_verbosity()
    with quiet() as library:
        assert library.logging.get_verbosity() == library.logging.ERROR
    assert optuna.logging.get_verbosity() == before != library.logging.ERROR


def test_waiting_counts_trials_since_a_better_one_by_enough() -> None:
    assert trials_waited(np.array([]), 0.1) == 0
    assert trials_waited(np.array([np.nan, np.nan]), 0.1) == 2
    assert trials_waited(np.array([1.0, 1.05, 1.2]), 0.1) == 0
    assert trials_waited(np.array([1.0, 1.05, 1.09, 0.0]), 0.1) == 3
    assert trials_waited(np.array([1.0, 1.5]), 0.5) == 0  # by just so much


def test_a_search_that_no_longer_improves_stops_early_where_asked() -> None:
    stopping = {"enabled": True, "patience": 5, "min_improvement": 1e3}
    own = run(n_trials=30, early_stopping=stopping)
    found = train(own, table())
    assert len(found.state.descent.memory.values) == 6  # the first is better than nothing, five more wait
    assert is_over(problem_of(own, table()), found.state)


def test_the_metric_of_the_penalty() -> None:
    assert penalised_metric("daily_log_sharpe", "calmar") == "daily_log_sharpe"
    assert penalised_metric("returns", "calmar") == "return"
    assert penalised_metric("value_at_risk", "calmar") == "calmar"


def test_the_journal_is_read_by_the_library(whole: Any, tmp_path: Any) -> None:
    problem = problem_of(run(study_name="ours"), table())
    state, _ = proceed(problem, begun(problem))
    path = tmp_path / "journal"
    path.write_bytes(trials_journal(problem, whole.state.descent))
    backend = optuna.storages.journal.JournalFileBackend(str(path))
    study = optuna.load_study(study_name="ours", storage=optuna.storages.JournalStorage(backend))
    told = whole.state.descent.memory
    assert [trial.value for trial in study.trials] == told.values[:, 0].tolist()
    assert study.best_trial.number == told.values[:, 0].argmax()
    assert study.trials[2].params["log_k_1"] in told.chosen[2]
    assert study.directions == [optuna.study.StudyDirection.MAXIMIZE]
    assert state.descent.memory.values.tolist() == told.values.tolist()


def test_what_trials_do_not_look_at_is_told() -> None:
    notes = problem_of(run({"base_lr": 0.3, "n_parameter_sets": 2}, timeout=5), table()).notes
    assert notes[-1].endswith("look at: base_lr, n_parameter_sets, optuna_settings.timeout")
