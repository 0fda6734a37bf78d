"""Exact end laws of predictor-corrector samplers: moments for the linear steps, densities on a grid for MALA.

In float64, without a draw: the oracles of the tests, and what the study shows beside its estimates.
"""

from typing import NamedTuple

import numpy as np

from isotherm.doors import whole
from isotherm.energy.tilt.levels import (
    Level,
    TiltParameters,
    checked_parameters,
    clean_target,
    level,
    level_grid,
)
from isotherm.errors import refusal
from isotherm.sample.tilt.predictor_corrector.metrics import gaussian_kl
from isotherm.sample.tilt.predictor_corrector.steps import mala_step


class EndLaw(NamedTuple):
    """Law of the final action and of one final particle, and how far both are from the clean target.

    Attributes:
        mean: of the action.
        var: of the action.
        kl_action: divergence of the action's law from the target.
        state_mean: of a particle.
        state_var: of a particle.
        kl_state: divergence of the particle's law from the target.
        esjd: mean squared jump of an action over all steps.
    """

    mean: float
    var: float
    kl_action: float
    state_mean: float
    state_var: float
    kl_state: float
    esjd: float


class ActionLaw(NamedTuple):
    """A density of actions on equally spaced points.

    Attributes:
        points: shape ``(points,)``.
        weights: probability of each, shape ``(points,)``.
        acceptance: mean acceptance probability of each level, shape ``(K,)``.
    """

    points: np.ndarray
    weights: np.ndarray
    acceptance: np.ndarray

    @property
    def mean(self) -> float:
        """Mean of the action."""
        return float(self.weights @ self.points)

    @property
    def var(self) -> float:
        """Variance of the action."""
        return float(self.weights @ (self.points - self.mean) ** 2)


def levels_of(parameters: TiltParameters) -> list[Level]:
    """Each level of the path, noisy first, as numbers."""
    every = level(parameters, np.asarray(level_grid(parameters)))
    arrays = [np.broadcast_to(one, (parameters.K,)) for one in every]
    return [Level(*(float(array[k]) for array in arrays)) for k in range(parameters.K)]


def pc_ula_final_law(parameters: TiltParameters, n: int, action_steps: int = 1) -> EndLaw:
    """The exact end law of ``pc_ula``, before any clean correction.

    Every step is linear in the action and the particles' mean, so both stay jointly Gaussian.

    Args:
        parameters: the model and its path.
        n: particles, at least 1.
        action_steps: steps of the action a level, at least 1.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: if ``n`` or ``action_steps`` is below 1.
    """
    checked_parameters("parameters", parameters)
    n, action_steps = whole("n", n, 1), whole("action_steps", action_steps, 1)
    mean = np.zeros(2)  # of the action and of the particles' mean
    covariance = np.diag([0.0, parameters.sigma_ve_max**2 / n])
    path, jumps = levels_of(parameters), []
    for at in path:
        if parameters.refresh_L:
            refresh = np.array([[1.0, 0.0], [at.rho, 0.0]])
            mean = refresh @ mean + [0.0, at.offset]
            covariance = refresh @ covariance @ refresh.T + np.diag([0.0, at.var_cond / n])
        for _ in range(action_steps):
            step, shift, spread = _linear_step(at, parameters)
            move = step - np.eye(2)[0]
            jumps.append((move @ mean + shift) ** 2 + move @ covariance @ move + spread)
            matrix = np.array([step, [0.0, 1.0]])
            mean = matrix @ mean + [shift, 0.0]
            covariance = matrix @ covariance @ matrix.T + np.diag([spread, 0.0])
    return _end_law(parameters, path[-1], mean[0], covariance[0, 0], float(np.mean(jumps)))


def pc_mala_final_law(
    parameters: TiltParameters,
    step_sizes: np.ndarray,
    points: int = 401,
    reach: float = 8.0,
    action_steps: int = 1,
) -> ActionLaw:
    """The end law of ``pc_mala`` at fixed step sizes, by transition densities on a grid.

    Args:
        parameters: the model and its path.
        step_sizes: of each level, shape ``(K,)``, positive; the grid must resolve their square roots.
        points: of the grid.
        reach: half width of the grid in the widest standard deviations, around the range of the levels' means.
        action_steps: steps of the action a level, at least 1.

    Raises:
        ValueError: if there is not one step size for each level.
    """
    path = levels_of(parameters)
    if np.shape(step_sizes) != (len(path),):
        raise refusal("step_sizes.shape", np.shape(step_sizes), f"should be ({len(path)},), one a level")
    centres = [0.0, *(at.mu_tilt for at in path)]
    width = reach * max(max(at.sigma_tilt, at.var_a**0.5) for at in path)
    x = np.linspace(min(centres) - width, max(centres) + width, points)
    weights, acceptance = np.zeros(points), []
    weights[np.argmin(np.abs(x))] = 1.0
    for at, step_size in zip(path, step_sizes, strict=True):
        matrix, accepted = _mala_matrix(at, float(step_size), x)
        rates = []
        for _ in range(action_steps):
            rates.append(weights @ accepted)
            weights = weights @ matrix + weights * (1 - accepted)
        acceptance.append(float(np.mean(rates)))
    return ActionLaw(x, weights, np.array(acceptance))


def _linear_step(at: Level, p: TiltParameters) -> tuple[np.ndarray, float, float]:
    """The action's next mean as coefficients of (action, particles' mean) and a shift; then its variance."""
    eta = p.ca * at.var_a
    coefficients = np.array([1 - eta * (1 / at.var_a + at.beta * p.r_wa), -eta * at.beta * p.r_ws * at.rho])
    pull = p.r_wa * p.r_a_star + p.r_ws * at.rho * p.r_s_star
    return coefficients, float(eta * (at.mean_a / at.var_a + at.beta * pull)), float(2 * eta)


def _end_law(p: TiltParameters, last: Level, mean: float, var: float, esjd: float) -> EndLaw:
    target = clean_target(p)
    state = (0.0, p.sigma_ve_max**2)
    if p.refresh_L:
        state = (last.rho * mean + last.offset, last.rho**2 * var + last.var_cond)
    kl_action = float(gaussian_kl(mean, var, target.mu_a, target.sigma_a**2))
    kl_state = float(gaussian_kl(*state, target.mu_s, target.sigma_s**2))
    return EndLaw(float(mean), float(var), kl_action, float(state[0]), float(state[1]), kl_state, esjd)


def _mala_matrix(at: Level, step_size: float, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of accepted moves between points, and each point's probability to move at all."""
    old, new = x[:, None], x[None, :]
    odds = mala_step(at, old, new, step_size)
    proposal = np.exp(-((new - odds.mean_forward) ** 2) / (4 * step_size))
    proposal /= proposal.sum(axis=1, keepdims=True)
    moves = proposal * np.exp(np.minimum(odds.log_accept, 0.0))
    return moves, moves.sum(axis=1)
