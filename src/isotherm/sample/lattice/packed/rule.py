"""What 32 Ising spins a word do among their neighbours: sort them by local field, then decide at random.

The local fields of one coupling strength are few. Adders count the neighbours that are up, each class of spins
gets the digits of its probability, and all spins of all classes are compared with one random number each. Without
a field a spin follows the majority of its neighbours but for an error, which halves the classes::

    neighbours   a word for each side            side 0   1 0 1 1 ...    one bit a spin
                                                 side 1   1 0 0 1 ...
                    | counted, equals               :
    is_class     a word for each class           sum -4   0 1 0 0 ...    one 1 in each column:
                 of a group of four              sum -2   0 0 0 0 ...    each spin is of one class
                                                 sum  0   0 0 1 0 ...
                    | and                        sum  2   0 0 0 0 ...
                    |                            sum  4   1 0 0 1 ...
    digits       (levels, classes), a word each:          p p p p ...    bit b: one binary digit of the
                 one digit of each class's probability                   probability at the beta of bit b
                    | or over the classes
    a level's    the digit that counts for each spin, held against a random word;
    digits       25 levels settle all 32 decisions (:mod:`isotherm.random.thresholds`)

With several groups (anisotropic couplings) a class is a combination of one sum of each group.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, UInt32

from isotherm.random.bits import Lanes
from isotherm.random.thresholds import decisions, threshold_digits
from isotherm.sample.lattice.packed.adders import counted, equals
from isotherm.sample.lattice.updates import PROPOSED, Method


class Group(NamedTuple):
    """Neighbours whose bonds are equally strong.

    Attributes:
        sides: their places in the list of neighbours.
        is_complete: whether every site has all of them.
    """

    sides: tuple[int, ...]
    is_complete: bool

    @property
    def sums(self) -> list[int]:
        """Sums of spins that occur, ascending."""
        z = len(self.sides)
        return list(range(-z, z + 1, 2 if self.is_complete else 1))


class Rule(eqx.Module):
    """Heat bath or Metropolis.

    Attributes:
        groups: of neighbours; each has a coupling (static).
        has_field: whether there may be a field (static).
        method: which (static).
    """

    groups: tuple[Group, ...] = eqx.field(static=True)
    has_field: bool = eqx.field(static=True)
    method: Method = eqx.field(static=True)

    @property
    def _is_symmetric(self) -> bool:
        """Whether spins follow the majority but for errors, whichever way it points."""
        return self.method == "heat-bath" and not self.has_field

    @functools.cached_property
    def _classes(self) -> list[tuple[int, ...]]:
        """Sums of each group, all combinations; the reverse of the list has all signs turned."""
        return list(itertools.product(*(group.sums for group in self.groups)))

    def digits(
        self, beta: Float[Array, "lanes words"], couplings: Float[Array, " groups"], field: Float[Array, ""]
    ) -> UInt32[Array, "levels classes words"]:
        """What :meth:`update` compares random numbers with: probabilities of all classes, in binary.

        Args:
            beta: of each bit of each array of words, shape ``(32, words)``.
            couplings: of each group, shape ``(groups,)``.
            field: a scalar.

        Returns:
            uint32, shape ``(25, classes, words)``: bit ``b`` belongs to ``beta[b]``.
        """
        sums = np.asarray(self._classes, np.float32)
        if self._is_symmetric:
            sums = sums[(len(sums) + 1) // 2 :]
        local = jnp.sum(sums * couplings[None], axis=1)[:, None, None]
        twice = 2 * beta[None]
        if self._is_symmetric:
            return threshold_digits(lax.logistic(-twice * local))
        if self.method == "heat-bath":
            return threshold_digits(lax.logistic(twice * (local + field)))
        signs = (1.0, -1.0) if self.has_field else (0.0,)
        gains = jnp.concatenate([-twice * (local + sign * field) for sign in signs])
        return threshold_digits(PROPOSED * jnp.exp(jnp.minimum(gains, 0.0)))

    def update(
        self,
        spins: UInt32[Array, "*shape"],
        neighbours: Sequence[Array],
        missing: Sequence[Array | None],
        digits: UInt32[Array, "levels classes"],
        lanes: Lanes,
    ) -> UInt32[Array, "*shape"]:
        """New spins of one sublattice; ones are up.

        Args:
            spins: as they are, words ``(*shape,)``.
            neighbours: of each side, ``(*shape,)``, turned over where the coupling is negative.
            missing: ones where a spin has no neighbour on that side; None if all have.
            digits: of the word that all these are of, ``(25, classes)``.
            lanes: a generator a word.
        """
        if self.method == "metropolis":
            flips = self._flips(spins, neighbours, missing, digits, lanes)
            return spins ^ flips
        is_class = self._sorted(neighbours, missing)
        if not self._is_symmetric:
            return _decided(is_class, digits, lanes)
        half, is_odd = divmod(len(is_class), 2)
        above, below = is_class[half + is_odd :], is_class[:half][::-1]
        either = [up | down for up, down in zip(above, below, strict=True)]
        majority = functools.reduce(jnp.bitwise_or, above)
        return majority ^ _decided(either, digits, lanes, is_class[half] if is_odd else None)

    def _flips(self, spins, neighbours, missing, digits, lanes) -> Array:
        agree = [~(spins ^ neighbour) for neighbour in neighbours]
        is_class = self._sorted(agree, missing)
        if self.has_field:
            is_class = [spins & c for c in is_class] + [~spins & c for c in is_class]
        return _decided(is_class, digits, lanes)

    def _sorted(self, up: Sequence[Array], missing: Sequence[Array | None]) -> list[Array]:
        """Where each class is."""
        planes = [_planes_of_sums(group, up, missing) for group in self.groups]
        return [functools.reduce(jnp.bitwise_and, each) for each in itertools.product(*planes)]


def _planes_of_sums(group: Group, up: Sequence[Array], missing: Sequence[Array | None]) -> list[Array]:
    """Where each of the group's sums of spins is: from the number of those up, missing ones counting half."""
    if group.is_complete:
        count = counted([up[side] for side in group.sides])
        return [equals(count, value) for value in range(len(group.sides) + 1)]
    gaps = [(side, gap) for side in group.sides if (gap := missing[side]) is not None]
    present = [up[side] if (gap := missing[side]) is None else up[side] & ~gap for side in group.sides]
    twice = counted(present, start=counted([gap for _, gap in gaps]), place=1)
    return [equals(twice, value) for value in range(2 * len(group.sides) + 1)]


@jax.jit
def _decided(
    is_class: Sequence[Array], digits: Array, lanes: Lanes, is_even: Array | None = None
) -> UInt32[Array, "*shape"]:
    """Ones with the probability of each spin's class; a half where ``is_even``."""

    def digit(level: int) -> Array:
        chosen = [plane & digits[level, which] for which, plane in enumerate(is_class)]
        if is_even is not None and level == len(digits) - 1:
            chosen.append(is_even)
        return functools.reduce(jnp.bitwise_or, chosen)

    return decisions(digit, lanes)
