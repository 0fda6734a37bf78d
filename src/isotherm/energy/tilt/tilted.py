"""A policy tilted towards reward at inference time, ``pi(x) ∝ q(x) exp(beta Q(x))``."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from isotherm.doors import function, instance
from isotherm.energy.base import AbstractEnergy
from isotherm.energy.inputs import finite
from isotherm.energy.tilt.bases import AbstractPolicy, DiscretePolicy, loses_differences
from isotherm.energy.tilt.inputs import check_scalar, check_shape
from isotherm.errors import refusal

Reward = Callable[[Array], Float[Array, ""]]


class QuadraticReward(eqx.Module):
    """``Q(x) = constant - (x - peak)ᵀ curvature (x - peak) / 2``.

    Args:
        curvature: shape ``(d, d)``, symmetric, of any signature.
        peak: shape ``(d,)``.
        constant: a number.

    Raises:
        ValueError: naming what is not finite or has a wrong shape.

    >>> import jax.numpy as jnp
    >>> reward = QuadraticReward(curvature=[[2.0]], peak=[1.0])
    >>> float(reward(jnp.zeros(1)))
    -1.0
    """

    curvature: Float[Array, "d d"]
    peak: Float[Array, " d"]
    constant: Float[Array, ""]

    def __init__(self, curvature: Any, peak: Any, constant: Any = 0.0) -> None:
        self.curvature, self.peak = finite("curvature", curvature), finite("peak", peak)
        self.constant = finite("constant", constant)
        if self.constant.ndim:
            raise refusal("constant.shape", self.constant.shape, "must be (), one number")
        if self.peak.ndim != 1 or not self.peak.size or self.curvature.shape != self.peak.shape * 2:
            allowed = f"must be (d, d) with a peak of shape (d,), which is {self.peak.shape}"
            raise refusal("curvature.shape", self.curvature.shape, allowed)

    def __call__(self, x: Float[Array, " d"]) -> Float[Array, ""]:
        """Of one action."""
        check_shape("action", x, self.peak.shape, "as the reward's peak")
        away = x - self.peak
        return self.constant - 0.5 * away @ (self.curvature @ away)


class TableReward(eqx.Module):
    """A number for each discrete action.

    Attributes:
        values: shape ``(n,)``.

    Raises:
        ValueError: if they are no vector, not finite, or too far from zero for floats to tell them apart.
    """

    values: Float[Array, " n"]

    def __init__(self, values: Any) -> None:
        self.values = finite("values", values)
        if self.values.ndim != 1 or not self.values.size:
            raise refusal("values.shape", self.values.shape, "must be (n,), with n at least 1")
        if loses_differences(values, self.values):
            shown = np.asarray(values).tolist()
            raise refusal(
                "values", shown, f"differ by less than {self.values.dtype} tells: take a constant off"
            )

    def __call__(self, x: Array) -> Float[Array, ""]:
        """Of one action."""
        return self.values[x]


class Tilted(AbstractEnergy):
    """The law ``q exp(beta Q) / Z``; beta is given by whoever samples.

    The energy is ``-Q``, and the base policy stands for the uniform measure that other energies have. KL-regularised
    control leads to it: of all laws, it maximises ``beta E[Q] - KL(. || q)``.

    Attributes:
        base: the policy ``q``.
        reward: ``Q``, differentiable in continuous actions: any function, or a module such as
            :class:`QuadraticReward` whose parameters are to be traced.

    Raises:
        ValueError: if the reward of one of the policy's actions is no real number, cannot be computed, or reads
            what an action of that shape does not hold. Told from shapes; nothing is computed.

    References:
        Todorov, Efficient computation of optimal actions, PNAS 106 (2009); Levine, arXiv:1805.00909.

    >>> from isotherm.energy import GaussianPolicy
    >>> import jax.numpy as jnp
    >>> law = Tilted(GaussianPolicy([0.0], [[1.0]]), QuadraticReward([[1.0]], [2.0]))
    >>> float(law.energy(jnp.zeros(1))), law.score(jnp.zeros(1), beta=0.5).tolist()
    (2.0, [1.0])
    """

    base: AbstractPolicy
    reward: Reward

    def __check_init__(self) -> None:
        base = instance(
            "base", self.base, AbstractPolicy, "a policy, such as GaussianPolicy(mean, covariance)"
        )
        function("reward", self.reward, "a function of an action", num_arguments=1)
        action = base.action()
        num_actions = len(base.logits) if isinstance(base, DiscretePolicy) else None
        if isinstance(self.reward, TableReward):
            if num_actions is None:
                found = f"TableReward with {type(base).__name__}"
                raise refusal("reward", found, "a table is for a DiscretePolicy")
            check_shape("reward.values", self.reward.values, (num_actions,), "a number for each action")
        if action is not None:
            check_scalar("reward", self.reward, action, num_actions)

    def energy(self, x: Array) -> Float[Array, ""]:
        """``-Q(x)``, a scalar, of one action, shape ``(d,)`` or ``()``."""
        return -self.reward(x)

    def log_density(self, x: Array, beta: Float[Array, ""] | float) -> Float[Array, ""]:
        """``log q + beta Q``, without the normaliser: a scalar in nats, of one action, shape ``(d,)`` or ``()``."""
        return self.base.log_density(x) + beta * self.reward(x)

    def score(self, x: Float[Array, " d"], beta: Float[Array, ""] | float) -> Float[Array, " d"]:
        """Gradient of :meth:`log_density` at an action of shape ``(d,)``, in the same shape."""
        return jax.grad(self.log_density)(x, beta)
