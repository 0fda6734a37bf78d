"""Inference while some modalities count for less."""

from collections.abc import Sequence

from jaxtyping import Array, Float

from isotherm.energy.hidden.checks import Tensors


def masked(
    A: Tensors, observation: Sequence[Float[Array, "*batch _"]], mask: Float[Array, " modalities"]
) -> tuple[Tensors, Tensors]:
    """Likelihoods and observations, each mixed with uniform ones where its modality is masked.

    Args:
        A: of each modality, ``(O_m, *S_parents)``; as they are afterwards: new ones are returned.
        observation: of each modality, weights ``(*batch, O_m)``.
        mask: of each modality, within 0 (nothing is seen) .. 1 (as it is).
    """
    tables = tuple(mask[m] * a + (1 - mask[m]) / a.shape[0] for m, a in enumerate(A))
    seen = tuple(mask[m] * o + (1 - mask[m]) / o.shape[-1] for m, o in enumerate(observation))
    return tables, seen
