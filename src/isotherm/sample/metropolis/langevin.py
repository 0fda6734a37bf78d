"""Langevin samplers of tilted policies: unadjusted, and Metropolis-adjusted (MALA).

Preconditioning by a matrix ``M = L Lᵀ`` moves ``x`` by ``step M ∇log pi + sqrt(2 step) L z``.
"""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Key

from isotherm.energy.inputs import finite
from isotherm.energy.kinds import tilted_policy
from isotherm.energy.tilt.inputs import check_scalar, check_shape, checked_number
from isotherm.energy.tilt.tilted import Tilted
from isotherm.errors import refusal
from isotherm.sample.betas import chains_with_betas
from isotherm.sample.kernel import Chains
from isotherm.sample.metropolis.acceptance import AcceptanceInfo, accept


class LangevinState(NamedTuple):
    """A position, and what the next step needs of it.

    Attributes:
        position: shape ``(d,)``.
        log_density: unnormalised, of the tilted law.
        score: its gradient, shape ``(d,)``.
    """

    position: Float[Array, " d"]
    log_density: Float[Array, ""]
    score: Float[Array, " d"]


class Langevin(eqx.Module):
    """Made by :func:`ula` and :func:`mala`.

    Attributes:
        beta: inverse temperature; one a chain for :meth:`over_chains`.
        tilted: the law.
        step_size: above 0.
        factor: ``L`` of the preconditioner, shape ``(d, d)``; or one number a coordinate ``(d,)``, or one ``()``.
        is_adjusted: whether proposals may be rejected (static).
    """

    beta: Float[Array, "..."]
    tilted: Tilted
    step_size: Float[Array, ""]
    factor: Float[Array, "..."]
    is_adjusted: bool = eqx.field(static=True)
    remembers_beta: ClassVar[bool] = True

    def init(self, position: Float[Array, " d"], key: Key[Array, ""] | None = None) -> LangevinState:
        """Start from a position, shape ``(d,)``.

        Raises:
            ValueError: if it has another shape than the policy's actions.
        """
        del key
        check_position(self.tilted, position)
        density, score = jax.value_and_grad(self.tilted.log_density)(position, self.beta)
        return LangevinState(position, density, score)

    def step(self, key: Key[Array, ""], state: LangevinState) -> tuple[LangevinState, AcceptanceInfo]:
        """One move of a position ``(d,)``, by one key, a scalar."""
        key_noise, key_accept = jax.random.split(key)
        noise = jax.random.normal(key_noise, state.position.shape, state.position.dtype)
        ahead = self.step_size * self._times(self._times(state.score, transposed=True))
        after = self.init(state.position + ahead + jnp.sqrt(2 * self.step_size) * self._times(noise))
        if not self.is_adjusted:
            return after, AcceptanceInfo(jnp.ones_like(self.step_size), jnp.array(True))
        # the noise that would lead back: L⁻¹ of the way back, less its drift
        back = -noise - jnp.sqrt(self.step_size / 2) * self._times(state.score + after.score, transposed=True)
        log_ratio = after.log_density - state.log_density + 0.5 * (noise @ noise - back @ back)
        return accept(key_accept, log_ratio, after, state)

    def over_chains(self) -> Chains:
        """Many chains; ``beta`` may hold one number each."""
        return chains_with_betas(self)

    def _times(self, x: Float[Array, " d"], transposed: bool = False) -> Float[Array, " d"]:
        if self.factor.ndim < 2:
            return self.factor * x
        return (self.factor.T if transposed else self.factor) @ x


def ula(tilted: Tilted, beta: Any, step_size: Any, preconditioner: Any = None) -> Langevin:
    """Unadjusted Langevin: every move is taken, and the law sampled is off by the size of the step.

    For a Gaussian target of precision ``tau`` the mean is right and the variance ``1 / (tau (1 - step tau / 2))``;
    from ``step tau = 2`` on it grows without bound.

    Args:
        tilted: continuous, differentiable.
        beta: inverse temperature, may be traced; one a chain for :func:`over_chains`.
        step_size: above 0, may be traced.
        preconditioner: symmetric and positive definite ``(d, d)``, or variances ``(d,)``; none by default.

    Returns:
        A kernel on actions of shape ``(d,)``.

    Raises:
        ValueError: naming the argument out of range.

    References:
        Roberts and Tweedie, Bernoulli 2 (1996).
    """
    return _langevin(tilted, beta, step_size, preconditioner, False)


