"""Rewards of action and next state, averaged over the next state, on clean actions and at levels of noise.

At noise level ``alpha_bar`` (1 is clean) actions and next states are shrunk by ``sqrt(alpha_bar)``, and unit noise of
variance ``1 - alpha_bar`` is added. A mixture of normal laws stays one, with the same weights; so the reward averaged
over the noisy next state has a closed form there too. With one part in one dimension this is
:mod:`isotherm.energy.tilt.levels`.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from isotherm.doors import instance
from isotherm.energy.tilt.bases import GaussianPolicy, LinearGaussian, MixturePolicy
from isotherm.energy.tilt.inputs import check_shape, checked_number
from isotherm.energy.tilt.tilted import QuadraticReward, Tilted
from isotherm.errors import refusal


class AveragedReward(eqx.Module):
    """``Q(a) = Σ_k r_k(a) Q_k(a)``: each part's averaged reward, by the probability ``r_k`` that ``a`` is of it.

    Attributes:
        policy: the mixture.
        parts: a quadratic reward of the action for each part, leaves lead with ``k``.

    Raises:
        ValueError: if it has other parts or dimensions than the mixture.
    """

    policy: MixturePolicy
    parts: QuadraticReward

    def __check_init__(self) -> None:
        check_shape("parts.peak", self.parts.peak, self.policy.parts.mean.shape, "as the policy's means")

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, ""]:
        """Of one action."""
        return responsibilities(self.policy, x) @ jax.vmap(lambda part: part(x))(self.parts)


def responsibilities(policy: MixturePolicy, x: Float[Array, " d"]) -> Float[Array, " k"]:
    """Probability that an action, shape ``(d,)``, is of each part, shape ``(k,)``; sums to 1."""
    each = jax.vmap(lambda part: part.log_density(x))(policy.parts)
    return jax.nn.softmax(policy.log_weights + each)


def averaged_reward(reward: QuadraticReward, transition: LinearGaussian) -> QuadraticReward:
    """A reward of action and next state as one of the action alone: its mean over ``q(s' | a)``.

    Args:
        reward: of ``(a, s')``, ``d + m`` numbers; curved downwards or flat, so that its mean has a peak.
        transition: law of the next state.

    Returns:
        Of ``d`` numbers.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: if the numbers of dimensions do not add up.
    """
    _check_kinds(transition, reward)
    m, d = transition.matrix.shape
    if reward.peak.shape != (d + m,):
        raise refusal(
            "reward.peak.shape", reward.peak.shape, f"must be ({d + m},): actions, then next states"
        )
    both = jnp.concatenate([jnp.eye(d, dtype=reward.peak.dtype), transition.matrix])
    away = reward.peak - jnp.concatenate([jnp.zeros(d, reward.peak.dtype), transition.noise.mean])
    curvature = both.T @ reward.curvature @ both
    peak = jnp.linalg.pinv(curvature, hermitian=True) @ (both.T @ (reward.curvature @ away))
    left = away - both @ peak
    spread = jnp.trace(reward.curvature[d:, d:] @ transition.noise.covariance)
    return QuadraticReward(curvature, peak, reward.constant - 0.5 * (spread + left @ reward.curvature @ left))


def noisy_tilt(
    policy: MixturePolicy, transition: LinearGaussian, reward: QuadraticReward, alpha_bar: Any
) -> Tilted:
    """The policy at a level of noise, with the reward averaged over the next state of that level.

    Args:
        policy: the clean policy; a normal law is a mixture of one part.
        transition: law of the clean next state.
        reward: of action and next state.
        alpha_bar: from 0 to 1, may be traced; 1 gives the clean policy and :func:`averaged_reward`.

    Raises:
        ValueError: naming what is out of range, or of other dimensions than the rest.
    """
    check_dimensions(policy, transition, reward)
    check_level("alpha_bar", checked_number("alpha_bar", alpha_bar))

    def part(clean: GaussianPolicy) -> tuple[Array, Array, QuadraticReward]:
        m, d = transition.matrix.shape
        before = clean.covariance
        covariance = alpha_bar * before + (1 - alpha_bar) * jnp.eye(d, dtype=before.dtype)
        cross = alpha_bar * before @ transition.matrix.T
        slope = jnp.linalg.solve(covariance, cross).T
        after = alpha_bar * (transition.matrix @ before @ transition.matrix.T + transition.noise.covariance)
        after += (1 - alpha_bar) * jnp.eye(m, dtype=before.dtype) - slope @ cross
        mean, next_mean = (jnp.sqrt(alpha_bar) * one for one in (clean.mean, transition.mean(clean.mean)))
        follow = LinearGaussian(slope, next_mean - slope @ mean, 0.5 * (after + after.T))
        return mean, covariance, averaged_reward(reward, follow)

    means, covariances, rewards = jax.vmap(part)(policy.parts)
    noisy = MixturePolicy(jnp.exp(policy.log_weights), means, covariances)
    return Tilted(noisy, AveragedReward(noisy, rewards))


def check_dimensions(policy: MixturePolicy, transition: LinearGaussian, reward: QuadraticReward) -> None:
    """Refuse a mixture, a transition and a reward of action and next state whose dimensions do not fit.

    Raises:
        TypeError: if the policy is no mixture, or the others are of another kind.
        ValueError: naming the shape, and what it must be.
    """
    instance("policy", policy, MixturePolicy, "a MixturePolicy", "a normal law is one of one part")
    _check_kinds(transition, reward)
    m, d = transition.matrix.shape
    k = len(policy.log_weights)
    check_shape("policy.means", policy.parts.mean, (k, d), f"since the transition's matrix has {d} columns")
    check_shape("reward.peak", reward.peak, (d + m,), "actions, then next states")


def _check_kinds(transition: Any, reward: Any) -> None:
    instance("transition", transition, LinearGaussian, "a LinearGaussian transition")
    instance("reward", reward, QuadraticReward, "a QuadraticReward of action and next state")


def check_level(name: str, levels: Array) -> None:
    """Refuse known levels of noise outside 0 .. 1.

    Args:
        name: what the refusal calls them.
        levels: floats of any shape ``(...)``.

    Raises:
        ValueError: naming them.
    """
    if not isinstance(levels, Tracer) and not (abs(np.asarray(levels) - 0.5) <= 0.5).all():
        raise refusal(name, np.asarray(levels).tolist(), "must lie within 0 .. 1")


def within_covariance(tilted: Tilted, beta: Any) -> Float[Array, "d d"]:
    """Mean over parts of their covariance under ``exp(beta Q_k)``: what a step of a sampler is measured by.

    Args:
        tilted: made by :func:`noisy_tilt`.
        beta: inverse temperature, may be traced.

    Returns:
        Shape ``(d, d)``.

    Raises:
        TypeError: for another tilt.
    """
    policy, reward = tilted.base, tilted.reward
    if not isinstance(policy, MixturePolicy) or not isinstance(reward, AveragedReward):
        raise TypeError(
            f"tilted = {type(policy).__name__} with {type(reward).__name__}: must be of noisy_tilt"
        )
    precisions = jax.vmap(lambda part: part.whitener.T @ part.whitener)(policy.parts)
    each = jnp.linalg.inv(precisions + beta * reward.parts.curvature)
    return jnp.tensordot(jnp.exp(policy.log_weights), each, 1)
