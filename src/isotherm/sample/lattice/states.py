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
from isotherm.sample.lattice.updates import PROPOSED, AbstractUpdate, Method, Pull, Surroundings, Words

MAX_UNROLLED = 32
"""Values are unrolled up to here: faster to run, slower to compile. More of them take their turn in a loop."""

Gain = Callable[[Any], Array]
"""Minus the energy of sites if they had a value: one for all, or each its own."""


class AbstractValues(AbstractUpdate):
    """Sites with values ``0 .. num_values - 1``, uint8."""

    num_values: eqx.AbstractVar[int]

    @property
    def num_words(self) -> int:
        """One for the heat bath, two for Metropolis: what is proposed, and whether it is taken."""
        return 1 if self.method == "heat-bath" else 2

    @abc.abstractmethod
    def gain(self, pull: Pull) -> Gain:
        """What the neighbours and the field make of a value."""

    def draw(self, words: Words, beta: Array, part: Array, pull: Pull) -> Array:
        """Heat bath over all values, or one other value by Metropolis' rule; uint8 ``(*shape,)``."""
        gain = self.gain(pull)
        if self.method == "heat-bath":
            return self._heat_bath(uniform(words(0)), lambda value: beta * gain(value)).astype(jnp.uint8)
        now = part.astype(jnp.int32)
        other = (now + 1 + below(words(0), self.num_values - 1)) % self.num_values
        difference = beta * (gain(other) - gain(now))
        taken = uniform(words(1)) < PROPOSED * jnp.exp(jnp.minimum(difference, 0.0))
        return jnp.where(taken, other, now).astype(jnp.uint8)

    def reflect(self, part: Array, pull: Pull) -> Array:
        """Values cannot: the reflected angle is none of theirs."""
        raise NotImplementedError

    def _heat_bath(self, uniforms: Array, log_weight: Gain) -> Array:
        zeros = jnp.zeros_like(uniforms)
        most = self._most(log_weight, zeros)

        def accumulate(value: Any, total: Array) -> Array:
            return total + jnp.exp(log_weight(value) - most)

        def advance(value: Any, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            cumulative = accumulate(value, carry[0])
            return cumulative, carry[1] + (cumulative <= level).astype(jnp.int32)

        level = uniforms * self._fold(self.num_values, accumulate, zeros)
        return self._fold(self.num_values - 1, advance, (zeros, zeros.astype(jnp.int32)))[1]

    def _most(self, log_weight: Gain, zeros: Array) -> Array:
        """The largest log weight."""
        least = jnp.full_like(zeros, -jnp.inf)
        return self._fold(self.num_values, lambda k, most: jnp.maximum(most, log_weight(k)), least)

    def _fold(self, stop: int, body: Callable[[Any, Any], Any], carry: Any) -> Any:
        if self.num_values > MAX_UNROLLED:
            return jax.lax.fori_loop(0, stop, body, carry)
        for value in range(stop):
            carry = body(value, carry)
        return carry


class PottsStates(AbstractValues):
    """Potts: neighbours favour their own value."""

    method: Method = eqx.field(static=True)
    num_values: int = eqx.field(static=True)

    def seen(self, part: Array) -> tuple[Array, ...]:
        """The values, uint8 ``(*shape,)``."""
        return (part,)

    def pull(self, around: Surroundings) -> Pull:
        """The field, each coupling, each neighbour."""
        return (around.field, *around.couplings, *(values for (values,) in around.neighbours))

    def gain(self, pull: Pull) -> Gain:
        """Couplings to equal neighbours, and the field at zero."""
        field, num_sides = pull[0], len(pull) // 2
        sides = list(zip(pull[1 : num_sides + 1], pull[num_sides + 1 :], strict=True))

        def found(value: Any) -> Array:
            total = jnp.where(jnp.asarray(value) == 0, field, 0.0)
            value = jnp.asarray(value).astype(jnp.uint8)
            for coupling, values in sides:
                total = total + jnp.where(values == value, coupling, 0.0)
            return total

        return found


class ClockStates(AbstractValues):
    """Clock: neighbours pull along their angles."""

    method: Method = eqx.field(static=True)
    num_values: int = eqx.field(static=True)

    def seen(self, part: Array) -> tuple[Array, ...]:
        """Cosines and sines, float32 ``(*shape,)`` each."""
        return self._cosine(part.astype(jnp.int32)), self._sine(part.astype(jnp.int32))

    def pull(self, around: Surroundings) -> Pull:
        """The local field."""
        return local_field(around)

    def gain(self, pull: Pull) -> Gain:
        """Along the local field."""
        x, y = pull
        return lambda value: x * self._cosine(value) + y * self._sine(value)

    def _cosine(self, value: Any) -> Array:
        return _entry(np.cos(2 * np.pi * np.arange(self.num_values) / self.num_values), value)

    def _sine(self, value: Any) -> Array:
        return _entry(np.sin(2 * np.pi * np.arange(self.num_values) / self.num_values), value)

    def _most(self, log_weight: Gain, zeros: Array) -> Array:
        """The largest log weight: opposite angles differ by the sign."""
        if self.num_values % 2:
            return super()._most(log_weight, zeros)
        half = self.num_values // 2
        most = zeros
        for value in range(half):
            most = jnp.maximum(most, jnp.abs(log_weight(value)))
        return most


def _entry(table: np.ndarray, at: Any) -> Array:
    if isinstance(at, int):
        return jnp.float32(table[at])
    return jnp.asarray(table, jnp.float32).at[at].get(mode="promise_in_bounds")


def local_field(around: Surroundings) -> tuple[Array, Array]:
    """Sum of the neighbours' unit vectors times couplings, and the field along ``x``: two arrays ``(*shape,)``."""
    x, y = around.field, jnp.zeros((), jnp.float32)
    for (cosine, sine), coupling in zip(around.neighbours, around.couplings, strict=True):
        x, y = x + coupling * cosine, y + coupling * sine
    return x, y
