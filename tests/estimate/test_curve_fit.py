import numpy as np
import pytest

from isotherm.estimate.bootstrap import errors, resample
from isotherm.estimate.curve_fit import SizeCurve, crossing, drift, fit_curve, power_law
from isotherm.estimate.scaling import fit_scaling
from isotherm.studies.ising.results import scaled

T_C, NU = 2.269185314213022, 1.25
NUM_ROWS = 100


def noisy(values: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Rows as a bootstrap gives them: an estimate off by the noise, resamples spread around the estimate."""
    estimate = values + sigma * rng.standard_normal(values.shape)
    return np.concatenate([estimate[None], estimate + sigma * rng.standard_normal((NUM_ROWS, *values.shape))])


def binder_like(temperature: np.ndarray, size: int, correction: float) -> np.ndarray:
    x = (temperature / T_C - 1) * size ** (1 / NU)
    return 0.6 - 0.5 * np.tanh(0.7 * x) * 0.4 + correction * size**-2.0


def test_resampled_rows_have_the_mean_and_the_error_of_independent_blocks() -> None:
    rng = np.random.default_rng(1)
    blocks = rng.normal(3.0, 2.0, (2, 3, 4, 50))
    rows = resample({"energy": blocks, "double": 2 * blocks}, 400, rng)
    assert rows["energy"].shape == (401, 3)
    np.testing.assert_allclose(rows["energy"][0], blocks.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(rows["double"], 2 * rows["energy"], rtol=1e-12)
    np.testing.assert_allclose(errors(rows["energy"]), 2.0 / np.sqrt(400), rtol=0.25)
    # temperatures are resampled apart from each other
    assert abs(np.corrcoef(rows["energy"][1:, 0], rows["energy"][1:, 1])[0, 1]) < 0.25


def test_quantities_of_a_disordered_and_an_ordered_lattice() -> None:
    n = 64
    disordered = {
        "energy": -0.2,
        "energy2": 0.04 + 0.5 / n,
        "abs_magnetization": np.sqrt(2 / np.pi / n),
        "magnetization2": 1 / n,
        "magnetization4": 3 / n**2,
        "structure_kmin": 1 / n / (1 + (2 * np.sin(np.pi / 8) * 3.0) ** 2),
    }
    ordered = dict.fromkeys(disordered, 1.0) | {"energy": -2.0, "energy2": 4.0, "structure_kmin": 1e-9}
    moments = {name: np.array([[disordered[name], ordered[name]]]) for name in disordered}
    found = scaled(moments, np.array([2.0, 0.5]), 8)
    np.testing.assert_allclose(found["binder"][0], [0.0, 2 / 3], atol=1e-12)
    np.testing.assert_allclose(found["heat_capacity"][0], [0.125, 0.0], atol=1e-12)
    np.testing.assert_allclose(found["susceptibility"][0], [0.5, 128.0])
    np.testing.assert_allclose(found["connected"][0], [0.5 * (1 - 2 / np.pi), 0.0], atol=1e-12)
    assert found["correlation_ratio"][0, 0] == pytest.approx(3.0 / 8)


def test_curves_cross_where_they_should_with_an_honest_error() -> None:
    temperatures = np.linspace(2.22, 2.32, 7)
    slope = -0.14 * 32 ** (1 / NU) / T_C
    z = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        small, large = (
            fit_curve(temperatures, noisy(binder_like(temperatures, size, 0.0), 1e-3, rng))
            for size in (16, 32)
        )
        rows = crossing(small, large, 2.22, 2.32)
        z.append((rows[0] - T_C) / errors(rows))
        found = large.slope(rows)
        assert abs(found[0] - slope) < 5 * errors(found)
        assert np.isnan(crossing(small, large, 2.31, 2.32)).any()
    assert 0.4 < np.sqrt(np.mean(np.square(z))) < 1.7


def test_a_drift_is_extrapolated_and_a_wrong_power_is_seen() -> None:
    sizes = [8, 16, 32]
    rng = np.random.default_rng(3)
    rows = noisy(T_C + 0.8 * np.array(sizes) ** -2.0, 1e-5, rng)
    found = drift(sizes, rows, 2.0)
    assert abs(found[0] - T_C) < 4 * errors(found)
    wrong = drift(sizes, rows, 1.0)
    assert abs(wrong[0] - T_C) > 8 * errors(wrong)


def test_a_power_law_gives_exponent_error_and_fit() -> None:
    sizes = [8, 16, 32, 64]
    rng = np.random.default_rng(4)
    truth = 1.7 * np.array(sizes) ** -0.125
    law = power_law(sizes, noisy(truth, 2e-3, rng))
    assert abs(law.exponent[0] + 0.125) < 4 * errors(law.exponent)
    assert errors(law.exponent) < 0.002
    assert law.amplitude[0] == pytest.approx(1.7, rel=0.02)
    assert law.chi2 < 5
    assert power_law(sizes, noisy(truth - 0.7, 2e-3, rng)).chi2 > 10


def test_the_joint_fit_finds_the_critical_point_within_its_error() -> None:
    rng = np.random.default_rng(5)
    data = {}
    for size in (8, 16, 32):
        temperatures = T_C * (1 + np.linspace(-0.8, 0.8, 9) / size ** (1 / NU))
        first = noisy(binder_like(temperatures, size, 1.5), 4e-4, rng)
        second = noisy(2 * binder_like(temperatures, size, -0.5) ** 2, 8e-4, rng)
        data[size] = (temperatures, (first[:30], second[:30]))
    found = fit_scaling(data, (2.25, 1.0))
    assert abs(found.temperature[0] - T_C) < 4 * errors(found.temperature)
    assert errors(found.temperature) < 1e-3
    assert abs(found.inverse_nu[0] - 1 / NU) < 4 * errors(found.inverse_nu)
    assert abs(found.limits[0] - np.array([0.6, 0.72])) == pytest.approx(0.0, abs=5e-3)
    assert 0.5 < found.chi2 < 2
    assert fit_scaling(data, (2.25, 1.0), correction=None).chi2 > 3


def test_a_corrected_power_law_is_told_from_a_plain_one() -> None:
    sizes = [8, 16, 32, 64]
    rng = np.random.default_rng(6)
    at = np.array(sizes, float)
    truth = 0.6 * at**1.75 * np.exp(2.0 * at**-1.75)
    plain = power_law(sizes, noisy(truth, 5e-4, rng))
    corrected = power_law(sizes, noisy(truth, 5e-4, rng), correction=1.75)
    assert abs(plain.exponent[0] - 1.75) > 8 * errors(plain.exponent)
    assert abs(corrected.exponent[0] - 1.75) < 4 * errors(corrected.exponent)
    assert abs(corrected.correction[0] - 2.0) < 4 * errors(corrected.correction)
    np.testing.assert_allclose(corrected.at(at)[0], truth, rtol=5e-3)


def test_a_joint_fit_allows_for_slopes_that_small_sizes_bend() -> None:
    rng = np.random.default_rng(7)
    data = {}
    for size in (8, 16, 32):
        temperatures = T_C * (1 + np.linspace(-0.5, 0.5, 7) / size)
        x = (temperatures / T_C - 1) * size
        truth = 0.9 - 0.6 * x + 0.1 * x**2 + (0.7 - 4.0 * x) * size**-1.75
        data[size] = (temperatures, (noisy(truth, 4e-4, rng)[:30],))
    found = fit_scaling(data, (2.27, 1.0), 3, 1.75)
    assert abs(found.temperature[0] - T_C) < 4 * errors(found.temperature) < 4e-3
    assert abs(found.inverse_nu[0] - 1) < 4 * errors(found.inverse_nu)
    assert found.chi2 < 3


@pytest.mark.parametrize("place", [0.5, 31.5, 32.5, 63.5])
def test_a_crossing_is_on_the_parabola_through_the_points_around_it(place: float) -> None:
    """Also in the first and in the last of the 64 intervals; cubic terms are what a parabola leaves."""
    root, step = place / 64, 1 / 64
    cubic = np.array([[-(root**3) - root, 1 + 0.0, 0.0, 1.0]])  # (x - root) + x³ - root³
    flat = SizeCurve(0.0, 1.0, np.zeros((1, 4)), 0.0)
    found = crossing(SizeCurve(0.0, 1.0, cubic, 0.0), flat, 0.0, 1.0)[0]
    # halves, and one and a half, of a step away from the three points
    assert abs(found - root) < 1.2 * 0.375 * step**3
    line = SizeCurve(0.0, 1.0, np.array([[-root, 1.0, 0.0, 0.0]]), 0.0)
    assert crossing(line, flat, 0.0, 1.0)[0] == pytest.approx(root, abs=1e-12)
