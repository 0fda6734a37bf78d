"""What a checkerboard sweep asks of a model: how a site is stored, and how it moves among its neighbours."""

import abc
from collections.abc import Callable
from typing import Literal, NamedTuple

import equinox as eqx
from jaxtyping import Array, UInt32

Method = Literal["heat-bath", "metropolis"]

Words = Callable[[int], UInt32[Array, "..."]]
"""A random word for each site, and another with each argument."""

Stored = tuple[Array, ...]
"""Arrays of one part that are updated together, such as cosines and sines."""


PROPOSED = 15 / 16
"""Share of sites for which Metropolis proposes the other one of two values, or another of several. If all did,
free spins would flip at every sweep, and some lattices (an Ising ring of five) would never leave half of their
states."""


class Surroundings(NamedTuple):
    """What the sites of a part see.

    Attributes:
        neighbours: side after side, stored as the sites are.
        couplings: of the bonds to them, zero where there is none.
        field: of the sites.
    """

    neighbours: tuple[Stored, ...]
    couplings: tuple[Array, ...]
    field: Array


class AbstractUpdate(eqx.Module):
    """Moves of the sites of one colour. ``num_words`` is how many words :meth:`draw` takes at most."""

    method: eqx.AbstractVar[Method]

    @property
    @abc.abstractmethod
    def num_words(self) -> int:
        """Words a site that :meth:`draw` takes at most."""

    @abc.abstractmethod
    def stored(self, x: Array) -> Stored:
        """From values as states of the model hold them."""

    @staticmethod
    @abc.abstractmethod
    def position(part: Stored) -> Array:
        """The reverse of :meth:`stored`."""

    @abc.abstractmethod
    def draw(self, words: Words, beta: Array, part: Stored, around: Surroundings) -> Stored:
        """Heat bath or Metropolis."""

    @abc.abstractmethod
    def reflect(self, part: Stored, around: Surroundings) -> Stored:
        """Over-relaxation: the state of equal energy on the other side of the local field."""
