"""Maps of raw parameters against decimal arithmetic, in JAX and on the host; their slopes; what they refuse."""

import decimal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters import host, maps

FINITE = st.floats(-1e150, 1e150, allow_nan=False)
POSITIVE = st.floats(1e-150, 1e150)


def exact_squareplus(x: float) -> float:
    with decimal.localcontext() as context:
        context.prec = 400
        exact = decimal.Decimal(x)
        return float((exact + (exact * exact + 4).sqrt()) / 2)


@given(FINITE)
def test_squareplus_is_right_to_rounding_everywhere(x: float) -> None:
    np.testing.assert_allclose(host.squareplus(x), exact_squareplus(x), rtol=4e-16)


@given(POSITIVE)
def test_squareplus_and_its_inverse_undo_each_other(y: float) -> None:
    x = float(host.inverse_squareplus(y))
    np.testing.assert_allclose(host.squareplus(x), y, rtol=1e-15)
    np.testing.assert_allclose(x, y - 1 / y, rtol=1e-9, atol=1e-9)


def test_d01_squareplus_keeps_its_digits_far_below_zero() -> None:
    """The textbook form gives 1.49e-8 for the raw value of 1e-8, and 0 for that of 1e-9."""
    y = np.array([1e-8, 1e-9, 1e-300, 0.5, 1e9])
    raw = host.inverse_squareplus(y)
    np.testing.assert_allclose(host.squareplus(raw), y, rtol=1e-15)
    with jax.enable_x64(True):
        np.testing.assert_allclose(maps.squareplus(jnp.asarray(raw)), y, rtol=1e-15)
        np.testing.assert_allclose(maps.inverse_squareplus(jnp.asarray(y)), raw, rtol=1e-15)
    single = np.float32([1e-8, 1e-9, 1e-30])
    np.testing.assert_allclose(maps.squareplus(maps.inverse_squareplus(single)), single, rtol=3e-7)


@pytest.mark.parametrize("y", [0.0, -1.0, [1.0, -0.5], float("nan"), float("inf")])
def test_d01_inverse_squareplus_refuses_what_is_not_above_zero(y: object) -> None:
    with pytest.raises(ValueError, match=r"^y = .*: should be"):
        host.inverse_squareplus(y)


def test_d01_traced_inverse_squareplus_is_no_number_there() -> None:
    found = maps.inverse_squareplus(jnp.array([0.0, -1.0, 1.0]))
    assert np.isnan(found).tolist() == [True, True, False]
    slopes = jax.grad(lambda y: jnp.nansum(maps.inverse_squareplus(y)))(jnp.array([-1.0, 2.0]))
    np.testing.assert_allclose(slopes, [0.0, 1.25])


def test_d03_logistic_does_not_overflow() -> None:
    far = np.array([-1e4, -700.0, 0.0, 710.0, 1e4])
    np.testing.assert_allclose(host.logistic(far), [0.0, np.exp(-700.0), 0.5, 1.0, 1.0], rtol=1e-12)
    with jax.enable_x64(True):
        np.testing.assert_allclose(maps.logistic(jnp.asarray(far)), host.logistic(far), rtol=1e-12)
        assert np.isfinite(jax.grad(lambda x: maps.logistic(x).sum())(jnp.asarray(far))).all()


@given(st.floats(-30, 30))
def test_logit_undoes_logistic(x: float) -> None:
    np.testing.assert_allclose(host.logit(host.logistic(x)), x, rtol=1e-3, atol=1e-12)
    with jax.enable_x64(True):
        np.testing.assert_allclose(
            maps.logit(jnp.asarray(host.logistic(x))), host.logit(host.logistic(x)), rtol=1e-12
        )


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, 1.1])
def test_logit_refuses_what_is_no_probability_between(p: float) -> None:
    with pytest.raises(ValueError, match=r"^p = .*above 0 and below 1"):
        host.logit(p)


@pytest.mark.parametrize("x", [3, np.int32(3), np.float32(3), np.float64(3), [1, 3]])
def test_numbers_of_any_kind_are_taken(x: object) -> None:
    expected = (np.asarray(x, float) + np.sqrt(np.asarray(x, float) ** 2 + 4)) / 2
    found = maps.squareplus(jnp.asarray(x))
    assert jnp.issubdtype(found.dtype, jnp.floating)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(host.squareplus(x), expected, rtol=1e-14)


def test_slopes_are_those_of_the_formulas() -> None:
    with jax.enable_x64(True):
        x = jnp.array([-1e9, -3.0, -2.0, -1e-9, 0.0, 1e-9, 2.0, 1e9])
        slope = jax.vmap(jax.grad(maps.squareplus))(x)
        # y / (2 y - x), without the difference of large numbers
        y = host.squareplus(np.asarray(x))
        np.testing.assert_allclose(slope, y / np.hypot(np.asarray(x), 2.0), rtol=1e-12)
        curvature = jax.vmap(jax.grad(jax.grad(maps.squareplus)))(x[1:-1])
        np.testing.assert_allclose(curvature, 2 / np.hypot(np.asarray(x[1:-1]), 2.0) ** 3, rtol=1e-10)


def test_logarithms_are_of_base_two_and_refuse_what_has_none() -> None:
    np.testing.assert_allclose(host.get_raw_value([0.25, 3.7]), np.log2([0.25, 3.7]))
    np.testing.assert_allclose(maps.get_raw_value(jnp.array([0.25, 8.0])), [-2.0, 3.0])
    np.testing.assert_allclose(host.get_log_amplitude([20.0, 5.0], 10.0), [1.0, -1.0])
    np.testing.assert_allclose(maps.get_log_amplitude(jnp.array([20.0, 5.0]), 10.0), [1.0, -1.0])
    with pytest.raises(ValueError, match=r"^value = 0.0"):
        host.get_raw_value(0.0)
    with pytest.raises(ValueError, match=r"^amplitude = -1.0"):
        host.get_log_amplitude(-1.0, 10.0)
    with pytest.raises(ValueError, match=r"^memory_days = 0.0"):
        host.get_log_amplitude(1.0, 0.0)


@pytest.mark.parametrize(("values", "error"), [(["a"], ValueError), (True, TypeError), ([True], TypeError)])
def test_what_is_no_number_is_refused_in_one_line(values: object, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^x") as caught:
        host.real_values("x", values)
    assert "\n" not in str(caught.value)
