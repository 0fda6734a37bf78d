"""Every way to train that is not gradient descent, through the same doors: cut anywhere, blind to the test."""

from typing import Any

import jax
import numpy as np
import pytest
from tests.support.short_market import assert_same, run_of, shuffled_test, table

from isotherm.market.backtest import simulate
from isotherm.market.train.loop import begun, is_over, proceed, train
from isotherm.market.train.outcome import Training, finished
from isotherm.market.train.periods import Periods
from isotherm.market.train.points import FixedPoints
from isotherm.market.train.problem import TrainingProblem, problem_of
from isotherm.market.train.settings import unread_by_training

SETTINGS: dict[str, dict[str, Any]] = {
    "bfgs": {"bfgs_settings": {"maxiter": 8}},
    "cma_es": {"cma_es_settings": {"n_generations": 11, "population_size": 5}},
    "optuna": {"optuna_settings": {"n_trials": 16, "n_jobs": 3, "n_startup_trials": 4}},
}
METHODS = list(SETTINGS)
STEPS = {"bfgs": 9, "cma_es": 11, "optuna": 6}
JUDGED = {"bfgs": [0, 3, 6, 8], "cma_es": [0, 3, 6, 9, 10], "optuna": [0, 1, 2, 3, 4, 5]}


def run(method: str, **training: Any) -> Any:
    shared = {"method": method, "n_parameter_sets": 3, "iterations_per_print": 5, "evaluation_interval": 3}
    return run_of(shared | SETTINGS[method] | training)


@pytest.fixture(scope="module")
def trained() -> dict[str, Training]:
    return {method: train(run(method), table()) for method in METHODS}


def cut(problem: TrainingProblem, lengths: list[int]) -> Training:
    """In links of these lengths, each of a program that was killed: arrays on disk are all that it has."""
    state, records = begun(problem), []
    for length in lengths:
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
        state = jax.tree.unflatten(jax.tree.structure(begun(problem)), leaves)
        state, more = proceed(problem, state, length)
        records += more
    assert is_over(problem, state)
    return finished(problem, state, records)


@pytest.mark.parametrize("method", METHODS)
def test_records_are_those_of_any_training(trained: dict[str, Training], method: str) -> None:
    first, *steps = trained[method].records
    assert (first["training_method"], trained[method].metadata["method"]) == (method, method)
    assert [record["step"] for record in steps] == list(range(STEPS[method]))
    assert [r["step"] for r in steps if r["validation_metrics"] is not None] == JUDGED[method]
    assert {r["local_learning_rate"] for r in steps} == {0.0}
    assert all(np.shape(record["log_k"]) == (3, 2) and len(record["objective"]) == 3 for record in steps)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_fixed_stays_and_what_is_trained_moves(trained: dict[str, Training], method: str) -> None:
    first, *_, last = trained[method].records[1:]
    assert last["initial_weights_logits"] == [[1.0, 1.0]] * 3
    assert last["log_k"] != first["log_k"]


