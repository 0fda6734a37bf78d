"""Choosers by trial against plain loops, and in a rollout."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.act import AbstractChooser, Transition, rollout
from isotherm.act.trials.habit import Habit
from isotherm.act.trials.softmax_q import SoftmaxQ
from isotherm.act.trials.stay import Chance, Stay
from isotherm.world.discrete.bandit import Trial, bandit

RNG = np.random.default_rng(0)
ACTIONS, CONTEXTS = RNG.integers(0, 3, 30), RNG.integers(0, 2, 30)
REWARDS = RNG.random(30).astype(np.float32)
KEY = jax.random.key(0)


def laws(agent: AbstractChooser) -> np.ndarray:
    """Probabilities at each of the recorded steps."""

    def step(state: Any, seen: Any) -> Any:
        action, reward, context = seen
        shown = Trial(context, jnp.int32(-1))
        law, state = agent.law(state, shown)
        no = jnp.zeros((), bool)
        return agent.learn(KEY, state, Transition(shown, action, reward, no, no, shown)), jnp.exp(law)

    seen = jnp.asarray(ACTIONS, jnp.int32), jnp.asarray(REWARDS), jnp.asarray(CONTEXTS, jnp.int32)
    return np.asarray(jax.lax.scan(step, agent.init(KEY), seen)[1], np.float64)


def softmax(values: np.ndarray) -> np.ndarray:
    found = np.exp(values - values.max())
    return found / found.sum()


def test_softmax_q_equals_a_loop_with_contexts_and_forgetting() -> None:
    agent = SoftmaxQ(3, 2, learning_rate=0.3, inverse_temperature=4.0, forgetting=0.1, initial=0.4)
    values, wanted = np.full((2, 3), 0.4), []
    for action, reward, context in zip(ACTIONS, REWARDS, CONTEXTS, strict=True):
        wanted.append(softmax(4.0 * values[context]))
        old = values[context, action]
        values = values + 0.1 * (0.4 - values)
        values[context, action] = old + 0.3 * (reward - old)
    np.testing.assert_allclose(laws(agent), wanted, rtol=2e-5)


def test_fictitious_learning_teaches_the_others() -> None:
    agent = SoftmaxQ(3, learning_rate=0.3, inverse_temperature=2.0, is_fictitious=True)
    values, wanted = np.zeros(3), []
    for action, reward in zip(ACTIONS, REWARDS, strict=True):
        wanted.append(softmax(2.0 * values))
        target = np.where(np.arange(3) == action, reward, 1 - reward)
        values = values + 0.3 * (target - values)
    np.testing.assert_allclose(laws(agent), wanted, rtol=2e-5)


def test_the_stay_rule_looks_back_one_trial() -> None:
    found = laws(Stay(3, after_win=0.8, after_loss=0.1, win_above=0.5))
    np.testing.assert_allclose(found[0], 1 / 3, rtol=1e-6)
    stays = np.where(REWARDS[:-1] > 0.5, 0.8, 0.1)
    wanted = np.where(np.arange(3) == ACTIONS[:-1, None], stays[:, None], (1 - stays[:, None]) / 2)
    np.testing.assert_allclose(found[1:], wanted, rtol=1e-5)
    sure = laws(Stay(3))
    assert set(np.unique(sure[1:].round(6))) <= {0.0, 0.5, 1.0}


def test_a_habit_tilts_the_law_of_its_chooser() -> None:
    inner = SoftmaxQ(3, learning_rate=0.3, inverse_temperature=4.0)
    plain, found = laws(inner), laws(Habit(inner, 0.7))
    np.testing.assert_allclose(found[0], plain[0], rtol=1e-6)
    tilted = plain[1:] * np.exp(0.7 * (np.arange(3) == ACTIONS[:-1, None]))
    np.testing.assert_allclose(found[1:], tilted / tilted.sum(axis=1, keepdims=True), rtol=2e-5)
    np.testing.assert_allclose(laws(Habit(Chance(3), 0.0)), 1 / 3, rtol=1e-6)


@pytest.mark.parametrize("agent", [SoftmaxQ(2, inverse_temperature=3.0), Habit(Stay(2), 0.5), Chance(2)])
def test_they_act_in_a_bandit(agent: AbstractChooser) -> None:
    world = bandit([[0.1, 0.9], [0.9, 0.1]], rewards=[0.0, 1.0])
    found = rollout(jax.random.split(KEY, 100), agent, world, 40, 1)
    mean = float(found.sums["reward"].mean() / 40)
    if isinstance(agent, Chance):
        assert abs(mean - 0.5) < 4.5 * 0.5 / np.sqrt(4000)
    else:
        assert mean > 0.55


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SoftmaxQ(1), "num_actions = 1"),
        (lambda: SoftmaxQ(2, learning_rate=1.5), r"learning_rate = 1\.5"),
        (lambda: SoftmaxQ(2, forgetting=-0.1), "forgetting"),
        (lambda: SoftmaxQ(2, inverse_temperature=-1.0), "inverse_temperature"),
        (lambda: Stay(2, after_loss=1.1), r"after_loss = 1\.1"),
        (lambda: Habit(Chance(2), float("nan")), "weight"),
    ],
)
def test_settings_out_of_range_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
