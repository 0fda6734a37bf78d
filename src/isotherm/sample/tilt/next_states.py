"""Actions with the states that follow from them: ``pi(a) q(s' | a)``, the conditional left as it is.

Tilting the action alone shifts which actions are taken, not what they lead to. (A reward of both tilts both: that
is ``Tilted(transition.joint(policy), reward)``, another law.)
"""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from isotherm.energy.kinds import next_states, tilted_policy
from isotherm.energy.tilt.bases import GaussianPolicy, LinearGaussian
from isotherm.energy.tilt.inputs import check_shape, checked_number
from isotherm.energy.tilt.tilted import QuadraticReward, Tilted
from isotherm.errors import refusal
from isotherm.sample.betas import chains_with_betas
from isotherm.sample.kernel import Chains, checked_kernel
from isotherm.sample.metropolis.acceptance import AcceptanceInfo, accept
from isotherm.sample.metropolis.langevin import continuous_action


class ActionAndNext(NamedTuple):
    """An action, shape ``(d,)``, and a next state, shape ``(m,)``."""

    action: Float[Array, " d"]
    next_state: Float[Array, " m"]


class FollowedState(NamedTuple):
    """State of the actions' kernel, with the next state drawn last."""

    position: ActionAndNext
    inner: Any


class Followed(eqx.Module):
    """Made by :func:`followed`."""

    kernel: Any
    transition: LinearGaussian

    def init(self, position: ActionAndNext, key: Key[Array, ""] | None = None) -> FollowedState:
        """Start from an action ``(d,)`` and a next state ``(m,)``.

        Raises:
            ValueError: if one is of other dimensions than the transition has.
        """
        check_both(position, self.transition)
        return FollowedState(position, self.kernel.init(position.action, key))

    def step(self, key: Key[Array, ""], state: FollowedState) -> tuple[FollowedState, Any]:
        """A step of the kernel, then a fresh next state ``(m,)``."""
        key_step, key_next = jax.random.split(key)
        inner, info = self.kernel.step(key_step, state.inner)
        after = self.transition.draw(key_next, inner.position)
        return FollowedState(ActionAndNext(inner.position, after), inner), info


def followed(kernel: Any, transition: LinearGaussian) -> Followed:
    """Any kernel on actions, each followed by a fresh draw of the next state.

    Args:
        kernel: ours or BlackJAX's, its state with a field ``position``.
        transition: law of the next state.

    Returns:
        A kernel on :class:`ActionAndNext`.

    Raises:
        ValueError: if it is of a tilted policy whose actions have other dimensions than the transition takes.
    """
    checked_kernel("kernel", kernel)
    next_states("transition", transition)
    if isinstance(tilted := getattr(kernel, "tilted", None), Tilted):
        check_transition(tilted, transition)
    return Followed(kernel, transition)


class JointGibbs(eqx.Module):
    """Made by :func:`joint_gibbs`.

    Attributes:
        beta: inverse temperature, shape ``()``; or ``(chains,)`` for :meth:`over_chains`.
        tilted: a Gaussian policy with a quadratic reward.
        transition: law of the next state.
    """

    beta: Float[Array, "..."]
    tilted: Tilted
    transition: LinearGaussian
    remembers_beta: ClassVar[bool] = False

    def init(self, position: ActionAndNext, key: Key[Array, ""] | None = None) -> "GibbsPairState":
        """Start from an action ``(d,)`` and a next state ``(m,)``.

        Raises:
            ValueError: if one is of other dimensions than the transition has.
        """
        del key
        check_both(position, self.transition)
        return GibbsPairState(position)

    def step(self, key: Key[Array, ""], state: "GibbsPairState") -> tuple["GibbsPairState", None]:
        """The next state ``(m,)`` given the action ``(d,)``, then the action given that."""
        key_next, key_action = jax.random.split(key)
        base, reward, through = self.tilted.base, self.tilted.reward, self.transition
        assert isinstance(base, GaussianPolicy)
        assert isinstance(reward, QuadraticReward)
        after = through.draw(key_next, state.position.action)
        own, seen = base.whitener.T @ base.whitener, through.noise.whitener @ through.matrix
        surprise = through.noise.whitener @ (after - through.noise.mean)
        precision = own + self.beta * reward.curvature + seen.T @ seen
        push = own @ base.mean + self.beta * reward.curvature @ reward.peak + seen.T @ surprise
        factor = jnp.linalg.cholesky(precision)
        noise = jax.random.normal(key_action, push.shape, push.dtype)
        solve = jax.scipy.linalg.solve_triangular
        action = solve(factor.T, solve(factor, push, lower=True) + noise)
        return GibbsPairState(ActionAndNext(action, after)), None

    def over_chains(self) -> Chains:
        """Many chains; ``beta`` may hold one number each."""
        return chains_with_betas(self)


class GibbsPairState(NamedTuple):
    """An action and the next state that it was drawn from."""

    position: ActionAndNext


def joint_gibbs(tilted: Tilted, transition: LinearGaussian, beta: Any) -> JointGibbs:
    """Exact draws of the next state and of the action in turn.

    For one action and one next state, successive actions correlate by ``(alpha²/sigma'²) / (tau + alpha²/sigma'²)``.

    Args:
        tilted: a Gaussian policy with a quadratic reward.
        transition: law of the next state.
        beta: inverse temperature, may be traced; one a chain for :func:`over_chains`.

    Returns:
        A kernel on :class:`ActionAndNext`.

    Raises:
        TypeError: for another policy or reward, which has no normal conditional.
        ValueError: if ``beta`` is not finite, or dimensions do not fit.
    """
    tilted_policy("tilted", tilted)
    if not isinstance(tilted.base, GaussianPolicy) or not isinstance(tilted.reward, QuadraticReward):
        pair = f"{type(tilted.base).__name__} with {type(tilted.reward).__name__}"
        raise TypeError(f"tilted = {pair}: Gibbs needs a GaussianPolicy with a QuadraticReward")
    check_transition(tilted, transition)
    return JointGibbs(checked_number("beta", beta, per_chain=True), tilted, transition)


