"""The planner by sampling, as agents call it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.inference.sampling.problems import seeking
from tests.act.inference.search.models import in_double

from isotherm.act import ActiveInference, PolicySampling

PLANNER = PolicySampling(3, num_chains=64, num_warmup=20, num_samples=40, ladder=1, num_steps=40)


def test_an_agent_that_samples_has_the_law_of_one_that_enumerates():
    case = seeking()
    agent = ActiveInference(
        case.model, planner=PLANNER, gamma=case.problem.gamma, action_selection="stochastic"
    )
    decide = jax.jit(lambda agent: agent.law(agent.init(jax.random.key(0)), (jnp.int32(-1),)))
    log_law, mind = decide(agent)
    law = case.law().reshape(4, -1)
    np.testing.assert_allclose(np.exp(log_law), law.sum(1), atol=0.03)
    expected = (law * case.neg_efe.reshape(4, -1)).sum(1) / law.sum(1)
    np.testing.assert_allclose(mind.plan.neg_efe, expected, atol=0.05)
    assert np.array_equal(log_law, decide(agent)[0])


@pytest.mark.slow
def test_an_agent_in_double_precision_samples_too():
    with jax.enable_x64(True):
        case = seeking()
        agent = ActiveInference(
            in_double(case.model), planner=PLANNER, gamma=12.0, action_selection="stochastic"
        )
        law = jax.jit(lambda agent: agent.law(agent.init(jax.random.key(0)), (jnp.int32(-1),))[0])(agent)
    np.testing.assert_allclose(np.exp(law), case.law().reshape(4, -1).sum(1), atol=0.03)


@pytest.mark.slow
def test_following_the_best_policy_and_many_agents_at_once():
    case = seeking()
    best = int(case.neg_efe.argmax()) // 16
    planner = PolicySampling(3, num_chains=16, num_warmup=4, num_samples=4, ladder=2, follow="best")
    beliefs = tuple(np.stack([belief, belief[::-1]]) for belief in map(np.asarray, case.model.D))
    found = jax.jit(jax.vmap(planner.plan, (None, 0)))(case.problem, tuple(map(jnp.asarray, beliefs)))
    assert found.log_q[0].tolist() == [0.0 if choice == best else -np.inf for choice in range(4)]
    assert float(found.value[0]) == pytest.approx(case.neg_efe.max(), abs=1e-5)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("horizon", 0, "horizon = 0"),
        ("num_chains", 1, "num_chains = 1"),
        ("num_warmup", -1, "num_warmup = -1"),
        ("ladder", (0.5, 0.4, 1.0), "must ascend"),
        ("follow", "most", "follow = 'most'"),
        ("num_steps", 1, "num_steps = 1"),
        ("seed", -1, "seed = -1"),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: object, message: str):
    with pytest.raises(ValueError, match=message):
        PolicySampling(**{name: value})
