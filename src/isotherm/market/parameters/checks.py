"""Checks of single settings: each takes the field's name and a value, and refuses in one line."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from isotherm import doors
from isotherm.errors import refusal, wrong_kind
from isotherm.market.parameters.host import real_values
from isotherm.market.parameters.names import known_word, pool_name

Check = Callable[[str, Any], Any]

DATE_FORMAT = "%Y-%m-%d %H:%M:%S"


def real(
    least: float | int | None = None,
    above: float | int | None = None,
    most: float | int | None = None,
    below: float | int | int | None = None,
) -> Check:
    """A finite number within bounds."""
    return lambda field, value: doors.number(field, value, least=least, above=above, most=most, below=below)


def whole(least: int, most: int = doors.MAX_COUNT) -> Check:
    """A whole number within bounds."""
    return lambda field, value: doors.whole(field, value, least, most)


def reals(above: float | int | None = None) -> Check:
    """A finite number, or an array of them."""
    return lambda field, value: (
        real_values(field, value) if above is None else real_values(field, value, above=above)
    )


def word(*allowed: str) -> Check:
    """One of some words."""
    return lambda field, value: known_word(field, value, allowed)


def optional(check: Check) -> Check:
    """None, or what another check allows."""
    return lambda field, value: None if value is None else check(field, value)


def anything(field: str, value: Any) -> None:
    """No check."""


def mapping(field: str, value: Any) -> None:
    """Settings by their name.

    Raises:
        TypeError: naming the field, if it is no mapping.
    """
    doors.mapping(field, value, "a mapping of settings")


def flag(field: str, value: Any) -> None:
    """True or False.

    Raises:
        TypeError: naming the field, if it is neither.
    """
    doors.flag(field, value)


def text(field: str, value: Any) -> None:
    """A text.

    Raises:
        TypeError: naming the field, if it is none.
    """
    doors.text(field, value)


def rule(field: str, value: Any) -> None:
    """The name of a pool, hooks included.

    Raises:
        ValueError: naming ``rule``, if a part is unknown.
    """
    pool_name(value)


def tokens(field: str, value: Any) -> None:
    """Different names, one or more.

    Raises:
        TypeError: naming the field, if they are no texts.
        ValueError: naming the field, if there is none, or one twice.
    """
    names = doors.words(field, value)
    if not names or "" in names:
        raise refusal(field, value, "must name one token or more")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise refusal(field, list(names), f"names {min(twice)} twice")


def date(field: str, value: Any) -> datetime:
    """A date and time of UTC.

    Raises:
        ValueError: naming the field, if it is none, or in another format.
    """
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value):
            return datetime.strptime(value, DATE_FORMAT)
    except (TypeError, ValueError):
        pass
    raise refusal(field, value, "must be a date in UTC, YYYY-MM-DD HH:MM:SS")


SEARCH_KEYS = ("low", "high", "log_scale", "scalar")


def search_ranges(field: str, value: Any) -> None:
    """Ranges of a search by the parameter's name: ``low`` below ``high``, and two flags.

    Raises:
        TypeError: naming what is of another kind.
        ValueError: naming a key that is unknown, or a range without room.
    """
    for name, one in doors.mapping(field, value, "a mapping of ranges by parameter").items():
        where = f"{field}.{name}"
        if not isinstance(one, Mapping):
            raise wrong_kind(where, one, "a mapping with low and high")
        known(where, one, SEARCH_KEYS)
        low, high = (doors.number(f"{where}.{end}", one.get(end)) for end in ("low", "high"))
        if not low < high:
            raise refusal(where, dict(one), "low must be below high")
        if doors.flag(f"{where}.log_scale", one.get("log_scale", False)) and low <= 0:
            raise refusal(f"{where}.low", low, "must be above 0 on a log scale")
        doors.flag(f"{where}.scalar", one.get("scalar", False))


def known(where: str, given: Mapping[str, Any], names: Collection[str]) -> None:
    """Refuse the first key that is not among the names, with the nearest one.

    Raises:
        ValueError: naming the key.
    """
    for key in given:
        if key not in names:
            known_word(where, key, names)
