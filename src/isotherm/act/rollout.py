"""The only loop: an agent in a world, batched over runs, compiled once."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Int32, Key

from isotherm import doors
from isotherm.act.agent import AbstractAgent, Transition
from isotherm.errors import refusal
from isotherm.estimate.stretches import stretch_ends
from isotherm.random.keys import named
from isotherm.sample.run import bytes_of
from isotherm.sample.traced import Traced, traced
from isotherm.world.keys import reset_key, step_key
from isotherm.world.world import AbstractWorld, Step

FEW = 100_000
"""Runs times stretches up to which nobody asks whether they fit into memory."""


MAX_STEPS = 2**31 - 1
"""Of a run, continued ones included: an int32 numbers them."""


class Carry(NamedTuple):
    """Where runs stand between two steps: what a rollout goes on from.

    Attributes:
        agent_state: leaves lead with runs.
        world_state: leaves lead with runs.
        observation: what each agent sees before its next action, leaves lead with runs.
        time: steps so far, the same of all runs, an int32 scalar.
    """

    agent_state: Any
    world_state: Any
    observation: Any
    time: Int32[Array, ""]


class Moment(NamedTuple):
    """One step of one run, as ``keep`` sees it.

    Attributes:
        time: steps before it, an int32 scalar.
        agent_state: as :meth:`AbstractAgent.act` returned it, before learning from the step.
        world_state: before the action.
        transition: what the agent saw, did and got, and sees now.
        info: the world's record of the step.
    """

    time: Int32[Array, ""]
    agent_state: Any
    world_state: Any
    transition: Transition
    info: dict[str, Float[Array, "..."]]


class Rollout(NamedTuple):
    """What a rollout keeps.

    Attributes:
        sums: sums of ``reward`` and of every entry of the world's ``info`` over consecutive stretches of the
            run, ``(runs, stretches, ...)``, float32; see :func:`cumulative` and :func:`stretch_ends`.
        carry: where the runs stand after the last step, to be continued from.
        kept: what ``keep`` returned, leaves ``(runs, steps, ...)``; None without it.
    """

    sums: dict[str, Float[Array, "runs stretches ..."]]
    carry: Carry
    kept: Any = None

    @property
    def agent_state(self) -> Any:
        """The agents' states after the last step, batched over runs."""
        return self.carry.agent_state


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
    *,
    carry: Carry | None = None,
    keep: Callable[[Moment], Any] | None = None,
) -> Rollout:
    """Let an agent act and learn in a world, one independent run a key.

    The world's draws depend on the key and the step alone: two agents given the same keys meet the same world,
    so that their difference run by run is a paired comparison. Memory grows with runs and points, not with
    steps, unless ``keep`` asks for trajectories. Array leaves of agent and world may change without recompiling,
    everything else is static.

    Args:
        keys: one key a run, shape ``(runs,)``.
        agent: any agent whose observations and actions fit the world's.
        world: any world.
        num_steps: steps of each run, at least 1; static with ``keep``.
        num_points: the record is kept in at most so many stretches of equal length, at least 1 (static).
        carry: where an earlier rollout of the same keys, agent and world ended, to go on from there: 37 steps and 63
            more are the same 100. From the beginning by default.
        keep: what to keep of each step, a function of a :class:`Moment` that returns a pytree of numbers. A new
            ``lambda`` that computes the same compiles nothing anew.

    Raises:
        TypeError: if keys, agent, world, carry or keep are of another kind.
        ValueError: if ``num_steps`` or ``num_points`` is below 1, or a run took 2**31 steps or more; if the record
            would not fit into memory; or if ``carry`` is not of these runs, this agent and this world.

    >>> from isotherm.act import UCB
    >>> from isotherm.world import replay_world
    >>> world = replay_world(np.array([[1, -1, 1], [1, 1, -1]]))
    >>> keys = jax.random.split(jax.random.key(0), 4)
    >>> found = rollout(keys, UCB(3), world, num_steps=20, num_points=5)
    >>> found.sums["success"].shape
    (4, 5)
    >>> more = rollout(keys, UCB(3), world, 10, carry=found.carry, keep=lambda moment: moment.transition.action)
    >>> int(more.carry.time), more.kept.shape
    (30, (4, 10))
    """
    doors.random_key("keys", keys, ndim=1)
    doors.instance("agent", agent, AbstractAgent, "an agent, such as Thompson(5)")
    doors.instance("world", world, AbstractWorld, "a world, such as venue_market(biases, couplings)")
    num_steps = doors.whole("num_steps", num_steps, 1, MAX_STEPS)
    num_points = doors.whole("num_points", num_points, 1)
    if keep is not None:
        doors.function("keep", keep, "a function of a Moment", num_arguments=1)
    carry = None if carry is None else _checked(carry, len(keys), num_steps)
    _check_memory(keys, agent, world, carry, num_steps, num_points)
    carry = _begun(keys, agent, world) if carry is None else carry
    ends = stretch_ends(num_steps, num_points)
    if keep is None:
        length, steps = jnp.int32(ends[0]), jnp.int32(num_steps)
        return _rollout(keys, agent, world, carry, len(ends), length, steps)
    program = traced(keep, moment_shapes(keys[0], agent, world, _one(carry)))
    kept = 2.0 * len(keys) * num_steps * bytes_of(program.shapes)
    doors.affordable(
        "num_steps", num_steps, kept, "`keep` less, have fewer steps and continue, or fewer runs"
    )
    return _keeping_rollout(keys, agent, world, carry, num_steps, int(ends[0]), program)


