"""From raw weights to the next move in whole numbers of 1e-18: ``rules/guardrails.py``, and sums that are exact."""

from typing import NamedTuple

from isotherm.market.deployment.fixed_math import ONE, Units, quotient

TINY = 10**8
"""In units: 1e-10, what keeps quotients of the definition from 0/0."""


class FixedGuards(NamedTuple):
    """What holds weights back, in units; periods in minutes.

    Attributes:
        floor: least weight of a token.
        maximum_change: most that a weight moves a minute.
        period: minutes over which a move is spread.
        kind: ``"clip"``, ``"projection"`` or ``"kl_projection"``.
        bounds: least and most weight of each token, or None.
    """

    floor: int
    maximum_change: int
    period: int
    kind: str
    bounds: tuple[Units, Units] | None


def guarded(raw: Units, weights: Units, guards: FixedGuards) -> Units:
    """The weights to move to: normalised, bounded, floored, in all exactly one.

    Args:
        raw: what a rule asks for; where it sums to 0 or less the old weights are returned.
        weights: the old ones.
        guards: floor, kind and bounds.
    """
    total = sum(raw)
    if total <= 0:
        return weights
    x = tuple(quotient(one * ONE, total) for one in raw)
    if guards.bounds is not None:
        x = within_bounds(x, *guards.bounds)
    held = {"clip": floored, "projection": euclidean_projection, "kl_projection": kl_projection}
    return summing_to(ONE, held[guards.kind](x, guards.floor))


def limited_step(target: Units, weights: Units, guards: FixedGuards) -> Units:
    """Change a minute toward a target, none faster than allowed; in all exactly zero."""
    moves = tuple(end - start for end, start in zip(target, weights, strict=True))
    farthest = max(map(abs, moves))
    if farthest > guards.maximum_change * guards.period:
        most = farthest + TINY * guards.period
        steps = tuple(quotient(move * guards.maximum_change, most) for move in moves)
    else:
        steps = tuple(quotient(move, guards.period) for move in moves)
    return summing_to(0, steps, largest=weights.index(max(weights)))


def floored(weights: Units, floor: int) -> Units:
    """Raised to a floor in one pass; the others shrink in proportion."""
    n = len(weights)
    small = [one < floor for one in weights]
    if all(small):
        return (ONE // n,) * n
    held = [min(max(one, floor), ONE - (n - 1) * floor) for one in weights]
    large = sum(one for one, is_small in zip(held, small, strict=True) if not is_small)
    rest = ONE - sum(small) * floor
    return tuple(
        one if is_small else quotient(one * rest, large) for one, is_small in zip(held, small, strict=True)
    )


def euclidean_projection(weights: Units, floor: int) -> Units:
    """The nearest weights that are at least ``floor`` and sum to one."""
    n = len(weights)
    over = [one - floor for one in weights]
    ordered = sorted(over, reverse=True)
    spare, total, shift = ONE - n * floor, 0, (0, 1)
    for count, one in enumerate(ordered, 1):
        total += one
        if one * count > total - spare:
            shift = total - spare, count
    return tuple(floor + max(quotient(one * shift[1] - shift[0], shift[1]), 0) for one in over)


def kl_projection(weights: Units, floor: int) -> Units:
    """The weights of least divergence from the given ones that are at least ``floor`` and sum to one."""
    n = len(weights)
    positive = [max(one, 0) for one in weights]
    total, scale = 0, (ONE, ONE)
    for count, one in enumerate(sorted(positive, reverse=True), 1):
        total += one
        rest = ONE - (n - count) * floor
        if one * rest >= floor * total:
            scale = rest, total
    return tuple(max(quotient(one * scale[0], scale[1]), floor) for one in positive)


def within_bounds(weights: Units, low: Units, high: Units) -> Units:
    """Clipped to bounds of each token, what is missing or over spread by the room that is left."""
    held = _clipped(weights, low, high)
    total = sum(held)
    up = [top - one for one, top in zip(held, high, strict=True)]
    down = [one - bottom for one, bottom in zip(held, low, strict=True)]
    missing, over = max(ONE - total, 0), max(total - ONE, 0)
    moved = tuple(
        one + quotient(missing * above, sum(up) + TINY) - quotient(over * below, sum(down) + TINY)
        for one, above, below in zip(held, up, down, strict=True)
    )
    held = _clipped(moved, low, high)
    return tuple(quotient(one * ONE, sum(held)) for one in held)


def summing_to(total: int, numbers: Units, largest: int | None = None) -> Units:
    """The same with what is missing of a sum added to the largest, or to one that is named."""
    at = numbers.index(max(numbers)) if largest is None else largest
    missing = total - sum(numbers)
    return tuple(one + missing if index == at else one for index, one in enumerate(numbers))


def _clipped(weights: Units, low: Units, high: Units) -> Units:
    return tuple(min(max(one, bottom), top) for one, bottom, top in zip(weights, low, high, strict=True))
