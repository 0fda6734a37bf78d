"""Importance weighting and tempered sequential Monte Carlo: draws of the base policy, carried to the tilted one."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, Key, PyTree

from isotherm import doors
from isotherm.energy.inputs import finite
from isotherm.energy.kinds import tilted_policy
from isotherm.energy.tilt.inputs import check_shape, checked_number
from isotherm.energy.tilt.tilted import Tilted
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed
from isotherm.sample.kernel import checked_kernel_at, over_chains


class Weighted(NamedTuple):
    """Draws with weights.

    Attributes:
        positions: leaves lead with the draws.
        log_weights: shape ``(draws,)``, unnormalised.
        log_z: estimate of ``log E_q exp(beta Q)``, of which ``exp`` is unbiased.
        ess_fraction: effective share of the draws at the end, in ``[1 / draws, 1]``; NaN if all weights are 0.
    """

    positions: PyTree
    log_weights: Float[Array, " draws"]
    log_z: Float[Array, ""]
    ess_fraction: Float[Array, ""]

    @property
    def weights(self) -> Float[Array, " draws"]:
        """Of each draw, shape ``(draws,)``; their sum is 1."""
        return jax.nn.softmax(self.log_weights)

    @property
    def mean(self) -> PyTree:
        """Self-normalised estimate; its bias falls as one over the draws."""
        return jax.tree.map(lambda x: jnp.tensordot(self.weights, x, 1), self.positions)

    @property
    def variance(self) -> PyTree:
        """Weighted, around :attr:`mean`, without a correction for the number of draws."""
        away = jax.tree.map(lambda x, m: (x - m[None]) ** 2, self.positions, self.mean)
        return jax.tree.map(lambda x: jnp.tensordot(self.weights, x, 1), away)


@eqx.filter_jit
def _importance(key: Key[Array, ""], tilted: Tilted, beta: Array, num_draws: int) -> Weighted:
    draws = jax.vmap(tilted.base.draw)(jax.random.split(key, num_draws))
    logs = beta * jax.vmap(tilted.reward)(draws)
    return Weighted(draws, logs, jax.nn.logsumexp(logs) - jnp.log(num_draws * 1.0), ess_fraction(logs))


def importance(key: KeyOrSeed, tilted: Tilted, beta: Any, num_draws: int) -> Weighted:
    """Draws of the base policy, weighted by ``exp(beta Q)``.

    The effective share tends to ``exp(2 l(beta) - l(2 beta))``, with ``l`` the log normaliser: it falls exponentially
    in ``beta`` and in the dimension.

    Args:
        key: one JAX key, or a seed.
        tilted: any; only its base policy's draws are used, not its density.
        beta: inverse temperature, a number, may be traced.
        num_draws: at least 1.

    Raises:
        ValueError: naming the argument out of range.
    """
    key = doors.random_key("key", key)
    num_draws = doors.whole("num_draws", num_draws, 1)
    beta = checked_number("beta", beta)
    _check_draws("num_draws", num_draws, tilted_policy("tilted", tilted))
    return _importance(key, tilted, beta, num_draws)


class Tempered(NamedTuple):
    """What :func:`tempered` leaves.

    Attributes:
        final: particles with weights, equal after a resampling, and ``log_z``.
        ess_fraction: effective share after each increment of beta, before any resampling, shape ``(steps,)``.
        acceptance_rate: mean over particles and moves at each beta, shape ``(steps,)``; 1 where nothing is rejected.
    """

    final: Weighted
    ess_fraction: Float[Array, " steps"]
    acceptance_rate: Float[Array, " steps"]


def tempered(
    key: KeyOrSeed,
    tilted: Tilted,
    betas: Any,
    kernel_at: Callable[[Array], Any],
    num_particles: int,
    num_moves: int = 1,
    resample_below: float = 0.5,
) -> Tempered:
    """Sequential Monte Carlo along rising inverse temperatures, from 0 to the last; annealed importance sampling too.

    At each beta the particles' weights grow by ``exp(Δbeta Q)``; where too few count, they are resampled
    (systematically); then each moves by the kernel of that beta.

    Args:
        key: one JAX key, or a seed.
        tilted: any.
        betas: ascending from above 0, shape ``(steps,)``; values may be traced.
        kernel_at: such as ``lambda beta: mala(tilted, beta, 0.1)``; it should leave the tilt at ``beta`` invariant.
        num_particles: at least 2.
        num_moves: of the kernel at each beta, at least 1.
        resample_below: effective share under which particles are resampled: 1 always; 0 never, which is annealed
            importance sampling.

    Returns:
        ``exp(final.log_z)`` is an unbiased estimate of ``E_q exp(beta Q)``, with and without resampling.

    Raises:
        ValueError: naming the argument out of range.

    References:
        Del Moral, Doucet and Jasra, J. R. Statist. Soc. B 68 (2006); Neal, Statistics and Computing 11 (2001).
    """
    key = doors.random_key("key", key)
    num_particles, num_moves = (
        doors.whole("num_particles", num_particles, 2),
        doors.whole("num_moves", num_moves, 1),
    )
    doors.number("resample_below", resample_below, least=0, most=1)
    doors.function("kernel_at", kernel_at, "a function of an inverse temperature")
    _check_draws("num_particles", num_particles, tilted_policy("tilted", tilted))
    ladder = finite("betas", betas)
    if ladder.ndim != 1 or not len(ladder):
        raise refusal("betas.shape", ladder.shape, "must be (steps,)")
    if not isinstance(ladder, Tracer) and not (np.diff(np.asarray(ladder), prepend=0) > 0).all():
        raise refusal("betas", np.asarray(ladder).tolist(), "must ascend from above 0")
    _check_kernel(tilted, kernel_at, ladder)
    return _tempered(key, tilted, ladder, kernel_at, num_particles, num_moves, resample_below)


@eqx.filter_jit
def _tempered(
    key: Key[Array, ""],
    tilted: Tilted,
    betas: Array,
    kernel_at: Callable[[Array], Any],
    num_particles: int,
    num_moves: int,
    resample_below: float,
) -> Tempered:
    key_draw, key = jax.random.split(key)
    particles = jax.vmap(tilted.base.draw)(jax.random.split(key_draw, num_particles))
    even = jnp.full(num_particles, -jnp.log(num_particles * 1.0))

    def visit(carry: tuple[PyTree, Array, Array], rung: tuple[Array, Array, Array]) -> tuple[Any, Any]:
        (particles, logs, log_z), (key, beta, rise) = carry, rung
        key_resample, key_move = jax.random.split(key)
        grown = logs + rise * jax.vmap(tilted.reward)(particles)
        total = jax.nn.logsumexp(grown)
        logs, share = grown - total, ess_fraction(grown)
        chosen = systematic(key_resample, logs)
        is_poor = share < resample_below
        at = jnp.where(is_poor, chosen, jnp.arange(num_particles, dtype=chosen.dtype))
        particles = jax.tree.map(lambda x: x[at], particles)
        particles, accepted = moved(key_move, kernel_at(beta), particles, num_moves)
        return (particles, jnp.where(is_poor, even, logs), log_z + total), (share, accepted)

    keys = jax.random.split(key, len(betas))
    start = (particles, even, jnp.zeros((), even.dtype))
    rises = jnp.diff(betas, prepend=jnp.zeros(1, betas.dtype))
    (particles, logs, log_z), (shares, accepted) = jax.lax.scan(visit, start, (keys, betas, rises))
    return Tempered(Weighted(particles, logs, log_z, ess_fraction(logs)), shares, accepted)


def moved(key: Key[Array, ""], kernel: Any, particles: PyTree, num_moves: int) -> tuple[PyTree, Array]:
    """Particles after some moves of a kernel, and the mean acceptance rate of these, a scalar.

    It is 1 of a kernel that tells none, as Gibbs sampling does, which never rejects.
    """
    num = len(jax.tree.leaves(particles)[0])
    key_init, key = jax.random.split(key)
    chains = over_chains(kernel)
    states = chains.init(particles, jax.random.split(key_init, num))

    def move(states: PyTree, key: Key[Array, ""]) -> tuple[PyTree, Array]:
        states, info = chains.step(jax.random.split(key, num), states)
        return states, info.acceptance_rate.mean() if hasattr(info, "acceptance_rate") else jnp.ones(())

    states, accepted = jax.lax.scan(move, states, jax.random.split(key, num_moves))
    return chains.view(states).position, accepted.mean()


def systematic(key: Key[Array, ""], logs: Float[Array, " num"]) -> Int[Array, " num"]:
    """Which particles survive: one uniform number, equally spaced combs of the cumulative weights.

    Args:
        key: one JAX key.
        logs: log weights, unnormalised, shape ``(num,)``.

    Returns:
        Indices, ascending, as many as there are particles.
    """
    num = len(logs)
    teeth = (jnp.arange(num, dtype=logs.dtype) + jax.random.uniform(key, (), logs.dtype)) / num
    return jnp.minimum(jnp.searchsorted(jnp.cumsum(jax.nn.softmax(logs)), teeth), num - 1)


def ess_fraction(log_weights: Float[Array, " draws"]) -> Float[Array, ""]:
    """``(Σ w)² / (n Σ w²)``, the effective share of weighted draws (Kong): a scalar in ``[1 / n, 1]``.

    Args:
        log_weights: unnormalised, shape ``(draws,)``.

    References:
        Kong, Liu and Wong, Sequential imputations and Bayesian missing data problems, JASA 89 (1994) 278.
    """
    once, twice = jax.nn.logsumexp(log_weights), jax.nn.logsumexp(2 * log_weights)
    return jnp.exp(2 * once - twice) / len(log_weights)


def _check_draws(name: str, count: int, tilted: Tilted) -> None:
    """Refuse more draws than there is memory for."""
    action = tilted.base.action()
    one = 4.0 if action is None else float(action.size * action.dtype.itemsize)
    doors.affordable(name, count, 4.0 * count * (one + 8.0), "draw fewer at a time")


def _check_kernel(tilted: Tilted, kernel_at: Callable[[Array], Any], betas: Array) -> None:
    """Refuse a kernel on other positions than the tilt's actions."""

    def started(beta: Array, key: Array) -> PyTree:
        key_draw, key_init = jax.random.split(key)
        kernel = checked_kernel_at(kernel_at, beta)
        return kernel.init(tilted.base.draw(key_draw), key_init).position

    position = jax.eval_shape(started, betas[0], jax.random.key(0))
    action = tilted.base.action()
    if action is not None:
        check_shape("kernel_at(beta).init(action).position", position, action.shape, "as the tilt's actions")
