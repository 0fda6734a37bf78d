"""Block Gibbs against exact answers."""

import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_frequencies, assert_mean
from tests.support.zoo import (
    brute_force,
    clamp_of,
    random_clamps,
    random_model,
    random_models,
    state_index,
    venues,
)

from isotherm.energy.dense import Ising
from isotherm.exact.exact import all_states, exact
from isotherm.sample.clamp import Clamp
from isotherm.sample.gibbs import lanes
from isotherm.sample.gibbs.gibbs import (
    GibbsState,
    Init,
    Moments,
    gibbs,
    gibbs_means,
    gibbs_moments,
    initial_spins,
)
from isotherm.sample.schedule import Schedule


def features(moments: Moments) -> np.ndarray:
    first, second = np.triu_indices(moments.spins.shape[-1], 1)
    return np.concatenate([moments.spins, np.asarray(moments.pairs)[..., first, second]], axis=-1)


@functools.partial(jax.jit, static_argnames=("num_chains", "schedule"))
def chains(
    key: jax.Array, models: Ising, beta: float, clamps: Clamp, num_chains: int, schedule: Schedule
) -> Moments:
    """Moments of each chain of each model: (chains, models, ...)."""

    def one(key: jax.Array, model: Ising, clamp: Clamp) -> Moments:
        return gibbs_moments(key, model, beta, clamp, schedule)

    keys = jax.random.split(key, (num_chains, models.biases.shape[0]))
    return jax.vmap(jax.vmap(one), in_axes=(0, None, None))(keys, models, clamps)


@jax.jit
def answers(models: Ising, beta: float, clamps: Clamp) -> Moments:
    law = jax.vmap(exact, in_axes=(0, None, 0))(models, beta, clamps)
    return Moments(law.spins, law.pairs)


def nothing_held(count: int, n: int) -> Clamp:
    return Clamp(jnp.zeros((count, n), bool), jnp.ones((count, n), jnp.int8))


@pytest.mark.parametrize("n", [2, 5, 8])
@pytest.mark.parametrize("is_clamped", [False, True])
def test_moments_of_hundreds_of_models(n: int, is_clamped: bool) -> None:
    models = random_models(n, 256, n)
    clamps = random_clamps(n, 256, n) if is_clamped else nothing_held(256, n)
    sampled = chains(jax.random.key(n), models, 1.0, clamps, 64, Schedule(100, 200, 1))
    assert_mean(features(sampled), features(answers(models, 1.0, clamps)))


def test_a_temperature_five_percent_off_is_rejected() -> None:
    models, clamps = random_models(5, 256, 5), nothing_held(256, 5)
    sampled = features(chains(jax.random.key(5), models, 1.05, clamps, 64, Schedule(100, 200, 1)))
    with pytest.raises(AssertionError, match="moment"):
        assert_mean(sampled, features(answers(models, 1.0, clamps)))


@pytest.mark.parametrize("is_clamped", [False, True])
def test_moments_of_a_model_that_is_not_unrolled(is_clamped: bool) -> None:
    n = 17
    models = random_models(1, 1, n, coupling=0.15)
    clamps = random_clamps(3, 1, n) if is_clamped else nothing_held(1, n)
    sampled = chains(jax.random.key(2), models, 0.8, clamps, 128, Schedule(60, 60, 1))
    assert_mean(features(sampled), features(answers(models, 0.8, clamps)))


@pytest.mark.parametrize("num_chains", [1, 24])
def test_chains_that_share_a_model_draw_what_chains_with_copies_of_it_draw(num_chains: int) -> None:
    model, clamp = random_model(2, 13, coupling=0.3), clamp_of(13, {4: -1})
    keys = jax.random.split(jax.random.key(4), num_chains)

    def run(key: jax.Array, model: Ising) -> jax.Array:
        return gibbs_moments(key, model, 0.8, clamp, Schedule(3, 20, 1)).pairs

    copies = jax.tree.map(lambda x: jnp.stack([x] * num_chains), model)
    shared = jax.jit(jax.vmap(run, in_axes=(0, None)))(keys, model)
    np.testing.assert_array_equal(shared, jax.jit(jax.vmap(run))(keys, copies))
    np.testing.assert_array_equal(shared[0], run(keys[0], model))
    pair = jax.tree.map(lambda x: jnp.stack([x, -x]), model)  # models outside, chains inside
    nested = jax.jit(jax.vmap(jax.vmap(run, in_axes=(0, None)), in_axes=(None, 0)))(keys, pair)
    np.testing.assert_array_equal(nested[0], shared)
    assert (np.asarray(nested[1]) != np.asarray(shared)).any()


