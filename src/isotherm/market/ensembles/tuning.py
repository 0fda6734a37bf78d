"""Steps of a Langevin sampler, fitted in a warm-up at a few inverse temperatures, and then frozen."""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from isotherm.energy.tilt.tilted import Tilted
from isotherm.sample.betas import chains_with_betas
from isotherm.sample.kernel import Chains
from isotherm.sample.metropolis.acceptance import AcceptanceInfo
from isotherm.sample.metropolis.langevin import Langevin, LangevinState, mala
from isotherm.sample.run import sample
from isotherm.sample.schedule import Schedule

TARGET = 0.574
"""Rate of acceptance at which MALA moves farthest. Roberts and Rosenthal, J. R. Statist. Soc. B 60 (1998)."""

ROUNDS = 3

SHRINKAGE = 0.1
"""How far covariances are drawn to those of independent numbers: few draws tell them badly."""

_LOOKS = 32
"""Draws of each chain, in the later half of a round, that fit steps and variances."""


class StepTuning(eqx.Module):
    """Steps at some inverse temperatures, and in between by interpolation.

    Attributes:
        betas: increasing, ``(levels,)``.
        log_steps: of the step sizes, in units of the covariances, ``(levels,)``.
        covariances: along which steps are long, ``(levels, d, d)``.
    """

    betas: Float[Array, " levels"]
    log_steps: Float[Array, " levels"]
    covariances: Float[Array, "levels d d"]

    def at(self, beta: Float[Array, ""]) -> tuple[Float[Array, ""], Float[Array, "d d"]]:
        """Step size, a scalar, and covariance ``(d, d)`` at one inverse temperature."""
        shares = jax.vmap(lambda row: jnp.interp(beta, self.betas, row))(
            jnp.eye(len(self.betas), dtype=self.betas.dtype)
        )
        step = jnp.exp(jnp.interp(beta, self.betas, self.log_steps))
        return step, jnp.tensordot(shares, self.covariances, 1)


class TunedLangevin(eqx.Module):
    """MALA with the steps that were fitted for its temperature.

    Attributes:
        beta: inverse temperature; one a chain for :meth:`over_chains`.
        tilted: the law.
        tuning: of steps.
    """

    beta: Float[Array, "..."]
    tilted: Tilted
    tuning: StepTuning
    remembers_beta: ClassVar[bool] = True

    def init(self, position: Float[Array, " d"], key: Key[Array, ""] | None = None) -> LangevinState:
        """Start from a position, shape ``(d,)``; the key is not needed."""
        return self._kernel().init(position, key)

    def step(self, key: Key[Array, ""], state: LangevinState) -> tuple[LangevinState, AcceptanceInfo]:
        """One move of a position ``(d,)``, by one key, a scalar."""
        return self._kernel().step(key, state)

    def over_chains(self) -> Chains:
        """Many chains; ``beta`` may hold one number each."""
        return chains_with_betas(self)

    def _kernel(self) -> Langevin:
        step, covariance = self.tuning.at(self.beta)
        return mala(self.tilted, self.beta, step, covariance)


class TunedAt(eqx.Module):
    """The kernel of an inverse temperature, for ladders of them.

    Attributes:
        tilted: the law.
        tuning: of steps.
    """

    tilted: Tilted
    tuning: StepTuning

    def __call__(self, beta: Any) -> TunedLangevin:
        """At one inverse temperature, or one a chain."""
        return TunedLangevin(jnp.asarray(beta, float), self.tilted, self.tuning)


class Placed(NamedTuple):
    """A chain's place: position ``(d,)``, inverse temperature, a scalar, and covariance of its moves ``(d, d)``."""

    position: Float[Array, "*chains d"]
    beta: Float[Array, "*chains"]
    covariance: Float[Array, "*chains d d"]


class AdaptingState(NamedTuple):
    """A chain that seeks its step size.

    Attributes:
        placed: where it is.
        langevin: state of its sampler.
        log_step: so far, a scalar.
        time: moves made, a scalar.
        impossible: moves that could not be accepted, a scalar: out of the support, mostly.
    """

    placed: Placed
    langevin: LangevinState
    log_step: Float[Array, "*chains"]
    time: Int[Array, "*chains"]
    impossible: Int[Array, "*chains"]

    @property
    def position(self) -> Placed:
        """Where a continuation starts."""
        return self.placed._replace(position=self.langevin.position)