@pytest.mark.parametrize("method", METHODS)
def test_the_best_pair_by_validation_is_chosen(trained: dict[str, Training], method: str) -> None:
    found = trained[method]
    values = {
        (record["step"], chosen): metrics["daily_log_sharpe"]
        for record in found.records[1:]
        for chosen, metrics in enumerate(record["validation_metrics"] or ())
    }
    step, chosen = max(values, key=lambda pair: values[pair])
    assert values[found.metadata["iteration"], found.metadata["param_idx"]] == values[step, chosen]
    for name, value in found.params.items():
        np.testing.assert_array_equal(value, found.records[1 + step][name][chosen])
    played = simulate(run(method), found.params, table(), with_test=True).metrics()["test"]
    told = found.metadata["best_continuous_test_metrics"][chosen]
    assert told["daily_log_sharpe"] == pytest.approx(played["daily_log_sharpe"], rel=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_cuts_change_nothing_and_compile_nothing(
    trained: dict[str, Training], method: str, monkeypatch: Any
) -> None:
    traced: list[int] = []
    values = FixedPoints.values
    monkeypatch.setattr(FixedPoints, "values", lambda *given: traced.append(1) or values(*given))
    lengths = [2, 1, 4, STEPS[method]]
    found = cut(problem_of(run(method), table()), lengths)
    assert_same(found.state, trained[method].state)
    assert_same(found.params, trained[method].params)
    assert str(found.records) == str(trained[method].records)  # NaN is not equal to itself
    assert traced == []


@pytest.mark.parametrize("method", METHODS)
def test_shuffled_prices_of_the_test_change_nothing_that_is_chosen(
    trained: dict[str, Training], method: str
) -> None:
    whole, found = trained[method], train(run(method), shuffled_test())
    assert_same(found.params, whole.params)
    assert_same(found.state.descent, whole.state.descent)
    told = ("iteration", "param_idx", "best_val_metrics", "final_weights")
    assert all(str(found.metadata[key]) == str(whole.metadata[key]) for key in told)
    assert found.metadata["best_continuous_test_metrics"] != whole.metadata["best_continuous_test_metrics"]


@pytest.mark.parametrize("method", METHODS)
def test_another_seed_searches_elsewhere(trained: dict[str, Training], method: str) -> None:
    found = train(run(method, initial_random_key=1), table())
    assert np.abs(np.subtract(found.records[2]["log_k"], trained[method].records[2]["log_k"])).max() > 1e-6


def test_settings_of_other_methods_are_told_and_own_ones_are_not() -> None:
    given = {"base_lr": 0.5, "batch_size": 3, "n_iterations": 7, **SETTINGS["bfgs"], **SETTINGS["cma_es"]}
    settings = run_of({"method": "bfgs"} | given).with_defaults()
    unread = {"base_lr", "batch_size", "n_iterations", "cma_es_settings"}
    assert set(unread_by_training(settings)) == unread
    by_gradient = run_of(given).with_defaults()
    assert unread_by_training(by_gradient) == ("bfgs_settings", "cma_es_settings")
    budget = run_of({"method": "bfgs", "bfgs_settings": {"memory_budget": 5.0}}).with_defaults()
    assert unread_by_training(budget) == ("bfgs_settings.memory_budget",)
    waits = run_of({"method": "optuna", "early_stopping_patience": 3, "n_parameter_sets": 9}).with_defaults()
    assert set(unread_by_training(waits)) == {"early_stopping_patience", "n_parameter_sets"}


def test_refusals_that_are_of_gradients_only_are_not_made_of_others() -> None:
    """A mean of steps beside validation, and a least rate that nothing makes."""
    odd = {"use_swa": True, "val_fraction": 0.5, "lr_decay_ratio": 0.5}
    assert problem_of(run("bfgs", **odd), table()).num_steps == 9


def test_checkpoints_of_returns_are_kept_by_any_method() -> None:
    found = train(run("cma_es", track_checkpoints=True, checkpoint_interval=6), table())
    assert found.metadata["checkpoint_returns"].shape == (2, 15)


def test_periods_are_one_window() -> None:
    problem = problem_of(run("bfgs"), table(), periods=Periods(3))
    assert problem.points is not None
    assert problem.points.starts.tolist() == [problem.split.first]


@pytest.mark.parametrize("method", ["bfgs", "cma_es"])
def test_each_set_gets_what_it_would_get_alone(trained: dict[str, Training], method: str) -> None:
    problem = problem_of(run(method), table())
    alone = {name: np.asarray(value)[:1] for name, value in problem.params.items()}
    found = train(run(method, n_parameter_sets=1), table(), params=alone)
    whole, values = trained[method].state.descent, found.state.descent.values[:, 0]
    np.testing.assert_allclose(values, whole.values[: len(values), 0], rtol=1e-7)  # BFGS rests earlier alone
    for name, value in found.state.descent.parameters.items():
        np.testing.assert_allclose(value[0], whole.parameters[name][0], rtol=1e-5, atol=1e-7)