def test_moments_of_chains_that_share_a_model() -> None:
    model, clamp = random_model(1, 12, coupling=0.25), clamp_of(12, {0: 1})
    keys = jax.random.split(jax.random.key(2), 128)
    found = jax.jit(jax.vmap(lambda key: gibbs_means(key, model, 0.8, clamp, Schedule(60, 100, 1))))(keys)
    assert_mean(np.asarray(found), brute_force(model, 0.8, {0: 1}).spins)
    with pytest.raises(AssertionError, match="z ="):
        assert_mean(np.asarray(found), brute_force(model, 0.9, {0: 1}).spins)


def test_select_agrees_with_conditional_marginals() -> None:
    """Section 6 of the routing study: the published budget on a hand-set model, z < 4."""
    model, clamp = venues(0.4), clamp_of(5, {0: -1})
    keys = jax.random.split(jax.random.key(0), 2000)
    means = jax.jit(jax.vmap(lambda key: gibbs_means(key, model, 1.0, clamp, Schedule())))(keys)
    p, values = exact(model, 1.0, clamp).marginals, (1 + np.asarray(means, np.float64)) / 2
    assert (values[:, 0] == 0).all()
    z = (values.mean(0) - np.asarray(p))[1:] / (values.std(0, ddof=1)[1:] / np.sqrt(len(values)))
    assert np.abs(z).max() < 4


door = sys.modules["isotherm.sample.gibbs.gibbs"]  # a function is exported under this name

UNIT = 2**24
"""Uniforms are multiples of 2^-24, so that a probability is a count."""


def probabilities_up(model: Ising, beta: float, states: np.ndarray) -> np.ndarray:
    """``P(s_0 = +1 | rest)`` exactly as the compiled update realises it: by bisection of its threshold."""
    fields = door._fields(model, beta, None)
    factors = lanes._Factors(
        jnp.exp(-fields.biases)[:, None],
        jnp.exp(-fields.couplings)[..., None],
        jnp.exp(fields.couplings)[..., None],
    )
    n = states.shape[1]
    word = jnp.asarray(((states > 0) << np.arange(n)).sum(axis=1) | 1 << n, jnp.uint32)

    @jax.jit
    def is_up(uniforms: jax.Array) -> jax.Array:
        return lanes._update(factors, word, (uniforms << 8)[None]) & 1 != 0

    low, high = np.zeros(len(states), np.uint32), np.full(len(states), UNIT, np.uint32)
    while (high > low).any():
        middle = (low + high) // 2
        up = np.asarray(is_up(jnp.asarray(np.minimum(middle, UNIT - 1))))
        low, high = np.where(up & (low < high), middle + 1, low), np.where(up, high, np.minimum(middle, high))
    return low / UNIT


def single_site_matrix(model: Ising, beta: float, site: int) -> np.ndarray:
    """Transition matrix of the update of one site, relabelled to be the first that a sweep visits."""
    n = model.num_spins
    order = np.array([site, *(i for i in range(n) if i != site)])
    states = all_states(n)
    up = probabilities_up(
        Ising(model.biases[order], model.couplings[order][:, order]), beta, states[:, order]
    )
    matrix = np.zeros((len(states), len(states)))
    for k, state in enumerate(states):
        for value, p in ((1, up[k]), (-1, 1 - up[k])):
            target = state.copy()
            target[site] = value
            matrix[k, state_index(target)] += p
    return matrix


@pytest.mark.parametrize(("n", "beta"), [(1, 1.0), (2, 0.5), (3, 1.0), (4, 1.5)])
def test_detailed_balance_of_updates_and_stationarity_of_the_sweep(n: int, beta: float) -> None:
    model = random_model(n, n)
    p = brute_force(model, beta).probabilities
    sweep = np.eye(2**n)
    for site in range(n):
        matrix = single_site_matrix(model, beta, site)
        flow = p[:, None] * matrix
        np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-12)
        np.testing.assert_allclose(flow, flow.T, rtol=0, atol=1e-6)
        sweep = sweep @ matrix
    np.testing.assert_allclose(p @ sweep, p, rtol=0, atol=1e-6)
    assert np.abs(p @ np.linalg.matrix_power(sweep, 3) - p).max() < 1e-6
    np.testing.assert_allclose(np.linalg.matrix_power(sweep, 200)[0], p, rtol=0, atol=1e-5)


