"""The host loop: on a wrapped world it is the rollout, and on foreign environments it plays by their rules."""

from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium import spaces

from isotherm.act import AbstractAgent, Transition, episodes, play, rollout
from isotherm.random.keys import named
from isotherm.world import HiddenWorld, grid_world, knapsack_world, simplified_t_maze, to_gymnasium


class Wanderer(AbstractAgent):
    """Draws its action; counts what it met, in numbers that depend on every key and every entry."""

    sizes: tuple[int, ...]
    is_vector: bool = False

    def init(self, key: Any) -> Any:
        return {"sum": jax.random.uniform(key), "steps": jnp.int32(0), "ended": jnp.int32(0)}

    def act(self, key: Any, state: Any, observation: Any) -> Any:
        keys = jax.random.split(key, len(self.sizes))
        seen = sum(jax.tree.leaves(observation), jnp.int32(0))
        drawn = [jax.random.randint(k, (), 0, n) for k, n in zip(keys, self.sizes, strict=True)]
        drawn = [(d + seen) % n for d, n in zip(drawn, self.sizes, strict=True)]
        return (jnp.stack(drawn) if self.is_vector else drawn[0]), state

    def learn(self, key: Any, state: Any, transition: Transition) -> Any:
        seen = sum(jax.tree.leaves(transition.observation), jnp.int32(0)).astype(jnp.float32)
        now = sum(jax.tree.leaves(transition.next_observation), jnp.int32(0)).astype(jnp.float32)
        gain = jax.random.uniform(key) * (seen + 2.0 * now) + transition.reward
        return state | {"sum": 0.5 * state["sum"] + gain, "steps": state["steps"] + 1}

    def end(self, key: Any, state: Any) -> Any:
        return state | {"ended": state["ended"] + 1 + jax.random.randint(key, (), 0, 100)}


CASES = {
    "grid": (grid_world(success_prob=0.7), Wanderer((5,))),
    "t-maze": (simplified_t_maze(), Wanderer((4, 1), is_vector=True)),
    "knapsack": (knapsack_world([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], 4.0), Wanderer((2, 2, 2), is_vector=True)),
}


@pytest.mark.parametrize("name", CASES)
def test_on_a_wrapped_world_it_is_the_rollout(name: str) -> None:
    world, agent = CASES[name]
    key = jax.random.fold_in(jax.random.key(11), 4)
    found = play(key, agent, to_gymnasium(world), 25)
    keep = lambda moment: (moment.transition, moment.agent_state["sum"])  # noqa: E731
    expected = rollout(key[None], agent, world, 25, 25, keep=keep)
    transition = jax.tree.map(lambda leaf: leaf[0], expected.kept[0])
    np.testing.assert_array_equal(found.actions, transition.action)
    np.testing.assert_array_equal(found.rewards, transition.reward)
    for ours, before, after in zip(
        found.observations, transition.observation, transition.next_observation, strict=True
    ):
        np.testing.assert_array_equal(ours[:-1], before)
        np.testing.assert_array_equal(ours[1:], after)
        assert ours.dtype == np.int32
    assert set(found.info) == set(expected.sums) - {"reward"}
    for name, values in found.info.items():
        np.testing.assert_array_equal(values, expected.sums[name][0])
    state = jax.tree.map(lambda leaf: leaf[0], expected.agent_state)
    assert int(found.agent_state["steps"]) == int(state["steps"]) == 25
    np.testing.assert_allclose(found.agent_state["sum"], state["sum"], rtol=1e-6)
    assert (found.terminated, found.truncated) == (False, False)
    assert int(found.agent_state["ended"]) == 0


def test_an_ended_episode_is_that_of_episodes() -> None:
    world = simplified_t_maze(reward_condition=0, ends_on=[[], [1, 2]])
    agent, key = Wanderer((4,)), jax.random.key(2)
    expected = episodes(key[None], agent, world, 1, 50)
    found = play(jax.random.fold_in(named(key, "episode"), 0), agent, to_gymnasium(world), 50)
    assert len(found.rewards) == int(expected.lengths[0, 0])
    assert len(found.rewards) < 50
    assert (found.terminated, found.truncated) == (True, False)
    assert float(found.rewards.sum()) == float(expected.sums["reward"][0, 0]) != 0.0
    assert int(found.agent_state["ended"]) == int(expected.agent_state["ended"][0]) > 0


