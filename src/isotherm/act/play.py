"""One run on the host: an agent in an environment of gymnasium, which no program can be compiled of."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32, Key

from isotherm import doors
from isotherm.act.agent import AbstractAgent, Transition
from isotherm.act.rollout import MAX_STEPS, agent_keys, agent_stream, strong
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed, named
from isotherm.world.discrete.gym import gymnasium_module


class Played(NamedTuple):
    """What :func:`play` leaves.

    Attributes:
        rewards: of each step, ``(steps,)``; fewer than were asked for where the environment ended the episode.
        observations: what the agent saw, leaves ``(steps + 1, ...)``, the last one after the last step.
        actions: what it did, leaves ``(steps, ...)``.
        info: numbers that stood in ``info`` at every step, by name, ``(steps,)`` each.
        agent_state: after the last step, and after the episode where it ended.
        terminated: the episode ended by the environment's rules.
        truncated: it was cut at a limit.
    """

    rewards: Float32[np.ndarray, " steps"]
    observations: Any
    actions: Any
    info: dict[str, Float32[np.ndarray, " steps"]]
    agent_state: Any
    terminated: bool
    truncated: bool


def play(
    key: KeyOrSeed,
    agent: AbstractAgent,
    env: Any,
    num_steps: int,
    *,
    agent_state: Any = None,
    observe: Callable[[Any], Any] | None = None,
) -> Played:
    """Let an agent act and learn in an environment of gymnasium, for one episode of at most ``num_steps`` steps.

    In a world of the package, wrapped by :func:`isotherm.world.discrete.gym.to_gymnasium`, it is the run that
    :func:`isotherm.act.rollout.rollout` finds for the same key. Any other environment gets a seed made from the key.
    The agent acts and learns in compiled code, the environment in Python, step by step.

    Args:
        key: of the run.
        agent: any agent whose observations and actions fit the environment's.
        env: a ``gymnasium.Env``. In a ``Discrete`` space of actions the agent's are counted from its ``start``.
        num_steps: at most, at least 1.
        agent_state: of an earlier episode, to go on learning from; a new one by default.
        observe: what the agent sees, a function of the environment's observation; by default that itself, its whole
            numbers as int32, its others as float32.

    Returns:
        What was seen, done and got, a row a step, ``(steps, ...)``. Where the environment ended the episode,
        :meth:`AbstractAgent.end` has learned from it as a whole.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if ``num_steps`` is below 1, or ``agent_state`` is not of this agent.
        ImportError: if the extra ``agents`` is not installed.

    >>> from isotherm.world import grid_world, to_gymnasium
    >>> class Right(AbstractAgent):  # always
    ...     def init(self, key):
    ...         return ()
    ...     def act(self, key, state, observation):
    ...         return jnp.int32(1), state
    ...     def learn(self, key, state, transition):
    ...         return state
    >>> environment = to_gymnasium(grid_world((1, 4), initial_position=(0, 0), ends_on=[[3]]))
    >>> found = play(jax.random.key(0), Right(), environment, 10)
    >>> found.observations[0].tolist(), found.terminated
    ([0, 1, 2, 3], True)
    """
    key = doors.random_key("key", key)
    doors.instance("agent", agent, AbstractAgent, "an agent, such as Thompson(5)")
    gymnasium = gymnasium_module("play")
    doors.instance("env", env, gymnasium.Env, "a gymnasium.Env", "to_gymnasium(world) makes one")
    num_steps = doors.whole("num_steps", num_steps, 1, MAX_STEPS)
    if observe is not None:
        doors.function("observe", observe, "a function of an observation", num_arguments=1)
    sees = _numbers if observe is None else lambda raw: _numbers(observe(raw))
    state = _init(agent, key) if agent_state is None else _checked(agent_state, _init(agent, key))
    state = jax.tree.map(strong, state)
    seen = sees(_begin(env, key))
    run = _Run(agent, env, key, sees)
    observations, taken, ended = [seen], [], (False, False)
    for time in range(num_steps):
        state, step = run.step(jnp.int32(time), state, observations[-1])
        taken.append(step)
        observations.append(step.transition.next_observation)
        ended = bool(step.transition.terminated), bool(step.transition.truncated)
        if any(ended):
            state = _end(agent, key, state)
            break
    return Played(
        rewards=np.asarray([step.transition.reward for step in taken], np.float32),
        observations=_stacked(observations),
        actions=_stacked([step.transition.action for step in taken]),
        info=_records([step.info for step in taken]),
        agent_state=state,
        terminated=ended[0],
        truncated=ended[1],
    )


def _checked(agent_state: Any, begun: Any) -> Any:
    """A state of the structure, shapes and dtypes of a new one."""
    given, wanted = (jax.tree.flatten(tree) for tree in (agent_state, begun))
    kinds = [
        [(getattr(x, "shape", None), getattr(x, "dtype", None)) for x in leaves]
        for leaves, _ in (given, wanted)
    ]
    if given[1] != wanted[1] or kinds[0] != kinds[1]:
        raise refusal("agent_state", "of other shapes", "must be what an earlier call of this agent returned")
    return agent_state


class _Taken(NamedTuple):
    transition: Transition
    info: dict[str, Any]


class _Run(NamedTuple):
    """What does not change from step to step."""

    agent: AbstractAgent
    env: Any
    key: Key[Array, ""]
    sees: Callable[[Any], Any]

    def step(self, time: Int32[Array, ""], state: Any, seen: Any) -> tuple[Any, _Taken]:
        action, state = _act(self.agent, self.key, time, state, seen)
        raw, reward, terminated, truncated, info = self.env.step(_for(self.env.action_space, action))
        ended = jnp.asarray(bool(terminated)), jnp.asarray(bool(truncated))
        transition = Transition(seen, action, jnp.float32(reward), *ended, self.sees(raw))
        return _learn(self.agent, self.key, time, state, transition), _Taken(transition, info)


def _begin(env: Any, key: Key[Array, ""]) -> Any:
    """The first observation of the run of a key."""
    from isotherm.world.discrete.environment import WorldEnv

    if isinstance(env.unwrapped, WorldEnv):
        return env.reset(options={"key": key})[0]
    seed = int(jax.random.bits(named(key, "world"), dtype=jnp.uint32)) >> 1
    return env.reset(seed=seed)[0]


def _for(space: Any, action: Any) -> Any:
    """An action as a space has it."""
    host = jax.tree.map(np.asarray, action)
    if isinstance(host, np.ndarray) and hasattr(space, "n") and host.size == 1:
        return int(host.item()) + int(getattr(space, "start", 0))
    return host


def _numbers(observation: Any) -> Any:
    """Leaves as arrays of JAX: whole numbers int32, others float32, bools bools."""

    def one(leaf: Any) -> Array:
        found = np.asarray(leaf)
        kind = found.dtype.kind
        return jnp.asarray(found, {"b": jnp.bool_, "i": jnp.int32, "u": jnp.int32}.get(kind, jnp.float32))

    return jax.tree.map(one, observation)


def _stacked(steps: list[Any]) -> Any:
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *steps)


def _records(infos: list[dict[str, Any]]) -> dict[str, Float32[np.ndarray, " steps"]]:
    """Entries that are one number at every step."""
    names = [name for name in infos[0] if all(_is_number(info.get(name)) for info in infos)]
    return {name: np.asarray([info[name] for info in infos], np.float32) for name in names}


def _is_number(value: Any) -> bool:
    return isinstance(value, bool | np.bool_) or doors.is_number(value)


# ------------------------------------------------------------------------------
# Compiled


@eqx.filter_jit
def _init(agent: AbstractAgent, key: Key[Array, ""]) -> Any:
    return agent.init(named(agent_stream(key), "init"))


@eqx.filter_jit
def _act(
    agent: AbstractAgent, key: Key[Array, ""], time: Int32[Array, ""], state: Any, seen: Any
) -> tuple[Any, Any]:
    return agent.act(agent_keys(key, time)[0], state, seen)


@eqx.filter_jit
def _learn(
    agent: AbstractAgent, key: Key[Array, ""], time: Int32[Array, ""], state: Any, transition: Transition
) -> Any:
    return agent.learn(agent_keys(key, time)[1], state, transition)


@eqx.filter_jit
def _end(agent: AbstractAgent, key: Key[Array, ""], state: Any) -> Any:
    return agent.end(named(agent_stream(key), "end"), state)
