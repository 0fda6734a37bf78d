"""Parameters from result files: the chosen set, what is stripped, what is filled in, and when there is no file."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.market.parameters import restore, selection
from isotherm.market.parameters.checkpoint import read_records, write_records
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.pool_start import init_pool_parameters
from isotherm.market.parameters.restore import Retrieved, load, load_or_init, retrieve_best
from isotherm.market.parameters.start import initial_values

RUN = Fingerprint(
    tokens=["A", "B"], rule="difference_momentum", chunk_period=60, weight_interpolation_period=60
)


def step(number: int, train: list[float]) -> dict[str, Any]:
    base = np.arange(6.0).reshape(3, 2) + 10 * number
    return {
        "k": base.tolist(), "memory_days_1": (base + 1).tolist(), "step": number, "hessian_trace": 0,
        "local_learning_rate": 0.1, "iterations_since_improvement": 2, "objective": train,
        "train_objective": [{"returns_over_uniform_hodl": x, "sharpe": -x} for x in train],
        "test_objective": [{"returns_over_uniform_hodl": x} for x in train], "validation_metrics": None,
        "continuous_test_metrics": [{"returns_over_uniform_hodl": -x} for x in train],
        "subsidary_params": [{"log_k": base.tolist(), "subsidary_params": []}],
    }  # fmt: skip


STEPS = [step(0, [0.1, 0.2, 0.0]), step(1, [0.0, 0.1, 0.6]), step(2, [0.3, -0.4, 0.5])]
RECORDS = [dict(RUN.with_defaults()), *STEPS]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    write_records(tmp_path / RUN.run_location(), RECORDS)
    return tmp_path


def test_parameters_of_the_chosen_set_and_the_rest_apart(results: Path) -> None:
    found = retrieve_best(results / RUN.run_location())
    assert isinstance(found, Retrieved)
    assert (found.step, found.set) == (1, 2)
    assert {key: value.tolist() for key, value in found.params.items() if key != "subsidary_params"} == {
        "k": [14.0, 15.0], "memory_days_1": [15.0, 16.0],
    }  # fmt: skip
    assert found.params["subsidary_params"][0]["log_k"].tolist() == [14.0, 15.0]
    assert set(found.metadata) == set(restore.METADATA)
    assert found.metadata["train_objective"] == STEPS[1]["train_objective"]


def test_d14_last_gives_all_sets(results: Path) -> None:
    found = retrieve_best(results / RUN.run_location(), "last")
    assert isinstance(found, Retrieved)
    assert (found.step, found.set) == (2, None)
    assert found.params["k"].tolist() == STEPS[2]["k"]
    loaded = load(results / RUN.run_location(), method="last")
    assert loaded.params["k"].shape == loaded.params["memory_days_2"].shape == (3, 2)


def test_d46_metric_is_chosen_in_every_method(results: Path) -> None:
    location = results / RUN.run_location()
    for method in selection.METHODS:
        assert retrieve_best(location, method)
    worst = retrieve_best(location, metric_key="sharpe")
    assert isinstance(worst, Retrieved)
    assert (worst.step, worst.set) == (2, 1)
    assert (load(location, metric_key="sharpe").step, load(location).step) == (2, 1)
    by_test = retrieve_best(location, "best_test_objective")
    assert isinstance(by_test, Retrieved)
    assert (by_test.step, by_test.set) == (2, 1)
    before = retrieve_best(location, "best_test_objective", use_continuous_test=False)
    assert isinstance(before, Retrieved)
    assert (before.step, before.set) == (1, 2)
    above = retrieve_best(location, "best_test_min_train_objective", threshold=0.45)
    assert isinstance(above, Retrieved)
    assert (above.step, above.set) == (2, 2)


def test_each_set_at_its_own_best_step(results: Path) -> None:
    found = retrieve_best(results / RUN.run_location(), "best_train_objective_for_each_parameter_set")
    assert isinstance(found, list)
    assert [(one.step, one.set) for one in found] == [(2, 0), (0, 1), (1, 2)]
    assert [one.params["k"].tolist() for one in found] == [[20.0, 21.0], [2.0, 3.0], [14.0, 15.0]]
    with pytest.raises(ValueError, match=r"^method = .*take retrieve_best"):
        load(results / RUN.run_location(), method="best_train_objective_for_each_parameter_set")


def test_d09_d45_loading_fills_in_own_parameters_and_no_others(results: Path) -> None:
    location = results / RUN.run_location()
    before = read_records(location)
    found = load(location)
    assert set(found.params) == {
        "k",
        "memory_days_1",
        "memory_days_2",
        "initial_weights_logits",
        "subsidary_params",
    }
    assert found.params["k"].tolist() == [14.0, 15.0]
    assert found.params["memory_days_2"].tolist() == [10.0, 10.0]
    assert all(isinstance(found.params[key], jax.Array) for key in ("k", "memory_days_2"))
    assert found.params["k"].dtype == jnp.float64
    assert read_records(location) == before
    with_other = load(location, {**initial_values(RUN.with_defaults()), "initial_memory_length": 3.0})
    assert with_other.params["memory_days_2"].tolist() == [3.0, 3.0]


def test_settings_of_other_tools_without_tokens(tmp_path: Path) -> None:
    records = [
        {"rule": "momentum", "theirs": 1},
        {"log_k": [[1.0, 2.0]], "step": 0, "train_objective": [0.5]},
    ]
    path = write_records(tmp_path / "a", records, double_encoded=True)
    with pytest.warns(UserWarning, match=r"not known: theirs"):
        found = load(path)
    assert found.params["logit_lamb"].shape == (2,)
    assert "k" not in found.params


def test_restarted_runs_are_judged_by_their_last_start(tmp_path: Path) -> None:
    settings = {"optimisation_settings": {"n_iterations": 2}}
    path = write_records(
        tmp_path / "a", [settings, step(0, [9.0] * 3), step(1, [9.0] * 3), step(0, [1.0, 2.0, 0.0])]
    )
    found = retrieve_best(path)
    assert isinstance(found, Retrieved)
    assert found.metadata["objective"] == [1.0, 2.0, 0.0]


def test_d14_a_missing_file_is_an_error(tmp_path: Path) -> None:
    for call in (retrieve_best, load):
        with pytest.raises(FileNotFoundError, match=r"^location = "):
            call(tmp_path / "none")


def test_parameters_are_loaded_or_made(results: Path) -> None:
    values = initial_values(RUN.with_defaults())
    loaded, is_loaded = load_or_init(RUN, results)
    assert is_loaded
    assert loaded["k"].tolist() == [14.0, 15.0]
    made, is_loaded = load_or_init(RUN, results, force_init=True)
    assert not is_loaded
    assert made["k"].tolist() == [20.0, 20.0]
    assert made["k"].dtype == jnp.float64
    for run in (RUN.replaced(fees=0.5), RUN.replaced(rule="hodl")):
        assert not load_or_init(run, results)[1]
    key = jax.random.key(3)
    sets, _ = load_or_init(RUN, results / "none", n_parameter_sets=4, key=key)
    expected = init_pool_parameters("difference_momentum", values, RUN, 2, 4, "gaussian", 0.1, key)
    np.testing.assert_array_equal(sets["memory_days_1"], expected["memory_days_1"])


def test_loaded_parameters_are_spread_over_sets(results: Path) -> None:
    sets, is_loaded = load_or_init(RUN, results, n_parameter_sets=5, key=jax.random.key(3))
    assert is_loaded
    assert sets["k"].shape == (5, 2)
    assert sets["k"][0].tolist() == [14.0, 15.0]
    assert 0.02 < np.asarray(sets["k"] - sets["k"][:1])[1:].std() < 0.3
    assert sets["initial_weights_logits"].tolist() == [[1.0, 1.0]] * 5
    assert sets["subsidary_params"][0]["log_k"].shape == (5, 2)
    single, _ = load_or_init(RUN, results, n_parameter_sets=1)
    assert single["k"].tolist() == [[14.0, 15.0]]


def test_what_chooses_no_set_or_is_damaged_is_refused(results: Path) -> None:
    with pytest.raises(ValueError, match=r"^method = 'last': chooses no set"):
        load_or_init(RUN, results, method="last")
    (results / f"{RUN.run_location()}.jsonl").write_text('{"rule": "momentum"}\n{"st\n{"step": 1}\n')
    with pytest.raises(ValueError, match=r"line 2 is damaged"):
        load_or_init(RUN, results)
    with pytest.raises(ValueError, match=r"^k\.shape = \(2, 1\): must be \(sets, \.\.\.\) and have a set 2"):
        restore.set_of({"k": np.ones((2, 1))}, 2)
    with pytest.raises(ValueError, match=r"^k = .*must be numbers"):
        restore.split_record({"k": [[1.0], [1.0, 2.0]]})
