"""Planning by sampling against enumeration, and against dynamic programming where that sums over all policies."""

import resource
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.inference.models import chain_model
from tests.act.inference.sampling.problems import CASES, Case, enumerated, grid, seeking
from tests.act.inference.search.models import problem_of
from tests.support.stats import assert_mean

from isotherm.act import SampledPolicies, sampled_policies
from isotherm.act.inference.policies import enumerated_policies
from isotherm.act.inference.sampling.energy import outlook_of, policy_energy
from isotherm.act.inference.search.problem import PlanningProblem

NOISE, BLOCKS = 1.2, 8
"""Times the total variation of as many independent draws that chains may have, on average over blocks of chains."""

BUDGET: dict[str, Any] = {
    "num_chains": 256,
    "num_warmup": 50,
    "num_samples": 60,
    "thin": 5,
    "ladder": 3,
    "num_particles": 256,
    "num_steps": 50,
}


def indices(case: Case, policies: Any) -> np.ndarray:
    """Numbers of policies in the order of enumeration."""
    return np.ravel_multi_index(tuple(np.moveaxis(np.asarray(policies), -1, 0)), case.shape)


def total_variation(drawn: np.ndarray, law: np.ndarray) -> float:
    return 0.5 * float(np.abs(np.bincount(drawn.ravel(), minlength=len(law)) / drawn.size - law).sum())


def multinomial_noise(law: np.ndarray, count: int) -> float:
    """Expected total variation of independent draws, by simulation."""
    rng = np.random.default_rng(0)
    return float(np.mean([0.5 * np.abs(rng.multinomial(count, law) / count - law).sum() for _ in range(40)]))


def check(case: Case, found: SampledPolicies) -> None:
    """The law of policies, the law of their first choice, log Z and the best policy."""
    drawn, law = indices(case, found.policies), case.law()
    parts = drawn.reshape(BLOCKS, -1)
    mean = np.mean([total_variation(part, law) for part in parts])
    assert mean <= NOISE * multinomial_noise(law, parts.shape[1])
    np.testing.assert_allclose(found.neg_efe, case.neg_efe[drawn], atol=2e-5)
    assert_mean(np.asarray(found.neg_efe, np.float64).mean(1), law @ case.neg_efe)
    for wrong in (0.95, 1.05):  # an inverse temperature off by 5 %
        with pytest.raises(AssertionError, match="z ="):
            assert_mean(np.asarray(found.neg_efe, np.float64).mean(1), case.law(wrong) @ case.neg_efe)
    first = law.reshape(case.shape[0], -1)
    np.testing.assert_allclose(np.exp(found.log_actions), first.sum(1), atol=0.02)
    begun = first @ np.ones(first.shape[1]) > 0
    expected = (first * case.neg_efe.reshape(first.shape)).sum(1)[begun] / first.sum(1)[begun]
    np.testing.assert_allclose(np.asarray(found.action_neg_efe)[begun], expected, atol=0.05)
    z = (float(found.log_z.value) - case.log_z) / float(found.log_z.error)
    assert abs(z) <= 3
    assert 0 < float(found.log_z.error) < 0.1
    best = indices(case, found.best)
    assert case.log_weights[best] == pytest.approx(case.log_weights.max(), abs=1e-5)
    assert float(found.best_neg_efe) == pytest.approx(case.neg_efe[best], abs=1e-5)
    assert found.ess > 0.6 * drawn.size
    assert found.rhat < 1.01


def test_law_normaliser_and_best_policy_are_those_of_enumeration_and_compile_once(caplog):
    case = seeking()
    found = sampled_policies(jax.random.key(0), case.problem, case.model.D, 3, **BUDGET)
    check(case, found)
    assert found.swap_rates.shape == (2,)
    assert "log Z = " in str(found)
    other = enumerated(
        chain_model(9, states=4, symbols=4, moves=4, C=[np.array([1.0, 0.0, -2.0, 1.0])]), 3, 4.0
    )
    key = jax.random.key(1)
    with jax.log_compiles():
        again = sampled_policies(key, other.problem, other.model.D, 3, **BUDGET)
    assert not [line for line in caplog.messages if "XLA compilation" in line]
    assert abs(float(again.log_z.value) - other.log_z) <= 3 * float(again.log_z.error)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CASES if name != "seeking"])
def test_five_models_of_64_to_4096_policies(name: str):
    case = CASES[name]()
    found = sampled_policies(jax.random.key(6), case.problem, case.model.D, case.policy_len, **BUDGET)
    check(case, found)
    assert not np.isin(np.asarray(found.policies), np.flatnonzero(np.isneginf(case.problem.log_prior))).any()


