"""Purged and embargoed splits: no label is shared, and each day is tested as often as any other."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.walk.purged import purged_splits


def days(parts: tuple) -> list[int]:
    return [day for part in parts for day in range(part.first, part.last)]


@given(st.integers(12, 60), st.integers(2, 6), st.data())
def test_labels_of_training_and_test_share_no_day(
    num_days: int, num_groups: int, data: st.DataObject
) -> None:
    num_tests = data.draw(st.integers(1, num_groups - 1))
    purge, embargo = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))
    given = {"purge_days": purge, "embargo_days": embargo}
    try:
        splits = purged_splits(num_days, num_groups, num_tests, **given)
    except ValueError as error:
        assert "purge_days" in str(error)  # noqa: PT017
        return
    assert len(splits) == comb(num_groups, num_tests)
    counts = dict.fromkeys(range(num_days), 0)
    for split in splits:
        tested = set(days(split.test))
        for day in tested:
            counts[day] += 1
        near = {day + step for day in tested for step in range(-purge, purge + embargo + 1)}
        assert set(days(split.train)) == set(range(num_days)) - near
        assert days(split.train) == sorted(set(days(split.train)))
    assert set(counts.values()) == {comb(num_groups - 1, num_tests - 1)}


def test_groups_are_cut_evenly_and_neighbours_join() -> None:
    splits = purged_splits(11, 4, 2)
    assert [tuple(part) for part in splits[0].test] == [(0, 5)]
    assert [[tuple(part) for part in split.test] for split in splits[1:3]] == [
        [(0, 2), (5, 8)],
        [(0, 2), (8, 11)],
    ]
    assert [tuple(part) for part in splits[1].train] == [(2, 5), (8, 11)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((10, 1), "num_groups = 1"),
        ((3, 4), "num_days = 3"),
        ((10, 4, 4), "num_tests = 4"),
        ((10, 4, 0), "num_tests = 0"),
    ],
)
def test_splits_that_there_are_not_are_refused(given: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        purged_splits(*given)


def test_a_purge_of_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"purge_days = 9: leaves nothing to train on beside groups \(0,\)"):
        purged_splits(10, 2, purge_days=9)
    with pytest.raises(ValueError, match="embargo_days = -1"):
        purged_splits(10, 2, embargo_days=-1)
    with pytest.raises(ValueError, match="purge_days = -1"):
        purged_splits(10, 2, purge_days=-1)
