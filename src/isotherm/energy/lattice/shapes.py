"""Lattices: sites in rows, bonds along a few directions, each dimension periodic or open."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm import doors
from isotherm.energy.blocks import greedy_colours
from isotherm.errors import refusal

Kind = Literal["chain", "square", "triangular", "honeycomb", "cubic"]

DIRECTIONS: dict[Kind, tuple[tuple[int, ...], ...]] = {
    "chain": ((1,),),
    "square": ((0, 1), (1, 0)),
    "triangular": ((0, 1), (1, 0), (1, 1)),
    "honeycomb": ((0, 1), (1, 0)),
    "cubic": ((0, 0, 1), (0, 1, 0), (1, 0, 0)),
}
"""Steps from a site to the other end of its bonds; the first one runs along the last axis, ``x``."""

BYTES_A_SITE = 16.0
"""Of the least that can be made of a lattice, its bonds in one direction."""


@dataclass(frozen=True)
class Lattice:
    """Geometry alone: hashable, and static wherever it goes. Made by :func:`square` and its like.

    Sites are numbered in row-major order. A bond belongs to the site that its direction starts from. The
    honeycomb is a brick wall: bonds down a column start only at sites whose indices add up to an even number.

    Attributes:
        kind: which directions there are, see :data:`DIRECTIONS`.
        shape: extent of each dimension.
        periodic: of each dimension.

    Raises:
        TypeError: if an extent is no whole number, or an entry of ``periodic`` no bool.
        ValueError: if ``kind`` is unknown, an extent is below 1, or below 3 where periodic, or odd on a periodic
            honeycomb, or there are more sites than can be numbered or fit into memory.
    """

    kind: Kind
    shape: tuple[int, ...]
    periodic: tuple[bool, ...]

    def __post_init__(self) -> None:
        doors.choice("kind", self.kind, DIRECTIONS)
        shape = doors.sequence("shape", self.shape, "whole numbers, one a dimension")
        periodic = doors.sequence("periodic", self.periodic, "True or False of each dimension")
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "periodic", periodic)
        _check(self)

    @property
    def directions(self) -> tuple[tuple[int, ...], ...]:
        """Steps along bonds."""
        return DIRECTIONS[self.kind]

    @property
    def num_sites(self) -> int:
        """How many sites."""
        return int(np.prod(self.shape))

    @property
    def num_bonds(self) -> int:
        """How many bonds."""
        return int(self.has_bond.sum())

    @property
    def is_periodic(self) -> bool:
        """Whether no dimension has an end."""
        return all(self.periodic)

    @property
    def is_bipartite(self) -> bool:
        """Whether two colours suffice."""
        return self.num_colours <= 2

    @functools.cached_property
    def has_bond(self) -> np.ndarray:
        """Whether a bond starts at a site in a direction, bool ``(directions, *shape)``."""
        index = np.indices(self.shape)
        found = np.ones((len(self.directions), *self.shape), bool)
        for exists, direction in zip(found, self.directions, strict=True):
            for axis, step in enumerate(direction):
                if step and not self.periodic[axis]:
                    exists &= index[axis] + step < self.shape[axis]
        if self.kind == "honeycomb":
            found[1] &= index.sum(0) % 2 == 0
        found.setflags(write=False)
        return found

    @functools.cached_property
    def bonds(self) -> np.ndarray:
        """Both ends of each bond, int32 ``(num_bonds, 2)``: direction after direction, sites ascending."""
        return np.concatenate([self.bonds_along(d) for d in range(len(self.directions))])

    def bonds_along(self, direction: int) -> np.ndarray:
        """Both ends of the bonds of one direction, int32 ``(num, 2)``, the starting site first."""
        sites = np.arange(self.num_sites, dtype=np.int32).reshape(self.shape)
        exists = self.has_bond[direction]
        ends = np.roll(sites, [-step for step in self.directions[direction]], range(sites.ndim))
        return np.stack([sites[exists], ends[exists]], axis=1)

    def ends(self, x: Array, direction: int) -> Array:
        """What stands at the other end of each site's bond: ``x`` of shape ``(..., *shape)``, shifted.

        Where :attr:`has_bond` is false the entry means nothing.
        """
        return self._shifted(x, direction, -1)

    def starts(self, x: Array, direction: int) -> Array:
        """What stands at the start of the bond that ends at each site: the reverse of :meth:`ends`.

        ``x`` is of shape ``(..., *shape)``, and so is what comes back; where no bond ends the entry means nothing.
        """
        return self._shifted(x, direction, 1)

    def _shifted(self, x: Array, direction: int, sign: int) -> Array:
        if x.shape[-len(self.shape) :] != self.shape:
            raise refusal("x.shape", x.shape, f"must end in {self.shape}, the lattice's")
        step = [sign * s for s in self.directions[direction]]
        return jnp.roll(x, step, tuple(range(-len(self.shape), 0)))

    @functools.cached_property
    def colours(self) -> np.ndarray:
        """A proper colouring, int8 ``(*shape,)``: two colours where they suffice, three or four if not.

        Regular where a regular one fits the periods; greedy else (odd periods).
        """
        found = _colours(self).astype(np.int8).reshape(self.shape)
        found.setflags(write=False)
        return found

    @property
    def num_colours(self) -> int:
        """Number of colours of :attr:`colours`."""
        return int(self.colours.max()) + 1


def chain(length: int, periodic: bool = True) -> Lattice:
    """Sites in a row, or a ring.

    Raises:
        ValueError: as all constructors of lattices do, naming an extent below 1, or below 3 where periodic.
    """
    return Lattice("chain", (doors.whole("length", length, 1),), _each(periodic, 1))


def square(rows: int, columns: int | None = None, periodic: bool | Sequence[bool] = True) -> Lattice:
    """Four neighbours a site; ``columns`` is ``rows`` by default, ``periodic`` may be one bool a dimension.

    Raises:
        ValueError: naming an extent below 1, or below 3 where periodic.

    >>> square(4, 3).num_sites, square(4, periodic=False).num_bonds
    (12, 24)
    """
    return _planar("square", rows, columns, periodic)


def triangular(rows: int, columns: int | None = None, periodic: bool | Sequence[bool] = True) -> Lattice:
    """Six neighbours a site: those of the square lattice and two along one diagonal."""
    return _planar("triangular", rows, columns, periodic)


def honeycomb(rows: int, columns: int | None = None, periodic: bool | Sequence[bool] = True) -> Lattice:
    """Three neighbours a site, drawn as a brick wall; periodic extents must be even, the last at least 4."""
    return _planar("honeycomb", rows, columns, periodic)


def cubic(
    depth: int, rows: int | None = None, columns: int | None = None, periodic: bool | Sequence[bool] = True
) -> Lattice:
    """Six neighbours a site in three dimensions; missing extents are ``depth``."""
    shape = _extents(
        depth=depth, rows=depth if rows is None else rows, columns=depth if columns is None else columns
    )
    return Lattice("cubic", shape, _each(periodic, 3))


def _planar(kind: Kind, rows: int, columns: int | None, periodic: bool | Sequence[bool]) -> Lattice:
    return Lattice(
        kind, _extents(rows=rows, columns=rows if columns is None else columns), _each(periodic, 2)
    )


def _extents(**extents: Any) -> tuple[int, ...]:
    """Extents by the names that the caller gave them, for refusals."""
    return tuple(doors.whole(name, extent, 1) for name, extent in extents.items())


def _each(periodic: bool | Sequence[bool], num_dimensions: int) -> tuple[bool, ...]:
    if isinstance(periodic, bool | np.bool_):
        return (bool(periodic),) * num_dimensions
    return doors.sequence("periodic", periodic, "True or False, or one of them a dimension")


def _check(lattice: Lattice) -> None:
    num_dimensions = len(lattice.directions[0])
    for field, value in (("shape", lattice.shape), ("periodic", lattice.periodic)):
        if len(value) != num_dimensions:
            allowed = f"needs {num_dimensions} entries, one a dimension of the {lattice.kind} lattice"
            raise refusal(field, value, allowed)
    for axis, (extent, is_periodic) in enumerate(zip(lattice.shape, lattice.periodic, strict=True)):
        name = f"shape[{axis}]"
        doors.whole(name, extent, 1)
        if doors.flag("periodic", is_periodic) and extent < 3:
            raise refusal(name, extent, "must be at least 3 where periodic: bonds would double")
        if is_periodic and lattice.kind == "honeycomb" and extent % 2:
            raise refusal(name, extent, "must be even where periodic: the brick wall repeats every two")
    num_sites = math.prod(map(int, lattice.shape))
    if num_sites > doors.MAX_COUNT:
        raise refusal(
            "shape", lattice.shape, f"has {num_sites} sites; at most {doors.MAX_COUNT} can be numbered"
        )
    doors.affordable("shape", lattice.shape, BYTES_A_SITE * num_sites, "make the lattice smaller")


def _colours(lattice: Lattice) -> np.ndarray:
    index = np.indices(lattice.shape)
    periods = [n for n, is_periodic in zip(lattice.shape, lattice.periodic, strict=True) if is_periodic]
    if lattice.kind != "triangular":
        if all(n % 2 == 0 for n in periods):
            return index.sum(0) % 2
    elif all(n % 3 == 0 for n in periods):
        return index.sum(0) % 3
    elif all(n % 2 == 0 for n in periods):
        return index[0] % 2 + 2 * (index[1] % 2)
    return greedy_colours(lattice.num_sites, lattice.bonds)
