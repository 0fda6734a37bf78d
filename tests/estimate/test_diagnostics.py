import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.estimate.diagnostics import autocorrelation, ess, mcse, rhat
from isotherm.sample.draws import ChainMeans, Draws


def autoregressive(rho: float, chains: int = 4, samples: int = 4000) -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(chains, samples))
    for t in range(1, samples):
        x[:, t] = rho * x[:, t - 1] + np.sqrt(1 - rho**2) * x[:, t]
    return x


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_ess_and_error_of_an_autoregressive_chain(rho: float) -> None:
    draws = autoregressive(rho)
    expected = draws.size * (1 - rho) / (1 + rho)
    assert ess(draws) == pytest.approx(expected, rel=0.15)
    assert mcse(draws) == pytest.approx(expected**-0.5, rel=0.15)
    assert rhat(draws) == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(autocorrelation(draws, 3).mean(axis=0), rho ** np.arange(4), atol=0.07)


def test_chains_that_disagree_are_seen() -> None:
    draws = np.random.default_rng(0).normal(size=(4, 500)) + np.arange(4)[:, None]
    assert rhat(draws) > 1.3
    assert ess(draws) < 20


def test_parameters_keep_their_shape() -> None:
    draws = np.random.default_rng(0).normal(size=(3, 50, 2, 5)).astype(np.float32)
    assert ess(draws).shape == rhat(draws).shape == mcse(draws).shape == (2, 5)
    assert autocorrelation(draws).shape == (3, 50, 2, 5)
    assert autocorrelation(draws, 7).shape == (3, 8, 2, 5)
    assert ess(draws).dtype == np.float64
    assert ess(draws, "tail").shape == (2, 5)


def test_constants_and_short_chains_are_nan_without_warnings() -> None:
    constant = np.ones((4, 100, 2), np.int8)
    assert np.isnan(ess(constant)).all()
    assert np.isnan(rhat(constant)).all()
    assert np.isnan(autocorrelation(constant, 1)).all()
    assert np.isnan(mcse(constant)).all()
    short = np.random.default_rng(0).normal(size=(4, 3))
    assert np.isnan([ess(short), rhat(short), mcse(short)]).all()
    stuck = np.broadcast_to(np.arange(4)[:, None], (4, 100))
    assert rhat(stuck) > 1e6
    assert np.isnan(mcse(stuck))
    one_moves = np.array(stuck, np.float64)
    one_moves[0, 50:] = 7
    assert mcse(one_moves) > 0


def test_no_error_is_printed_where_chains_stand_still_or_disagree() -> None:
    same, own = np.ones((4, 100)), np.broadcast_to(np.arange(4.0)[:, None], (4, 100))
    noise = np.random.default_rng(1).normal(size=(4, 100))
    values = {"apart": noise + 3 * own, "mixed": noise, "own": own, "same": same}
    values = {name: jnp.asarray(x, jnp.float32) for name, x in values.items()}
    apart, mixed, of_its_own, frozen = str(Draws(values, None)).splitlines()
    assert "±" in mixed
    assert "chains do not agree, rhat" in apart
    assert of_its_own == "own = 1.5 [no chain ever moved: no error is known]"
    assert frozen == "same = 1 [no chain ever moved: no error is known]"
    assert "±" not in apart + of_its_own + frozen
    means = {name: x.mean(axis=1) for name, x in values.items()}
    variances = {name: x.var(axis=1, ddof=1) for name, x in values.items()}
    running = ChainMeans(means, variances, None, 100)
    assert np.isnan(running.mcse["same"])
    assert np.isnan(running.mcse["own"])
    assert str(running).count("±") == 1


def test_refusals() -> None:
    with pytest.raises(ValueError, match="max_lag = -1: must be at least 0"):
        autocorrelation(np.ones((2, 10)), -1)
