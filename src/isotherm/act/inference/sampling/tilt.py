"""Policies as a tilted law: the prior, tilted at ``gamma`` by minus the expected free energy; and its normaliser."""

from dataclasses import replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from isotherm.act.inference.sampling.energy import (
    GROUP,
    Outlook,
    log_prior_of,
    outlook_of,
    policy_energy,
    policy_graph,
)
from isotherm.act.inference.search.problem import PlanningProblem
from isotherm.energy.graph import State
from isotherm.energy.hidden.checks import Tensors
from isotherm.energy.tilt.bases import AbstractPolicy
from isotherm.energy.tilt.logits import tilted_logits
from isotherm.energy.tilt.tilted import Tilted
from isotherm.energy.variables import categorical
from isotherm.sample.gibbs.gibbs import gibbs
from isotherm.sample.tilt.importance import Tempered, tempered


class ChoicePrior(AbstractPolicy):
    """Choices of some steps, each drawn for itself from one prior.

    Attributes:
        log_prior: of each choice up to a constant, ``(K,)``; ``-inf`` where it is never made.
        num_steps: how many (static).
    """

    log_prior: Float[Array, " values"]
    num_steps: int = eqx.field(static=True)

    def log_density(self, x: State) -> Float[Array, ""]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Log probability in nats, a scalar, of a state of a policy graph."""
        return tilted_logits(self.log_prior, jnp.zeros_like(self.log_prior))[x[GROUP]].sum()

    def draw(self, key: Key[Array, ""]) -> State:  # pyright: ignore[reportIncompatibleMethodOverride]
        """A state of a policy graph by one key, choices of shape ``(steps,)``."""
        group = categorical(self.num_steps, len(self.log_prior))
        drawn = jax.random.categorical(key, self.log_prior, shape=(self.num_steps,))
        return {GROUP: drawn.astype(group.dtype)}

    def action(self) -> None:
        """None: draws are states of a graph, not arrays."""


class NegEFE(eqx.Module):
    """Minus the expected free energy of a state of a policy graph.

    Attributes:
        outlook: what counts, and from where.
    """

    outlook: Outlook

    def __call__(self, x: State) -> Float[Array, ""]:
        """In nats, a scalar."""
        return -policy_energy(self.outlook, x[GROUP].astype(jnp.int32))


class GibbsAt(eqx.Module):
    """Gibbs sampling of policies at any ``gamma``, which leaves the prior as it is.

    Attributes:
        problem: what is planned with; its own ``gamma`` does not count.
        beliefs: of each factor now, ``(S_f,)``.
        policy_len: steps (static).
    """

    problem: PlanningProblem
    beliefs: Tensors
    policy_len: int = eqx.field(static=True)

    def __call__(self, gamma: Float[Array, ""]) -> Any:
        """The kernel at ``gamma``, a scalar."""
        problem = replace(self.problem, gamma=jnp.asarray(gamma, self.problem.gamma.dtype))
        return gibbs(policy_graph(problem, self.beliefs, self.policy_len))


def policy_tilt(problem: PlanningProblem, beliefs: Tensors, policy_len: int) -> Tilted:
    """Policies as a law to be tilted: base ``E``, reward minus the expected free energy, ``beta = gamma``.

    Positions are states of :func:`isotherm.act.inference.sampling.energy.policy_graph`.

    Args:
        problem: what is planned with.
        beliefs: of each factor now, ``(S_f,)``.
        policy_len: steps, at least 1 (static).
    """
    reward: Any = NegEFE(outlook_of(problem, beliefs))  # of states of a graph, not of arrays
    return Tilted(ChoicePrior(log_prior_of(problem), policy_len), reward)


class LogNormaliser(NamedTuple):
    """``ln Σ E exp(-gamma EFE)`` over all policies.

    Attributes:
        value: a scalar in nats; its exponential is unbiased.
        error: standard error of ``value``.
        ess_fraction: effective share of the particles: where it is small, the error is not to be believed.
    """

    value: Float[Array, ""]
    error: Float[Array, ""]
    ess_fraction: Float[Array, ""]


@eqx.filter_jit
def log_normaliser(
    key: Key[Array, ""],
    problem: PlanningProblem,
    beliefs: Tensors,
    policy_len: int,
    num_particles: int,
    num_steps: int,
) -> LogNormaliser:
    """Annealed importance sampling from the prior to ``gamma``, a sweep of Gibbs sampling at each step.

    Args:
        key: one JAX key.
        problem: what is planned with; ``E`` of a policy is the product of ``exp(problem.log_prior)``, not normalised.
        beliefs: of each factor now, ``(S_f,)``.
        policy_len: steps of policies (static).
        num_particles: at least 2 (static).
        num_steps: values of ``gamma``, denser where it is small (static).

    References:
        Neal, Annealed importance sampling, Statistics and Computing 11 (2001).
    """
    fractions = (jnp.arange(1, num_steps + 1, dtype=jnp.int32) / num_steps) ** 2
    found: Tempered = tempered(
        key,
        policy_tilt(problem, beliefs, policy_len),
        problem.gamma * fractions.astype(problem.gamma.dtype),
        GibbsAt(problem, beliefs, policy_len),
        num_particles,
        resample_below=0.0,
    )
    share = found.final.ess_fraction
    start = policy_len * jax.nn.logsumexp(problem.log_prior)
    error = jnp.sqrt(jnp.maximum(1 / share - 1, 0.0) / (num_particles - 1))
    return LogNormaliser(start + found.final.log_z, error, share)
