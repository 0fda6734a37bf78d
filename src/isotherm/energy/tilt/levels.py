"""A Gaussian policy with a Gaussian next state, tilted by a quadratic reward, over levels of noise.

The clean model is ``q(a) = N(mu_a, sigma_a^2)`` and ``q(s'|a) = N(alpha a + d s + mu_eps, sigma_sprime^2)``. At noise
level ``alpha_bar`` (1 is clean) both are shrunk by ``sqrt(alpha_bar)`` and unit noise of variance ``1 - alpha_bar``
is added. The reward averaged over the noisy ``q(s'|a)`` is a quadratic value ``Q(a)``, so each level's target
``q(a) exp(beta Q(a)) q(s'|a)`` is Gaussian too: it tilts the action and leaves the conditional as it is.

Every function is plain algebra: NumPy numbers give NumPy answers in float64, JAX arrays give JAX answers that can be
compiled and differentiated.
"""

from types import ModuleType
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm import doors

Number: TypeAlias = Any
"""A float, or an array of NumPy or JAX."""

Schedule: TypeAlias = Literal["linear", "late_constant", "late_ramp", "tfg_plus_final_mala", "sigma_power"]
SCHEDULES: tuple[str, ...] = get_args(Schedule)

TINY = 1e-12
"""Below this a width counts as zero."""

_POSITIVE = ("sigma_a", "sigma_sprime", "ca", "final_mala_step")
_NOT_NEGATIVE = ("lambda_scale", "r_wa", "r_ws", "ramp_p", "tfg_p", "sigma_p", "sigma_ve_max")
_SHARES = ("alpha_bar_min", "alpha_bar_max", "window_alpha_low", "window_alpha_high")


class TiltParameters(eqx.Module):
    """What defines the model, its tilt and its path of levels; names and defaults are those of the published program.

    Attributes:
        beta_schedule: how the tilt grows over levels, see :func:`beta_fraction`.
        K: number of levels, at least 1.
        refresh_L: refreshes of the next states a level, at least 0.
        lambda_scale: inverse temperature of the tilt at the clean level, at least 0.
        window_alpha_low: where the ``late_*`` schedules begin, from 0 to 1.
        window_alpha_high: where they end, from 0 to 1.
        ramp_p: exponent of ``late_ramp``.
        tfg_p: exponent of ``tfg_plus_final_mala``.
        sigma_p: exponent of ``sigma_power``.
        final_mala_step: step size of clean corrections after the last level.
        ca: step size of actions in units of the level's action variance.
        alpha_bar_min: noisiest level, from 0 to 1.
        alpha_bar_max: cleanest level, from 0 to 1.
        alpha: how the next state follows the action.
        d: how the next state follows the current state.
        mu_eps: shift of the next state.
        sigma_sprime: standard deviation of the next state given the action, positive.
        mu_a: mean of the base policy.
        sigma_a: standard deviation of the base policy, positive.
        qA: curvature of the action-only value, see :mod:`isotherm.energy.tilt.closed_forms`.
        mu_Q: best action of the action-only value.
        r_wa: reward's weight of the action, at least 0.
        r_ws: reward's weight of the next state, at least 0.
        r_a_star: best action of the reward.
        r_s_star: best next state of the reward.
        s: current state.
        sigma_ve_max: standard deviation of the first next states.

    Raises:
        ValueError: at construction, one line naming the field, for numbers that are known and not allowed.
    """

    beta_schedule: str = eqx.field(static=True, default="linear")
    K: int = eqx.field(static=True, default=40)
    refresh_L: int = eqx.field(static=True, default=3)
    lambda_scale: Number = 1.5
    window_alpha_low: Number = 0.0
    window_alpha_high: Number = 1.0
    ramp_p: Number = 2.0
    tfg_p: Number = 2.0
    sigma_p: Number = 2.0
    final_mala_step: Number = 0.1
    ca: Number = 0.08
    alpha_bar_min: Number = 0.05
    alpha_bar_max: Number = 1.0
    alpha: Number = 1.0
    d: Number = 0.0
    mu_eps: Number = 0.0
    sigma_sprime: Number = 0.5
    mu_a: Number = 0.0
    sigma_a: Number = 1.0
    qA: Number = 1.0
    mu_Q: Number = 1.5
    r_wa: Number = 1.0
    r_ws: Number = 1.0
    r_a_star: Number = 1.5
    r_s_star: Number = 1.0
    s: Number = 0.0
    sigma_ve_max: Number = 3.0

    def __check_init__(self) -> None:
        doors.choice("beta_schedule", self.beta_schedule, SCHEDULES)
        doors.whole("K", self.K, 1)
        doors.whole("refresh_L", self.refresh_L, 0)
        doors.affordable("K", self.K, 256.0 * self.K, "have fewer levels")
        for name, value in vars(self).items():
            if name not in ("beta_schedule", "K", "refresh_L"):
                _check(name, value)

    @property
    def shift(self) -> Number:
        """Mean of the next state where the action is 0: ``d s + mu_eps``."""
        return self.mu_eps + self.d * self.s


