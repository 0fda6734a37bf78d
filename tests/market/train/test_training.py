"""Training as a whole, on two tokens: cut anywhere, chosen blindly of the test, each set by itself."""

from typing import Any

import jax
import numpy as np
import pytest
from tests.support.short_market import assert_same, run_of, shuffled_test, table

from isotherm.market.backtest import simulate
from isotherm.market.parameters.checkpoint import append_records, read_records, write_records
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.restore import retrieve_best
from isotherm.market.train.loop import begun, is_over, proceed, train
from isotherm.market.train.outcome import Training, finished
from isotherm.market.train.problem import problem_of
from isotherm.market.train.step import BatchGradient

TRAINING = {
    "n_iterations": 11,
    "n_parameter_sets": 3,
    "batch_size": 2,
    "iterations_per_print": 5,
    "evaluation_interval": 3,
    "track_checkpoints": True,
    "checkpoint_interval": 6,
}


def run(training: dict[str, Any] | None = None, **settings: Any) -> Fingerprint:
    return run_of(TRAINING | (training or {}), **settings)


@pytest.fixture(scope="module")
def whole() -> Training:
    return train(run(), table())


def test_every_iteration_has_a_record_and_some_are_judged(whole: Training) -> None:
    first, *steps = whole.records
    assert first["rule"] == "momentum"
    assert [record["step"] for record in steps] == list(range(12))
    judged = [record["step"] for record in steps if record["train_objective"] is not None]
    assert judged == [0, 3, 6, 9, 11]
    assert all(
        (record["validation_metrics"] is None) == (record["train_objective"] is None) for record in steps
    )
    assert whole.metadata["epochs_trained"] == 12
    assert whole.metadata["checkpoint_returns"].shape == (2, 15)


def test_the_objective_of_a_record_is_that_before_its_step_and_its_parameters_those_after(
    whole: Training,
) -> None:
    problem = problem_of(run(), table())
    with jax.enable_x64(True):
        starts = problem.draws(problem.key, 0, 2)
        params = {name: np.asarray(whole.records[1][name]) for name in problem.params}
        slope = problem.gradient(starts[1], jax.tree.map(jax.numpy.asarray, params), ())
    np.testing.assert_allclose(whole.records[2]["objective"], slope.value, rtol=1e-9)


def test_what_is_fixed_stays_and_what_is_trained_moves(whole: Training) -> None:
    first, *_, last = whole.records[1:]
    assert first["initial_weights_logits"] == last["initial_weights_logits"] == [[1.0, 1.0]] * 3
    assert np.not_equal(first["log_k"], last["log_k"]).all()


def test_the_best_pair_by_validation_is_chosen(whole: Training) -> None:
    values = {
        (record["step"], chosen): metrics["daily_log_sharpe"]
        for record in whole.records[1:]
        if record["validation_metrics"] is not None
        for chosen, metrics in enumerate(record["validation_metrics"])
    }
    step, chosen = max(values, key=lambda pair: values[pair])
    assert (whole.metadata["iteration"], whole.metadata["param_idx"]) == (step, chosen)
    for name, value in whole.params.items():
        np.testing.assert_array_equal(value, whole.records[1 + step][name][chosen])
    assert whole.metadata["best_val_metrics"][chosen]["daily_log_sharpe"] == pytest.approx(
        values[step, chosen]
    )
    assert whole.metadata["final_weights"].sum() == pytest.approx(1.0)


def test_no_other_iteration_compiles_and_cuts_change_nothing(whole: Training, monkeypatch: Any) -> None:
    traced: list[int] = []
    mean = BatchGradient.mean
    monkeypatch.setattr(BatchGradient, "mean", lambda *given: traced.append(1) or mean(*given))
    problem = problem_of(run(), table())
    state, records = begun(problem), []
    for length in (2, 1, 4, 5):
        # as a program that was killed would: from arrays on disk, with the structure of a begun state
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
        state = jax.tree.unflatten(jax.tree.structure(begun(problem)), leaves)
        state, more = proceed(problem, state, length)
        records += more
    found = finished(problem, state, records)
    assert is_over(problem, state)
    assert_same(found.state, whole.state)
    assert_same(found.params, whole.params)
    assert str(found.records) == str(whole.records)  # NaN is not equal to itself
    assert traced == []


