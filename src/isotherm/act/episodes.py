"""Episodes: the world begins anew each time, the agent goes on with what it has learned."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int32, Key

from isotherm import doors
from isotherm.act.agent import AbstractAgent
from isotherm.act.rollout import (
    FEW,
    MAX_STEPS,
    Carry,
    Moment,
    agent_stream,
    begin,
    check_runs,
    check_states,
    moment_shapes,
    one_step,
    record_of,
    strong,
    zero_record,
)
from isotherm.random.keys import named
from isotherm.sample.run import bytes_of
from isotherm.sample.traced import Traced, traced
from isotherm.world.world import AbstractWorld


class Episodes(NamedTuple):
    """What a number of episodes leaves.

    Attributes:
        sums: of ``reward`` and of every entry of the world's ``info`` over each episode, ``(runs, episodes, ...)``,
            float32.
        lengths: steps until the world ended an episode, else all of them, int32 ``(runs, episodes)``.
        agent_state: after the last episode, leaves lead with runs.
        number: episodes so far, earlier calls included, an int32 scalar.
        kept: what ``keep`` returned of each step, leaves ``(runs, episodes, steps, ...)``, of no meaning from the
            episode's length on; None without it.
        ends: what ``keep_end`` returned of each episode, leaves ``(runs, episodes, ...)``; None without it.
    """

    sums: dict[str, Float[Array, "runs episodes ..."]]
    lengths: Int32[Array, "runs episodes"]
    agent_state: Any
    number: Int32[Array, ""]
    kept: Any = None
    ends: Any = None


def episodes(
    keys: Key[Array, " runs"],
    agent: AbstractAgent,
    world: AbstractWorld,
    num_episodes: int,
    num_steps: int,
    *,
    earlier: Episodes | None = None,
    keep: Callable[[Moment], Any] | None = None,
    keep_end: Callable[[Any], Any] | None = None,
) -> Episodes:
    """Let an agent act, learn and begin again, one independent run a key, compiled once.

    Each episode is a rollout in a world that was reset; then :meth:`AbstractAgent.end` learns from it as a whole.
    Once the world says that an episode is over, the rest of its steps changes nothing: no reward, no record, no
    learning. The draws of an episode depend on the run's key and the episode's number alone.

    Args:
        keys: one key a run, shape ``(runs,)``.
        agent: any agent whose observations and actions fit the world's.
        world: any world.
        num_episodes: at least 1 (static).
        num_steps: of each episode at most, at least 1 (static).
        earlier: episodes of the same keys, agent and world to go on from; 3 and then 5 are the same as 8. From the
            beginning by default.
        keep: what to keep of each step, a function of a :class:`Moment`. A new ``lambda`` that computes the same
            compiles nothing anew.
        keep_end: what to keep of each episode, a function of the agent's state after its end; likewise.

    Raises:
        TypeError: if keys, agent, world or a function are of another kind.
        ValueError: if a number is below 1; if runs or what is kept would not fit into memory; or if ``earlier`` is
            not of these runs and this agent.

    >>> import numpy as np
    >>> from isotherm.act import Thompson
    >>> from isotherm.world import replay_world
    >>> world = replay_world(np.array([[1, -1, 1], [1, 1, -1]]))
    >>> keys = jax.random.split(jax.random.key(0), 4)
    >>> found = episodes(keys, Thompson(3), world, 3, 20, keep_end=lambda table: table.time)
    >>> found.sums["success"].shape, found.lengths[0].tolist(), found.ends[0].tolist()  # the table ends after two
    ((4, 3), [2, 2, 2], [2, 4, 6])
    """
    doors.random_key("keys", keys, ndim=1)
    doors.instance("agent", agent, AbstractAgent, "an agent, such as Thompson(5)")
    doors.instance("world", world, AbstractWorld, "a world, such as venue_market(biases, couplings)")
    num_episodes = doors.whole("num_episodes", num_episodes, 1, MAX_STEPS)
    num_steps = doors.whole("num_steps", num_steps, 1, MAX_STEPS)
    for field, given, what in (("keep", keep, "a Moment"), ("keep_end", keep_end, "an agent's state")):
        if given is not None:
            doors.function(field, given, f"a function of {what}", num_arguments=1)
    if len(keys) >= FEW:
        check_states(keys, eqx.filter_eval_shape(begin, keys[0], agent, world))
    state, number = _begun(keys, agent) if earlier is None else _checked(earlier, len(keys))
    keeping = _traced(keys, agent, world, state, keep, keep_end)
    kept = 0.0 if keeping.moment is None else num_steps * bytes_of(keeping.moment.shapes)
    kept += 0.0 if keeping.end is None else bytes_of(keeping.end.shapes)
    total = 2.0 * len(keys) * num_episodes * kept
    doors.affordable("num_episodes", num_episodes, total, "keep less, or go on from fewer episodes")
    return _episodes(keys, agent, world, state, number, num_episodes, num_steps, keeping)


class _Keeping(NamedTuple):
    moment: Traced | None
    end: Traced | None


def _traced(
    keys: Key[Array, " runs"],
    agent: AbstractAgent,
    world: AbstractWorld,
    state: Any,
    keep: Callable[[Moment], Any] | None,
    keep_end: Callable[[Any], Any] | None,
) -> _Keeping:
    if keep is None and keep_end is None:  # shapes would cost a trace
        return _Keeping(None, None)
    key, one = keys[0], jax.tree.map(lambda leaf: leaf[0], state)
    moment = moment_shapes(key, agent, world, begin(key, agent, world, one), "earlier")
    return _Keeping(
        None if keep is None else traced(keep, moment),
        None if keep_end is None else traced(keep_end, eqx.filter_eval_shape(agent.end, key, one)),
    )


def _checked(earlier: Episodes, num_runs: int) -> tuple[Any, Int32[Array, ""]]:
    doors.instance("earlier", earlier, Episodes, "what an earlier call returned")
    check_runs("earlier", (earlier.agent_state, earlier.lengths), num_runs)
    return jax.tree.map(strong, earlier.agent_state), strong(earlier.number)


# ------------------------------------------------------------------------------
# Compiled


@eqx.filter_jit
def _begun(keys: Key[Array, " runs"], agent: AbstractAgent) -> tuple[Any, Int32[Array, ""]]:
    states = jax.vmap(lambda key: agent.init(named(agent_stream(key), "init")))(keys)
    return jax.tree.map(strong, states), jnp.int32(0)


@eqx.filter_jit
def _episodes(
    keys: Key[Array, " runs"],
    agent: AbstractAgent,
    world: AbstractWorld,
    state: Any,
    number: Int32[Array, ""],
    num_episodes: int,
    num_steps: int,
    keeping: _Keeping,
) -> Episodes:
    def run(key: Key[Array, ""], state: Any) -> Any:
        def episode(state: Any, index: Array) -> tuple[Any, Any]:
            episode_key = jax.random.fold_in(named(key, "episode"), number + index)
            state, *found = _episode(episode_key, agent, world, state, num_steps, keeping.moment)
            return state, (*found, None if keeping.end is None else keeping.end(state))

        return lax.scan(episode, state, jnp.arange(num_episodes, dtype=jnp.int32))

    state, (sums, lengths, kept, ends) = jax.vmap(run)(keys, state)
    return Episodes(sums, lengths, state, number + num_episodes, kept, ends)


def _episode(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractWorld,
    state: Any,
    num_steps: int,
    keep: Traced | None,
) -> tuple[Any, dict[str, Array], Array, Any]:
    """The agent's state after it, sums, length and what is kept of one episode."""
    begun = begin(key, agent, world, state)
    zeros = zero_record(key, agent, world, begun, "earlier")

    def step(
        reached: tuple[Carry, Bool[Array, ""], Array, dict[str, Array]], _: Array
    ) -> tuple[tuple[Carry, Bool[Array, ""], Array, dict[str, Array]], Any]:
        carry, is_over, length, sums = reached
        after, moment = one_step(key, agent, world, carry)
        sums = jax.tree.map(lambda total, x: total + jnp.where(is_over, 0, x), sums, record_of(moment))
        stays = jax.tree.map(lambda old, new: jnp.where(is_over, old, new), carry, after)
        length = length + jnp.where(is_over, 0, 1)
        is_over = is_over | moment.transition.terminated | moment.transition.truncated
        kept = None if keep is None else keep(moment)
        return (stays._replace(time=after.time), is_over, length, sums), kept

    start = (begun, jnp.zeros((), bool), jnp.int32(0), zeros)
    (carry, _, length, sums), kept = lax.scan(step, start, jnp.arange(num_steps, dtype=jnp.int32))
    end_key = named(agent_stream(key), "end")
    return agent.end(end_key, carry.agent_state), sums, length, kept
