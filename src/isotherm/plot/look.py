"""How one series looks, and the few colours; without matplotlib, so that records of studies may hold it."""

from typing import Literal, NamedTuple

Dashes = Literal["-"] | tuple[float, tuple[float, ...]]

INK, SOFT, GRID, PAPER = "#1d2530", "#5c6875", "#e4e7eb", "#ffffff"

ACCENT, STRONG = "#c8401f", "#1f5a96"


class Look(NamedTuple):
    """How one series looks in every figure; series of a higher rank are drawn over those of a lower."""

    colour: str
    line: Dashes = "-"
    marker: str = "o"
    width: float = 1.4
    rank: int = 0


DASH: Dashes = (0, (5, 1.8))

DOT: Dashes = (0, (1.2, 1.2))

DASH_DOT: Dashes = (0, (6, 1.5, 1.2, 1.5))

DASH_DOTS: Dashes = (0, (6, 1.5, 1.2, 1.5, 1.2, 1.5))

LONG: Dashes = (0, (9, 2))
