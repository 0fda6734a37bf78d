"""What the 32 bits of a word stand for: bands of rows of one large lattice, or one site of 32 chains.

Either way a part of :class:`~isotherm.sample.lattice.sites.Sublattices` is an array of words, and neighbours are
shifted arrays of words.
"""

import abc
import functools
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, UInt32

from isotherm.energy.lattice.shapes import Lattice
from isotherm.sample.lattice.sites import Side, Sublattices

BITS = 32

BAND_MULTIPLE = 2 * BITS
"""Rows that bands need: as many bands as bits, each of an even number of rows, so that colours match."""


@dataclass(frozen=True)
class AbstractLayout(abc.ABC):
    """How words hold a lattice of two colours; static, hashable."""

    lattice: Lattice

    @functools.cached_property
    def sites(self) -> Sublattices:
        """Of the lattice itself."""
        return Sublattices(self.lattice)

    @functools.cached_property
    def sides(self) -> tuple[tuple[Side, ...], tuple[Side, ...]]:
        """Where sites of each part have neighbours; as many on both, direction by direction."""
        even, odd = (
            tuple(side for side in self.sites.sides if self._has_any(part, side)) for part in range(2)
        )
        are_alike = [side.direction for side in even] == [side.direction for side in odd]
        return (even, odd) if are_alike else (self.sites.sides, self.sites.sides)

    def _has_any(self, part: int, side: Side) -> bool:
        exists = self.sites.has_bond(side)
        return exists is None or bool(exists[part].any())

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of a part in words."""

    @abc.abstractmethod
    def shifted(
        self, source: UInt32[Array, "*shape"], part: Array | int, side: Side
    ) -> UInt32[Array, "*shape"]:
        """What stands on a side of the sites of one part, given the other part; words ``(*shape,)`` both."""

    def neighbours(self, source: UInt32[Array, "*shape"], part: Array | int) -> list[UInt32[Array, "*shape"]]:
        """What stands on each of :attr:`sides` of a part, which may be traced.

        Args:
            source: words of the other part, ``(*shape,)``.
            part: 0 or 1.
        """
        found = []
        for even, odd in zip(*self.sides, strict=True):
            words = self.shifted(source, part, even)
            if even != odd:
                words = jnp.where(part == 0, words, self.shifted(source, part, odd))
            found.append(words)
        return found

    @abc.abstractmethod
    def plane(self, values: Bool[Array, "*sites"]) -> UInt32[Array, "*shape"]:
        """From a bool for each site of a part to a bit each in words ``(*shape,)``, the same in all chains."""


class Bands(AbstractLayout):
    """Bit ``b`` of row ``i`` is row ``b * rows + i`` of one chain: bands of the first axis side by side."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a part in words."""
        first, *others = self.sites.shape
        return (first // BITS, *others)

    def shifted(
        self, source: UInt32[Array, "*shape"], part: Array | int, side: Side
    ) -> UInt32[Array, "*shape"]:
        """Shifted words ``(*shape,)``; beyond the first and the last row of a band stands another band."""
        words, step = shifted(source, part, side), side.leading[0]
        if not step:
            return words
        row = np.indices(self.shape)[0]
        return jnp.where(row == (len(row) - 1 if step > 0 else 0), _turned(words, -step), words)

    def plane(self, values: Bool[Array, "*sites"]) -> UInt32[Array, "*shape"]:
        """Bands of rows to bits: from ``(rows, *others)`` to ``(rows / 32, *others)``."""
        return pack(values.reshape(BITS, *self.shape))

    def values(self, words: UInt32[Array, "*shape"]) -> Bool[Array, "*sites"]:
        """The reverse of :meth:`plane`: bool ``(rows, *others)``."""
        return unpack(words).reshape(self.sites.shape)


class Replicas(AbstractLayout):
    """Bit ``b`` is chain ``b`` of 32."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a part in words."""
        return self.sites.shape

    def shifted(
        self, source: UInt32[Array, "*shape"], part: Array | int, side: Side
    ) -> UInt32[Array, "*shape"]:
        """Shifted words ``(*shape,)``."""
        return shifted(source, part, side)

    def plane(self, values: Bool[Array, "*sites"]) -> UInt32[Array, "*shape"]:
        """All ones or zero, in the shape ``(*shape,)`` of the bools."""
        return jnp.where(values, jnp.uint32(0xFFFFFFFF), jnp.uint32(0))


def shifted(source: UInt32[Array, "*shape"], part: Array | int, side: Side) -> UInt32[Array, "*shape"]:
    """What stands on a side of the sites of one part, given the other part.

    Site ``k`` of a row of part ``p`` stands in column ``2k + o``, with ``o = 0`` or ``1`` where ``p`` plus the row's
    indices is even or odd; the other part has the other columns. A step of one column leads to the same place
    ``k`` of the other part, or past it.

    Args:
        source: words of the other part, uint32 ``(*shape,)``, as the result is.
        part: 0 or 1, may be traced.
        side: where to look.
    """
    if not side.last:
        return jnp.roll(source, [-step for step in side.leading], tuple(range(len(side.leading))))
    is_odd = np.broadcast_to(np.indices((*source.shape[:-1], 1)).sum(0) % 2 == 1, source.shape)
    is_past = jnp.asarray(is_odd if side.last > 0 else ~is_odd) ^ (part == 1)
    return jnp.where(is_past, jnp.roll(source, -side.last, -1), source)


def pack(bits: Bool[Array, "32 *shape"]) -> UInt32[Array, "*shape"]:
    """Element ``b`` of the first axis to bit ``b``: from bool ``(32, *shape)`` to uint32 ``(*shape,)``."""
    return jnp.sum(bits.astype(jnp.uint32) << _places(bits.ndim - 1), axis=0, dtype=jnp.uint32)


def unpack(words: UInt32[Array, "*shape"]) -> Bool[Array, "32 *shape"]:
    """The reverse of :func:`pack`: from uint32 ``(*shape,)`` to bool ``(32, *shape)``."""
    return (words[None] >> _places(words.ndim)) & 1 == 1


def _places(num_dimensions: int) -> UInt32[Array, "..."]:
    return jnp.arange(BITS, dtype=jnp.uint32).reshape(-1, *[1] * num_dimensions)


def _turned(words: UInt32[Array, "*shape"], by: int) -> UInt32[Array, "*shape"]:
    """Each bit moved up by ``by`` places, around the end."""
    return (words << (by % BITS)) | (words >> (-by % BITS))