def _checked(carry: Carry, num_runs: int, num_steps: int) -> Carry:
    """A carry of as many runs, whose leaves have no weak type, so that a continued rollout compiles nothing anew."""
    doors.instance("carry", carry, Carry, "the carry of an earlier rollout")
    time = doors.whole("carry.time", np.asarray(carry.time).item(), 0)
    if time + num_steps > MAX_STEPS:
        raise refusal("num_steps", num_steps, f"at most {MAX_STEPS:,} steps a run, {time:,} of them done")
    parts = carry._replace(time=None)
    check_runs("carry", parts, num_runs)
    return jax.tree.map(strong, parts)._replace(time=jnp.int32(time))


def check_runs(field: str, leaves: Any, num_runs: int) -> None:
    """Refuse what does not lead with runs.

    Raises:
        ValueError: naming ``field``.
    """
    shapes = {np.shape(leaf)[:1] for leaf in jax.tree.leaves(leaves)}
    if shapes - {(num_runs,)}:
        raise refusal(f"{field}.shape[:1]", sorted(shapes), f"all leaves must lead with {num_runs} runs")


def strong(leaf: Any) -> Array:
    """An array of no weak type: such a number, as JAX makes of Python's, comes out of a loop as another type."""
    found = jnp.asarray(leaf)
    return found.astype(found.dtype)


def _check_memory(
    keys: Key[Array, " runs"],
    agent: AbstractAgent,
    world: AbstractWorld,
    carry: Carry | None,
    num_steps: int,
    num_points: int,
) -> None:
    """Refuse records and states beyond memory; what is surely small is not looked at, which would cost a trace."""
    num_stretches = min(num_points, num_steps)
    if len(keys) * num_stretches < FEW:
        return
    one = eqx.filter_eval_shape(begin, keys[0], agent, world) if carry is None else _one(carry)
    kept = num_stretches * bytes_of(eqx.filter_eval_shape(zero_record, keys[0], agent, world, one))
    doors.affordable(
        "num_points", num_points, 3.0 * len(keys) * kept, "keep fewer stretches, or have fewer runs"
    )
    check_states(keys, one)


def check_states(keys: Key[Array, " runs"], one: Carry) -> None:
    """Refuse more runs than there is memory for, from what one of them carries.

    Raises:
        ValueError: naming ``keys``.
    """
    states = bytes_of(one._replace(time=None))  # pyright: ignore[reportArgumentType]
    doors.affordable("keys", f"{len(keys)} runs", 3.0 * len(keys) * states, "have fewer at a time")


# ------------------------------------------------------------------------------
# Compiled


@eqx.filter_jit
def _begun(keys: Key[Array, " runs"], agent: AbstractAgent, world: AbstractWorld) -> Carry:
    return jax.vmap(lambda key: begin(key, agent, world), out_axes=OF_RUNS)(keys)


@eqx.filter_jit
def _rollout(
    keys: Key[Array, " runs"],
    agent: AbstractAgent,
    world: AbstractWorld,
    carry: Carry,
    num_stretches: int,
    length: Int32[Array, ""],
    num_steps: Int32[Array, ""],
) -> Rollout:
    def run(key: Key[Array, ""], carry: Carry) -> tuple[Carry, dict[str, Array]]:
        zeros = zero_record(key, agent, world, carry)
        end = carry.time + num_steps

        def step(_: Array, both: tuple[Carry, dict[str, Array]]) -> tuple[Carry, dict[str, Array]]:
            carry, moment = one_step(key, agent, world, both[0])
            return carry, jax.tree.map(jnp.add, both[1], record_of(moment))

        def stretch(carry: Carry, start: Array) -> tuple[Carry, dict[str, Array]]:
            return lax.fori_loop(start, jnp.minimum(start + length, end), step, (carry, zeros))

        return lax.scan(stretch, carry, carry.time + length * jnp.arange(num_stretches, dtype=jnp.int32))

    carry, sums = jax.vmap(run, in_axes=(0, OF_RUNS), out_axes=(OF_RUNS, 0))(keys, carry)
    return Rollout(sums, carry)


