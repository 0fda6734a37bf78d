"""Loading: what is read, what is refused and in which words, what is reported."""

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.market.prices.price_files import DAY, MINUTE, START, bars, with_value, without, write

from isotherm.market.prices.fill import FillLimits
from isotherm.market.prices.load import load_prices
from isotherm.market.prices.shipped import shipped

ANY = FillLimits(1.0, 10**6)


@pytest.fixture(params=[".parquet", ".csv"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Two tickers, in either format."""
    for seed, ticker in enumerate(("ETH", "BTC")):
        write(bars(seed=seed), tmp_path / f"{ticker}_USD{request.param}")
    return tmp_path


def test_a_table_has_sorted_tickers_and_says_what_it_came_from(folder: Path) -> None:
    table = load_prices(["ETH", "BTC"], folder)
    assert table.tickers == ("BTC", "ETH")
    assert table.unix.dtype == np.int64
    np.testing.assert_array_equal(table.unix, START + MINUTE * np.arange(3000))
    np.testing.assert_array_equal(
        table.closes, np.stack([bars(seed=1)["close"], bars(seed=0)["close"]], axis=1)
    )
    assert table.closes.flags.c_contiguous
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert table.digests == digests
    assert table.report.notes == ()
    assert not table.closes.flags.writeable


def test_a_span_is_cut_to_the_minute(folder: Path) -> None:
    table = load_prices(("BTC",), folder, "2022-07-19 10:30:00", "2022-07-19 10:32:00")
    assert (table.start, table.end, table.closes.shape) == (
        "2022-07-19 10:30:00",
        "2022-07-19 10:32:00",
        (3, 1),
    )
    np.testing.assert_array_equal(table.closes[:, 0], bars(seed=1)["close"][630:633])


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: without(t, 1441), "lacks 2022-07-20 00:01:00 after row 1440, the first of 1 missing there"),
        (lambda t: without(t, 7, 8, 99), "lacks 2022-07-19 00:07:00 after row 6, the first of 2 missing there and 3"),
        (lambda t: pl.concat([t[:5], t[4:]]), "has 2022-07-19 00:04:00 twice, the second time in row 5"),
        (lambda t: pl.concat([t[:5], t[3:]]), "in row 5, to 2022-07-19 00:03:00 after 2022-07-19 00:04:00"),
        (lambda t: with_value(t, "unix", 6, START + 6 * MINUTE + 1), "has 2022-07-19 00:06:00 in row 6, 60.001 s"),
        (lambda t: with_value(t, "close", 9, np.nan), r"has no close \(empty or NaN\) in row 9, 2022-07-19"),
        (lambda t: with_value(t, "close", 9, None), r"has no close \(empty or NaN\) in row 9, 2022-07-19 00:09:00"),
        (lambda t: with_value(t, "close", 11, -1.0), "has close -1 in row 11, 2022-07-19 00:11:00; closes are"),
        (lambda t: with_value(t, "close", 0, 0.0), "has close 0 in row 0, 2022-07-19 00:00:00; closes are finite"),
        (lambda t: with_value(t, "close", 2999, float("inf")), "has close inf in row 2999, 2022-07-21 01:59:00"),
        (lambda t: t.rename({"close": "price"}), "has no column close; it has unix, date, symbol, open"),
        (lambda t: t.rename({"unix": "time"}), "has no column unix; it has time, date"),
        (lambda t: t[:0], "holds no rows"),
        (lambda t: with_value(t, "unix", 5, (START + 5 * MINUTE) // 1000), "row 5 after 1658189040000: seconds"),
        (lambda t: t.with_columns(pl.col("unix") * 1000), "is no time in milliseconds; micro- or nanoseconds?"),
        (
            lambda t: t.with_columns(pl.col("unix") + 2 * 3600_000),
            "column date says 2022-07-19 00:00:00 in row 0, unix 2022-07-19 02:00:00 UTC: -2 h apart",
        ),
        (lambda t: t[1:1000], "holds no midnight, 2022-07-19 00:01:00 .. 2022-07-19 16:39:00"),
        (lambda t: with_value(t, "unix", 3, None), "column unix is empty in row 3"),
    ],
)  # fmt: skip
def test_each_fault_is_one_line_with_file_and_place(change, words: str, suffix: str, tmp_path: Path) -> None:
    path = write(change(bars()), tmp_path / f"BTC_USD{suffix}")
    with pytest.raises(ValueError, match=words) as told:
        load_prices(("BTC",), tmp_path)
    assert str(told.value).startswith(f"prices = '{path}': ") or "..." in str(told.value)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 400


def test_text_that_is_no_number_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "BTC_USD.csv").write_text(f"unix,close\n{START},1.0\n{START + MINUTE},abc\n")
    with pytest.raises(ValueError, match="column close is 'abc' in line 3; it should be a number"):
        load_prices(("BTC",), tmp_path)
    (tmp_path / "BTC_USD.csv").write_text(f"unix,close\n{START},1.0\n{START + MINUTE},1.0,7\n")
    with pytest.raises(ValueError, match="cannot be read: found more fields"):
        load_prices(("BTC",), tmp_path)
    write(bars().with_columns(pl.lit("x").alias("close")), tmp_path / "ETH_USD.parquet")
    with pytest.raises(ValueError, match="column close holds String; it should be numbers"):
        load_prices(("ETH",), tmp_path)
    write(bars().with_columns(pl.lit("x").alias("unix")), tmp_path / "ETH_USD.parquet")
    with pytest.raises(ValueError, match="column unix holds String; it should be whole milliseconds"):
        load_prices(("ETH",), tmp_path)
    write(bars().with_columns(pl.col("unix") + 0.5), tmp_path / "ETH_USD.parquet")
    with pytest.raises(ValueError, match=r"column unix is 1658188800000\.5 in row 0: no whole number"):
        load_prices(("ETH",), tmp_path)


@pytest.mark.parametrize("cut", [1, 200, 4000])
def test_damaged_parquet_is_refused(cut: int, tmp_path: Path) -> None:
    path = write(bars(), tmp_path / "BTC_USD.parquet")
    content = path.read_bytes()
    path.write_bytes(content[:-cut])
    with pytest.raises(ValueError, match=r"BTC_USD.parquet': cannot be read"):
        load_prices(("BTC",), tmp_path)
    path.write_bytes(content[:4] + bytes(len(content) - 500) + content[-496:])
    with pytest.raises(ValueError, match=r"BTC_USD.parquet'"):
        load_prices(("BTC",), tmp_path)


def test_seconds_are_told_by_their_size_and_reported(tmp_path: Path) -> None:
    write(bars().with_columns(pl.col("unix") // 1000), tmp_path / "BTC_USD.parquet")
    table = load_prices(("BTC",), tmp_path)
    assert table.unix[0] == START
    assert table.unix[1] - table.unix[0] == MINUTE
    (note,) = table.report.notes
    assert note.endswith("BTC_USD.parquet: column unix holds seconds, read as such")


def test_early_milliseconds_a_minute_apart_are_milliseconds(tmp_path: Path) -> None:
    write(bars(start=0), tmp_path / "BTC_USD.parquet")
    table = load_prices(("BTC",), tmp_path)
    assert table.start == "1970-01-01 00:00:00"
    assert table.report.notes == ()


@pytest.mark.parametrize(
    "times",
    [
        lambda unix: unix.cast(pl.Datetime("ms")),
        lambda unix: unix.cast(pl.Datetime("ms")).cast(pl.Datetime("ns")),
        lambda unix: (
            unix.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Kolkata")
        ),
        lambda unix: unix.cast(pl.Float64),
        lambda unix: unix.cast(pl.UInt64),
    ],
)
def test_times_of_any_resolution_and_zone_are_the_same_moments(times, tmp_path: Path) -> None:
    write(bars().with_columns(times(pl.col("unix"))), tmp_path / "BTC_USD.parquet")
    assert load_prices(("BTC",), tmp_path).unix[0] == START


def test_an_unnamed_index_of_times_is_found(tmp_path: Path) -> None:
    write(bars().rename({"unix": "__index_level_0__"}), tmp_path / "BTC_USD.parquet")
    assert load_prices(("BTC",), tmp_path).unix[0] == START


def test_the_machines_time_zone_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D43: dates are UTC."""
    here = load_prices(("BTC",), folder, "2022-07-19 10:30:00", "2022-07-20 00:00:00")
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        there = load_prices(("BTC",), folder, "2022-07-19 10:30:00", "2022-07-20 00:00:00")
        np.testing.assert_array_equal(here.unix, there.unix)
        assert there.start == "2022-07-19 10:30:00"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (
            "2022-07-18 23:59:00",
            None,
            r"start = '2022-07-18 23:59:00': is no row of the prices in .*, which hold 2022",
        ),
        ("2022-07-19 00:00:30", None, "start = '2022-07-19 00:00:30': is no row"),
        (None, "2022-07-21 02:00:00", "end = '2022-07-21 02:00:00': is no row"),
        ("2022-07-22 00:00:00", None, "start = '2022-07-22 00:00:00': is no row"),
        (None, "2022-07-18 00:00:00", "end = '2022-07-18 00:00:00': is no row"),
        (
            "2022-07-20 00:00:00",
            "2022-07-19 00:00:00",
            "end = '2022-07-19 00:00:00': should not be before start",
        ),
        ("2022-7-20", None, "start = '2022-7-20': should be a date YYYY-MM-DD HH:MM:SS, in UTC"),
        ("2022-02-30 00:00:00", None, "start = '2022-02-30 00:00:00': should be a date"),
        ("2022-07-20 00:00:00+02:00", None, "should be a date YYYY-MM-DD HH:MM:SS, in UTC"),
    ],
)
def test_dates_outside_are_refused_never_clamped(
    start: str | None, end: str | None, words: str, folder: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        load_prices(("BTC",), folder, start, end)


def test_only_faults_inside_the_span_matter(tmp_path: Path) -> None:
    write(without(bars(), 100), tmp_path / "BTC_USD.parquet")
    assert len(load_prices(("BTC",), tmp_path, "2022-07-19 01:41:00").unix) == 2899
    assert len(load_prices(("BTC",), tmp_path, None, "2022-07-19 01:39:00").unix) == 100
    with pytest.raises(ValueError, match="lacks 2022-07-19 01:40:00 after row 99"):
        load_prices(("BTC",), tmp_path, "2022-07-19 01:39:00")


def test_gaps_of_joined_files_are_not_closed(tmp_path: Path) -> None:
    """D44: a row that one ticker lacks is a gap, not one row fewer."""
    write(bars(), tmp_path / "BTC_USD.parquet")
    write(without(bars(seed=1), 50), tmp_path / "ETH_USD.parquet")
    with pytest.raises(ValueError, match=r"ETH_USD.parquet': lacks 2022-07-19 00:50:00"):
        load_prices(("BTC", "ETH"), tmp_path)


def test_rows_before_the_first_common_midnight_are_dropped_and_reported(tmp_path: Path) -> None:
    write(bars(rows=4000, start=START - 100 * MINUTE), tmp_path / "BTC_USD.parquet")
    write(bars(rows=2000, start=START - 3 * MINUTE, seed=1), tmp_path / "ETH_USD.parquet")
    table = load_prices(("BTC", "ETH"), tmp_path)
    assert (table.start, len(table.unix)) == ("2022-07-19 00:00:00", 1997)
    assert table.report.dropped == {"BTC": 4000 - 1997, "ETH": 3}
    assert "BTC: 2003 rows left out, outside the common span" in table.report.notes
    np.testing.assert_array_equal(table.closes[0], [bars(4000)["close"][100], bars(2000, seed=1)["close"][3]])
    late = load_prices(("BTC",), tmp_path, "2022-07-18 23:00:00")
    assert late.start == "2022-07-18 23:00:00"


def test_tickers_that_share_no_row_or_grid_are_refused(tmp_path: Path) -> None:
    write(bars(), tmp_path / "A_USD.parquet")
    write(bars(start=START + 100 * DAY), tmp_path / "B_USD.parquet")
    with pytest.raises(
        ValueError, match=r"tickers = \('A', 'B'\): share no row: A 2022-07-19 00:00:00 .. 2022-07-21"
    ):
        load_prices(("A", "B"), tmp_path)
    write(bars(step=7 * MINUTE), tmp_path / "C_USD.parquet")
    write(bars(step=7 * MINUTE, start=START + 3 * DAY), tmp_path / "D_USD.parquet")
    with pytest.raises(ValueError, match="lie on different grids"):
        load_prices(("C", "D"), tmp_path, interval_minutes=7)


def test_a_split_is_suspected_not_refused(tmp_path: Path) -> None:
    table = bars()
    factor = np.where(np.arange(3000) < 500, 1.0, 0.5)
    write(table.with_columns(pl.col("close") * factor), tmp_path / "BTC_USD.parquet")
    (note,) = load_prices(("BTC",), tmp_path).report.notes
    assert "close changes by a factor of 0.5" in note
    assert "at 2022-07-19 08:20:00: a split?" in note


def test_other_grids_are_loaded_and_made_minutes_on_request(tmp_path: Path) -> None:
    write(bars(rows=600, step=5 * MINUTE), tmp_path / "BTC_USD.parquet")
    with pytest.raises(ValueError, match=r"lacks 2022-07-19 00:01:00 after row 0, .* give its interval"):
        load_prices(("BTC",), tmp_path)
    coarse = load_prices(("BTC",), tmp_path, interval_minutes=5)
    fine = load_prices(("BTC",), tmp_path, interval_minutes=5, resample=True)
    assert (coarse.interval_minutes, fine.interval_minutes) == (5, 1)
    np.testing.assert_array_equal(fine.closes[:, 0], np.repeat(coarse.closes[:, 0], 5))
    np.testing.assert_array_equal(fine.unix, START + MINUTE * np.arange(3000))
    assert fine.report.made == 2400
    assert "2400 of 3000 minutes made by repeating rows of 5 min" in fine.report.notes
    assert fine.digests == coarse.digests


def test_gaps_are_filled_on_request_within_limits(tmp_path: Path) -> None:
    write(with_value(without(bars(), *range(100, 130)), "close", 10, None), tmp_path / "BTC_USD.parquet")
    table = load_prices(("BTC",), tmp_path, fill=FillLimits())
    close = bars()["close"]
    assert len(table.unix) == 3000
    assert (table.closes[100:130, 0] == close[99]).all()
    assert table.closes[10, 0] == close[9]
    report = table.report.fills["BTC"]
    assert (report.filled, report.longest_run, report.longest_from) == (31, 30, "2022-07-19 01:40:00")
    with pytest.raises(
        ValueError, match="would have 30 min made up from 2022-07-19 01:40:00 on; allowed are 29 min"
    ):
        load_prices(("BTC",), tmp_path, fill=FillLimits(1.0, 29))
    with pytest.raises(ValueError, match=r"31 of 3000 rows made up, 1.03%; allowed are 0.01 \(most_share\)"):
        load_prices(("BTC",), tmp_path, fill=FillLimits(0.01, 1440))


def test_filling_carries_the_close_before_the_span_and_mends_order(tmp_path: Path) -> None:
    shuffled = without(bars(), 100, 101)[::-1]
    write(pl.concat([shuffled, shuffled[:1]]).drop("date"), tmp_path / "BTC_USD.parquet")
    table = load_prices(("BTC",), tmp_path, "2022-07-19 01:41:00", "2022-07-19 01:42:00", fill=ANY)
    np.testing.assert_array_equal(table.closes[:, 0], [bars()["close"][99], bars()["close"][102]])
    with pytest.raises(ValueError, match="end = '2023-01-01 00:00:00': is no row"):
        load_prices(("BTC",), tmp_path, None, "2023-01-01 00:00:00", fill=ANY)
    with pytest.raises(ValueError, match="start = '2022-01-01 00:00:00': is no row"):
        load_prices(("BTC",), tmp_path, "2022-01-01 00:00:00", fill=ANY)
    with pytest.raises(ValueError, match="holds nothing up to 2022-01-01"):
        load_prices(("BTC",), tmp_path, None, "2022-01-01 00:00:00", fill=ANY)


def test_filling_makes_no_price_of_a_bad_one(tmp_path: Path) -> None:
    write(with_value(bars(), "close", 5, -1.0), tmp_path / "BTC_USD.parquet")
    with pytest.raises(ValueError, match="has close -1 in row 5"):
        load_prices(("BTC",), tmp_path, fill=ANY)


@pytest.mark.parametrize("names", [("close_BTC", "close_ETH"), ("BTC", "ETH")])
def test_a_wide_table_holds_several_tickers(names: tuple[str, str], tmp_path: Path) -> None:
    wide = bars().select("unix", pl.col("close").alias(names[0]), (2 * pl.col("close")).alias(names[1]))
    path = write(wide, tmp_path / "prices.csv")
    table = load_prices(["ETH", "BTC"], path)
    np.testing.assert_allclose(table.closes[:, 1], 2 * table.closes[:, 0])
    assert list(table.digests) == ["prices.csv"]
    with pytest.raises(ValueError, match="has no column close_SOL or SOL; it has unix, "):
        load_prices(["SOL"], path)


def test_files_are_asked_for_by_name(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"has no file SOL_USD.parquet or SOL_USD.csv"):
        load_prices(["SOL"], folder)
    with pytest.raises(ValueError, match=r"has no file BTC_EUR.parquet"):
        load_prices(["BTC"], folder, quote="EUR")
    for suffix in (".parquet", ".csv"):
        write(bars(), folder / f"BTC_USD{suffix}")
    with pytest.raises(ValueError, match=r"has both BTC_USD.parquet and BTC_USD.csv; keep one"):
        load_prices(["BTC"], folder)
    os.mkfifo(folder / "PIPE_USD.parquet")
    with pytest.raises(ValueError, match="is a pipe; give a plain file"):
        load_prices(["PIPE"], folder)
    with pytest.raises(ValueError, match="cannot be read: No such file or directory"):
        load_prices(["BTC"], folder / "none.csv")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tickers": ()}, "tickers = .*: should be one name at least"),
        ({"tickers": ("BTC", "BTC")}, "tickers = .*: holds BTC twice"),
        ({"tickers": ("../BTC",)}, "tickers = '../BTC': should be letters"),
        ({"quote": "/"}, "quote = '/': should be the name of a currency"),
        ({"interval_minutes": 0}, "interval_minutes = 0"),
        ({"fill": FillLimits(1.5)}, "most_share = 1.5"),
        ({"fill": FillLimits(0.5, -1)}, "longest_run = -1"),
        ({"root": "prices.txt"}, r"should be a file called \*.parquet or \*.csv"),
    ],
)
def test_bad_requests_are_refused(change: dict, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=words):
        load_prices(**{"tickers": ("BTC",), "root": tmp_path} | change)


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isotherm.market.prices.price_file import TableFile

    path = write(bars(), tmp_path / "BTC_USD.parquet")
    read = TableFile.times

    def and_then_write(self: TableFile) -> pl.Series:
        found = read(self)
        write(bars(seed=5), path)
        return found

    monkeypatch.setattr(TableFile, "times", and_then_write)
    with pytest.raises(ValueError, match="has changed while it was read; read it again"):
        load_prices(("BTC",), tmp_path)