class Adapting(eqx.Module):
    """MALA whose step grows where it is accepted too often, and shrinks otherwise (Robbins and Monro).

    Attributes:
        tilted: the law.
        log_step: first one, a scalar.
    """

    tilted: Tilted
    log_step: Float[Array, ""]

    def init(self, position: Placed, key: Key[Array, ""] | None = None) -> AdaptingState:
        """Start of one chain; the key is not needed."""
        langevin = self._kernel(position, self.log_step).init(position.position, key)
        none = jnp.zeros((), jnp.int32)
        return AdaptingState(position, langevin, self.log_step, none, none)

    def step(self, key: Key[Array, ""], state: AdaptingState) -> tuple[AdaptingState, AcceptanceInfo]:
        """One move, by one key, a scalar; then another step size."""
        kernel = self._kernel(state.placed, state.log_step)
        langevin, info = kernel.step(key, state.langevin)
        time = state.time + 1
        gain = time.astype(self.log_step.dtype) ** -0.6
        after = AdaptingState(
            placed=state.placed,
            langevin=langevin,
            log_step=state.log_step + gain * (info.acceptance_rate - TARGET),
            time=time,
            impossible=state.impossible + (info.acceptance_rate == 0).astype(jnp.int32),
        )
        return after, info

    def _kernel(self, placed: Placed, log_step: Float[Array, ""]) -> Langevin:
        return mala(self.tilted, placed.beta, jnp.exp(log_step), placed.covariance)


class TunedSteps(NamedTuple):
    """What a warm-up left.

    Attributes:
        tuning: of steps.
        positions: of all chains at the last inverse temperature, ``(chains, d)``.
        impossible: share of moves that could not be accepted.
    """

    tuning: StepTuning
    positions: Float[Array, "chains d"]
    impossible: float


def tuned(
    key: Key[Array, ""],
    tilted: Tilted,
    betas: Float[np.ndarray, " levels"],
    positions: Float[Array, "chains d"],
    variances: Float[Array, " d"],
    num_steps: int,
) -> TunedSteps:
    """Fit steps at each of some inverse temperatures, by chains from the same positions at each.

    Three rounds: steps are sought in units of the variances that are given, then of the covariance of draws at each
    temperature so far, then once more.

    Args:
        key: one JAX key.
        tilted: the law.
        betas: increasing, ``(levels,)``.
        positions: first ones, ``(chains, d)``, within the support.
        variances: first guess, such as the prior's, ``(d,)``.
        num_steps: moves of each chain in each round, at least 1.
    """
    levels, (chains, d) = len(betas), positions.shape
    beta = jnp.repeat(jnp.asarray(betas, positions.dtype), chains)
    found = jnp.tile(jnp.diag(variances), (levels, 1, 1))
    placed = Placed(jnp.tile(positions, (levels, 1)), beta, jnp.repeat(found, chains, axis=0))
    kernel = Adapting(tilted, jnp.full((), np.log(1.65**2 / 2) - np.log(d) / 3))
    budget = _budget(num_steps)
    log_steps, impossible = jnp.zeros(levels), 0.0
    for at in range(ROUNDS):
        draws = sample(jax.random.fold_in(key, at), kernel, placed, **budget._asdict(), observe=_seen)
        seen, steps = draws.values
        log_steps = steps.reshape(levels, -1).mean(1)
        impossible += float(draws.states.impossible.mean()) / (ROUNDS * num_steps)
        placed = draws.states.position
        if at < ROUNDS - 1:
            found = _covariances(seen.reshape(levels, -1, d), variances)
            placed = placed._replace(covariance=jnp.repeat(found, chains, axis=0))
    tuning = StepTuning(jnp.asarray(betas, positions.dtype), log_steps, found)
    return TunedSteps(tuning, placed.position[-chains:], impossible)


def _budget(num_steps: int) -> Schedule:
    """Draws from the later half of a round."""
    looks = min(_LOOKS, -(-num_steps // 2))
    thin = num_steps // (2 * looks)
    return Schedule(num_steps - thin * looks, looks, thin)


def _seen(state: AdaptingState) -> tuple[Array, Array]:
    return state.langevin.position, state.log_step


def _covariances(
    draws: Float[Array, "levels draws d"], variances: Float[Array, " d"]
) -> Float[Array, "levels d d"]:
    """Of draws at each temperature, shrunk towards their variances, and never down to nothing: chains may stand."""
    away = draws - draws.mean(1, keepdims=True)
    found = jnp.einsum("lni,lnj->lij", away, away) / draws.shape[1]
    alone = jnp.eye(draws.shape[2])[None] * found
    return (1 - SHRINKAGE) * found + SHRINKAGE * alone + 1e-6 * jnp.diag(variances)[None]