@pytest.mark.parametrize("name", ["two_factors", "curious", "in_time"])
def test_energy_of_a_policy_is_its_expected_free_energy(name: str):
    case = CASES[name]()
    outlook = outlook_of(case.problem, case.model.D)
    every = jnp.asarray(np.indices(case.shape).reshape(case.policy_len, -1).T)
    energies = jax.jit(jax.vmap(lambda choices: policy_energy(outlook, choices)))(every)
    np.testing.assert_allclose(-np.asarray(energies), case.neg_efe, atol=2e-5)


@pytest.mark.slow
def test_a_long_horizon_of_a_known_grid_agrees_with_dynamic_programming():
    """1.7e7 policies, of which the best is found."""
    known, policy_len = grid(2.0), 12
    exact = known.exact(policy_len)
    found = sampled_policies(
        jax.random.key(3),
        known.problem,
        known.model.D,
        policy_len,
        num_chains=32,
        num_samples=20,
        num_particles=256,
        num_steps=200,
    )
    assert abs(float(found.log_z.value) - exact.log_z) <= 3 * float(found.log_z.error)
    assert float(found.log_z.error) < policy_len / 80
    assert exact.best_log_weight - 1e-4 <= 2 * float(found.best_neg_efe) <= exact.best_log_weight + 1e-4
    np.testing.assert_allclose(np.exp(found.log_actions), np.exp(exact.log_laws[0, 0]), atol=0.1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < 4e9


@pytest.mark.slow
def test_a_model_without_a_choice_has_one_policy():
    model = chain_model(1, moves=1, C=[np.array([0.0, 1.0, 2.0, 3.0])])
    case = enumerated(model, 4, 1.5)
    found = sampled_policies(
        jax.random.key(4), case.problem, model.D, 4, num_chains=2, num_warmup=1, num_samples=2, num_steps=3
    )
    assert (np.asarray(found.policies) == 0).all()
    assert np.exp(found.log_actions).tolist() == [1.0]
    assert float(found.log_z.value) == pytest.approx(case.log_z, abs=1e-5)
    assert float(found.log_z.error) < 1e-3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"policy_len": 0}, "policy_len = 0"),
        ({"policy_len": 1000}, "policy_len = 1000"),
        ({"num_chains": 1}, "num_chains = 1"),
        ({"num_samples": 0}, "num_samples = 0"),
        ({"num_particles": 1}, "num_particles = 1"),
        ({"num_steps": 1}, "num_steps = 1"),
        ({"ladder": 0}, "ladder = 0"),
        ({"ladder": [0.5, 0.9]}, "must ascend from at least 0 to 1"),
        ({"ladder": [-0.5, 1.0]}, "must ascend from at least 0 to 1"),
        ({"beliefs": [np.full(3, 1 / 3), np.ones(1)]}, r"len\(beliefs\) = 2"),
        ({"beliefs": [np.full(4, 0.25)]}, r"beliefs\[0\].shape"),
        ({"beliefs": [np.array([0.5, 0.2, 0.2])]}, r"sum\(beliefs\[0\]\)"),
        ({"num_samples": 10**12}, "num_samples = 1000000000000"),
        ({"num_chains": 10**12}, "num_chains = 1000000000000"),
        ({"num_particles": 10**12}, "num_particles = 1000000000000"),
    ],
)
def test_refusals(given: dict[str, Any], message: str):
    model = chain_model()
    arguments: dict[str, Any] = {"key": jax.random.key(0), "beliefs": model.D, "policy_len": 2, **given}
    with pytest.raises(ValueError, match=message):
        sampled_policies(problem=problem_of(model), **arguments)


def test_problems_that_cannot_be_sampled_are_refused():
    model = chain_model()
    problem = problem_of(model)
    longer = enumerated_policies(model.num_controls, model.B_action_dependencies, 2)
    for wrong, message in (
        (PlanningProblem(problem.worth, jnp.zeros(4), problem.gamma, longer), "the choices of one step"),
        (replace(problem, log_prior=jnp.full(2, -jnp.inf)), "or -inf for some"),
        (replace(problem, log_prior=jnp.zeros(3)), "problem.log_prior.shape"),
        (problem_of(model, gamma=-1.0), "problem.gamma = -1"),
    ):
        with pytest.raises(ValueError, match=message):
            sampled_policies(jax.random.key(0), wrong, model.D, 2)
