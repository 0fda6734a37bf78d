"""Closed forms of the action-only tilt: ``q(a) exp(lambda Q(a))`` with ``Q(a) = -qA (a - mu_Q)^2 / 2``.

The joint target is ``pi(a) q(s'|a)``. Numbers only, NumPy or JAX; see :mod:`isotherm.energy.tilt.levels`.
"""

from types import ModuleType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy.tilt.levels import Number, TiltParameters


class ActionTilt(NamedTuple):
    """The tilted policy.

    Attributes:
        mu: mean of the action.
        sigma: its standard deviation.
        log_normaliser: ``log E_q exp(lambda Q)``.
        importance_ess_fraction: share of effective draws that importance weights of the base policy leave, as
            the number of draws grows.
    """

    mu: Number
    sigma: Number
    log_normaliser: Number
    importance_ess_fraction: Number


class GibbsPosterior(NamedTuple):
    """Law of the action given the next state, under the tilted joint.

    Attributes:
        mu: its mean.
        sigma: its standard deviation.
        lag1_autocorrelation: correlation of successive actions of the Gibbs sampler.
    """

    mu: Number
    sigma: Number
    lag1_autocorrelation: Number


def action_value(parameters: TiltParameters, action: Number) -> Number:
    """``Q(a) = -qA (a - mu_Q)^2 / 2``; the shape of ``action``."""
    return -0.5 * parameters.qA * (action - parameters.mu_Q) ** 2


def action_only_tilt(parameters: TiltParameters) -> ActionTilt:
    """Moments of the tilted policy and how far the base policy is from it."""
    p = parameters
    precision = 1 / p.sigma_a**2 + p.lambda_scale * p.qA
    mean = (p.mu_a / p.sigma_a**2 + p.lambda_scale * p.qA * p.mu_Q) / precision
    once, twice = (_log_normaliser(p, times * p.lambda_scale) for times in (1, 2))
    return ActionTilt(mean, precision**-0.5, once, _numpy_or_jax(once).exp(2 * once - twice))


def gibbs_posterior(parameters: TiltParameters, next_state: Number) -> GibbsPosterior:
    """Law of the action given the next state; ``mu`` has the shape of ``next_state``."""
    p, tilt = parameters, action_only_tilt(parameters)
    gain = p.alpha / p.sigma_sprime**2
    precision = tilt.sigma**-2 + p.alpha * gain
    mean = (tilt.mu * tilt.sigma**-2 + gain * (next_state - p.shift)) / precision
    return GibbsPosterior(mean, precision**-0.5, p.alpha * gain / precision)


def imh_log_accept(parameters: TiltParameters, action: Number, proposal: Number) -> Number:
    """Log acceptance ratio, before the minimum with 0, of a proposal drawn from the base policy."""
    p = parameters
    return p.lambda_scale * (action_value(p, proposal) - action_value(p, action))


def _log_normaliser(p: TiltParameters, beta: Number) -> Number:
    """``log E_q exp(beta Q)``."""
    widening = 1 + beta * p.qA * p.sigma_a**2
    return (
        -0.5 * _numpy_or_jax(widening).log(widening) - 0.5 * beta * p.qA * (p.mu_a - p.mu_Q) ** 2 / widening
    )


def _numpy_or_jax(value: Number) -> ModuleType:
    return jnp if isinstance(value, jax.Array) else np
