"""The study of a tuning: from flags to trials in a chain, what it stores, and what is refused before it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from tests.support.minute_files import flags_of, random_minutes
from tests.support.siege import assert_kills_change_nothing

from isotherm.market.objectives.significance import annual_sharpe
from isotherm.market.train.methods.optuna_study import ToldTrial
from isotherm.market.tune.found import best_trial
from isotherm.market.tune.trials import next_trial, walked
from isotherm.market.walk.tested import METRICS
from isotherm.market.walk.verdict import joined_returns
from isotherm.studies.tune import results, runs
from isotherm.studies.tune.config import TuneConfig
from isotherm.studies.tune.inputs import tuning_for
from isotherm.studies.tune.results import combined
from isotherm.studies.tune.runs import words_of
from isotherm.studies.tune.study import TuneStudy
from isotherm.study.presets import build_config

SMALL = {
    "tokens": ("AAA", "BBB"), "rule": "momentum", "chunk_period": 360, "max_memory_days": 2.0, "memory_days": 1.0,
    "start": "2024-01-03 00:00:00", "end": "2024-01-18 00:00:00", "n_cycles": 2, "bout_offset": 1440,
    "objective": "returns_over_hodl", "early_stopping_metric": "return", "n_iterations": 4, "n_parameter_sets": 1,
    "evaluation_interval": 5, "batch_size": 2, "base_lr": 0.5, "val_fraction": 0.25,
    "tuned": ("base_lr", "maximum_change"), "ranges": ("base_lr=0.01:0.3",), "num_trials": 4, "num_startup": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_minutes(tmp_path_factory.mktemp("prices"), 18)


def config_of(prices: Path, **changes) -> TuneConfig:
    return TuneConfig(prices=str(prices), **(SMALL | changes))


def test_a_run_is_the_tuning_of_the_library(isotherm, prices, tmp_path) -> None:
    words = [*flags_of(SMALL), f"--prices={prices}", "--out", str(tmp_path / "runs"), "--workers", "1"]
    code, out, err = isotherm("tune", *words, "--json")
    assert code == 0, err
    told = json.loads(out)
    metrics, arrays = told["metrics"], np.load(Path(told["path"]) / "arrays.npz")
    tuning, trials = tuning_for(config_of(prices)), []
    for _ in range(4):
        trials.append(next_trial(tuning, [trial.told for trial in trials]))
    assert [trial["params"] for trial in metrics["trials"]] == [trial.told.params for trial in trials]
    assert metrics["trials"][0]["params"] == {"base_lr": 0.3, "maximum_change": 3e-4}
    best = best_trial(trials)
    assert metrics["best"] == best
    for name, value in joined_returns(trials[best].records)._asdict().items():
        key = {"pool": "tuned"}.get(name, name)
        np.testing.assert_array_equal(arrays[f"tested/{key}"], value)
    from isotherm.market.walk.forward import carried_on

    carried = carried_on(tuning.walk, trials[best].records[-1])
    after = list(walked(tuning, trials[best].told.params, range(1, 2), carried))
    np.testing.assert_array_equal(arrays["held/tuned"], joined_returns(after).pool)
    np.testing.assert_array_equal(arrays["held/unix"], after[0].unix[1:])
    assert metrics["held"]["days"] == metrics["tested"]["days"] == 5
    again = json.loads(isotherm("run", "tune", *words, "--json")[1])
    assert again["shown_again"]


class Fake:
    """Trials whose values are given, without any walk."""

    def __init__(self, values: list[float | None]) -> None:
        self.values = list(values)

    def __call__(self, tuning, told):
        real = self.one(tuning, told)
        value = self.values[len(told)]
        return real._replace(
            told=real.told._replace(values=None if value is None else (value,), is_pruned=False)
        )

    one = staticmethod(next_trial)


def linked(config: TuneConfig, monkeypatch, values: list[float | None]) -> dict[str, dict[str, np.ndarray]]:
    study, found = TuneStudy(), {}
    monkeypatch.setattr(runs, "next_trial", Fake(values))
    for task in study.tasks(config):
        if task.after is None:
            found[task.name] = study.compute(config, task)
        else:
            found[task.name] = study.proceed(config, task, found[task.after])
    return found


def test_the_state_of_the_best_and_of_the_first_trial_goes_along(prices, monkeypatch) -> None:
    config = config_of(prices, num_trials=3, kept_percent=100)
    found = linked(config, monkeypatch, [1.0, 3.0, 2.0])
    best, first = "carried/tuned/params/log_k", "carried/untuned/params/log_k"
    np.testing.assert_array_equal(found["trial-2"][best], found["trial-1"][best])
    np.testing.assert_array_equal(found["trial-2"][first], found["trial-0"][best])
    assert (found["trial-2"][best] != found["trial-2"][first]).any()
    held = found["held"]
    assert (held["tuned/returns/pool"] != held["untuned/returns/pool"]).any()
    told = combined(config, found)
    assert told.metrics["best"] == 1
    np.testing.assert_array_equal(told.arrays["tested/tuned"], found["trial-1"]["returns/pool"])
    np.testing.assert_array_equal(told.arrays["tested/untuned"], found["trial-0"]["returns/pool"])
    own, first = found["trial-1"], found["trial-0"]
    for name in ("hodl", "uniform_hodl"):
        np.testing.assert_array_equal(told.arrays[f"tested/{name}"], own[f"returns/{name}"])
    assert (own["returns/hodl"] != own["returns/uniform_hodl"]).any()
    tested, growth = told.metrics["tested"], np.prod(1 + own["returns/pool"])
    assert tested["pools"]["tuned"]["return"] == pytest.approx(growth - 1, rel=1e-12)
    apart = annual_sharpe(own["returns/pool"] - first["returns/pool"])
    assert tested["against"]["untuned"]["information"] == apart
    assert told.metrics["front"] == [1]
    assert told.metrics["tested"]["trials"] == 3
    assert told.metrics["held"]["trials"] == 1


def test_a_trial_leaves_its_last_cycle_to_those_that_are_held_back(prices) -> None:
    config = config_of(prices, n_cycles=3, num_trials=1)
    link, records = runs.first_link(config), next_trial(tuning_for(config), []).records
    first, last = records
    for role in ("tuned", "untuned"):
        np.testing.assert_array_equal(link[f"carried/{role}/params/log_k"], last.params["log_k"])
        np.testing.assert_array_equal(link[f"carried/{role}/weights"], last.final_weights)
    assert (first.params["log_k"] != last.params["log_k"]).any()
    column = METRICS.index("sharpe")
    assert link["outside"][:, column].tolist() == [one.out_of_sample["sharpe"] for one in records]
    assert link["inside"][:, column].tolist() == [one.in_sample["sharpe"] for one in records]
    np.testing.assert_array_equal(link["unix"], [*first.unix[1:], *last.unix[1:]])


def test_trials_that_all_failed_leave_nothing_to_tell(prices, monkeypatch) -> None:
    config = config_of(prices, num_trials=2)
    told = combined(config, linked(config, monkeypatch, [None, None]))
    assert (told.metrics["best"], told.metrics["tested"], told.metrics["held"]) == (None, None, None)
    assert TuneStudy().failures(config, told.metrics) == ["no trial came to its end"]
    assert list(TuneStudy().figures(config, told.metrics, told.arrays)) == []


def test_a_first_trial_that_failed_is_not_told_beside_the_best(prices, monkeypatch) -> None:
    config = config_of(prices, num_trials=2)
    told = combined(config, linked(config, monkeypatch, [None, 1.0]))
    assert set(told.metrics["held"]["against"]) == {"hodl", "uniform_hodl"}
    np.testing.assert_array_equal(told.arrays["value"], [np.nan, 1.0])


def test_a_first_trial_that_failed_on_its_way_has_other_days_and_is_left_out() -> None:
    own = {name: np.zeros(8) for name in ("pool", "hodl", "uniform_hodl")}
    assert set(results._daily(own, np.zeros(4))) == {"tuned", "hodl", "uniform_hodl"}
    assert set(results._daily(own, np.zeros(8))) == {"tuned", "untuned", "hodl", "uniform_hodl"}


def test_words_of_trials_that_came_to_no_end() -> None:
    states = [
        words_of(one, "")["state"]
        for one in (ToldTrial({}, (1.0,)), ToldTrial({}, None), ToldTrial({}, None, (0.5,), True))
    ]
    assert states == ["whole", "failed", "given up"]
    assert words_of(ToldTrial({}, None, (0.5, -np.inf), True), "why")["steps"] == [0.5, None]


def test_without_held_cycles_the_chain_ends_with_the_last_trial(prices) -> None:
    assert [task.name for task in TuneStudy().tasks(config_of(prices, num_held=0, num_trials=2))] == [
        "trial-0",
        "trial-1",
    ]


def test_ranges_and_names(prices) -> None:
    axes = {
        axis.name: axis
        for axis in tuning_for(
            config_of(
                prices,
                tuned=("optimiser", "base_lr", "n_iterations", "weight_decay"),
                ranges=("optimiser=adam|adamw", "n_iterations=3:5", "base_lr=0.1:1"),
            )
        ).axes
    }
    assert axes["optimiser"].choices == ("adam", "adamw")
    assert (axes["n_iterations"].low, axes["n_iterations"].high) == (3, 5)
    assert axes["weight_decay"].when == ("optimiser", ("adamw",))
    own = tuning_for(config_of(prices, kept_percent=50, num_startup=7))
    assert (own.kept_percent, own.num_startup, own.num_held) == (50, 7, 1)
    default = config_of(prices, tuned=(), ranges=())
    assert len(tuning_for(default).axes) == 7


def test_presets_and_what_is_ones_own() -> None:
    study = TuneStudy()
    for field in ("prices", "fingerprint_file", "params_file"):
        assert build_config(study, flags={field: "mine"}) == TuneConfig(**{field: "mine"})
    assert build_config(study) == build_config(study, "published")
    for preset in ("smoke", "published"):
        study.check(build_config(study, preset))


BAD = [
    ({"tuned": ("base_rl",)}, "tuned = 'base_rl': is unknown"),
    ({"ranges": ("val_fraction=0:1",)}, "ranges = 'val_fraction': is unknown"),
    ({"ranges": ("base_lr=a:b",)}, "ranges = 'base_lr=a:b': should be base_lr=LOW:HIGH, two numbers"),
    ({"ranges": ("base_lr=1:0.1",)}, "ranges = 'base_lr=1:0.1': high = 0.1: must be above low, 1.0"),
    ({"goals": ("sharpe",)}, "metrics = 'sharpe': must be one of"),
    ({"num_held": 2}, "num_held = 2: must be below n_cycles, 2"),
    ({"decay_to": "start"}, "decay_to = 'start'"),
    ({"periods": {"count": 2}}, "periods.count = 2"),
    ({"rule": "balancer"}, "rule = 'balancer': has nothing to train"),
]


@pytest.mark.parametrize(("changes", "line"), BAD, ids=[f"{i}" for i in range(len(BAD))])
def test_bad_settings_get_one_line_before_any_work(prices, changes, line) -> None:
    with pytest.raises(ValueError, match=re.escape(line)) as caught:
        TuneStudy().check(config_of(prices, **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_killed_anywhere_it_loses_one_trial_at_most(prices, tmp_path) -> None:
    words = ["tune", *flags_of(SMALL | {"num_trials": 5}), f"--prices={prices}", "--workers", "1"]
    whole = assert_kills_change_nothing(words, tmp_path, 3, longest_s=0.1)
    assert len(list((whole / "chunks").glob("*.npz"))) == 6
