"""Numbers as files write them: plain ASCII, finite, and not so small that they become zero. Standard library only."""

import math
import re

from isotherm.errors import refusal

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_SHOWN = 40


def decimal(where: str, word: str, least: float = -math.inf) -> float:
    """A finite number; Python's own spellings (``1_0``, digits of other scripts, ``nan``) are refused.

    Args:
        where: what a refusal calls the place.
        word: what stands there.
        least: the smallest number allowed.

    Raises:
        ValueError: naming the place, if the word is no number, is infinite in float64, or becomes zero there.
    """
    value = float(word) if _DECIMAL.fullmatch(word) else math.nan
    if not math.isfinite(value):
        raise refusal(where, word[:_SHOWN], "should be a finite number")
    if value == 0 and vanishes(word):
        raise refusal(where, word[:_SHOWN], "becomes 0 in float64; write 0 where that is meant")
    if value < least:
        raise refusal(where, word[:_SHOWN], f"should be at least {least:g}")
    return value


def vanishes(word: str) -> bool:
    """Whether a word that reads as zero has another digit than 0 before its exponent."""
    return any(digit in "123456789" for digit in word.lower().partition("e")[0])


def is_decimal(word: str) -> bool:
    """Whether a word is written as a number."""
    return _DECIMAL.fullmatch(word) is not None


def whole(where: str, word: str, least: int | None = None, most: int | None = None) -> int:
    """A whole number of at most 18 digits.

    Raises:
        ValueError: naming the place, if the word is none, or out of ``least .. most``.
    """
    value = int(word) if _WHOLE.fullmatch(word) else None
    if value is None or (least is not None and value < least) or (most is not None and value > most):
        allowed = (
            "" if least is None else f", at least {least}" if most is None else f", within {least} .. {most}"
        )
        raise refusal(where, word[:_SHOWN], f"should be a whole number{allowed}")
    return value
