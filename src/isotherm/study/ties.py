"""Which results can be told apart: a claim of better or first needs a difference that its error carries.

Estimates are as metrics hold them: ``{"mean", "se", "n"}``, with ``se`` None where no error is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

LEVEL = 0.95
"""Confidence of the intervals, two-sided, by Student's t."""

_NAMED = 3


def width(n: int) -> float:
    """Half an interval in standard errors of ``n`` runs, infinite for a single one.

    >>> round(width(200), 2), round(width(4), 2), width(1)
    (1.97, 3.18, inf)
    """
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + LEVEL) / 2)) if n > 1 else float("inf")


def is_told(difference: Mapping[str, Any]) -> bool:
    """Whether a difference, paired run by run, is told from zero; of an unknown error none is.

    >>> is_told({"mean": -2.1, "se": 1.0, "n": 200}), is_told({"mean": 1.9, "se": 1.0, "n": 200})
    (True, False)
    """
    if difference["se"] is None:
        return False
    return abs(difference["mean"]) > (width(difference["n"]) * difference["se"] if difference["se"] else 0.0)


def sign(difference: Mapping[str, Any]) -> int:
    """1 or -1 where a paired difference is told from zero, else 0."""
    return (1 if difference["mean"] > 0 else -1) if is_told(difference) else 0


def are_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two means over the same runs are told apart, whatever the runs share.

    The error of their difference is at most the sum of their errors; a paired difference, where there is one, tells
    more.
    """
    if one["se"] is None or other["se"] is None:
        return False
    se = one["se"] + other["se"]
    return is_told({"mean": one["mean"] - other["mean"], "se": se, "n": min(one["n"], other["n"])})


def best_and_tied(found: Mapping[Any, Mapping[str, Any]], *, lowest: bool) -> list[Any]:
    """The name of the best mean, then those that cannot be told from it, from best to worst.

    Args:
        found: an estimate a name, all over the same runs; at least one.
        lowest: whether the lowest mean is the best, or the highest.

    >>> told = {"a": {"mean": 1.0, "se": 0.1, "n": 50}, "b": {"mean": 1.2, "se": 0.1, "n": 50}}
    >>> best_and_tied(told, lowest=True), best_and_tied(told | {"b": told["b"] | {"mean": 2.0}}, lowest=True)
    (['a', 'b'], ['a'])
    """
    order = sorted(found, key=lambda name: found[name]["mean"], reverse=not lowest)
    return [order[0], *(name for name in order[1:] if not are_apart(found[order[0]], found[name]))]


def tied_with(labels: Sequence[str]) -> str:
    """Words for those that the first cannot be told from, to stand after it; empty where there are none.

    >>> tied_with([]), tied_with(["A"]), tied_with(["A", "B"]), tied_with(["A", "B", "C", "D", "E"])
    ('', ', tied with A', ', tied with A and B', ', tied with A, B, C and 2 others')
    """
    named = list(labels[:_NAMED])
    rest = len(labels) - len(named)
    if rest:
        named.append(f"{rest} {'others' if rest > 1 else 'other'}")
    return f", tied with {listed(named)}" if named else ""


def listed(words: Iterable[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
