"""Predictor-corrector samplers of a tilted policy: ULA, MALA and joint MALA over levels of noise.

A run starts at the noisiest level with the action at 0 and wide particles (next states), and visits each level once:
the predictor draws the particles afresh given the action, the corrector moves the action by Langevin steps towards
the level's target. One kernel serves measurements and animations. All numbers of a setting are traced, so a program
compiled once runs any setting with as many levels, particles and steps.

References:
    Song, Sohl-Dickstein, Kingma, Kumar, Ermon and Poole, Score-based generative modeling through stochastic
    differential equations (2021), for predictors and correctors; Roberts and Tweedie, Exponential convergence of
    Langevin distributions and their discrete approximations (1996), for ULA and MALA.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from isotherm.energy.tilt.inputs import check_shape
from isotherm.energy.tilt.levels import Level, TiltParameters, clean_target, level, level_grid
from isotherm.errors import refusal
from isotherm.sample.kernel import Kernel
from isotherm.sample.tilt.predictor_corrector.metrics import METHODS
from isotherm.sample.tilt.predictor_corrector.steps import (
    STEP_CAP,
    STEP_FLOOR,
    TARGET_ACCEPTANCE,
    Reward,
    joint_mala_step,
    mala_step,
    score,
    ula_step,
)

PUBLISHED_GAIN = 0.01
"""How far one proposal moves the logarithm of a step size in the published adaptation."""


class Setting(NamedTuple):
    """All numbers of a setting, float32; stacked with a leading axis for many settings.

    Attributes:
        levels: each field of shape ``(K,)``, noisy first.
        reward: what particles tell ``pc_ula`` about the gradient.
        clean: the clean target as a level of its own, for corrections after the last level.
        ca: step size in units of the action's variance.
        sigma_ve_max: standard deviation of the first particles.
        is_refreshed: whether particles are drawn afresh at each level.
        final_step: step size of clean corrections.
    """

    levels: Level
    reward: Reward
    clean: Level
    ca: Float[Array, "*settings"]
    sigma_ve_max: Float[Array, "*settings"]
    is_refreshed: Bool[Array, "*settings"]
    final_step: Float[Array, "*settings"]


class Position(NamedTuple):
    """An action, ``(*runs,)``, and the particles drawn with it, ``(*runs, n)``."""

    action: Float[Array, "*runs"]
    particles: Float[Array, "*runs n"]


class PredictorCorrectorState(NamedTuple):
    """State of a level's kernel: the position, and the adaptation of the level's step size.

    Attributes:
        position: action and particles.
        log_scale: logarithm of the factor on the step size ``ca``, a scalar.
    """

    position: Position
    log_scale: Float[Array, ""]


class PredictorCorrectorInfo(NamedTuple):
    """What each step of a level did; unadjusted steps are always accepted.

    Attributes:
        before: the action before each step, shape ``(steps,)``.
        after: the action after it.
        is_accepted: whether the proposal was taken.
    """

    before: Float[Array, "*runs steps"]
    after: Float[Array, "*runs steps"]
    is_accepted: Bool[Array, "*runs steps"]


class Runs(NamedTuple):
    """Finished runs, ``(settings, runs)`` leading.

    Attributes:
        position: final action and particles.
        info: each step, ``(settings, runs, K, steps)``.
        clean_squared_jump: of the clean corrections, summed, ``(settings, runs)``.
        clean_accepted: how many of them were accepted.
        log_scale: of each level's step size at the end, ``(settings, K)``.
        path: the position after each level, ``(settings, runs, K)`` leading, if asked for.
    """

    position: Position
    info: PredictorCorrectorInfo
    clean_squared_jump: Float[Array, "settings runs"]
    clean_accepted: Int[Array, "settings runs"]
    log_scale: Float[Array, "settings K"]
    path: Position | None = None


def problem(parameters: TiltParameters) -> Setting:
    """The numbers of a setting, computed in float64 and rounded once."""
    p, target = parameters, clean_target(parameters)
    levels = level(p, np.asarray(level_grid(p)))
    levels = Level(*(np.broadcast_to(one, (p.K,)) for one in levels))
    last = Level(*(one[-1] for one in levels))
    clean = last._replace(mean_a=target.mu_a, var_a=target.sigma_a**2, beta=0.0)
    numbers = (
        levels, Reward(p.r_wa, p.r_ws, p.r_a_star, p.r_s_star), clean, p.ca, p.sigma_ve_max,
    )  # fmt: skip
    rounded = jax.tree.map(lambda value: jnp.asarray(value, jnp.float32), numbers)
    return Setting(
        *rounded,
        is_refreshed=jnp.asarray(p.refresh_L > 0),
        final_step=jnp.asarray(p.final_mala_step, jnp.float32),
    )


def stack(problems: list[Setting]) -> Setting:
    """Many settings as one, with a leading axis.

    Raises:
        ValueError: if there are none, or one has another number of levels than the first.
    """
    if not problems:
        raise refusal("problems", problems, "must hold at least one setting")
    for one in problems:
        check_shape("levels", one.levels.beta, problems[0].levels.beta.shape, "as the first setting's: (K,)")
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *problems)


def level_kernel(method: str, setting: Setting, at: Level, action_steps: int = 1) -> Kernel:
    """The transition at one level, at fixed step size: draw the particles afresh, then move the action.

    Args:
        method: ``pc_ula``, ``pc_mala``, or ``pc_joint_mala``, which moves both at once and never refreshes.
        setting: the setting's other numbers.
        at: the level; its fields are scalars.
        action_steps: steps after the refresh, at least 1.

    Returns:
        ``init(position, key)`` and ``step(key, state)`` for one run; state and info as above.

    Raises:
        ValueError: for an unknown method, fewer than one step, or more than one level; of ``init``, for an action
            that is no single number, or particles that are no vector.
    """
    _check(method, action_steps)
    check_shape("at.beta", at.beta, (), "one level")

    def init(position, key=None):
        check_shape("position.action", position.action, (), "one number; vmap for more runs")
        check_shape("position.particles", position.particles, (jnp.size(position.particles),), "a vector")
        return PredictorCorrectorState(position, jnp.zeros((), jnp.float32))

    def step(key, state):
        n = state.position.particles.shape[-1]
        noise = jax.random.normal(key, (_noise_width(method, n, action_steps),))
        return visit(noise, state, setting, at, method=method, action_steps=action_steps)

    return Kernel(init, step)


def visit(
    noise: Float[Array, " width"],
    state: PredictorCorrectorState,
    setting: Setting,
    at: Level,
    gain: Any = 0.0,
    *,
    method: str,
    action_steps: int = 1,
) -> tuple[PredictorCorrectorState, PredictorCorrectorInfo]:
    """One visit of a level, given its standard normal noise; ``gain`` is how far a proposal moves ``log_scale``.

    Args:
        noise: shape ``(width,)``: three numbers a step, and one a particle (``pc_joint_mala``: a step).
        state: of one run.
        setting: its numbers.
        at: the level, fields scalars.
        gain: 0 keeps the step size.
        method: ``pc_ula``, ``pc_mala`` or ``pc_joint_mala``.
        action_steps: steps after the refresh, at least 1.

    Raises:
        ValueError: if there are other numbers of noise than the visit takes.
    """
    width = _noise_width(method, state.position.particles.shape[-1], action_steps)
    check_shape("noise", noise, (width,), "numbers that a visit takes")
    move = {"pc_ula": _ula, "pc_mala": _mala, "pc_joint_mala": _joint}[method]
    position, n = state.position, state.position.particles.shape[-1]
    if method != "pc_joint_mala":
        position, noise = refresh(noise[:n], position, at, setting.is_refreshed), noise[n:]

    def corrector(carry, step_noise):
        before, log_scale = carry
        after, is_accepted = move(step_noise, before, setting, at, log_scale)
        log_scale = log_scale + gain * (is_accepted.astype(jnp.float32) - TARGET_ACCEPTANCE)
        return (after, log_scale), PredictorCorrectorInfo(before.action, after.action, is_accepted)

    carry, info = jax.lax.scan(corrector, (position, state.log_scale), noise.reshape(action_steps, -1))
    return PredictorCorrectorState(*carry), info


def _noise_width(method: str, n: int, action_steps: int) -> int:
    """Normal numbers that a visit needs: three a step, and the particles' own."""
    return n + 3 * action_steps if method != "pc_joint_mala" else (3 + n) * action_steps