@eqx.filter_jit
def _keeping_rollout(
    keys: Key[Array, " runs"],
    agent: AbstractAgent,
    world: AbstractWorld,
    carry: Carry,
    num_steps: int,
    length: int,
    keep: Traced,
) -> Rollout:
    num_stretches = -(-num_steps // length)

    def run(key: Key[Array, ""], carry: Carry) -> tuple[Carry, dict[str, Array], Any]:
        zeros = zero_record(key, agent, world, carry)
        sums = jax.tree.map(lambda x: jnp.zeros((num_stretches, *x.shape), x.dtype), zeros)

        def step(both: tuple[Carry, dict[str, Array]], index: Array) -> tuple[tuple[Carry, Any], Any]:
            carry, moment = one_step(key, agent, world, both[0])
            add = lambda total, x: total.at[index // length].add(x)  # noqa: E731
            return (carry, jax.tree.map(add, both[1], record_of(moment))), keep(moment)

        (carry, sums), kept = lax.scan(step, (carry, sums), jnp.arange(num_steps, dtype=jnp.int32))
        return carry, sums, kept

    carry, sums, kept = jax.vmap(run, in_axes=(0, OF_RUNS), out_axes=(OF_RUNS, 0, 0))(keys, carry)
    return Rollout(sums, carry, kept)


OF_RUNS: Any = Carry(0, 0, 0, None)  # pyright: ignore[reportArgumentType]
"""Axes of runs in a carry: all of them stand at the same step."""


def agent_stream(key: Key[Array, ""]) -> Key[Array, ""]:
    """Key of the agent, a scalar, from that of a run."""
    return named(key, "agent")


def agent_keys(key: Key[Array, ""], time: Int[Array, ""] | int) -> tuple[Key[Array, ""], Key[Array, ""]]:
    """Keys of one step's act and learn, scalars.

    Args:
        key: of the run.
        time: steps before it.
    """
    act_key, learn_key = jax.random.split(jax.random.fold_in(agent_stream(key), time))
    return act_key, learn_key


def one_step(
    key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld, carry: Carry
) -> tuple[Carry, Moment]:
    """One step of one run."""
    act_key, learn_key = agent_keys(key, carry.time)
    action, agent_state = agent.act(act_key, carry.agent_state, carry.observation)
    answer: Step = world.step(step_key(key, carry.time), carry.world_state, action)
    outcome = (action, answer.reward, answer.terminated, answer.truncated, answer.observation)
    transition = Transition(carry.observation, *outcome)
    moment = Moment(carry.time, agent_state, carry.world_state, transition, answer.info)
    agent_state = agent.learn(learn_key, agent_state, transition)
    return Carry(agent_state, answer.state, answer.observation, carry.time + 1), moment


def begin(key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld, agent_state: Any = None) -> Carry:
    """What one run carries before its first step, time a scalar; the agent's state is a new one by default."""
    if agent_state is None:
        agent_state = agent.init(named(agent_stream(key), "init"))
    observation, world_state = world.reset(reset_key(key))
    parts = agent_state, world_state, observation
    return Carry(*jax.tree.map(strong, parts), time=jnp.int32(0))


def record_of(moment: Moment) -> dict[str, Any]:
    """What is summed of a step: the reward, and the world's ``info``; shapes of a moment of shapes."""
    return {"reward": moment.transition.reward} | moment.info


def zero_record(
    key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld, carry: Carry, field: str = "carry"
) -> dict[str, Array]:
    """Zeros of the shapes and dtypes of one run's record; refuses as :func:`moment_shapes`."""
    record = record_of(moment_shapes(key, agent, world, carry, field))
    return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), record)


def moment_shapes(
    key: Key[Array, ""], agent: AbstractAgent, world: AbstractWorld, carry: Carry, field: str = "carry"
) -> Moment:
    """One run's :class:`Moment`, as shapes and dtypes.

    Raises:
        ValueError: if what is carried is not of this agent and this world, naming ``field``.
    """
    begun = eqx.filter_eval_shape(begin, key, agent, world)
    for part in ("agent_state", "world_state", "observation"):
        if _shapes(getattr(carry, part)) != _shapes(getattr(begun, part)):
            mend = "must be what an earlier call of this agent in this world returned"
            raise refusal(f"{field}.{part}", "of other shapes", mend)
    return eqx.filter_eval_shape(lambda: one_step(key, agent, world, carry)[1])


def _shapes(tree: Any) -> tuple[Any, list[tuple[tuple[int, ...], Any]]]:
    leaves, structure = jax.tree.flatten(tree)
    return structure, [(leaf.shape, leaf.dtype) for leaf in leaves]


def _one(carry: Carry) -> Carry:
    """Of the first run."""
    return jax.tree.map(lambda leaf: leaf[0], carry._replace(time=None))._replace(time=carry.time)
