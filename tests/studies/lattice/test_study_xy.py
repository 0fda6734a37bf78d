import json
import re

import numpy as np
import pytest

from isotherm.estimate.kosterlitz import (
    crossing,
    fit_crossings,
    fit_helicity,
    helicity_at_transition,
    power_law,
    reached,
    smooth,
)
from isotherm.studies.lattice.estimates import disagreement, estimates
from isotherm.studies.xy.config import XYConfig, parts
from isotherm.studies.xy.study import XY

SIZES = (8, 16, 32, 64)
TEMPERATURES = np.linspace(0.86, 1.04, 7)


def helicity(temperature, size, at=0.8929, constant=0.6):
    return helicity_at_transition(at, size, constant) - 2 * (temperature - at) - 3 * (temperature - at) ** 2


def noisy_curves(rng, at=0.8929, error=0.003):
    errors = np.full(len(TEMPERATURES), error)
    return [
        smooth(TEMPERATURES, helicity(TEMPERATURES, size, at) + errors * rng.normal(size=len(errors)), errors)
        for size in SIZES
    ]


def test_the_fit_finds_a_planted_transition_within_its_own_error():
    rng = np.random.default_rng(0)
    fits = [fit_helicity(noisy_curves(rng), SIZES) for _ in range(40)]
    pulls = np.array([(fit.temperature - 0.8929) / fit.error for fit in fits])
    assert abs(pulls.mean()) < 4 / np.sqrt(len(pulls))
    assert 0.65 < pulls.std() < 1.4
    assert np.mean([fit.chi2 / fit.dof for fit in fits]) == pytest.approx(1, abs=0.5)
    other = fit_helicity(noisy_curves(rng, at=0.94), SIZES)
    assert abs(other.temperature - 0.8929) > 5 * other.error


def test_crossings_lie_on_the_lines_and_extrapolate():
    rng = np.random.default_rng(1)
    curve = noisy_curves(rng, error=1e-6)[2]
    plain, corrected = crossing(curve, 32), crossing(curve, 32, 0.6)
    assert plain is not None
    assert corrected is not None
    temperature, error = plain
    assert curve.at(temperature)[0] == pytest.approx(2 * temperature / np.pi, abs=1e-8)
    assert 0 < error < 1e-5
    assert corrected[0] == pytest.approx(0.8929, abs=1e-4)
    assert crossing(smooth(TEMPERATURES, 2 + 0 * TEMPERATURES, 0.1 + 0 * TEMPERATURES), 32) is None
    sizes = (*SIZES, 128)
    planted = [0.8929 + 0.6 / (np.log(size) + 0.4) ** 2 for size in sizes]
    found, amplitude = fit_crossings(planted, [1e-4] * 5, sizes)
    assert (found.temperature, found.constant, amplitude) == pytest.approx((0.8929, 0.4, 0.6), abs=1e-3)


def test_exponents_and_levels():
    values = np.array([[size**-0.25, 3 * size**-0.1] for size in SIZES])
    exponents, errors, misfit = power_law(SIZES, values, 0.01 * values)
    np.testing.assert_allclose(exponents, [0.25, 0.1])
    np.testing.assert_allclose(misfit, 0, atol=1e-12)
    assert (errors > 0).all()
    x, y = np.array([0.6, 0.7, 0.8]), np.array([0.05, 0.1, 0.2])
    found = reached(x, y, np.full(3, 0.01), 0.15)
    assert found is not None
    assert found[0] == pytest.approx(0.75)
    assert reached(x, y, np.full(3, 0.01), 0.3) is None


def planted_means(rng, size, temperatures, chains, model=helicity):
    """Means of chains whose helicity modulus, exponent and energy are known; ``(2, temperatures, chains)``."""
    betas, shape = 1 / np.array(temperatures), (2, len(temperatures), chains)
    m2 = (size ** -(0.4 * (np.array(temperatures) - 0.4)))[:, None]
    sine2 = np.full(shape, 0.1) / size**2
    exact = {
        "energy": -2 + np.array(temperatures)[:, None] / 2,
        "energy2": (-2 + np.array(temperatures)[:, None] / 2) ** 2 + 1 / size**2,
        "magnetization2": m2,
        "magnetization4": m2**2 * 1.1,
        "abs_magnetization": np.sqrt(m2) * 0.99,
        "structure_kmin": m2 / 5,
        "helicity_sine2": sine2,
        "helicity_cosine": (model(np.array(temperatures), size) + betas * 0.1)[:, None],
        "vortex_density": 0.01 + 0 * m2,
        "antivortex_density": 0.01 + 0 * m2,
    }
    return {name: value + 1e-5 * rng.normal(size=shape) / size**2 for name, value in exact.items()}


