"""The study of backtests: from files and flags to a run, and what is refused before it."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isotherm.market.backtest import simulate
from isotherm.market.parameters.checkpoint import write_records
from isotherm.studies.market import runs
from isotherm.studies.market.config import BacktestConfig, settings_of_file
from isotherm.studies.market.study import BacktestStudy

DAY, START_MS = 1440, 1_704_067_200_000
WINDOW = {"start": "2024-01-03 00:00:00", "end": "2024-01-05 00:00:00", "max_memory_days": 2.0}
SMALL = {"tokens": ("AAA", "BBB"), "rule": "momentum", "chunk_period": 360, **WINDOW}
FLAGS = [
    "--tokens=AAA,BBB", "--rule=momentum", "--chunk-period=360", "--start=2024-01-03 00:00:00",
    "--end=2024-01-05 00:00:00", "--max-memory-days=2", "--workers", "1", "--preset", "own",
]  # fmt: skip


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prices")
    rng = np.random.default_rng(1)
    for ticker in ("AAA", "BBB"):
        close = 10 * np.exp(np.cumsum(rng.normal(0, 5e-4, 6 * DAY)))
        write(folder, ticker, close)
    return folder


def write(folder: Path, ticker: str, close: np.ndarray, unix: np.ndarray | None = None) -> None:
    times = START_MS + 60_000 * np.arange(len(close)) if unix is None else unix
    pl.DataFrame({"unix": times, "close": close}).write_parquet(folder / f"{ticker}_USD.parquet")


def test_a_run_from_the_command_line_is_shown_again_and_depends_on_its_prices(
    isotherm, prices, tmp_path
) -> None:
    words = [*FLAGS, f"--prices={prices}", "--out", str(tmp_path / "runs"), "--json"]
    code, out, err = isotherm("backtest", *words)
    assert code == 0, err
    first = json.loads(out)
    again = json.loads(isotherm("run", "backtest", *words)[1])
    assert first["fingerprint"] == again["fingerprint"]
    assert again["shown_again"]
    other = tmp_path / "other"
    other.mkdir()
    for ticker in ("AAA", "BBB"):
        table = pl.read_parquet(prices / f"{ticker}_USD.parquet")
        table = table.with_columns(
            pl.when(pl.int_range(pl.len()) == 7).then(11.0).otherwise("close").alias("close")
        )
        table.write_parquet(other / f"{ticker}_USD.parquet")
    changed = [*FLAGS, f"--prices={other}", "--out", str(tmp_path / "runs"), "--json"]
    assert json.loads(isotherm("backtest", *changed)[1])["fingerprint"] != first["fingerprint"]


def test_what_is_stored_is_what_was_simulated(prices) -> None:
    config = BacktestConfig(prices=str(prices), fees=0.003, **SMALL)
    arrays = runs.strategy(config)
    settings = runs.fingerprint_of(config)
    found = simulate(settings, runs.params_of(config, settings), runs.table_of(config, settings["tokens"]))
    np.testing.assert_array_equal(arrays["value"], [*found.value[::60].tolist(), found.value[-1]])
    assert arrays["fees"].sum() == pytest.approx(found.fee_revenue.sum())
    worth = found.trades * found.prices
    np.testing.assert_allclose(arrays["bought"].sum(0), worth.sum(0), rtol=1e-6, atol=1e-4)
    assert arrays["traded"].sum() == pytest.approx(np.maximum(worth, 0).sum())
    np.testing.assert_allclose(arrays["bought"][3], worth[180:240].sum(0), rtol=1e-6, atol=1e-4)
    assert int(arrays["trades"]) == int((found.trades != 0).any(1).sum()) > 0


def test_constant_weights_stand_beside_and_the_map_is_of_other_parameters(prices) -> None:
    config = BacktestConfig(
        prices=str(prices), k_grid=(1.0, 30.0), memory_grid=(0.5, 1.5), weights_logits=(0.0, 1.0), **SMALL
    )
    constant = runs.constant(config)
    settings = runs.fingerprint_of(config)
    held = simulate(
        settings.replaced(rule="balancer"), {"initial_weights_logits": [0.0, 1.0]},
        runs.table_of(config, settings["tokens"]),
    )  # fmt: skip
    assert constant["value"][-1] == held.value[-1]
    row = runs.map_row(config, 1.5)["over_hodl"]
    own = settings.replaced(initial_memory_length=1.5, initial_k_per_day=30.0)
    alone = simulate(own, runs.first_params(own), runs.table_of(config, settings["tokens"]), parameter_set=0)
    assert row[1] == pytest.approx(alone.metrics()["train"]["returns_over_hodl"], rel=1e-12)
    assert row[0] != row[1]
    assert [task.name for task in BacktestStudy().tasks(config)] == [
        "strategy",
        "constant",
        "memory-0",
        "memory-1",
    ]


def test_settings_and_parameters_come_from_files_and_flags_go_before(prices, tmp_path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('rule = "momentum"\ntokens = ["AAA", "BBB"]\nfees = 0.01\nchunk_period = 120\n'
                    "weight_interpolation_period = 60\n")  # fmt: skip
    config = BacktestConfig(prices=str(prices), fingerprint_file=str(file), fees=0.002, **WINDOW)
    settings = runs.fingerprint_of(config)
    assert (settings["fees"], settings["chunk_period"], settings["weight_interpolation_period"]) == (
        0.002,
        120,
        60,
    )
    assert settings["startDateString"] == WINDOW["start"]
    (tmp_path / "run.json").write_text(json.dumps({"rule": "hodl"}))
    assert settings_of_file(str(tmp_path / "run.json")) == {"rule": "hodl"}
    steps = [
        {"step": i, "train_objective": [score], "log_k": [[k, k]], "logit_lamb": [[0.1, 0.1]],
         "initial_weights_logits": [[0.0, 0.0]], "subsidary_params": []}
        for i, (score, k) in enumerate([(1.0, 2.0), (3.0, 4.0), (2.0, 6.0)])
    ]  # fmt: skip
    write_records(tmp_path / "found", [dict(settings), *steps])
    chosen = config.model_copy(update={"params_file": str(tmp_path / "found.jsonl")})
    assert runs.params_of(chosen, settings)["log_k"].tolist() == [4.0, 4.0]
    last = chosen.model_copy(update={"select": "last", "parameter_set": 0})
    assert np.asarray(runs.params_of(last, settings)["log_k"]).tolist() == [[6.0, 6.0]]
    assert set(BacktestStudy().inputs(chosen)) == {
        "fingerprint_file", "params_file", "prices.AAA", "prices.BBB",
    }  # fmt: skip


BAD = [
    (["--rule=momentun"], "did you mean 'momentum'"),
    (["--weight-interpolation-period=361"], "weight_interpolation_period = 361"),
    (["--tokens=AAA,AAA"], "tokens"),
    (["--tokens=AAA,CCC"], "has no file CCC_USD.parquet"),
    (["--minimum-weight=0.5"], "minimum_weight = 0.5"),
    (["--start=2024-01-03"], "start = '2024-01-03'"),
    (["--start=2024-01-03 00:00:30"], "2024-01-03 00:00:30"),
    (["--end=2025-01-05 00:00:00"], "2025-01-05 00:00:00"),
    (["--fees=1"], "fees = 1"),
    (["--k-grid=1,2"], "k_grid"),
    (["--k-grid=2,1", "--memory-grid=1"], "should increase"),
    (["--rule=hodl", "--k-grid=1", "--memory-grid=1"], "k_grid"),
    (["--rule=gyroscope"], "not there yet"),
    (["--rule=index_market_cap"], "supply"),
    (["--rule=rvr__momentum"], "spread"),
    (["--spread-bps=1,1"], "spread"),
    (
        ["--rule=rvr__momentum", "--spread-bps=1"],
        "spread_bps = (1.0,): must be one number for each of AAA, BBB",
    ),
    (["--supply=1,2"], "supply = (1.0, 2.0): must be left out"),
    (
        ["--rule=index_market_cap", "--supply=1,2,3"],
        "supply = (1.0, 2.0, 3.0): must be one number for each of",
    ),
    (["--fingerprint-file=none.json"], "fingerprint_file"),
    (["--params-file=none.jsonl"], "params_file"),
]


@pytest.mark.parametrize(("words", "line"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_what_does_not_fit_is_refused_in_one_line_before_any_work(isotherm, prices, words, line) -> None:
    code, out, err = isotherm("backtest", *FLAGS, f"--prices={prices}", "--out", "runs", *words)
    assert code == 2
    assert line in err
    assert err.count("\n") == 1
    assert out == ""
    assert not Path("runs").exists() or not list(Path("runs").glob("backtest-*"))


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("gap", "2024-01-02 16:40:00"),
        ("twice", "2024-01-02 16:40:00"),
        ("nan", "2024-01-02 16:40:00"),
        ("negative", "2024-01-02 16:40:00"),
        ("column", "close"),
        ("torn", "BBB_USD.parquet"),
    ],
)
def test_price_files_that_break_the_contract_are_refused(isotherm, prices, tmp_path, fault, line) -> None:
    table = pl.read_parquet(prices / "BBB_USD.parquet")
    unix, close, row = table["unix"].to_numpy().copy(), table["close"].to_numpy().copy(), 1440 + 1000
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "AAA_USD.parquet").write_bytes((prices / "AAA_USD.parquet").read_bytes())
    if fault == "gap":
        unix, close = np.delete(unix, row), np.delete(close, row)
    elif fault == "twice":
        unix[row + 1] = unix[row]
    elif fault in ("nan", "negative"):
        close[row] = np.nan if fault == "nan" else -1.0
    write(folder, "BBB", close, unix)
    bad = folder / "BBB_USD.parquet"
    if fault == "column":
        pl.read_parquet(bad).rename({"close": "price"}).write_parquet(bad)
    elif fault == "torn":
        bad.write_bytes(bad.read_bytes()[:-100])
    code, _, err = isotherm("backtest", *FLAGS, f"--prices={folder}", "--out", "runs")
    assert code == 2
    assert line in err
    assert err.count("\n") == 1
    assert not list(Path("runs").glob("backtest-*"))
