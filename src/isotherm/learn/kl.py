r"""The gradient of KL(data‖model): clamped against free moments.

With :math:`p(s) \propto e^{-\beta E(s)}` and features :math:`\phi = (s_i, s_i s_j)`, the log-likelihood of
what was observed has the gradient :math:`\beta(\langle\phi\rangle_{clamped} - \langle\phi\rangle_{free})`,
and KL its opposite.

References:
    Ackley, Hinton and Sejnowski, A learning algorithm for Boltzmann machines, Cognitive Science 9 (1985).
"""

from typing import NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int8

from isotherm.energy.dense import Ising
from isotherm.errors import refusal
from isotherm.sample.clamp import Clamp
from isotherm.sample.exact import exact
from isotherm.sample.gibbs import Moments


@runtime_checkable
class HasMoments(Protocol):
    """First and second moments of spins, exact (:class:`isotherm.sample.exact.Exact`) or sampled."""

    @property
    def spins(self) -> Float[Array, " n"]:
        r""":math:`\langle s_i \rangle`."""
        ...

    @property
    def pairs(self) -> Float[Array, "n n"]:
        r""":math:`\langle s_i s_j \rangle`."""
        ...


class Estimate(NamedTuple):
    """A quantity shaped like the model, and the standard error of each entry."""

    value: Ising
    error: Ising


def log_likelihood(
    model: Ising, observed: Clamp, beta: Float[Array, ""] | float = 1.0
) -> Float[Array, " observations"]:
    """Exact log-probability of each observation, complete or partial.

    Args:
        model: at most 20 spins.
        observed: one observation a row: mask and values of shape ``(observations, n)``; unheld spins were
            not seen, and are missing at random.
        beta: inverse temperature.

    Returns:
        Nats, at most 0 up to rounding.
    """
    free = exact(model, beta)
    return jax.vmap(free.condition)(observed).log_z - free.log_z


def clamped_moments(model: Ising, observed: Clamp, beta: Float[Array, ""] | float = 1.0) -> Moments:
    """Moments given each observation, averaged over the observations; arguments as :func:`log_likelihood`."""
    clamped = jax.vmap(exact(model, beta).condition)(observed)
    return Moments(clamped.spins.mean(axis=0), clamped.pairs.mean(axis=0))


def kl_gradient(clamped: HasMoments, free: HasMoments, beta: Float[Array, ""] | float = 1.0) -> Ising:
    """Gradient of KL(data‖model) by biases and couplings; step against it to learn.

    Args:
        clamped: moments of the data, the unseen spins completed by the model.
        free: moments of the model.
        beta: inverse temperature at which both were taken.

    Returns:
        Shaped like the model. ``couplings[i, j]`` is the derivative by the coupling of the pair, so that
        ``jax.grad``, which moves ``(i, j)`` and ``(j, i)`` apart, finds half of it at each; zero diagonal.
    """
    off_diagonal = 1 - jnp.eye(free.spins.shape[0], dtype=free.pairs.dtype)
    return Ising(
        biases=-beta * (clamped.spins - free.spins),
        couplings=-beta * (clamped.pairs - free.pairs) * off_diagonal,
    )


def sampled_kl_gradient(
    clamped: Int8[Array, "clamped_chains clamped_samples n"],
    free: Int8[Array, "free_chains free_samples n"],
    beta: Float[Array, ""] | float = 1.0,
) -> Estimate:
    """:func:`kl_gradient` from draws, with standard errors from the spread between independent chains.

    Args:
        clamped: draws of the clamped law, chains leading, at least two; complete data are chains of one
            sample.
        free: draws of the model, likewise.
        beta: inverse temperature.

    Raises:
        ValueError: if there are fewer than two chains.
    """
    (clamped_mean, clamped_error), (free_mean, free_error) = map(_between_chains, (clamped, free))
    gradient = kl_gradient(clamped_mean, free_mean, beta)
    error = jax.tree.map(lambda c, f: jnp.abs(beta) * jnp.hypot(c, f), clamped_error, free_error)
    return Estimate(gradient, Ising(biases=error.spins, couplings=error.pairs))


def _between_chains(draws: Int8[Array, "chains samples n"]) -> tuple[Moments, Moments]:
    """Mean over chains and its standard error, of both moments."""
    num_chains = draws.shape[0]
    if num_chains < 2:
        raise refusal("draws.shape", draws.shape, "must lead with at least 2 chains to give an error bar")
    s = draws.astype(jnp.float32)
    pairs = jnp.einsum("csi,csj->cij", s, s, precision="highest") / s.shape[1]
    chains = Moments(s.mean(axis=1), pairs)
    mean = jax.tree.map(lambda x: x.mean(axis=0), chains)
    error = jax.tree.map(lambda x: x.std(axis=0, ddof=1) / num_chains**0.5, chains)
    return mean, error
