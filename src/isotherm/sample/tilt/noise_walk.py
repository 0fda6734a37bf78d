"""A walk from noise to a tilted policy: a few MALA moves at each level of noise, from the noisiest to the clean one.

Each level's law is left as it is by its moves, but no level is waited for: where the walk ends is the tilted
policy only as far as it keeps up. :func:`~isotherm.sample.tilt.importance.tempered` corrects for that by
weights, along rising temperatures.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Key

from isotherm import doors
from isotherm.energy.inputs import holds_traced
from isotherm.energy.tilt.bases import LinearGaussian, MixturePolicy
from isotherm.energy.tilt.inputs import checked_number
from isotherm.energy.tilt.noise import check_dimensions, check_level, noisy_tilt, within_covariance
from isotherm.energy.tilt.tilted import QuadraticReward, Tilted
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.metropolis.langevin import mala
from isotherm.sample.tilt.importance import moved


class Walked(NamedTuple):
    """What :func:`noise_walk` leaves.

    Attributes:
        positions: actions after the last level, shape ``(runs, d)``.
        acceptance_rate: mean over runs and moves at each level, shape ``(levels,)``.
    """

    positions: Float[Array, "runs d"]
    acceptance_rate: Float[Array, " levels"]


def noise_walk(
    key: KeyOrSeed,
    policy: MixturePolicy,
    transition: LinearGaussian,
    reward: QuadraticReward,
    levels: Any,
    betas: Any,
    step_size: float,
    num_runs: int,
    num_moves: int = 1,
) -> Walked:
    """Independent runs from standard normal noise.

    Args:
        key: one JAX key, or a seed.
        policy: the clean policy; a normal law is a mixture of one part.
        transition: law of the clean next state.
        reward: of action and next state; averaged over the next state of each level.
        levels: ``alpha_bar`` of each, in visiting order, shape ``(levels,)``.
        betas: inverse temperature at each, shape ``(levels,)``.
        step_size: of MALA, in units of the level's covariance within its parts; above 0.
        num_runs: at least 1.
        num_moves: at each level, at least 1.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: naming the argument out of range, or of other dimensions than the rest; or if the runs would not
            fit into memory.

    References:
        Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole, Score-based generative modeling through stochastic
        differential equations (2021).
    """
    key = doors.random_key("key", key)
    num_runs, num_moves = doors.whole("num_runs", num_runs, 1), doors.whole("num_moves", num_moves, 1)
    check_dimensions(policy, transition, reward)
    doors.affordable("num_runs", num_runs, 32.0 * num_runs * transition.matrix.shape[1], "have fewer runs")
    step = checked_number("step_size", step_size, is_positive=True)
    for name, given in (("levels", levels), ("betas", betas)):
        if not holds_traced(given):
            doors.real_numbers(name, given)
    if np.shape(levels) != np.shape(betas) or np.ndim(levels) != 1:
        raise refusal("levels, betas", (np.shape(levels), np.shape(betas)), "must both be (levels,)")
    floats = jnp.result_type(float)
    path = jnp.asarray(levels, floats), jnp.asarray(betas, floats)
    check_level("levels", path[0])
    if not isinstance(path[1], Tracer) and not np.isfinite(np.asarray(path[1])).all():
        raise refusal("betas", np.asarray(betas).tolist(), f"must be finite in {floats}")
    return _walk(key, policy, transition, reward, path, step, (num_runs, num_moves))


@eqx.filter_jit
def _walk(
    key: Key[Array, ""],
    policy: MixturePolicy,
    transition: LinearGaussian,
    reward: QuadraticReward,
    path: tuple[Array, Array],
    step_size: Array,
    counts: tuple[int, int],
) -> Walked:
    levels, betas = path
    tilts = jax.vmap(lambda level: noisy_tilt(policy, transition, reward, level))(levels)
    widths = jax.vmap(within_covariance)(tilts, betas)
    start, key = jax.random.split(key)
    noise = jax.random.normal(start, (counts[0], policy.parts.mean.shape[-1]), levels.dtype)

    def visit(positions: Array, at: tuple[Tilted, Array, Array, Array]) -> tuple[Array, Array]:
        tilted, beta, width, key = at
        return moved(key, mala(tilted, beta, step_size, width), positions, counts[1])

    return Walked(*jax.lax.scan(visit, noise, (tilts, betas, widths, jax.random.split(key, len(levels)))))
