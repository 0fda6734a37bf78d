import numpy as np
import pytest
from scipy import signal
from tests.support.drawn_ising import boltzmann, ising_table, sticky_draws

from isotherm.estimate.autocorrelation import block_length, block_means, integrated_time
from isotherm.estimate.quantities import (
    blocked,
    estimates,
    heat_capacity,
    helicity_modulus,
    jackknife,
    mean,
    susceptibility,
)


def autoregressive(rho: float, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Normal chains with correlations ``rho^t``, variance 1, stationary, along the last axis."""
    noise = np.random.default_rng(seed).normal(size=shape)
    noise[..., 1:] *= np.sqrt(1 - rho**2)
    return np.asarray(signal.lfilter([1.0], [1.0, -rho], noise, axis=-1))


def assert_scores(values: np.ndarray, errors: np.ndarray, exact: float) -> None:
    """That many independent estimates scatter about the exact value as much as their errors say."""
    scores = (values - exact) / errors
    assert abs(scores.mean()) < 4.5 / np.sqrt(scores.size)
    assert abs(scores.std() - 1) < 0.05 + 4.5 / np.sqrt(2 * scores.size)


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.95])
def test_integrated_times_of_known_chains(rho: float) -> None:
    exact = (1 + rho) / (1 - rho) / 2
    found = integrated_time(autoregressive(rho, (200, 4, 4000)))
    # the window leaves e^-6 of the sum out
    assert abs(found.value.mean() / exact - 1) < np.exp(-6) + 4.5 * found.value.std() / exact / np.sqrt(200)
    assert 0.8 < found.value.std() / found.error.mean() < 1.2
    assert abs(found.value.mean() / (exact * 1.05) - 1) > 0.02


def test_errors_of_correlated_means_cover_and_naive_ones_do_not() -> None:
    chains = autoregressive(0.9, (400, 2, 6000), seed=1)
    length = block_length(chains)
    assert length >= 95
    found = mean(block_means(chains, length))
    assert_scores(found.value, found.error, 0.0)
    naive = mean(block_means(chains, 1))
    with pytest.raises(AssertionError):
        assert_scores(naive.value, naive.error, 0.0)


def test_the_jackknife_of_a_ratio_has_no_bias_and_covers() -> None:
    x = 1 + 0.5 * autoregressive(0.5, (2000, 3, 400), seed=2)
    blocks = {"m2": block_means(x**2, 20), "m": block_means(x, 20)}
    found = jackknife(lambda m: m["m2"] - m["m"] ** 2, blocks)
    assert_scores(found.value, found.error, 0.25)
    plain = blocks["m2"].mean((-2, -1)) - blocks["m"].mean((-2, -1)) ** 2
    with pytest.raises(AssertionError):
        assert_scores(plain, found.error, 0.25)


def test_blocks_are_of_the_end_of_the_chain() -> None:
    np.testing.assert_array_equal(block_means(np.arange(14.0).reshape(2, 7), 3), [[2, 5], [9, 12]])


def exact_estimates(table: dict[str, np.ndarray], betas: np.ndarray) -> dict[str, np.ndarray]:
    """Of the periodic 4 x 4 Ising model, by summing over its states."""
    weights = boltzmann(table, betas)
    e, e2, m2, m4, m, k = (
        weights @ table[name] ** power
        for name, power in (
            ("energy", 1),
            ("energy", 2),
            ("magnetization", 2),
            ("magnetization", 4),
            ("abs", 1),
            ("structure_kmin", 1),
        )
    )
    return {
        "energy": e,
        "heat_capacity": betas**2 * 16 * (e2 - e**2),
        "susceptibility": betas * 16 * (m2 - m**2),
        "susceptibility_plain": betas * 16 * m2,
        "binder": 1 - m4 / (3 * m2**2),
        "correlation_length": np.sqrt(np.maximum(m2 / k - 1, 0)) / (2 * np.sin(np.pi / 4)),
    }


def test_estimates_of_an_ising_model_at_three_temperatures() -> None:
    betas, table = np.array([0.25, 0.44, 0.55]), ising_table()
    at = sticky_draws(boltzmann(table, betas), (40, 1500), keep=0.5)
    raw = {name: table[name][at] for name in ("energy", "magnetization", "structure_kmin")}
    time = integrated_time(raw["energy"])
    assert np.all(np.abs(time.value - 1.5) < 4.5 * time.error + 0.01)
    found = estimates(blocked(raw), betas, 16, extent=4)
    for name, exact in exact_estimates(table, betas).items():
        scores = (found[name].value - exact) / found[name].error
        assert np.abs(scores).max() < 4.5, (name, scores)
        assert np.all(found[name].error < 0.05 * np.abs(exact)), name
    wrong = exact_estimates(table, betas * 1.05)
    assert np.all(np.abs(found["energy"].value - wrong["energy"]) > 6 * found["energy"].error)


def test_helicity_modulus_is_the_formula() -> None:
    rng = np.random.default_rng(5)
    raw = {"helicity_cosine": rng.random((2, 3, 50)), "helicity_sine": rng.normal(0, 0.1, (2, 3, 50))}
    betas = np.array([1.0, 2.0])
    found = helicity_modulus(blocked(raw, 5), betas, 10)
    exact = raw["helicity_cosine"].mean((1, 2)) - betas * 10 * (raw["helicity_sine"] ** 2).mean((1, 2))
    np.testing.assert_allclose(found.value, exact)
    one = helicity_modulus(blocked({k: v[1] for k, v in raw.items()}, 5), 2.0, 10)
    np.testing.assert_allclose([one.value, one.error], [found.value[1], found.error[1]])


def test_refusals_in_one_line() -> None:
    chains = np.zeros((2, 10))
    with pytest.raises(ValueError, match=r"means = \['energy'\]: must have energy2"):
        heat_capacity({"energy": chains}, 1.0, 4)
    with pytest.raises(ValueError, match="length = 11: should be within 1"):
        block_means(chains, 11)
    with pytest.raises(ValueError, match="means = nan: must be finite"):
        mean(np.full((2, 3), np.nan))
    with pytest.raises(ValueError, match=r"shape = \(4,\)"):
        mean(np.zeros(4))
    with pytest.raises(ValueError, match="beta = nan: must be finite"):
        susceptibility({"magnetization2": chains}, np.nan, 4, connected=False)
    with pytest.raises(ValueError, match="samples = 40: too few for two blocks"):
        block_length(np.linspace(0, 1, 40)[None])
    assert np.isnan(integrated_time(chains + 0.1).value)
