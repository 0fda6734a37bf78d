"""Checks of whole files: every fault at once, notes of what is odd."""

from pathlib import Path

import polars as pl
import pytest
from tests.market.prices.price_files import MINUTE, bars, with_value, without, write

from isotherm.data.market_files import MARKET_FILES, market_file
from isotherm.market.prices.file_check import check_file, price_files
from isotherm.market.prices.price_file import TableFile
from isotherm.market.prices.shipped import shipped, shipped_names


def kinds(table: pl.DataFrame, tmp_path: Path, suffix: str = ".parquet") -> dict[str, int]:
    found = check_file(write(table, tmp_path / f"BTC_USD{suffix}"))
    return {fault.kind: fault.num_rows for fault in found.faults}


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_good_file_has_no_fault_and_no_note(suffix: str, tmp_path: Path) -> None:
    found = check_file(write(bars(), tmp_path / f"BTC_USD{suffix}"))
    assert found.is_good
    assert found.faults == found.notes == ()
    assert (found.rows, found.start, found.end) == (3000, "2022-07-19 00:00:00", "2022-07-21 01:59:00")
    assert found.to_json()["is_good"] is True


def test_all_faults_are_told_at_once_with_their_numbers(tmp_path: Path) -> None:
    table = with_value(with_value(bars(), "close", 7, None), "close", 8, -1.0)
    table = with_value(without(table, 50, 51, 99), "close", 20, 0.0)
    table = pl.concat([table, table[-1:]])
    assert kinds(table, tmp_path) == {"duplicate": 1, "gap": 3, "missing": 1, "price": 2}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda t: t.with_columns(pl.col("unix") // 1000), "seconds"),
        (lambda t: t.with_columns(pl.col("unix") - 7 * 3600_000), "zone"),
        (lambda t: t[::-1], "order"),
        (lambda t: with_value(t, "unix", 5, int(t["unix"][5]) + 7), "grid"),
        (lambda t: t[1:900], "midnight"),
        (lambda t: t.rename({"close": "last"}), "unreadable"),
        (lambda t: t.with_columns(pl.col("unix") * 10**6), "unreadable"),
    ],
)
def test_each_kind_of_fault_is_found(change, kind: str, tmp_path: Path) -> None:
    assert kind in kinds(change(bars()), tmp_path)


def test_one_date_of_another_zone_is_found_anywhere(tmp_path: Path) -> None:
    assert kinds(with_value(bars(), "date", 1234, "2022-07-19 22:34:00"), tmp_path) == {"zone": 1}
    moments = bars().with_columns(
        pl.from_epoch("unix", time_unit="ms").dt.replace_time_zone("UTC").alias("date")
    )
    assert kinds(moments, tmp_path) == {}
    local = moments.with_columns(pl.col("date").dt.convert_time_zone("Asia/Tokyo"))
    assert kinds(local, tmp_path) == {}  # the same moments
    assert kinds(bars().with_columns(pl.lit("soon").alias("date")), tmp_path) == {}
    days = bars(5, step=1440 * MINUTE).with_columns(pl.col("date").str.slice(0, 10))
    assert check_file(write(days, tmp_path / "D.csv"), 1440).is_good


def test_oddities_are_noted_not_refused(tmp_path: Path) -> None:
    table = with_value(
        with_value(bars(4000, start=int(bars()["unix"][0]) - 60_000), "high", 5, 1.0), "Volume USD", 9, -1.0
    )
    jump = table.with_columns(
        pl.when(pl.int_range(pl.len()) >= 100).then(pl.col("close") / 3).otherwise(pl.col("close"))
    )
    found = check_file(write(jump, tmp_path / "BTC_USD.parquet"))
    assert found.is_good
    assert len(found.notes) == 4
    said = "\n".join(found.notes)
    assert "1 rows come before the first midnight" in said
    assert "at 2022-07-19 01:39:00: a split?" in said
    assert "bars reach beyond their high or low, the first in row 5" in said
    assert "Volume USD is below 0 in row 9" in said


def test_wide_tables_are_checked_column_by_column(tmp_path: Path) -> None:
    wide = bars().select("unix", pl.col("close").alias("close_A"), pl.lit(-1.0).alias("close_B"))
    found = check_file(write(wide, tmp_path / "wide.csv"))
    assert [fault.words[:40] for fault in found.faults] == ["close_B: has close -1 in row 0, 2022-07-"]


def test_what_cannot_be_read_is_a_fault_too(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and nothing")
    found = check_file(tmp_path / "a.parquet")
    assert [fault.kind for fault in found.faults] == ["unreadable"]
    assert found.faults[0].words.startswith("cannot be read: ")
    assert (found.rows, found.sha256) == (0, "")
    with pytest.raises(ValueError, match="interval_minutes = 0"):
        check_file(tmp_path / "a.parquet", 0)


def test_files_of_a_folder_are_sorted(tmp_path: Path) -> None:
    for name in ("b.csv", "a.parquet", "c.txt"):
        (tmp_path / name).write_text("")
    assert [path.name for path in price_files(tmp_path)] == ["a.parquet", "b.csv"]
    assert price_files(tmp_path / "b.csv") == (tmp_path / "b.csv",)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"has no file called \*.parquet or \*.csv"):
        price_files(tmp_path / "empty")
    with pytest.raises(ValueError, match="No such file"):
        price_files(tmp_path / "gone")


def test_shipped_files_are_there_with_their_licence() -> None:
    licences = {"MIT", "BSD-3-Clause", "public domain"}
    for name, one in MARKET_FILES.items():
        assert shipped(name) == one.path
        assert one.licence in licences
        assert one.licence in shipped_names()[name]
        for path in price_files(one.path):
            file = TableFile(path)
            assert file.time == "unix"
        if one.path.is_dir():
            assert [f"{ticker}_USD.parquet" for ticker in one.tickers] == [
                p.name for p in price_files(one.path)
            ]
    assert (
        sum(path.stat().st_size for one in MARKET_FILES.values() for path in price_files(one.path))
        < 5_000_000
    )
    with pytest.raises(
        ValueError, match="name = 'crypto_5m': is no shipped file of markets; did you mean 'crypto_5m_2022'"
    ):
        market_file("crypto_5m")
    with pytest.raises(ValueError, match=r"name = 'zz': .*shipped are crypto_5m_2022, "):
        shipped("zz")


def test_shipped_crypto_keeps_its_contract() -> None:
    for path in price_files(shipped("crypto_5m_2022")):
        assert check_file(path, 5).is_good
    ether = check_file(shipped("eth_1m_2022_uniswap") / "ETH_USD.parquet")
    assert [(fault.kind, fault.num_rows) for fault in ether.faults] == [("gap", 10)]
    apple = check_file(shipped("us5_daily_2000_2013") / "AAPL_USD.parquet", 1440)
    assert "2000-06-21 00:00:00: a split?, and 2 more such" in apple.notes[0]


def test_shipped_files_are_the_ones_whose_digests_are_written_down() -> None:
    readme = (market_file("gas_1m_2023_08").path.parents[1] / "README.md").read_text("utf-8")
    for one in MARKET_FILES.values():
        assert all(TableFile(path).digest in readme for path in price_files(one.path))