def planted_results(config):
    rng = np.random.default_rng(2)
    return {
        task.name: planted_means(rng, task.payload["size"], task.payload["temperatures"], config.num_chains)
        for task in XY().tasks(config)
    }


def test_estimates_are_functions_of_means_with_the_right_error():
    rng = np.random.default_rng(3)
    betas = 1 / TEMPERATURES
    means = planted_means(rng, 16, TEMPERATURES, 400)
    found = estimates(means, betas, 16)
    np.testing.assert_allclose(found["helicity_modulus"].value, helicity(TEMPERATURES, 16), atol=1e-5)
    np.testing.assert_allclose(found["heat_capacity"].value, betas**2, atol=1e-3)
    np.testing.assert_allclose(found["energy"].error, 1e-5 / 16**2 / np.sqrt(800), rtol=0.15)
    np.testing.assert_allclose(found["correlation_length"].value, 2 / (2 * np.sin(np.pi / 16)), rtol=1e-3)
    assert max(np.abs(z).max() for z in disagreement(means, betas, 16).values()) < 5
    wrong = {name: value + 1e-4 * np.arange(2)[:, None, None] for name, value in means.items()}
    assert np.abs(disagreement(wrong, betas, 16)["energy"]).min() > 5
    assert "helicity_modulus" not in estimates({k: v for k, v in means.items() if "heli" not in k}, betas, 4)


def test_the_study_finds_what_is_planted_and_draws_it(tmp_path):
    study, config = XY(), XYConfig()
    found = study.combine(config, planted_results(config))
    metrics = json.loads(json.dumps(found.metrics, allow_nan=False))
    assert metrics["transition"]["temperature"] == pytest.approx(0.8929, abs=1e-3)
    for name, eta in (("lower", 1 / 9), ("upper", 1 / 4)):
        assert metrics["six"][name]["temperature"] == pytest.approx(0.4 + eta / 0.4, abs=1e-3)
    first, *others = study.conclusions(config, metrics)
    assert re.search(r"T_KT = 0\.89\d\d ± 0\.\d{4}", first)
    assert "agree" in others[0]
    assert [row[0] for row in study.tables(config, metrics)[1].rows] == [str(size) for size in config.sizes]
    names = []
    for figure in study.figures(config, metrics, found.arrays):
        figure.figure.savefig(tmp_path / f"{figure.name}.png", dpi=40)
        names.append(figure.name)
    assert names == ["helicity", "transition", "thermodynamics", "decay", "clock", "six-angles", "starts"]
    assert all((tmp_path / f"{name}.png").stat().st_size > 3000 for name in names)


def test_starts_that_disagree_are_told():
    study, config = XY(), XYConfig()
    results = planted_results(config)
    means = results["xy.size-16"]["energy"]
    means[1] += 0.01
    said = study.conclusions(config, study.combine(config, results).metrics)
    assert "**disagree**" in said[1]


def test_curves_of_one_size_run_together():
    config = XYConfig(sizes=(8, 12, 16), smallest_fitted=8, curve_sizes=(8, 12))
    names = [task.name for task in XY().tasks(config)]
    assert len(names) == len(set(names))
    assert names.count("xy.size-8") == 1
    together = next(task for task in XY().tasks(config) if task.name == "xy.size-8").payload["temperatures"]
    assert set(together) == {*config.temperatures, *config.critical_temperatures}
    assert len(parts(config)) == 3 + 2 + 1 + len(config.six_sizes)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperatures": (0.5, 0.4, 0.6, 1.0)}, "temperatures = .*must ascend"),
        ({"six_sizes": (8,)}, "six_sizes = .*needs two sizes, or none"),
        ({"smallest_fitted": 48}, "smallest_fitted = 48: must leave at least three"),
    ],
)
def test_lists_out_of_order_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        XY().check(XYConfig(**values))


@pytest.mark.slow
def test_a_small_run_agrees_with_itself_from_both_starts():
    config = XYConfig(**{**XY.presets["smoke"], "curve_sizes": (6, 8), "num_samples": 200})
    task = next(one for one in XY().tasks(config) if one.name == "xy.size-8")
    means = XY().compute(config, task)
    temperatures = np.array(task.payload["temperatures"])
    scores = disagreement(means, 1 / temperatures, 8)
    assert max(np.abs(scores[name]).max() for name in ("energy", "helicity_modulus")) < 14
    found = estimates(means, 1 / temperatures, 8)
    assert (np.diff(found["energy"].value) > 0).all()
    assert found["helicity_modulus"].value[0] == pytest.approx(1 - temperatures[0] / 4, abs=0.08)
