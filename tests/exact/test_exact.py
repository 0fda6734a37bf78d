from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.stats import assert_frequencies
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


class Solution(NamedTuple):
    log_z: jax.Array
    spins: jax.Array
    pairs: jax.Array
    marginals: jax.Array
    probabilities: jax.Array


@jax.jit
def solve(model: Ising, beta: jax.Array | float, clamp: Clamp) -> Solution:
    law = exact(model, beta, clamp)
    return Solution(law.log_z, law.spins, law.pairs, law.marginals, law.probabilities)


CLAMPS = [{}, {0: 1}, {1: -1, 2: 1}]


@pytest.mark.parametrize("n", [3, 4, 9, 11])  # either side of the split into halves
@pytest.mark.parametrize("held", CLAMPS)
def test_agrees_with_brute_force_in_float64(n: int, held: dict[int, int]) -> None:
    with jax.enable_x64(True):
        model = random_model(n, n, dtype=np.float64)
        truth = brute_force(model, 0.7, held)
        result = solve(model, 0.7, clamp_of(n, held))
        assert result.log_z.dtype == np.float64
        np.testing.assert_allclose(result.log_z, truth.log_z, rtol=0, atol=1e-12)
        np.testing.assert_allclose(result.spins, truth.spins, rtol=0, atol=1e-12)
        np.testing.assert_allclose(result.pairs, truth.pairs, rtol=0, atol=1e-12)
        np.testing.assert_allclose(result.marginals, (1 + truth.spins) / 2, rtol=0, atol=1e-12)
        np.testing.assert_allclose(result.probabilities, truth.probabilities, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 8, 9, 12])
