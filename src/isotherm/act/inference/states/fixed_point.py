"""Beliefs after one observation: exactly for one factor, by a mean-field fixed point for several."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from isotherm.act.inference.states.likelihood import evidence_of
from isotherm.energy.hidden.checks import Indices, Tensors
from isotherm.energy.tilt.logits import tilted_logits


def posterior(
    log_likelihood: Sequence[Float[Array, "..."]],
    log_prior: Sequence[Float[Array, " _"]],
    A_dependencies: Indices,
    num_iter: int = 16,
) -> Tensors:
    """Beliefs of every factor: the prior tilted by what was seen.

    One factor is exact, whatever ``num_iter``. Several start from uniform beliefs and are updated all at once,
    ``num_iter`` times: coordinate ascent without its guarantee, as the sweeps are Jacobi's.

    Args:
        log_likelihood: of each modality, over the states of its parents, in nats.
        log_prior: of each factor, ``(S_f,)``, in nats.
        A_dependencies: parents of each modality.
        num_iter: sweeps, at least 0 (static).

    Returns:
        Of each factor, ``(S_f,)``, summing to 1.

    References:
        Beal, Variational algorithms for approximate Bayesian inference (2003), chapter 2.
    """
    if len(log_prior) == 1:
        uniform = [jnp.ones_like(log_prior[0])]
        evidence = evidence_of(0, log_likelihood, uniform, A_dependencies)
        return (jnp.exp(tilted_logits(log_prior[0], evidence)),)

    def sweep(logits: tuple[Array, ...], _: None) -> tuple[tuple[Array, ...], None]:
        beliefs = [jax.nn.softmax(logit) for logit in logits]
        evidence = [evidence_of(f, log_likelihood, beliefs, A_dependencies) for f in range(len(beliefs))]
        return tuple(map(tilted_logits, log_prior, evidence)), None

    logits, _ = lax.scan(sweep, tuple(map(jnp.zeros_like, log_prior)), None, length=num_iter)
    return tuple(jax.nn.softmax(logit) for logit in logits)
