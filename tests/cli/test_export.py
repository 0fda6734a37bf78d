"""`isotherm export`: pools of result files and of runs, and what is refused in one line with nothing written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.minute_files import START_MS, random_minutes

from isotherm.cli.main import main
from isotherm.market.deployment.bundle import read_bundle
from isotherm.market.deployment.fixed_reading import fixed_pool
from isotherm.market.parameters.checkpoint import write_records

Command = Callable[..., tuple[int, str, str]]

SETTINGS = {
    "tokens": ["AAA", "BBB"],
    "rule": "momentum",
    "chunk_period": 360,
    "weight_interpolation_period": 360,
}


def records(**changes: Any) -> list[dict[str, Any]]:
    steps = [
        {
            "step": step,
            "objective": scores,
            "train_objective": [{"sharpe": one, "returns_over_uniform_hodl": -one} for one in scores],
            "log_k": [[1.0, 2.0], [3.0, 4.0 + step]],
            "logit_lamb": [[0.0, 0.5], [1.0, -1.0]],
            "subsidary_params": [],
        }
        for step, scores in enumerate([[0.1, 0.4], [0.5, 0.9]])
    ]
    return [SETTINGS | changes, *steps]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_records(tmp_path / "run", records())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one backtest of two days on two tokens; its prices lie beside."""
    folder = tmp_path_factory.mktemp("deployed")
    (folder / "prices").mkdir()
    random_minutes(folder / "prices", 5, 5e-4)
    words = [
        "run", "backtest", "--preset", "own", "--tokens=AAA,BBB", "--rule=momentum", "--chunk-period=360",
        "--start=2024-01-03 00:00:00", "--end=2024-01-04 03:00:00", "--max-memory-days=2",
        f"--prices={folder / 'prices'}", "--workers", "1", "--out", str(folder / "runs"), "--json",
    ]  # fmt: skip
    assert main(words) == 0
    return folder


def one_line(told: str) -> str:
    (line,) = told.splitlines()
    return line


def test_the_best_set_is_exported_and_others_by_name(isotherm: Command, file: Path) -> None:
    def log_k(*words: str) -> list[float]:
        code, out, err = isotherm("export", str(file), "--json", *words)
        assert (code, err) == (0, "")
        bundle = json.loads(out)
        assert (bundle["rule"], bundle["state"], bundle["weights"]) == ("momentum", None, None)
        return bundle["raw"]["log_k"]

    assert log_k() == [1.0, 2.0]  # of the least loss against equal parts
    assert log_k("--metric", "sharpe") == [3.0, 5.0]
    assert log_k("--select", "last", "--parameter-set", "1") == [3.0, 5.0]
    assert log_k("--select", "best_objective_of_last") == [3.0, 5.0]
    assert log_k("--parameter-set", "1") == [3.0, 4.0]
    code, out, _ = isotherm("export", str(file.with_suffix("")))
    assert code == 0
    for words in ("Parameters", "Guardrails", "memory_days", "AAA", "parameters only", ": holds"):
        assert words in out


def test_files_of_other_tools_are_exported_too(isotherm: Command, tmp_path: Path) -> None:
    foreign = write_records(tmp_path / "foreign", records(colour="red"), double_encoded=True)
    code, out, err = isotherm("export", str(foreign), "--json", "--metric", "sharpe")
    assert code == 0
    assert one_line(err) == "warning: fingerprint has settings that are not known: colour"
    assert json.loads(out)["raw"]["log_k"] == [3.0, 5.0]


def test_a_bundle_is_written_once(isotherm: Command, file: Path) -> None:
    code, out, err = isotherm("export", str(file), "--to", "pool.json")
    assert (code, err) == (0, "")
    bundle = read_bundle("pool.json")
    assert out == f"pool.json: {bundle['sha256']}\n"
    code, _, err = isotherm("export", str(file), "--to", "pool.json", "--metric", "sharpe")
    assert (code, one_line(err)) == (2, "error: to = 'pool.json': is there already; --force overwrites it")
    assert read_bundle("pool.json") == bundle
    code, out, _ = isotherm(
        "export", str(file), "--to", "pool.json", "--metric", "sharpe", "--force", "--json"
    )
    assert (code, json.loads(out)) == (0, {"path": "pool.json", "sha256": read_bundle("pool.json")["sha256"]})
    assert read_bundle("pool.json") != bundle


