"""Which rows a bout runs on, and how far back it may look."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.prices.align import align
from isotherm.market.prices.clock import date_of
from isotherm.market.prices.table import PriceTable

MINUTE, DAY = 60_000, 86_400_000


def minutes(rows: int, start: int = 0, step: int = MINUTE) -> PriceTable:
    """Closes that count the rows."""
    unix = start + step * np.arange(rows, dtype=np.int64)
    return PriceTable(unix, ("A",), np.arange(1.0, rows + 1)[:, None])


def at(day: float) -> str:
    return date_of(int(day * DAY))


def test_whole_days_of_memory_come_before_and_a_day_after() -> None:
    found = align(minutes(20 * 1440), at(10), at(12), max_memory_days=3.5)
    assert found.table.start == at(6)
    assert found.start_idx == 4 * 1440
    assert (found.end_idx, found.bout_length) == (6 * 1440 + 1, 2 * 1440 + 1)
    assert len(found.table.unix) == found.end_idx + 1440
    assert (found.memory_days, found.note) == (3.5, "")
    assert found.table.closes[found.start_idx, 0] == 10 * 1440 + 1
    assert found.test_end_idx == found.end_idx


def test_row_zero_is_at_the_starts_time_of_day() -> None:
    found = align(minutes(20 * 1440), at(10.25), at(12), max_memory_days=30)
    assert found.table.start == at(0.25)
    assert found.start_idx == 10 * 1440
    assert found.memory_days == 9.0
    assert found.note == f"memory of 30 d shortened to 9 d: 10 whole days come before {at(10.25)}"


def test_a_test_period_is_kept_whole() -> None:
    found = align(minutes(20 * 1440), at(10), at(12), 2, test_end=at(15))
    assert found.test_end_idx == found.start_idx + 5 * 1440 + 1
    assert len(found.table.unix) == found.test_end_idx + 1440
    assert align(minutes(20 * 1440), at(10), at(12), 2, test_end=at(12))[1:5] == (*found[1:4], found.end_idx)


def test_the_day_after_is_kept_as_far_as_it_is_there() -> None:
    found = align(minutes(12 * 1440 + 1), at(10), at(12), 2)
    assert found.end_idx == len(found.table.unix)
    assert len(align(minutes(12 * 1440 + 8), at(10), at(12), 2).table.unix) == found.end_idx + 7


def test_exactly_enough_memory_is_not_shortened_and_a_day_less_is_by_two() -> None:
    assert align(minutes(20 * 1440), at(10), at(12), 10)[5:] == (10.0, "")
    assert align(minutes(20 * 1440), at(10), at(12), 11).memory_days == 9.0
    assert align(minutes(20 * 1440), at(1), at(12), 1)[5:] == (1.0, "")


@pytest.mark.parametrize(
    ("table", "dates", "words"),
    [
        (
            minutes(20 * 1440),
            (at(1), at(3), 2),
            "start = .*: needs two whole days of prices .* there are 1",
        ),
        (minutes(20 * 1440), (at(0), at(3), 0.5), "start = .*there are 0"),
        (minutes(20 * 1440), (at(5), at(20)), "end = '1970-01-21 00:00:00': is no row of the prices"),
        (minutes(20 * 1440), (at(-1), at(5)), "start = '1969-12-31 00:00:00': is no row of the prices"),
        (minutes(20 * 1440), (at(5), at(5)), "end = .*: should be after start"),
        (minutes(20 * 1440), (at(5), at(7), 2, at(6)), "test_end = .*: should not be before end"),
        (minutes(20 * 1440), (at(5), at(7), 2, at(30)), "test_end = '1970-01-31 00:00:00': is no row"),
        (minutes(20 * 1440), (at(5), at(7), 0), "max_memory_days = 0"),
        (
            minutes(99, step=5 * MINUTE),
            (at(0), at(0.25)),
            "table = '5 min between rows': should hold minutes",
        ),
    ],
)
def test_nothing_is_clamped(table: PriceTable, dates: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        align(table, *dates)


@given(st.integers(3 * 1440, 9 * 1440), st.integers(1, 1440), st.floats(0.1, 12.0))
def test_the_bout_holds_the_prices_of_its_dates(first: int, length: int, memory: float) -> None:
    table = minutes(14 * 1440)
    found = align(table, date_of(first * MINUTE), date_of((first + length) * MINUTE), memory)
    bout = found.table.closes[found.start_idx : found.end_idx, 0]
    np.testing.assert_array_equal(bout, table.closes[first : first + length + 1, 0])
    assert found.start_idx % 1440 == 0
    assert found.bout_length == len(bout)
    assert found.memory_days <= memory
    assert found.start_idx >= 1440 * min(np.ceil(memory), first // 1440)
