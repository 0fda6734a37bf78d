"""Shapes of policies, rewards, positions, states and means are checked against each other before any work."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy import (
    DensityPolicy,
    DiscretePolicy,
    GaussianPolicy,
    Ising,
    LatticeIsing,
    LinearGaussian,
    MixturePolicy,
    QuadraticReward,
    TableReward,
    Tilted,
    ising,
    measure,
    square,
)
from isotherm.energy.lattice.observables import magnetization2
from isotherm.energy.tilt.levels import TiltParameters
from isotherm.energy.tilt.noise import averaged_reward, noisy_tilt
from isotherm.estimate import blocked, estimates
from isotherm.exact import quadrature, tilted_law
from isotherm.sample import (
    ActionAndNext,
    Clamp,
    checkerboard,
    followed,
    gibbs,
    importance,
    independence,
    initial_spins,
    joint_gibbs,
    mala,
    sample,
    swendsen_wang,
    tempered,
    tempering,
    ula,
    whitened_mala,
)
from isotherm.sample.tilt.noise_walk import noise_walk
from isotherm.sample.tilt.predictor_corrector import run as predictor_corrector

KEY = jax.random.key(0)


def normal(d: int) -> GaussianPolicy:
    return GaussianPolicy(np.zeros(d), np.eye(d))


def round_reward(d: int) -> QuadraticReward:
    return QuadraticReward(np.eye(d), np.ones(d))


def free(d: int) -> DensityPolicy:
    return DensityPolicy(lambda x: -jnp.sum(x**2) / 2, lambda key: jax.random.normal(key, (d,)))


def transition(d: int, m: int) -> LinearGaussian:
    return LinearGaussian(np.ones((m, d)), np.zeros(m), np.eye(m))


def mixture(d: int) -> MixturePolicy:
    return MixturePolicy([0.5, 0.5], np.zeros((2, d)), np.stack([np.eye(d)] * 2))


PLANE = Tilted(normal(2), round_reward(2))
TABLE = jnp.arange(3.0)


def test_quadrature_is_in_one_dimension():
    plane = Tilted(free(2), lambda x: -((x[1] - 1.0) ** 2))
    with pytest.raises(ValueError, match=r"draw\(key\).shape = \(2,\): must be \(1,\).*use a sampler"):
        quadrature(plane, 1.0, -8.0, 8.0)
    line = Tilted(free(1), lambda x: -((x[0] - 1.0) ** 2))
    right = 0.5 * np.log(2 * np.pi) - 0.5 * np.log(3) - 1 / 3
    assert quadrature(line, 1.0, -9.0, 9.0, 2001).log_z == pytest.approx(right, abs=1e-6)
    unknown = DensityPolicy(lambda x: -jnp.sum(x**2) / 2, undrawable)
    with pytest.raises(ValueError, match="give a draw of shape"):
        quadrature(Tilted(unknown, lambda x: -jnp.sum(x**2)), 1.0, -8.0, 8.0)
    with pytest.raises(ValueError, match="low = -inf: should be a finite number"):
        quadrature(line, 1.0, -np.inf, 8.0)
    nowhere = Tilted(free(1), lambda x: jnp.log(x[0]))
    with pytest.raises(ValueError, match="log density at -1 = nan: must be finite"):
        quadrature(nowhere, 1.0, -1.0, 8.0)


def undrawable(key):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("base", "reward", "message"),
    [
        (normal(2), lambda x: x[2], r"index in reward = 2: reads an axis of 2"),
        (normal(2), jax.jit(lambda x: x[-3]), r"index in reward = -3"),
        (normal(2), lambda x: x[jnp.array([0, 2])].sum(), "index in reward = 2"),
        (normal(1), lambda x: -((x - 1.0) ** 2), r"reward\(action\).shape = \(1,\): must be \(\)"),
        (normal(2), lambda x: (x, x), r"reward\(action\).shape = \(\(2,\), \(2,\)\)"),
        (normal(2), lambda x: x[0] > 0, r"reward\(action\).dtype = 'bool'"),
        (normal(2), lambda x: (jnp.eye(3) @ x)[0], r"action.shape = \(2,\): reward cannot be computed"),
        (normal(2), lambda x: x[0, 1], r"action.shape = \(2,\): reward cannot be computed"),
        (normal(2), round_reward(1), r"action.shape = \(2,\): must be \(1,\), as the reward's peak"),
        (normal(1), round_reward(2), r"action.shape = \(1,\): must be \(2,\), as the reward's peak"),
        (mixture(2), round_reward(3), r"action.shape = \(2,\): must be \(3,\)"),
        (free(2), round_reward(1), r"action.shape = \(2,\): must be \(1,\)"),
        (normal(2), TableReward(TABLE), "a table is for a DiscretePolicy"),
        (DiscretePolicy(np.zeros(4)), TableReward(TABLE), r"reward.values.shape = \(3,\): must be \(4,\)"),
        (DiscretePolicy(np.zeros(2)), TableReward(TABLE), r"reward.values.shape = \(3,\): must be \(2,\)"),
        (DiscretePolicy(np.zeros(4)), lambda x: TABLE[x], "index in reward = 3: reads an axis of 3, of action 3"),
        (DiscretePolicy(np.zeros(4)), lambda x: TABLE[x - 4], "index in reward = -4"),
    ],
)  # fmt: skip
def test_a_reward_fits_the_actions_of_its_policy(base, reward, message):
    with pytest.raises(ValueError, match=message):
        Tilted(base, reward)


@pytest.mark.parametrize(
    ("base", "reward"),
    [
        (normal(2), lambda x: x[0] * x[-1] - x[:1].sum()),
        (normal(2), lambda x: x.at[5].get(mode="fill", fill_value=0.0)),
        (DiscretePolicy(np.zeros(3)), lambda x: TABLE[x]),
        (DiscretePolicy(np.zeros(4)), lambda x: TABLE[jnp.minimum(x, 2)]),
        (DiscretePolicy(np.zeros(2)), lambda x: x),
        (DensityPolicy(lambda x: -jnp.sum(x**2), undrawable), lambda x: x[1]),
    ],
)
def test_a_reward_that_fits_is_taken(base, reward):
    assert Tilted(base, reward).base is base


def test_a_density_fits_its_draws():
    with pytest.raises(ValueError, match=r"log_density_of\(action\).shape = \(2,\)"):
        DensityPolicy(lambda x: -(x**2), lambda key: jax.random.normal(key, (2,)))
    with pytest.raises(ValueError, match=r"draw_by\(key\) = \(3, 2\): must be one action"):
        DensityPolicy(lambda x: -jnp.sum(x**2), lambda key: jax.random.normal(key, (3, 2)))


@pytest.mark.parametrize("tilted", [PLANE, Tilted(free(2), lambda x: -x[1])], ids=["normal", "density"])
@pytest.mark.parametrize(
    "make", [lambda t: mala(t, 1.0, 0.1), lambda t: ula(t, 1.0, 0.1), lambda t: independence(t, 1.0)]
)
def test_positions_are_actions(make, tilted):
    for d in (1, 3):
        with pytest.raises(ValueError, match=rf"position.shape = \({d},\): must be \(2,\)"):
            sample(KEY, make(tilted), lambda key, d=d: jax.random.normal(key, (d,)), num_samples=2)


def test_positions_of_a_policy_without_draws_are_tried():
    tilted = Tilted(DensityPolicy(lambda x: -jnp.sum(x**2), undrawable), lambda x: -(x[1] ** 2))
    with pytest.raises(ValueError, match="index in reward = 1: reads an axis of 1"):
        mala(tilted, 1.0, 0.1).init(jnp.zeros(1))
    assert mala(tilted, 1.0, 0.1).init(jnp.zeros(2)).score.shape == (2,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mala(PLANE, [[1.0]], 0.1), r"beta.shape = \(1, 1\)"),
        (lambda: mala(PLANE, 1e39, 0.1), r"beta = 1e\+39: must be finite in float32"),
        (lambda: ula(PLANE, np.nan, 0.1), "beta = nan: must be finite"),
        (lambda: mala(PLANE, 1.0, [0.1, 0.2]), r"step_size.shape = \(2,\): must be \(\)"),
        (lambda: mala(PLANE, 1.0, 1e-60), "step_size = 1e-60: must be above 0"),
        (lambda: mala(PLANE, 1.0, 0.1, np.eye(3)), r"preconditioner.shape = \(3, 3\): must be \(2, 2\)"),
        (lambda: mala(PLANE, 1.0, 0.1, np.ones(1)), r"preconditioner.shape = \(1,\)"),
        (lambda: mala(PLANE, 1.0, 0.1, [[1, 0.5], [0, 1]]), "preconditioner = .*must be symmetric"),
        (lambda: mala(Tilted(DiscretePolicy([0.0, 0.0]), TableReward([0, 1])), 1, 0.1), r"int32 of shape \(\)"),
        (lambda: independence(PLANE, 1e39), "beta = 1e"),
        (lambda: importance(KEY, PLANE, [1.0], 4), r"beta.shape = \(1,\)"),
        (lambda: importance(KEY, PLANE, 1e39, 4), "beta = 1e"),
        (lambda: tilted_law(PLANE, np.inf), "beta = inf"),
        (lambda: tempered(KEY, PLANE, [1.0, 1e39], lambda b: mala(PLANE, b, 0.1), 4), "betas = .*finite"),
        (
            lambda: tempered(KEY, PLANE, [1.0], lambda b: mala(Tilted(normal(1), round_reward(1)), b, 0.1), 4),
            r"position.shape = \(2,\): must be \(1,\)",
        ),
        (lambda: followed(mala(PLANE, 1.0, 0.1), transition(3, 1)), r"matrix.shape = \(1, 3\): must be \(1, 2\)"),
        (lambda: joint_gibbs(PLANE, transition(1, 2), 1.0), r"transition.matrix.shape = \(2, 1\): must be \(2, 2\)"),
        (lambda: whitened_mala(PLANE, transition(3, 1), 1.0, 0.1, 0.1), "transition.matrix.shape"),
        (lambda: whitened_mala(PLANE, transition(2, 1), 1.0, [0.1], 0.1), "step_action.shape"),
        (
            lambda: joint_gibbs(PLANE, transition(2, 1), 1.0).init(ActionAndNext(jnp.zeros(1), jnp.zeros(1))),
            r"position.action.shape = \(1,\): must be \(2,\)",
        ),
        (
            lambda: whitened_mala(PLANE, transition(2, 3), 1.0, 0.1, 0.1).init(
                ActionAndNext(jnp.zeros(2), jnp.zeros(1))
            ),
            r"position.next_state.shape = \(1,\): must be \(3,\)",
        ),
        (lambda: averaged_reward(round_reward(2), transition(2, 1)), r"reward.peak.shape = \(2,\): must be \(3,\)"),
        (lambda: noisy_tilt(mixture(3), transition(2, 1), round_reward(3), 0.5), r"policy.means.shape = \(2, 3\)"),
        (lambda: noisy_tilt(mixture(2), transition(2, 1), round_reward(3), 1.5), "alpha_bar = 1.5: must lie"),
        (
            lambda: noise_walk(KEY, mixture(1), transition(2, 1), round_reward(3), [0.5], [1.0], 0.1, 4),
            r"policy.means.shape = \(2, 1\): must be \(2, 2\)",
        ),
        (
            lambda: noise_walk(KEY, mixture(2), transition(2, 1), round_reward(2), [0.5], [1.0], 0.1, 4),
            r"reward.peak.shape = \(2,\): must be \(3,\)",
        ),
        (
            lambda: noise_walk(KEY, mixture(2), transition(2, 1), round_reward(3), [0.5], [np.nan], 0.1, 4),
            "betas = .*must be finite",
        ),
        (lambda: normal(2).log_density(jnp.zeros(1)), r"action.shape = \(1,\): must be \(2,\)"),
        (lambda: mixture(2).log_density(jnp.zeros(1)), r"action.shape = \(1,\): must be \(2,\)"),
        (lambda: transition(2, 1).draw(KEY, jnp.zeros(3)), r"action.shape = \(3,\): must be \(2,\)"),
        (lambda: transition(2, 1).joint(normal(1)), r"policy.mean.shape = \(1,\): must be \(2,\)"),
        (lambda: TableReward(np.zeros((2, 2))), r"values.shape = \(2, 2\)"),
    ],
)  # fmt: skip
def test_numbers_and_dimensions_are_refused_at_the_door(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_dense_states_have_as_many_spins_as_the_model():
    model = Ising.checked([0.1, 0.2, 0.3], 0.5)
    with pytest.raises(ValueError, match=r"x.shape = \(2,\): must be \(3,\)"):
        model.energy(jnp.ones(2, jnp.int8))
    with pytest.raises(ValueError, match=r"position.shape = \(4,\): must be \(3,\)"):
        sample(KEY, gibbs(model), jnp.ones((2, 4), jnp.int8), num_samples=1)


def test_dense_clamps_have_as_many_spins_as_the_model():
    model = Ising.checked([0.1, 0.2, 0.3], 0.5)
    clamp = Clamp(jnp.ones(1, bool), jnp.ones(1, jnp.int8))
    for use in (lambda: gibbs(model, clamp=clamp), lambda: initial_spins(KEY, model, clamp=clamp)):
        with pytest.raises(ValueError, match=r"clamp.mask = 'bool\(1,\)': must be bool of shape \(3,\)"):
            use()


LATTICE = LatticeIsing(square(4))
WRONG = [(6, 6), (2, 8), (3, 3), (2, 4, 4)]


@pytest.mark.parametrize("shape", WRONG)
@pytest.mark.parametrize("kernel", [checkerboard, swendsen_wang])
def test_lattice_kernels_take_states_of_their_lattice(kernel, shape):
    states = jnp.ones((1, *shape), jnp.int8)
    with pytest.raises(ValueError, match=r"position.*must be .*4, 4"):
        sample(KEY, kernel(LATTICE, 0.4), states, num_warmup=0, num_samples=1)


@pytest.mark.parametrize("shape", WRONG)
@pytest.mark.parametrize(
    "told", [LATTICE.energy, functools.partial(measure, LATTICE), functools.partial(magnetization2, LATTICE)]
)
def test_observables_take_states_of_their_lattice(told, shape):
    with pytest.raises(ValueError, match=r"x.shape = .*must be \(4, 4\)"):
        told(jnp.ones(shape, jnp.int8))


def test_means_and_temperatures_are_of_one_shape():
    rng = np.random.default_rng(0)
    means = blocked({"energy": rng.normal(size=(3, 2, 40))}, 5)
    assert estimates(means, [0.1, 0.2, 0.3], 16)["heat_capacity"].value.shape == (3,)
    with pytest.raises(ValueError, match=r"beta.shape = \(2,\): must be \(\), or \(3,\)"):
        estimates(means, [0.1, 0.2], 16)
    one = {name: value[0] for name, value in means.items()}
    with pytest.raises(ValueError, match=r"beta.shape = \(3,\): must be \(\), or \(\)"):
        estimates(one, [0.1, 0.2, 0.3], 16)
    with pytest.raises(ValueError, match="num_sites = 0: should be at least 1"):
        estimates(one, 0.1, 0)
    with pytest.raises(ValueError, match=r"means.shape = .*must be the same for all"):
        estimates(one | {"energy2": means["energy2"]}, 0.1, 16)


def test_predictor_correctors_take_one_shape_of_settings():
    few, many = (predictor_corrector.problem(TiltParameters(K=k)) for k in (2, 3))
    with pytest.raises(ValueError, match=r"levels.shape = \(3,\): must be \(2,\)"):
        predictor_corrector.stack([few, many])
    settings, sampler = predictor_corrector.stack([few, few]), predictor_corrector.Sampler("pc_ula", 4)
    keys = jax.random.split(KEY, (2, 5))
    with pytest.raises(ValueError, match=r"log_scale.shape = \(2, 3\): must be \(2, 2\)"):
        predictor_corrector.sample_runs(keys, settings, jnp.zeros((2, 3)), sampler)
    with pytest.raises(ValueError, match=r"setting.ca.shape = \(2,\): must be \(\)"):
        predictor_corrector.adapt(KEY, settings, sampler)
    level = jax.tree.map(lambda x: x[0], few.levels)
    kernel = predictor_corrector.level_kernel("pc_ula", few, level)
    with pytest.raises(ValueError, match=r"position.action.shape = \(2,\): must be \(\)"):
        kernel.init(predictor_corrector.Position(jnp.zeros(2), jnp.zeros(4)))


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize(
    "kernel_of",
    [gibbs, swendsen_wang, lambda graph: tempering(lambda beta: gibbs(graph, beta), [0.5, 1.0], graph)],
)
def test_first_positions_hold_a_number_for_each_variable(kernel_of, count):
    graph = ising([[0, 1], [1, 2]], 0.5, [0.0, 0.0, 2.0])
    with pytest.raises(ValueError, match=rf"positions\['s'\].shape = \(4, {count}\): must end in "):
        sample(KEY, kernel_of(graph), {"s": jnp.ones((4, count), jnp.int8)}, num_samples=2)


def test_a_constant_in_numbers_of_discrete_actions_is_refused_or_changes_nothing():
    far = np.array([3e7, 3e7 + 1, 3e7])
    policy = DiscretePolicy(far)
    law = tilted_law(Tilted(policy, TableReward(np.zeros(3))), 1.0)
    np.testing.assert_allclose(law.probabilities, [0.211942, 0.576117, 0.211942], atol=1e-5)
    with pytest.raises(
        ValueError, match=r"values = .*: differ by less than float32 tells: take a constant off"
    ):
        TableReward(far)