def test_transitions_of_a_sweep_follow_its_matrix() -> None:
    """The public step, all sites in order, against the product of the single-site matrices."""
    model, num_draws = random_model(11, 3), 50_000
    expected = functools.reduce(np.matmul, (single_site_matrix(model, 0.9, site) for site in range(3)))
    kernel = gibbs(model, 0.9)

    @jax.jit
    @functools.partial(jax.vmap, in_axes=(0, None))
    def step(key: jax.Array, start: jax.Array) -> jax.Array:
        return kernel.step(key, kernel.init(start))[0].position

    for k, state in enumerate(all_states(3)):
        after = step(jax.random.split(jax.random.key(k), num_draws), jnp.asarray(state))
        assert_frequencies(state_index(np.asarray(after)), expected[k])


def test_extreme_temperatures_stay_finite() -> None:
    model, clamp = random_model(4, 6), clamp_of(6, {2: -1})
    cold = gibbs_moments(jax.random.key(0), model, 1e4, clamp, Schedule(50, 10, 1))
    assert np.abs(np.asarray(cold.spins)).max() <= 1
    assert np.isfinite(np.asarray(cold.pairs)).all()
    energies = [float(model.energy(jnp.asarray(s))) if s[2] < 0 else np.inf for s in all_states(6)]
    ground = jnp.asarray(all_states(6)[np.argmin(energies)])
    after, info = gibbs(model, 1e4, clamp).step(jax.random.key(1), GibbsState(ground))
    np.testing.assert_array_equal(after.position, ground)
    assert info.flipped == 0


def test_clamped_spins_have_their_values() -> None:
    clamp = clamp_of(5, {1: -1, 3: 1})
    moments = gibbs_moments(jax.random.key(0), venues(0.4), 1.0, clamp, Schedule(0, 50, 1))
    assert moments.spins[1] == -1
    assert moments.spins[3] == 1
    assert moments.pairs[1, 3] == -1
    np.testing.assert_allclose(moments.pairs[1], -moments.spins, atol=1e-6)
    np.testing.assert_array_equal(np.diag(moments.pairs), np.ones(5))


@pytest.mark.parametrize(("init", "slope"), [("independent", 2.0), ("hinton", 1.0), ("uniform", 0.0)])
def test_first_states_follow_their_law(init: Init, slope: float) -> None:
    model, beta = venues(0.4), 1.3
    keys = jax.random.split(jax.random.key(0), 4000)
    starts = jax.vmap(lambda key: initial_spins(key, model, beta, None, init))(keys)
    expected = np.tanh(slope * beta * np.asarray(model.biases, np.float64) / 2)
    assert_mean(np.asarray(starts), expected)


def test_means_are_the_first_moments() -> None:
    arguments = (jax.random.key(3), venues(0.4), 1.0, clamp_of(5, {0: 1}), Schedule(5, 20, 2))
    np.testing.assert_array_equal(gibbs_means(*arguments), gibbs_moments(*arguments).spins)


def test_same_key_same_moments() -> None:
    model, schedule = venues(0.4), Schedule(5, 20, 2)
    first, again, other = (gibbs_moments(jax.random.key(k), model, schedule=schedule) for k in (0, 0, 1))
    np.testing.assert_array_equal(first.pairs, again.pairs)
    assert (first.pairs != other.pairs).any()


def test_temperatures_clamps_and_couplings_trace_once() -> None:
    traces = []

    @jax.jit
    def means(model: Ising, beta: jax.Array, clamp: Clamp) -> jax.Array:
        traces.append(1)
        return gibbs_means(jax.random.key(0), model, beta, clamp, Schedule(2, 2, 1))

    for i in range(10):
        means(random_model(i, 4), jnp.float32(i / 5), clamp_of(4, {i % 4: 1}))
    assert len(traces) == 1


def test_refuses_what_is_out_of_range() -> None:
    model, key = venues(0.0), jax.random.key(0)
    with pytest.raises(ValueError, match="num_sweeps = 0"):
        gibbs(model, num_sweeps=0)
    with pytest.raises(ValueError, match="num_samples = 0"):
        gibbs_moments(key, model, schedule=Schedule(0, 0, 1))
