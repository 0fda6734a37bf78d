"""Counting in the bits of words: 32 sums at a time, by logic alone."""

import functools
from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, UInt32

Plane = UInt32[Array, "*shape"]
"""A bit of each of 32 numbers a word."""


def add(binary: Sequence[Array], plane: Array, place: int = 0) -> list[Array]:
    """Binary numbers, the last digit first, plus a bit worth ``2**place``; they grow by a digit."""
    digits, carry = list(binary[:place]), plane
    digits += [jnp.zeros_like(plane)] * (place - len(digits))
    for digit in binary[place:]:
        digits.append(digit ^ carry)
        carry = digit & carry
    return [*digits, carry]


def counted(planes: Sequence[Array], start: Sequence[Array] = (), place: int = 0) -> list[Array]:
    """How many of the planes are one, in binary, the last digit first; each worth ``2**place``, on top of ``start``.

    Digits that no sum reaches are left out.
    """
    binary, most = list(start), (1 << len(start)) - 1
    for plane in planes:
        most += 1 << place
        binary = add(binary, plane, place)[: most.bit_length()]
    return binary


def equals(binary: Sequence[Array], value: int) -> Array:
    """Where a binary number has a value."""
    planes = [digit if value >> place & 1 else ~digit for place, digit in enumerate(binary)]
    return functools.reduce(jnp.bitwise_and, planes)
