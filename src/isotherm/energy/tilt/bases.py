"""Policies to tilt: laws with a density that can be drawn from."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int32, Key

from isotherm.doors import function, random_key
from isotherm.energy.inputs import finite, holds_traced
from isotherm.energy.tilt.inputs import check_scalar, check_shape, drawn_shape
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed


class AbstractPolicy(eqx.Module):
    """A law ``q`` of actions."""

    @abc.abstractmethod
    def log_density(self, x: Array) -> Float[Array, ""]:
        """``log q`` of one action, shape ``(d,)`` or ``()``: a scalar in nats."""

    @abc.abstractmethod
    def draw(self, key: KeyOrSeed) -> Array:
        """One action by one key, shape ``(d,)`` or ``()``."""

    def action(self) -> jax.ShapeDtypeStruct | None:
        """Shape and dtype of one action, as drawn; ``None`` where :meth:`draw` raises ``NotImplementedError``.

        Nothing is drawn.

        Raises:
            ValueError: if a draw is no array of shape ``(d,)`` or ``()``.
        """
        return drawn_shape(self.draw)


class GaussianPolicy(AbstractPolicy):
    """A normal law in ``d`` dimensions.

    Args:
        mean: shape ``(d,)``.
        covariance: shape ``(d, d)``, symmetric and positive definite.

    Raises:
        ValueError: naming what has a wrong shape, is not finite, or not positive definite.

    >>> policy = GaussianPolicy(mean=[0.0, 1.0], covariance=[[2.0, 0.5], [0.5, 1.0]])
    >>> policy.action().shape
    (2,)
    """

    mean: Float[Array, " d"]
    factor: Float[Array, "d d"]
    whitener: Float[Array, "d d"]

    def __init__(self, mean: Any, covariance: Any) -> None:
        self.mean, covariance = finite("mean", mean), finite("covariance", covariance)
        d = self.mean.shape[0] if self.mean.ndim else 0
        if self.mean.ndim != 1 or not d or covariance.shape != (d, d):
            allowed = f"must be (d, d) with a mean of shape (d,), which is {self.mean.shape}"
            raise refusal("covariance.shape", covariance.shape, allowed)
        _check_positive("covariance", covariance)
        self.factor = jnp.linalg.cholesky(covariance)
        self.whitener = jnp.linalg.inv(self.factor)

    @property
    def covariance(self) -> Float[Array, "d d"]:
        """``factor @ factor.T``, shape ``(d, d)``."""
        return self.factor @ self.factor.T

    def log_density(self, x: Float[Array, " d"]) -> Float[Array, ""]:
        """Normalised, in nats: a scalar of one action of shape ``(d,)``."""
        check_shape("action", x, self.mean.shape, "as the policy's mean")
        return _log_normal(self.whitener, x - self.mean)

    def draw(self, key: KeyOrSeed) -> Float[Array, " d"]:
        """One action, shape ``(d,)``."""
        return self.mean + self.factor @ jax.random.normal(
            random_key("key", key), self.mean.shape, self.mean.dtype
        )


class MixturePolicy(AbstractPolicy):
    """A mixture of ``k`` normal laws in ``d`` dimensions.

    Args:
        weights: shape ``(k,)``, above 0; normalised here.
        means: shape ``(k, d)``.
        covariances: shape ``(k, d, d)``, each symmetric and positive definite.

    Raises:
        ValueError: as for :class:`GaussianPolicy`.
    """

    log_weights: Float[Array, " k"]
    parts: GaussianPolicy

    def __init__(self, weights: Any, means: Any, covariances: Any) -> None:
        weights, means = finite("weights", weights), finite("means", means)
        covariances = finite("covariances", covariances)
        if weights.ndim != 1 or means.ndim != 2 or covariances.shape != (*means.shape, means.shape[1]):
            shapes = (weights.shape, means.shape, covariances.shape)
            raise refusal("weights, means, covariances", shapes, "must be of shapes (k,), (k, d), (k, d, d)")
        if not isinstance(weights, Tracer) and not bool((weights > 0).all()):
            raise refusal("weights", np.asarray(weights).tolist(), "must be above 0")
        _check_positive("covariances", covariances)
        self.log_weights = jnp.log(weights) - jnp.log(weights.sum())
        self.parts = jax.vmap(GaussianPolicy)(means, covariances)

    def log_density(self, x: Float[Array, " d"]) -> Float[Array, ""]:
        """Normalised, in nats: a scalar of one action of shape ``(d,)``."""
        each = jax.vmap(lambda part: part.log_density(x))(self.parts)
        return jax.nn.logsumexp(self.log_weights + each)

    def draw(self, key: KeyOrSeed) -> Float[Array, " d"]:
        """One action, shape ``(d,)``."""
        which, key = jax.random.split(random_key("key", key))
        k = jax.random.categorical(which, self.log_weights)
        return jax.tree.map(lambda leaf: leaf[k], self.parts).draw(key)


class DiscretePolicy(AbstractPolicy):
    """One of ``n`` actions, an int32 number.

    Args:
        logits: shape ``(n,)``; any constant may be added.

    Raises:
        ValueError: if they are no vector, or not finite.
    """

    logits: Float[Array, " n"]

    def __init__(self, logits: Any) -> None:
        self.logits = finite("logits", logits)
        if loses_differences(logits, self.logits):
            host = np.asarray(logits, np.float64)
            self.logits = finite("logits", host - host.max())
        if self.logits.ndim != 1 or not self.logits.size:
            raise refusal("logits.shape", self.logits.shape, "must be (n,), with n at least 1")

    def log_density(self, x: Int32[Array, ""]) -> Float[Array, ""]:
        """Log probability in nats, a scalar, of one action: an int32 scalar within ``0 .. n - 1``."""
        return jax.nn.log_softmax(self.logits)[x]

    def draw(self, key: KeyOrSeed) -> Int32[Array, ""]:
        """One action, an int32 scalar within ``0 .. n - 1``."""
        return jax.random.categorical(random_key("key", key), self.logits).astype(jnp.int32)


class DensityPolicy(AbstractPolicy):
    """Anybody's policy: a differentiable log density, and a way to draw from it.

    Attributes:
        log_density_of: action of shape ``(d,)`` to a number; a constant may be missing, and then log normalisers
            are off by it.
        draw_by: a key to an action. Its shape says how many dimensions there are; what needs no draws of the base
            policy never computes it, and it may raise ``NotImplementedError`` there.

    Raises:
        ValueError: if a draw is no single action, or the log density of one no number.

    >>> import jax
    >>> import jax.numpy as jnp
    >>> laplace = DensityPolicy(lambda x: -jnp.abs(x).sum(), lambda key: jax.random.laplace(key, (2,)))
    >>> laplace.action().shape
    (2,)
    """

    log_density_of: Callable[[Array], Array]
    draw_by: Callable[[Key[Array, ""]], Array]

    def __check_init__(self) -> None:
        function("log_density_of", self.log_density_of, "a function of an action", num_arguments=1)
        function("draw_by", self.draw_by, "a function of a key", num_arguments=1)
        action = self.action()
        if action is not None:
            check_scalar("log_density_of", self.log_density_of, action)

    def action(self) -> jax.ShapeDtypeStruct | None:
        """As :meth:`AbstractPolicy.action`."""
        return drawn_shape(self.draw_by, "draw_by(key)")

    def log_density(self, x: Array) -> Float[Array, ""]:
        """As given: a scalar of one action, shape ``(d,)``."""
        return self.log_density_of(x)

    def draw(self, key: KeyOrSeed) -> Array:
        """As given: one action, shape ``(d,)``."""
        return self.draw_by(random_key("key", key))


class LinearGaussian(eqx.Module):
    """Next states: ``s' ~ N(matrix a + shift, covariance)`` given the action ``a``.

    Args:
        matrix: shape ``(m, d)``.
        shift: shape ``(m,)``.
        covariance: shape ``(m, m)``, symmetric and positive definite.

    Raises:
        ValueError: as for :class:`GaussianPolicy`.
    """

    matrix: Float[Array, "m d"]
    noise: GaussianPolicy

    def __init__(self, matrix: Any, shift: Any, covariance: Any) -> None:
        self.matrix, mean = finite("matrix", matrix), finite("shift", shift)
        if mean.ndim != 1 or not mean.size:
            raise refusal("shift.shape", mean.shape, "must be (m,), one number a next state")
        self.noise = GaussianPolicy(mean, covariance)
        if self.matrix.ndim != 2 or self.matrix.shape[0] != self.noise.mean.shape[0]:
            allowed = f"must be (m, d) with m = {self.noise.mean.shape[0]} next states"
            raise refusal("matrix.shape", self.matrix.shape, allowed)

    def mean(self, action: Float[Array, " d"]) -> Float[Array, " m"]:
        """Of the next state, shape ``(m,)``, given an action of shape ``(d,)``."""
        self._check_action(action)
        return self.matrix @ action + self.noise.mean

    def log_density(self, action: Float[Array, " d"], next_state: Float[Array, " m"]) -> Float[Array, ""]:
        """``log q(s' | a)``, normalised: a scalar, of an action ``(d,)`` and a next state ``(m,)``."""
        self._check_action(action)
        check_shape("next_state", next_state, self.noise.mean.shape, "as the matrix has rows")
        return self.noise.log_density(next_state - self.matrix @ action)

    def draw(self, key: KeyOrSeed, action: Float[Array, " d"]) -> Float[Array, " m"]:
        """One next state, shape ``(m,)``, given an action of shape ``(d,)``."""
        self._check_action(action)
        return self.matrix @ action + self.noise.draw(key)

    def joint(self, policy: GaussianPolicy) -> GaussianPolicy:
        """Law of ``(a, s')``, ``d + m`` numbers, under a Gaussian policy.

        Raises:
            ValueError: if the policy has another number of dimensions.
        """
        check_shape(
            "policy.mean", policy.mean, self.matrix.shape[1:], "as the transition's matrix has columns"
        )
        cross = policy.covariance @ self.matrix.T
        own = self.matrix @ cross + self.noise.covariance
        covariance = jnp.block([[policy.covariance, cross], [cross.T, own]])
        return GaussianPolicy(jnp.concatenate([policy.mean, self.mean(policy.mean)]), covariance)

    def _check_action(self, action: Array) -> None:
        check_shape("action", action, self.matrix.shape[1:], "as the transition's matrix has columns")


def _log_normal(whitener: Float[Array, "d d"], x: Float[Array, " d"]) -> Float[Array, ""]:
    u = whitener @ x
    return -0.5 * (u @ u) + jnp.log(jnp.diagonal(whitener)).sum() - 0.5 * len(x) * jnp.log(2 * jnp.pi)


def loses_differences(given: Any, kept: Array) -> bool:
    """Whether known numbers lie so far from zero that the floats kept of them no longer tell them apart."""
    if holds_traced(given) or isinstance(kept, Tracer) or not kept.size:
        return False
    host = np.asarray(given, np.float64)
    return bool(np.abs(np.asarray(kept, np.float64) - host).max() > max(1e-3, 1e-4 * float(np.ptp(host))))


def _check_positive(name: str, covariances: Array) -> None:
    if isinstance(covariances, Tracer):
        return
    matrices = np.asarray(covariances, np.float64)
    if not np.allclose(matrices, np.swapaxes(matrices, -1, -2)) or np.linalg.eigvalsh(matrices).min() <= 0:
        raise refusal(name, matrices.tolist(), "must be symmetric and positive definite")
