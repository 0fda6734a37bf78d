"""Formulas of ``rules/updates.py`` in whole numbers of 1e-18, rounded once where that can be."""

from isotherm.market.deployment.fixed_math import ONE, PI, Units, exp, mul, power, quotient

TROUGH = 541_500_000_000_000_000
"""Scale of the cubic of a channel, in units."""

CAP_ROUNDS = 10
CAP_TOLERANCE = 10**12


def zero_sum(x: Units, k: Units) -> Units:
    """``k_i (x_i - sum k x / sum k)``; none where ``k`` sums to 0.

    >>> zero_sum((2 * ONE, 0), (ONE, 3 * ONE))
    (1500000000000000000, -1500000000000000000)
    """
    total = sum(k)
    if total == 0:
        return (0,) * len(k)
    moment = sum(own * value for own, value in zip(k, x, strict=True))
    return tuple(
        quotient(own * (value * total - moment), total * ONE) for own, value in zip(k, x, strict=True)
    )


def signed_power(x: int, exponent: int) -> int:
    """``sign(x) |x|**exponent``.

    >>> signed_power(-4 * ONE, ONE // 2)
    -2000000000000000000
    """
    size = abs(x) if exponent == ONE else power(abs(x), exponent)
    return size if x >= 0 else -size


def channel_signal(
    gradients: tuple[int, int, int], width: int, amplitude: int, exponent: int, scaling: int
) -> int:
    """Reversion inside a channel of gradients, trend outside; arguments as of the same name in ``updates``."""
    channel, trend, outer = gradients
    envelope = exp(-quotient(outer * outer * ONE, 2 * width * width))
    y = quotient(PI * channel, 3 * width)
    cubic = quotient(y * (6 * ONE**2 - y * y), 6 * ONE**2)
    inside = quotient(-amplitude * envelope * cubic, TROUGH * ONE)
    return inside + mul(ONE - envelope, signed_power(quotient(trend * ONE, 2 * scaling), exponent))


def inverse_shares(variances: Units) -> Units:
    """Weights in inverse proportion to variances, which may be in any unit; those of 0 share all weight.

    >>> inverse_shares((ONE, 3 * ONE))
    (750000000000000000, 249999999999999999)
    """
    least = min(variances)
    inverse = tuple(quotient(least * ONE, one) if one > 0 else ONE for one in variances)
    return tuple(quotient(one * ONE, sum(inverse)) for one in inverse)


def shares(worth: Units) -> Units:
    """Parts of a sum, one in all but for rounding."""
    return tuple(quotient(one * ONE, sum(worth)) for one in worth)


def capped_shares(weights: Units, caps: Units) -> Units:
    """Weights of which none is above its cap, what is above it given to the others in proportion."""
    for _ in range(CAP_ROUNDS):
        if all(one <= cap + CAP_TOLERANCE for one, cap in zip(weights, caps, strict=True)):
            break
        weights = _spread(weights, caps)
    return shares(weights)


def _spread(weights: Units, caps: Units) -> Units:
    excess = sum(max(one - cap, 0) for one, cap in zip(weights, caps, strict=True))
    free = tuple(one if one < cap else 0 for one, cap in zip(weights, caps, strict=True))
    room = sum(free) or ONE
    held = zip(weights, caps, free, strict=True)
    return tuple(min(one, cap) + quotient(excess * part, room) for one, cap, part in held)
