"""Tables and times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.prices.clock import date_of, interval_of, span_in_words, unix_ms
from isotherm.market.prices.faults import first_midnight, jumps, time_faults
from isotherm.market.prices.table import PriceTable

MINUTES = 60_000 * np.arange(10, dtype=np.int64)


def table(unix: np.ndarray = MINUTES, tickers: tuple[str, ...] = ("A", "B")) -> PriceTable:
    return PriceTable(unix, tickers, np.ones((len(unix), len(tickers))))


@given(st.integers(-2_000_000_000, 100_000_000_000))
def test_dates_and_times_are_inverse(seconds: int) -> None:
    assert unix_ms("x", date_of(1000 * seconds)) == 1000 * seconds


def test_dates_beyond_the_calendar_are_numbers() -> None:
    assert date_of(10**15) == "unix 1000000000000000"
    assert date_of(-(10**15)) == "unix -1000000000000000"
    assert unix_ms("x", "1970-01-02") == 86_400_000
    with pytest.raises(TypeError, match="start"):
        unix_ms("start", 5)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("words", "minutes"), [("1m", 1), ("90m", 90), ("2h", 120), ("1d", 1440), ("1w", 10080)]
)
def test_intervals_are_minutes(words: str, minutes: int) -> None:
    assert interval_of("to", words) == minutes


@pytest.mark.parametrize("words", ["", "m", "0m", "-1m", "1.5h", "1s", "1 m", "١m", "01d"])
def test_other_intervals_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match="should be a whole number and m, h, d or w"):
        interval_of("to", words)


def test_spans_are_said_in_fitting_units() -> None:
    assert [span_in_words(m) for m in (1, 90, 91, 120, 2879, 2880, 43200)] == [
        "1 min", "90 min", "1.517 h", "2 h", "47.98 h", "2 d", "30 d",
    ]  # fmt: skip


def test_rows_are_found_by_date_and_never_clamped() -> None:
    found = table()
    assert found.row("x", "1970-01-01 00:09:00") == 9
    assert (found.interval_ms, found.interval_minutes) == (60_000, 1)
    for date in ("1970-01-01 00:10:00", "1969-12-31 23:59:00", "1970-01-01 00:00:01"):
        with pytest.raises(
            ValueError, match=f"x = '{date}': is no row of the prices, which hold 1970-01-01 00:00:00"
        ):
            found.row("x", date)
    part = found.between("1970-01-01 00:02:00", "1970-01-01 00:04:00")
    assert part.unix.tolist() == [120_000, 180_000, 240_000]
    assert np.shares_memory(part.closes, found.closes)
    for rows in ((-1, 3), (3, 3), (0, 11)):
        with pytest.raises(ValueError, match="rows = "):
            found.rows(*rows)
    assert table(MINUTES[:1]).interval_ms == 60_000


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"closes.shape = \(10, 2\): must be \(10, 1\)"):
        PriceTable(MINUTES, ("A",), np.ones((10, 2)))
    with pytest.raises(ValueError, match="must be sorted, each once"):
        table(tickers=("B", "A"))
    with pytest.raises(ValueError, match="must be sorted, each once"):
        table(tickers=("A", "A"))
    with pytest.raises(ValueError, match="must be equally spaced, increasing"):
        table(np.array([0, 60_000, 180_000]))
    with pytest.raises(ValueError, match="must be equally spaced, increasing"):
        table(np.array([0, 0]))
    with pytest.raises(ValueError, match="not empty"):
        PriceTable(MINUTES[:0], ("A",), np.ones((0, 1)))


def test_a_table_does_not_lock_the_arrays_it_was_made_of() -> None:
    mine = np.ones((10, 1))
    made = PriceTable(MINUTES, ("A",), mine)
    mine[0] = 2.0
    with pytest.raises(ValueError, match="read-only"):
        made.closes[0] = 3.0


@pytest.mark.parametrize(("start", "step"), [(0, 1), (1, 1), (1439, 1), (5, 7), (1437, 7), (-3, 1)])
def test_the_first_midnight_is_that_of_a_loop(start: int, step: int) -> None:
    unix = 60_000 * (start + step * np.arange(6000, dtype=np.int64))
    expected = next((i for i, t in enumerate(unix) if t % 86_400_000 == 0), len(unix))
    assert first_midnight(unix) == expected
    assert first_midnight(unix[expected + 1 : expected + 100]) == len(unix[expected + 1 : expected + 100])


def test_a_jump_is_by_half_or_more_either_way() -> None:
    close = np.array([1.0, 1.49, 1.0, 1.6, 1.1, 0.7])
    assert jumps(close).tolist() == [False, False, True, False, True]


def test_faults_count_rows_from_where_they_are_told_to() -> None:
    unix = MINUTES[[0, 1, 1, 3, 2]] + np.array([0, 0, 0, 0, 7])
    found = {fault.kind: fault for fault in time_faults(unix, 60_000, first=100)}
    assert {kind: fault.row for kind, fault in found.items()} == {"order": 104, "duplicate": 102, "gap": 102}
    assert "in row 104" in found["order"].words
    assert "in row 102" in found["duplicate"].words
    assert list(time_faults(MINUTES, 60_000)) == []
