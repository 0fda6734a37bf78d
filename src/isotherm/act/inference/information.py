"""What may be learned: information gain about hidden states and about parameters."""

from collections.abc import Sequence

import jax.numpy as jnp
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

from isotherm.energy.hidden.checks import Indices, Tensors
from isotherm.energy.hidden.contraction import expectation


def entropy(law: Float[Array, "..."], axis: int = -1) -> Float[Array, "..."]:
    """``-sum p ln p`` in nats over one axis, ``0 ln 0`` being 0."""
    return -xlogy(law, jnp.where(law > 0, law, 1.0)).sum(axis)


def ambiguities(A: Tensors) -> Tensors:
    """Of each modality, entropy of its observation given its parents' states, ``(*S_parents)``, in nats."""
    return tuple(entropy(tensor, axis=0) for tensor in A)


def state_information_gain(
    expected: Sequence[Float[Array, "*batch _"]],
    ambiguity: Tensors,
    beliefs: Sequence[Float[Array, "*batch _"]],
    A_dependencies: Indices,
) -> Float[Array, "*batch"]:
    """Mutual information of hidden states and each modality's observation, in nats, summed over modalities.

    Where modalities say the same it is counted once for each: the joint observation says less than the sum.

    Args:
        expected: of each modality, law of the observation, ``(*batch, O_m)``.
        ambiguity: of each modality, ``(*S_parents)``.
        beliefs: of each factor, ``(*batch, S_f)``.
        A_dependencies: parents of each modality.

    References:
        Friston et al., Active inference and epistemic value, Cogn. Neurosci. 6 (2015) 187.
    """
    total = jnp.zeros(beliefs[0].shape[:-1], beliefs[0].dtype)
    for law, table, parents in zip(expected, ambiguity, A_dependencies, strict=True):
        total = total + entropy(law) - expectation(table, beliefs, parents, first=0)
    return total


def observation_novelty(
    expected: Sequence[Float[Array, "*batch _"]],
    weights: Tensors,
    beliefs: Sequence[Float[Array, "*batch _"]],
    A_dependencies: Indices,
) -> Float[Array, "*batch"]:
    """Information gain about A, in nats, summed over modalities.

    Args:
        expected: of each modality, law of the observation by the present A, ``(*batch, O_m)``.
        weights: of each modality, event axis last:
            :func:`isotherm.learn.counts.dirichlet.novelty_weight` of its counts.
        beliefs: of each factor, ``(*batch, S_f)``.
        A_dependencies: parents of each modality.

    References:
        Schwartenbeck et al., Computational mechanisms of curiosity, eLife 8 (2019) e41703.
    """
    total = jnp.zeros(beliefs[0].shape[:-1], beliefs[0].dtype)
    for law, table, parents in zip(expected, weights, A_dependencies, strict=True):
        total = total + (law * expectation(table, beliefs, parents, first=0)).sum(-1)
    return total
