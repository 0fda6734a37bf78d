"""The likelihood of recorded choices: a plain loop, padding, batches, alpha, gradients."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.act import Thompson, Transition
from isotherm.act.choices.likelihood import checked_chooser, choice_log_likelihood
from isotherm.act.choices.recorded import Recorded, recorded
from isotherm.act.chooser import AbstractChooser
from isotherm.act.inference.agent import ActiveInference
from isotherm.act.trials.softmax_q import SoftmaxQ
from isotherm.studies.choices.agents import reversal_agent, simulated_agent
from isotherm.world.discrete.bandit import Trial

LENGTHS = (12, 20, 7)
PARAMETERS = {"alpha gamma": 3.0, "loss": 1.5, "rate": 0.7, "forgetting": 0.9}


def steps(length: int, seed: int) -> Transition:
    rng = np.random.default_rng(seed)
    action, outcome = rng.integers(0, 2, length), rng.integers(0, 3, length).astype(np.int32)
    before = np.concatenate([[-1], outcome[:-1]]).astype(np.int32)
    context = np.zeros(length, np.int32)
    shown, later = Trial(context, before), Trial(context, outcome)
    return Transition(shown, action, (outcome - 1).astype(np.float32), None, None, later)


SUBJECTS = [steps(length, seed) for seed, length in enumerate(LENGTHS)]
AGENT = simulated_agent(2, PARAMETERS)


def test_it_equals_a_loop_of_softmax_q() -> None:
    agent = SoftmaxQ(2, learning_rate=0.3, inverse_temperature=2.0)
    found = choice_log_likelihood(agent, recorded(SUBJECTS))
    for row, one in zip(found.each, SUBJECTS, strict=True):
        values, wanted = np.zeros(2), []
        for action, reward in zip(one.action, one.reward, strict=True):
            wanted.append(2 * values[action] - np.log(np.exp(2 * values).sum()))
            values[action] += 0.3 * (reward - values[action])
        np.testing.assert_allclose(row[: len(wanted)], wanted, rtol=1e-5)
        assert (np.asarray(row[len(wanted) :]) == 0).all()
    np.testing.assert_allclose(found.total, found.each.sum(axis=1), rtol=1e-6)


def test_the_loop_of_the_hidden_state_agent() -> None:
    """Forward filtering of which answer is likelier, by hand."""
    agent = reversal_agent({"precision": 2.0, "hazard": 0.1, "reliability": 0.6})
    one = steps(15, 5)
    symbols = (one.next_observation.outcome > 0).astype(np.int32)  # right or wrong
    before = np.concatenate([[-1], symbols[:-1]]).astype(np.int32)
    zeros = np.zeros(15, np.int32)
    one = one._replace(observation=Trial(zeros, before), next_observation=Trial(zeros, symbols))
    belief, wanted = np.array([0.5, 0.5]), []
    for action, is_right in zip(one.action, symbols, strict=True):
        ahead = np.array([0.9 * belief[0] + 0.1 * belief[1], 0.1 * belief[0] + 0.9 * belief[1]])
        worth = 2.0 * (0.8 * ahead + 0.2 * ahead[::-1])
        wanted.append(worth[action] - np.log(np.exp(worth).sum()))
        is_likelier = np.arange(2) == action
        belief = ahead * np.where(is_likelier == bool(is_right), 0.8, 0.2)
        belief /= belief.sum()
    found = choice_log_likelihood(agent, recorded([one]))
    np.testing.assert_allclose(found.each[0], wanted, atol=2e-6)


def test_padding_adds_nothing_and_a_batch_is_its_subjects() -> None:
    both = recorded(SUBJECTS)
    found = choice_log_likelihood(AGENT, both)
    assert both.num_choices.tolist() == list(LENGTHS)
    for i, length in enumerate(LENGTHS):
        alone = choice_log_likelihood(AGENT, both.subject(i))
        np.testing.assert_allclose(found.total[i], alone.total, rtol=1e-5)
        np.testing.assert_allclose(found.each[i, :length], alone.each, rtol=1e-4, atol=1e-6)
        assert not np.asarray(found.each[i, length:]).any()
    odd = both._replace(action=jnp.where(both.valid, both.action, 1))
    np.testing.assert_array_equal(choice_log_likelihood(AGENT, odd).total, found.total)


def test_alpha_counts_as_it_does_in_acting() -> None:
    both = recorded(SUBJECTS)
    sharper = simulated_agent(2, PARAMETERS, alpha=jnp.float32(1.0)).agent.with_alpha(2.0)
    one = choice_log_likelihood(AGENT, both).total
    two = choice_log_likelihood(type(AGENT)(sharper), both).total
    assert (np.abs(np.asarray(one - two)) > 0.05).all()
    law, _ = AGENT.law(AGENT.init(jax.random.key(0)), None)
    actions = jax.vmap(lambda key: AGENT.act(key, AGENT.init(key), None)[0])(
        jax.random.split(jax.random.key(0), 4000)
    )
    assert abs(float(actions.mean()) - float(jnp.exp(law)[1])) < 4.5 * 0.5 / np.sqrt(4000)


def test_gradients_are_finite_and_right() -> None:
    both = recorded(SUBJECTS)
    names = list(PARAMETERS)

    def total(values: Any) -> jax.Array:
        agent = simulated_agent(2, dict(zip(names, values, strict=True)))
        return choice_log_likelihood(agent, both).total.sum()

    with jax.enable_x64(True):
        at = jnp.asarray(list(PARAMETERS.values()), jnp.float64)
        slope = jax.jit(jax.grad(total))(at)
        shifts = 1e-5 * jnp.concatenate([jnp.eye(4, dtype=at.dtype), -jnp.eye(4, dtype=at.dtype)])
        there = jax.jit(jax.vmap(total))(at[None] + shifts)
        np.testing.assert_allclose(slope, (there[:4] - there[4:]) / 2e-5, rtol=1e-4)


class Resets(AbstractChooser):
    """Counts steps since its episode began, and is the surer of action 0 the longer."""

    def init(self, key: jax.Array) -> jax.Array:
        return jnp.float32(0)

    def law(self, state: jax.Array, observation: Any) -> tuple[jax.Array, jax.Array]:
        return jax.nn.log_softmax(jnp.stack([state, jnp.zeros(())])), state

    def learn(self, key: jax.Array, state: jax.Array, transition: Transition) -> jax.Array:
        return state + 1

    def end(self, key: jax.Array, state: jax.Array) -> jax.Array:
        return jnp.zeros_like(state)


def test_episodes_end_where_they_did() -> None:
    one = Transition(None, np.zeros(4, int), np.zeros(4), None, None, None)
    found = choice_log_likelihood(Resets(), recorded([one], ends=[[False, True, False, False]]))
    wanted = [-np.log(1 + np.exp(-s)) for s in (0, 1, 0, 1)]
    np.testing.assert_allclose(found.each[0], wanted, rtol=1e-6)


def test_agents_without_a_closed_law_are_refused() -> None:
    with pytest.raises(TypeError, match=r"chooser = .*Thompson has no closed law"):
        checked_chooser("chooser", Thompson(5))
    with pytest.raises(TypeError, match="an agent whose law of choice is known"):
        checked_chooser("chooser", 3)
    assert checked_chooser("chooser", AGENT) is AGENT


@pytest.mark.parametrize(
    ("subjects", "message"),
    [
        ([], r"len\(subjects\) = 0"),
        ([SUBJECTS[0]._replace(action=np.array([0, -1, 1]))], r"subjects\[0\]\.action = -1"),
        ([SUBJECTS[0]._replace(action=np.array([0.5]))], r"subjects\[0\]\.action = 0\.5"),
        ([SUBJECTS[0]._replace(action=np.zeros(0))], r"subjects\[0\]\.action\.shape"),
        (
            [SUBJECTS[0]._replace(action=np.zeros(3))],
            r"subjects\[0\]\.reward\.shape = \(12,\): must be \(3,\)",
        ),
    ],
)
def test_what_is_no_record_is_refused(subjects: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recorded(subjects)


def test_rows_may_be_taken_several_times() -> None:
    both = recorded(SUBJECTS)
    again = both.taken([2, 0, 0])
    assert isinstance(again, Recorded)
    assert again.num_choices.tolist() == [7, 12, 12]
    assert isinstance(AGENT.agent, ActiveInference)
