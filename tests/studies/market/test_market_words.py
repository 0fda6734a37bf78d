"""What studies of pools share: words for numbers, settings that are not their defaults, intervals, luck."""

import numpy as np
import pytest

from isotherm.market.objectives.significance import LEAST_DAYS
from isotherm.studies.market.facts import changed, finite, settings_facts
from isotherm.studies.market.significance import compared, deflated_of, interval_of
from isotherm.studies.market.words import against, luck, not_known, setting_rows, told_apart

DAYS = 0.01 * np.sin(np.arange(1.0, 1 + LEAST_DAYS) ** 2) + 0.001


def test_an_end_at_zero_tells_nothing_apart() -> None:
    ends = ([0.0, 1.0], [-1.0, 0.0], [0.1, 1.0], [-1.0, -0.1])
    words = ["not to be told from it", "not to be told from it", "better", "worse"]
    assert [told_apart({"interval": one}) for one in ends] == words


def test_a_rival_is_ahead_or_behind_and_a_missing_verdict_is_told_where_asked() -> None:
    none = {"ahead": 0.015, "interval": None}
    assert against(none, "HODL") == "1.50% ahead of HODL"
    assert against(none, "HODL", "too few") == "1.50% ahead of HODL (**too few**)"
    known = {"ahead": -0.015, "interval": [-1.0, 2.0]}
    assert against(known, "HODL", "too few") == "1.50% behind HODL (**not to be told from it**)"


def test_luck_begins_below_nineteen_in_twenty() -> None:
    assert [luck(one) for one in (0.949, 0.95)] == ["may be luck", "is more than luck would give"]


def test_settings_are_shown_and_those_that_are_not_known_are_named() -> None:
    assert setting_rows({"a": None, "b": 0.0, "c": 1}, ("b", "a")) == [("b", "0.0"), ("a", "none")]
    assert not_known(()) == ""
    assert not_known(("one", "two")) == ". Given, but not known: one, two"


def test_facts_are_without_settings_of_training_and_tell_what_is_not_known() -> None:
    own = {"tokens": ["BBB", "AAA"], "fees": 0.1, "colour": 3, "optimisation_settings": {"base_lr": 0.1}}
    found = settings_facts(own)
    assert found["tokens"] == ["AAA", "BBB"]
    assert set(found["settings"]) == {"tokens", "fees", "colour"}
    assert list(found["unread"]) == ["colour"]


def test_what_has_no_default_is_changed() -> None:
    assert changed({"a": 1, "new": 2, "b": {"c": 3}}, {"a": 1, "b": 4}) == {"new": 2, "b": {"c": 3}}
    assert [finite(one) for one in (np.inf, -np.inf, np.nan, np.float64(2))] == [None, None, None, 2.0]


def test_twenty_days_are_enough_and_nineteen_are_not() -> None:
    low, high = interval_of(DAYS) or (0.0, 0.0)
    assert low < np.sqrt(365) * DAYS.mean() / DAYS.std() < high
    assert interval_of(DAYS[1:]) is None
    assert interval_of(np.full(LEAST_DAYS, 0.01)) is None
    assert 0 < (deflated_of(DAYS, 1) or 0) < 1
    assert deflated_of(DAYS[1:], 1) is None


def test_lost_days_have_no_interval_and_cannot_be_compared() -> None:
    lost = np.append(DAYS, np.nan)
    assert (interval_of(lost), deflated_of(lost, 1)) == (None, None)
    assert against({"ahead": None, "interval": None}, "HODL", "too few") == "not to be compared with HODL"


def test_two_pools_are_compared_by_growth_and_by_the_days_of_their_difference() -> None:
    other = np.roll(DAYS, 3) - 0.002
    found = compared(DAYS, other)
    assert found["ahead"] == pytest.approx(np.exp(np.log1p(DAYS).sum() - np.log1p(other).sum()) - 1)
    assert found["interval"] == interval_of(DAYS - other)
    assert found["interval"] != interval_of(DAYS)


def test_a_lost_pool_is_compared_with_none() -> None:
    lost = DAYS.copy()
    lost[3] = np.nan
    assert compared(lost, DAYS) == {"ahead": None, "interval": None}
    assert against(compared(lost, DAYS), "HODL") == "not to be compared with HODL"
    assert deflated_of(lost, 3) is None
