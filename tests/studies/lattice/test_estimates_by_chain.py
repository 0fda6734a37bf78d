"""Estimates by leaving chains out, on means that are known."""

import numpy as np
import pytest

from isotherm.studies.lattice.estimates import disagreement, estimates

BETAS = np.array([0.5, 2.0])


def made_up(chains: int = 5, starts: int = 2) -> dict[str, np.ndarray]:
    """Means of every observable, ``(starts, betas, chains)``."""
    rng, shape = np.random.default_rng(0), (starts, 2, chains)
    means = {name: rng.uniform(0.2, 0.4, shape) for name in ("magnetization2", "helicity_cosine")}
    means |= {"energy": rng.normal(-1, 0.1, shape), "energy2": rng.uniform(1.5, 2, shape)}
    means |= {
        "abs_magnetization": rng.uniform(0.3, 0.4, shape),
        "magnetization4": rng.uniform(0.1, 0.2, shape),
    }
    means |= {"helicity_sine2": rng.uniform(0, 0.01, shape), "structure_kmin": rng.uniform(0.05, 0.1, shape)}
    return means | {name: rng.uniform(0.01, 0.05, shape) for name in ("vortex_density", "antivortex_density")}


def constant(value: float) -> np.ndarray:
    """Of one start at one temperature, two chains."""
    return np.full((1, 1, 2), value)


def test_quantities_are_their_formulas() -> None:
    means = {
        "energy": -1.0, "energy2": 1.25, "magnetization2": 0.5, "abs_magnetization": 0.6, "magnetization4": 0.3,
        "helicity_cosine": 0.9, "helicity_sine2": 0.01, "vortex_density": 0.02, "antivortex_density": 0.04,
        "structure_kmin": 0.1, "largest_fraction": 0.7,
    }  # fmt: skip
    found = estimates({name: constant(value) for name, value in means.items()}, np.array([2.0]), 4)
    exact = {
        "energy": -1.0, "magnetization2": 0.5, "abs_magnetization": 0.6, "largest_fraction": 0.7,
        "heat_capacity": 4 * 16 * 0.25,
        "binder": 1 - 0.3 / (3 * 0.25),
        "susceptibility": 2 * 16 * (0.5 - 0.36),
        "helicity_modulus": 0.9 - 2 * 16 * 0.01,
        "vortex_density": 0.03,
        "correlation_length": 2 / (2 * np.sin(np.pi / 4)),
    }  # fmt: skip
    assert {name: float(one.value[0]) for name, one in found.items()} == pytest.approx(exact)
    few = {name: constant(means[name]) for name in list(means)[:5]} | {"structure_kmin": constant(0.9)}
    short = estimates(few, np.array([2.0]), 4)
    assert "helicity_modulus" not in short
    assert "vortex_density" not in short
    assert short["correlation_length"].value == 0, "fluctuations are larger at the smallest wave"


def test_the_error_of_a_mean_is_that_of_independent_chains_of_all_starts() -> None:
    means = made_up()
    found = estimates(means, BETAS, 4)
    for name in ("energy", "magnetization2"):
        flat = np.moveaxis(means[name], 1, 0).reshape(2, 10)
        np.testing.assert_allclose(found[name].value, flat.mean(1))
        np.testing.assert_allclose(found[name].error, flat.std(1, ddof=1) / np.sqrt(10))


def test_the_error_of_a_function_follows_by_its_slopes() -> None:
    rng = np.random.default_rng(1)
    values = {
        "energy": -1.0, "energy2": 1.3, "magnetization2": 0.5, "magnetization4": 0.3, "abs_magnetization": 0.6
    }  # fmt: skip
    means = {name: value + 1e-5 * rng.normal(size=(1, 2, 400)) for name, value in values.items()}
    found = estimates(means, BETAS, 4)
    # U = 1 - m4 / 3 m2²: slopes -1 / 3 m2² and 2 m4 / 3 m2³
    noise = means["magnetization4"] * -4 / 3 + means["magnetization2"] * 2 * 0.3 / (3 * 0.125)
    np.testing.assert_allclose(found["binder"].error, noise[0].std(1, ddof=1) / 20, rtol=1e-3)


def test_starts_that_differ_are_told_in_units_of_their_common_error() -> None:
    means = made_up()
    means["energy"][0] += 7.0
    found = disagreement(means, BETAS, 4)["energy"]
    first, second = means["energy"]
    error = np.sqrt(first.var(1, ddof=1) / 5 + second.var(1, ddof=1) / 5)
    np.testing.assert_allclose(found, (first.mean(1) - second.mean(1)) / error)
    assert found.min() > 20
    same = {name: value[:1].repeat(2, 0) for name, value in means.items()}
    np.testing.assert_array_equal(disagreement(same, BETAS, 4)["energy"], 0)
