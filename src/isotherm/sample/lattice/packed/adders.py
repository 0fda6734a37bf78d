"""Counting in the bits of words: 32 sums at a time, by logic alone.

A *plane* is an array of words of which each bit answers a question about one spin, such as whether its neighbour on
one side is up. A number for each spin is a list of planes, its binary digits, the last one first::

                      bit  3 2 1 0                        bit  3 2 1 0
    is the 1st up?         1 0 1 1                  ones       0 1 0 1
    is the 2nd up?         1 0 1 1     counted      twos       0 0 1 1
    is the 3rd up?         1 0 0 0    -------->     fours      1 0 0 0
    is the 4th up?         1 1 0 1                                    bit 0: 1 + 2 = 3 of four are up
                          (4 1 2 3)                                  bit 3: 4 of four
"""

import functools
from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, UInt32

Plane = UInt32[Array, "*shape"]
"""A bit of each of 32 numbers a word."""


def add(binary: Sequence[Array], plane: Array, place: int = 0) -> list[Array]:
    """Binary numbers, the last digit first, plus a bit worth ``2**place``; they grow by a digit.

    Args:
        binary: digits, uint32 planes of one shape ``(*shape,)``.
        plane: the bit, of that shape.
        place: of the digit that it is added to.
    """
    digits, carry = list(binary[:place]), plane
    digits += [jnp.zeros_like(plane)] * (place - len(digits))
    for digit in binary[place:]:
        digits.append(digit ^ carry)
        carry = digit & carry
    return [*digits, carry]


def counted(planes: Sequence[Array], start: Sequence[Array] = (), place: int = 0) -> list[Array]:
    """How many of the planes are one, in binary, the last digit first; each worth ``2**place``, on top of ``start``.

    Digits that no sum reaches are left out.

    Args:
        planes: uint32 of one shape ``(*shape,)``.
        start: digits to begin with, of that shape.
        place: what a plane is worth.
    """
    binary, most = list(start), (1 << len(start)) - 1
    for plane in planes:
        most += 1 << place
        binary = add(binary, plane, place)[: most.bit_length()]
    return binary


def equals(binary: Sequence[Array], value: int) -> Array:
    """Where a binary number, digits of shape ``(*shape,)``, has a value: a plane of that shape."""
    planes = [digit if value >> place & 1 else ~digit for place, digit in enumerate(binary)]
    return functools.reduce(jnp.bitwise_and, planes)
