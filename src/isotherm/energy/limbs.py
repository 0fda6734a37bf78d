"""Sums without rounding: numbers as whole multiples of a quantum, in limbs that float32 and int32 add up exactly.

Float32 tells apart what differs by ``2**-24`` of the largest: beside penalties of ``1e8`` an energy of one is lost.
Here a number is ``quantum * Σ_k limb_k 2**(bits k)``, the last limb first. Every sum that is linear in the weights
may be taken limb by limb by the code that takes it anyway, in any order; differences are taken before the limbs meet
again, so that they are right to float32's own precision however large the numbers are.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32

TOTAL_BITS = 60
"""Of the largest number: those of float64 and a few, for smaller ones beside it."""


class Splitting(NamedTuple):
    """How numbers are split.

    Attributes:
        quantum: of which all are multiples, a power of two.
        bits: of a limb; the number of limbs follows.
    """

    quantum: float
    bits: int

    @property
    def num_limbs(self) -> int:
        """Limbs of a number."""
        return -(-TOTAL_BITS // self.bits)


def splitting(largest: float, num_terms: int, exact_bits: int) -> Splitting:
    """For sums of as many terms, limb by limb, in a type that holds whole numbers of ``exact_bits`` bits.

    Args:
        largest: of the numbers, by magnitude.
        num_terms: of a sum, at most.
        exact_bits: 24 for float32, 31 for int32.
    """
    bits = min(22, max(4, exact_bits - 1 - int(np.ceil(np.log2(max(num_terms, 2))))))
    exponent = int(np.ceil(np.log2(max(largest, 1e-30)))) - TOTAL_BITS
    return Splitting(float(2.0 ** max(exponent, -120)), bits)


def limbs_of(values: np.ndarray, by: Splitting) -> list[np.ndarray]:
    """Whole numbers in float32, an array for each limb, the lowest first; infinite values count as zero.

    All limbs but the last are at least 0.

    Args:
        values: floats of any shape ``(...)``.
        by: how to split them.

    Returns:
        ``by.num_limbs`` arrays of shape ``(...)``.
    """
    known = np.where(np.isfinite(values), np.asarray(values, np.float64), 0.0)
    rest = np.rint(known / by.quantum).astype(np.int64)
    found = []
    for at in range(by.num_limbs):
        is_last = at == by.num_limbs - 1
        low = rest if is_last else rest & ((1 << by.bits) - 1)
        found.append(low.astype(np.float32))
        rest = rest >> by.bits
    return found


def stacked(sums: Sequence[Array]) -> Int32[Array, "limbs *shape"]:
    """Sums of limbs, the lowest first, each of shape ``(*shape,)``, as one int32 array, ``(limbs, *shape)``."""
    return jnp.stack([part.astype(jnp.int32) for part in sums])


def value(
    limbs: Int32[Array, "limbs *shape"], quantum: Float[Array, ""] | float, bits: int
) -> Float[Array, "*shape"]:
    """The numbers themselves, in float32; right to its precision also where limbs of both signs cancel.

    Args:
        limbs: whole numbers, the lowest first, shape ``(limbs, *shape)``.
        quantum: of the splitting, a number.
        bits: of the splitting.

    Returns:
        float32, shape ``(*shape,)``.
    """
    whole = list(limbs)
    for at in range(len(whole) - 1):  # carries go up, so that float32 holds each limb
        carry = whole[at] >> bits
        whole[at] = whole[at] - (carry << bits)
        whole[at + 1] = whole[at + 1] + carry
    total = jnp.zeros(limbs.shape[1:], jnp.float32)
    for at in reversed(range(len(whole))):
        total = total + whole[at].astype(jnp.float32) * jnp.float32(2.0 ** (bits * at))
    return total * jnp.asarray(quantum, jnp.float32)
