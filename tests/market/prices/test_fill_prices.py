"""Filling: what each column gets, merged sources, the midnight, the report, the limits."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.prices.price_files import DAY, MINUTE, START, bars, with_value, without

from isotherm.market.prices.fill import FillLimits, fill


def test_made_up_bars_stand_still_without_volume() -> None:
    table = without(bars(2000), 5, 6, 7)
    found, report = fill([table])
    assert found.columns == table.columns
    assert found["unix"].to_list() == bars(2000)["unix"].to_list()
    before = bars(2000)["close"][4]
    for name in ("open", "high", "low", "close"):
        assert found[name][5:8].to_list() == [before] * 3
    assert found["Volume USD"][5:8].to_list() == [0.0] * 3
    assert found["tradecount"][5:8].to_list() == [0] * 3
    assert found["symbol"][6] == "BTC/USD"
    assert found["date"][6] == "2022-07-19 00:06:00"
    assert without(found, 5, 6, 7).equals(table)
    assert report == (2000, 3, 3 / 2000, 3, "2022-07-19 00:05:00", 0, False)


def test_a_bar_that_lacks_prices_takes_them_from_the_close_before() -> None:
    table = bars(100)
    for name in ("open", "high", "low", "Volume USD"):
        table = with_value(table, name, 9, None)
    found, report = fill([table])
    assert [found[name][9] for name in ("open", "high", "low")] == [table["close"][8]] * 3
    assert found["close"][9] == table["close"][9]
    assert found["Volume USD"][9] == 0.0
    assert report.filled == 0
    first = fill([with_value(bars(100), "open", 0, None)])[0]
    assert first["open"][0] == first["close"][0]


def test_columns_that_hold_nothing_stay_empty() -> None:
    table = without(bars(50), 7).with_columns(pl.lit(None, dtype=pl.Float64).alias("open"))
    found, _ = fill([table])
    assert found["open"].null_count() == 50


def test_other_columns_are_carried_on() -> None:
    table = without(bars(50), 7).with_columns((pl.col("close") / 2).alias("adj_close"))
    assert fill([table])[0]["adj_close"][7] == table["adj_close"][6]


def test_the_first_source_that_has_a_value_wins() -> None:
    first = with_value(without(bars(100), *range(10, 20)), "close", 50, float("nan"))
    second = without(bars(120, seed=1), 15)
    found, report = fill([first, second])
    own, other = bars(100)["close"], bars(120, seed=1)["close"]
    expected = [own[i] if i < 10 or 20 <= i < 100 else other[i] for i in range(120)]
    expected[15] = other[14]
    expected[60] = other[60]  # row 50 of a table without ten rows
    assert found["close"].to_list() == expected
    assert (report.rows, report.filled) == (120, 1)
    swapped = fill([second, first])[0]["close"]
    assert swapped[:10].to_list() == other[:10].to_list()


def test_sources_may_have_other_columns_and_begin_earlier() -> None:
    early = bars(30, start=START - 30 * MINUTE).select("unix", "close")
    found, report = fill([bars(10), early])
    assert found["unix"][0] == START - 30 * MINUTE
    assert found["symbol"][0] is None
    assert report.rows == 40


def test_repeated_times_keep_the_first_and_are_counted() -> None:
    table = bars(50)
    again = table[10:12].with_columns(pl.col("close") * 2)
    found, report = fill([pl.concat([table, again])])
    assert found.equals(table)
    assert report.repeated == 2


def test_rows_before_the_first_close_are_left_out() -> None:
    table = with_value(with_value(bars(50), "close", 0, None), "close", 1, float("nan"))
    found, _ = fill([table])
    assert found["unix"][0] == START + 2 * MINUTE


@pytest.mark.parametrize(("rows", "is_added"), [(1440, True), (1439, False), (1441, False), (2880, True)])
def test_a_midnight_is_added_after_a_whole_day(rows: int, is_added: bool) -> None:
    found, report = fill([bars(rows)])
    assert report.is_midnight_added == is_added
    assert found.height == rows + is_added
    assert report.filled == 0
    if is_added:
        assert found["unix"][-1] % DAY == 0
        assert found["close"][-1] == found["close"][-2]
        assert found["Volume USD"][-1] == 0.0


def test_days_get_no_midnight_of_their_own() -> None:
    found, report = fill([bars(5, step=DAY)], interval_minutes=1440)
    assert (found.height, report.is_midnight_added) == (5, False)
    assert fill([bars(24, step=60 * MINUTE)], 60)[1].is_midnight_added


def test_the_longest_run_is_reported_not_the_first_and_limits_are_inclusive() -> None:
    table = without(bars(1000), 5, *range(100, 120), *range(300, 310))
    report = fill([table], limits=None)[1]
    assert (report.filled, report.longest_run, report.longest_from) == (31, 20, "2022-07-19 01:40:00")
    assert fill([table], limits=FillLimits(0.031, 20))[1] == report
    with pytest.raises(
        ValueError, match=r"BTC: .*|prices = 'BTC': would have 31 of 1000 rows made up, 3.10%"
    ):
        fill([table], limits=FillLimits(0.0309, 20), name="BTC")
    with pytest.raises(
        ValueError, match="would have 20 min made up from 2022-07-19 01:40:00 on; allowed are 19 min"
    ):
        fill([table], limits=FillLimits(0.5, 19))


def test_the_default_limits_are_a_twentieth_and_a_day() -> None:
    days = bars(60 * 1440)
    assert fill([without(days, *range(1500, 1500 + 1440))])[1].longest_run == 1440
    with pytest.raises(ValueError, match=r"would have 24.02 h made up .* allowed are 24 h"):
        fill([without(days, *range(1500, 1501 + 1440))])
    with pytest.raises(ValueError, match=r"5\.10%; allowed are 0\.05"):
        fill([without(bars(1000), *range(1, 103, 2))])


def test_runs_are_told_in_minutes_on_any_grid() -> None:
    report = fill([without(bars(50, step=5 * MINUTE), 7, 8)], 5, limits=None)[1]
    assert (report.filled, report.longest_run) == (2, 10)


def test_what_cannot_be_filled_is_refused() -> None:
    with pytest.raises(
        ValueError, match="has 2022-07-19 00:01:30, off the grid of 1 min that begins 2022-07-19"
    ):
        fill([with_value(bars(5), "unix", 2, START + 90_000)])
    with pytest.raises(ValueError, match="prices = 'BTC': holds no close"):
        fill([bars(3).with_columns(pl.lit(None, dtype=pl.Float64).alias("close"))], name="BTC")
    with pytest.raises(ValueError, match="has no column close; it has unix"):
        fill([bars(3).select("unix")])
    with pytest.raises(ValueError, match=r"sources = .*: must be one table at least"):
        fill([])
    with pytest.raises(ValueError, match="interval_minutes = 0"):
        fill([bars(3)], 0)


@given(st.lists(st.integers(1, 98), max_size=60, unique=True))
def test_filling_is_what_a_loop_does(rows: list[int]) -> None:
    found, report = fill([without(bars(100), *rows)], limits=None)
    closes, last = [], 0.0
    for i, close in enumerate(bars(100)["close"]):
        last = last if i in rows else close
        closes.append(last)
    assert found["close"].to_list() == closes
    runs = "".join("x" if i in rows else " " for i in range(100)).split()
    assert report.filled == len(rows)
    assert report.longest_run == max(map(len, runs), default=0)


def test_strings_of_dates_need_no_gap() -> None:
    assert fill([bars(10).drop("date")])[0].height == 10
    moments = without(bars(10), 4).with_columns(pl.from_epoch("unix", time_unit="ms").alias("date"))
    assert str(fill([moments], limits=None)[0]["date"][4]) == "2022-07-19 00:04:00"
    assert np.isfinite(fill([moments], limits=None)[0]["close"].to_numpy()).all()
