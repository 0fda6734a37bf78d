r"""An online Gaussian posterior over the parameters of an Ising model, from partial observations.

Each step shows some spins. With gradient :math:`g` and curvature :math:`h` of its log-likelihood at the present
mean :math:`\theta`, parameter by parameter,

.. math::
    \xi \leftarrow \xi + g + h\,\theta, \qquad H \leftarrow H + h, \qquad
    \theta = \frac{\xi}{H + 1/\tau^2},

a diagonal extended Kalman filter in information form: early steps are large, later ones small, and
:math:`1/(H + 1/\tau^2)` is the variance left. The prior variance :math:`\tau^2`, one for all biases and one for all
couplings, follows the data by one step of expectation–maximisation an observation,
:math:`\tau^2 = \overline{\theta^2 + \mathrm{var}}`: strong couplings are learned fast, weak ones are shrunk, and
nothing is tuned.

Two likelihoods: of the observed spins under the whole model, by enumeration (:func:`observe_exact`), or the
pseudo-likelihood of the observed spins among themselves (:func:`observe_local`), which needs no inference at all
and grows with what was seen, not with the model.

References:
    Ollivier, Online natural gradient as a Kalman filter, Electronic Journal of Statistics 12 (2018); Besag,
    Statistical analysis of non-lattice data, The Statistician 24 (1975); MacKay, The evidence framework applied
    to classification networks, Neural Computation 4 (1992).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.energy.dense import Ising
from isotherm.exact.exact import exact
from isotherm.learn.online.moments import zero_model
from isotherm.sample.clamp import Clamp, dense_clamp

PRIOR_VARIANCE = 0.05
"""Variance of every parameter before anything is seen: log odds of order one half."""


class IsingPosterior(NamedTuple):
    """Independent Gaussians over biases and couplings at ``beta = 1``.

    Attributes:
        information: ``ξ``, precision-weighted means less the prior's, as a model of ``n`` spins.
        curvature: ``H``, precisions less the prior's, at least 0, as a model.
        bias_variance: ``τ²`` of the biases, a scalar above 0.
        coupling_variance: ``τ²`` of the couplings, a scalar above 0.
    """

    information: Ising
    curvature: Ising
    bias_variance: Float[Array, ""]
    coupling_variance: Float[Array, ""]

    @classmethod
    def prior(cls, n: int) -> "IsingPosterior":
        """Nothing seen yet of ``n`` spins, at least 1.

        Raises:
            TypeError: if ``n`` is no whole number.
            ValueError: if it is below 1, or the posterior would not fit into memory.
        """
        doors.whole("n", n, 1)
        doors.affordable("n", n, 16.0 * n**2, "a posterior holds every pair")
        variance = jnp.asarray(PRIOR_VARIANCE, jnp.float32)
        return cls(zero_model(n), zero_model(n), variance, variance)

    @property
    def variance(self) -> Ising:
        """Variance left of every parameter, as a model; the diagonal of the couplings means nothing."""
        return Ising(
            biases=1 / (self.curvature.biases + 1 / self.bias_variance),
            couplings=1 / (self.curvature.couplings + 1 / self.coupling_variance),
        )

    @property
    def mean(self) -> Ising:
        """The model at the posterior mean."""
        return jax.tree.map(jnp.multiply, self.information, self.variance)

    def keep(self, share: Float[Array, ""]) -> "IsingPosterior":
        """The posterior with a share of its information: the means nearly stay, the doubt grows.

        Args:
            share: a scalar in [0, 1].
        """
        information, curvature = jax.tree.map(lambda x: share * x, (self.information, self.curvature))
        return self._replace(information=information, curvature=curvature)


def observe_exact(posterior: IsingPosterior, seen: Clamp) -> IsingPosterior:
    """Learn from the observed spins by their likelihood under the whole model; enumerates ``2^n`` states."""
    mean = posterior.mean
    free = exact(mean, 1.0)
    held = free.condition(seen)
    gradient = Ising(held.spins - free.spins, _off_diagonal(held.pairs - free.pairs))
    return _step(posterior, mean, gradient, jax.tree.map(jnp.square, gradient))


def observe_local(posterior: IsingPosterior, seen: Clamp) -> IsingPosterior:
    """Learn from the observed spins by their pseudo-likelihood among themselves, whatever the size.

    Unseen spins are absorbed into effective couplings. A pair counts half in each of its two conditionals, so
    that it counts once.
    """
    mean = posterior.mean
    s, is_seen = _signed(seen), jnp.asarray(seen.mask).astype(jnp.float32)
    expected = jnp.tanh(mean.biases + mean.couplings @ s)
    residual, spread = (s - expected) * is_seen, (1 - expected**2) * is_seen
    gradient = jnp.outer(residual, s)
    curvature = jnp.outer(spread, is_seen)
    return _step(
        posterior,
        mean,
        Ising(residual, _off_diagonal(gradient + gradient.T) / 2),
        Ising(spread, _off_diagonal(curvature + curvature.T) / 2),
    )


def log_odds_exact(posterior: IsingPosterior, context: Clamp) -> Float[Array, " n"]:
    """Log odds of ``+1`` given the context at the posterior mean, by enumeration; finite, shape ``(n,)``."""
    p = jnp.clip(exact(posterior.mean, 1.0, context).marginals, 1e-6, 1 - 1e-6)
    return jnp.log(p) - jnp.log1p(-p)


def log_odds_local(posterior: IsingPosterior, context: Clamp) -> Float[Array, " n"]:
    """Log odds of ``+1`` given the context, other spins absorbed into effective couplings; shape ``(n,)``."""
    mean = posterior.mean
    return 2 * (mean.biases + mean.couplings @ _signed(context))


def log_odds_variance(posterior: IsingPosterior, context: Clamp) -> Float[Array, " n"]:
    """Variance of the log odds given the context that the parameters in it leave, to first order; shape ``(n,)``."""
    variance = posterior.variance
    return 4 * (variance.biases + variance.couplings @ context.mask.astype(jnp.float32))


def moderated(log_odds: Float[Array, " n"], variance: Float[Array, " n"]) -> Float[Array, " n"]:
    """Predictive probability: the logistic function averaged over a Gaussian of log odds (MacKay 1992, eq. 13).

    Args:
        log_odds: means, shape ``(n,)``.
        variance: of each, at least 0, shape ``(n,)``.

    Returns:
        In (0, 1), shape ``(n,)``.
    """
    return jax.nn.sigmoid(log_odds / jnp.sqrt(1 + jnp.pi / 8 * variance))


def _step(posterior: IsingPosterior, mean: Ising, gradient: Ising, curvature: Ising) -> IsingPosterior:
    n = mean.num_spins
    information = jax.tree.map(
        lambda xi, g, h, theta: xi + g + h * theta, posterior.information, gradient, curvature, mean
    )
    second = jax.tree.map(lambda theta, variance: theta**2 + variance, mean, posterior.variance)
    return IsingPosterior(
        information=information,
        curvature=jax.tree.map(jnp.add, posterior.curvature, curvature),
        bias_variance=jnp.mean(second.biases),
        coupling_variance=jnp.sum(_off_diagonal(second.couplings)) / max(1, n * (n - 1)),
    )


def _signed(clamp: Clamp) -> Float[Array, " n"]:
    clamp = dense_clamp(clamp.mask.shape[-1], clamp)
    return jnp.where(clamp.mask, clamp.values, 0).astype(jnp.float32)


def _off_diagonal(matrix: Float[Array, "n n"]) -> Float[Array, "n n"]:
    return matrix * (1 - jnp.eye(matrix.shape[0], dtype=matrix.dtype))
