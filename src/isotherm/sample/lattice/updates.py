"""What a checkerboard sweep asks of a model: how a site is stored, and how it moves among its neighbours."""

import abc
from collections.abc import Callable
from typing import Literal, NamedTuple

import equinox as eqx
from jaxtyping import Array, Float, UInt32

Method = Literal["heat-bath", "metropolis"]

Words = Callable[[int], UInt32[Array, "..."]]
"""A random word for each site, and another with each argument."""

PROPOSED = 15 / 16
"""Share of sites for which Metropolis proposes the other one of two values, or another of several. If all did,
free spins would flip at every sweep, and some lattices (an Ising ring of five) would never leave half of their
states."""


class CheckerboardInfo(NamedTuple):
    """Fraction of sites that the last sweep changed, a scalar in ``[0, 1]``."""

    moved: Float[Array, ""]


Pull = tuple[Array, ...]
"""What neighbours and field do to sites, as far as a move must know: arrays of a part's shape."""


class Surroundings(NamedTuple):
    """What sites of one colour see.

    Attributes:
        neighbours: side after side, as :meth:`AbstractUpdate.seen` shows them, arrays ``(*shape,)``.
        couplings: of the bonds to them, zero where there is none; ``(*shape,)``, or a scalar where uniform.
        field: of the sites, likewise.
    """

    neighbours: tuple[tuple[Array, ...], ...]
    couplings: tuple[Array, ...]
    field: Array


class AbstractUpdate(eqx.Module):
    """Moves of the sites of one colour.

    A move ends in one array: a compiler that does not fuse several results into one loop would compute
    everything before them again for each.
    """

    method: eqx.AbstractVar[Method]

    @property
    @abc.abstractmethod
    def num_words(self) -> int:
        """Words a site that :meth:`draw` takes at most."""

    @abc.abstractmethod
    def seen(self, part: Array) -> tuple[Array, ...]:
        """What neighbours must know of sites: arrays in the shape ``(*shape,)`` of the part."""

    @abc.abstractmethod
    def pull(self, around: Surroundings) -> Pull:
        """What moves must know of the surroundings."""

    @abc.abstractmethod
    def draw(self, words: Words, beta: Array, part: Array, pull: Pull) -> Array:
        """Heat bath or Metropolis.

        Args:
            words: random ones, an array ``(*shape,)`` for each number below :attr:`num_words`.
            beta: inverse temperature, a scalar.
            part: the sites as they are, ``(*shape,)``.
            pull: as :meth:`pull` gives it.

        Returns:
            The sites as they become, ``(*shape,)``, in the dtype of ``part``.
        """

    @abc.abstractmethod
    def reflect(self, part: Array, pull: Pull) -> Array:
        """Over-relaxation: the state of equal energy on the other side of the local field, ``(*shape,)``."""
