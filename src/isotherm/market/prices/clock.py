"""Dates and times: always UTC, whole milliseconds since 1970, whatever the machine's time zone."""

import calendar
import re
from datetime import UTC, datetime

import numpy as np

from isotherm.doors import text
from isotherm.errors import refusal

MINUTE_MS = 60_000
DAY_MS = 1440 * MINUTE_MS
MINUTES_PER_DAY = 1440

_DATE = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?", re.ASCII)
_UNITS = {"m": 1, "h": 60, "d": 1440, "w": 10080}
_INTERVAL = re.compile(r"([1-9]\d{0,5})([mhdw])", re.ASCII)


def unix_ms(field: str, date: str) -> int:
    """Milliseconds of a date ``YYYY-MM-DD HH:MM:SS``, or ``YYYY-MM-DD`` for its midnight, in UTC.

    Raises:
        TypeError: naming ``field``, if it is no text.
        ValueError: naming ``field``, if it is no such date; time zones are not understood.

    >>> unix_ms("start", "1970-01-02 00:00:01")
    86401000
    """
    words = text(field, date)
    try:
        if not _DATE.fullmatch(words):
            raise ValueError
        form = "%Y-%m-%d %H:%M:%S" if " " in words else "%Y-%m-%d"
        return 1000 * calendar.timegm(datetime.strptime(words, form).replace(tzinfo=UTC).timetuple())
    except ValueError:
        raise refusal(field, date, "should be a date YYYY-MM-DD HH:MM:SS, in UTC") from None


def date_of(unix: int | np.integer) -> str:
    """The date ``YYYY-MM-DD HH:MM:SS`` in UTC of milliseconds within years 1 to 9999; elsewhere the number itself.

    >>> date_of(86_401_000)
    '1970-01-02 00:00:01'
    """
    moment = np.datetime64(int(unix), "ms")
    if not np.datetime64("0001") <= moment < np.datetime64("10000"):
        return f"unix {int(unix)}"
    return str(moment.astype("datetime64[s]")).replace("T", " ")


def interval_of(field: str, words: str) -> int:
    """Minutes of an interval such as ``5m``, ``1h``, ``2d`` or ``1w``.

    Raises:
        TypeError: naming ``field``, if it is no text.
        ValueError: naming ``field``, if it is none.

    >>> interval_of("to", "1h")
    60
    """
    found = _INTERVAL.fullmatch(text(field, words))
    if found is None:
        raise refusal(field, words, "should be a whole number and m, h, d or w, such as 1m, 5m, 1h or 1d")
    return int(found[1]) * _UNITS[found[2]]


def span_in_words(minutes: float | int) -> str:
    """A length of time for people: ``90 min``, ``36 h``, ``3 d``."""
    if minutes >= 2 * MINUTES_PER_DAY:
        return f"{minutes / MINUTES_PER_DAY:.4g} d"
    return f"{minutes / 60:.4g} h" if minutes > 90 else f"{minutes:.4g} min"