def checked_parameters(field: str, value: Any) -> TiltParameters:
    """Parameters of a tilt.

    Raises:
        TypeError: naming ``field``.
    """
    return doors.instance(field, value, TiltParameters, "TiltParameters")


def _check(name: str, value: Any) -> None:
    """Refuse what is no number and no array of them, and known numbers that are outside their range."""
    if name in _POSITIVE:
        doors.numbers(name, value, above=0)
    else:
        least = 0 if name in _NOT_NEGATIVE + _SHARES else None
        doors.numbers(name, value, least=least, most=1 if name in _SHARES else None)


class Level(NamedTuple):
    """One level of noise, or all of them with a leading axis; every field has the shape of ``alpha_bar``.

    Attributes:
        alpha_bar: the level, 1 is clean.
        mean_a: mean of the noisy action.
        mean_s: mean of the noisy next state.
        var_a: variance of the noisy action.
        cov_as: covariance of the two.
        var_s: variance of the noisy next state.
        rho: slope of the conditional mean, ``E[s'|a] = rho a + offset``.
        offset: its intercept.
        var_cond: variance of ``s'`` given ``a``.
        slope: ``A`` in ``dQ/da = b - A a``.
        intercept: ``b``.
        constant: ``k`` in ``Q(a) = -(A a^2 - 2 b a)/2 + k``.
        fraction: share of the tilt that the schedule gives.
        beta: ``lambda_scale`` times that share.
        mu_tilt: mean of the action under the level's target.
        sigma_tilt: its standard deviation.
        joint_mean_s: mean of the next state under the level's target.
        joint_var_s: its variance.
    """

    alpha_bar: Number
    mean_a: Number
    mean_s: Number
    var_a: Number
    cov_as: Number
    var_s: Number
    rho: Number
    offset: Number
    var_cond: Number
    slope: Number
    intercept: Number
    constant: Number
    fraction: Number
    beta: Number
    mu_tilt: Number
    sigma_tilt: Number
    joint_mean_s: Number
    joint_var_s: Number


class CleanTarget(NamedTuple):
    """The tilted law without noise, at the full tilt whatever the schedule says.

    Attributes:
        mu_a: mean of the action.
        sigma_a: its standard deviation.
        mu_s: mean of the next state.
        sigma_s: its standard deviation.
        slope: ``A`` of the clean value.
        intercept: ``b`` of the clean value.
    """

    mu_a: Number
    sigma_a: Number
    mu_s: Number
    sigma_s: Number
    slope: Number
    intercept: Number


def level_grid(parameters: TiltParameters) -> np.ndarray | Array:
    """The levels in the order of visits, noisy first; shape ``(K,)``."""
    xp = _arrays_of(parameters)
    return xp.linspace(parameters.alpha_bar_max, parameters.alpha_bar_min, parameters.K)[::-1]


