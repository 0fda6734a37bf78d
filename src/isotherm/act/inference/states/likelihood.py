"""Logarithms of laws, and what an observation says of hidden states."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.energy.hidden.checks import Indices, Tensors
from isotherm.energy.hidden.contraction import expectation
from isotherm.energy.hidden.logs import Floor, log_floored

LOG_ZERO = -1e4
"""Stands for the logarithm of 0: its exponential is 0 in either precision, but evidence that contradicts
everything still leaves the states that it contradicts least, and gradients stay finite."""


def log_of(probability: Float[Array, "*shape"], floor: Floor | None = None) -> Float[Array, "*shape"]:
    """Natural logarithm; of 0, and of what is clipped, a finite number.

    Args:
        probability: at least 0, of any shape ``(...)``.
        floor: ``"reference"`` clips at :data:`isotherm.energy.hidden.logs.EPS`; without it, 0 gives
            :data:`LOG_ZERO` and nothing else is lost.
    """
    if floor == "reference":
        return log_floored(probability)
    positive = probability > 0
    return jnp.where(positive, jnp.log(jnp.where(positive, probability, 1.0)), LOG_ZERO)


def log_likelihoods(
    log_A: Tensors, observation: Sequence[Float[Array, "*batch _"]]
) -> tuple[Float[Array, "..."], ...]:
    """Of each modality, ``sum_o o(o) ln A(o | parents)``: over the states of its parents.

    Args:
        log_A: of each modality, ``(O_m, *S_parents)``.
        observation: of each modality, weights ``(*batch, O_m)``; a vector of zeros says nothing.

    Returns:
        Of each modality, ``(*batch, *S_parents)``.
    """
    return tuple(jnp.tensordot(o, L, axes=1) for o, L in zip(observation, log_A, strict=True))


def log_likelihood_of(
    A: Tensors, observation: Sequence[Array], floor: Floor | None = None
) -> tuple[Float[Array, "..."], ...]:
    """As :func:`log_likelihoods`, of one observation and of laws with the event axis last.

    Args:
        A: of each modality, ``(*S_parents, O_m)``.
        observation: of each modality, a symbol, an integer scalar, ``-1`` where not seen; or weights ``(O_m,)``.
        floor: of logarithms.
    """
    found = []
    for tensor, seen in zip(A, observation, strict=True):
        if seen.ndim:
            found.append(log_of(tensor, floor) @ seen)
        else:  # the symbol's own column alone is looked at
            column = log_of(jnp.take(tensor, jnp.maximum(seen, 0), axis=-1), floor)
            found.append(jnp.where(seen < 0, 0.0, column))
    return tuple(found)


def evidence_of(
    factor: int,
    log_likelihood: Sequence[Float[Array, "..."]],
    beliefs: Sequence[Float[Array, " _"]],
    A_dependencies: Indices,
) -> Float[Array, " states"]:
    """What all modalities say of one factor, in the mean over the beliefs of the others: ``(S_f,)``, in nats.

    Args:
        factor: whose states.
        log_likelihood: of each modality, over its parents' states.
        beliefs: of every factor, ``(S,)``.
        A_dependencies: parents of each modality.
    """
    total = jnp.zeros_like(beliefs[factor])
    for L, parents in zip(log_likelihood, A_dependencies, strict=True):
        if factor in parents:
            total = total + expectation(L, beliefs, parents, keep=(factor,), first=0)
    return total


def as_weights(observation: Sequence[Array], num_obs: Sequence[int], dtype: jnp.dtype) -> Tensors:
    """Symbols as one-hot rows, ``-1`` as a row of zeros.

    Args:
        observation: of each modality, integers of any shape ``(...)``.
        num_obs: symbols of each modality.
        dtype: of the weights.

    Returns:
        Of each modality, ``(..., O_m)``.
    """
    return tuple(jax.nn.one_hot(o, n, dtype=dtype) for o, n in zip(observation, num_obs, strict=True))
