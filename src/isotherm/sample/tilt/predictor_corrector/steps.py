"""The arithmetic of predictor-corrector steps, given their noise: proposals and acceptance ratios.

Plain algebra on NumPy or JAX numbers, so that the compiled samplers and the float64 tests run the same lines.
``level`` is one :class:`~isotherm.energy.tilt.levels.Level`; its target of the action is
``N(mu_tilt, sigma_tilt^2)``, the base policy tilted by ``beta``.
"""

from typing import NamedTuple

from isotherm.energy.tilt.levels import Level, Number

TARGET_ACCEPTANCE = 0.57
"""The acceptance that step sizes are adapted to; near the best for MALA (Roberts and Rosenthal 1998)."""

STEP_FLOOR, STEP_CAP = 1e-10, 10.0
"""Least step size, and the largest in units of the action's variance."""


class Reward(NamedTuple):
    """The quadratic reward ``-(r_wa (a - r_a_star)^2 + r_ws (s' - r_s_star)^2)/2``."""

    r_wa: Number
    r_ws: Number
    r_a_star: Number
    r_s_star: Number


class UlaStep(NamedTuple):
    """An unadjusted step: the action moves to ``N(mean, sd^2)``.

    Attributes:
        step_size: eta.
        drift: the score estimated from the particles.
        mean: where the drift leads.
        sd: ``sqrt(2 eta)``.
    """

    step_size: Number
    drift: Number
    mean: Number
    sd: Number


class MalaStep(NamedTuple):
    """A Metropolis-adjusted step.

    Attributes:
        drift: score of the target at the action.
        mean_forward: mean of the proposal.
        mean_reverse: mean of the way back.
        sd: standard deviation of both.
        log_target_diff: log of the target's ratio, new to old.
        log_accept: log acceptance ratio before the minimum with 0.
    """

    drift: Number
    mean_forward: Number
    mean_reverse: Number
    sd: Number
    log_target_diff: Number
    log_accept: Number


class JointStep(NamedTuple):
    """A joint step of the action and its whitened particles.

    Attributes:
        whitened: the particles in units of their own noise, shape ``(n,)``.
        action: the proposed action.
        whitened_proposal: shape ``(n,)``.
        particles: the proposed particles, shape ``(n,)``.
        log_accept: log acceptance ratio before the minimum with 0.
    """

    whitened: Number
    action: Number
    whitened_proposal: Number
    particles: Number
    log_accept: Number


def log_target(level: Level, action: Number) -> Number:
    """Log density of the action under the level's target, up to a constant."""
    base = -((action - level.mean_a) ** 2) / (2 * level.var_a)
    return base - 0.5 * level.beta * (level.slope * action**2 - 2 * level.intercept * action)


def score(level: Level, action: Number) -> Number:
    """Its derivative."""
    return (level.mean_a - action) / level.var_a + level.beta * (level.intercept - level.slope * action)


def particle_score(level: Level, reward: Reward, action: Number, mean_particle: Number) -> Number:
    """The score with the value's gradient estimated through the mean of the particles."""
    r = reward
    gradient = -r.r_wa * (action - r.r_a_star) - r.r_ws * level.rho * (mean_particle - r.r_s_star)
    return (level.mean_a - action) / level.var_a + level.beta * gradient


def ula_step(level: Level, reward: Reward, action: Number, mean_particle: Number, ca: Number) -> UlaStep:
    """One unadjusted Langevin step on the action; ``ca`` is the step size in units of its variance."""
    step_size = ca * level.var_a
    drift = particle_score(level, reward, action, mean_particle)
    return UlaStep(step_size, drift, action + step_size * drift, (2 * step_size) ** 0.5)


def mala_step(level: Level, action: Number, proposal: Number, step_size: Number) -> MalaStep:
    """The odds of a proposed action."""
    drift = score(level, action)
    forward, reverse = action + step_size * drift, proposal + step_size * score(level, proposal)
    difference = log_target(level, proposal) - log_target(level, action)
    ratio = ((proposal - forward) ** 2 - (action - reverse) ** 2) / (4 * step_size)
    return MalaStep(drift, forward, reverse, (2 * step_size) ** 0.5, difference, difference + ratio)


def joint_mala_step(
    level: Level,
    action: Number,
    particles: Number,
    noise: tuple[Number, Number],
    step_sizes: tuple[Number, Number],
) -> JointStep:
    """A joint proposal and its odds.

    Args:
        level: the level.
        action: scalar.
        particles: shape ``(n,)``.
        noise: standard normal, one number for the action and ``(n,)`` for the particles.
        step_sizes: of the action and of the whitened particles.
    """
    (z_action, z_particles), (eta_a, eta_u) = noise, step_sizes
    sigma = conditional_sigma(level)
    whitened = (particles - level.rho * action - level.offset) / sigma
    proposal = action + eta_a * score(level, action) + (2 * eta_a) ** 0.5 * z_action
    whitened_proposal = (1 - eta_u) * whitened + (2 * eta_u) ** 0.5 * z_particles
    log_accept = mala_step(level, action, proposal, eta_a).log_accept
    log_accept = log_accept + whitened_log_accept(whitened, whitened_proposal, eta_u)
    moved = level.rho * proposal + level.offset + sigma * whitened_proposal
    return JointStep(whitened, proposal, whitened_proposal, moved, log_accept)


def whitened_log_accept(before: Number, after: Number, step_size: Number) -> Number:
    """The part of standard normal particles in the log acceptance ratio, summed over them."""
    reverse = (before - (1 - step_size) * after) ** 2
    forward = (after - (1 - step_size) * before) ** 2
    return (0.5 * (before**2 - after**2) + (forward - reverse) / (4 * step_size)).sum()


def conditional_sigma(level: Level) -> Number:
    """Standard deviation of a particle given the action."""
    return level.var_cond**0.5