def _check(method: str, action_steps: int) -> None:
    if method not in METHODS:
        raise refusal("method", method, f"known: {', '.join(METHODS)}")
    if action_steps < 1:
        raise refusal("action_steps", action_steps, "should be at least 1")


def refresh(
    noise: Float[Array, " n"], position: Position, at: Level, is_refreshed: Bool[Array, ""]
) -> Position:
    """Particles drawn exactly from their law given the action, if asked for.

    One draw stands for any number of refreshes in a row: only the last would be seen.

    Args:
        noise: standard normal, shape ``(n,)``.
        position: of one run.
        at: the level, fields scalars.
        is_refreshed: whether to, a bool scalar.
    """
    fresh = at.rho * position.action + at.offset + at.var_cond**0.5 * noise
    return position._replace(particles=jnp.where(is_refreshed, fresh, position.particles))


def step_size(setting: Setting, at: Level, log_scale: Float[Array, ""]) -> Float[Array, ""]:
    """The adapted step of the action before the joint sampler's factor: a scalar, above 0."""
    return jnp.clip(at.var_a * setting.ca * jnp.exp(log_scale), STEP_FLOOR, STEP_CAP * at.var_a)


def _ula(noise, position, setting, at, log_scale):
    step = ula_step(at, setting.reward, position.action, position.particles.mean(), setting.ca)
    return position._replace(action=step.mean + step.sd * noise[0]), jnp.asarray(True)


