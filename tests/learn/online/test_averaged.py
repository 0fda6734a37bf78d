"""The averaged estimator: closed forms, the statistical limit, the routing study's proof."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_mean
from tests.support.zoo import random_model, venues

from isotherm.exact.exact import exact
from isotherm.learn.online import averaged
from isotherm.sample.gibbs.gibbs import gibbs_moments
from isotherm.sample.schedule import Schedule

PAIRS = np.triu_indices(5, 1)


@jax.jit
def learn(data: jax.Array) -> averaged.AveragedState:
    start = averaged.init(data.shape[-1])
    return jax.lax.scan(lambda state, spins: (averaged.update(state, spins), None), start, data)[0]


def regularised_moments(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sample moments with the pseudo-observations of fair spins."""
    s, total = data.astype(np.float64), len(data) + averaged.PRIOR
    pairs = s.T @ s / total
    return s.sum(axis=0) / total, np.where(np.eye(s.shape[1]) > 0, 1.0, pairs)


def test_one_spin_has_a_closed_form() -> None:
    data = np.random.default_rng(0).choice([-1, 1], size=(2000, 1), p=[0.2, 0.8]).astype(np.int8)
    mean = regularised_moments(data)[0][0]
    state = learn(jnp.asarray(data))
    assert float(averaged.model(state).biases[0]) == pytest.approx(np.arctanh(mean), abs=2e-3)
    assert float(averaged.model(state, beta=2.0).biases[0]) == pytest.approx(np.arctanh(mean) / 2, abs=1e-3)
    error = averaged.estimate(state).error.biases[0]
    assert float(error) == pytest.approx(1 / np.sqrt(2004 * (1 - mean**2)), rel=0.01)


def test_two_spins_have_a_closed_form() -> None:
    data = exact(random_model(0, 2)).draw(jax.random.key(0), (4000,))
    (m1, m2), pairs = regularised_moments(np.asarray(data))
    p = {(a, b): (1 + a * m1 + b * m2 + a * b * pairs[0, 1]) / 4 for a in (-1, 1) for b in (-1, 1)}
    coupling = 0.25 * np.log(p[1, 1] * p[-1, -1] / (p[1, -1] * p[-1, 1]))
    bias = 0.25 * np.log(p[1, 1] * p[1, -1] / (p[-1, 1] * p[-1, -1]))
    model = averaged.model(learn(data))
    assert float(model.couplings[0, 1]) == pytest.approx(coupling, abs=3e-3)
    assert float(model.biases[0]) == pytest.approx(bias, abs=3e-3)


def test_model_matches_the_moments_of_the_data() -> None:
    data = exact(random_model(1, 6)).draw(jax.random.key(1), (5000,))
    spins, pairs = regularised_moments(np.asarray(data))
    fitted = exact(averaged.model(learn(data)))
    np.testing.assert_allclose(fitted.spins, spins, atol=2e-3)
    np.testing.assert_allclose(fitted.pairs, pairs, atol=2e-3)


class Errors(NamedTuple):
    marginals: np.ndarray
    pairs: np.ndarray


@functools.cache
def errors_of_64_seeds(coupling: float) -> tuple[Errors, Errors, averaged.AveragedState]:
    """Mean absolute errors by seed: of the estimator, and of the sample moments themselves."""
    truth = exact(venues(coupling))
    data = truth.draw(jax.random.key(4), (64, 10_000))
    states = jax.jit(jax.vmap(learn))(data)
    law = jax.jit(jax.vmap(lambda state: exact(averaged.model(state))))(states)
    samples = np.asarray(data, np.float64)
    second = np.einsum("rti,rtj->rij", samples, samples) / 10_000

    def errors(marginals: np.ndarray, pairs: np.ndarray) -> Errors:
        return Errors(
            np.abs(marginals - np.asarray(truth.marginals)).mean(axis=1),
            np.abs(pairs - np.asarray(truth.pairs))[:, *PAIRS].mean(axis=1),
        )

    learned = errors(np.asarray(law.marginals), np.asarray(law.pairs))
    return learned, errors((1 + samples.mean(axis=1)) / 2, second), states