def test_shuffled_prices_of_the_test_change_nothing_that_is_chosen(whole: Training) -> None:
    found = train(run(), shuffled_test())
    assert_same(found.params, whole.params)
    assert_same(found.state.descent, whole.state.descent)
    told = (
        "iteration",
        "param_idx",
        "best_train_metrics",
        "best_val_metrics",
        "final_weights",
        "final_reserves",
    )
    assert all(str(found.metadata[key]) == str(whole.metadata[key]) for key in told)
    assert found.metadata["best_continuous_test_metrics"] != whole.metadata["best_continuous_test_metrics"]


def test_the_run_that_judges_is_the_one_that_a_backtest_plays(whole: Training) -> None:
    played = simulate(run(), whole.params, table(), with_test=True).metrics()["test"]
    told = whole.metadata["best_continuous_test_metrics"][whole.metadata["param_idx"]]
    for name in ("return", "daily_log_sharpe", "returns_over_hodl", "calmar"):
        assert told[name] == pytest.approx(played[name], rel=1e-7)
    record = whole.records[1 + whole.metadata["iteration"]]
    kept = record["continuous_test_metrics"][whole.metadata["param_idx"]]
    assert kept["return"] == pytest.approx(played["return"], rel=1e-7)


def test_records_are_read_and_chosen_from_as_those_of_other_tools(whole: Training, tmp_path: Any) -> None:
    file = write_records(tmp_path / "run", whole.records[:4])
    append_records(file, whole.records[4:])
    assert len(read_records(file)) == 13
    found = retrieve_best(file, "best_train_objective", "returns_over_hodl")
    values = [
        metrics["returns_over_hodl"]
        for record in whole.records[1:]
        for metrics in record["train_objective"] or ()
    ]
    assert found.metadata["train_objective"][found.set]["returns_over_hodl"] == max(values)
    assert retrieve_best(file, "best_test_objective", "returns_over_hodl").step in (0, 3, 6, 9, 11)


def test_a_lost_set_leaves_the_others_untouched(whole: Training) -> None:
    problem = problem_of(run(), table())
    first = {name: np.array(value) for name, value in problem.params.items()}
    first["log_k"][1] = 3000.0
    found = train(run(), table(), params=first)
    assert found.state.descent.optimizer.restarts[1] >= 1
    assert all(np.isfinite(np.asarray(value)).all() for value in found.params.values())
    for name, value in found.state.descent.parameters.items():
        np.testing.assert_array_equal(value[[0, 2]], whole.state.descent.parameters[name][[0, 2]])


def test_each_set_gets_what_it_would_get_alone(whole: Training) -> None:
    problem = problem_of(run(), table())
    alone = {name: np.asarray(value)[2:] for name, value in problem.params.items()}
    found = train(run({"n_parameter_sets": 1}), table(), params=alone)
    np.testing.assert_allclose(found.state.descent.values[:, 0], whole.state.descent.values[:, 2], rtol=1e-7)
    for name, value in found.state.descent.parameters.items():
        np.testing.assert_allclose(value[0], whole.state.descent.parameters[name][2], rtol=1e-7, atol=1e-9)


def test_early_stopping_ends_between_links_and_sgd_slows_before() -> None:
    # parameters that stand still: nothing is better than the first iteration
    still = {"optimiser": "sgd", "base_lr": 1e-300, "early_stopping_patience": 4, "decay_lr_plateau": 2}
    found = train(run(still), table())
    assert found.metadata["epochs_trained"] == 5
    assert found.metadata["iteration"] == 0
    assert [record["iterations_since_improvement"] for record in found.records[1:]] == [0, 1, 2, 3, 4]
    rates = [record["local_learning_rate"] for record in found.records[1:]]
    assert rates == pytest.approx([1e-300] * 4 + [0.8e-300], rel=1e-9)


def test_the_mean_of_late_steps_comes_out_where_asked() -> None:
    training = {"use_swa": True, "val_fraction": 0.0, "swa_start_frac": 0.5, "swa_freq": 2, "n_iterations": 6}
    found = train(run(training), table())
    assert found.metadata["selection_method"] == "stochastic_weight_averaging"
    late = [record for record in found.records[1:] if record["step"] in (3, 5)]
    chosen = found.metadata["param_idx"]
    for name, value in found.params.items():
        mean = np.mean([record[name] for record in late], axis=0)
        np.testing.assert_allclose(value, mean[chosen], rtol=1e-12)
