"""Draws of each sampler for the variants of the tilt study, in groups: chains, or replicates of weighted draws."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from isotherm.energy.tilt.levels import beta_fraction, level_grid
from isotherm.random.keys import named, seeded
from isotherm.sample.metropolis.independence import independence
from isotherm.sample.metropolis.langevin import mala, ula
from isotherm.sample.run import sample
from isotherm.sample.tilt.importance import Tempered, Weighted, importance, tempered
from isotherm.sample.tilt.next_states import ActionAndNext, followed, joint_gibbs, whitened_mala
from isotherm.sample.tilt.noise_walk import noise_walk
from isotherm.studies.tilt.config import TiltConfig
from isotherm.studies.tilt.policies.model import PolicyProblem

THINNED = 8
"""Samplers that climb K rungs for a draw make this many times fewer draws than the chains."""


class Groups(NamedTuple):
    """Draws of one sampler, float64 on the host; groups are independent of each other.

    Attributes:
        actions: shape ``(groups, draws, d)``.
        weights: of the draws, shape ``(groups, draws)``: each group's mean is its share of the whole.
        next_states: shape ``(groups, draws, m)``, or None if the sampler carries none.
        acceptance: share of proposals taken, a number a group or one for all; None if all are taken.
        log_z: estimate of the log normaliser, a number a group, or None.
        effective: effective share of the draws of each group with weights, else None.
        steps: of the action that a draw costs, warm-up included.
    """

    actions: np.ndarray
    weights: np.ndarray
    next_states: np.ndarray | None
    acceptance: np.ndarray | None
    log_z: np.ndarray | None
    effective: np.ndarray | None
    steps: int


def draw(config: TiltConfig, problem: PolicyProblem, sampler: str) -> Groups:
    """All draws of one sampler."""
    key = named(named(seeded(config.seed), "variants"), sampler)
    if sampler in CHAINS:
        return _chains(
            config, problem, CHAINS[sampler](config, problem), key, sampler not in ("ula", "gibbs")
        )
    return _OTHERS[sampler](config, problem, key)


def _followed(kernel: Callable[[PolicyProblem, float], Any]) -> Callable[[TiltConfig, PolicyProblem], Any]:
    return lambda config, problem: followed(kernel(problem, config.ca), problem.transition)


def _whitened(config: TiltConfig, problem: PolicyProblem) -> Any:
    """One step size for all actions: the narrowest direction sets it."""
    step = config.ca * float(np.linalg.eigvalsh(problem.width)[0])
    return whitened_mala(problem.tilted, problem.transition, problem.beta, step, config.ca)


CHAINS: Mapping[str, Callable[[TiltConfig, PolicyProblem], Any]] = {
    "independence": _followed(lambda p, _: independence(p.tilted, p.beta)),
    "ula": _followed(lambda p, step: ula(p.tilted, p.beta, step, p.width)),
    "mala": _followed(lambda p, step: mala(p.tilted, p.beta, step, p.width)),
    "whitened_mala": _whitened,
    "gibbs": lambda _, p: joint_gibbs(p.tilted, p.transition, p.beta),
}
"""Kernels on an action and its next state."""


def _chains(
    config: TiltConfig, problem: PolicyProblem, kernel: Any, key: Key[Array, ""], is_judged: bool
) -> Groups:
    """Chains from the base policy; half of their steps are warm-up."""
    base, through = problem.tilted.base, problem.transition

    def start(key: Key[Array, ""]) -> ActionAndNext:
        of_action, of_next = jax.random.split(key)
        action = base.draw(of_action)
        return ActionAndNext(action, through.draw(of_next, action))

    num, num_chains = config.num_samples, config.num_chains
    found = sample(key, kernel, start, num_warmup=num, num_samples=num, num_chains=num_chains).values
    actions = _host(found.action)
    taken = (np.diff(actions, axis=1) != 0).any(axis=-1).mean(axis=1) if is_judged else None
    return Groups(actions, np.ones(actions.shape[:2]), _host(found.next_state), taken, None, None, 2)


def _importance(config: TiltConfig, problem: PolicyProblem, key: Key[Array, ""]) -> Groups:
    keys = jax.random.split(key, config.num_chains)
    run = jax.jit(jax.vmap(lambda k: importance(k, problem.tilted, problem.beta, config.num_samples)))
    return _weighted(run(keys), None, 1)


def _tempered(
    config: TiltConfig, problem: PolicyProblem, key: Key[Array, ""], resample_below: float
) -> Groups:
    """Along evenly spaced temperatures, as many as the walk has levels."""
    betas = np.linspace(0, problem.beta, config.K + 1)[1:]
    kernel_at = lambda beta: mala(problem.tilted, beta, config.ca, jnp.asarray(problem.width, beta.dtype))  # noqa: E731
    moves = config.action_steps_per_level

    @jax.jit
    @jax.vmap
    def run(key: Key[Array, ""]) -> Tempered:
        return tempered(key, problem.tilted, betas, kernel_at, config.num_samples, moves, resample_below)

    found = run(jax.random.split(key, _replicates(config)))
    return _weighted(found.final, _host(found.acceptance_rate).mean(axis=1), config.K * moves)


def _walk(config: TiltConfig, problem: PolicyProblem, key: Key[Array, ""]) -> Groups:
    """Runs over levels of noise, each with a fresh next state at the end."""
    parameters = config.parameters()
    levels = np.asarray(level_grid(parameters))
    betas = problem.beta * np.asarray(beta_fraction(parameters, levels))
    groups, draws = config.num_chains, max(2, config.num_samples // THINNED)
    moves = config.action_steps_per_level
    of_walk, of_next = jax.random.split(key)
    found = noise_walk(
        of_walk, problem.policy, problem.transition, problem.reward, levels, betas, config.ca,
        groups * draws, moves,
    )  # fmt: skip
    keys = jax.random.split(of_next, len(found.positions))
    after = jax.jit(jax.vmap(problem.transition.draw))(keys, found.positions)
    shape = (groups, draws, -1)
    return Groups(
        _host(found.positions).reshape(shape), np.ones(shape[:2]), _host(after).reshape(shape),
        _host(found.acceptance_rate).mean(keepdims=True), None, None, config.K * moves,
    )  # fmt: skip


_OTHERS: Mapping[str, Callable[[TiltConfig, PolicyProblem, Key[Array, ""]], Groups]] = {
    "importance": _importance,
    "smc": functools.partial(_tempered, resample_below=0.5),
    "ais": functools.partial(_tempered, resample_below=0.0),
    "noise_walk": _walk,
}


def _weighted(found: Weighted, acceptance: np.ndarray | None, steps: int) -> Groups:
    """Replicates weigh as their estimates of the normaliser, so that pooled means are those of one large sample."""
    log_z, logs = _host(found.log_z), _host(found.log_weights)
    inner = np.exp(logs - logs.max(axis=1, keepdims=True))
    share = np.exp(log_z - log_z.max())
    weights = inner / inner.mean(axis=1, keepdims=True) * (share / share.mean())[:, None]
    return Groups(_host(found.positions), weights, None, acceptance, log_z, _host(found.ess_fraction), steps)


def _replicates(config: TiltConfig) -> int:
    return max(16, config.num_chains // THINNED)


def _host(values: Any) -> np.ndarray:
    return np.asarray(values, np.float64)