def _mala(noise, position, setting, at, log_scale):
    action, is_accepted = _mala_action(noise, position.action, at, step_size(setting, at, log_scale))
    return position._replace(action=action), is_accepted


def _mala_action(noise, action, at, eta):
    proposal = action + eta * score(at, action) + (2 * eta) ** 0.5 * noise[0]
    is_accepted = _log_uniform(noise[1:3]) < mala_step(at, action, proposal, eta).log_accept
    return jnp.where(is_accepted, proposal, action), is_accepted


def _joint(noise, position, setting, at, log_scale):
    eta_a = step_size(setting, at, log_scale) / (1 + at.beta)
    eta_u = jnp.maximum(setting.ca * jnp.exp(log_scale), STEP_FLOOR)
    step = joint_mala_step(at, position.action, position.particles, (noise[0], noise[3:]), (eta_a, eta_u))
    is_accepted = _log_uniform(noise[1:3]) < step.log_accept
    proposal = Position(step.action, step.particles)
    return jax.tree.map(lambda new, old: jnp.where(is_accepted, new, old), proposal, position), is_accepted


def _log_uniform(noise):
    """The logarithm of a uniform number, from two standard normal ones: half their squared length is exponential."""
    return -0.5 * (noise[0] ** 2 + noise[1] ** 2)


class Sampler(NamedTuple):
    """What a compiled program depends on; hashable.

    Attributes:
        method: ``pc_ula``, ``pc_mala`` or ``pc_joint_mala``.
        n: particles, at least 1.
        action_steps: steps of the action a level, at least 1.
        clean_steps: MALA corrections on the clean target after the last level, at least 0.
    """

    method: str
    n: int
    action_steps: int = 1
    clean_steps: int = 0

    def check(self) -> None:
        """Refuse what cannot run.

        Raises:
            ValueError: naming the field.
        """
        _check(self.method, self.action_steps)
        for name, value, least in (("n", self.n, 1), ("clean_steps", self.clean_steps, 0)):
            if value < least:
                raise refusal(name, value, f"should be at least {least}")


def one_run(
    key: Key[Array, ""],
    setting: Setting,
    log_scale: Float[Array, " K"],
    gain: Any,
    sampler: Sampler,
    keep_path: bool = False,
) -> tuple[Any, Float[Array, " K"], Any]:
    """One run over all levels, and the clean corrections after them.

    All noise is drawn in one call: each call of the generator takes long to compile.

    Args:
        key: of everything random in the run.
        setting: its numbers.
        log_scale: of each level's step size.
        gain: how far a proposal moves it.
        sampler: method and counts.
        keep_path: whether to return the position after each level.

    Returns:
        ``(position, info, clean_squared_jump, clean_accepted)`` of the run; the new ``log_scale``; and the path with
        ``K`` leading, or ``None``.
    """
    method, n, action_steps, clean_steps = sampler
    num_levels, width = log_scale.shape[0], _noise_width(method, n, action_steps)
    noise = jax.random.normal(key, (2 * n + num_levels * width + 3 * clean_steps,))
    first, last, by_level, clean = jnp.split(noise, np.cumsum([n, n, num_levels * width]))
    begin = Position(jnp.zeros(()), setting.sigma_ve_max * first)

    def next_level(position, inputs):
        at, scale, level_noise = inputs
        state = PredictorCorrectorState(position, scale)
        state, info = visit(level_noise, state, setting, at, gain, method=method, action_steps=action_steps)
        return state.position, (info, state.log_scale, state.position if keep_path else None)

    inputs = (setting.levels, log_scale, by_level.reshape(num_levels, width))
    position, (info, log_scale, path) = jax.lax.scan(next_level, begin, inputs)
    action, squared_jump, accepted = _clean_corrections(clean.reshape(-1, 3), position.action, setting)
    position = position._replace(action=action)
    if method != "pc_joint_mala":
        end = jax.tree.map(lambda field: field[-1], setting.levels)
        position = refresh(last, position, end, setting.is_refreshed)
    return (position, info, squared_jump, accepted), log_scale, path


