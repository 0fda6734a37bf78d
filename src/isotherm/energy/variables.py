"""Groups of variables of one kind: what a state of a factor graph is made of."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from isotherm.doors import choice, whole
from isotherm.errors import refusal

MAX_CARDINALITY = 65536
"""States of a categorical variable are stored in one or two bytes."""

MAX_SIZE = 2**31 - 1
"""Variables are numbered in int32."""

Kind = Literal["spin", "categorical", "real", "custom"]


@dataclass(frozen=True)
class Variables:
    """A group of ``size`` variables of one kind; made by :func:`spin`, :func:`categorical`, :func:`real`, ...

    Attributes:
        kind: ``"spin"`` (int8, ``-1`` or ``+1``), ``"categorical"`` (unsigned, ``0 .. cardinality - 1``),
            ``"real"`` (float32) or ``"custom"`` (any pytree, sampled by the user's own conditional).
        size: how many, at least 1.
        cardinality: how many values each can take: 2 for spins, 0 where that is infinite or unknown.

    Raises:
        ValueError: if ``kind`` is unknown, ``size`` is out of range, or ``cardinality`` cannot be that of the kind.
        TypeError: if ``size`` or ``cardinality`` is no whole number.
    """

    kind: Kind
    size: int
    cardinality: int

    def __post_init__(self) -> None:
        choice("kind", self.kind, get_args(Kind))
        whole("size", self.size, 0, MAX_SIZE)
        cardinality = whole("cardinality", self.cardinality, 0, MAX_CARDINALITY)
        fits = {"spin": cardinality == 2, "categorical": cardinality >= 2}.get(self.kind, cardinality == 0)
        if not fits:
            raise refusal("cardinality", cardinality, f"cannot be that of {self.kind} variables")

    @property
    def is_discrete(self) -> bool:
        """Whether each variable takes finitely many values."""
        return self.cardinality > 0

    @property
    def dtype(self) -> np.dtype:
        """What a state of the group is stored as; custom states keep their own dtypes."""
        if self.kind == "categorical":
            return np.dtype(np.uint8 if self.cardinality <= 256 else np.uint16)
        return np.dtype(np.int8 if self.kind == "spin" else np.float32)

    def values(self) -> np.ndarray:
        """All values of one variable in the order of tables, shape ``(cardinality,)``: ``-1, +1`` for spins."""
        if self.kind == "spin":
            return np.array([-1, 1], self.dtype)
        return np.arange(self.cardinality, dtype=self.dtype)


def spin(size: int) -> Variables:
    """Variables of plus and minus one.

    Raises:
        ValueError: if ``size`` is no whole number from 1 up.

    >>> spin(3).values().tolist()
    [-1, 1]
    """
    return Variables("spin", _counted(size), 2)


def categorical(size: int, cardinality: int) -> Variables:
    """Variables with values ``0 .. cardinality - 1``.

    Raises:
        ValueError: if ``size`` is no whole number from 1 up, or ``cardinality`` none within 2 .. 65,536.

    >>> group = categorical(4, cardinality=3)
    >>> group.values().tolist(), group.dtype
    ([0, 1, 2], dtype('uint8'))
    """
    return Variables("categorical", _counted(size), whole("cardinality", cardinality, 2, MAX_CARDINALITY))


def real(size: int) -> Variables:
    """Real variables; their law must be normalisable, which the factors decide.

    Raises:
        ValueError: if ``size`` is no whole number from 1 up.
    """
    return Variables("real", _counted(size), 0)


def custom(size: int) -> Variables:
    """Variables of the user's own kind: a pytree whose leaves lead with an axis of ``size``.

    They need a conditional of the user's own when sampled; see :func:`isotherm.sample.gibbs`.

    Raises:
        ValueError: if ``size`` is no whole number from 1 up.
    """
    return Variables("custom", _counted(size), 0)


def _counted(size: object) -> int:
    return whole("size", size, 1, MAX_SIZE)