def test_float32_is_good_to_five_digits(n: int) -> None:
    model = random_model(7, n)
    truth, result = brute_force(model, 1.0, {0: -1}), solve(model, 1.0, clamp_of(n, {0: -1}))
    assert result.spins.dtype == np.float32
    np.testing.assert_allclose(result.log_z, truth.log_z, rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(result.spins, truth.spins, rtol=0, atol=5e-6)
    np.testing.assert_allclose(result.pairs, truth.pairs, rtol=0, atol=5e-6)


GOLDEN = [
    (
        0.0,
        4.20314999,
        [0.83201839, 0.68997448, 0.5, 0.31002552, 0.16798161],
        [0.25230008, 0, -0.25230008, -0.44094483, 0, -0.14436121, -0.25230008, 0, 0, 0.25230008],
    ),
    (
        0.4,
        5.13417044,
        [0.60852385, 0.55223381, 0.5, 0.44776619, 0.39147615],
        [
            *(0.70369681, 0.67313903, 0.61433031, 0.52901138, 0.7250483),
            *(0.68535594, 0.61433031, 0.7250483, 0.67313903, 0.70369681),
        ],
    ),
]


@pytest.mark.parametrize(("coupling", "log_z", "marginals", "pairs"), GOLDEN)
def test_golden_numbers_of_the_routing_study(
    coupling: float, log_z: float, marginals: list[float], pairs: list[float]
) -> None:
    with jax.enable_x64(True):
        result = solve(venues(coupling, np.float64), 1.0, clamp_of(5, {}))
        np.testing.assert_allclose(result.log_z, log_z, rtol=0, atol=5e-9)
        np.testing.assert_allclose(result.marginals, marginals, rtol=0, atol=5e-9)
        np.testing.assert_allclose(result.pairs[np.triu_indices(5, 1)], pairs, rtol=0, atol=5e-9)


@pytest.mark.parametrize("n", [5, 9])
def test_clamped_partition_functions_add_up(n: int) -> None:
    values, mask = jnp.asarray(all_states(2)), jnp.arange(n) < 2
    clamps = jax.vmap(lambda v: Clamp(mask, jnp.ones(n, jnp.int8).at[:2].set(v)))(values)
    model = random_model(3, n)
    free, parts = (
        solve(model, 1.0, clamp_of(n, {})),
        jax.vmap(solve, in_axes=(None, None, 0))(model, 1.0, clamps),
    )
    weights = np.exp(np.asarray(parts.log_z) - float(free.log_z))
    assert weights.sum() == pytest.approx(1, abs=2e-6)
    np.testing.assert_allclose(weights @ np.asarray(parts.spins), free.spins, atol=2e-6)


def test_conditional_marginals_are_ratios_of_probabilities() -> None:
    model, held = random_model(4, 6), {1: -1, 4: 1}
    p = np.asarray(solve(model, 1.0, clamp_of(6, {})).probabilities, np.float64)
    states = all_states(6)
    agrees = (states[:, 1] == -1) & (states[:, 4] == 1)
    expected = [p[agrees & (states[:, i] == 1)].sum() / p[agrees].sum() for i in range(6)]
    np.testing.assert_allclose(solve(model, 1.0, clamp_of(6, held)).marginals, expected, atol=2e-6)


def test_conditioning_twice_is_conditioning_on_both() -> None:
    model = random_model(5, 9)
    step = exact(model).condition(clamp_of(9, {0: 1})).condition(clamp_of(9, {7: -1}))
    both = exact(model, 1.0, clamp_of(9, {0: 1, 7: -1}))
    np.testing.assert_array_equal(step.log_weights, both.log_weights)


def test_impossible_evidence_leaves_no_state() -> None:
    first, second = clamp_of(3, {0: 1}), clamp_of(3, {0: -1})
    nothing = jax.jit(lambda model: exact(model, 1.0, first).condition(second))(random_model(5, 3))
    assert nothing.log_z == -np.inf
    assert np.isnan(nothing.spins).all()


def test_strong_couplings_neither_overflow_nor_vanish() -> None:
    model = Ising.checked(np.full(5, -50.0), 40.0)
    result = exact(model, 5.0, clamp_of(5, {0: 1}))
    assert np.isfinite(result.log_z)
    np.testing.assert_array_equal(result.spins, [1, -1, -1, -1, -1])
    np.testing.assert_array_equal(exact(model, 0.0).spins, np.zeros(5))


def test_limits_of_temperature() -> None:
    model = random_model(6, 7)
    np.testing.assert_allclose(exact(model, 0.0).log_z, 7 * np.log(2), rtol=1e-6)
    energies = jax.vmap(model.energy)(jnp.asarray(all_states(7)))
    ground = all_states(7)[int(jnp.argmin(energies))]
    np.testing.assert_allclose(exact(model, 200.0).spins, ground, atol=1e-5)


def test_derivative_of_log_z_is_the_mean_energy_and_the_moments() -> None:
    model = random_model(8, 9)
    gradient = jax.jit(jax.grad(lambda m: exact(m).log_z))(model)
    result = solve(model, 1.0, clamp_of(9, {}))
    np.testing.assert_allclose(gradient.biases, result.spins, atol=5e-6)
    off = 1 - np.eye(9)
    np.testing.assert_allclose(gradient.couplings * off, result.pairs * off / 2, atol=5e-6)


@pytest.mark.parametrize(("n", "held"), [(5, {}), (5, {1: 1, 3: -1}), (9, dict.fromkeys(range(4), 1))])
def test_draws_follow_the_probabilities(n: int, held: dict[int, int]) -> None:
    law = exact(random_model(9, n, bias=0.3, coupling=0.2), 1.0, clamp_of(n, held))
    draws = law.draw(jax.random.key(0), (100, 1000))
    assert draws.shape == (100, 1000, n)
    assert draws.dtype == jnp.int8
    assert all((draws[..., i] == value).all() for i, value in held.items())
    assert_frequencies(state_index(np.asarray(draws)), np.asarray(law.probabilities, np.float64))
    np.testing.assert_array_equal(draws, law.draw(jax.random.key(0), (100, 1000)))
    assert (draws != law.draw(jax.random.key(1), (100, 1000))).any()


@pytest.mark.parametrize("state", [0, 1, 511])
def test_a_single_possible_state_is_always_drawn(state: int) -> None:
    held = dict(enumerate(all_states(9)[state].tolist()))
    draws = exact(random_model(2, 9), 1.0, clamp_of(9, held)).draw(jax.random.key(0), (1000,))
    assert (state_index(np.asarray(draws)) == state).all()


def test_batched_results_answer_in_batches() -> None:
    models, clamps = random_models(0, 7, 9), random_clamps(0, 7, 9)
    batch = jax.jit(jax.vmap(exact, in_axes=(0, None, 0)))(models, 1.0, clamps)
    assert batch.pairs.shape == (7, 9, 9)
    for i in range(7):
        one = solve(*jax.tree.map(lambda x, i=i: x[i], (models, jnp.ones(7), clamps)))
        np.testing.assert_allclose(batch.log_z[i], one.log_z, rtol=1e-6)
        np.testing.assert_allclose(batch.spins[i], one.spins, atol=2e-6)
        np.testing.assert_allclose(batch.pairs[i], one.pairs, atol=2e-6)


def test_temperatures_clamps_and_couplings_trace_once() -> None:
    traces = []

    @jax.jit
    def marginals(model: Ising, beta: jax.Array, clamp: Clamp) -> jax.Array:
        traces.append(1)
        return exact(model, beta, clamp).marginals

    for i in range(10):
        marginals(random_model(i, 5), jnp.float32(i), clamp_of(5, {i % 5: 1}))
    assert len(traces) == 1


@given(st.permutations(range(6)), st.integers(0, 100))
def test_relabelling_spins_relabels_moments(order: list[int], seed: int) -> None:
    model, p = random_model(seed, 6), np.array(order)
    moved = Ising(model.biases[p], model.couplings[p][:, p])
    new, old = (solve(m, 1.0, clamp_of(6, {})) for m in (moved, model))
    np.testing.assert_allclose(new.spins, old.spins[p], atol=5e-6)
    np.testing.assert_allclose(new.pairs, old.pairs[p][:, p], atol=5e-6)


@given(st.lists(st.sampled_from([-1.0, 1.0]), min_size=9, max_size=9), st.integers(0, 100))
def test_gauge_flips_flip_moments(signs: list[float], seed: int) -> None:
    model, g = random_model(seed, 9), jnp.asarray(signs, jnp.float32)
    flipped, outer = Ising(model.biases * g, model.couplings * jnp.outer(g, g)), np.outer(signs, signs)
    new, old = (solve(m, 1.0, clamp_of(9, {})) for m in (flipped, model))
    np.testing.assert_allclose(new.log_z, old.log_z, rtol=2e-6)
    np.testing.assert_allclose(new.spins, old.spins * g, atol=5e-6)
    np.testing.assert_allclose(new.pairs, old.pairs * outer, atol=5e-6)


def test_sixteen_spins_fit() -> None:
    result = solve(Ising.checked(np.linspace(-1, 1, 16), 0.0), 1.0, clamp_of(16, {}))
    expected = np.tanh(np.linspace(-1, 1, 16))
    pairs = np.where(np.eye(16) > 0, 1.0, np.outer(expected, expected))
    np.testing.assert_allclose(result.spins, expected, atol=1e-5)
    np.testing.assert_allclose(result.pairs, pairs, atol=1e-5)


def test_refuses_what_would_not_fit() -> None:
    with pytest.raises(ValueError, match=r"model.num_spins = 21: .* at most 20 spins; sample with `gibbs`"):
        exact(Ising.checked(np.zeros(21), 0.0))