def mala(tilted: Tilted, beta: Any, step_size: Any, preconditioner: Any = None) -> Langevin:
    """Metropolis-adjusted Langevin: moves of :func:`ula`, accepted so that the law is exact at any step.

    Args:
        tilted: as for :func:`ula`, as all arguments.
        beta: inverse temperature.
        step_size: best where some 57 % of moves are accepted; about ``1.65² d^(-1/3) / 2`` of a variance.
        preconditioner: by default none.

    Raises:
        ValueError: naming the argument out of range.

    References:
        Besag, J. R. Statist. Soc. B 56 (1994); Roberts and Rosenthal, J. R. Statist. Soc. B 60 (1998).

    >>> from isotherm.energy import GaussianPolicy, QuadraticReward
    >>> law = Tilted(GaussianPolicy([0.0], [[1.0]]), QuadraticReward([[1.0]], [2.0]))
    >>> state = mala(law, beta=1.0, step_size=0.5).init(jnp.zeros(1))
    >>> state.score.tolist()  # towards the peak
    [2.0]
    """
    return _langevin(tilted, beta, step_size, preconditioner, True)


def _langevin(tilted: Tilted, beta: Any, step_size: Any, preconditioner: Any, adjusted: bool) -> Langevin:
    action = continuous_action(tilted_policy("tilted", tilted))
    return Langevin(
        beta=checked_number("beta", beta, per_chain=True),
        tilted=tilted,
        step_size=checked_number("step_size", step_size, is_positive=True),
        factor=_factor(preconditioner, action),
        is_adjusted=adjusted,
    )


def continuous_action(tilted: Tilted) -> jax.ShapeDtypeStruct | None:
    """Shape of one of the policy's actions, or ``None`` where it does not say.

    Raises:
        ValueError: if actions are no vectors of floating numbers, which Langevin steps need.
    """
    action = tilted.base.action()
    if action is not None and (action.ndim != 1 or not jnp.issubdtype(action.dtype, jnp.floating)):
        shown = f"{action.dtype} of shape {action.shape}"
        raise refusal("tilted.base.draw(key)", shown, "must be floating numbers of shape (d,)")
    return action


def check_position(tilted: Tilted, position: Any) -> None:
    """Refuse a position that is none of the policy's actions; told from shapes, so that compiled steps pay nothing.

    Raises:
        ValueError: naming its shape or dtype, and what it must be.
    """
    action = tilted.base.action()
    if action is None:
        check_scalar("log_density", tilted.base.log_density, jax.eval_shape(jnp.asarray, position))
        check_scalar("reward", tilted.reward, jax.eval_shape(jnp.asarray, position))
        return
    check_shape("position", position, action.shape, "as the base policy's actions")
    if jnp.issubdtype(jnp.result_type(position), jnp.floating) != jnp.issubdtype(action.dtype, jnp.floating):
        raise refusal("position.dtype", str(jnp.result_type(position)), f"must be {action.dtype}")


def _factor(preconditioner: Any, action: jax.ShapeDtypeStruct | None) -> Array:
    if preconditioner is None:
        return jnp.ones((), jnp.result_type(float))
    matrix = finite("preconditioner", preconditioner)
    shapes = [(), (d := action.shape[0],), (d, d)] if action is not None else []
    if matrix.ndim > 2 or (shapes and matrix.shape not in shapes):
        allowed = " or ".join(map(str, reversed(shapes))) or "(d, d), (d,) or ()"
        raise refusal("preconditioner.shape", matrix.shape, f"must be {allowed}")
    if matrix.ndim == 2 and not isinstance(matrix, Tracer) and not np.allclose(matrix, np.asarray(matrix).T):
        raise refusal("preconditioner", np.asarray(matrix).tolist(), "must be symmetric")
    factor = jnp.linalg.cholesky(matrix) if matrix.ndim == 2 else jnp.sqrt(matrix)
    if not isinstance(factor, Tracer) and not bool(jnp.isfinite(factor).all()):
        raise refusal("preconditioner", np.asarray(matrix).tolist(), "must be positive definite")
    return factor
