"""Episodes: a scan over rollouts that ends where the world says so."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.test_rollout import agents, keys_of, market_of

from isotherm.act import AbstractAgent, Transition, episodes, rollout
from isotherm.doors import memory
from isotherm.random.keys import named
from isotherm.world import AbstractWorld, Step


class Stairs(AbstractWorld):
    """Climbs a step at a time; ends at the top by its rules, or is cut."""

    top: int
    cut: int = 99

    def reset(self, key: jax.Array) -> tuple[Any, Any]:
        start = jax.random.randint(key, (), 0, 2)
        return start, (start, jnp.int32(0))

    def step(self, key: jax.Array, state: Any, action: jax.Array) -> Step:
        height, time = state[0] + action, state[1] + 1
        reward = (height >= self.top).astype(jnp.float32)
        ends = (height >= self.top, time >= self.cut)
        return Step(height, (height, time), reward, *ends, {"height": height.astype(jnp.float32)})


class Climber(AbstractAgent):
    """Climbs always, counts steps since the last end and all of them, and writes down how long episodes were."""

    def init(self, key: jax.Array) -> dict[str, jax.Array]:
        return {"now": jnp.int32(0), "all": jnp.int32(0), "last": jnp.int32(-1), "ends": jnp.int32(0)}

    def act(self, key: jax.Array, state: Any, observation: jax.Array) -> tuple[jax.Array, Any]:
        return jnp.int32(1), state

    def learn(self, key: jax.Array, state: Any, transition: Transition) -> Any:
        return state | {"now": state["now"] + 1, "all": state["all"] + 1}

    def end(self, key: jax.Array, state: Any) -> Any:
        return state | {"last": state["now"], "now": jnp.int32(0), "ends": state["ends"] + 1}


def starts_of(keys: jax.Array, num: int) -> np.ndarray:
    def start(key: jax.Array, number: int) -> jax.Array:
        episode = jax.random.fold_in(named(key, "episode"), number)
        return jax.random.randint(named(named(episode, "world"), "reset"), (), 0, 2)

    return np.array([[int(start(key, number)) for number in range(num)] for key in keys])


def test_after_the_end_nothing_counts() -> None:
    keys = keys_of(3)
    found = episodes(
        keys, Climber(), Stairs(4), 5, 9, keep=lambda moment: moment.transition.next_observation,
        keep_end=lambda state: state["last"],
    )  # fmt: skip
    starts = starts_of(keys, 5)
    assert set(starts.ravel()) == {0, 1}
    np.testing.assert_array_equal(found.lengths, 4 - starts)
    np.testing.assert_array_equal(found.ends, 4 - starts)
    np.testing.assert_array_equal(found.sums["reward"], np.ones((3, 5)))
    np.testing.assert_array_equal(found.sums["height"], np.where(starts == 0, 1 + 2 + 3 + 4, 2 + 3 + 4))
    np.testing.assert_array_equal(found.agent_state["all"], (4 - starts).sum(1))
    np.testing.assert_array_equal(found.agent_state["ends"], [5, 5, 5])
    assert found.kept.shape == (3, 5, 9)
    np.testing.assert_array_equal(found.kept[..., 0], starts + 1)
    assert int(found.number) == 5


def test_a_cut_ends_an_episode_too_and_so_does_the_number_of_steps() -> None:
    cut = episodes(keys_of(2), Climber(), Stairs(50, cut=3), 2, 9)
    np.testing.assert_array_equal(cut.lengths, [[3, 3]] * 2)
    short = episodes(keys_of(2), Climber(), Stairs(50), 2, 4)
    np.testing.assert_array_equal(short.lengths, [[4, 4]] * 2)
    assert not short.sums["reward"].any()
    assert (short.kept, short.ends) == (None, None)


def test_3_episodes_and_5_more_are_the_same_8() -> None:
    agent, market, keys = agents(5)["thompson"], market_of(shift=5), keys_of(4)
    whole = episodes(keys, agent, market, 8, 10)
    first = episodes(keys, agent, market, 3, 10)
    second = episodes(keys, agent, market, 5, 10, earlier=first)
    assert int(second.number) == 8
    for record, total in whole.sums.items():
        both = np.concatenate([first.sums[record], second.sums[record]], axis=1)
        np.testing.assert_array_equal(both, total)
    jax.tree.map(np.testing.assert_array_equal, second.agent_state, whole.agent_state)


def test_one_episode_is_a_rollout_of_its_key() -> None:
    agent, market, keys = agents(5)["epsilon-greedy"], market_of(shift=5), keys_of(4)
    found = episodes(keys, agent, market, 1, 20)
    inner = jax.vmap(lambda key: jax.random.fold_in(named(key, "episode"), 0))(keys)
    alone = rollout(inner, agent, market, 20, 1)  # an empty table needs no key to begin with
    np.testing.assert_array_equal(found.sums["regret"], alone.sums["regret"])


def test_blocks_compile_once(caplog: pytest.LogCaptureFixture) -> None:
    market, keys = market_of(), keys_of(2)
    block = lambda earlier: episodes(  # noqa: E731
        keys, agents(5)["ucb"], market, 2, 5, earlier=earlier, keep_end=lambda table: table.time
    )
    first = block(None)
    with jax.log_compiles():
        second = block(first)
    assert "jit(_episodes)" not in caplog.text
    np.testing.assert_array_equal(second.ends, [[15, 20]] * 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_episodes": 0}, "num_episodes = 0"),
        ({"num_steps": 0}, "num_steps = 0"),
        ({"keep_end": lambda: 0}, "keep_end = "),
        ({"keys": keys_of(2)}, "must lead with 2 runs"),
        ({"agent": agents(5)["ucb"]}, "earlier.agent_state = 'of other shapes'"),
        ({"keep": lambda moment: jnp.zeros(10**9), "num_episodes": 10**4}, "num_episodes = 10000"),
    ],
)
def test_bad_episodes_are_refused(change: dict[str, Any], message: str) -> None:
    keys = keys_of(3)
    found = episodes(keys, Climber(), Stairs(3), 1, 4)
    arguments = {"keys": keys, "agent": Climber(), "world": Stairs(3), "num_episodes": 2, "num_steps": 4}
    with pytest.raises((TypeError, ValueError), match=message):
        episodes(**(arguments | {"earlier": found} | change))


def test_more_runs_than_memory_holds_are_refused_before_any_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four numbers of the agent, two of the world and what is seen: 28 bytes a run, three copies."""
    needed, keys = 3.0 * 100_000 * 28, keys_of(100_000)
    monkeypatch.setattr(memory, "machine_memory", lambda: 0.999 * needed / memory.MEMORY_SHARE)
    with pytest.raises(ValueError, match=r"^keys = '100000 runs': would take .* have fewer at a time"):
        episodes(keys, Climber(), Stairs(3), 1, 1)
    monkeypatch.setattr(memory, "machine_memory", lambda: 1.001 * needed / memory.MEMORY_SHARE)
    episodes(keys, Climber(), Stairs(3), 1, 1)
