"""The only loop: an agent in a world, batched over runs, compiled once."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Key

from isotherm import doors
from isotherm.act.agent import AbstractAgent, Transition
from isotherm.errors import refusal
from isotherm.estimate.stretches import stretch_ends
from isotherm.random.keys import named
from isotherm.sample.run import bytes_of
from isotherm.world.world import AbstractWorld, Step

FEW = 100_000
"""Runs times stretches up to which nobody asks whether they fit into memory."""


class Rollout(NamedTuple):
    """What a rollout keeps.

    Attributes:
        sums: sums of ``reward`` and of every entry of the world's ``info`` over consecutive stretches of the
            run, ``(runs, stretches, ...)``, float32; see :func:`cumulative` and :func:`stretch_ends`.
        agent_state: the agents' states after the last step, batched over runs.
    """

    sums: dict[str, Float[Array, "runs stretches ..."]]
    agent_state: Any


def cumulative(sums: Float[Array, "runs stretches ..."] | np.ndarray) -> np.ndarray:
    """Running totals of a rollout's sums, float64; the last stretch has the total of the run.

    Args:
        sums: of one entry of the record, ``(runs, stretches, ...)``.

    Raises:
        ValueError: if it has fewer than two axes, or holds anything else than numbers.

    >>> cumulative(np.array([[1.0, 2.0, 0.5]])).tolist()
    [[1.0, 3.0, 3.5]]
    """
    found = doors.real_numbers("sums", sums)
    if found.ndim < 2:
        raise refusal("sums.shape", found.shape, "must be (runs, stretches, ...)")
    return np.cumsum(found, axis=1)


def rollout(
    keys: Key[Array, " runs"],
    agent: AbstractAgent,
    world: AbstractWorld,
    num_steps: int,
    num_points: int = 100,
) -> Rollout:
    """Let an agent act and learn in a world, one independent run a key.

    The world's draws depend on the key and the step alone: two agents given the same keys meet the same world,
    so that their difference run by run is a paired comparison. Memory grows with runs and points, not with
    steps. Array leaves of agent and world may change without recompiling, everything else is static.

    Args:
        keys: one key a run, shape ``(runs,)``.
        agent: any agent whose observations and actions fit the world's.
        world: any world.
        num_steps: steps of each run, at least 1 (static).
        num_points: the record is kept in at most so many stretches of equal length, at least 1 (static).

    Raises:
        TypeError: if keys, agent or world are of another kind.
        ValueError: if ``num_steps`` or ``num_points`` is below 1, or the record would not fit into memory.

    >>> from isotherm.act import UCB
    >>> from isotherm.world import replay_world
    >>> world = replay_world(np.array([[1, -1, 1], [1, 1, -1]]))
    >>> found = rollout(jax.random.split(jax.random.key(0), 4), UCB(3), world, num_steps=20, num_points=5)
    >>> found.sums["success"].shape
    (4, 5)
    """
    doors.random_key("keys", keys, ndim=1)
    doors.instance("agent", agent, AbstractAgent, "an agent, such as Thompson(5)")
    doors.instance("world", world, AbstractWorld, "a world, such as venue_market(biases, couplings)")
    num_steps, num_points = doors.whole("num_steps", num_steps, 1), doors.whole("num_points", num_points, 1)
    _check_memory(keys, agent, world, num_steps, num_points)
    return _rollout(keys, agent, world, num_steps, num_points)


def _check_memory(
    keys: Key[Array, " runs"], agent: AbstractAgent, world: AbstractWorld, num_steps: int, num_points: int
) -> None:
    """Refuse records and states beyond memory; what is surely small is not looked at, which would cost a trace."""
    num_stretches = min(num_points, num_steps)
    if len(keys) * num_stretches < FEW:
        return
    carry, record = jax.eval_shape(lambda key: _start(key, agent, world)[:2], keys[0])
    kept = num_stretches * bytes_of(record)
    doors.affordable(
        "num_points", num_points, 3.0 * len(keys) * kept, "keep fewer stretches, or have fewer runs"
    )
    doors.affordable("keys", f"{len(keys)} runs", 3.0 * len(keys) * bytes_of(carry), "have fewer at a time")


@eqx.filter_jit
def _rollout(
    keys: Key[Array, " runs"], agent: AbstractAgent, world: AbstractWorld, num_steps: int, num_points: int
) -> Rollout:
    ends = stretch_ends(num_steps, num_points)
    length, whole = int(ends[0]), num_steps // int(ends[0])

    def run(key: Key[Array, ""]) -> tuple[dict[str, Array], Any]:
        carry, zeros, step = _start(key, agent, world)

        def stretch(carry, start, length=length):
            return lax.fori_loop(0, length, lambda i, both: step(both, start + i), (carry, zeros))

        carry, sums = lax.scan(stretch, carry, length * jnp.arange(whole))
        if whole < len(ends):
            carry, last = stretch(carry, whole * length, num_steps - whole * length)
            sums = jax.tree.map(lambda xs, x: jnp.concatenate([xs, x[None]]), sums, last)
        return sums, carry[0]

    return Rollout(*jax.vmap(run)(keys))


def _start(key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld):
    """What a run carries from step to step, zeros for its record, and the step itself."""
    world_key, agent_key = named(key, "world"), named(key, "agent")

    def act(carry, time):
        agent_state, world_state, observation = carry
        act_key, learn_key = jax.random.split(jax.random.fold_in(agent_key, time))
        action, agent_state = agent.act(act_key, agent_state, observation)
        return (
            world.step(jax.random.fold_in(world_key, time), world_state, action),
            action,
            agent_state,
            learn_key,
        )

    def step(carry_and_sums, time):
        carry, sums = carry_and_sums
        answer, action, agent_state, learn_key = act(carry, time)
        outcome = (action, answer.reward, answer.terminated, answer.truncated, answer.observation)
        agent_state = agent.learn(learn_key, agent_state, Transition(carry[2], *outcome))
        sums = jax.tree.map(jnp.add, sums, _record(answer))
        return (agent_state, answer.state, answer.observation), sums

    observation, world_state = world.reset(named(world_key, "reset"))
    carry = (agent.init(named(agent_key, "init")), world_state, observation)
    record = jax.eval_shape(lambda carry: _record(act(carry, jnp.int32(0))[0]), carry)
    return carry, jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), record), step


def _record(answer: Step) -> dict[str, Array]:
    return {"reward": answer.reward} | answer.info
