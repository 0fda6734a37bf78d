"""The gradient of KL against autodiff of the exact log-likelihood, and against draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_mean
from tests.support.zoo import brute_force, random_clamps, random_model

from isotherm.energy.dense import Ising
from isotherm.learn.kl import clamped_moments, kl_gradient, log_likelihood, sampled_kl_gradient
from isotherm.sample.clamp import Clamp
from isotherm.sample.exact import all_states, exact
from isotherm.sample.gibbs import Moments, Schedule, gibbs_moments


def symmetric(gradient: Ising) -> Ising:
    """Derivatives by one parameter a pair, from those by the entries of the matrix."""
    both = gradient.couplings + gradient.couplings.T
    return Ising(gradient.biases, both * (1 - jnp.eye(both.shape[0], dtype=both.dtype)))


@pytest.mark.parametrize("n", [4, 9])
def test_log_likelihood_of_partial_data(n: int) -> None:
    with jax.enable_x64(True):
        model, data = random_model(1, n, dtype=np.float64), random_clamps(2, 6, n)
        held = [
            {i: int(v) for i, (m, v) in enumerate(zip(mask, values, strict=True)) if m}
            for mask, values in zip(np.asarray(data.mask), np.asarray(data.values), strict=True)
        ]
        expected = [brute_force(model, 0.7, h).log_z - brute_force(model, 0.7).log_z for h in held]
        np.testing.assert_allclose(log_likelihood(model, data, 0.7), expected, rtol=0, atol=1e-12)


def test_probabilities_of_complete_data_add_up_to_one() -> None:
    states = jnp.asarray(all_states(5))
    data = Clamp(jnp.ones(states.shape, bool), states)
    total = jnp.exp(log_likelihood(random_model(3, 5), data)).sum()
    assert float(total) == pytest.approx(1, abs=1e-5)


@jax.jit
def both_gradients(model: Ising, data: Clamp, beta: jax.Array | float) -> tuple[Ising, Ising]:
    automatic = jax.grad(lambda m: -log_likelihood(m, data, beta).mean())(model)
    return symmetric(automatic), kl_gradient(clamped_moments(model, data, beta), exact(model, beta), beta)


@pytest.mark.parametrize("n", [1, 5, 9])
def test_gradient_is_that_of_the_log_likelihood(n: int) -> None:
    with jax.enable_x64(True):
        model, data = random_model(n, n, dtype=np.float64), random_clamps(n, 20, n)
        for beta in (0.6, 1.4):
            automatic, gradient = both_gradients(model, data, beta)
            np.testing.assert_allclose(gradient.biases, automatic.biases, rtol=0, atol=1e-12)
            np.testing.assert_allclose(gradient.couplings, automatic.couplings, rtol=0, atol=1e-12)


def test_gradient_agrees_with_finite_differences() -> None:
    with jax.enable_x64(True):
        model, data, step = random_model(4, 4, dtype=np.float64), random_clamps(4, 10, 4), 1e-5
        gradient = kl_gradient(clamped_moments(model, data), exact(model))
        nudge = jnp.zeros((4, 4)).at[1, 3].set(step).at[3, 1].set(step)
        up, down = (
            -log_likelihood(Ising(model.biases, model.couplings + sign * nudge), data).mean()
            for sign in (1, -1)
        )
        np.testing.assert_allclose(gradient.couplings[1, 3], (up - down) / (2 * step), rtol=1e-6)


def test_gradient_vanishes_at_the_truth() -> None:
    law = exact(random_model(5, 6))
    gradient = kl_gradient(law, law)
    assert all(not leaf.any() for leaf in jax.tree.leaves(gradient))


def test_sampled_gradient_is_unbiased_and_its_errors_are_honest() -> None:
    model, beta = random_model(6, 4), 0.8
    clamp = Clamp(jnp.asarray([True, False, False, False]), jnp.ones(4, jnp.int8))
    free, held = exact(model, beta), exact(model, beta, clamp)
    expected = kl_gradient(held, free, beta)

    def gradient(key: jax.Array) -> tuple[jax.Array, ...]:
        keys = jax.random.split(key)
        estimate = sampled_kl_gradient(held.draw(keys[0], (8, 20)), free.draw(keys[1], (8, 20)), beta)
        rows, columns = np.triu_indices(4, 1)
        return tuple(jnp.concatenate([part.biases, part.couplings[rows, columns]]) for part in estimate)

    values, errors = jax.jit(jax.vmap(gradient))(jax.random.split(jax.random.key(0), 500))
    flat = np.concatenate([expected.biases, np.asarray(expected.couplings)[np.triu_indices(4, 1)]])
    assert_mean(np.asarray(values), flat)
    claimed = np.sqrt((np.asarray(errors, np.float64) ** 2).mean(axis=0))
    np.testing.assert_allclose(claimed, np.asarray(values).std(axis=0), rtol=0.15)


def test_gibbs_moments_give_the_gradient_too() -> None:
    model, keys = random_model(7, 5), jax.random.split(jax.random.key(1), 128)
    data = Moments(jnp.zeros(5), jnp.eye(5))

    def gradient(key: jax.Array) -> jax.Array:
        return kl_gradient(data, gibbs_moments(key, model, schedule=Schedule(50, 50, 1))).biases

    values = jax.jit(jax.vmap(gradient))(keys)
    assert_mean(np.asarray(values), np.asarray(kl_gradient(data, exact(model)).biases))


def test_one_chain_has_no_error_bar() -> None:
    draws = jnp.ones((1, 5, 3), jnp.int8)
    with pytest.raises(ValueError, match=r"draws.shape = \(1, 5, 3\): must lead with at least 2 chains"):
        sampled_kl_gradient(draws, draws)
