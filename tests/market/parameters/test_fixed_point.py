"""Numbers in fixed point: exact rounding, signs, ranges, and the way back."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters.fixed_point import bd18, bd18_strings, from_bd18, to_units


def by_formatting(x: float) -> str:
    """Exactly 18 decimals, the point deleted, zeros stripped."""
    digits = f"{abs(x):.18f}".replace(".", "").lstrip("0") or "0"
    return f"-{digits}" if x < 0 and digits != "0" else digits


@given(st.floats(-1e40, 1e40, allow_nan=False) | st.floats(-1e-15, 1e-15))
def test_rounding_is_that_of_the_binary_value(x: float) -> None:
    assert bd18(x) == by_formatting(x)
    assert to_units(x) == round(Fraction(x) * 10**18)


@given(st.floats(5e-4, 1e40) | st.floats(-1e40, -5e-4))
def test_numbers_come_back_to_rounding(x: float) -> None:
    np.testing.assert_allclose(from_bd18(bd18(x)), x, rtol=1e-15)


def test_d17_signs_and_zeros() -> None:
    assert bd18_strings([-0.5, -0.0, 0.0, -1e-19, -1e-18]) == ["-500000000000000000", "0", "0", "0", "-1"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float64("nan")])
def test_d17_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"^value = .*: must be finite"):
        bd18(value)
    with pytest.raises(ValueError, match=r"^k\[1\] = "):
        bd18_strings([1.0, value], "k")


def test_d49_magnitudes_that_a_word_does_not_hold_are_refused() -> None:
    limit = 2**255 / 1e18
    for value in (1e60, limit, -limit, -1e60, 10**60):
        with pytest.raises(ValueError, match=r"^value = .*below 2\*\*255 / 1e18") as caught:
            bd18(value)
        assert "\n" not in str(caught.value)
    below = float(np.nextafter(limit, 0))
    assert int(bd18(below)) < 2**255
    assert int(bd18(-below)) > -(2**255)


def test_containers_keep_their_shape() -> None:
    assert bd18(np.array(0.5)) == bd18(np.array([0.5])) == bd18([[0.5]]) == bd18(jnp.asarray(0.5))
    assert bd18(3) == "3000000000000000000"
    assert bd18_strings(np.ones((1, 2))) == [["1000000000000000000"] * 2]
    assert bd18_strings(0.25) == "250000000000000000"


@pytest.mark.parametrize("value", ["1", None, True, [1.0, 2.0], {}])
def test_other_kinds_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"^value"):
        bd18(value)


@pytest.mark.parametrize(
    "digits",
    ["", "-", "1.5", "1e3", " 1", "٣", "--1", 5, None, str(2**255), str(-(2**255)), "1" * 90, "1" * 5000],
)
def test_what_is_no_number_in_fixed_point_is_refused(digits: object) -> None:
    with pytest.raises(ValueError, match=r"^value = .*must be decimal digits"):
        from_bd18(digits)
