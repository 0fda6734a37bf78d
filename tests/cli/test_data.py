"""The verb data: what it prints, writes and refuses, and its exit codes."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.market.prices.price_files import MINUTE, bars, with_value, without, write

HOUR = "2022-07-19 00:50:00"


def test_check_says_good_and_exits_with_0(isotherm, tmp_path: Path) -> None:
    write(bars(), tmp_path / "p" / "BTC_USD.parquet")
    write(bars(seed=1), tmp_path / "p" / "ETH_USD.csv")
    code, printed, said = isotherm("data", "check", "p")
    assert (code, said) == (0, "")
    assert printed.count("good") == 2
    code, printed, said = isotherm("data", "check", "p/BTC_USD.parquet", "p/ETH_USD.csv", "--json")
    found = json.loads(printed)
    assert (code, said, found["is_good"]) == (0, "", True)
    assert [one["path"] for one in found["files"]] == ["p/BTC_USD.parquet", "p/ETH_USD.csv"]
    assert len(found["files"][0]["sha256"]) == 64


def test_check_exits_with_2_and_one_line_for_bad_files_after_a_report_of_all(
    isotherm, tmp_path: Path
) -> None:
    write(without(with_value(bars(), "close", 9, -1.0), 50), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    code, printed, said = isotherm("data", "check", ".")
    assert code == 2
    assert (
        said
        == f"error: prices = 'a.parquet': lacks {HOUR} after row 49, the first of 1 missing there and 1 in all\n"
    )
    assert "bad: gap, price" in printed
    assert (
        "a.parquet: price: has close -1 in row 9, 2022-07-19 00:09:00; closes are finite and above 0"
        in printed
    )
    assert "b.parquet: unreadable: cannot be read" in printed
    code, printed, said = isotherm("data", "check", ".", "--json")
    found = json.loads(printed)
    assert (code, found["is_good"]) == (2, False)
    assert [fault["kind"] for fault in found["files"][0]["faults"]] == ["gap", "price"]
    assert len(said.splitlines()) == 1


def test_check_knows_other_grids(isotherm, tmp_path: Path) -> None:
    write(bars(600, step=5 * MINUTE), tmp_path / "a.csv")
    assert isotherm("data", "check", "a.csv")[0] == 2
    assert isotherm("data", "check", "a.csv", "--interval", "5m")[0] == 0


def test_fill_writes_a_good_file_and_reports(isotherm, tmp_path: Path) -> None:
    write(without(bars(), *range(50, 60)), tmp_path / "a.parquet")
    code, printed, said = isotherm("data", "fill", "a.parquet", "--out", "new/b.csv")
    assert (code, said) == (0, "")
    assert "10 min from 2022-07-19 00:50:00" in printed
    assert "0.333%" in printed
    assert isotherm("data", "check", "new/b.csv")[0] == 0
    assert pl.read_csv(tmp_path / "new" / "b.csv")["close"][55] == pytest.approx(bars()["close"][49])


def test_fill_merges_sources_by_priority_and_prints_json(isotherm, tmp_path: Path) -> None:
    write(without(bars(), 50), tmp_path / "a.csv")
    write(bars(seed=1), tmp_path / "b.parquet")
    code, printed, _ = isotherm("data", "fill", "a.csv", "b.parquet", "--out", "c.parquet", "--json")
    (found,) = json.loads(printed)["files"]
    assert code == 0
    assert found["fill"]["filled"] == 0
    assert list(found["sources"]) == ["a.csv", "b.parquet"]
    merged = pl.read_parquet(tmp_path / "c.parquet")
    assert merged["close"][50] == bars(seed=1)["close"][50]
    assert merged["close"][49] == pytest.approx(bars()["close"][49])
    assert merged["tradecount"].dtype == pl.Int64 or merged["tradecount"].dtype == pl.Float64


def test_fill_refuses_too_much_unless_allowed_and_leaves_nothing(isotherm, tmp_path: Path) -> None:
    write(without(bars(), *range(50, 250)), tmp_path / "a.parquet")
    code, printed, said = isotherm("data", "fill", "a.parquet", "--out", "b.parquet")
    assert (code, printed) == (2, "")
    assert said.startswith(
        "error: prices = 'a.parquet': would have 200 of 3000 rows made up, 6.67%; allowed are 0.05"
    )
    code, _, said = isotherm(
        "data", "fill", "a.parquet", "--out=b.parquet", "--most-share=0.1", "--longest-run=1h"
    )
    assert code == 2
    assert "would have 3.333 h made up from 2022-07-19 00:50:00 on; allowed are 60 min" in said
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
    assert isotherm("data", "fill", "a.parquet", "--out=b.parquet", "--most-share=0.1")[0] == 0


def test_nothing_is_overwritten_without_force(isotherm, tmp_path: Path) -> None:
    path = write(without(bars(), 50), tmp_path / "a.parquet")
    before = path.read_bytes()
    code, _, said = isotherm("data", "fill", "a.parquet", "--out", "a.parquet")
    assert (code, said) == (2, "error: out = 'a.parquet': is there; --force overwrites it\n")
    assert path.read_bytes() == before
    assert isotherm("data", "fill", "a.parquet", "--out", "a.parquet", "--force")[0] == 0
    assert isotherm("data", "check", "a.parquet")[0] == 0


def test_a_folder_is_filled_file_by_file_or_refused_before_any_is_written(isotherm, tmp_path: Path) -> None:
    for name in ("a.parquet", "b.csv"):
        write(without(bars(), 50), tmp_path / "in" / name)
    assert isotherm("data", "fill", "in", "--out", "out")[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.parquet", "b.csv"]
    (tmp_path / "out" / "a.parquet").unlink()
    code, _, said = isotherm("data", "fill", "in", "--out", "out")
    assert (code, said) == (2, "error: out = 'out/b.csv': is there; --force overwrites it\n")
    assert not (tmp_path / "out" / "a.parquet").exists()


@pytest.mark.parametrize("words", [["fill"], ["resample", "--to", "5m"]], ids=" ".join)
def test_times_between_minutes_are_not_written_on(isotherm, tmp_path: Path, words: list) -> None:
    write(bars().with_columns(pl.col("unix") + 1), tmp_path / "a.parquet")
    code, _, said = isotherm("data", *words, "a.parquet", "--out", "b.parquet")
    assert code == 2
    assert "ms in row 0, off the whole minutes of UTC" in said
    assert not (tmp_path / "b.parquet").exists()


@pytest.mark.parametrize("words", [["fill"], ["resample", "--to", "5m"]], ids=" ".join)
def test_a_bad_file_of_a_folder_leaves_none_of_them_written(isotherm, tmp_path: Path, words: list) -> None:
    write(bars(), tmp_path / "in" / "a.parquet")
    write(bars().with_columns(close=-pl.col("close")), tmp_path / "in" / "b.parquet")
    code, printed, said = isotherm("data", *words, "in", "--out", "out")
    assert (code, printed, said.count("\n")) == (2, "", 1)
    assert "in/b.parquet" in said
    assert not (tmp_path / "out").exists()


def test_resample_makes_minutes_and_says_how_many(isotherm, tmp_path: Path) -> None:
    write(bars(600, step=5 * MINUTE), tmp_path / "a.parquet")
    code, printed, _ = isotherm("data", "resample", "a.parquet", "--to", "1m", "--out", "b.parquet", "--json")
    (found,) = json.loads(printed)["files"]
    assert code == 0
    assert found["resample"] == {"rows_before": 600, "rows": 3000, "made": 2400, "dropped": 0}
    assert isotherm("data", "check", "b.parquet")[0] == 0
    code, printed, _ = isotherm(
        "data", "resample", "b.parquet", "--to", "1h", "--out", "c.csv", "--label=first"
    )
    assert code == 0
    hours = pl.read_csv(tmp_path / "c.csv")
    assert hours["date"][1] == "2022-07-19 01:00:00"
    assert hours["Volume USD"][1] == 12 * 7.0
    assert "50" in printed


def test_seconds_are_written_as_milliseconds_with_a_warning(isotherm, tmp_path: Path) -> None:
    write(bars().with_columns(pl.col("unix") // 1000), tmp_path / "a.csv")
    code, _, said = isotherm("data", "check", "a.csv")
    assert code == 2
    assert "column unix holds seconds, 1658188800 in row 0; milliseconds are wanted" in said
    code, _, said = isotherm("data", "fill", "a.csv", "--out", "b.csv")
    assert code == 0
    assert said == "warning: a.csv: column unix holds seconds; milliseconds are written\n"
    assert isotherm("data", "check", "b.csv")[0] == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["data", "chek", "a.csv"], "No such command 'chek'."),
        (["data", "check", "gone.csv"], "prices = 'gone.csv': cannot be read: No such file or directory"),
        (
            ["data", "check", "a.csv", "--interval", "1s"],
            "interval = '1s': should be a whole number and m, h, d or w",
        ),
        (["data", "fill", "a.csv"], "Missing option '--out', as in: isotherm data fill FILE ... --out FILE"),
        (
            ["data", "fill", "a.csv", "--out", "b.txt"],
            "out = 'b.txt': should be a file called *.parquet or *.csv",
        ),
        (
            ["data", "fill", "a.csv", "--out=b.csv", "--most-share=2"],
            "most_share = 2.0: should be a finite number",
        ),
        (["data", "fill", "a.csv", "--out=b.csv", "--most-share=x"], "most_share = 'x'"),
        (["data", "fill", ".", "--out=b.csv"], "out = 'b.csv': should be a folder, as the input is one"),
        (
            ["data", "fill", "a.csv", ".", "--out=b.csv"],
            "files = '.': should be a file; a folder stands",
        ),
        (
            ["data", "resample", "a.csv", "--out=b.csv"],
            "Missing option '--to', as in: isotherm data resample FILE ... --to 1h --out FILE",
        ),
        (
            ["data", "resample", "a.csv", "a.csv", "--to=1h", "--out=b.csv"],
            "files = ['a.csv', 'a.csv']:",
        ),
        (
            ["data", "resample", "a.csv", "--to=1h", "--out=b.csv", "--label=x"],
            "label = 'x': should be one of last",
        ),
        (
            ["data", "resample", "a.csv", "--to=1h", "--out=b.csv"],
            "prices = 'a.csv': lacks 2022-07-19 00:50:00",
        ),
        (
            ["data", "resample", "c.csv", "--to=1h", "--out=b.csv"],
            "prices = 'c.csv': tells no grid of whole min",
        ),
        (["data", "resample", "d.csv", "--to=1h", "--out=b.csv"], "prices = 'd.csv': has close -1 in row 3"),
        (["data", "fill", "d.csv", "--out=b.csv"], "prices = 'd.csv': has close -1 in row 3"),
    ],
)
def test_bad_words_are_one_line_and_write_nothing(
    words: list[str], line: str, isotherm, tmp_path: Path
) -> None:
    write(without(bars(200), 50), tmp_path / "a.csv")
    write(bars(1), tmp_path / "c.csv")
    write(with_value(bars(200), "close", 3, -1.0), tmp_path / "d.csv")
    code, printed, said = isotherm(*words)
    assert (code, printed) == (2, "")
    (told,) = said.splitlines()
    assert told.startswith(f"error: {line}")
    assert not (tmp_path / "b.csv").exists()
    assert len(list(tmp_path.iterdir())) == 3


def test_help_tells_the_verbs(isotherm) -> None:
    code, printed, _ = isotherm("data", "--help")
    assert code == 0
    assert all(verb in printed for verb in ("check", "fill", "resample"))
    assert isotherm("data", "fill", "--help")[0] == 0
