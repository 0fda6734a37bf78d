"""The study of backtests: from files and flags to a run, and what is refused before it."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.support.minute_files import DAY, START_MS, random_minutes, write_minutes

from isotherm.market.backtest import simulate
from isotherm.market.parameters.checkpoint import write_records
from isotherm.studies.market import runs
from isotherm.studies.market.config import BacktestConfig
from isotherm.studies.market.results import combined
from isotherm.studies.market.series import SERIES, series_of
from isotherm.studies.market.settings_file import settings_of_file
from isotherm.studies.market.study import BacktestStudy
from isotherm.studies.market.tables import tables
from isotherm.study.presets import build_config

WINDOW = {"start": "2024-01-03 00:00:00", "end": "2024-01-05 00:00:00", "max_memory_days": 2.0}
SMALL = {"tokens": ("AAA", "BBB"), "rule": "momentum", "chunk_period": 360, **WINDOW}
FLAGS = [
    "--tokens=AAA,BBB", "--rule=momentum", "--chunk-period=360", "--start=2024-01-03 00:00:00",
    "--end=2024-01-05 00:00:00", "--max-memory-days=2", "--workers", "1", "--preset", "own",
]  # fmt: skip


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_minutes(tmp_path_factory.mktemp("prices"), 6, 5e-4)


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


@pytest.mark.parametrize("field", ["prices", "fingerprint_file", "params_file"])
def test_what_is_ones_own_is_not_mixed_with_a_preset(field: str) -> None:
    """Neither dates nor a map of the published run stand over a file of settings."""
    study = BacktestStudy()
    found = build_config(study, flags={field: "mine"})
    assert found == BacktestConfig(**{field: "mine"})
    assert study.preset_of(found.settings()) == "own"
    assert build_config(study) == build_config(study, "published") != found
    assert build_config(study, "smoke", flags={field: "mine"}).tokens == ("BTC", "ETH", "SOL")


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


def minute(day: int, rest: int = 0) -> int:
    """Milliseconds of a minute of the window's day 0, 1, ..."""
    return START_MS + 60_000 * ((2 + day) * DAY + rest)


def table_file(path: Path, **columns: list) -> str:
    pl.DataFrame(columns).write_csv(path)
    return str(path)


def test_fees_gas_and_swaps_come_from_files(prices, tmp_path) -> None:
    """As :func:`simulate` takes them; what holds before the window holds on in it."""
    fees = table_file(tmp_path / "fees.csv", unix=[minute(-1), minute(1)], value=[0.002, 0.01])
    gas = table_file(tmp_path / "gas.csv", unix=[minute(0), minute(1, 3)], value=[0.5, 20.0])
    swaps = table_file(
        tmp_path / "swaps.csv", unix=[minute(-1), minute(0, 7), minute(1)], token_in=["AAA", "BBB", "AAA"],
        token_out=["BBB", "AAA", "BBB"], amount_in=[9.0, 500.0, 250.0],
    )  # fmt: skip
    config = BacktestConfig(prices=str(prices), fees_file=fees, gas_file=gas, trades_file=swaps, **SMALL)
    settings = runs.fingerprint_of(config)
    trades = np.zeros((2 * DAY, 3))
    trades[7], trades[DAY] = (1, 0, 500), (0, 1, 250)
    table, params = runs.table_of(config, settings["tokens"]), runs.params_of(config, settings)
    found = simulate(
        settings, params, table, trades=trades,
        fees=np.repeat([0.002, 0.01], DAY), gas_cost=np.repeat([0.5, 20.0], [DAY + 3, DAY - 3]),
    )  # fmt: skip
    kept = runs.strategy(config)["value"]
    np.testing.assert_array_equal(kept, [*found.value[::60].tolist(), found.value[-1]])
    shares = table_file(tmp_path / "shares.csv", unix=[minute(0), minute(1)], value=[100.0, 200.0])
    doubled = config.model_copy(update={"lp_supply_file": shares, "trades_file": "", "gas_file": ""})
    grown = runs.strategy(doubled)["value"]
    assert grown[24] == pytest.approx(2 * grown[23], rel=0.02)
    without = config.model_copy(update={"trades_file": ""})
    assert runs.strategy(without)["value"][-1] != kept[-1]
    rare = without.model_copy(update={"arb_frequency": 7, "test_end": "2024-01-06 00:00:00"})
    series = series_of(rare, runs.fingerprint_of(rare))["fees"]
    np.testing.assert_array_equal(series, np.repeat([0.002, 0.01, 0.01], DAY)[::7])
    every = config.model_copy(update={"k_grid": (1.0,), "memory_grid": (1.0,)})
    assert np.isfinite(runs.map_row(every, 1.0)["over_hodl"]).all()


