"""Arithmetic in whole numbers against decimals of many digits: rounding as stated, to the last unit."""

import decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.deployment import fixed_math as fixed
from isotherm.market.deployment.fixed_math import ONE
from isotherm.market.parameters.fixed_point import LIMIT

EXACT = decimal.Context(prec=150, Emax=10**6, Emin=-(10**6))
NUMBERS = st.integers(-(10**45), 10**45)
POSITIVE = st.integers(1, 10**40) | st.integers(1, 10**20)


def real(units: int) -> decimal.Decimal:
    return decimal.Decimal(units).scaleb(-18, EXACT)


def distance(found: int, exact: decimal.Decimal) -> decimal.Decimal:
    """In units."""
    return abs(EXACT.subtract(decimal.Decimal(found), exact.scaleb(18, EXACT)))


@given(NUMBERS, NUMBERS.filter(bool))
def test_quotients_are_cut_toward_zero(x: int, y: int) -> None:
    exact = {
        fixed.quotient(x, y): Fraction(x, y),
        fixed.div(x, y): Fraction(x * ONE, y),
        fixed.mul(x, y): Fraction(x * y, ONE),
    }
    for found, fraction in exact.items():
        assert found == int(fraction)  # int() cuts toward zero
        assert abs(found) <= abs(fraction) < abs(found) + 1


def test_nothing_is_divided_by_zero() -> None:
    for call in (fixed.quotient, fixed.div):
        with pytest.raises(ZeroDivisionError):
            call(1, 0)


@given(POSITIVE)
def test_logarithms_are_the_nearest(x: int) -> None:
    assert distance(fixed.ln(x), real(x).ln(EXACT)) <= decimal.Decimal("0.500000001")


@given(st.integers(-60 * ONE, 134 * ONE))
def test_exponentials_are_the_nearest(x: int) -> None:
    assert distance(fixed.exp(x), real(x).exp(EXACT)) <= decimal.Decimal("0.500000001")


@given(st.integers(1, 10**24), st.integers(-4 * ONE, 8 * ONE))
def test_powers_are_the_nearest(x: int, y: int) -> None:
    exact = EXACT.power(real(x), real(y))
    if exact > decimal.Decimal("1e58"):
        return
    assert distance(fixed.power(x, y), exact) <= decimal.Decimal("0.500000001")


def test_powers_of_what_has_one() -> None:
    assert fixed.power(0, 1) == 0
    assert fixed.power(0, 5 * ONE) == 0
    assert fixed.power(7 * ONE, 0) == ONE
    assert fixed.power(ONE, -9 * ONE) == ONE
    assert [fixed.power(n * n * ONE, ONE // 2) for n in range(1, 50)] == [n * ONE for n in range(1, 50)]
    assert fixed.exp(0) == ONE
    assert fixed.exp(-(10**60)) == 0
    assert fixed.exp(-41 * ONE) == 2
    assert fixed.exp(-42 * ONE) == 1
    assert fixed.exp(-43 * ONE) == 0


@pytest.mark.parametrize("call", [lambda: fixed.ln(0), lambda: fixed.ln(-1), lambda: fixed.power(0, 0)])
def test_logarithms_of_what_has_none(call) -> None:
    with pytest.raises(ValueError, match=r"^x = (0|-1): must be above 0"):
        call()


@pytest.mark.parametrize("x", [136 * ONE, 400 * ONE, 10**30])
def test_what_does_not_fit_into_a_word_is_refused(x: int) -> None:
    assert fixed.exp(135 * ONE) < LIMIT
    with pytest.raises(ValueError, match=r"^exponent = \d+: is too large"):
        fixed.exp(x)


def test_digits_are_read_and_nothing_else() -> None:
    assert fixed.from_digits("k", "-12") == -12
    assert fixed.from_digits("k", [["1"], ["-2", str(LIMIT - 1)]]) == ((1,), (-2, LIMIT - 1))
    for wrong in (
        "",
        "-",
        "1.5",
        "+1",
        " 1",
        "1e3",
        "--1",
        "٣",
        5,
        None,
        str(LIMIT),
        "-" + str(LIMIT),
        "0" * 90,
    ):
        with pytest.raises(
            ValueError, match=r"^k\[0\] = .*: must be decimal digits, below 2\*\*255 in magnitude"
        ):
            fixed.from_digits("k", [wrong])
