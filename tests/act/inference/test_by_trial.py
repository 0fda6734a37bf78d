"""Active inference by trial against a plain loop of counts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.act import Transition
from isotherm.act.inference.by_trial import ByTrial
from isotherm.studies.choices.agents import counting_agent, simulated_agent
from isotherm.world.discrete.bandit import Trial

RNG = np.random.default_rng(1)
ACTIONS, OUTCOMES = RNG.integers(0, 3, 25), RNG.integers(0, 3, 25)
PREFERENCES = np.array([-1.5, 0.0, 1.0])


def run(agent: ByTrial) -> np.ndarray:
    key = jax.random.key(0)

    def step(state, seen):
        action, outcome = seen
        law, state = agent.law(state, None)
        no = jnp.zeros((), bool)
        later = Trial(jnp.int32(0), outcome)
        return agent.learn(key, state, Transition(None, action, jnp.float32(0), no, no, later)), law

    seen = jnp.asarray(ACTIONS, jnp.int32), jnp.asarray(OUTCOMES, jnp.int32)
    return np.asarray(jax.lax.scan(step, agent.init(key), seen)[1], np.float64)


def counted(gamma: float, rate: float, forgetting: float, is_curious: bool) -> np.ndarray:
    from scipy.special import digamma

    counts, found = np.ones((3, 3)), []  # outcomes, arms
    for action, outcome in zip(ACTIONS, OUTCOMES, strict=True):
        total = counts.sum(axis=0)
        law = counts / total
        worth = PREFERENCES @ law
        if is_curious:
            weight = np.log(total) - np.log(counts) + digamma(counts + 1) - digamma(total + 1)
            worth = worth + (law * weight).sum(axis=0)
        logits = gamma * worth
        found.append(logits - np.log(np.exp(logits).sum()))
        counts = 1 + forgetting * (counts - 1)
        counts[outcome, action] += rate
    return np.array(found)


@pytest.mark.parametrize("is_curious", [False, True])
def test_it_counts_outcomes_by_arm_and_plans_from_the_start(is_curious: bool) -> None:
    """One trial's outcome is known at the next choice; forgetting acts once a trial."""
    made = counting_agent(
        3,
        jnp.asarray(PREFERENCES, jnp.float32),
        gamma=2.5,
        rate=0.7,
        forgetting=0.9,
        is_curious=is_curious,
    )
    np.testing.assert_allclose(run(made), counted(2.5, 0.7, 0.9, is_curious), atol=2e-5)


def test_alpha_times_gamma_is_what_counts() -> None:
    parameters = {"alpha gamma": 2.0, "loss": 1.5, "rate": 0.7, "forgetting": 0.9}
    plain = run(simulated_agent(3, parameters))
    np.testing.assert_allclose(run(simulated_agent(3, parameters, alpha=4.0)), plain, atol=1e-5)
    np.testing.assert_allclose(plain, counted(2.0, 0.7, 0.9, is_curious=False), atol=2e-5)


def test_others_are_refused() -> None:
    from isotherm.act.inference.build import active_inference

    given = {"A": [np.eye(2)], "B": [np.stack([np.eye(2)] * 2, axis=-1)]}
    with pytest.raises(ValueError, match=r"agent\.policy_len = 2"):
        ByTrial(active_inference(**given, policy_len=2))
    with pytest.raises(ValueError, match=r"agent\.inference_algo = 'vmp'"):
        ByTrial(active_inference(**given, inference_algo="vmp"))
    with pytest.raises(ValueError, match="learn_B"):
        ByTrial(active_inference(**given, pB=given["B"], learn_B=True))
    with pytest.raises(TypeError, match="agent"):
        ByTrial(3)  # pyright: ignore[reportArgumentType]
