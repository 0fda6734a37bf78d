"""Every sampler of tilted policies against closed forms, at twenty settings in one program."""

import functools
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from isotherm.energy.tilt.bases import (
    DensityPolicy,
    DiscretePolicy,
    GaussianPolicy,
    LinearGaussian,
    MixturePolicy,
)
from isotherm.energy.tilt.tilted import QuadraticReward, TableReward, Tilted
from isotherm.exact.tilt import quadrature, tilted_law
from isotherm.sample.metropolis.independence import independence
from isotherm.sample.metropolis.langevin import mala, ula
from isotherm.sample.run import sample
from isotherm.sample.tilt.importance import importance, tempered
from isotherm.sample.tilt.next_states import ActionAndNext, followed, joint_gibbs, whitened_mala

NUM_SETTINGS, NUM_CHAINS = 20, 1000
FALSE_ALARM = 1e-4


class Setting(NamedTuple):
    mu_a: np.ndarray
    sigma_a: np.ndarray
    q_a: np.ndarray
    mu_q: np.ndarray
    alpha: np.ndarray
    shift: np.ndarray
    sigma_s: np.ndarray
    beta: np.ndarray


def settings() -> Setting:
    rng = np.random.default_rng(5)
    low = [-1, 0.5, 0.3, -1.5, -1.5, -1, 0.6, 0.2]
    high = [1, 1.5, 1.5, 1.5, 1.5, 1, 1.2, 2.0]
    return Setting(*rng.uniform(low, high, (NUM_SETTINGS, len(low))).T.astype(np.float32))


def problem(s: Setting):
    base = GaussianPolicy(jnp.array([s.mu_a]), jnp.array([[s.sigma_a**2]]))
    tilted = Tilted(base, QuadraticReward(jnp.array([[s.q_a]]), jnp.array([s.mu_q])))
    return tilted, LinearGaussian(jnp.array([[s.alpha]]), jnp.array([s.shift]), jnp.array([[s.sigma_s**2]]))


def target(s: Setting) -> tuple[np.ndarray, np.ndarray]:
    precision = 1 / s.sigma_a**2 + s.beta * s.q_a
    return (s.mu_a / s.sigma_a**2 + s.beta * s.q_a * s.mu_q) / precision, precision**-0.5


def kernels(s: Setting, off: float):
    tilted, transition = problem(s)
    beta = s.beta * off
    width = 1 / (1 / s.sigma_a**2 + s.beta * s.q_a)
    return {
        "ula": (followed(ula(tilted, beta, 0.7, width[None, None]), transition), 60),
        "independence": (followed(independence(tilted, beta), transition), 60),
        "mala": (followed(mala(tilted, beta, 0.7, width[None, None]), transition), 60),
        "whitened": (whitened_mala(tilted, transition, beta, 0.3 * width, 0.3), 120),
        "gibbs": (joint_gibbs(tilted, transition, beta), 60),
    }


NAMES = ("independence", "ula", "mala", "whitened", "gibbs")
LADDER = np.linspace(0, 1, 6)[1:]


