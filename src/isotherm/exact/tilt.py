"""Tilted policies in closed form, and by quadrature in one dimension. Float64, on the host."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from isotherm import doors
from isotherm.energy.kinds import tilted_policy
from isotherm.energy.tilt.bases import DiscretePolicy, GaussianPolicy, MixturePolicy
from isotherm.energy.tilt.tilted import QuadraticReward, TableReward, Tilted
from isotherm.errors import refusal
from isotherm.random.keys import KeyOrSeed, generator


class MixtureLaw(NamedTuple):
    """A tilted Gaussian (one part) or mixture.

    Attributes:
        log_z: ``log E_q exp(beta Q)``.
        weights: shape ``(k,)``, their sum is 1.
        means: shape ``(k, d)``.
        covariances: shape ``(k, d, d)``.
    """

    log_z: float
    weights: Float[np.ndarray, " k"]
    means: Float[np.ndarray, "k d"]
    covariances: Float[np.ndarray, "k d d"]

    @property
    def mean(self) -> Float[np.ndarray, " d"]:
        """Of the whole, shape ``(d,)``."""
        return self.weights @ self.means

    @property
    def covariance(self) -> Float[np.ndarray, "d d"]:
        """Of the whole, shape ``(d, d)``: within parts and between them."""
        away = self.means - self.mean
        within = np.einsum("k,kij->ij", self.weights, self.covariances)
        return within + np.einsum("k,ki,kj->ij", self.weights, away, away)

    def draw(self, key: KeyOrSeed | np.random.Generator, num_draws: int) -> Float[np.ndarray, "draws d"]:
        """Independent draws, float64 ``(num_draws, d)``, from one JAX key, a seed, or a generator of NumPy."""
        rng = generator(key)
        which = rng.choice(len(self.weights), num_draws, p=self.weights)
        noise = rng.standard_normal((num_draws, self.means.shape[1]))
        factors = np.linalg.cholesky(self.covariances)
        return self.means[which] + np.einsum("nij,nj->ni", factors[which], noise)


class DiscreteLaw(NamedTuple):
    """A tilted choice.

    Attributes:
        log_z: ``log E_q exp(beta Q)``.
        probabilities: shape ``(n,)``.
    """

    log_z: float
    probabilities: Float[np.ndarray, " n"]


class GridLaw(NamedTuple):
    """A law on an interval, by quadrature.

    Attributes:
        log_z: ``log E_q exp(beta Q)``, as far as the base policy's density is normalised.
        points: ascending, shape ``(num,)``.
        probabilities: of the cells around the points, shape ``(num,)``, their sum is 1.
    """

    log_z: float
    points: Float[np.ndarray, " num"]
    probabilities: Float[np.ndarray, " num"]

    def expect(self, function: Callable[[np.ndarray], np.ndarray]) -> float:
        """Mean of a function that takes the points, ``(num,)``, and returns as many numbers."""
        return float(self.probabilities @ function(self.points))

    @property
    def mean(self) -> float:
        """Of the law."""
        return self.expect(lambda x: x)

    @property
    def variance(self) -> float:
        """Of the law."""
        mean = self.mean
        return self.expect(lambda x: (x - mean) ** 2)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """Probability of at most ``x``, in [0, 1], of the shape ``(...)`` of ``x``; linear between points."""
        until = np.cumsum(self.probabilities) - 0.5 * self.probabilities
        return np.interp(x, self.points, until, 0.0, 1.0)


def tilted_law(tilted: Tilted, beta: float) -> MixtureLaw | DiscreteLaw:
    """The closed form: normal laws and mixtures under a quadratic reward, or any discrete policy.

    Args:
        tilted: a :class:`GaussianPolicy` or :class:`MixturePolicy` with a :class:`QuadraticReward`, or a
            :class:`DiscretePolicy` with any reward.
        beta: of either sign, as long as a normaliser exists.

    Raises:
        ValueError: if ``beta`` leaves no normaliser, or is not finite.
        TypeError: if there is no closed form; :func:`quadrature` serves one dimension.

    >>> from isotherm.energy import GaussianPolicy
    >>> law = tilted_law(Tilted(GaussianPolicy([0.0], [[1.0]]), QuadraticReward([[1.0]], [2.0])), beta=1.0)
    >>> law.mean.tolist(), law.covariance.tolist()  # half way to the peak
    ([1.0], [[0.5]])
    """
    beta = _checked_beta(beta)
    base, reward = tilted_policy("tilted", tilted).base, tilted.reward
    if isinstance(base, DiscretePolicy):
        return _discrete(tilted, base, beta)
    if not isinstance(reward, QuadraticReward) or not isinstance(base, GaussianPolicy | MixturePolicy):
        pair = f"{type(base).__name__} with {type(reward).__name__}"
        raise TypeError(f"tilted = {pair}: has no closed form; use quadrature in one dimension, or a sampler")
    if isinstance(base, GaussianPolicy):
        log_weights, means, factors = np.zeros(1), _host(base.mean)[None], _host(base.factor)[None]
    else:
        log_weights = _host(base.log_weights)
        means, factors = _host(base.parts.mean), _host(base.parts.factor)
    parts = [_tilted_normal(m, f, reward, beta) for m, f in zip(means, factors, strict=True)]
    logs = log_weights + [log_z for log_z, _, _ in parts]
    weights = np.exp(logs - logsumexp(logs))
    return MixtureLaw(
        float(logsumexp(logs)), weights, np.stack([p[1] for p in parts]), np.stack([p[2] for p in parts])
    )


def quadrature(tilted: Tilted, beta: float, low: float, high: float, num_points: int = 20_001) -> GridLaw:
    """Any one-dimensional tilt on an interval, by the trapezoidal rule.

    Args:
        tilted: actions of shape ``(1,)``, as draws of its base policy tell; evaluated in JAX's float64.
        beta: inverse temperature.
        low: where the interval begins, finite; what lies outside counts for nothing.
        high: where it ends, above ``low``.
        num_points: at least 3.

    Raises:
        ValueError: naming the argument out of range, a policy of another number of dimensions, or a density that is
            no number or infinite at some point.

    >>> from isotherm.energy import GaussianPolicy
    >>> law = quadrature(Tilted(GaussianPolicy([0.0], [[1.0]]), QuadraticReward([[1.0]], [2.0])), 1.0, -9.0, 9.0)
    >>> round(law.mean, 6), round(law.variance, 6)
    (1.0, 0.5)
    """
    beta = _checked_beta(beta)
    _check_one_dimension(tilted_policy("tilted", tilted))
    low, high = float(doors.number("low", low)), float(doors.number("high", high))
    if not low < high or not np.isfinite(high - low):
        raise refusal("low, high", (low, high), "must ascend")
    num_points = doors.whole("num_points", num_points, 3)
    doors.affordable("num_points", num_points, 64.0 * num_points, "take fewer points")
    points = np.linspace(low, high, num_points)
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64) if isinstance(x, jax.Array) else x, tilted)
        logs = np.asarray(jax.vmap(lambda x: wide.log_density(x, beta))(jnp.asarray(points)[:, None]))
    _check_logs(logs, points)
    cells = np.full(num_points, points[1] - points[0])
    cells[[0, -1]] /= 2
    log_z = float(logsumexp(logs, b=cells))
    return GridLaw(log_z, points, np.exp(logs - log_z) * cells)


def _tilted_normal(
    mean: np.ndarray, factor: np.ndarray, reward: QuadraticReward, beta: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log normaliser, mean and covariance of a normal law under ``exp(beta Q)``."""
    curvature, peak = _host(reward.curvature), _host(reward.peak)
    inner = np.eye(len(mean)) + beta * factor.T @ curvature @ factor
    if np.linalg.eigvalsh(inner).min() <= 0:
        raise refusal("beta", beta, "leaves no normaliser: precision + beta x curvature must be positive")
    inverse = np.linalg.inv(inner)
    covariance = factor @ inverse @ factor.T
    push = beta * curvature @ (peak - mean)
    height = -0.5 * (mean - peak) @ curvature @ (mean - peak) + float(reward.constant)
    log_z = beta * height - 0.5 * np.linalg.slogdet(inner)[1] + 0.5 * push @ covariance @ push
    return float(log_z), mean + covariance @ push, covariance