def test_a_run_is_exported_with_its_state(isotherm: Command, store: Path) -> None:
    code, out, err = isotherm("export", "backtest", "--out", str(store / "runs"), "--to", "pool.json")
    assert (code, err) == (0, ""), err
    assert out.startswith("pool.json: ")
    bundle = read_bundle("pool.json")
    assert set(bundle["prices"]) == {"AAA_USD.parquet", "BBB_USD.parquet"}
    assert bundle["weights"]["start_s"] == START_MS // 1000 + 3 * 86400
    assert bundle["guardrails"]["values"]["max_memory_days"] == [2.0]
    pool, state = fixed_pool(bundle)
    move, _ = pool.updated(state, (11 * 10**18, 9 * 10**18))
    assert sum(move.at(360)) == 10**18
    run = next((store / "runs").glob("backtest-*"))
    code, out, _ = isotherm("export", str(run), "--json")
    assert json.loads(out) == bundle
    code, out, _ = isotherm("export", run.name[:12], "--out", str(store / "runs"))
    assert code == 0
    for words in (
        "State",
        "running_a",
        "firstFourWeightsAndMultipliers",
        "last update 2024-01-04 00:00:00 UTC",
    ):
        assert words in out
    code, _, err = isotherm("export", str(run), "--parameter-set", "1")
    assert (code, one_line(err)) == (
        2, "error: --parameter-set = '1': goes with a result file; a run has its own choice",
    )  # fmt: skip


def test_a_run_whose_prices_changed_is_refused(isotherm: Command, store: Path) -> None:
    path = store / "prices" / "AAA_USD.parquet"
    before = path.read_bytes()
    table = pl.read_parquet(path)
    table.with_columns(pl.col("close") * 1.5).write_parquet(path)
    try:
        code, _, err = isotherm("export", "backtest", "--out", str(store / "runs"), "--to", "pool.json")
    finally:
        path.write_bytes(before)
    assert (code, "its inputs have changed since" in one_line(err)) == (2, True)
    assert list(Path.cwd().iterdir()) == []


TEXT = "".join(json.dumps(record) + "\n" for record in records())
DOUBLE = json.dumps(json.dumps(records()))


def written(**changes: Any) -> str:
    first, *steps = records()
    return "".join(json.dumps(record) + "\n" for record in [first, *(step | changes for step in steps)])


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        (DOUBLE[: len(DOUBLE) // 2], [], "location = 'bad.json': is damaged: it ends or breaks within its JSON"),
        (TEXT.replace('"step": 0', '"step"', 1), [], "location = 'bad.json': line 2 is damaged"),
        (TEXT, ["--select", "last"], "log_k.shape = (2, 2): holds several parameter sets"),
        (TEXT, ["--select", "best_train_objective_for_each_parameter_set"], "select = 'best_train_objective_for"),
        (written(absolute_k=[[1e60, 1.0]] * 2, log_k=None), [], "k[0] = 1e+60: must be below 2**255 / 1e18"),
        (TEXT.replace("momentum", "momentun"), [], "rule = 'momentun': is unknown; did you mean 'momentum'?"),
        (written(logit_lamb=None), [], "params: must have this parameter: logit_lamb"),
        (written(log_k=[[None, 1.0]] * 2), [], "log_k"),
        (TEXT, ["--select", "best"], "select = 'best': is unknown"),
        (TEXT, ["--metric", "sharp"], "metric_key = 'sharp': no step has a value of it in train_objective"),
        (TEXT, ["--parameter-set", "2"], "parameter_set = 2: "),
        (TEXT, ["--parameter-set", "x"], "parameter_set = 'x': "),
        (TEXT, ["--threshold", "x"], "threshold = 'x': "),
        ('{"tokens": 5}\n' + TEXT.split("\n", 1)[1], [], "tokens = 5: "),
        (TEXT.replace('_period": 360}', '_period": 720}', 1), [], "weight_interpolation_period = 720: "),
        (TEXT.replace('["AAA", "BBB"]', '["AAA", "AAA"]', 1), [], "tokens = ['AAA', 'AAA']: names AAA twice"),
        (TEXT.replace('"rule"', '"minimum_weight": 0.5, "rule"', 1), [], "minimum_weight = 0.5: should be below 1/2"),
        ("", [], "location = 'bad.json': holds no record"),
        (TEXT.split("\n", 1)[0], [], "records = 1: must hold the settings and one step or more"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_in_one_line(isotherm: Command, text: str, words: list[str], line: str) -> None:
    Path("bad.json").write_text(text)
    code, out, err = isotherm("export", "bad.json", "--to", "pool.json", *words)
    assert (code, out) == (2, "")
    assert one_line(err).startswith(f"error: {line}")
    assert [path.name for path in Path.cwd().iterdir()] == ["bad.json"]


def test_a_bundle_is_no_source_of_another(isotherm: Command, file: Path) -> None:
    assert isotherm("export", str(file), "--to", "pool.json")[0] == 0
    code, out, err = isotherm("export", "pool.json", "--to", "second.json")
    assert (code, out) == (2, "")
    assert one_line(err) == "error: SOURCE = 'pool.json': is a bundle already; give a result file or a run"
    assert not Path("second.json").exists()


def test_sources_that_are_not_there_are_refused(isotherm: Command, store: Path) -> None:
    for words, line in (
        (["none.jsonl"], "SOURCE = 'none.jsonl': there is no such result file"),
        (["none", "--out", str(store / "runs")], "RUN = 'none': is not a run of"),
        (["none"], "out = 'runs': should be a store of runs; there is no such folder"),
    ):
        code, out, err = isotherm("export", *words)
        assert (code, out) == (2, "")
        assert one_line(err).startswith(f"error: {line}")
