"""The study of a training: from flags to a run in links, what it stores, and what is refused before it."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.support.minute_files import flags_of, random_minutes
from tests.support.shell import chunks
from tests.support.siege import assert_kills_change_nothing

from isotherm.files.content import read_npz
from isotherm.market.backtest import simulate
from isotherm.market.parameters.checkpoint import write_records
from isotherm.market.train.loop import train
from isotherm.studies.market.pool_run import fingerprint_of, first_params, table_of
from isotherm.studies.train import runs
from isotherm.studies.train.config import TrainConfig
from isotherm.studies.train.records import records_of, training_run
from isotherm.studies.train.study import TrainStudy
from isotherm.study.presets import build_config

SMALL = {
    "tokens": ("AAA", "BBB"), "rule": "momentum", "chunk_period": 360, "max_memory_days": 2.0, "memory_days": 1.0,
    "start": "2024-01-03 00:00:00", "end": "2024-01-09 00:00:00", "test_end": "2024-01-11 00:00:00",
    "bout_offset": 1440, "objective": "returns_over_hodl", "early_stopping_metric": "return",
    "n_iterations": 4, "iterations_per_print": 2, "evaluation_interval": 2, "n_parameter_sets": 2, "batch_size": 2,
    "base_lr": 0.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_minutes(tmp_path_factory.mktemp("prices"), 11)


def config_of(prices: Path, **changes) -> TrainConfig:
    return TrainConfig(prices=str(prices), **(SMALL | changes))


def linked(config: TrainConfig) -> list[dict[str, np.ndarray]]:
    """Arrays of all links, in this process."""
    count = sum(task.name.startswith("link-") for task in TrainStudy().tasks(config))
    links = [runs.first_link(config)]
    for _ in range(count - 1):
        links.append(runs.next_link(config, links[-1]))
    return links


def test_a_run_is_the_training_of_the_library_and_its_records_go_into_files_and_back(
    isotherm, prices, tmp_path
) -> None:
    words = [*flags_of(SMALL), f"--prices={prices}", "--out", str(tmp_path / "runs"), "--workers", "1"]
    code, out, err = isotherm("train", *words, "--json")
    assert code == 0, err
    told = json.loads(out)
    config = config_of(prices)
    found = train(fingerprint_of(config), table_of(config, ["AAA", "BBB"]))
    arrays = read_npz((Path(told["path"]) / "arrays.npz").read_bytes())
    for name, value in found.params.items():
        np.testing.assert_array_equal(arrays[f"params/{name}"], value)
    assert told["metrics"]["chosen"]["iteration"] == found.metadata["iteration"]
    assert told["metrics"]["trials"] == 3 * 2
    np.testing.assert_array_equal(arrays["objective"], [one["objective"] for one in found.records[1:]])
    again = json.loads(isotherm("run", "train", *words, "--json")[1])
    assert again["shown_again"]
    assert again["fingerprint"] == told["fingerprint"]

    store = ["--out", str(tmp_path / "runs")]
    code, out, err = isotherm("export", "train", "--to", "found.jsonl", *store)
    assert (code, err) == (0, "")
    assert "5 records" in out
    write_records("direct", found.records)
    assert Path("found.jsonl").read_bytes() == Path("direct.jsonl").read_bytes()
    assert isotherm("export", "train", "--to", "found.jsonl", *store)[0] == 2
    looked = json.loads(isotherm("inspect", "train", *store, "--json")[1])
    assert (looked["records"], looked["steps"]) == (5, [0, 4])
    assert looked["faults"] == []
    assert looked == json.loads(isotherm("inspect", "found.jsonl", "--json")[1]) | {
        "path": told["path"], "encoding": "a run",
    }  # fmt: skip

    assert isotherm("export", "train", "--to", "pool.json", *store)[0] == 0
    bundle = json.loads(Path("pool.json").read_text())
    assert bundle["raw"]["log_k"] == found.params["log_k"].tolist()
    assert len(bundle["weights"]["values"]) == 2
    code, out, err = isotherm(
        "backtest", *flags_of({name: SMALL[name] for name in (*list(SMALL)[:4], "start", "end")}),
        f"--prices={prices}", "--params-file=found.jsonl", "--select=best_train_objective", *store, "--json",
    )  # fmt: skip
    assert code == 0, err
    assert isotherm("export", "train", "--select=last", *store)[0] == 2
    assert "must be a run of train" in isotherm("export", "backtest", "--to", "x.jsonl", *store)[2]


def test_links_say_what_was_trained_and_nothing_is_done_after_an_early_end(prices) -> None:
    config = config_of(
        prices, n_iterations=7, early_stopping_patience=1, base_lr=1e-30, evaluation_interval=1
    )
    links = linked(config)
    sizes = [len(link["records"].tobytes().splitlines()) for link in links]
    assert sizes[0] == 2
    assert sizes[-1] == 0, "so small a step changes nothing"
    last = max(i for i, size in enumerate(sizes) if size)
    for name, value in links[last].items():
        if name.startswith("state/"):
            np.testing.assert_array_equal(links[-1][name], value)
    way = links[0]["way/memory_days"]
    assert way.shape == (2, 2, 2)
    np.testing.assert_allclose(way[0, 0], 1.0, rtol=1e-6)
    assert not any(name.startswith("way/") for name in links[-1])


def test_the_chosen_pool_stands_beside_first_parameters_and_first_weights(prices) -> None:
    config = config_of(prices, weights_logits=(0.0, 1.0))
    outcome = runs.outcome(config, linked(config)[-1])
    settings, table = fingerprint_of(config), table_of(config, ["AAA", "BBB"])
    first = simulate(settings, first_params(settings), table, with_test=True, parameter_set=0)
    assert outcome["untrained"][-1] == pytest.approx(first.value[-1], rel=1e-12)
    held = simulate(
        settings.replaced(rule="balancer"), {"initial_weights_logits": [0.0, 1.0]}, table, with_test=True
    )
    assert outcome["constant"][-1] == held.value[-1]
    assert {name: outcome[f"part/{name}"].tolist() for name in ("train", "validation", "test")} == {
        "train": [0, 6912], "validation": [6912, 8640], "test": [8640, 11520],
    }  # fmt: skip
    rows = slice(8640, 11520)
    assert outcome["metric/untrained/test/return"] == pytest.approx(
        first.value[rows][-1] / first.value[8640] - 1
    )
    assert outcome["metric/untrained/train/return"] == pytest.approx(first.value[6911] / first.value[0] - 1)
    daily = outcome["daily/untrained/test"]
    np.testing.assert_allclose(daily, np.log(first.value[[8640, 10080]]))
    own = simulate(settings, {k.partition("/")[2]: v for k, v in outcome.items() if k.startswith("params/")}, table,
                   with_test=True)  # fmt: skip
    hodl = own.prices[[8640, 10080]] @ own.reserves[8640]
    np.testing.assert_allclose(outcome["daily/hodl/test"], np.log(hodl))
    equal = (own.prices[[8640, 10080]] / own.prices[8640]).mean(1)
    np.testing.assert_allclose(outcome["daily/uniform_hodl/test"], np.log(equal))
    assert outcome["effective/memory_days"].shape == (2,)
    assert outcome["effective/memory_days"][0] != outcome["effective/memory_days"][1]
    np.testing.assert_allclose(outcome["first/memory_days"], 1.0, rtol=1e-6)
    assert json.loads(str(outcome["told"]))["judged"] == 6


def test_the_map_is_of_the_fitted_minutes_only(prices) -> None:
    config = config_of(prices, k_grid=(1.0, 300.0), memory_grid=(0.5, 1.5))
    assert [task.name for task in TrainStudy().tasks(config)] == [
        "link-0", "link-1", "link-2", "chosen", "memory-0", "memory-1",
    ]  # fmt: skip
    row = runs.map_row(config, 1.5)["metric"]
    cut = fingerprint_of(config).replaced(
        endDateString="2024-01-07 19:12:00", endTestDateString=None, initial_memory_length=1.5,
        initial_k_per_day=300.0,
    )  # fmt: skip
    alone = simulate(cut, first_params(cut), table_of(config, ["AAA", "BBB"]), parameter_set=0)
    assert len(alone.value) == 6912
    assert row[1] == alone.metrics()["train"]["return"]
    assert row[0] != row[1]


def test_settings_of_training_come_from_files_and_flags_go_before(prices, tmp_path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('rule = "momentum"\nreturn_val = "sharpe"\n[optimisation_settings]\nbase_lr = 0.3\n'
                    "n_iterations = 9\n")  # fmt: skip
    config = TrainConfig(prices=str(prices), fingerprint_file=str(file), n_iterations=3, seed=5)
    settings = fingerprint_of(config)
    training = settings["optimisation_settings"]
    assert (training["base_lr"], training["n_iterations"], training["initial_random_key"]) == (0.3, 3, 5)
    assert settings["return_val"] == "sharpe"
    assert settings["rule"] == "momentum"
    assert training["batch_size"] == 8
    given = TrainConfig(objective="calmar", n_ensemble_members=2, decay_to="start").given()
    assert given == {"return_val": "calmar", "n_ensemble_members": 2, "tokens": ["BTC", "ETH", "SOL"]}


def test_training_goes_on_from_parameters_of_a_file_and_over_periods(prices, tmp_path) -> None:
    first = config_of(prices)
    outcome = runs.outcome(first, linked(first)[-1])
    file = tmp_path / "found.jsonl"
    params = {name.partition("/")[2]: value for name, value in outcome.items() if name.startswith("params/")}
    record = {
        "step": 0,
        "train_objective": [1.0],
        **{name: [value.tolist()] for name, value in params.items()},
    }
    file.write_text("\n".join(json.dumps(one) for one in (dict(fingerprint_of(first)), record)) + "\n")
    config = config_of(prices, params_file=str(file), n_parameter_sets=1, periods={"count": 2})
    problem = runs.training_of(config)
    np.testing.assert_array_equal(problem.params["log_k"][0], params["log_k"])
    assert problem.gradient.objective.periods.count == 2
    assert len(linked(config)[0]["records"]) > 0


def test_a_run_that_is_not_complete_is_found_by_the_name_of_the_study_alone(tmp_path, monkeypatch) -> None:
    rows = [SimpleNamespace(study="tune", path="other"), SimpleNamespace(study="train", path="newest")]
    monkeypatch.setattr("isotherm.studies.train.records.list_runs", lambda out: rows)
    assert training_run("train", tmp_path) == Path("newest")
    for name in ("tune", "0123abcd"):
        with pytest.raises(ValueError, match=name):
            training_run(name, tmp_path)


@pytest.mark.parametrize("field", ["prices", "fingerprint_file", "params_file"])
def test_what_is_ones_own_is_not_mixed_with_a_preset(field: str) -> None:
    assert build_config(TrainStudy(), flags={field: "mine"}) == TrainConfig(**{field: "mine"})
    assert build_config(TrainStudy()) == build_config(TrainStudy(), "published")


BAD = [
    ({"rule": "balancer"}, "rule = 'balancer': has nothing to train"),
    ({"memory_days": 1.1e6}, "memory_days = 1100000.0: should be finite numbers, above 0 and at most 1e+06"),
    ({"memory_days_delta": -3.0}, "memory_days + memory_days_delta = -2.0: "),
    ({"end": "2023-12-24 00:00:00"}, "end = '2023-12-24 00:00:00': must be after start, 2024-01-03 00:00:00"),
    ({"objective": "gain"}, "objective = 'gain': "),
    ({"val_fraction": 0.9999}, "bout_offset = 1440: must be at most "),
    ({"early_stopping_metric": "ulcer"}, "early_stopping_metric = 'ulcer': needs 43200 minutes"),
    ({"k_grid": (1.0,)}, "k_grid = (1.0,): needs memory_grid beside it"),
    ({"periods": {"overlap": 0.5}}, "periods.count = 0: must be 1 or more"),
    ({"base_lr": -1.0}, "base_lr = -1.0: "),
    ({"method": "downhill"}, "method = 'downhill': "),
    ({"test_end": "2024-01-20 00:00:00"}, "test_end = '2024-01-20 00:00:00': "),
    ({"params_file": "nowhere.jsonl"}, "params_file = 'nowhere.jsonl': "),
    ({"use_swa": True}, "use_swa = True: needs val_fraction = 0"),
]


@pytest.mark.parametrize(("changes", "line"), BAD, ids=[next(iter(changes)) for changes, _ in BAD])
def test_bad_settings_get_one_line_before_any_work(prices, changes, line) -> None:
    with pytest.raises(ValueError, match=re.escape(line)) as caught:
        TrainStudy().check(config_of(prices, **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_killed_eighteen_times_anywhere_it_ends_with_the_bytes_of_an_unbroken_run(prices, tmp_path) -> None:
    """Each kill loses one link at most; a run that is going on can be inspected."""
    settings = SMALL | {"n_iterations": 79, "evaluation_interval": 4}
    words = ["train", *flags_of(settings), f"--prices={prices}", "--workers", "1"]
    whole = assert_kills_change_nothing(words, tmp_path, 18, killed=_assert_records_of_kept_links)
    assert len(list((whole / "chunks").glob("*.npz"))) == 41


def _assert_records_of_kept_links(store: Path) -> None:
    (folder,) = store.glob("train-*")
    steps = [record["step"] for record in records_of(folder)[1:]]
    assert steps == list(range(2 * min(len(chunks(store)), 40)))
