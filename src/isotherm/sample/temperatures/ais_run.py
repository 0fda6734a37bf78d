"""Chains that follow a path of laws and collect weights, in one compiled loop for any number of steps."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from isotherm.energy.graph import State
from isotherm.sample.temperatures.ais_path import Path, PathProblem, draw_start

CHUNK = 64
"""Steps in one compiled loop, called as often as needed: any number of them compiles once."""

RESOLUTION = 0.7
"""Standard deviations of log weights between two steps of a pilot."""

FINEST, COARSEST = 1 / 256, 1 / 4
"""Least and most that a step of a pilot adds to ``t``, in units of it."""

LONGEST = 1 / 32
"""Most that a step of a pilot adds to ``t``."""

MAX_PILOT = 128
"""Chunks after which a pilot goes to the end at once."""


class FollowedPath(NamedTuple):
    """What chains bring home.

    Attributes:
        log_weights: of each chain, float64 ``(chains,)``; minus infinity where a forward run ended in an impossible
            state.
        positions: last states, leaves lead with chains.
        target: log weights of those states under the target, without the constant, ``(chains,)``.
        steps: the path, ``t`` from its first to its last value, ``(steps,)``.
        spread: how far chains lie apart in the derivative by ``t``, at each of ``steps`` but the last: about a
            standard deviation, of which a few chains that went astray see nothing.
    """

    log_weights: Float[np.ndarray, " chains"]
    positions: State
    target: Float[np.ndarray, " chains"]
    steps: Float[np.ndarray, " steps"]
    spread: Float[np.ndarray, " moves"]


def forward(
    key: Key[Array, ""],
    problem: PathProblem,
    penalty: float,
    num_chains: int,
    steps: Float[np.ndarray, " steps"] | None,
) -> FollowedPath:
    """From independent variables to the target; by steps of equal spread where none are given.

    Args:
        key: a JAX key.
        problem: the path.
        penalty: what its zeros cost, in nats.
        num_chains: how many.
        steps: ``t`` from 0 to 1, shape ``(steps,)``; or None.
    """
    key_start, key_run = jax.random.split(key)
    positions = draw_start(key_start, problem.path, num_chains)
    found = follow(key_run, problem, penalty, positions, steps, is_backwards=False)
    impossible = np.isneginf(found.target)
    return found._replace(log_weights=np.where(impossible, -np.inf, found.log_weights))


def follow(
    key: Key[Array, ""],
    problem: PathProblem,
    penalty: float,
    positions: State,
    steps: Float[np.ndarray, " steps"] | None,
    *,
    is_backwards: bool,
) -> FollowedPath:
    """Along ``steps``, from states that lead with chains; one that stands still sweeps and collects nothing.

    Args:
        key: a JAX key.
        problem: the path.
        penalty: what its zeros cost.
        positions: first states, leaves ``(chains, size)``.
        steps: in the order that they are taken, ``(steps,)``; None finds them on the way from 0 to 1.
        is_backwards: whether sweeps are the time reversal of those of a forward run.
    """
    given = None if steps is None else np.append(steps, np.full(-(len(steps) - 1) % CHUNK, steps[-1]))
    taken, spreads, gained, target = [np.zeros(1) if given is None else given[:1]], [], 0.0, np.zeros(0)
    numbers = (penalty, RESOLUTION if given is None else 0.0)
    for at in range(MAX_PILOT if given is None else (len(given) - 1) // CHUNK):
        part = (
            np.append(taken[-1][-1:], np.ones(CHUNK)) if given is None else given[at * CHUNK :][: CHUNK + 1]
        )
        with jax.enable_x64(True):
            found = _chunk(
                jax.random.fold_in(key, at),
                problem.path,
                positions,
                jnp.asarray(part, jnp.float64),
                jnp.asarray([*numbers, at == MAX_PILOT - 1, is_backwards], jnp.float64),
            )
        positions = found[0]
        more, target, reached, spread = (np.asarray(each) for each in found[1:])
        gained = gained + more
        taken.append(reached)
        spreads.append(spread)
        if given is None and reached[-1] >= 1:
            break
    path, spread = np.concatenate(taken), np.concatenate(spreads)
    last = int(np.argmax(path >= 1)) if given is None else len(steps if steps is not None else path) - 1
    return FollowedPath(np.asarray(gained), positions, target, path[: last + 1], spread[:last])


@eqx.filter_jit
def _chunk(
    key: Key[Array, ""],
    path: Path,
    positions: State,
    steps: Float[Array, " steps"],
    numbers: Float[Array, " 4"],
) -> tuple[State, Array, Array, Array, Array]:
    """``numbers``: penalty, resolution of a pilot or zero, whether it must end, whether to go backwards."""
    num_chains = jax.tree.leaves(positions)[0].shape[0]
    penalty, resolution, must_end, backwards = numbers
    with jax.enable_x64(False):
        keys = jax.random.split(key, num_chains)
        times = jnp.arange(len(steps) - 1, dtype=jnp.uint32)

    def move(carry: tuple[Any, Array, Array], at: tuple[Array, Array]) -> tuple[Any, tuple[Array, Array]]:
        state, now, log_weights = carry
        time, given = at
        gain = path.gain(penalty, state)
        spread = _spread(gain)
        then = jnp.where(resolution > 0, _next(now, spread, resolution, must_end > 0), given)
        log_weights = log_weights + (then - now) * gain
        with jax.enable_x64(False):
            step_keys = jax.vmap(jax.random.fold_in, (0, None))(keys, time)
        state = path.step(step_keys, then, penalty, backwards > 0, state)
        return (state, then, log_weights), (then, spread)

    start = (path.init(positions, keys), steps[0], jnp.zeros(num_chains))
    (state, _, log_weights), (reached, spread) = jax.lax.scan(move, start, (times, steps[1:]))
    return path.positions(state), log_weights, path.log_weights(penalty, state), reached, spread


def _spread(gain: Float[Array, " chains"]) -> Float[Array, ""]:
    """A standard deviation by the middle two thirds of the chains, or by all but 2 % on either side if that is more.

    The start gives no value of a variable less than some 5 %: such a minority may hold all that counts later.
    """
    least, low, high, most = jnp.quantile(gain, jnp.array([0.02, 0.16, 0.84, 0.98]))
    return jnp.maximum((high - low) / 2, (most - least) / 4.1)


def _next(now: Array, spread: Array, resolution: Array, must_end: Bool[Array, ""]) -> Array:
    """Where a pilot goes: as far as weights stay alike, within reason."""
    wanted = resolution / jnp.maximum(spread, 1e-300)
    length = jnp.clip(wanted, FINEST * now, jnp.maximum(COARSEST * now, jnp.where(now == 0, wanted, 0.0)))
    return jnp.where(must_end, 1.0, jnp.minimum(now + jnp.minimum(length, LONGEST), 1.0))


def respaced(
    steps: Float[np.ndarray, " steps"], spread: Float[np.ndarray, " moves"], count: int
) -> Float[np.ndarray, " count"]:
    """Steps at equal parts of the path's length, whose density is the standard deviation of the log weight.

    A tenth of them are spread evenly in ``t``: chains that agree say little about where they should have parted.

    Args:
        steps: ``t`` from 0 to 1, shape ``(steps,)``.
        spread: at each of them but the last, ``(steps - 1,)``.
        count: how many to return.

    Returns:
        From 0 to 1, shape ``(count,)``.

    References:
        Crooks, Measuring thermodynamic length, Phys. Rev. Lett. 99 (2007).
    """
    moves = np.diff(steps)
    total = float((spread * moves).sum())
    density = spread + (total / 9 if total > 0 else 1.0)
    length = np.concatenate([[0.0], np.cumsum(density * moves)])
    found = np.interp(np.linspace(0, length[-1], count), length, steps)
    return np.concatenate([[0.0], found[1:-1], [1.0]])