@functools.cache
def finals(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Last action and next state of independent chains at the right beta and at one 15 % off."""

    def chain(s: Setting, off: jax.Array, key: jax.Array) -> ActionAndNext:
        tilted, transition = problem(s)
        kernel, steps = kernels(s, off)[name]
        key_start, key_next, key_init, key = jax.random.split(key, 4)
        action = tilted.base.draw(key_start)
        start = kernel.init(ActionAndNext(action, transition.draw(key_next, action)), key_init)
        return jax.lax.scan(
            lambda state, k: (kernel.step(k, state)[0], None), start, jax.random.split(key, steps)
        )[0].position

    over_chains = jax.vmap(chain, (None, None, 0))
    over_settings = jax.vmap(over_chains, (0, None, 0))
    keys = jax.random.split(jax.random.key(3), (2, NUM_SETTINGS, NUM_CHAINS))
    found = jax.jit(jax.vmap(over_settings, (None, 0, 0)))(
        jax.tree.map(jnp.asarray, settings()), jnp.array([1.0, 1.3], jnp.float32), keys
    )
    return np.asarray(found.action, np.float64)[..., 0], np.asarray(found.next_state, np.float64)[..., 0]


def scores(x: np.ndarray) -> tuple[float, float]:
    """Of rows that should be standard normal: the least p-value of Kolmogorov and Smirnov, the worst z of moments."""
    p = min(stats.kstest(row, "norm").pvalue for row in x)
    n = x.shape[1]
    z = np.concatenate([x.mean(1) * np.sqrt(n), (x.var(1) - 1) * np.sqrt(n / 2)])
    return p, float(np.abs(z).max())


@pytest.mark.parametrize("name", NAMES)
def test_actions_follow_the_tilt_and_next_states_their_conditional(name: str):
    s = settings()
    mean, sigma = target(s)
    if name == "ula":  # its own law: wider by what theory says of a step of 0.7
        sigma = sigma / np.sqrt(1 - 0.7 / 2)
    (actions, wrong), (after, _) = finals(name)
    bound = stats.norm.isf(FALSE_ALARM / (2 * 4 * NUM_SETTINGS))
    p, z = scores((actions - mean[:, None]) / sigma[:, None])
    assert p > FALSE_ALARM / NUM_SETTINGS
    assert z < bound
    residual = (after - (s.alpha[:, None] * actions + s.shift[:, None])) / s.sigma_s[:, None]
    if name == "gibbs":  # the action is drawn given the next state: the law is that of the reversed pair
        residual = (after - (s.alpha * mean + s.shift)[:, None]) / np.hypot(s.alpha * sigma, s.sigma_s)[
            :, None
        ]
    p, z = scores(residual)
    assert p > FALSE_ALARM / NUM_SETTINGS
    assert z < bound
    assert scores((wrong - mean[:, None]) / sigma[:, None])[1] > bound  # a beta 30 % off is seen


def test_pairs_of_gibbs_have_the_joint_covariance():
    s = settings()
    _, sigma = target(s)
    actions, after = (values[0] for values in finals("gibbs"))
    found = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(actions, after, strict=True)])
    exact = s.alpha * sigma / np.hypot(s.alpha * sigma, s.sigma_s)
    z = (np.arctanh(found) - np.arctanh(exact)) * np.sqrt(NUM_CHAINS - 3)
    assert np.abs(z).max() < stats.norm.isf(FALSE_ALARM / (2 * NUM_SETTINGS))


def one(precision: float = 4.0) -> Tilted:
    base = GaussianPolicy([0.0], [[1.0]])
    return Tilted(base, QuadraticReward([[precision - 1]], [1.25]))


@pytest.mark.parametrize(
    "name", ["importance", *(pytest.param(name, marks=pytest.mark.slow) for name in ("smc", "ais"))]
)
def test_weighted_draws_follow_the_tilt(name: str):
    """One draw by weight of each of many independent populations."""

    def drawn(s: Setting, off: jax.Array, key: jax.Array) -> jax.Array:
        tilted, _ = problem(s)
        key, key_choice = jax.random.split(key)
        beta = s.beta * off
        width = 1 / (1 / s.sigma_a**2 + beta * s.q_a)
        if name == "importance":
            found = importance(key, tilted, beta, 400)
        else:
            share = 0.5 if name == "smc" else 0.0
            betas = beta * jnp.asarray(LADDER, jnp.float32)
            found = tempered(
                key, tilted, betas, lambda b: mala(tilted, b, 0.7, width[None, None]), 40, 2, share
            ).final
        return found.positions[jax.random.categorical(key_choice, found.log_weights), 0]

    over_settings = jax.vmap(jax.vmap(drawn, (None, None, 0)), (0, None, 0))
    keys = jax.random.split(jax.random.key(4), (2, NUM_SETTINGS, NUM_CHAINS))
    s = settings()
    actions, wrong = np.asarray(
        jax.jit(jax.vmap(over_settings, (None, 0, 0)))(
            jax.tree.map(jnp.asarray, s), jnp.array([1.0, 1.3], jnp.float32), keys
        ),
        np.float64,
    )
    mean, sigma = target(s)
    bound = stats.norm.isf(FALSE_ALARM / (2 * 2 * NUM_SETTINGS))
    p, z = scores((actions - mean[:, None]) / sigma[:, None])
    assert p > FALSE_ALARM / NUM_SETTINGS
    assert z < bound
    assert scores((wrong - mean[:, None]) / sigma[:, None])[1] > bound


@pytest.mark.slow
def test_unadjusted_langevin_is_off_as_theory_says_and_mala_is_not():
    steps = np.array([0.02, 0.08, 0.2, 0.35], np.float32)
    tilted, mean = one(), 0.9375

    @jax.jit
    def run(step_size, key):
        def ends(kernel, key):
            def chain(key):
                key_start, key = jax.random.split(key)
                start = kernel.init(mean + 0.5 * jax.random.normal(key_start, (1,)))
                last, _ = jax.lax.scan(
                    lambda x, k: (kernel.step(k, x)[0], None), start, jax.random.split(key, 200)
                )
                return last.position[0]

            return jax.vmap(chain)(jax.random.split(key, 20_000))

        return ends(ula(tilted, 1.0, step_size), key), ends(mala(tilted, 1.0, step_size), key)

    found = [run(step, jax.random.key(i)) for i, step in enumerate(steps)]
    biased, exact = (np.array([np.asarray(pair[i], np.float64) for pair in found]) for i in (0, 1))
    theory = 1 / (4 * (1 - steps * 4 / 2))
    error = np.sqrt(2 / 20_000)
    assert np.abs(biased.var(1) / theory - 1).max() < 4 * error
    assert np.abs(exact.var(1) / 0.25 - 1).max() < 4 * error
    assert (biased.var(1)[1:] / 0.25 - 1 > 6 * error).all()
    for ends in (biased, exact):
        assert (np.abs(ends.mean(1) - mean) / ends.std(1)).max() < 4 / np.sqrt(20_000)


def test_gibbs_forgets_at_the_rate_of_theory():
    base, transition = GaussianPolicy([0.0], [[1.0]]), LinearGaussian([[1.0]], [0.0], [[0.25]])
    tilted = Tilted(base, QuadraticReward([[1.0]], [1.5]))
    start = ActionAndNext(jnp.full((8, 1), 0.9), jnp.full((8, 1), 0.9))
    draws = sample(
        jax.random.key(0), joint_gibbs(tilted, transition, 1.5), start, num_warmup=50, num_samples=5000
    )
    actions = np.asarray(draws.values.action, np.float64)[..., 0]
    lag1 = np.mean([np.corrcoef(row[:-1], row[1:])[0, 1] for row in actions])
    assert lag1 == pytest.approx(4 / 6.5, abs=0.02)
    assert actions.mean() == pytest.approx(0.9, abs=0.03)


def test_importance_weights_have_the_ess_and_the_normaliser_of_theory():
    base = GaussianPolicy([0.0], [[1.0]])
    tilted = Tilted(base, QuadraticReward([[1.0]], [1.5]))

    @jax.jit
    @jax.vmap
    def run(key):
        weighted = importance(key, tilted, 1.5, 4000)
        return weighted.log_z, weighted.ess_fraction, weighted.mean[0], weighted.variance[0]

    found = run(jax.random.split(jax.random.key(1), 50))
    log_z, share, means, variances = (np.asarray(values, np.float64) for values in found)
    exact = tilted_law(tilted, 1.5)
    assert exact.log_z == pytest.approx(-1.1331453659370776, abs=1e-6)
    z = np.exp(log_z - exact.log_z)
    assert abs(z.mean() - 1) < 4 * z.std() / np.sqrt(len(z))
    assert share.mean() == pytest.approx(0.4822013318, abs=0.005)
    assert abs(means.mean() - 0.9) < 4 * means.std() / np.sqrt(len(means))
    assert variances.mean() == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("resample_below", [pytest.param(0.0, marks=pytest.mark.slow), 0.5])
def test_tempering_estimates_the_normaliser_without_bias(resample_below: float):
    base = MixturePolicy([1.0, 3.0], [[-2.0, 0.0], [1.0, 1.0]], np.stack([0.5 * np.eye(2), np.eye(2)]))
    tilted = Tilted(base, QuadraticReward([[2.0, 0.5], [0.5, 1.0]], [-1.5, 2.0]))
    law = tilted_law(tilted, 2.0)
    betas = jnp.linspace(0.0, 2.0, 11)[1:]

    @jax.jit
    @jax.vmap
    def run(key):
        return tempered(key, tilted, betas, lambda b: mala(tilted, b, 0.1), 200, 2, resample_below)

    found = run(jax.random.split(jax.random.key(2), 60))
    z = np.exp(np.asarray(found.final.log_z, np.float64) - law.log_z)
    assert abs(z.mean() - 1) < 4 * z.std() / np.sqrt(len(z))
    assert z.std() > 0
    means = np.asarray(jax.vmap(lambda w: w.mean)(found.final), np.float64)
    error = means.std(0) / np.sqrt(len(means))
    assert (np.abs(means.mean(0) - law.mean) < 4 * error + 0.01).all()
    assert (np.asarray(found.acceptance_rate) > 0).all()


def test_any_density_in_one_dimension_against_quadrature():
    def log_density(x):
        return -0.5 * x[0] ** 2 - 0.4 * jnp.sin(2 * x[0])

    base = DensityPolicy(log_density, lambda key: jax.random.normal(key, (1,)))
    tilted = Tilted(base, lambda x: -((x[0] ** 2 - 1) ** 2))
    law = quadrature(tilted, 0.7, -6.0, 6.0)
    draws = sample(
        jax.random.key(4),
        mala(tilted, 0.7, 0.3),
        jnp.zeros((400, 1)),
        num_warmup=300,
        num_samples=20,
        thin=10,
    )
    x = np.asarray(draws.values, np.float64)[..., 0]
    for power in (1, 2, 3, 4):
        per_chain = (x**power).mean(1)
        exact = law.expect(lambda points, power=power: points**power)
        assert abs(per_chain.mean() - exact) < 4 * per_chain.std() / np.sqrt(len(per_chain))
    assert stats.kstest(x[:, -1], law.cdf).pvalue > 1e-3
    assert stats.kstest(x[:, -1] + 0.15, law.cdf).pvalue < 1e-4


def test_discrete_policies_are_tilted_by_table():
    tilted = Tilted(DiscretePolicy([0.0, 1.0, -0.5, 0.3]), TableReward([1.0, -1.0, 2.0, 0.5]))
    law = tilted_law(tilted, 0.8)
    draws = sample(
        jax.random.key(6), independence(tilted, 0.8), jnp.zeros(2000, jnp.int32), num_warmup=30, num_samples=1
    )
    counts = np.bincount(np.asarray(draws.values).ravel(), minlength=4)
    assert stats.chisquare(counts, law.probabilities * 2000).pvalue > 1e-3
    base = np.exp([0.0, 1.0, -0.5, 0.3]) / np.exp([0.0, 1.0, -0.5, 0.3]).sum()
    assert stats.chisquare(counts, base * 2000).pvalue < 1e-6


def test_closed_forms_agree_with_quadrature_and_with_the_joint():
    base = MixturePolicy([0.3, 0.7], [[-1.0], [2.0]], [[[0.5]], [[0.8]]])
    tilted = Tilted(base, QuadraticReward([[1.3]], [0.4], 0.2))
    closed, grid = tilted_law(tilted, 1.7), quadrature(tilted, 1.7, -12.0, 12.0)
    assert closed.log_z == pytest.approx(grid.log_z, abs=1e-6)
    assert closed.mean[0] == pytest.approx(grid.mean, abs=1e-6)
    assert closed.covariance[0, 0] == pytest.approx(grid.variance, abs=1e-6)
    policy, transition = GaussianPolicy([0.0], [[1.0]]), LinearGaussian([[1.0]], [0.0], [[0.25]])
    both = Tilted(transition.joint(policy), QuadraticReward(np.eye(2), [1.5, 1.0]))
    law = tilted_law(both, 1.5)
    slope = (
        law.covariance[0, 0, 1] / law.covariance[0, 0, 0]
        if law.covariance.ndim == 3
        else (law.covariance[1, 0] / law.covariance[0, 0])
    )
    assert slope < 0.9  # tilting both bends the conditional, whose slope was 1


def test_values_of_beta_and_step_do_not_recompile():
    tilted, count = one(), 0

    @eqx.filter_jit
    def step(kernel, x):
        nonlocal count
        count += 1
        return kernel.step(jax.random.key(0), kernel.init(x))[0].position

    for beta in (0.1, 0.5, 2.0):
        step(mala(tilted, beta, 0.1 * beta), jnp.zeros(1))
    assert count == 1


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: mala(one(), 1.0, 0.0), "step_size = 0.0: must be above 0"),
        (lambda: ula(one(), float("nan"), 0.1), "beta = nan"),
        (lambda: independence(one(), float("inf")), "beta = inf"),
        (lambda: mala(one(), 1.0, 0.1, [[-1.0]]), "preconditioner"),
        (lambda: GaussianPolicy([0.0], [[-1.0]]), "covariance = .*positive definite"),
        (lambda: GaussianPolicy([0.0, np.nan], np.eye(2)), "mean = .*finite"),
        (lambda: MixturePolicy([1.0], [0.0], [[1.0]]), "weights, means, covariances"),
        (lambda: tilted_law(one(), -0.5), "beta = -0.5: leaves no normaliser"),
        (lambda: tilted_law(one(), float("nan")), "beta = nan"),
        (lambda: quadrature(one(), 1.0, 2.0, -2.0), "low, high"),
        (lambda: importance(jax.random.key(0), one(), 1.0, 0), "num_draws = 0"),
        (lambda: tempered(jax.random.key(0), one(), [1.0, 0.5], lambda b: b, 10), "betas = .*ascend"),
        (
            lambda: whitened_mala(one(), LinearGaussian([[1.0]], [0.0], [[1.0]]), 1.0, -1.0, 1.0),
            "step_action = -1",
        ),
        (lambda: QuadraticReward(np.eye(2), [1.0]), "curvature.shape"),
    ],
)
def test_bad_input_is_refused_in_one_line(make, line: str):
    with pytest.raises(ValueError, match=line) as refused:
        make()
    assert "\n" not in str(refused.value)


def test_what_has_no_closed_form_is_refused():
    tilted = Tilted(GaussianPolicy([0.0], [[1.0]]), lambda x: x[0])
    with pytest.raises(TypeError, match="has no closed form"):
        tilted_law(tilted, 1.0)
    with pytest.raises(TypeError, match="Gibbs needs"):
        joint_gibbs(tilted, LinearGaussian([[1.0]], [0.0], [[1.0]]), 1.0)
