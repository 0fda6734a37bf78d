"""Splits of days where training may come before and after a test: k-fold and combinatorial, purged, embargoed."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.train.split import SplitPart


class PurgedSplit(NamedTuple):
    """Days of one split, stretches ``first .. last - 1`` in order.

    Attributes:
        train: to fit.
        test: to judge.
    """

    train: tuple[SplitPart, ...]
    test: tuple[SplitPart, ...]


def purged_splits(
    num_days: int, num_groups: int, num_tests: int = 1, *, purge_days: int = 0, embargo_days: int = 0
) -> tuple[PurgedSplit, ...]:
    """All splits that test ``num_tests`` of ``num_groups`` stretches of days: k-fold, or combinatorial for several.

    A day is left out of training where fewer than ``purge_days`` lie between it and a test, on either side: with as
    many as a label of a day reaches ahead, no label of training and none of the test share a day. After a test
    another ``embargo_days`` are left out, for what estimators carry on. Unlike a walk forward, such a split trains on
    days after the test: it tells how alike stretches are, not what could have been earned.

    Args:
        num_days: at least ``num_groups``.
        num_groups: stretches, group g of days ``floor(g D / G)`` up to the next one's.
        num_tests: of them that are tested, at least 1, below ``num_groups``.
        purge_days: on both sides of a test.
        embargo_days: after a test, besides.

    Returns:
        Splits in lexicographic order of the groups tested, ``binomial(num_groups, num_tests)`` of them; neighbouring
        groups make one stretch.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range, or ``purge_days``, if a split has nothing left to train on.

    References:
        M. Lopez de Prado, Advances in Financial Machine Learning (2018), sections 7.4 and 12.4.

    >>> split = purged_splits(30, 3, purge_days=2, embargo_days=1)[1]
    >>> [tuple(part) for part in split.train], [tuple(part) for part in split.test]
    ([(0, 8), (23, 30)], [(10, 20)])
    """
    doors.whole("num_groups", num_groups, 2)
    doors.whole("num_days", num_days, num_groups)
    doors.whole("num_tests", num_tests, 1, num_groups - 1)
    doors.whole("purge_days", purge_days, 0)
    doors.whole("embargo_days", embargo_days, 0)
    group = np.searchsorted(
        [g * num_days // num_groups for g in range(1, num_groups)], range(num_days), "right"
    )
    splits = []
    for tested in combinations(range(num_groups), num_tests):
        tests = _stretches(np.isin(group, tested))
        is_left = np.ones(num_days, bool)
        for first, last in tests:
            is_left[max(0, first - purge_days) : last + purge_days + embargo_days] = False
        if not is_left.any():
            raise refusal("purge_days", purge_days, f"leaves nothing to train on beside groups {tested}")
        splits.append(PurgedSplit(_stretches(is_left), tests))
    return tuple(splits)


def _stretches(is_in: Bool[np.ndarray, " days"]) -> tuple[SplitPart, ...]:
    """Of consecutive days."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_in.astype(np.int8), [0]])))
    return tuple(SplitPart(int(first), int(last)) for first, last in edges.reshape(-1, 2))
