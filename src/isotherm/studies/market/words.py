"""Cells and words that tables and sentences of studies of pools share."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from isotherm.study.tables import Cell

SURE = 0.95
"""Probability from which on a deflated Sharpe ratio is told as more than luck."""

TOO_FEW = "too few days to tell"

PAIRED = (
    "Paired day by day. The interval, 95 %, is of the information ratio, the annual ratio of mean to spread of "
    "daily excess returns, by blocks of ten days; where it holds 0, the two cannot be told apart"
)


def share_cell(value: float | None) -> Cell:
    """A share in percent, with its sign."""
    return None if value is None else f"{value:+.2%}"


def interval_cell(ends: Sequence[float] | None) -> Cell:
    """Both ends of an interval."""
    return None if ends is None else f"{ends[0]:.2f} .. {ends[1]:.2f}"


def told_apart(told: Mapping[str, Any]) -> str:
    """Whether one pool is better or worse than another, by the ``interval`` of their difference; empty of none.

    >>> told_apart({"interval": [-1.0, 0.5]}), told_apart({"interval": [0.1, 2.0]}), told_apart({"interval": None})
    ('not to be told from it', 'better', '')
    """
    ends = told["interval"]
    if ends is None:
        return ""
    if ends[0] <= 0 <= ends[1]:
        return "not to be told from it"
    return "better" if ends[0] > 0 else "worse"


def against(told: Mapping[str, Any], rival: str, unknown: str = "") -> str:
    """By which share one is ahead of a rival, and whether they can be told apart.

    Args:
        told: ``ahead``, None where it is no number, and ``interval``.
        rival: in words.
        unknown: the verdict where there is no interval; empty: none is told.

    >>> against({"ahead": -0.02, "interval": [-3.0, -1.0]}, "HODL")
    '2.00% behind HODL (**worse**)'
    """
    if told["ahead"] is None:
        return f"not to be compared with {rival}"
    word = "ahead of" if told["ahead"] > 0 else "behind"
    verdict = told_apart(told) or unknown
    return f"{abs(told['ahead']):.2%} {word} {rival}" + (f" (**{verdict}**)" if verdict else "")


def luck(probability: float) -> str:
    """What a deflated Sharpe ratio says of a Sharpe ratio."""
    return "is more than luck would give" if probability >= SURE else "may be luck"


def sentences(notes: Iterable[str]) -> list[str]:
    """Notes with a capital letter and a full stop."""
    return [f"{note[:1].upper()}{note[1:]}." for note in notes]


def setting_rows(settings: Mapping[str, Any], names: Iterable[str]) -> list[tuple[str, str]]:
    """Settings of a fingerprint by name, as a table shows them."""
    return [(name, "none" if settings[name] is None else str(settings[name])) for name in names]


def not_known(unread: Sequence[str]) -> str:
    """What is added to a table's note about settings of other tools."""
    return f". Given, but not known: {', '.join(unread)}" if unread else ""
