"""Sublattices stored apart: the sites of one colour as an array of their own, and shifts between them.

Where a lattice is coloured by the sum of indices modulo ``k``, colour ``c`` of a row holds every ``k``-th site, and
the neighbours of a whole sublattice are another one, shifted. A sweep then touches each site once. Other lattices
(odd periods) stay in one piece, of which an update keeps one colour.
"""

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm.energy.lattice.shapes import Lattice
from isotherm.errors import refusal


class Side(NamedTuple):
    """One of the neighbours that every site has.

    Attributes:
        direction: of the bond.
        sign: 1 for the bond that starts at the site, -1 for the one that ends there.
        leading: step to the neighbour along all axes but the last.
        last: step along the last axis, -1 to 1.
    """

    direction: int
    sign: int
    leading: tuple[int, ...]
    last: int


@dataclass(frozen=True)
class Sublattices:
    """How states of a lattice are stored: static, hashable.

    Parts are stacked, ``(stride, *leading, width)``. Places beyond the end of a row of an open lattice hold sites
    without bonds, which are updated and never seen. Where a method takes a part or a colour, it may be traced: a
    sweep is a loop over colours.
    """

    lattice: Lattice

    @functools.cached_property
    def stride(self) -> int:
        """Number of parts: that of colours if these are regular, else 1."""
        lattice = self.lattice
        regular = np.indices(lattice.shape).sum(0) % lattice.num_colours
        return lattice.num_colours if np.array_equal(regular, lattice.colours) else 1

    @property
    def num_colours(self) -> int:
        """Colours are updated one after the other."""
        return self.lattice.num_colours

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a part."""
        *leading, width = self.lattice.shape
        return (*leading, -(-width // self.stride))

    @functools.cached_property
    def sides(self) -> tuple[Side, ...]:
        """All neighbours."""
        return tuple(
            Side(d, sign, tuple(sign * s for s in step[:-1]), sign * step[-1])
            for d, step in enumerate(self.lattice.directions)
            for sign in (1, -1)
        )

    @functools.cached_property
    def _offsets(self) -> np.ndarray:
        """Column of the first site of each row of each part, int ``(stride, *leading, 1)``."""
        leading = np.indices((*self.shape[:-1], 1)).sum(0)
        return np.stack([(part - leading) % self.stride for part in range(self.stride)])

    @functools.cached_property
    def _sites(self) -> np.ndarray:
        """Number of the site at each place, -1 beyond the end of a row, int ``(stride, *shape)``."""
        width = self.lattice.shape[-1]
        column = self.stride * np.arange(self.shape[-1]) + self._offsets
        rows = np.arange(self.lattice.num_sites // width).reshape(*self.shape[:-1], 1)
        return np.where(column < width, rows * width + column, -1)

    def split(self, x: Array) -> Array:
        """All parts ``(stride, *shape)`` of an array of the lattice's shape; any value where there is no site.

        Raises:
            ValueError: if it has another shape, of which some sites would be taken without a word.
        """
        if x.shape != self.lattice.shape:
            raise refusal("position.shape", x.shape, f"must be {self.lattice.shape}, as the lattice")
        return x.reshape(-1)[self._sites]

    def join(self, parts: Array) -> Array:
        """The reverse of :meth:`split`: from ``(stride, *shape)`` to the lattice's shape."""
        if self.stride == 1:
            return parts[0]
        first = np.broadcast_to(self._offsets, parts.shape)
        columns = []
        for column in range(self.stride):
            which = np.argmax(first == column, axis=0)
            columns.append(jax.lax.select_n(jnp.asarray(which, jnp.int32), *parts))
        *leading, width = self.lattice.shape
        return jnp.stack(columns, -1).reshape(*leading, -1)[..., :width]

    def part(self, parts: Array, colour: Array) -> Array:
        """The part that holds a colour: from ``(stride, *shape)`` to ``(*shape,)``."""
        return jax.lax.dynamic_index_in_dim(parts, colour % self.stride, 0, keepdims=False)

    def replaced(self, parts: Array, colour: Array, values: Array) -> Array:
        """Sites of one colour with new values, ``(*shape,)``, the others as they were; ``(stride, *shape)``."""
        if self.stride == 1:
            is_its = jnp.asarray(self.lattice.colours, jnp.int32) == colour
            return jnp.where(is_its, values, parts[0])[None]
        return jax.lax.dynamic_update_index_in_dim(parts, values, colour, 0)

    def has_bond(self, side: Side) -> np.ndarray | None:
        """Whether sites have a neighbour on a side, ``(stride, *shape)``; None if all have."""
        found = self._bonds(self.lattice.has_bond, side).reshape(-1)[self._sites] & (self._sites >= 0)
        return None if found.all() else found

    def bond_values(self, values: Array, side: Side) -> Array:
        """From an entry a bond, ``(directions, *shape)``, those of the bonds on one side, ``(stride, *shape)``."""
        return self.split(self._bonds(values, side))

    def _bonds(self, values: Any, side: Side) -> Any:
        """Of each site the bond on one side, which may start elsewhere."""
        along = values[side.direction]
        if side.sign > 0:
            return along
        roll = np.roll if isinstance(values, np.ndarray) else jnp.roll
        return roll(along, self.lattice.directions[side.direction], tuple(range(along.ndim)))

    def source(self, side: Side) -> int:
        """How many colours on the neighbours of a site are, modulo :attr:`stride`."""
        return (sum(side.leading) + side.last) % self.stride

    def shifted(self, source: Array, colour: Array, side: Side) -> Array:
        """What stands at the neighbours of one colour on a side, ``(*shape,)``; means nothing where there is no bond.

        Args:
            source: the part that they are of, ``(*shape,)``.
            colour: of the sites that look, a scalar.
            side: where they look.
        """
        source = jnp.roll(source, [-step for step in side.leading], tuple(range(len(side.leading))))
        moves = (self._offsets + side.last) // self.stride != 0
        if not moves.any():
            return source
        moved = jnp.roll(source, -side.last, -1)
        if moves.all():
            return moved
        return jnp.where(jnp.broadcast_to(self.part(jnp.asarray(moves), colour), self.shape), moved, source)
