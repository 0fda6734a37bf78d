"""Sublattices stored apart: the sites of one colour as an array of their own, and shifts between them.

Where a lattice is coloured by the sum of indices modulo ``k``, colour ``c`` of a row holds every ``k``-th site, and
the neighbours of a whole sublattice are another one, shifted. A sweep then touches each site once. Other lattices
(odd periods) stay in one piece, of which an update keeps one colour.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm.energy.lattice import Lattice


class Side(NamedTuple):
    """One of the neighbours that every site has.

    Attributes:
        direction: of the bond.
        sign: 1 for the bond that starts at the site, -1 for the one that ends there.
    """

    direction: int
    sign: int


@dataclass(frozen=True)
class Sublattices:
    """How states of a lattice are stored: static, hashable.

    A part is an array of shape ``(*leading, width)``. Places beyond the end of a row of an open lattice hold sites
    without bonds, which are updated and never seen.
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
        return tuple(Side(d, sign) for d in range(len(self.lattice.directions)) for sign in (1, -1))

    def part(self, colour: int) -> int:
        """Which part holds a colour."""
        return colour if self.stride > 1 else 0

    def offsets(self, part: int) -> np.ndarray:
        """Column of the first site of each row of a part, int ``(*leading, 1)``."""
        leading = np.indices((*self.shape[:-1], 1)).sum(0)
        return (part - leading) % self.stride

    def sites(self, part: int) -> np.ndarray:
        """Number of the site at each place, -1 beyond the end of a row."""
        width = self.lattice.shape[-1]
        column = self.stride * np.arange(self.shape[-1]) + self.offsets(part)
        rows = np.arange(self.lattice.num_sites // width).reshape(*self.shape[:-1], 1)
        return np.where(column < width, rows * width + column, -1)

    def only(self, colour: int) -> np.ndarray | None:
        """Which places of its part a colour has; None if all."""
        return None if self.stride > 1 else self.lattice.colours == colour

    def take(self, x: Array, part: int) -> Array:
        """The sites of a part from an array of the lattice's shape, any where there is none."""
        return x.reshape(-1)[self.sites(part)]

    def split(self, x: Array) -> tuple[Array, ...]:
        """All parts of an array of the lattice's shape."""
        return tuple(self.take(x, part) for part in range(self.stride))

    def join(self, parts: tuple[Array, ...]) -> Array:
        """The reverse of :meth:`split`."""
        if self.stride == 1:
            return parts[0]
        first = [np.broadcast_to(self.offsets(part), self.shape) for part in range(self.stride)]
        columns = []
        for column in range(self.stride):
            which = sum(part * (offset == column) for part, offset in enumerate(first))
            columns.append(jax.lax.select_n(jnp.asarray(which, jnp.int32), *parts))
        *leading, width = self.lattice.shape
        return jnp.stack(columns, -1).reshape(*leading, -1)[..., :width]

    def has_bond(self, part: int, side: Side) -> np.ndarray | None:
        """Whether sites of a part have a neighbour on a side; None if all have."""
        exists = self._bonds(self.lattice.has_bond, side).reshape(-1)
        sites = self.sites(part)
        found = exists[sites] & (sites >= 0)
        return None if found.all() else found

    def bond_values(self, values: Array, part: int, side: Side) -> Array:
        """From an entry a bond, ``(directions, *shape)``, those of the bonds of a part on one side."""
        return self.take(self._bonds(values, side), part)

    def _bonds(self, values: Any, side: Side) -> Any:
        """Of each site the bond on one side, which may start elsewhere."""
        along = values[side.direction]
        if side.sign > 0:
            return along
        roll = np.roll if isinstance(values, np.ndarray) else jnp.roll
        return roll(along, self.lattice.directions[side.direction], tuple(range(along.ndim)))

    def neighbours(self, parts: tuple[Array, ...], part: int) -> Iterator[Array]:
        """What stands at the neighbours of a part, side after side; means nothing where there is no bond."""
        for direction, sign in self.sides:
            *leading, last = (sign * step for step in self.lattice.directions[direction])
            source = parts[(part + sum(leading) + last) % self.stride]
            source = jnp.roll(source, [-step for step in leading], tuple(range(len(leading))))
            yield self._along_rows(source, part, last)

    def _along_rows(self, source: Array, part: int, step: int) -> Array:
        moves = (self.offsets(part) + step) // self.stride
        if not moves.any():
            return source
        moved = jnp.roll(source, -step, -1)
        return moved if moves.all() else jnp.where(np.broadcast_to(moves != 0, self.shape), moved, source)
