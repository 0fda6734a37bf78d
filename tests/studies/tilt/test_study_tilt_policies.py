"""The variants of the study tilt: exact targets, samplers told apart, refusals, one run from the command line."""

import functools
import json
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.studies.tilt.test_study_tilt import STUDY, Found, config_of, found_by

from isotherm.energy.tilt.bases import LinearGaussian, MixturePolicy
from isotherm.energy.tilt.levels import TiltParameters, level
from isotherm.energy.tilt.noise import noisy_tilt
from isotherm.energy.tilt.tilted import QuadraticReward
from isotherm.sample.tilt.noise_walk import noise_walk
from isotherm.studies.tilt.config import TiltConfig
from isotherm.studies.tilt.policies import statistics as judge
from isotherm.studies.tilt.policies.model import problem

TINY = TiltConfig(policy="mixture", compared=("importance", "noise_walk"), num_chains=16, num_samples=32, K=3)


@functools.cache
def found_of(policy: str, *compared: str) -> Found:
    settings: dict[str, Any] = {"policy": policy, "compared": compared, "ca": 0.4, "K": 5}
    return found_by(TiltConfig(**settings, num_chains=64, num_samples=200))


@pytest.mark.parametrize("policy", ["multivariate", "mixture"])
def test_the_exact_law_is_what_brute_force_finds(policy: Literal["multivariate", "mixture"]) -> None:
    """Actions of the base policy, next states drawn with them, weighted by the reward averaged over these."""
    target, rng = problem(TiltConfig(policy=policy)), np.random.default_rng(3)
    draws = np.asarray(
        jax.vmap(target.tilted.base.draw)(jax.random.split(jax.random.key(1), 4000)), np.float64
    )
    through, noise = target.transition, target.transition.noise
    z = rng.standard_normal((50, len(noise.mean)))
    z -= z.mean(axis=0)
    z = (
        z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / len(z))).T
    )  # exact first two moments: a quadratic's mean is exact
    residual = z @ np.asarray(noise.factor, np.float64).T
    curvature, peak = (np.asarray(x, np.float64) for x in (target.reward.curvature, target.reward.peak))
    after = (draws @ np.asarray(through.matrix).T + np.asarray(noise.mean))[:, None] + residual
    both = (
        np.concatenate([np.broadcast_to(draws[:, None], (*after.shape[:2], draws.shape[1])), after], axis=-1)
        - peak
    )
    reward = -0.5 * np.einsum("nmi,ij,nmj->nm", both, curvature, both).mean(axis=1)
    np.testing.assert_allclose(
        jax.vmap(target.tilted.reward)(jnp.asarray(draws, jnp.float32)), reward, atol=2e-4
    )
    groups = draws.reshape(50, 80, -1), np.exp(target.beta * reward).reshape(50, 80)
    masses = groups[1].mean(axis=1)
    found = judge.pooled(
        lambda means: judge.moments(target.law, means), judge.features(target.law, *groups), masses
    )
    assert np.abs((found.value - judge.exact_moments(target.law)) / found.error).max() < 4
    assert abs(np.log(masses.mean()) - target.law.log_z) < 4 * masses.std() / masses.mean() / np.sqrt(50)