def test_it_goes_on_from_what_was_learned_and_stops_at_a_limit() -> None:
    env = gymnasium.wrappers.TimeLimit(to_gymnasium(grid_world()), 4)
    first = play(jax.random.key(0), Wanderer((5,)), env, 10)
    assert (len(first.rewards), first.terminated, first.truncated) == (4, False, True)
    second = play(jax.random.key(1), Wanderer((5,)), env, 3, agent_state=first.agent_state)
    assert int(second.agent_state["steps"]) == 7
    assert second.observations[0].shape == (4,)


class Doubling(gymnasium.Env):
    """Foreign: a dictionary seen, actions counted from 3, an info of all kinds."""

    observation_space = spaces.Dict({"level": spaces.Box(0, 99, (2,)), "is_hot": spaces.Discrete(2)})
    action_space = spaces.Discrete(3, start=3)

    def __init__(self) -> None:
        self.seeds: list[Any] = []
        self.taken: list[Any] = []

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        self.seeds.append((seed, options))
        return {"level": np.zeros(2), "is_hot": 1}, {}

    def step(self, action: Any) -> Any:
        self.taken.append(action)
        info = {"speed": 2, "is_late": True, "word": "x", "array": np.ones(2)}
        info |= {"now_and_then": 1.0} if len(self.taken) == 1 else {}
        return {"level": np.full(2, action / 2), "is_hot": 0}, 1, False, False, info


def test_a_foreign_environment_gets_a_seed_and_actions_of_its_space() -> None:
    env, levels = Doubling(), []

    def observe(raw: Any) -> Any:
        levels.append(raw["level"])
        return raw["is_hot"]

    found = play(jax.random.key(5), Wanderer((3,)), env, 8, observe=observe)
    assert set(env.taken) <= {3, 4, 5}
    assert {type(action) for action in env.taken} == {int}
    assert [action - 3 for action in env.taken] == found.actions.tolist()
    assert found.observations.tolist() == [1] + [0] * 8
    assert sorted(found.info) == ["is_late", "speed"]
    assert found.info["speed"].tolist() == [2.0] * 8
    assert found.rewards.tolist() == [1.0] * 8
    ((seed, options),) = env.seeds
    assert options is None
    assert 0 <= seed < 2**31
    play(jax.random.key(5), Wanderer((3,)), env, 1, observe=observe)
    play(jax.random.key(6), Wanderer((3,)), env, 1, observe=observe)
    assert env.seeds[1] == (seed, None) != env.seeds[2]


class Looks(AbstractAgent):
    """Keeps what it saw last."""

    def init(self, key: Any) -> Any:
        return {"level": jnp.zeros(2), "is_hot": jnp.int32(0)}

    def act(self, key: Any, state: Any, observation: Any) -> Any:
        return jnp.int32(2), state

    def learn(self, key: Any, state: Any, transition: Transition) -> Any:
        return transition.next_observation


def test_structures_are_seen_as_they_are() -> None:
    found = play(jax.random.key(0), Looks(), Doubling(), 2)
    assert found.agent_state["level"].tolist() == [2.5, 2.5]
    assert found.observations["level"].shape == (3, 2)
    assert found.observations["level"].dtype == np.float32
    assert found.agent_state["is_hot"].dtype == jnp.int32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"env": 3}, "env = 3: should be a gymnasium.Env"),
        ({"num_steps": 0}, "num_steps = 0"),
        ({"observe": lambda: 0}, "observe = .*called with 1 argument"),
        ({"agent_state": jnp.zeros(2)}, "agent_state = 'of other shapes': must be what an earlier call"),
        ({"agent_state": {"sum": 1.0, "steps": 1.0, "ended": 0}}, "agent_state = 'of other shapes'"),
    ],
)
def test_what_cannot_be_played_is_refused(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"env": Doubling(), "num_steps": 3} | change
    with pytest.raises((TypeError, ValueError), match=message):
        play(jax.random.key(0), Wanderer((3,)), **given)


def test_worlds_may_differ_from_run_to_run_in_a_rollout() -> None:
    world, agent = grid_world((1, 3), include_stay=False), Wanderer((4,))
    keys = jax.random.split(jax.random.key(0), 3)

    def total(key: Any, states: Any) -> Any:
        there: HiddenWorld = world.start_at(states)
        return rollout(key[None], agent, there, 1, keep=lambda moment: moment.transition.observation[0]).kept[
            0, 0
        ]

    starts = jnp.array([[2], [0], [1]], jnp.int32)
    assert jax.vmap(total)(keys, starts).tolist() == [2, 0, 1]
