"""Fits at the Kosterlitz–Thouless transition, on curves made from the formulas of the papers."""

import math

import numpy as np
import pytest

from isotherm.estimate.kosterlitz import (
    CENTRE,
    JUMP,
    HelicityCurve,
    crossing,
    fit_crossings,
    fit_helicity,
    helicity_at_transition,
    power_law,
    reached,
    smooth,
)

SIZES = (16, 32, 64, 128)
T_KT, CONSTANT = 0.893, 1.3


def line(value: float, slope: float, error: float, at: float = CENTRE) -> HelicityCurve:
    """A straight curve through ``value`` at a temperature, of which only the height is uncertain."""
    coefficients = np.array([value + slope * (CENTRE - at), slope])
    return HelicityCurve(coefficients, np.diag([error**2, 0.0]), 0.0, 3, (0.8, 1.0))


def at_transition(size: int) -> float:
    """Weber and Minnhagen's equation, written out: ``Y = 2T/π (1 + 1 / (2 (ln L + C)))``."""
    return 2 * T_KT / math.pi * (1 + 1 / (2 * (math.log(size) + CONSTANT)))


def test_the_logarithmic_correction_is_that_of_weber_and_minnhagen() -> None:
    assert pytest.approx(0.636620, abs=1e-6) == JUMP
    # ln L + C = 2: the correction is a quarter
    assert helicity_at_transition(0.8, 10, 2 - math.log(10)) == pytest.approx(0.8 * 2 / math.pi * 1.25)
    assert helicity_at_transition(0.8, 10, math.inf) == pytest.approx(1.6 / math.pi)
    assert helicity_at_transition(T_KT, 64, CONSTANT) == pytest.approx(at_transition(64))


def test_helicity_moduli_of_all_sizes_give_the_transition_and_its_constant() -> None:
    curves = [line(at_transition(size), -1.5, 1e-3, T_KT) for size in SIZES]
    found = fit_helicity(curves, SIZES)
    assert found.temperature == pytest.approx(T_KT, abs=1e-6)
    assert found.constant == pytest.approx(CONSTANT, abs=1e-4)
    assert found.chi2 < 1e-6
    assert (found.dof, found.sizes) == (2, SIZES)
    # errors from the curvature of the squared misfit, by finite differences
    logs = np.log(SIZES) + CONSTANT
    slopes = np.stack(
        [-1.5 - JUMP * (1 + 0.5 / logs), JUMP * T_KT * 0.5 / logs**2], axis=1
    )  # of value less wanted, by temperature and by constant
    covariance = np.linalg.inv(slopes.T @ slopes) * 1e-6
    assert [found.error, found.constant_error] == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-3)


def test_misfits_count_in_units_of_the_errors() -> None:
    off = np.array([1, -1, 1, -1]) * 2e-3
    curves = [line(at_transition(size) + d, -1.5, 1e-3, T_KT) for size, d in zip(SIZES, off, strict=True)]
    # four points two errors off, of which two unknowns can take little
    assert 8 < fit_helicity(curves, SIZES).chi2 < 16


def test_crossings_are_extrapolated_by_the_square_of_the_logarithm() -> None:
    temperatures = T_KT + 0.7 / (np.log(SIZES) + CONSTANT) ** 2
    found, amplitude = fit_crossings(list(temperatures), [1e-5] * 4, SIZES)
    assert found.temperature == pytest.approx(T_KT, abs=1e-5)
    assert found.constant == pytest.approx(CONSTANT, abs=1e-2)
    assert amplitude == pytest.approx(0.7, abs=1e-2)
    assert found.dof == 1


def test_a_polynomial_goes_through_its_points_with_their_errors() -> None:
    temperatures = CENTRE + np.array([-0.1, -0.05, 0.0, 0.04, 0.09, 0.12])
    x = temperatures - CENTRE
    curve = smooth(temperatures, 0.6 - 2 * x + 3 * x**2 - 5 * x**3, np.full(6, 0.01))
    np.testing.assert_allclose(curve.coefficients, [0.6, -2, 3, -5], atol=1e-8)
    assert (curve.dof, curve.span) == (2, (CENTRE - 0.1, CENTRE + 0.12))
    assert curve.chi2 == pytest.approx(0, abs=1e-12)
    assert curve.at(CENTRE + 0.1)[0] == pytest.approx(0.6 - 0.2 + 0.03 - 0.005)
    flat = smooth(np.array([0.9, 0.92, 0.95]), np.array([1.0, 2.0, 6.0]), np.array([1.0, 1.0, 0.5]), 0)
    # weighted mean (1 + 2 + 4 * 6) / 6, error 1 / sqrt(6)
    assert flat.at(0.7) == pytest.approx((4.5, 1 / math.sqrt(6)))
    assert flat.chi2 == pytest.approx(3.5**2 + 2.5**2 + (1.5 / 0.5) ** 2)


def test_a_curve_crosses_the_line_where_both_are_equal() -> None:
    curve = line(JUMP * 0.9, -1.0, 0.002, 0.9)
    temperature, error = crossing(curve, 32) or (0.0, 0.0)
    assert temperature == pytest.approx(0.9)
    assert error == pytest.approx(0.002 / (1 + JUMP), rel=1e-5)
    lower = crossing(line(at_transition(64), -1.0, 0.002, T_KT), 64, CONSTANT)
    assert lower is not None
    assert lower[0] == pytest.approx(T_KT)
    assert crossing(line(JUMP * 1.04, 0.0, 0.002), 32) is not None, "close to the temperatures"
    assert crossing(line(JUMP * 1.06, 0.0, 0.002), 32) is None
    assert crossing(line(JUMP * 0.74, 0.0, 0.002), 32) is None


def test_power_laws_have_their_exponents_and_the_errors_of_straight_lines() -> None:
    sizes = (8, 16, 32)
    values = np.array([[2 * s**-0.25, 3 * s**0.5] for s in sizes])
    exponents, errors, misfit = power_law(sizes, values, 0.02 * values)
    np.testing.assert_allclose(exponents, [0.25, -0.5])
    np.testing.assert_allclose(misfit, 0, atol=1e-12)
    # equal relative errors at log sizes -log 2, 0, log 2 around the middle
    np.testing.assert_allclose(errors, 0.02 / (math.log(2) * math.sqrt(2)))
    bent = values.copy()
    bent[1] *= math.exp(0.03)
    np.testing.assert_allclose(power_law(sizes, bent, 0.02 * bent)[2], 1.5, rtol=1e-6)  # (2/3) 1.5²
    uneven = power_law((10, 100), np.array([[1.0], [0.1]]), np.array([[0.1], [0.02]]))
    assert uneven[1] == pytest.approx(math.hypot(0.1, 0.2) / math.log(10))


def test_a_level_is_reached_on_the_straight_line_between_two_points() -> None:
    temperatures, values = np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.2, 0.6])
    errors = np.array([0.0, 0.02, 0.04])
    found = reached(temperatures, values, errors, 0.3)
    # a quarter of the way from 2 to 4; errors 0.75 * 0.02 and 0.25 * 0.04 over the slope 0.2
    assert found == pytest.approx((2.5, math.hypot(0.015, 0.01) / 0.2))
    assert reached(temperatures, values, errors, 0.6) == pytest.approx((4.0, 0.2))
    assert reached(temperatures, values, errors, 0.7) is None
    assert reached(temperatures, values, errors, 0.1) is None, "it began there"