def test_shipped_prices_load() -> None:
    table = load_prices(["SOL", "BTC", "ETH"], shipped("crypto_5m_2022"), interval_minutes=5, resample=True)
    assert table.closes.shape == (24767 * 5, 3)
    assert table.report.dropped == {"BTC": 232, "ETH": 232, "SOL": 232}
    minutes = load_prices(["ETH"], shipped("eth_1m_2022_uniswap"), fill=FillLimits())
    assert minutes.report.fills["ETH"].filled == 10
    assert minutes.end == "2022-08-23 00:00:00"
    stocks = load_prices(["SP500", "AAPL"], shipped("us20_daily_1990_2022"), interval_minutes=1440, fill=ANY)
    assert stocks.tickers == ("AAPL", "SP500")


def test_a_date_of_another_zone_in_the_last_row_is_refused(tmp_path: Path) -> None:
    write(with_value(bars(), "date", 2999, "2022-07-21 03:59:00"), tmp_path / "BTC_USD.parquet")
    with pytest.raises(
        ValueError, match="column date says 2022-07-21 03:59:00 in row 2999, unix 2022-07-21 01:59"
    ):
        load_prices(("BTC",), tmp_path)


def test_the_currency_of_prices_is_cash_and_needs_no_file(folder: Path) -> None:
    table = load_prices(["USD", "ETH", "BTC"], folder)
    priced = load_prices(["ETH", "BTC"], folder)
    assert table.tickers == ("BTC", "ETH", "USD")
    np.testing.assert_array_equal(table.closes[:, :2], priced.closes)
    assert (table.closes[:, 2] == 1).all()
    assert (table.digests, table.report) == (priced.digests, priced.report)
    for ticker in ("BTC", "ETH"):
        (file,) = folder.glob(f"{ticker}_USD.*")
        file.rename(file.with_name(file.name.replace("USD", "DAI")))
    other = load_prices(["ETH", "DAI"], folder, quote="DAI")
    np.testing.assert_array_equal(other.closes[:, 0], 1)
    np.testing.assert_array_equal(other.closes[:, 1], priced.closes[:, 1])
    with pytest.raises(ValueError, match=r"tickers = \('USD',\): should hold one beside USD"):
        load_prices(["USD"], folder)