def _clean_corrections(noise, action, setting):
    """MALA steps of fixed size on the clean target; jumps squared and summed, and how many were accepted."""

    def correct(before, step_noise):
        after, is_accepted = _mala_action(step_noise, before, setting.clean, setting.final_step)
        return after, ((after - before) ** 2, is_accepted)

    action, (squared_jumps, is_accepted) = jax.lax.scan(correct, action, noise)
    return action, squared_jumps.sum(), is_accepted.sum(dtype=jnp.int32)


def adapt(
    key: Key[Array, ""],
    setting: Setting,
    sampler: Sampler,
    *,
    rounds: int = 16,
    runs: int = 1500,
    **options: bool,
) -> Float[Array, " K"]:
    """Step sizes of each level that accept a share of 0.57, from rounds of warm-up runs that are then thrown away.

    Rounds go through :func:`sample_runs`, so runs of the same number share its compiled program.

    Args:
        key: of the warm-up.
        setting: one setting, without a leading axis.
        sampler: method and counts.
        rounds: how often step sizes are mended, at least 2; the mean of the second half is returned.
        runs: of each round, all with the same step sizes.
        **options: of :func:`sample_runs`, as they will be when measuring.

    Returns:
        ``log_scale`` of each level, float32 ``(K,)``.

    Raises:
        ValueError: if the sampler cannot run, there are too few rounds or runs, or several settings.
    """
    check_shape("setting.ca", setting.ca, (), "one setting")
    if runs < 1:
        raise refusal("runs", runs, "should be at least 1")
    if rounds < 2:
        raise refusal("rounds", rounds, "should be at least 2")
    ceiling = np.log(STEP_CAP / float(setting.ca))
    log_scale, path = np.zeros(setting.levels.beta.shape), []
    for i in range(rounds):
        keys = jax.random.split(jax.random.fold_in(key, i), (1, runs))
        found = sample_runs(
            keys, stack([setting]), jnp.asarray(log_scale[None], jnp.float32), sampler, **options
        )
        rate = np.asarray(found.info.is_accepted[0]).mean(axis=(0, 2))
        gain = 2.0 / (1.0 + 0.1 * i) ** 0.6
        log_scale = np.minimum(log_scale + gain * (rate - TARGET_ACCEPTANCE), ceiling)
        path.append(log_scale)
    return jnp.asarray(np.mean(path[rounds // 2 :], axis=0), jnp.float32)


@functools.partial(jax.jit, static_argnames=("sampler", "is_shared", "keep_path"))
def sample_runs(
    keys: Key[Array, "settings runs"],
    settings: Setting,
    log_scale: Float[Array, "settings K"],
    sampler: Sampler,
    *,
    is_shared: bool = False,
    keep_path: bool = False,
) -> Runs:
    """Runs of many settings in one compiled program.

    Args:
        keys: one a run, shape ``(settings, runs)``; the same keys for two settings give them the same noise.
        settings: with a leading axis.
        log_scale: of the step sizes, ``(settings, K)``, 0 for ``ca``; see :func:`adapt`.
        sampler: method and counts.
        is_shared: adapt step sizes as published, proposal by proposal, carried from run to run; runs then depend
            on those before them. Otherwise step sizes stay as given and runs are independent.
        keep_path: also return the positions after each level.

    Raises:
        ValueError: if the sampler cannot run, or keys, settings and step sizes are of different numbers.
    """
    sampler.check()
    check_shape("settings.ca", settings.ca, keys.shape[:1], "a setting for each row of keys (settings, runs)")
    check_shape("log_scale", log_scale, settings.levels.beta.shape, "(settings, K): one for each level")

    run = functools.partial(one_run, sampler=sampler, keep_path=keep_path)

    def in_turn(run_keys, setting, scale):
        def next_run(scale, key):
            found, scale, path = run(key, setting, scale, PUBLISHED_GAIN)
            return scale, (found, path)

        scale, (found, path) = jax.lax.scan(next_run, scale, run_keys)
        position, info, squared_jump, accepted = found
        return Runs(position, info, squared_jump, accepted, scale, path)

    def at_once(run_keys, setting, scale):
        found, _, path = jax.vmap(run, (0, None, None, None))(run_keys, setting, scale, 0.0)
        position, info, squared_jump, accepted = found
        return Runs(position, info, squared_jump, accepted, scale, path)

    return jax.vmap(in_turn if is_shared else at_once)(keys, settings, log_scale)