def test_files_over_time_are_inputs_of_the_run(prices) -> None:
    """So that other content is another run, as of price files."""
    given = {field: f"{field}.csv" for field in SERIES}
    config = BacktestConfig(prices=str(prices), **given, **SMALL)
    found = BacktestStudy().inputs(config)
    assert {name: str(path) for name, path in found.items() if name in SERIES} == given
    assert len(given) == 4
    assert not runs.fingerprint_of(config.model_copy(update={"trades_file": ""}))["do_trades"]
    assert runs.fingerprint_of(config)["do_trades"]


@pytest.mark.parametrize(
    ("field", "columns", "words", "line"),
    [
        ("fees", {"unix": [minute(0)], "value": [1.0]}, [], "values are finite, at least 0, below 1"),
        ("fees", {"unix": [minute(0)], "value": [float("nan")]}, [], "has value nan in row 0"),
        ("fees", {"unix": [minute(1), minute(0)], "value": [0.1, 0.1]}, [], "goes back in row 1"),
        ("fees", {"unix": [minute(9)], "value": [0.1]}, [], "must have one other than 0"),
        ("fees", {"unix": [minute(0)], "fee": [0.1], "more": [0.1]}, [], "name the one of values"),
        ("fees", {"unix": [minute(0)], "value": [0.1]}, ["--rule=lvr__momentum"], "takes no costs that vary in time"),
        ("fees", {"unix": [minute(0)], "value": [0.1]}, ["--rule=hodl"], "takes no costs that vary in time"),
        ("gas", {"unix": [minute(0)], "value": [-1.0]}, [], "values are finite, at least 0"),
        ("gas", {"unix": [minute(0)], "gwei": [30.0]}, [], "holds prices of gas in gwei"),
        ("gas", {"time": [minute(0)], "value": [30.0]}, [], "has no column unix"),
        ("lp-supply", {"unix": [minute(0), minute(1)], "value": [1.0, 0.0]}, [], "has value 0 in row 1; shares are"),
        ("trades", {"unix": [minute(0)], "token_in": ["CCC"], "token_out": ["BBB"], "amount_in": [1.0]}, [],
         "names token 'CCC' in row 0; the pool holds AAA, BBB"),
        ("trades", {"unix": [minute(0)], "token_in": ["BBB"], "token_out": ["BBB"], "amount_in": [1.0]}, [],
         "swaps BBB for itself"),
        ("trades", {"unix": [minute(0)], "token_in": ["AAA"], "token_out": ["BBB"], "amount_in": [-1.0]}, [],
         "amount_in -1"),
        ("trades", {"unix": [minute(0)] * 2, "token_in": ["AAA"] * 2, "token_out": ["BBB"] * 2,
                    "amount_in": [1.0, 2.0]}, [], "must have one trade a minute"),
        ("trades", {"unix": [minute(9)], "token_in": ["AAA"], "token_out": ["BBB"], "amount_in": [1.0]}, [],
         "has no swap from 2024-01-03 00:00:00 to 2024-01-05 00:00:00"),
        ("trades", {"unix": [minute(0, 3)], "token_in": ["AAA"], "token_out": ["BBB"], "amount_in": [1.0]},
         ["--arb-frequency=2"], "has a swap at 2024-01-03 00:03:00, between arbitrageurs"),
    ],
)  # fmt: skip
def test_files_over_time_that_do_not_fit_are_refused(isotherm, prices, field, columns, words, line) -> None:
    file = table_file(Path(f"{field}.csv").absolute(), **columns)
    words = [*FLAGS, f"--prices={prices}", "--out", "runs", f"--{field}-file={file}", *words]
    code, out, err = isotherm("backtest", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {field.replace('-', '_')}_file = ")
    assert line in err
    assert not Path("runs").exists() or not list(Path("runs").glob("backtest-*"))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ('fees = "high"', "fees = 'high': should be a number"),
        ("arb_frequency = 1.5", "arb_frequency = 1.5: should be a whole number"),
        ('do_arb = "no"', "do_arb = 'no': should be True or False"),
        ('tokens = "AAA"', "tokens = 'AAA'"),
        ("optimisation_settings = 3", "optimisation_settings = 3"),
        ("fees = 07:30:00", "a time"),
        ("feess = 0.1", "feess"),
        ("do_trades = true", "do_trades = True: needs trades"),
        ("numeraire = 'AAA'", "numeraire = 'AAA': must be left out"),
    ],
)
def test_a_bad_line_of_a_settings_file_is_bad_input(isotherm, prices, words, line) -> None:
    Path("run.toml").write_text(words + "\n")
    flags = [flag for flag in FLAGS if not flag.startswith("--tokens") or "tokens" not in words]
    found = isotherm("backtest", *flags, f"--prices={prices}", "--fingerprint-file=run.toml")
    code, out, err = found
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err