class WhitenedState(NamedTuple):
    """Both, and what the next step needs.

    Attributes:
        position: action and next state.
        whitened: ``u = L⁻¹ (s' - mean(a))``, shape ``(m,)``.
        log_density: of the action, unnormalised.
        score: its gradient.
    """

    position: ActionAndNext
    whitened: Float[Array, " m"]
    log_density: Float[Array, ""]
    score: Float[Array, " d"]


class WhitenedMala(eqx.Module):
    """Made by :func:`whitened_mala`.

    Attributes:
        beta: inverse temperature, shape ``()``; or ``(chains,)`` for :meth:`over_chains`.
        tilted: law of the action.
        transition: law of the next state.
        step_action: above 0, a scalar.
        step_next: above 0, a scalar.
    """

    beta: Float[Array, "..."]
    tilted: Tilted
    transition: LinearGaussian
    step_action: Float[Array, ""]
    step_next: Float[Array, ""]
    remembers_beta: ClassVar[bool] = True

    def init(self, position: ActionAndNext, key: Key[Array, ""] | None = None) -> WhitenedState:
        """Start from an action ``(d,)`` and a next state ``(m,)``.

        Raises:
            ValueError: if one is of other dimensions than the transition has.
        """
        del key
        check_both(position, self.transition)
        away = position.next_state - self.transition.mean(position.action)
        return self._at(position.action, self.transition.noise.whitener @ away)

    def step(self, key: Key[Array, ""], state: WhitenedState) -> tuple[WhitenedState, AcceptanceInfo]:
        """One proposal for action ``(d,)`` and next state ``(m,)``, accepted together."""
        key_action, key_next, key_accept = jax.random.split(key, 3)
        action, u = state.position.action, state.whitened
        z_action = jax.random.normal(key_action, action.shape, action.dtype)
        z_next = jax.random.normal(key_next, u.shape, u.dtype)
        after = self._at(
            action + self.step_action * state.score + jnp.sqrt(2 * self.step_action) * z_action,
            (1 - self.step_next) * u + jnp.sqrt(2 * self.step_next) * z_next,
        )
        back_action = -z_action - jnp.sqrt(self.step_action / 2) * (state.score + after.score)
        back_next = -z_next + jnp.sqrt(self.step_next / 2) * (u + after.whitened)
        log_ratio = after.log_density - state.log_density + 0.5 * (u @ u - after.whitened @ after.whitened)
        log_ratio += 0.5 * (z_action @ z_action - back_action @ back_action)
        log_ratio += 0.5 * (z_next @ z_next - back_next @ back_next)
        return accept(key_accept, log_ratio, after, state)

    def over_chains(self) -> Chains:
        """Many chains; ``beta`` may hold one number each."""
        return chains_with_betas(self)

    def _at(self, action: Array, u: Array) -> WhitenedState:
        density, score = jax.value_and_grad(self.tilted.log_density)(action, self.beta)
        after = self.transition.mean(action) + self.transition.noise.factor @ u
        return WhitenedState(ActionAndNext(action, after), u, density, score)


def whitened_mala(
    tilted: Tilted, transition: LinearGaussian, beta: Any, step_action: Any, step_next: Any
) -> WhitenedMala:
    """MALA on the action and the next state together, the latter as ``u = L⁻¹ (s' - mean(a))``.

    In these coordinates the two are independent, ``u`` is standard normal, and the Jacobian is constant.

    Args:
        tilted: continuous, differentiable.
        transition: law of the next state.
        beta: inverse temperature, may be traced; one a chain for :func:`over_chains`.
        step_action: step of the action, above 0.
        step_next: step of ``u``, above 0; 1 forgets the last one.

    Returns:
        A kernel on :class:`ActionAndNext`.

    Raises:
        ValueError: naming the argument out of range, or dimensions that do not fit.

    References:
        Besag, J. R. Statist. Soc. B 56 (1994), for MALA.
    """
    check_transition(tilted, transition)
    steps = (
        checked_number("step_action", step_action, is_positive=True),
        checked_number("step_next", step_next, is_positive=True),
    )
    return WhitenedMala(checked_number("beta", beta, per_chain=True), tilted, transition, *steps)


def check_transition(tilted: Tilted, transition: LinearGaussian) -> None:
    """Refuse a tilted policy whose actions have other dimensions than the transition takes.

    Raises:
        ValueError: naming the matrix and the shape that it must have.
    """
    action = continuous_action(tilted_policy("tilted", tilted))
    m, d = next_states("transition", transition).matrix.shape
    if action is not None and action.shape != (d,):
        allowed = f"must be ({m}, {action.shape[0]}), since the policy's actions have shape {action.shape}"
        raise refusal("transition.matrix.shape", (m, d), allowed)


def check_both(position: ActionAndNext, transition: LinearGaussian) -> None:
    """Refuse an action or a next state of other dimensions than the transition has.

    Raises:
        ValueError: naming its shape, and what it must be.
    """
    m, d = transition.matrix.shape
    check_shape("position.action", position.action, (d,), "as the transition's matrix has columns")
    check_shape("position.next_state", position.next_state, (m,), "as the transition's matrix has rows")
