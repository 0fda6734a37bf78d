"""Laws of choice: the frequencies of what agents do."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.test_rollout import SMALL, keys_of, market_of

from isotherm.act import UCB, AbstractChooser, EpsilonGreedy, IsingRouter, JointRouter, LinUCB, rollout
from isotherm.world.routing.context import Context

DRAWS = 20_000
CHOOSERS: dict[str, AbstractChooser] = {
    "epsilon-greedy": EpsilonGreedy(5, epsilon=0.3),
    "epsilon-greedy-never": EpsilonGreedy(5, epsilon=0.0),
    "ucb": UCB(5),
    "linucb": LinUCB(5),
    "ising": IsingRouter(5, inference="exact"),
    "joint": JointRouter(5, draw_width=0.0),
}
SHOWN = Context(jnp.array([1]), jnp.array([1], jnp.int8), jnp.arange(5) != 1)


def law_of(agent: AbstractChooser, state: Any) -> np.ndarray:
    return np.exp(np.asarray(agent.law(state, SHOWN)[0], np.float64))


@pytest.mark.parametrize("steps", [0, 3, 60])
@pytest.mark.parametrize("name", CHOOSERS)
def test_choices_are_as_frequent_as_the_law_says(name: str, steps: int) -> None:
    """From nothing, where all tie; after three steps, where some do; and after many."""
    agent = CHOOSERS[name]
    state = agent.init(jax.random.key(0))
    if steps:
        state = jax.tree.map(lambda leaf: leaf[0], rollout(keys_of(1), agent, market_of(), steps).agent_state)
    law = law_of(agent, state)
    assert law.shape == (5,)
    np.testing.assert_allclose(law.sum(), 1, rtol=1e-6)
    assert law[1] == 0
    if steps == 0:
        np.testing.assert_allclose(law, [0.25, 0, 0.25, 0.25, 0.25], rtol=1e-6)
    keys = jax.random.split(jax.random.key(1), DRAWS)
    actions = jax.jit(jax.vmap(lambda key: agent.act(key, state, SHOWN)[0]))(keys)
    counts = np.bincount(actions, minlength=5)
    assert not counts[law == 0].any()
    spread = np.sqrt(np.maximum(DRAWS * law * (1 - law), 1e-9))
    assert np.all(np.abs(counts - DRAWS * law)[law > 0] <= 4.5 * spread[law > 0] + 1e-2)


@pytest.mark.parametrize("name", ["ucb", "joint"])
def test_the_state_is_that_of_act(name: str) -> None:
    agent = CHOOSERS[name]
    state = agent.init(jax.random.key(0))
    by_law, by_act = agent.law(state, SHOWN)[1], agent.act(jax.random.key(3), state, SHOWN)[1]
    jax.tree.map(np.testing.assert_array_equal, by_law, by_act)


def test_the_law_of_epsilon_greedy_by_hand_and_its_slope() -> None:
    agent = CHOOSERS["epsilon-greedy"]
    state = agent.init(jax.random.key(0))
    state = state.tick().add(SHOWN, jnp.int32(3), jnp.asarray(True), 0.995)
    np.testing.assert_allclose(law_of(agent, state), [0.075, 0, 0.075, 0.775, 0.075], rtol=1e-6)
    tied = state.add(SHOWN, jnp.int32(0), jnp.asarray(True), 0.995)
    np.testing.assert_allclose(law_of(agent, tied), [0.425, 0, 0.075, 0.425, 0.075], rtol=1e-6)

    def chosen(epsilon: jax.Array) -> jax.Array:
        return EpsilonGreedy(5, epsilon=epsilon).law(state, SHOWN)[0][0]

    np.testing.assert_allclose(jax.grad(chosen)(jnp.float32(0.3)), 1 / 0.3, rtol=1e-5)


class Even(AbstractChooser):
    """Acts by its law alone."""

    def init(self, key: jax.Array) -> tuple[()]:
        return ()

    def law(self, state: Any, observation: Context) -> tuple[jax.Array, Any]:
        return jnp.log(jnp.array([0.1, 0.2, 0.0, 0.7])), state

    def learn(self, key: jax.Array, state: Any, transition: Any) -> Any:
        return state


def test_act_draws_from_the_law() -> None:
    actions = jax.vmap(lambda key: Even().act(key, (), SHOWN)[0])(jax.random.split(jax.random.key(0), DRAWS))
    counts = np.bincount(actions, minlength=4) / DRAWS
    assert actions.dtype == jnp.int32
    assert np.all(np.abs(counts - [0.1, 0.2, 0.0, 0.7]) < 4 * np.sqrt(0.25 / DRAWS))
    assert counts[2] == 0


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        (IsingRouter(5, schedule=SMALL), "inference = 'gibbs'.*closed law"),
        (JointRouter(5), r"draw_width = 0\.7.*closed law"),
    ],
)
def test_agents_without_a_closed_law_say_so(agent: AbstractChooser, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        agent.law(agent.init(jax.random.key(0)), SHOWN)