def test_dates_of_toml_are_dates_and_settings_of_other_tools_are_told(prices, tmp_path) -> None:
    file = tmp_path / "run.toml"
    file.write_text(
        "chunk_period = 60\nstartDateString = 2024-01-03\nendDateString = 2024-01-05T02:00:00+02:00\n"
    )
    settings = runs.fingerprint_of(
        BacktestConfig(prices=str(prices), fingerprint_file=str(file), rule="hodl")
    )
    assert settings["startDateString"] == WINDOW["start"]
    assert settings["endDateString"] == WINDOW["end"]
    assert settings["weight_interpolation_period"] == 60
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"their_own": 1, "arb_quality": 0.5}))
    config = BacktestConfig(prices=str(prices), fingerprint_file=str(file), **SMALL)
    results = {"strategy": runs.strategy(config), "constant": runs.constant(config)}
    found = combined(config, dict(runs.fingerprint_of(config)), results).metrics
    assert found["unread"] == ["their_own", "arb_quality"]
    (settings_table,) = (table for table in tables(found) if table.title == "Settings")
    assert settings_table.note.endswith("not looked at by momentum: their_own, arb_quality")


BAD = [
    (["--rule=momentun"], "did you mean 'momentum'"),
    (["--weight-interpolation-period=361"], "weight_interpolation_period = 361"),
    (["--tokens=AAA,AAA"], "tokens"),
    (["--tokens=AAA,CCC"], "has no file CCC_USD.parquet"),
    (["--minimum-weight=0.5"], "minimum_weight = 0.5"),
    (["--start=2024-01-03"], "start = '2024-01-03': should be a date in UTC, YYYY-MM-DD HH:MM:SS"),
    (["--start=2024-01-03 00:00:30"], "2024-01-03 00:00:30"),
    (["--end=2025-01-05 00:00:00"], "2025-01-05 00:00:00"),
    (["--fees=1"], "fees = 1"),
    (["--k-grid=1,2"], "k_grid"),
    (["--k-grid=2,1", "--memory-grid=1"], "should increase"),
    (["--rule=hodl", "--k-grid=1", "--memory-grid=1"], "k_grid"),
    (["--rule=lvr__gyroscope"], "rule = 'lvr__gyroscope': names gyroscope, a pool that is not there yet"),
    (["--params-file=run.json"], "params_file = 'run.json': is damaged"),
    (["--rule=index_market_cap"], "supply"),
    (["--rule=rvr__momentum"], "spread"),
    (["--spread-bps=1,1"], "spread_bps = 'given': must be left out: momentum pays no bid-ask spread"),
    (
        ["--rule=rvr__momentum", "--spread-bps=1"],
        "spread_bps = (1.0,): must be one number for each of AAA, BBB",
    ),
    (["--supply=1,2"], "supply = (1.0, 2.0): must be left out"),
    (["--parameter-set=0"], "parameter_set = 0: must be left out without params_file"),
    (["--select=last"], "select = 'last': must be left out without params_file"),
    (
        ["--rule=index_market_cap", "--supply=1,2,3"],
        "supply = (1.0, 2.0, 3.0): must be one number for each of",
    ),
    (["--fingerprint-file=none.json"], "fingerprint_file"),
    (["--params-file=none.jsonl"], "params_file"),
]


@pytest.mark.parametrize(("words", "line"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_what_does_not_fit_is_refused_in_one_line_before_any_work(isotherm, prices, words, line) -> None:
    Path("run.json").write_text('"[{')
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
    write_minutes(folder, "BBB", close, unix)
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


def test_an_interval_is_not_asked_of_prices_that_know_it(isotherm) -> None:
    code, out, err = isotherm("backtest", "--preset=own", "--interval-minutes=5", "--out", "runs")
    assert (code, out) == (2, "")
    assert "interval_minutes = 5: must be left out without prices" in err
    assert not Path("runs").exists() or not list(Path("runs").glob("backtest-*"))
