"""Finer and coarser grids against loops."""

import numpy as np
import polars as pl
import pytest
from tests.market.prices.price_files import MINUTE, START, bars, without

from isotherm.market.prices.resample import to_coarser, to_finer


def test_a_finer_grid_repeats_the_close_and_says_how_much_it_made() -> None:
    table = bars(10, step=5 * MINUTE)
    found, report = to_finer(table, 5)
    assert found["unix"].to_list() == [START + MINUTE * i for i in range(50)]
    assert found["close"].to_list() == np.repeat(table["close"], 5).tolist()
    assert found["high"][5:10].to_list() == [table["high"][1]] + [table["close"][1]] * 4
    assert found["open"][6] == table["close"][1]
    assert found["Volume USD"][:6].to_list() == [7.0, 0.0, 0.0, 0.0, 0.0, 7.0]
    assert found["tradecount"].sum() == table["tradecount"].sum()
    assert found["date"][7] == "2022-07-19 00:07:00"
    assert report == (10, 50, 40, 0)


def test_a_grid_that_is_as_fine_changes_nothing() -> None:
    found, report = to_finer(bars(10), 1)
    assert found.equals(bars(10))
    assert report.made == 0


def test_empty_columns_stay_empty() -> None:
    table = bars(4, step=5 * MINUTE).with_columns(
        pl.lit(None, dtype=pl.Float64).alias("open"), pl.lit(None, dtype=pl.Float64).alias("Volume USD")
    )
    for found in (to_finer(table, 5)[0], to_coarser(table, 10, 5)[0]):
        assert found["open"].null_count() == found["Volume USD"].null_count() == found.height


def test_coarser_bars_are_those_of_a_loop() -> None:
    table = bars(200, start=START - 20 * MINUTE).with_columns(pl.col("open") * 0.9995)
    found, report = to_coarser(table, 60)
    rows = [table[20 + 60 * i : 80 + 60 * i] for i in range(3)]
    assert found["unix"].to_list() == [part["unix"][-1] for part in rows]
    assert found["date"].to_list() == [part["date"][-1] for part in rows]
    assert found["open"].to_list() == [part["open"][0] for part in rows]
    assert found["high"].to_list() == [part["high"].max() for part in rows]
    assert found["low"].to_list() == [part["low"].min() for part in rows]
    assert found["close"].to_list() == [part["close"][-1] for part in rows]
    assert found["Volume USD"].to_list() == [420.0] * 3
    assert found["tradecount"].to_list() == [180] * 3
    assert found["symbol"][0] == "BTC/USD"
    assert report == (200, 3, 0, 20)
    first, _ = to_coarser(table, 60, label="first")
    assert first["unix"].to_list() == [part["unix"][0] for part in rows]
    assert first["date"][0] == "2022-07-19 00:00:00"
    assert first["close"].to_list() == found["close"].to_list()


def test_coarse_bars_can_be_made_of_coarse_rows() -> None:
    found, report = to_coarser(bars(48, step=30 * MINUTE), 1440, 30)
    assert (found.height, report.dropped) == (1, 0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: to_finer(without(bars(10), 4), 1),
            "lacks 2022-07-19 00:04:00 after row 3, .*; fill it first",
        ),
        (lambda: to_coarser(without(bars(10), 4), 5), "fill it first"),
        (lambda: to_finer(bars(4, step=5 * MINUTE), 5, 2), "finer_minutes = 2: should divide 5 min"),
        (
            lambda: to_coarser(bars(10), 7, 2),
            r"has 2022-07-19 00:01:00 in row 1, 60 s after|off the grid of 2 min",
        ),
        (
            lambda: to_coarser(bars(4, step=2 * MINUTE), 7, 2),
            "coarser_minutes = 7: should be a multiple of 2 min",
        ),
        (lambda: to_coarser(bars(10), 60), "holds no whole bar of 60 min"),
        (lambda: to_coarser(bars(10), 0), "coarser_minutes = 0"),
        (lambda: to_finer(bars(10), 1, 0), "finer_minutes = 0"),
    ],
)
def test_what_fits_no_grid_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_a_label_that_is_none_is_refused() -> None:
    with pytest.raises((ValueError, TypeError), match="label"):
        to_coarser(bars(10), 5, label="middle")  # pyright: ignore[reportArgumentType]
