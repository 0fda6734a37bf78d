"""Where cycles lie, and what is left out between and after them; whatever the machine's clock says."""

import itertools
import os
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.prices.clock import DAY_MS, unix_ms
from isotherm.market.walk.cycles import LEAST_DAYS, WalkCycle, walk_cycles

START, END = "2024-01-01", "2024-03-02"
"""61 days."""


def days(cycle: WalkCycle) -> list[int]:
    """Of its dates, from the start."""
    return [(unix_ms("date", date) - unix_ms("date", START)) // DAY_MS for date in cycle[1:]]


def test_boundaries_are_rounded_down_to_days() -> None:
    found = walk_cycles(START, END, 3)
    assert [days(cycle) for cycle in found] == [[0, 15, 15, 30], [15, 30, 30, 45], [30, 45, 45, 61]]
    assert [cycle.number for cycle in found] == [0, 1, 2]


def test_trainings_of_one_start_grow() -> None:
    found = walk_cycles(START, END, 3, keep_fixed_start=True, purge_days=1)
    assert [days(cycle) for cycle in found] == [[0, 14, 15, 30], [0, 29, 30, 45], [0, 44, 45, 61]]


def test_equal_ones_leave_out_the_first_days() -> None:
    found = walk_cycles(START, END, 3, are_equal=True)
    assert [days(cycle) for cycle in found] == [[1, 16, 16, 31], [16, 31, 31, 46], [31, 46, 46, 61]]


def test_purge_and_embargo_take_days_off_trainings_and_none_off_tests() -> None:
    found = walk_cycles(START, END, 3, are_equal=True, purge_days=2, embargo_days=3)
    assert [days(cycle) for cycle in found] == [[4, 14, 16, 31], [19, 29, 31, 46], [34, 44, 46, 61]]


@given(st.integers(8, 900), st.integers(1, 12), st.integers(0, 3), st.integers(0, 3), st.booleans())
def test_every_day_is_tested_once_and_no_training_touches_its_test(
    span: int, n_cycles: int, purge: int, embargo: int, are_equal: bool
) -> None:
    end = time.strftime("%Y-%m-%d", time.gmtime((unix_ms("date", START) + span * DAY_MS) // 1000))
    given = {"purge_days": purge, "embargo_days": embargo, "are_equal": are_equal}
    if span // (n_cycles + 1) - purge - embargo < LEAST_DAYS:
        with pytest.raises(ValueError, match="n_cycles"):
            walk_cycles(START, end, n_cycles, **given)
        return
    found = [days(cycle) for cycle in walk_cycles(START, end, n_cycles, **given)]
    assert found[-1][3] == span
    assert all(one[3] == other[2] for one, other in itertools.pairwise(found))
    assert all(test - stop == purge for _, stop, test, _ in found)
    assert all(stop - begin >= LEAST_DAYS for begin, stop, _, _ in found)
    for earlier, later in itertools.combinations(found, 2):
        assert not earlier[3] <= later[0] < earlier[3] + embargo
    lengths = {tuple(date - one[0] for date in one) for one in found}
    assert len(lengths) == 1 or not are_equal
    assert found[0][0] - embargo <= (n_cycles if are_equal else 0)


def test_the_zone_of_the_machine_changes_nothing(monkeypatch: Any) -> None:
    found = walk_cycles("2021-03-01 06:00:00", "2021-05-01 06:00:00", 2)
    try:
        for zone in ("America/New_York", "Pacific/Apia"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert walk_cycles("2021-03-01 06:00:00", "2021-05-01 06:00:00", 2) == found
    finally:
        os.environ.pop("TZ", None)
        time.tzset()
    assert found[0].train_end == "2021-03-21 06:00:00"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"end": START}, "end = '2024-01-01'"),
        ({"start": "yesterday"}, "start = 'yesterday'"),
        ({"n_cycles": 0}, "n_cycles = 0"),
        ({"n_cycles": 20}, "n_cycles = 20: leaves 2 days to train"),
        ({"n_cycles": 14, "purge_days": 1, "embargo_days": 1}, "n_cycles = 14: leaves 2 days"),
        ({"purge_days": -1}, "purge_days = -1"),
        ({"embargo_days": -1}, "embargo_days = -1"),
        ({"embargo_days": 1, "keep_fixed_start": True}, "embargo_days = 1: must be 0 with keep_fixed_start"),
    ],
)
def test_what_gives_no_cycles_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        walk_cycles(**{"start": START, "end": END, "n_cycles": 3} | given)
