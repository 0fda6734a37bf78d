"""Variational free energy of beliefs: at one step, and over a window."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.act.inference.states.likelihood import log_of
from isotherm.act.inference.states.messages import Links
from isotherm.energy.hidden.checks import Indices, Tensors
from isotherm.energy.hidden.contraction import expectation, outer
from isotherm.energy.hidden.logs import Floor


class FreeEnergy(NamedTuple):
    """Parts of a variational free energy, in nats, each step's own: ``(T,)``, summed over factors or modalities.

    Attributes:
        neg_entropy: ``E_q ln q``; given the step before, where joint beliefs of both are given.
        prior_cross_entropy: ``-E_q ln prior``, at steps that follow from none.
        transition_cross_entropy: ``-E_q ln B``, charged to the step it leads to.
        accuracy: ``E_q ln A(o | s)``.
    """

    neg_entropy: Float[Array, " steps"]
    prior_cross_entropy: Float[Array, " steps"]
    transition_cross_entropy: Float[Array, " steps"]
    accuracy: Float[Array, " steps"]

    @property
    def by_step(self) -> Float[Array, " steps"]:
        """Negative entropy and cross-entropies less accuracy, ``(T,)``; at most ``-ln p(observations)`` in total."""
        return self.neg_entropy + self.prior_cross_entropy + self.transition_cross_entropy - self.accuracy

    @property
    def total(self) -> Float[Array, ""]:
        """Over all steps, a scalar: at least ``-ln p(observations)``, which it is where beliefs are exact."""
        return self.by_step.sum()


def free_energy(
    beliefs: Sequence[Float[Array, "steps _"]],
    log_likelihood: Sequence[Float[Array, "steps ..."]],
    B: Tensors,
    prior: Tensors,
    links: Links,
    A_dependencies: Indices,
    B_dependencies: Indices,
    joints: Sequence[Float[Array, "links ..."]] | None = None,
    floor: Floor | None = None,
) -> FreeEnergy:
    """Of beliefs over a window; one step is a window of length 1.

    Args:
        beliefs: of each factor, ``(T, S_f)``.
        log_likelihood: of each modality, ``(T, *S_parents)``, in nats; zeros at padded steps.
        B: of each factor, by link, ``(T - 1, S_f, *S_parents)``.
        prior: of each factor, ``(S_f,)``.
        links: of the window.
        A_dependencies: parents of each modality.
        B_dependencies: parents of each factor.
        joints: beliefs of each factor and its parents at the step before, ``(T - 1, S_f, *S_parents)``; products of
            the beliefs by default.
        floor: clip of logarithms; see :func:`isotherm.act.inference.states.likelihood.log_of`.

    References:
        Da Costa et al., J. Math. Psychol. 99 (2020) 102447, section 3; the pairwise form is Bethe's, Yedidia, Freeman
        and Weiss, IEEE Trans. Inf. Theory 51 (2005) 2282.
    """
    zeros = jnp.zeros_like(beliefs[0][:, 0])
    entropy, first, moved = zeros, zeros, zeros
    linked = links.linked
    for f, q in enumerate(beliefs):
        own = (q * log_of(q, floor)).sum(axis=1)
        start = -(q * log_of(prior[f], floor)[None]).sum(axis=1)
        first = first + jnp.where(links.starts, start, 0.0)
        parents = B_dependencies[f]
        log_B = log_of(B[f], floor)
        if joints is None:
            early = tuple(belief[:-1] for belief in beliefs)
            mean = jax.vmap(lambda table, p, of=parents: expectation(table, p, of))(log_B, early)
            cross = -(q[1:] * mean).sum(axis=1)
            entropy = entropy + own
        else:
            joint = joints[f]
            cross = -_over_all_but_first(joint * log_B)
            before = joint.sum(axis=1)
            pair = _over_all_but_first(joint * log_of(joint, floor))
            pair = pair - _over_all_but_first(before * log_of(before, floor))
            entropy = entropy + own.at[1:].set(jnp.where(linked, pair, own[1:]))
        moved = moved.at[1:].add(jnp.where(linked, cross, 0.0))
    accuracy = zeros
    for L, parents in zip(log_likelihood, A_dependencies, strict=True):
        seen = jax.vmap(lambda one, q, of=parents: (one * outer([q[g] for g in of])).sum())
        accuracy = accuracy + seen(L, tuple(beliefs))
    return FreeEnergy(entropy, first, moved, accuracy)


def _over_all_but_first(terms: Float[Array, "links ..."]) -> Float[Array, " links"]:
    return terms.sum(axis=tuple(range(1, terms.ndim)))
