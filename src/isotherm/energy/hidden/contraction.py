"""Sums over the parents of a tensor, each by its own belief."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float


def expectation(
    tensor: Float[Array, "..."],
    beliefs: Sequence[Float[Array, "..."]],
    parents: Sequence[int],
    keep: Sequence[int] = (),
    first: int = 1,
) -> Float[Array, "..."]:
    """Mean of a tensor under independent beliefs of its parents.

    Args:
        tensor: axes before ``first`` are kept, then one for each parent, then others that are kept.
        beliefs: of every factor, ``(*batch, S_f)``; those of the parents are used. Batch axes are the same of all.
        parents: factors whose states the axes from ``first`` on are.
        keep: parents that are not summed over.
        first: axis of the first parent: 1 where events stand before it, 0 where nothing does.

    Returns:
        Batch axes, then all axes that were kept, in the tensor's order.
    """
    axes = list(range(tensor.ndim))
    summed = [(factor, first + i) for i, factor in enumerate(parents) if factor not in keep]
    if not summed:
        return tensor
    batch = [tensor.ndim + i for i in range(beliefs[summed[0][0]].ndim - 1)]
    operands: list = [tensor, axes]
    for factor, axis in summed:
        operands += [beliefs[factor], [*batch, axis]]
    gone = {axis for _, axis in summed}
    return jnp.einsum(*operands, [*batch, *(axis for axis in axes if axis not in gone)])


def outer(vectors: Sequence[Float[Array, " _"]]) -> Float[Array, "..."]:
    """Outer product of vectors, an axis each."""
    operands: list = []
    for axis, vector in enumerate(vectors):
        operands += [vector, [axis]]
    return jnp.einsum(*operands, list(range(len(vectors))))