def _discrete(tilted: Tilted, base: DiscretePolicy, beta: float) -> DiscreteLaw:
    reward = tilted.reward
    actions = jnp.arange(len(base.logits), dtype=jnp.int32)
    values = _host(reward.values if isinstance(reward, TableReward) else jax.vmap(reward)(actions))
    if values.shape != base.logits.shape:
        raise refusal("reward.shape", values.shape, f"must be {base.logits.shape}, a number for each action")
    logits = _host(base.logits)
    logs = logits - logsumexp(logits) + beta * values
    log_z = float(logsumexp(logs))
    return DiscreteLaw(log_z, np.exp(logs - log_z))


def _checked_beta(beta: float) -> float:
    if isinstance(beta, np.ndarray | jax.Array) and beta.shape != ():
        raise refusal("beta.shape", np.shape(beta), "must be (), one number")
    return float(doors.number("beta", beta))


def _check_one_dimension(tilted: Tilted) -> None:
    action = tilted.base.action()
    if action is None:
        allowed = "must say that it has one dimension: give a draw of shape (1,)"
        raise refusal("tilted.base", f"a {type(tilted.base).__name__} that cannot be drawn from", allowed)
    if action.shape != (1,):
        other = "use tilted_law" if action.shape == () else "for more dimensions use a sampler, such as mala"
        raise refusal("tilted.base.draw(key).shape", action.shape, f"must be (1,): one dimension; {other}")


def _check_logs(logs: np.ndarray, points: np.ndarray) -> None:
    wrong = np.flatnonzero(np.isnan(logs) | (logs == np.inf))
    if len(wrong):
        where = f"log density at {points[wrong[0]]:g}"
        raise refusal(
            where, float(logs[wrong[0]]), "must be finite, or -inf; choose low and high where it is"
        )
    if (logs == -np.inf).all():
        raise refusal("low, high", (points[0], points[-1]), "hold no probability: every log density is -inf")


def _host(values: object) -> np.ndarray:
    return np.asarray(values, np.float64)
