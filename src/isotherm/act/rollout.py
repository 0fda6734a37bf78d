"""The only loop: an agent in a world, batched over runs, compiled once."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Key

from isotherm.act.agent import AbstractAgent, Transition
from isotherm.errors import refusal
from isotherm.random.keys import named
from isotherm.world.world import AbstractWorld


class Rollout(NamedTuple):
    """What a rollout keeps.

    Attributes:
        sums: sums of ``reward`` and of every scalar of the world's ``info`` over each of ``num_points`` equal
            stretches of the run, each of shape ``(runs, num_points)``, float32; see :func:`cumulative`.
        agent_state: the agents' states after the last step, batched over runs.
    """

    sums: dict[str, Float[Array, "runs points"]]
    agent_state: Any


def cumulative(sums: Float[Array, "runs points"] | np.ndarray) -> np.ndarray:
    """Running totals of a rollout's sums, float64, shape ``(runs, num_points)``; the last column is the total."""
    return np.cumsum(np.asarray(sums), axis=-1, dtype=np.float64)


@eqx.filter_jit
def rollout(
    keys: Key[Array, " runs"],
    agent: AbstractAgent,
    world: AbstractWorld,
    num_steps: int,
    num_points: int = 100,
) -> Rollout:
    """Let an agent act and learn in a world, one independent run a key.

    The world's draws depend on the key alone, not on the agent or its actions' randomness: two agents given the
    same keys meet the same world, so that their difference run by run is a paired comparison. Memory grows with
    runs and points, not with steps.

    Args:
        keys: one key a run.
        agent: any agent whose observations and actions fit the world's.
        world: any world.
        num_steps: steps of each run, a multiple of ``num_points`` (static).
        num_points: how many stretches the record is kept in (static).

    Raises:
        ValueError: if ``num_steps`` is not a positive multiple of ``num_points``.
    """
    if num_points < 1 or num_steps < 1 or num_steps % num_points:
        raise refusal("num_steps", num_steps, f"should be a positive multiple of num_points = {num_points}")

    def run(key: Key[Array, ""]) -> tuple[dict[str, Array], Any]:
        world_key, agent_key = named(key, "world"), named(key, "agent")

        def step(carry, time):
            agent_state, world_state, observation, sums = carry
            act_key, learn_key = jax.random.split(jax.random.fold_in(agent_key, time))
            action, agent_state = agent.act(act_key, agent_state, observation)
            answer = world.step(jax.random.fold_in(world_key, time), world_state, action)
            seen = (
                observation,
                action,
                answer.reward,
                answer.terminated,
                answer.truncated,
                answer.observation,
            )
            agent_state = agent.learn(learn_key, agent_state, Transition(*seen))
            sums = jax.tree.map(jnp.add, sums, {"reward": answer.reward} | answer.info)
            return (agent_state, answer.state, answer.observation, sums), None

        def stretch(carry, times):
            (*carry, sums), _ = lax.scan(step, (*carry, zeros), times)
            return tuple(carry), sums

        observation, world_state = world.reset(named(world_key, "reset"))
        agent_state = agent.init(named(agent_key, "init"))
        answer = jax.eval_shape(
            lambda: _first_answer(agent, world, key, agent_state, world_state, observation)
        )
        zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), {"reward": answer.reward} | answer.info)
        times = jnp.arange(num_steps).reshape(num_points, -1)
        carry, sums = lax.scan(stretch, (agent_state, world_state, observation), times)
        return sums, carry[0]

    return Rollout(*jax.vmap(run)(keys))


def _first_answer(agent, world, key, agent_state, world_state, observation):
    action, _ = agent.act(key, agent_state, observation)
    return world.step(key, world_state, action)
