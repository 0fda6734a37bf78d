"""The study of a walk forward: from flags to a run in links, what it stores, and what is refused before it."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.support.minute_files import DAY, START_MS, flags_of, random_minutes
from tests.support.siege import assert_kills_change_nothing

from isotherm.market.backtest import simulate
from isotherm.market.walk.forward import walk_forward
from isotherm.market.walk.verdict import joined_returns
from isotherm.studies.market.pool_run import fingerprint_of, first_params
from isotherm.studies.walk import runs
from isotherm.studies.walk.config import WalkConfig
from isotherm.studies.walk.inputs import check, prices_of, walking
from isotherm.studies.walk.kept import carried_in, record_from
from isotherm.studies.walk.study import WalkStudy
from isotherm.study.presets import build_config

SMALL = {
    "tokens": ("AAA", "BBB"), "rule": "momentum", "chunk_period": 360, "max_memory_days": 2.0, "memory_days": 1.0,
    "start": "2024-01-03 00:00:00", "end": "2024-01-15 00:00:00", "n_cycles": 2, "num_chance": 1,
    "bout_offset": 1440, "objective": "returns_over_hodl", "early_stopping_metric": "return",
    "n_iterations": 4, "iterations_per_print": 3, "evaluation_interval": 2, "n_parameter_sets": 2, "batch_size": 2,
    "base_lr": 0.5, "val_fraction": 0.25,
}  # fmt: skip


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_minutes(tmp_path_factory.mktemp("prices"), 15)


def config_of(prices: Path, **changes) -> WalkConfig:
    return WalkConfig(prices=str(prices), **(SMALL | changes))


def chain_of(config: WalkConfig) -> dict[str, dict[str, np.ndarray]]:
    """Arrays of all links and tests, in this process."""
    found, study = {}, WalkStudy()
    for task in study.tasks(config):
        if task.after is not None:
            found[task.name] = study.proceed(config, task, found[task.after])
        elif task.name == "cycle-0-link-0":
            found[task.name] = study.compute(config, task)
    return found


def test_a_run_is_the_walk_of_the_library(isotherm, prices, tmp_path) -> None:
    words = [*flags_of(SMALL), f"--prices={prices}", "--out", str(tmp_path / "runs"), "--workers", "1"]
    code, out, err = isotherm("walk-forward", *words, "--json")
    assert code == 0, err
    told = json.loads(out)
    records = list(walk_forward(walking(config_of(prices))))
    arrays = np.load(Path(told["path"]) / "arrays.npz")
    for i, record in enumerate(records):
        for name, value in record.params.items():
            np.testing.assert_array_equal(arrays[f"params/{name}"][i], value)
    cycles = told["metrics"]["cycles"]
    assert [cycle["run_location"] for cycle in cycles] == [record.run_location for record in records]
    assert [cycle["judged"] for cycle in cycles] == [3 * 2, 3 * 2]
    assert cycles[1]["outside"]["returns"] == pytest.approx(records[1].out_of_sample["returns"], rel=1e-12)
    daily = joined_returns(records).pool
    assert len(daily) == 8
    np.testing.assert_allclose(arrays["value/trained"][1:], np.cumprod(1 + daily), rtol=1e-12)
    again = json.loads(isotherm("run", "walk-forward", *words, "--json")[1])
    assert again["shown_again"]


def test_links_carry_what_their_cycle_began_with(prices) -> None:
    config = config_of(prices)
    names = [task.name for task in WalkStudy().tasks(config)]
    assert names == [
        "cycle-0-link-0", "cycle-0-link-1", "cycle-0-tested", "cycle-1-link-0", "cycle-1-link-1", "cycle-1-tested",
        "default", "chance-0",
    ]  # fmt: skip
    found = chain_of(config)
    record = record_from(found["cycle-0-tested"])
    assert carried_in(found["cycle-0-link-1"]).params is None
    for name in ("cycle-1-link-0", "cycle-1-link-1"):
        carried = carried_in(found[name])
        np.testing.assert_array_equal(carried.weights, record.final_weights)
        np.testing.assert_array_equal(carried.params["log_k"], record.params["log_k"])
    first = runs.training_of(config, 1, carried_in(found["cycle-1-link-0"])).params
    np.testing.assert_array_equal(first["log_k"][0], record.params["log_k"])
    assert found["cycle-0-tested"]["effective/memory_days"].shape == (2,)


def test_nothing_is_done_after_an_early_end(prices) -> None:
    config = config_of(prices, n_cycles=1, n_iterations=7, early_stopping_patience=1, base_lr=1e-30)
    found = chain_of(config)
    last, before = (found[f"cycle-0-link-{i}"] for i in (2, 1))
    assert int(last["state/descent/step"]) < 8
    for name, value in before.items():
        np.testing.assert_array_equal(last[name], value)


def test_walks_beside_choose_nothing(prices) -> None:
    config = config_of(prices)
    settings = fingerprint_of(config)
    default = settings.replaced(
        initial_memory_length=10.0, initial_k_per_day=20.0, startDateString="2024-01-03 00:00:00",
        endDateString="2024-01-07 00:00:00", endTestDateString="2024-01-11 00:01:00",
    )  # fmt: skip
    table = prices_of(config, ["AAA", "BBB"])
    played = simulate(default, first_params(default), table, with_test=True, parameter_set=0)
    value = played.value[4 * DAY :: DAY]
    found = runs.default_walk(config)["returns"]
    np.testing.assert_allclose(found[:4], value[1:] / value[:-1] - 1, rtol=1e-9)
    chance = [runs.chance_walk(config, i)["returns"] for i in (0, 1)]
    assert chance[0].shape == (8,)
    assert not np.allclose(chance[0], chance[1])
    np.testing.assert_array_equal(chance[0], runs.chance_walk(config, 0)["returns"])


def test_prices_of_trading_days_are_walked(tmp_path) -> None:
    days = [day for day in range(40) if (day + 1) % 7 < 5]
    close = np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, (len(days), 2)), axis=0))
    unix = START_MS + 86_400_000 * np.array(days)
    file = tmp_path / "days.parquet"
    pl.DataFrame({"unix": unix, "AAA": close[:, 0], "BBB": close[:, 1]}).write_parquet(file)
    own = {
        "chunk_period": 1440,
        "end": "2024-02-05 00:00:00",
        "interval_minutes": 1440,
        "rule": "anti_momentum",
    }
    config = config_of(file, **own, gap_days=3)
    check(config)
    table = prices_of(config, ["AAA", "BBB"])
    assert table.interval_minutes == 1440
    assert table.report.notes[-1] == "closes stand over gaps, in 10 of 39 rows and for 2 d at most"
    record = next(walk_forward(walking(config), lambda task: {"log_k": [1.0, 1.0], "logit_lamb": [0.0, 0.0]}))
    still = np.isclose(record.daily_returns, 0.0, atol=1e-4)
    assert 2 <= still.sum() <= 6, "weekends"
    with pytest.raises(ValueError, match=r"days\.parquet"):
        check(config_of(file, **own))


def test_presets_and_what_is_ones_own() -> None:
    study = WalkStudy()
    for field in ("prices", "fingerprint_file", "params_file"):
        assert build_config(study, flags={field: "mine"}) == WalkConfig(**{field: "mine"})
    published = build_config(study)
    assert published == build_config(study, "published")
    assert list(study.inputs(published)) == ["prices"]
    assert len(study.inputs(build_config(study, "coins"))) == 3
    ether = build_config(study, "ether")
    assert list(study.inputs(ether)) == ["prices.ETH"]
    cash = prices_of(ether, ["ETH", "USD"])
    assert (cash.interval_minutes, cash.report.fills["ETH"].longest_run) == (1, 2)
    assert set(cash.closes[:, 1].tolist()) == {1.0}
    table = prices_of(published, ["JNJ", "KO"])
    assert table.interval_minutes == 1440
    assert not any("/" in note for note in table.report.notes)
    assert 0.3 < table.report.fills["KO"].share < 0.32


BAD = [
    ({"rule": "balancer"}, "rule = 'balancer': has nothing to train"),
    ({"n_cycles": 5}, "n_cycles = 5: leaves 2 days to train"),
    ({"purge_days": 2}, "n_cycles = 2: leaves 2 days to train"),
    ({"keep_fixed_start": True, "embargo_days": 1}, "embargo_days = 1: must be 0 with keep_fixed_start"),
    ({"early_stopping_metric": "ulcer"}, "early_stopping_metric = 'ulcer': needs 43200 minutes"),
    ({"periods": {"overlap": 0.5}}, "periods.count = 0: must be 1 or more"),
    ({"end": "2024-01-20 00:00:00"}, "end = '2024-01-20 00:00:00': "),
    ({"market": "us20_daily_1990_2022"}, "market = 'us20_daily_1990_2022': must be left out"),
    ({"tokens": ("AAA", "CCC")}, "CCC"),
    ({"interval_minutes": 7}, "AAA"),
]


@pytest.mark.parametrize(("changes", "line"), BAD, ids=[next(iter(changes)) for changes, _ in BAD])
def test_bad_settings_get_one_line_before_any_work(prices, changes, line) -> None:
    with pytest.raises(ValueError, match=re.escape(line)) as caught:
        WalkStudy().check(config_of(prices, **changes))
    assert "\n" not in str(caught.value)


def test_gaps_of_the_packages_own_prices_are_theirs() -> None:
    with pytest.raises(ValueError, match="gap_days = 3: must be left out without prices"):
        check(WalkConfig(gap_days=3))


@pytest.mark.slow
def test_killed_eight_times_anywhere_it_ends_with_the_bytes_of_an_unbroken_run(prices, tmp_path) -> None:
    """Each kill loses one link at most, in whatever cycle."""
    words = ["walk-forward", *flags_of(SMALL | {"n_iterations": 11}), f"--prices={prices}", "--workers", "1"]
    whole = assert_kills_change_nothing(words, tmp_path, 8, longest_s=0.1)
    assert len(list((whole / "chunks").glob("*.npz"))) == 2 * 5 + 2