def test_noisy_levels_are_the_published_ones_in_one_dimension_and_quadrature_for_mixtures() -> None:
    transition, reward = LinearGaussian([[1.0]], [0.0], [[0.25]]), QuadraticReward(np.eye(2), [1.5, 1.0])
    published = level(TiltParameters(), np.float64(0.4))
    a = np.array([-1.0, 0.3, 2.0])

    @jax.jit
    def rewards_and_densities(policy: MixturePolicy) -> tuple[jax.Array, jax.Array]:
        tilted, points = noisy_tilt(policy, transition, reward, 0.4), jnp.asarray(a[:, None], jnp.float32)
        return jax.vmap(tilted.reward)(points), jnp.exp(jax.vmap(tilted.base.log_density)(points))

    expected = published.constant - 0.5 * (published.slope * a**2 - 2 * published.intercept * a)
    found, _ = rewards_and_densities(MixturePolicy([1.0], [[0.0]], [[[1.0]]]))
    np.testing.assert_allclose(found, expected, rtol=1e-5)

    policy = MixturePolicy([0.3, 0.7], [[-1.0], [2.0]], [[[0.5]], [[0.3]]])
    x = np.linspace(
        -8, 8, 4001
    )  # clean actions: the noisy one is normal around them, and so is the next state
    clean = 0.3 * _normal(x, -1.0, 0.5) + 0.7 * _normal(x, 2.0, 0.3)
    share = clean * _normal(a[:, None], np.sqrt(0.4) * x, 0.6)
    far = (np.sqrt(0.4) * x - 1.0) ** 2 + 0.4 * 0.25 + 0.6
    expected = -0.5 * (a - 1.5) ** 2 - 0.5 * (share * far).sum(1) / share.sum(1)
    found, densities = rewards_and_densities(policy)
    np.testing.assert_allclose(found, expected, rtol=2e-5)
    np.testing.assert_allclose(densities, share.sum(1) * (x[1] - x[0]), rtol=2e-5)


