"""The study of ensembles: from flags to a run in links, what it stores, and what is refused before it."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.support.minute_files import DAY, START_MS, flags_of, random_minutes

from isotherm.files.content import read_npz
from isotherm.market.backtest import simulate
from isotherm.market.ensembles.ensemble import ensemble
from isotherm.market.objectives.registry import evaluate
from isotherm.studies.ensemble import runs
from isotherm.studies.ensemble.config import EnsembleConfig
from isotherm.studies.ensemble.study import EnsembleStudy
from isotherm.studies.market.pool_run import fingerprint_of, table_of
from isotherm.study.base import Task
from isotherm.study.presets import build_config

SMALL: dict[str, Any] = {
    "tokens": ("AAA", "BBB"), "rule": "momentum", "chunk_period": 1440, "max_memory_days": 2.0, "memory_days": 1.0,
    "start": "2024-01-03 00:00:00", "end": "2024-01-15 00:00:00", "test_end": "2024-01-20 00:00:00",
    "betas": (0.0, 5.0), "num_chains": 2, "num_draws": 20, "block": 10, "thin": 1, "num_warmup": 10,
    "num_played": 5, "num_members": 2, "n_iterations": 3, "num_starts": 2, "noise_scale": 0.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_minutes(tmp_path_factory.mktemp("prices"), 20)


def config_of(prices: Path, **changes: Any) -> EnsembleConfig:
    return EnsembleConfig(prices=str(prices), **(SMALL | changes))


def test_a_run_is_the_ensemble_of_the_library(isotherm, prices, tmp_path) -> None:
    words = [*flags_of(SMALL), f"--prices={prices}", "--out", str(tmp_path / "runs"), "--workers", "1"]
    code, out, err = isotherm("ensemble", *words, "--json")
    assert code == 0, err
    told = json.loads(out)
    config = config_of(prices)
    settings, table = fingerprint_of(config), table_of(config, ["AAA", "BBB"])
    found = ensemble(settings, table, config.sampling(5.0))
    arrays = read_npz((Path(told["path"]) / "arrays.npz").read_bytes())
    np.testing.assert_array_equal(arrays["1/objectives"], found.objectives)
    np.testing.assert_array_equal(arrays["1/rhat"], found.rhat)
    np.testing.assert_array_equal(arrays["1/effective/memory_days"], found.effective()["memory_days"])
    metrics = told["metrics"]
    assert [one["beta"] for one in metrics["temperatures"]] == [0.0, 5.0]
    assert metrics["temperatures"][1]["inside"]["mean"] == pytest.approx(found.objectives.mean())

    pool, params = found.pool(2)
    played = simulate(pool, params, table, with_test=True)
    np.testing.assert_allclose(arrays["1/pool_value"], played.value[::DAY], rtol=1e-12)
    rows = slice(12 * DAY, None)
    worth = evaluate("daily_log_sharpe", played.value[rows], played.reserves[rows], played.prices[rows])
    assert metrics["temperatures"][1]["pool"]["test"] == pytest.approx(worth, rel=1e-6)
    held = evaluate("daily_log_sharpe", played.hodl[rows], np.tile(played.reserves[:1], (5 * DAY, 1)),
                    played.prices[rows])  # fmt: skip
    assert metrics["hodl"]["test"] == pytest.approx(held, rel=1e-6)

    best = metrics["optimum"]
    assert best["inside"] == pytest.approx(best["train"], rel=1e-6), "one window is all that is fitted"
    assert arrays["prior/memory_days"].shape == (2000, 2)
    again = json.loads(isotherm("run", "ensemble", *words, "--json")[1])
    assert again["shown_again"]
    assert sorted(path.stem for path in (Path(told["path"]) / "figures").glob("*.png")) == [
        "chains", "objective", "parameters", "together", "value", "weights",
    ]  # fmt: skip


def test_links_are_tasks_one_after_another_and_can_be_taken_up_from_arrays(prices) -> None:
    config = config_of(prices, method="smc", num_rungs=2, betas=(0.0, 2.0), num_windows=2, bout_offset=2880)
    tasks = EnsembleStudy().tasks(config)
    assert [(task.name, task.after) for task in tasks] == [
        ("beta-0-0", None), ("beta-0-1", "beta-0-0"), ("played-0", "beta-0-1"),
        ("beta-1-0", None), ("beta-1-1", "beta-1-0"), ("played-1", "beta-1-1"), ("optimum", None),
    ]  # fmt: skip
    study, earlier = EnsembleStudy(), {}
    for task in tasks[3:6]:
        runs._laid_out.cache_clear()  # as in another process
        earlier = study.compute(config, task) if task.after is None else study.proceed(config, task, earlier)
    assert earlier["objectives"].shape == (2, 20)
    assert earlier["ladder"].tolist() == [0.0, 2.0]
    assert np.isfinite(earlier["evidence"]).all()
    reward = runs.ensemble_for(config, 2.0).posterior.objective
    assert len(reward.points.starts) == 2


def test_prices_of_the_test_change_no_draw(prices, tmp_path) -> None:
    for ticker in ("AAA", "BBB"):
        table = pl.read_parquet(prices / f"{ticker}_USD.parquet")
        late = pl.col("unix") >= START_MS + 14 * DAY * 60_000
        table.with_columns(
            close=pl.when(late).then(pl.col("close") * 1.3).otherwise(pl.col("close"))
        ).write_parquet(tmp_path / f"{ticker}_USD.parquet")
    ours, others = (runs.first_link(config_of(place), 5.0) for place in (prices, tmp_path))
    for name, value in ours.items():
        np.testing.assert_array_equal(value, others[name], err_msg=name)


def test_without_a_test_window_nothing_is_told_of_one(prices) -> None:
    config = config_of(prices, test_end=None, betas=(0.0,), n_iterations=0)
    study = EnsembleStudy()
    tasks = study.tasks(config)
    assert "optimum" not in [task.name for task in tasks]
    earlier, results = {}, {}
    for task in tasks:
        earlier = study.compute(config, task) if task.after is None else study.proceed(config, task, earlier)
        results[task.name] = earlier
    metrics, arrays = study.combine(config, results)
    metrics = json.loads(json.dumps(metrics))
    assert metrics["optimum"] is None
    assert set(metrics["hodl"]) == {"train"}
    assert metrics["temperatures"][0]["against_hodl"] is None
    assert len(study.tables(config, metrics)) >= 4
    assert not any("test" in line for line in study.conclusions(config, metrics)[:1])
    assert len(list(study.figures(config, metrics, arrays))) == 6


def test_all_of_the_window_is_fitted_whatever_a_file_says(prices, tmp_path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('rule = "momentum"\nreturn_val = "sharpe"\n[optimisation_settings]\nval_fraction = 0.3\n'
                    "noise_scale = 0.7\n")  # fmt: skip
    config = EnsembleConfig(prices=str(prices), fingerprint_file=str(file), force_scalar=True)
    settings = fingerprint_of(config)
    training = settings["optimisation_settings"]
    assert (training["val_fraction"], training["noise_scale"], training["force_scalar"]) == (0.0, 0.7, True)
    assert settings["return_val"] == "sharpe"
    assert settings["bout_offset"] == 0
    assert EnsembleConfig(objective="calmar").given()["return_val"] == "calmar"


def test_the_prior_is_drawn_by_chains_whatever_the_method() -> None:
    config = EnsembleConfig(method="tempering")
    assert config.sampling(0.0).method == "mala"
    assert config.sampling(1.0).method == "tempering"


@pytest.mark.parametrize("field", ["prices", "fingerprint_file", "params_file"])
def test_what_is_ones_own_is_not_mixed_with_the_published(field: str) -> None:
    assert build_config(EnsembleStudy(), flags={field: "mine"}) == EnsembleConfig(**{field: "mine"})
    assert build_config(EnsembleStudy()) == build_config(EnsembleStudy(), "published")


BAD = [
    ({"rule": "balancer"}, "rule = 'balancer': has nothing to train"),
    ({"rule": "ensemble__momentum"}, "rule = 'ensemble__momentum': must be without the hook ensemble"),
    ({"objective": "gain"}, "objective = 'gain': "),
    ({"betas": (1.0, 0.0)}, "betas = (1.0, 0.0): should increase"),
    ({"betas": ()}, "betas = (): "),
    ({"betas": (-1.0,)}, "betas.0 = -1.0: "),
    ({"method": "hmc"}, "method = 'hmc': "),
    ({"block": 7}, "block = 7: must divide num_draws, 20"),
    ({"num_windows": 2}, "num_windows = 2: must be at most 1"),
    ({"num_played": 41}, "num_played = 41: must be at most 40, the draws at a temperature"),
    ({"num_members": 41}, "num_members = 41: must be at most 40"),
    ({"noise_scale": 0.0}, "noise_scale = 0.0: "),
    ({"test_end": "2024-01-25 00:00:00"}, "test_end = '2024-01-25 00:00:00': "),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "line"), BAD, ids=[f"{next(iter(one))}-{i}" for i, (one, _) in enumerate(BAD)]
)
def test_bad_settings_get_one_line_before_any_work(prices, changes, line) -> None:
    with pytest.raises(ValueError, match=re.escape(line)) as caught:
        EnsembleStudy().check(config_of(prices, **changes))
    assert "\n" not in str(caught.value)


def test_tasks_of_a_single_temperature_have_its_beta() -> None:
    found = EnsembleStudy().tasks(EnsembleConfig(betas=(3.0,), num_draws=8, block=8, n_iterations=0))
    assert found == [
        Task("beta-0-0", {"beta": 3.0}), Task("played-0", {"beta": 3.0}, after="beta-0-0"),
    ]  # fmt: skip