@pytest.mark.parametrize("coupling", [0.0, 0.4])
def test_generative_proof(coupling: float) -> None:
    """Section 4 of the routing study: mean errors below 0.01, every seed far inside the published 0.08."""
    learned, limit, _ = errors_of_64_seeds(coupling)
    assert learned.marginals.mean() < 0.01
    assert learned.pairs.mean() < 0.01
    assert max(learned.marginals.max(), learned.pairs.max()) < 0.02
    # no seed is worse than the sample moments of its own data by more than a twentieth of their error
    assert (learned.marginals - limit.marginals).max() < 0.0005
    assert (learned.pairs - limit.pairs).max() < 0.0005


@pytest.mark.parametrize("coupling", [0.0, 0.4])
def test_parameters_are_unbiased_with_honest_errors(coupling: float) -> None:
    states = errors_of_64_seeds(coupling)[2]
    value, error = jax.vmap(averaged.estimate)(states)
    for fitted, claimed, truth in (
        (value.biases, error.biases, venues(coupling).biases),
        (value.couplings[:, *PAIRS], error.couplings[:, *PAIRS], venues(coupling).couplings[PAIRS]),
    ):
        assert_mean(np.asarray(fitted), np.asarray(truth))
        spread = np.asarray(fitted, np.float64).std(axis=0, ddof=1)
        np.testing.assert_allclose(np.asarray(claimed).mean(axis=0), spread, rtol=0.4)  # 64 seeds: 9 % each


def test_sampled_moments_can_replace_exact_ones() -> None:
    truth = exact(venues(0.4))
    data = truth.draw(jax.random.key(2), (16, 5000))

    def learn_by_sampling(key: jax.Array, data: jax.Array) -> averaged.AveragedState:
        def step(state: averaged.AveragedState, inputs: tuple) -> tuple[averaged.AveragedState, None]:
            spins, key = inputs
            return averaged.update(
                state, spins, lambda model: gibbs_moments(key, model, schedule=Schedule(20, 40, 1))
            ), None

        return jax.lax.scan(step, averaged.init(5), (data, jax.random.split(key, 5000)))[0]

    states = jax.jit(jax.vmap(learn_by_sampling))(jax.random.split(jax.random.key(3), 16), data)
    law = jax.vmap(lambda state: exact(averaged.model(state)))(states)
    assert np.abs(np.asarray(law.marginals) - np.asarray(truth.marginals)).mean() < 0.01
    assert np.abs(np.asarray(law.pairs) - np.asarray(truth.pairs)).mean() < 0.01


def test_memory_does_not_grow_and_keeps_its_shape() -> None:
    state = averaged.init(4)
    after = averaged.update(state, jnp.ones(4, jnp.int8))
    assert [x.shape for x in state] == [x.shape for x in after] == [(), (10,), (10, 10), (10,)]


def test_an_all_equal_stream_stays_finite() -> None:
    state = learn(jnp.ones((3000, 5), jnp.int8))
    assert all(np.isfinite(np.asarray(x)).all() for x in state)
    assert exact(averaged.model(state)).marginals.min() > 0.97


def test_relabelling_spins_relabels_the_model() -> None:
    data, order = exact(venues(0.4)).draw(jax.random.key(5), (500,)), np.array([3, 1, 4, 0, 2])
    model, moved = averaged.model(learn(data)), averaged.model(learn(data[:, order]))
    np.testing.assert_allclose(moved.biases, model.biases[order], atol=1e-3)
    np.testing.assert_allclose(moved.couplings, model.couplings[order][:, order], atol=1e-3)


def test_refuses_no_spins() -> None:
    with pytest.raises(ValueError, match="n = 0: should be at least 1"):
        averaged.init(0)