def _normal(x: np.ndarray, mean: Any, variance: float) -> np.ndarray:
    return np.exp(-0.5 * (x - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance)


def test_the_bias_of_ula_shows_and_mala_has_none() -> None:
    metrics, _ = found_of("multivariate", "ula", "mala")
    found, exact = metrics["samplers"], metrics["target"]["moments"]
    assert {name: one["verdict"] for name, one in found.items()} == {
        "ula": "off",
        "mala": "agrees",
    }
    for i in range(
        1, 5
    ):  # preconditioned by the law's covariance, so each direction widens by the same factor
        variance = found["ula"]["moments"][f"var {i}"]
        assert abs(variance["mean"] - 1.25 * exact[f"var {i}"]) < 4 * variance["se"]
    assert found["ula"]["kl"]["mean"] > 10 * found["ula"]["kl"]["se"]
    assert abs(found["mala"]["kl"]["mean"]) < 4 * found["mala"]["kl"]["se"]
    for one in found.values():
        next_states = one["next_states"]
        assert next_states["p"] > 1e-3
        assert max(abs(next_states["z_mean"]), abs(next_states["z_var"])) < 4
    assert "1.250 times too large" in " ".join(
        STUDY.conclusions(TiltConfig(policy="multivariate", ca=0.4), metrics)
    )


def test_weights_find_the_normaliser_and_the_parts_of_a_mixture_and_chains_that_do_not_mix_are_not_judged() -> (
    None
):
    metrics, arrays = found_of("mixture", "importance", "mala")
    found, target = metrics["samplers"], metrics["target"]
    assert found["importance"]["verdict"] == "agrees"
    assert abs(found["importance"]["log_z"]["z"]) < 4
    share = found["importance"]["effective"]
    assert abs(share["mean"] - target["importance_share"]) < 4 * share["se"] + 0.01
    assert found["mala"]["verdict"] != "agrees"
    assert found["mala"]["rhat"] > 1.1
    config = TiltConfig(policy="mixture", compared=("importance", "mala"), ca=0.4, K=5)
    assert [one.name for one in STUDY.figures(config, metrics, arrays)] == [
        "mixture_draws", "mixture_scores", "mixture_log_z",
    ]  # fmt: skip
    assert "R-hat" in " ".join(STUDY.conclusions(config, metrics))


@pytest.mark.slow
def test_the_other_samplers_end_on_the_tilted_policy() -> None:
    metrics, _ = found_of("multivariate", "independence", "gibbs", "whitened_mala", "smc", "ais")
    verdicts = {name: one["verdict"] for name, one in metrics["samplers"].items()}
    assert verdicts.pop("whitened_mala") != "off"  # its narrowest direction sets the step: slow
    assert set(verdicts.values()) == {"agrees"}
    for name in ("smc", "ais"):
        assert abs(metrics["samplers"][name]["log_z"]["z"]) < 4
    metrics, _ = found_of("mixture", "smc", "noise_walk")
    assert [one["verdict"] for one in metrics["samplers"].values()] == ["agrees", "off"]


@pytest.mark.slow
def test_a_walk_that_waits_at_its_levels_comes_closer() -> None:
    target, levels = problem(TINY), np.linspace(0.05, 1.0, 40)
    where = (target.policy, target.transition, target.reward, levels, target.beta * (levels - 0.05) / 0.95)
    far = []
    for num_moves in (1, 8, 40):
        actions = noise_walk(jax.random.key(1), *where, 0.4, 3000, num_moves).positions
        shares = judge.features(target.law, np.asarray(actions, np.float64)[None], np.ones((1, 3000)))[0, -3:]
        far.append(np.abs(shares - target.law.weights).max())
    assert far[0] > 0.07
    assert far[0] > 1.5 * far[1] > 1.5 * far[2]


def test_energy_distance_sees_a_shift_and_nothing_where_there_is_none() -> None:
    rng, even = np.random.default_rng(0), np.ones((40, 20))
    one, two = rng.standard_normal((2, 40, 20, 2))
    value, error = judge.energy_distance((one, even), (two, even))
    assert abs(value) < 4 * error
    value, error = judge.energy_distance((one + 0.5, even), (two, even))
    assert value > 4 * error
    weights = np.exp(one[..., 0] * 0.5)  # tilts the standard normal by half a unit
    shifted = judge.energy_distance((one, weights), (two + np.array([0.5, 0.0]), even))
    assert abs(shifted[0]) < 4 * shifted[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--policy=mixture --r-wa=2", "r_wa = 2.0: changes nothing with policy = 'mixture'"),
        ("--policy=mixture --dimension=3", "dimension = 3: changes nothing with policy = 'mixture'; needs"),
        (
            "--policy=multivariate --separation=1",
            "separation = 1.0: changes nothing with policy = 'multivariate'",
        ),
        (
            "--num-chains=32",
            "num_chains = 32: changes nothing with policy = 'normal'; needs policy = 'multivariate' or",
        ),
        ("--policy=mixture --compared=gibbs,mala", "gibbs needs policy = 'multivariate'"),
        ("--policy=mixture --compared=mala,mala", "each should be named once"),
        ("--policy=mixture --qA=2", "qA = 2.0: changes nothing"),
        ("--policy=mixture --ca=1.5", "ca = 1.5: must be at most 1"),
        ("--policy=mixture --lambda-scale=0", "lambda_scale = 0.0: must be above 0"),
        ("--policy=mixture --num-samples=100000", "num_samples = 100000: gives more than 40,000,000 numbers"),
        ("--policy=multivariate --correlation=1", "correlation = 1.0"),
        ("--policy=triangular", "policy = 'triangular'"),
    ],
)
def test_settings_that_would_change_nothing_are_refused(words: str, message: str) -> None:
    with pytest.raises(ValueError, match="=") as caught:
        config_of("--adaptation=frozen", "--noise=independent", *words.split())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_walk_refuses_paths_that_do_not_fit() -> None:
    target = problem(TINY)
    where = (jax.random.key(0), target.policy, target.transition, target.reward)
    with pytest.raises(ValueError, match=r"levels, betas = .*\(levels,\)"):
        noise_walk(*where, [0.5, 1.0], [1.0], 0.1, 4)
    with pytest.raises(ValueError, match=r"step_size = 0\.0: must be above 0"):
        noise_walk(*where, [1.0], [1.0], 0.0, 4)


def test_a_run_from_the_command_line_is_shown_as_it_was_found(isotherm: Any) -> None:
    words = ["tilt", "--preset", "mixture", "--compared=importance", "--num-chains=16", "--num-samples=32"]
    code, found, error = isotherm("run", *words, "--workers", "1", "--json")
    assert code == 0, error
    code, shown, _ = isotherm("show", json.loads(found)["path"], "--json")
    assert code == 0
    assert json.loads(shown)["metrics"] == json.loads(found)["metrics"]
    assert json.loads(found)["metrics"]["samplers"]["importance"]["log_z"]["n"] == 16


def test_a_task_gives_the_same_bytes_again() -> None:
    task = STUDY.tasks(TINY)[0]
    one, two = (STUDY.compute(TINY, task) for _ in range(2))
    assert {name: value.tobytes() for name, value in one.items()} == {
        name: value.tobytes() for name, value in two.items()
    }
