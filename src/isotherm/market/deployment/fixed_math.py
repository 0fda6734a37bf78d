"""Arithmetic in whole multiples of 1e-18, as contracts have it, in Python's integers; there is no float inside.

Quotients are of full-width products and rounded once, toward zero, as a contract divides. Logarithms, exponentials
and powers are carried to :data:`BITS` bits and rounded to the nearest: off by at most half a unit and 1e-9 of one
more.
"""

from typing import Any

from isotherm.errors import refusal
from isotherm.market.parameters.fixed_point import DECIMALS, LIMIT

Units = tuple[int, ...]
"""Numbers of tokens in units of 1e-18, one each."""

ONE = 10**DECIMALS
PI = 3141592653589793238
"""In units."""

BITS = 320
"""After the binary point of what logarithms and exponentials are carried with."""

_WIDE = 1 << BITS


def quotient(numerator: int, denominator: int) -> int:
    """Of whole numbers, toward zero.

    Raises:
        ZeroDivisionError: if the denominator is 0.

    >>> quotient(-7, 2), quotient(7, -2), quotient(7, 2)
    (-3, -3, 3)
    """
    size = abs(numerator) // abs(denominator)
    return size if (numerator < 0) == (denominator < 0) else -size


def mul(x: int, y: int) -> int:
    """``x y`` in units.

    >>> mul(3 * ONE // 2, -1)
    -1
    """
    return quotient(x * y, ONE)


def div(x: int, y: int) -> int:
    """``x / y`` in units.

    Raises:
        ZeroDivisionError: if ``y`` is 0.

    >>> div(2 * ONE, -3 * ONE)
    -666666666666666666
    """
    return quotient(x * ONE, y)


def ln(x: int) -> int:
    """The natural logarithm in units.

    Raises:
        ValueError: if ``x`` is not above 0.

    >>> ln(2 * ONE), ln(ONE)
    (693147180559945309, 0)
    """
    return _nearest(_wide_ln(x))


def exp(x: int) -> int:
    """``e**x`` in units.

    Raises:
        ValueError: if the result does not fit into a word of 256 bits with sign.

    >>> exp(ONE), exp(-50 * ONE)
    (2718281828459045235, 0)
    """
    return _exp_of_wide((x << BITS) // ONE)


def power(x: int, y: int) -> int:
    """``x**y`` in units, for ``x`` of 0 and more.

    Raises:
        ValueError: if ``x`` is below 0, ``x`` is 0 and ``y`` not above 0, or the result does not fit into a word.

    >>> power(2 * ONE, ONE // 2), power(0, ONE), power(4 * ONE, ONE // 2)
    (1414213562373095049, 0, 2000000000000000000)
    """
    if x == 0 and y > 0:
        return 0
    return _exp_of_wide(_wide_ln(x) * y // ONE)


def from_digits(field: str, digits: Any) -> Any:
    """Numbers in fixed point from their decimal digits; nested lists become nested tuples.

    Args:
        field: what refusals call it.
        digits: a text of digits, with a minus sign or not, or lists of such.

    Raises:
        ValueError: naming ``field``, if one is no whole number in digits, or does not fit into a word.

    >>> from_digits("k", ["200000000000000000", "-5"])
    (200000000000000000, -5)
    """
    if isinstance(digits, list | tuple):
        return tuple(from_digits(f"{field}[{index}]", one) for index, one in enumerate(digits))
    bare = digits.removeprefix("-") if isinstance(digits, str) else ""
    if not (bare.isascii() and bare.isdigit() and len(bare) < 80 and abs(int(digits)) < LIMIT):
        raise refusal(field, digits, "must be decimal digits, below 2**255 in magnitude")
    return int(digits)


def _wide_ln(x: int) -> int:
    """Of a number in units, carried."""
    if x <= 0:
        raise refusal("x", x, "must be above 0, to have a logarithm")
    exponent = x.bit_length() - ONE.bit_length()
    mantissa = (x << BITS) // ONE
    mantissa = mantissa >> exponent if exponent > 0 else mantissa << -exponent
    ratio = ((mantissa - _WIDE) << BITS) // (mantissa + _WIDE)
    series = _area_tangent(abs(ratio))
    return 2 * (series if ratio >= 0 else -series) + exponent * _LN2


def _area_tangent(x: int) -> int:
    """The inverse of the hyperbolic tangent for ``0 <= x < 0.4``, carried."""
    total, term, square, order = x, x, x * x >> BITS, 1
    while term:
        term, order = term * square >> BITS, order + 2
        total += term // order
    return total


def _exp_of_wide(x: int) -> int:
    """Of a number that is carried, in units."""
    doublings, rest = divmod(x, _LN2)
    if doublings < -BITS:
        return 0
    if doublings < BITS:
        total, term, order = _WIDE, _WIDE, 0
        while term:
            order += 1
            term = (term * rest >> BITS) // order
            total += term
        found = _nearest(total << doublings if doublings > 0 else total >> -doublings)
        if found < LIMIT:
            return found
    raise refusal("exponent", x >> BITS, "is too large: the power does not fit into a word of 256 bits")


def _nearest(wide: int) -> int:
    """What is carried, in units."""
    return (wide * ONE + _WIDE // 2) >> BITS


_LN2 = 2 * _area_tangent(_WIDE // 3)
