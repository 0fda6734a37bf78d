"""The two variants of the tilt study: correlated actions, and a mixture, with next states and a quadratic reward."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from isotherm.energy.tilt.bases import GaussianPolicy, LinearGaussian, MixturePolicy
from isotherm.energy.tilt.noise import averaged_reward
from isotherm.energy.tilt.tilted import QuadraticReward, Tilted
from isotherm.exact.tilt import MixtureLaw, tilted_law
from isotherm.studies.tilt.config import TiltConfig


class PolicyProblem(NamedTuple):
    """What is sampled, and its answer.

    Attributes:
        policy: the base policy as a mixture (of one part where it is normal).
        transition: law of the next state given the action.
        reward: of action and next state.
        tilted: the base policy with the reward averaged over the next state.
        beta: inverse temperature.
        law: the tilted policy in closed form.
    """

    policy: MixturePolicy
    transition: LinearGaussian
    reward: QuadraticReward
    tilted: Tilted
    beta: float
    law: MixtureLaw

    @property
    def width(self) -> np.ndarray:
        """Covariance within the parts of the tilted policy, ``(d, d)``: preconditions Langevin steps."""
        return np.tensordot(self.law.weights, self.law.covariances, 1)

    @property
    def importance_share(self) -> float:
        """Share of effective draws that weights of the base policy leave, as the number of draws grows."""
        return float(np.exp(2 * self.law.log_z - tilted_law(self.tilted, 2 * self.beta).log_z))


def problem(config: TiltConfig) -> PolicyProblem:
    """The variant that the config names."""
    shape = config.dimension, config.correlation
    policy, transition, reward, tilted = (
        _multivariate(*shape) if config.policy == "multivariate" else _mixture(config.separation)
    )
    law = tilted_law(tilted, config.lambda_scale)
    assert isinstance(law, MixtureLaw)
    return PolicyProblem(policy, transition, reward, tilted, config.lambda_scale, law)


Parts = tuple[MixturePolicy, LinearGaussian, QuadraticReward, Tilted]


def _compiled(build: Callable[..., Any]) -> Callable[..., Parts]:
    """The parts of a problem, made once by one program instead of some forty small ones."""

    @functools.lru_cache(maxsize=8)
    def parts(*numbers: Any) -> Parts:
        def made() -> Parts:
            base, transition, reward = build(*numbers)
            policy = base if isinstance(base, MixturePolicy) else _one_part(base)
            return policy, transition, reward, Tilted(base, averaged_reward(reward, transition))

        return jax.jit(made)()

    return parts


def _one_part(normal: GaussianPolicy) -> MixturePolicy:
    return MixturePolicy(jnp.ones(1), normal.mean[None], normal.covariance[None])


@_compiled
def _multivariate(d: int, correlation: float) -> tuple[GaussianPolicy, LinearGaussian, QuadraticReward]:
    """Actions correlate with their neighbours; each next state follows two neighbouring actions."""
    m = max(1, d - 1)
    sigma = np.linspace(0.7, 1.3, d)
    covariance = _decaying(correlation, d) * np.outer(sigma, sigma)
    matrix = 0.6 * (np.eye(m, d) + np.eye(m, d, 1))
    transition = LinearGaussian(matrix, np.linspace(-0.2, 0.2, m), 0.25 * _decaying(0.3, m))
    curvature = np.diag(np.repeat([0.2, 0.4], [d, m]))
    curvature[:d, :d] += np.eye(d, k=1) * 0.1 + np.eye(d, k=-1) * 0.1
    return GaussianPolicy(np.zeros(d), covariance), transition, QuadraticReward(curvature, np.ones(d + m))


@_compiled
def _mixture(separation: float) -> tuple[MixturePolicy, LinearGaussian, QuadraticReward]:
    """Three habits of unequal weight and shape; the reward prefers the rarest."""
    angles = np.radians([200.0, 320.0, 80.0])
    means = separation * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    covariances = [[[0.5, 0.2], [0.2, 0.25]], [[0.2, -0.1], [-0.1, 0.35]], [[0.3, 0.0], [0.0, 0.15]]]
    base = MixturePolicy([0.5, 0.3, 0.2], means, covariances)
    transition = LinearGaussian([[0.8, 0.3], [-0.3, 0.8]], [0.1, -0.1], [[0.2, 0.05], [0.05, 0.1]])
    reward = QuadraticReward(np.diag([0.2, 0.2, 0.3, 0.3]), [0.5, 0.6, 0.5, 0.4])
    return base, transition, reward


def _decaying(correlation: float, size: int) -> np.ndarray:
    """Correlations that fall with the distance."""
    return np.power(
        correlation, np.abs(np.subtract.outer(np.arange(size), np.arange(size))), dtype=np.float64
    )
