r"""An online Gaussian posterior over a law in which exactly one of ``n`` venues wins.

The law is the Boltzmann law on the ``n`` states with one winner, :math:`p_i \propto e^{\theta_i}`: an Ising model
in the limit of infinitely repelling couplings. An observation says which venues may have won, a set :math:`S`.
With :math:`q` the law conditioned on it, the gradient of :math:`\log \sum_{i \in S} p_i` is :math:`q - p`, and the
information it carries about :math:`\theta_i` is the complete less the missing,
:math:`h_i = \max(0, p_i (1 - p_i) - q_i (1 - q_i))`: a winner seen teaches much, a venue merely not ruled out
teaches nothing. Steps are those of :mod:`isotherm.learn.online.posterior`.

References:
    Louis, Finding the observed information matrix when using the EM algorithm, JRSS B 44 (1982).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from isotherm import doors

PRIOR_VARIANCE = 2.0
"""Variance of every log weight before anything is seen: nine to one is nothing unusual."""


class ExclusivePosterior(NamedTuple):
    """Independent Gaussians over the log weights of the winners.

    Attributes:
        information: precision-weighted means, shape ``(n,)``.
        curvature: precisions less the prior's, at least 0, shape ``(n,)``.
    """

    information: Float[Array, " n"]
    curvature: Float[Array, " n"]

    @classmethod
    def prior(cls, n: int) -> "ExclusivePosterior":
        """Nothing seen yet: all ``n`` venues alike, at least 1.

        Raises:
            TypeError: if ``n`` is no whole number.
            ValueError: if it is below 1, or the posterior would not fit into memory.
        """
        doors.whole("n", n, 1)
        doors.affordable("n", n, 16.0 * n, "have fewer venues")
        zeros = jnp.zeros(n, jnp.float32)
        return cls(zeros, zeros)

    @property
    def variance(self) -> Float[Array, " n"]:
        """Variance left of every log weight, shape ``(n,)``, above 0 and at most the prior's."""
        return 1 / (self.curvature + 1 / PRIOR_VARIANCE)

    @property
    def mean(self) -> Float[Array, " n"]:
        """Posterior mean of the log weights, in nats, shape ``(n,)``."""
        return self.information * self.variance

    @property
    def win_probability(self) -> Float[Array, " n"]:
        """``P(venue wins)`` at the posterior mean, shape ``(n,)``; sums to 1."""
        return jax.nn.softmax(self.mean)

    def draw(self, key: Key[Array, ""], width: float) -> Float[Array, " n"]:
        """Log weights drawn from the posterior with its standard deviations times ``width``, shape ``(n,)``."""
        noise = jax.random.normal(key, self.information.shape, jnp.float32)
        return self.mean + width * jnp.sqrt(self.variance) * noise

    def observe(self, possible: Bool[Array, " n"]) -> "ExclusivePosterior":
        """Learn which venues may have won; an empty set contradicts the law and teaches nothing.

        Args:
            possible: bool, shape ``(n,)``.
        """
        theta, p = self.mean, self.win_probability
        q = jnp.where(possible, p, 0.0) / jnp.maximum(self.predictive(possible), 1e-9)
        gradient = jnp.where(possible.any(), q - p, 0.0)
        curvature = jnp.where(possible.any(), jnp.maximum(0.0, p * (1 - p) - q * (1 - q)), 0.0)
        return ExclusivePosterior(self.information + gradient + curvature * theta, self.curvature + curvature)

    def predictive(self, possible: Bool[Array, " n"]) -> Float[Array, ""]:
        """Probability that one of these venues, bool ``(n,)``, wins: a scalar in [0, 1]."""
        return jnp.sum(jnp.where(possible, self.win_probability, 0.0))
