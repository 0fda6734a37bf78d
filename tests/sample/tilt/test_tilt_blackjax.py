"""BlackJAX's samplers drop in, and agree with ours."""

import runpy

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.docs.pages import DOCS

from isotherm.energy.tilt.bases import GaussianPolicy
from isotherm.energy.tilt.tilted import QuadraticReward, Tilted
from isotherm.exact.tilt import quadrature, tilted_law
from isotherm.sample.metropolis.langevin import mala
from isotherm.sample.run import sample

pytestmark = pytest.mark.slow


def test_nuts_and_mala_of_the_example_agree_with_quadrature():
    example = runpy.run_path(str(DOCS / "examples" / "tilt.py"))
    exact = quadrature(example["TILTED"], 2.0, -5.0, 5.0).mean
    with jax.numpy_dtype_promotion("standard"):  # BlackJAX mixes dtypes
        theirs = example["with_nuts"](2.0, jax.random.key(1))
    for mean, error, rhat in (example["with_mala"](2.0, jax.random.key(0)), theirs):
        assert abs(mean - exact) < 4 * error
        assert 0 < error < 0.05
        assert rhat < 1.05


def test_mala_accepts_as_often_as_blackjax_and_has_the_same_moments():
    import blackjax

    policy = GaussianPolicy([0.5, -0.5], [[1.0, 0.6], [0.6, 2.0]])
    tilted = Tilted(policy, QuadraticReward([[1.0, 0.2], [0.2, 0.5]], [1.0, 1.0]))
    law = tilted_law(tilted, 1.5)
    theirs = blackjax.mala(lambda x: tilted.log_density(x, 1.5), 0.3)
    ours = mala(tilted, 1.5, 0.3)
    found = []
    for kernel, key in ((ours, 0), (theirs, 1)):

        @jax.jit
        def run(key, kernel=kernel):
            def chain(key):
                def step(state, key):
                    state, info = kernel.step(key, state)
                    return state, (state.position, info.acceptance_rate)

                return jax.lax.scan(step, kernel.init(jnp.zeros(2)), jax.random.split(key, 600))[1]

            return jax.vmap(chain)(jax.random.split(key, 200))

        with jax.numpy_dtype_promotion("standard"):
            positions, rates = run(jax.random.key(key))
        found.append(
            (np.asarray(positions, np.float64)[:, 100:], np.asarray(rates, np.float64)[:, 100:].mean(1))
        )
    (_, mine), (_, other) = found
    z = (mine.mean() - other.mean()) / np.hypot(mine.std(), other.std()) * np.sqrt(200)
    assert abs(z) < 4
    for positions, _ in found:
        means = positions.mean(1)
        assert (np.abs(means.mean(0) - law.mean) < 4 * means.std(0) / np.sqrt(200)).all()
        products = np.einsum("cti,ctj->cij", positions - law.mean, positions - law.mean) / positions.shape[1]
        error = products.std(0) / np.sqrt(200)
        assert (np.abs(products.mean(0) - law.covariance) < 4 * error).all()


def test_blackjax_runs_in_our_loop():
    import blackjax

    tilted = Tilted(GaussianPolicy([0.0], [[1.0]]), QuadraticReward([[1.0]], [1.5]))
    kernel = blackjax.hmc(
        lambda x: tilted.log_density(x, 1.5),
        step_size=0.4,
        inverse_mass_matrix=jnp.ones(1),
        num_integration_steps=5,
    )
    with jax.numpy_dtype_promotion("standard"):
        draws = sample(jax.random.key(3), kernel, jnp.zeros((64, 1)), num_warmup=50, num_samples=100)
    assert abs(draws.mean[0] - 0.9) < 4 * draws.mcse[0]
