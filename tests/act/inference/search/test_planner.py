"""Planners in an agent: its law, its terms, its prior, rollouts, refusals."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from benchmarks.planners import unpruned
from tests.act.inference.search.models import cue_model, drawn_model, problem_of

from isotherm.act import rollout
from isotherm.act.inference.agent import ActiveInference
from isotherm.act.inference.search.exhaustive import Exhaustive
from isotherm.act.inference.search.sophisticated import Sophisticated
from isotherm.act.inference.search.tree import MonteCarlo
from isotherm.exact.beliefs import belief_optimum
from isotherm.random import run_keys
from isotherm.world import simplified_t_maze

KEY = jax.random.key(0)
UNSEEN = (jnp.int32(-1), jnp.int32(-1))


@pytest.mark.parametrize("planner", [Exhaustive(2), Sophisticated(2)])
def test_the_law_is_the_plan_of_what_is_believed(planner: Any) -> None:
    model = drawn_model(1, E=[0.3, 0.7])
    agent = ActiveInference(
        model, planner=planner, gamma=2.0, alpha=0.5, action_selection="stochastic", use_utility=False
    )
    seen = (jnp.int32(1), jnp.int32(0))
    law, mind = jax.jit(lambda agent: agent.law(agent.init(KEY), seen))(agent)
    plan = jax.jit(planner.plan)(problem_of(model, 2.0, use_utility=False), mind.beliefs)
    expected = 0.5 * plan.log_q
    np.testing.assert_allclose(law, expected - jax.nn.logsumexp(expected), atol=1e-5)
    assert jnp.exp(law).sum() == pytest.approx(1)


def test_planners_take_modalities_as_independent_if_told() -> None:
    model = drawn_model(0)
    problem = problem_of(model, 1e6)
    told = Exhaustive(2, True), MonteCarlo(150, 2, independent_modalities=True)
    found = [jax.jit(planner.plan)(problem, model.D).neg_efe for planner in told]
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    assert np.abs(found[0] - belief_optimum(model, 2).values).max() > 1e-4


@pytest.mark.parametrize("planner", [unpruned(2), MonteCarlo(150, 2)])
def test_inductive_terms_count_at_every_step(planner: Any) -> None:
    """Against policies scored one by one: without observations to tell apart, planning is enumeration."""
    model = drawn_model(3, num_obs=(1,), goal=[np.eye(3)[0]])
    told = {"use_inductive": True, "inductive_depth": 3, "inductive_threshold": 0.4}
    short, long = (ActiveInference(model, gamma=1e6, policy_len=steps, **told) for steps in (1, 2))
    found = jax.jit(planner.plan)(short.problem(short.init(KEY)), model.D)
    scores = long.scores(long.init(KEY))
    np.testing.assert_allclose(found.neg_efe, scores.neg_efe.reshape(2, 2).max(1), rtol=1e-5)
    assert np.abs(scores.inductive).min() > 0.1


def test_dropped_choices_are_never_made() -> None:
    model = cue_model()
    told = {"action_selection": "stochastic", "gamma": 3.0, "planner": Sophisticated(2)}
    law, _ = jax.jit(lambda agent: agent.law(agent.init(KEY), UNSEEN))(ActiveInference(model, **told))
    assert (law == -jnp.inf).any()
    assert jnp.exp(law).sum() == pytest.approx(1)


def test_agents_of_a_batch_plan_as_alone() -> None:
    models = [drawn_model(seed) for seed in range(2)]
    batch = jax.tree.map(lambda *leaves: jnp.stack(leaves), *models)
    agents = ActiveInference(
        batch, planner=Exhaustive(2), gamma=np.array([1.0, 4.0]), action_selection="stochastic"
    )
    law = lambda agent: agent.law(agent.init(KEY), UNSEEN)[0]  # noqa: E731
    laws = jax.jit(jax.vmap(law))(agents)
    for i, model in enumerate(models):
        alone = ActiveInference(
            model, planner=Exhaustive(2), gamma=[1.0, 4.0][i], action_selection="stochastic"
        )
        np.testing.assert_allclose(laws[i], jax.jit(law)(alone), atol=1e-5)


def test_it_looks_at_the_cue_and_then_takes_the_reward() -> None:
    """In the world of its model, with a cue that is true: cue, reward, in every run."""
    world = simplified_t_maze(cue_validity=1.0, dependent_outcomes=True)
    model = cue_model(2.0, 6.0, 1.0)
    agent = ActiveInference(replace(model, D=world.model.D), planner=Sophisticated(2), gamma=3.0)
    played = rollout(run_keys(0, 0, 8), agent, world, num_steps=2, num_points=2)
    np.testing.assert_allclose(played.sums["reward"][:, 1], 1.0)


def test_what_is_no_planner_or_does_not_fit_is_refused() -> None:
    model = drawn_model(0)
    with pytest.raises(TypeError, match="planner = 3: should be a planner"):
        ActiveInference(model, planner=3)
    with pytest.raises(ValueError, match=r"policy_len = 2: .*policy_len=1"):
        ActiveInference(model, planner=Exhaustive(2), policy_len=2)
