"""Rollouts that go on, and what they keep."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.test_rollout import Clerk, Counted, agents, keys_of, market_of

from isotherm.act import UCB, AbstractAgent, Carry, Moment, Transition, rollout
from isotherm.world.routing.replay import replay_world

TABLE = np.random.default_rng(0).choice([-1, 1], (90, 4)).astype(np.int8)


def same(found: Any, expected: Any) -> None:
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["epsilon-greedy", "winner-counts", "joint"])
def test_37_steps_and_63_more_are_the_same_100(name: str) -> None:
    agent, market, keys = agents(5)[name], market_of(shift=50), keys_of(4)
    whole = rollout(keys, agent, market, 100, 100)
    first = rollout(keys, agent, market, 37, 37)
    second = rollout(keys, agent, market, 63, 63, carry=first.carry)
    same(second.carry, whole.carry)
    assert int(second.carry.time) == 100
    for record, total in whole.sums.items():
        np.testing.assert_array_equal(
            np.concatenate([first.sums[record], second.sums[record]], axis=1), total, err_msg=record
        )


def test_other_numbers_of_steps_compile_nothing_anew() -> None:
    agent, world, keys = Counted(UCB(4), []), replay_world(TABLE), keys_of(3)
    found = rollout(keys, agent, world, 20, 5)
    once = len(agent.traces)
    found = rollout(keys, agent, world, 35, 5, carry=found.carry)
    rollout(keys, agent, world, 30, 5, carry=found.carry._replace(time=np.int64(55)))
    assert len(agent.traces) == once


def test_keep_sees_each_step_before_and_after_learning() -> None:
    def keep(moment: Moment) -> dict[str, Any]:
        return {
            "time": moment.time,
            "before": moment.agent_state,
            "row": moment.world_state,
            "action": moment.transition.action,
            "reward": moment.transition.reward,
            "success": moment.info["success"],
        }

    world, keys, clerk = replay_world(TABLE), keys_of(3), Clerk(True)
    plain, kept = rollout(keys, clerk, world, 23, 5), rollout(keys, clerk, world, 23, 5, keep=keep)
    same((kept.sums, kept.carry), (plain.sums, plain.carry))
    found = kept.kept
    np.testing.assert_array_equal(found["time"], [np.arange(23)] * 3)
    assert found["action"].shape == (3, 23)
    every = rollout(keys, clerk, world, 23, 23)
    np.testing.assert_array_equal(found["reward"], every.sums["reward"])
    np.testing.assert_array_equal(found["success"], every.sums["success"])
    for steps in (1, 7):  # the state before a step is that after all earlier ones
        carry = rollout(keys, clerk, world, steps).carry
        np.testing.assert_array_equal(found["before"][:, steps], carry.agent_state)
        same(jax.tree.map(lambda leaf, at=steps: leaf[:, at], found["row"]), carry.world_state)
    more = rollout(keys, clerk, world, 4, carry=plain.carry, keep=lambda moment: moment.time)
    np.testing.assert_array_equal(more.kept, [np.arange(23, 27)] * 3)


def test_a_new_lambda_that_keeps_the_same_compiles_nothing_anew(caplog: pytest.LogCaptureFixture) -> None:
    world, keys = replay_world(TABLE), keys_of(3)

    def block(carry: Carry | None, factor: float) -> Any:
        scale = jnp.float32(factor)
        return rollout(
            keys, UCB(4), world, 6, carry=carry, keep=lambda moment: scale * moment.transition.reward
        )

    first = block(None, 1.0)
    with jax.log_compiles():
        second = block(first.carry, 2.0)
    assert "Finished XLA compilation of jit(_keeping_rollout)" not in caplog.text
    assert set(np.unique(np.abs(second.kept))) == {2.0}
    with jax.log_compiles():
        rollout(keys, UCB(4), world, 6, carry=first.carry, keep=lambda moment: -moment.transition.reward)
    assert "Finished XLA compilation of jit(_keeping_rollout)" in caplog.text, "cannot fail"


class Weak(AbstractAgent):
    """Begins with Python's numbers."""

    def init(self, key: jax.Array) -> dict[str, Any]:
        return {"count": 0, "mean": 0.5, "seen": jnp.asarray(2)}

    def act(self, key: jax.Array, state: Any, observation: Any) -> tuple[jax.Array, Any]:
        return jnp.argmax(observation.available).astype(jnp.int32), state

    def learn(self, key: jax.Array, state: Any, transition: Transition) -> Any:
        return state | {"count": state["count"] + 1, "mean": 0.9 * state["mean"]}


def test_counts_of_weak_type_compile_nothing_anew(caplog: pytest.LogCaptureFixture) -> None:
    world, keys = replay_world(TABLE), keys_of(2)
    first = rollout(keys, Weak(), world, 5)
    with jax.log_compiles():
        second = rollout(keys, Weak(), world, 5, carry=first.carry)
    assert "jit(_rollout)" not in caplog.text
    np.testing.assert_array_equal(second.agent_state["count"], [10, 10])
    halved = first.carry._replace(agent_state=first.agent_state | {"mean": np.full(2, 0.25, np.float32)})
    found = rollout(keys, Weak(), world, 1, carry=halved)
    np.testing.assert_allclose(found.agent_state["mean"], 0.225, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_steps": 2**31 - 1}, "num_steps = 2147483647: at most 2,147,483,647 steps a run, 5 of them"),
        ({"keys": keys_of(2)}, r"carry.shape\[:1\] = \[\(3,\)\]: all leaves must lead with 2 runs"),
        ({"keep": lambda: 0}, "keep = "),
        ({"keep": lambda moment: jnp.zeros(10**9), "num_steps": 10**4}, "num_steps = 10000.*keep"),
    ],
)
def test_what_cannot_be_continued_or_kept_is_refused(change: dict[str, Any], message: str) -> None:
    world, keys = replay_world(TABLE), keys_of(3)
    carry = rollout(keys, Clerk(True), world, 5).carry
    arguments = {"keys": keys, "agent": Clerk(True), "world": world, "num_steps": 4, "carry": carry}
    with pytest.raises((TypeError, ValueError), match=message):
        rollout(**(arguments | change))


def test_it_goes_on_in_float64_too() -> None:
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        world, keys = replay_world(TABLE), keys_of(2)
        whole = rollout(keys, UCB(4), world, 12, 4)
        first = rollout(keys, UCB(4), world, 5, 5, keep=lambda moment: moment.time)
        second = rollout(keys, UCB(4), world, 7, 7, carry=first.carry)
        same(second.carry, whole.carry)
        assert second.carry.time.dtype == jnp.int32


@pytest.mark.parametrize("keep", [None, lambda moment: moment.time])
@pytest.mark.parametrize(
    ("change", "part"),
    [({"agent": UCB(4)}, "agent_state"), ({"world": market_of()}, "world_state")],
)
def test_the_carry_of_another_agent_or_world_is_refused(change: dict[str, Any], part: str, keep: Any) -> None:
    world, keys = replay_world(TABLE), keys_of(3)
    carry = rollout(keys, Clerk(True), world, 5).carry
    arguments = {"agent": Clerk(True), "world": world} | change
    with pytest.raises(ValueError, match=f"^carry.{part} = 'of other shapes': must be what an earlier call"):
        rollout(keys, num_steps=4, carry=carry, keep=keep, **arguments)
