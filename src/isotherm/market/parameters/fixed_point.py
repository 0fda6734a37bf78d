"""Numbers as contracts have them: whole multiples of ``1e-18`` in 256 bits, written in decimal."""

import decimal
import math
from typing import Any

from isotherm.errors import refusal, wrong_kind
from isotherm.market.parameters.encoding import plain

DECIMALS = 18
LIMIT = 2**255
"""Magnitudes that a signed word of 256 bits does not hold, in units of ``1e-18``."""

_EXACT = decimal.Context(prec=2000, rounding=decimal.ROUND_HALF_EVEN, Emax=10**6, Emin=-(10**6))
"""Holds every digit of every float64."""


def bd18(value: Any, field: str = "value") -> str:
    """A number in units of ``1e-18``, rounded to the nearest, as decimal digits without a point.

    Args:
        value: a number, or an array of one.
        field: what refusals call it.

    Raises:
        TypeError: naming ``field``, if it is no number.
        ValueError: naming ``field``, if it is not finite, or ``2**255 / 1e18`` and more in magnitude.

    >>> bd18(1.0), bd18(0.1), bd18(-0.5), bd18(-0.0)
    ('1000000000000000000', '100000000000000006', '-500000000000000000', '0')
    """
    return str(to_units(value, field))


def to_units(value: Any, field: str = "value") -> int:
    """As :func:`bd18`, the whole number itself.

    Raises:
        TypeError: as there.
        ValueError: as there.

    >>> to_units(1e-18)
    1
    """
    given = plain(value)
    while isinstance(given, list) and len(given) == 1:
        (given,) = given
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise wrong_kind(field, value, "a number")
    if isinstance(given, float) and not math.isfinite(given):
        raise refusal(field, given, "must be finite, to be written in fixed point")
    units = int(decimal.Decimal(given).scaleb(DECIMALS, _EXACT).to_integral_value(context=_EXACT))
    if abs(units) >= LIMIT:
        raise refusal(field, given, "must be below 2**255 / 1e18 in magnitude, to be written in fixed point")
    return units


def bd18_strings(values: Any, field: str = "values") -> Any:
    """A number, or nested lists or an array of any shape, in fixed point; lists keep their shape.

    Raises:
        TypeError: as :func:`bd18`.
        ValueError: as :func:`bd18`.

    >>> bd18_strings([0.5, 1e-19])
    ['500000000000000000', '0']
    """
    given = plain(values)
    if isinstance(given, list):
        return [bd18_strings(one, f"{field}[{index}]") for index, one in enumerate(given)]
    return bd18(given, field)


def from_bd18(digits: Any, field: str = "value") -> float:
    """The float64 nearest to a number in fixed point.

    Raises:
        ValueError: naming ``field``, if it is no whole number in decimal digits, or out of range.

    >>> from_bd18("-500000000000000000")
    -0.5
    """
    is_whole = (
        isinstance(digits, str)
        and digits.isascii()
        and digits.removeprefix("-").isdigit()
        and len(digits) < 80
    )
    if not is_whole or abs(int(digits)) >= LIMIT:
        raise refusal(field, digits, "must be decimal digits, below 2**255 in magnitude")
    return int(digits) / 10**DECIMALS