def beta_fraction(parameters: TiltParameters, alpha_bar: Number) -> Number:
    """Share of the tilt that the schedule gives at a level, from 0 to 1.

    Args:
        parameters: schedule, window and exponents.
        alpha_bar: levels of any shape; those off the grid are allowed.
    """
    p, xp = parameters, _arrays_of(parameters, alpha_bar)
    done = xp.clip((alpha_bar - p.alpha_bar_min) / xp.maximum(1 - p.alpha_bar_min, TINY), 0.0, 1.0)
    low, high = p.window_alpha_low, p.window_alpha_high
    if p.beta_schedule == "linear":
        return done
    if p.beta_schedule == "late_constant":
        return xp.where((low <= alpha_bar) & (alpha_bar <= high), 1.0, 0.0)
    if p.beta_schedule == "late_ramp":
        climb = xp.clip((alpha_bar - low) / xp.maximum(high - low, TINY), 0.0, 1.0) ** p.ramp_p
        return xp.where(alpha_bar <= low, 0.0, xp.where(alpha_bar >= high, 1.0, climb))
    if p.beta_schedule == "tfg_plus_final_mala":
        return (1 - done) ** p.tfg_p
    return xp.maximum(1 - alpha_bar, 0.0) ** (0.5 * p.sigma_p)


def level(parameters: TiltParameters, alpha_bar: Number) -> Level:
    """Moments, value and target at a level of noise.

    Args:
        parameters: the model.
        alpha_bar: levels of any shape, from 0 to 1.
    """
    p = parameters
    noise = 1 - alpha_bar
    root = alpha_bar**0.5
    mean_a, mean_s = root * p.mu_a, root * (p.alpha * p.mu_a + p.shift)
    var_a = alpha_bar * p.sigma_a**2 + noise
    cov_as = alpha_bar * p.alpha * p.sigma_a**2
    var_s = alpha_bar * (p.alpha**2 * p.sigma_a**2 + p.sigma_sprime**2) + noise
    rho = cov_as / var_a
    offset, var_cond = mean_s - rho * mean_a, var_s - cov_as * rho
    slope, intercept = _value(p, rho, offset)
    constant = -0.5 * (p.r_ws * var_cond + p.r_wa * p.r_a_star**2 + p.r_ws * (p.r_s_star - offset) ** 2)
    fraction = beta_fraction(p, alpha_bar)
    beta = p.lambda_scale * fraction
    mu_tilt, sigma_tilt = _tilted(mean_a, var_a, beta, slope, intercept)
    return Level(
        alpha_bar, mean_a, mean_s, var_a, cov_as, var_s, rho, offset, var_cond, slope, intercept, constant,
        fraction, beta, mu_tilt, sigma_tilt,
        joint_mean_s=rho * mu_tilt + offset,
        joint_var_s=rho**2 * sigma_tilt**2 + var_cond,
    )  # fmt: skip


def clean_target(parameters: TiltParameters) -> CleanTarget:
    """The law that a sampler should end on: ``q(a) exp(lambda Q(a)) q(s'|a)`` without noise.

    Raises:
        TypeError: if ``parameters`` are none.
    """
    p = checked_parameters("parameters", parameters)
    slope, intercept = _value(p, p.alpha, p.shift)
    mu, sigma = _tilted(p.mu_a, p.sigma_a**2, p.lambda_scale, slope, intercept)
    mu_s = p.alpha * mu + p.shift
    return CleanTarget(mu, sigma, mu_s, (p.alpha**2 * sigma**2 + p.sigma_sprime**2) ** 0.5, slope, intercept)


def _value(p: TiltParameters, rho: Number, offset: Number) -> tuple[Number, Number]:
    """``A`` and ``b`` of the reward averaged over ``s' ~ N(rho a + offset, .)``."""
    return p.r_wa + p.r_ws * rho**2, p.r_wa * p.r_a_star + p.r_ws * rho * (p.r_s_star - offset)


def _tilted(
    mean: Number, variance: Number, beta: Number, slope: Number, intercept: Number
) -> tuple[Number, Number]:
    """Mean and standard deviation of ``N(mean, variance)`` times ``exp(beta (b a - A a^2 / 2))``."""
    precision = 1 / variance + beta * slope
    return (mean / variance + beta * intercept) / precision, precision**-0.5


def _arrays_of(*values: TiltParameters | Number) -> ModuleType:
    """``jax.numpy`` if any number is JAX's, else NumPy."""
    return jnp if any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(values)) else np
