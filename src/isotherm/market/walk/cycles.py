"""Cycles of a walk forward: where each trains, and where it is tested. Section 7.9."""

from itertools import pairwise
from typing import NamedTuple

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.prices.clock import DAY_MS, date_of, unix_ms

LEAST_DAYS = 3
"""Days that a training and a test have at least, for their daily returns to have a spread."""


class WalkCycle(NamedTuple):
    """Dates of one cycle, UTC: training goes from ``train_start`` up to ``train_end``, the test likewise.

    Attributes:
        number: of the cycle, from 0.
        train_start: first minute of training.
        train_end: the minute after its last.
        test_start: first minute of the test, ``train_end`` or as many days later as are purged.
        test_end: the minute after its last.
    """

    number: int
    train_start: str
    train_end: str
    test_start: str
    test_end: str


def walk_cycles(
    start: str,
    end: str,
    n_cycles: int,
    *,
    keep_fixed_start: bool = False,
    purge_days: int = 0,
    embargo_days: int = 0,
    are_equal: bool = False,
) -> tuple[WalkCycle, ...]:
    """Cut a span into cycles, each trained on a stretch of days and tested on the stretch that follows.

    With a span of D days, boundary ``i = 0 .. n + 1`` lies ``floor(i D / (n + 1))`` days after the start, by UTC days
    of 24 h whatever the machine's zone. Cycle i trains between boundaries i and i + 1, or from the start where that
    is kept, and is tested between i + 1 and i + 2. Every day but those of the first stretch is tested once.

    What leaks, and what does not. A window's objective reads prices of its own minutes, which all lie in training: no
    label reaches into the test, and without purge nothing leaks. Estimators look back, from the first days of a test
    into training and from those of a training into the test before: both were known by then. Both make neighbouring
    stretches alike, however, and what is fitted to the last days may do well on the next ones for that reason alone.
    *Purged* days at the end of a training are left out between it and its test; as many as estimators remember, and
    no readout of the test rests on a price that was fitted. *Embargoed* days at the begin of a training follow a test
    and are not trained on, so that the returns of that test and the choices of later cycles rest on other days; they
    are left out of the first two trainings too, which follow no test, so that all are equally long.

    Args:
        start: date of the first day.
        end: date of the day after the last.
        n_cycles: how many, at least 1.
        keep_fixed_start: whether all trainings begin at the start.
        purge_days: whole days between each training and its test.
        embargo_days: whole days at the begin of a stretch that its training leaves out.
        are_equal: whether all stretches have ``floor(D / (n + 1))`` days, so that one compiled program serves all
            cycles; the days left over come before the first.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range; ``n_cycles`` if it leaves a training or a test under 3 days;
            ``embargo_days`` with a start that is kept, as such trainings go through all tests before.

    References:
        M. Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 7, where training may follow a test.

    >>> for cycle in walk_cycles("2021-01-01", "2021-02-10", 2, purge_days=2):
    ...     print([date[5:10] for date in cycle[1:]])
    ['01-01', '01-12', '01-14', '01-27']
    ['01-14', '01-25', '01-27', '02-10']
    """
    first, last = unix_ms("start", start), unix_ms("end", end)
    if last <= first:
        raise refusal("end", end, f"must be after start, {start}")
    doors.whole("n_cycles", n_cycles, 1)
    doors.whole("purge_days", purge_days, 0)
    doors.whole("embargo_days", embargo_days, 0)
    is_fixed = doors.flag("keep_fixed_start", keep_fixed_start)
    if is_fixed and embargo_days:
        allowed = "must be 0 with keep_fixed_start: trainings from one start go through all earlier tests"
        raise refusal("embargo_days", embargo_days, allowed)
    days = _boundaries((last - first) // DAY_MS, n_cycles, doors.flag("are_equal", are_equal))
    least = min(later - earlier for earlier, later in pairwise(days))
    if least - purge_days - embargo_days < LEAST_DAYS:
        allowed = (
            f"leaves {least - purge_days - embargo_days} days to train; at least {LEAST_DAYS} are needed"
        )
        raise refusal("n_cycles", n_cycles, allowed)
    dates = [date_of(first + DAY_MS * day) for day in days]
    ends = [date_of(first + DAY_MS * (day - purge_days)) for day in days]
    begins = [date_of(first + DAY_MS * (day + embargo_days)) for day in days]
    return tuple(
        WalkCycle(i, begins[0 if is_fixed else i], ends[i + 1], dates[i + 1], dates[i + 2])
        for i in range(n_cycles)
    )


def _boundaries(days: int, n_cycles: int, are_equal: bool) -> list[int]:
    """Of all stretches, in days from the start."""
    stretches = n_cycles + 1
    if are_equal:
        length, over = divmod(days, stretches)
        return [over + i * length for i in range(stretches + 1)]
    return [i * days // stretches for i in range(stretches + 1)]
