"""Draws of a tilted law by three samplers, as pure links: a begun state, and blocks of draws."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float64, Key, PyTree

from isotherm.energy.tilt.tilted import Tilted
from isotherm.errors import refusal
from isotherm.market.ensembles.sampling import Sampling
from isotherm.market.ensembles.tuning import StepTuning, TunedAt, tuned
from isotherm.random.keys import named, seeded
from isotherm.sample.metropolis.acceptance import AcceptanceInfo
from isotherm.sample.metropolis.langevin import LangevinState
from isotherm.sample.resumed import Resumed, ResumedState
from isotherm.sample.run import sample
from isotherm.sample.temperatures.tempering import TemperingInfo, TemperingState, find_ladder, tempering
from isotherm.sample.tilt.importance import systematic, tempered

LEVELS = 8
"""Inverse temperatures from 0 on at which the steps of a ladder are fitted."""

CANDIDATES = 16
"""Draws of the prior a chain, among which the first positions are looked for."""


class Start(NamedTuple):
    """What a warm-up left for the draws.

    Attributes:
        tuning: of steps, frozen.
        betas: of the ladder, increasing, ``(rungs,)``; of a single temperature ``(1,)``.
        outside: share of the prior's draws outside of the support.
        impossible: share of the warm-up's moves that could not be accepted, mostly for leading there.
    """

    tuning: StepTuning
    betas: Float[Array | np.ndarray, " rungs"]
    outside: Any
    impossible: Any


class EnsembleState(NamedTuple):
    """All that the next draws need, and those so far: a pytree of arrays.

    Attributes:
        start: of the warm-up.
        chains: where they are; of populations nothing.
        num_blocks: that are done, a whole number.
        draws: ``(chains, draws, d)``.
        objectives: at each rung of the ladder at each draw, ``(chains, draws, rungs)``; the last is the draw's own.
        rates: probabilities of acceptance, means over chains: of moves ``(blocks, 1)``; of swaps of neighbours, or of
            moves of populations at each temperature after the prior, ``(blocks, rungs - 1)``.
        log_z: of each population, ``(blocks,)``; of chains none, ``(0,)``.
        shares: least effective share of each population before it was resampled, ``(blocks,)``; likewise.
    """

    start: Start
    chains: PyTree
    num_blocks: Any
    draws: Float64[np.ndarray, "chains draws d"]
    objectives: Float64[np.ndarray, "chains draws rungs"]
    rates: Float64[np.ndarray, "blocks rates"]
    log_z: Float64[np.ndarray, " blocks"]
    shares: Float64[np.ndarray, " blocks"]


class Block(NamedTuple):
    """What one call adds to a state; see there."""

    chains: PyTree
    draws: Float[Array, "chains draws d"]
    objectives: Float[Array, "chains draws rungs"]
    rates: Float[Array, " rates"]
    log_z: Float[Array, " populations"]
    shares: Float[Array, " populations"]


def begun_chains(tilted: Tilted, sampling: Sampling) -> EnsembleState:
    """First positions, steps and a ladder: the state before the first draw.

    Args:
        tilted: the law, of draws ``(d,)``.
        sampling: checked.

    Raises:
        ValueError: naming ``noise_scale``, if hardly any draw of the prior lies within the support.
    """
    with jax.enable_x64(True):
        key = seeded(sampling.seed)
        positions, variances, outside = _first_positions(key, tilted, sampling.num_chains)
        is_single = sampling.method == "mala"
        levels = np.ones(1) if is_single else np.linspace(0, 1, LEVELS) ** 2
        levels = sampling.beta * levels
        found = tuned(named(key, "tuning"), tilted, levels, positions, variances, sampling.num_warmup)
        betas = levels
        if not is_single:
            ladder = find_ladder(
                named(key, "ladder"), TunedAt(tilted, found.tuning), tilted.energy, found.positions,
                beta_min=0.0, beta_max=sampling.beta, num_rungs=sampling.num_rungs, num_steps=sampling.num_warmup,
            )  # fmt: skip
            betas = ladder.betas
        start = Start(found.tuning, betas, outside, found.impossible)
        chains = None
        if sampling.method != "smc":
            keys = jax.random.split(named(key, "chains"), sampling.num_chains)
            chains = _begun(_kernel(tilted, start, sampling), found.positions, keys)
        return _on_host(_empty(start, chains, sampling, positions.shape[1]))


def _empty(start: Start, chains: PyTree, sampling: Sampling, d: int) -> EnsembleState:
    lead, rungs = (sampling.num_chains, 0), len(start.betas)
    lead = (0, sampling.num_draws) if sampling.method == "smc" else lead
    return EnsembleState(
        start=start,
        chains=chains,
        num_blocks=np.asarray(0),
        draws=np.zeros((*lead, d)),
        objectives=np.zeros((*lead, rungs)),
        rates=np.zeros((0, max(rungs - 1, 1))),
        log_z=np.zeros(0),
        shares=np.zeros(0),
    )


def blank_state(sampling: Sampling) -> EnsembleState:
    """A state of nothing, with the structure and dtypes of all states of a sampler: a template for arrays of one.

    Args:
        sampling: checked.
    """
    x: Any = np.zeros(0)
    whole: Any = np.zeros(0, np.int32)
    inner: Any = LangevinState(x, x, x)
    if sampling.method == "tempering":
        inner = TemperingState(x, inner, whole, x, whole == 0, whole, whole)
    chains = None if sampling.method == "smc" else ResumedState(inner, x)
    with jax.enable_x64(True):
        tuning = _on_host(StepTuning(jnp.zeros(1), jnp.zeros(1), jnp.zeros((1, 1, 1))))
    return EnsembleState(Start(tuning, x, x, x), chains, np.asarray(0), x, x, x, x, x)


def moved(tilted: Tilted, sampling: Sampling, state: EnsembleState, num_blocks: int) -> EnsembleState:
    """Some blocks more, as far as there are any left. However they are cut, the same numbers come out.

    Args:
        tilted: the law.
        sampling: the same throughout.
        state: to go on from.
        num_blocks: at least 1.
    """
    last = min(int(state.num_blocks) + num_blocks, sampling.num_blocks)
    one = _population if sampling.method == "smc" else _block
    axis = 0 if sampling.method == "smc" else 1
    with jax.enable_x64(True):
        for at in range(int(state.num_blocks), last):
            key = jax.random.fold_in(named(seeded(sampling.seed), "draws"), at)
            made: Block = _on_host(one(key, tilted, sampling, state))
            state = EnsembleState(
                start=state.start,
                chains=made.chains,
                num_blocks=np.asarray(at + 1),
                draws=np.concatenate([state.draws, made.draws], axis),
                objectives=np.concatenate([state.objectives, made.objectives], axis),
                rates=np.concatenate([state.rates, made.rates[None]]),
                log_z=np.concatenate([state.log_z, made.log_z]),
                shares=np.concatenate([state.shares, made.shares]),
            )
    return state


def _first_positions(
    key: Key[Array, ""], tilted: Tilted, num_chains: int
) -> tuple[Float[Array, "chains d"], Float[Array, " d"], float]:
    """The first draws of the prior within the support; variances of it; the share of it outside."""
    keys = jax.random.split(named(key, "prior"), CANDIDATES * num_chains)
    draws, is_inside = _candidates(keys, tilted, num_chains)
    inside = np.asarray(is_inside)
    if inside.sum() < num_chains:
        allowed = "must be smaller: the objective is no finite number at so many of the prior's draws"
        raise refusal(
            "noise_scale", f"with {inside.sum()} of {len(inside)} draws within the support", allowed
        )
    return draws[np.flatnonzero(inside)[:num_chains]], draws.var(0), float(1 - inside.mean())


@eqx.filter_jit
def _candidates(keys: Key[Array, " draws"], tilted: Tilted, batch: int) -> tuple[Array, Array]:
    """Draws of the prior, and whether the objective and its gradient are finite there; few at a time."""

    def of_one(key: Key[Array, ""]) -> tuple[Array, Array]:
        draw = tilted.base.draw(key)
        value, slope = jax.value_and_grad(tilted.reward)(draw)
        return draw, jnp.isfinite(value) & jnp.isfinite(slope).all()

    return jax.lax.map(of_one, keys, batch_size=batch)


@eqx.filter_jit
def _begun(kernel: Resumed, positions: Float[Array, "chains d"], keys: Key[Array, " chains"]) -> ResumedState:
    return jax.vmap(kernel.begun)(positions, keys)


def _told(info: AcceptanceInfo | TemperingInfo) -> PyTree:
    """What is added up over moves."""
    return jnp.atleast_1d(info.acceptance if isinstance(info, TemperingInfo) else info.acceptance_rate)


def _kernel(tilted: Tilted, start: Start, sampling: Sampling) -> Resumed:
    at, betas = TunedAt(tilted, jax.tree.map(jnp.asarray, start.tuning)), jnp.asarray(start.betas)
    if sampling.method == "mala":
        return Resumed(at(betas[-1]), _told)
    return Resumed(tempering(at, betas, tilted.energy), _told)


class DrawLook(eqx.Module):
    """What is kept of a chain: its draw, and the objective at each rung of its ladder, the hottest first.

    Attributes:
        tilted: the law.
    """

    tilted: Tilted

    def __call__(self, state: ResumedState) -> tuple[Float[Array, " d"], Float[Array, " rungs"]]:
        """Of the state of one chain or ladder."""
        inner = state.inner
        if not hasattr(inner, "rung"):
            return inner.position, self.tilted.reward(inner.position)[None]
        positions = inner.replicas.position[jnp.argsort(inner.rung)]
        return inner.position, jax.vmap(self.tilted.reward)(positions)


def _block(key: Key[Array, ""], tilted: Tilted, sampling: Sampling, state: EnsembleState) -> Block:
    """Draws of chains and ladders; the first block begins with a warm-up."""
    before = jax.tree.map(jnp.asarray, state.chains)
    warmup = sampling.num_warmup if state.num_blocks == 0 else 0
    kernel = _kernel(tilted, state.start, sampling)
    found = sample(
        key,
        kernel,
        before,
        num_warmup=warmup,
        num_samples=sampling.block,
        thin=sampling.thin,
        observe=DrawLook(tilted),
    )
    draws, objectives = found.values
    moves = warmup + sampling.block * sampling.thin
    rates = ((found.states.sums - before.sums) / moves).mean(0)
    return Block(found.states, draws, objectives, rates, jnp.zeros(0), jnp.zeros(0))


def _population(key: Key[Array, ""], tilted: Tilted, sampling: Sampling, state: EnsembleState) -> Block:
    """One population, from the prior to its temperature; in the end as many equal draws of it."""
    at, betas = TunedAt(tilted, jax.tree.map(jnp.asarray, state.start.tuning)), jnp.asarray(state.start.betas)
    key, key_end = jax.random.split(key)
    found = tempered(key, tilted, betas[1:], at, sampling.num_draws, num_moves=sampling.thin)
    draws = found.final.positions[systematic(key_end, found.final.log_weights)]
    objectives = _objectives(draws, tilted, sampling.num_chains)
    rungs = jnp.full((*objectives.shape, len(betas)), jnp.nan).at[:, -1].set(objectives)
    shares = found.ess_fraction.min()[None]
    return Block(None, draws[None], rungs[None], found.acceptance_rate, found.final.log_z[None], shares)


@eqx.filter_jit
def _objectives(draws: Float[Array, "draws d"], tilted: Tilted, batch: int) -> Float[Array, " draws"]:
    return jax.lax.map(tilted.reward, draws, batch_size=batch)


def _on_host(tree: Any) -> Any:
    return jax.tree.map(np.asarray, tree)
