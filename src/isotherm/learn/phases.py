"""The two phases of learning by sampling: chains with the data held, chains without, and their mean features."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, PyTree

from isotherm.energy.blocks import colour_blocks
from isotherm.energy.centre import centred
from isotherm.energy.graph import FactorGraph, State
from isotherm.errors import refusal
from isotherm.learn.free_energy import Masks
from isotherm.learn.observations import Observations
from isotherm.learn.relaxation import fields, relaxed
from isotherm.random.inversion import inverted
from isotherm.sample.clamp import Clamp
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.initial import Init, initial_state
from isotherm.sample.kernel import Chains, over_chains
from isotherm.sample.rounding.coarseness import is_coarse, local_size
from isotherm.sample.schedule import Schedule

Read = Callable[[State], PyTree]
Beta = Float[Array, ""] | float


def fine(graph: FactorGraph, beta: Beta) -> FactorGraph:
    """The graph, constants taken out of its tables, refused where float32, in which chains learn, is not enough.

    Raises:
        ValueError: if terms around a variable are so large that what they leave where they cancel would be lost.
    """
    graph, _ = centred(graph)
    if is_coarse(graph, size := local_size(graph), beta):
        allowed = "must be smaller to learn in float32; take out what cancels, or use `exact_kl_gradient`"
        raise refusal("weights around one variable", f"{size:.2g}", allowed)
    return graph


def start_chains(
    key: Key[Array, ""], graph: FactorGraph, beta: Beta, num_chains: int, init: Init = "hinton"
) -> State:
    """Random states, shape ``(num_chains, size)`` each."""
    keys = jax.random.split(key, num_chains)
    return jax.vmap(lambda k: initial_state(k, graph, beta, init=init))(keys)


def overlaid(states: State, data: Observations, mask: Masks | None = None) -> State:
    """The states with what was seen written over them, row ``c % rows`` on chain ``c``.

    Args:
        states: shape ``(chains, size)`` each.
        data: rows.
        mask: variables to write only; all that were seen by default.
    """
    found = {}
    for name, state in states.items():
        row = jnp.arange(state.shape[0]) % data.num_rows
        values, seen = jnp.asarray(data.values[name])[row], jnp.asarray(data.seen[name])[row]
        written = seen if mask is None else seen & jnp.asarray(mask[name])[None]
        found[name] = jnp.where(written, values, state)
    return found


def run_phase(
    key: Key[Array, ""], chains: Chains, states: State, schedule: Schedule, read: Read
) -> tuple[PyTree, State]:
    """Sweep all chains and average what ``read`` makes of their states; memory does not grow with length.

    Args:
        key: one JAX key.
        chains: see :func:`chains_with`.
        states: first states, shape ``(chains, size)`` each.
        schedule: sweeps before the first sample, samples, and sweeps between them.
        read: statistics of the states of all chains.

    Returns:
        The mean over samples, and the last states.
    """
    num_chains = len(jax.tree.leaves(states)[0])
    init_key, step_key = jax.random.split(key)

    def sweep(state: Any, time: Array) -> tuple[Any, None]:
        return chains.step(jax.random.split(jax.random.fold_in(step_key, time), num_chains), state)[0], None

    def draw(carry: tuple[Any, PyTree], index: Array) -> tuple[tuple[Any, PyTree], None]:
        state, total = carry
        first = schedule.num_warmup + index * schedule.thin
        state, _ = jax.lax.scan(sweep, state, first + jnp.arange(schedule.thin))
        return (state, jax.tree.map(jnp.add, total, read(chains.view(state).position))), None

    state = chains.init(states, jax.random.split(init_key, num_chains))
    state, _ = jax.lax.scan(sweep, state, jnp.arange(schedule.num_warmup))
    zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(read, states))
    (state, total), _ = jax.lax.scan(draw, (state, zeros), jnp.arange(schedule.num_samples))
    return jax.tree.map(lambda t: t / schedule.num_samples, total), chains.view(state).position


def chains_with(graph: FactorGraph, beta: Beta, held: Masks) -> Chains:
    """Gibbs sweeps in which some variables keep the values of their chain's start.

    Args:
        graph: the model.
        beta: inverse temperature.
        held: bool masks of shape ``(size,)``.
    """
    clamp = {name: Clamp(mask, None) for name, mask in held.items() if mask.any()}
    return over_chains(gibbs(graph, beta, clamp or None))


class _Position(NamedTuple):
    position: State


def completing_chains(graph: FactorGraph, beta: Beta, data: Observations) -> Chains:
    """Gibbs sweeps that draw what was not seen, chain ``c`` holding what was seen in row ``c % rows``.

    For missing entries that differ from row to row; :func:`chains_with` is faster where they do not. A sweep
    goes through the colours, and draws the missing ones of each from their conditionals given the rest.

    Raises:
        ValueError: if the graph is not discrete.
    """
    if not graph.is_discrete:
        raise refusal(
            "data", "missing entries", "only spins and categories can be completed; drop these rows"
        )
    always = np.concatenate([data.masks("always")[name] for name, _ in graph.groups])
    blocks = np.stack(
        [np.isin(np.arange(graph.num_variables), block) for block in colour_blocks(graph, always)]
    )
    offsets = graph.offsets()

    def update(states: State, block: tuple[Array, Array]) -> tuple[State, None]:
        key, member = block
        local = fields(graph, relaxed(graph, states))
        found = {}
        for i, (name, group) in enumerate(graph.groups):
            row = jnp.arange(states[name].shape[0]) % data.num_rows
            within = member[offsets[name] : offsets[name] + group.size]
            chosen = within[None] & ~jnp.asarray(data.seen[name])[row]
            drawn = _draw(jax.random.fold_in(key, i), group.kind, beta * local[name]).astype(group.dtype)
            found[name] = jnp.where(chosen, drawn, states[name])
        return found, None

    def step(keys: Key[Array, " chains"], state: _Position) -> tuple[_Position, None]:
        block_keys = jax.random.split(keys[0], len(blocks))
        return _Position(jax.lax.scan(update, state.position, (block_keys, jnp.asarray(blocks)))[0]), None

    return Chains(lambda positions, keys: _Position(positions), step, lambda state: state)


def _draw(key: Key[Array, ""], kind: str, slope: Array) -> Array:
    if kind == "spin":
        uniform = jax.random.uniform(key, slope.shape, slope.dtype)
        return jnp.where(uniform < jax.nn.sigmoid(2 * slope), 1, -1)
    return inverted(jax.nn.softmax(slope), jax.random.uniform(key, slope.shape[:-1], slope.dtype))
