"""Minutes made of a coarser grid."""

import numpy as np

from isotherm.market.prices.minutes import in_minutes
from isotherm.market.prices.table import PriceReport, PriceTable


def test_rows_are_repeated_until_the_next_is_due() -> None:
    report = PriceReport(("a note",), {"A": 1})
    days = PriceTable(
        86_400_000 * np.arange(2, 5), ("A", "B"), np.arange(1.0, 7.0).reshape(3, 2), {"f": "d"}, report
    )
    fine = in_minutes(days)
    assert fine.interval_minutes == 1
    assert len(fine.unix) == 3 * 1440
    np.testing.assert_array_equal(fine.closes[::1440], days.closes)
    np.testing.assert_array_equal(fine.closes[1439::1440], days.closes)
    assert fine.start == days.start
    assert fine.report.notes == ("a note", "4317 of 4320 minutes made by repeating rows of 1440 min")
    assert (fine.report.made, fine.report.dropped, fine.digests) == (4317, {"A": 1}, {"f": "d"})


def test_minutes_stay_as_they_are() -> None:
    table = PriceTable(60_000 * np.arange(3), ("A",), np.ones((3, 1)))
    assert in_minutes(table) is table
