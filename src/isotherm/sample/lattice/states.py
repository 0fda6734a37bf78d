"""Potts and clock variables: a value among ``q`` a site, drawn by comparing one uniform with cumulative weights."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm.random.bits import below, uniform
from isotherm.sample.lattice.updates import PROPOSED, AbstractUpdate, Method, Stored, Surroundings, Words

MAX_UNROLLED = 32
"""Values are unrolled up to here: faster to run, slower to compile. More of them take their turn in a loop."""


class AbstractValues(AbstractUpdate):
    """Sites with values ``0 .. num_values - 1``."""

    num_values: eqx.AbstractVar[int]

    @property
    def num_words(self) -> int:
        """One for the heat bath, two for Metropolis: what is proposed, and whether it is taken."""
        return 1 if self.method == "heat-bath" else 2

    @abc.abstractmethod
    def of_values(self, values: Any) -> Stored:
        """Stored form of values, int32 array or int."""

    @abc.abstractmethod
    def gain(self, around: Surroundings) -> Callable[[Stored], Array]:
        """Minus the energy of a site as a function of its stored form."""

    def draw(self, words: Words, beta: Array, part: Stored, around: Surroundings) -> Stored:
        """Heat bath over all values, or one other value by Metropolis' rule."""
        gain = self.gain(around)
        if self.method == "heat-bath":
            return self._heat_bath(uniform(words(0)), beta, part, gain)
        turns = 1 + below(words(0), self.num_values - 1)
        proposed = self.of_values((part[0].astype(jnp.int32) + turns) % self.num_values)
        difference = beta * (gain(proposed) - gain(part))
        taken = uniform(words(1)) < PROPOSED * jnp.exp(jnp.minimum(difference, 0.0))
        return tuple(jnp.where(taken, new, old) for new, old in zip(proposed, part, strict=True))

    def reflect(self, part: Stored, around: Surroundings) -> Stored:
        """Values cannot: the reflected angle is none of theirs."""
        raise NotImplementedError

    def _heat_bath(
        self, uniforms: Array, beta: Array, part: Stored, gain: Callable[[Stored], Array]
    ) -> Stored:
        zeros = jnp.zeros_like(uniforms)

        def log_weight(k: Any) -> Array:
            return beta * gain(self.of_values(k)) + zeros

        most = self._fold(0, lambda k, most: jnp.maximum(most, log_weight(k)), zeros - jnp.inf)
        total = self._fold(0, lambda k, total: total + jnp.exp(log_weight(k) - most), zeros)
        level = uniforms * total

        def advance(k: Any, carry: tuple[Array, Stored]) -> tuple[Array, Stored]:
            cumulative, value = carry
            cumulative = cumulative + jnp.exp(log_weight(k - 1) - most)
            beyond = cumulative <= level
            here = self.of_values(k)
            return cumulative, tuple(
                jnp.where(beyond, new, old) for new, old in zip(here, value, strict=True)
            )

        first = tuple(
            jnp.broadcast_to(new, uniforms.shape).astype(old.dtype)
            for new, old in zip(self.of_values(0), part, strict=True)
        )
        return self._fold(1, advance, (zeros, first))[1]

    def _fold(self, start: int, body: Callable[[Any, Any], Any], carry: Any) -> Any:
        if self.num_values > MAX_UNROLLED:
            return jax.lax.fori_loop(start, self.num_values, body, carry)
        for k in range(start, self.num_values):
            carry = body(k, carry)
        return carry


class PottsStates(AbstractValues):
    """Potts: values alone."""

    method: Method = eqx.field(static=True)
    num_values: int = eqx.field(static=True)

    def stored(self, x: Array) -> Stored:
        """Bytes."""
        return (x,)

    @staticmethod
    def position(part: Stored) -> Array:
        """Bytes."""
        return part[0]

    def of_values(self, values: Any) -> Stored:
        """Bytes."""
        return (jnp.asarray(values).astype(jnp.uint8),)

    def gain(self, around: Surroundings) -> Callable[[Stored], Array]:
        """Couplings to equal neighbours, and the field at zero."""

        def found(part: Stored) -> Array:
            total = jnp.where(part[0] == 0, around.field, 0.0)
            for (values,), coupling in zip(around.neighbours, around.couplings, strict=True):
                total = total + jnp.where(values == part[0], coupling, 0.0)
            return total

        return found


class ClockStates(AbstractValues):
    """Clock: values, and cosine and sine of their angles."""

    method: Method = eqx.field(static=True)
    num_values: int = eqx.field(static=True)

    def stored(self, x: Array) -> Stored:
        """Bytes and unit vectors."""
        return self.of_values(x.astype(jnp.int32))

    @staticmethod
    def position(part: Stored) -> Array:
        """Bytes."""
        return part[0]

    def of_values(self, values: Any) -> Stored:
        """Bytes and unit vectors."""
        angles = 2 * np.pi * np.arange(self.num_values) / self.num_values
        tables = [table.astype(np.float32) for table in (np.cos(angles), np.sin(angles))]
        if isinstance(values, int):
            return (jnp.uint8(values), *(jnp.float32(table[values]) for table in tables))
        return (values.astype(jnp.uint8), *(jnp.asarray(table)[values] for table in tables))

    def gain(self, around: Surroundings) -> Callable[[Stored], Array]:
        """Along the local field."""
        x, y = local_field(tuple(vector[1:] for vector in around.neighbours), around)
        return lambda part: x * part[1] + y * part[2]


def local_field(vectors: tuple[Stored, ...], around: Surroundings) -> tuple[Array, Array]:
    """Sum of unit vectors times couplings, and the field along ``x``."""
    x, y = around.field, jnp.zeros((), jnp.float32)
    for (cosine, sine), coupling in zip(vectors, around.couplings, strict=True):
        x, y = x + coupling * cosine, y + coupling * sine
    return x, y
