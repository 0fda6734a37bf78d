"""Numbers of at least zero beyond the range of floats: a mantissa, in which all is linear, times a power of e.

Sums of logarithms lose the derivative at a zero, products of probabilities what is below the smallest float. Here
exponents are constants to derivatives, and a zero is a mantissa of zero: values and derivatives are both right.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_STEEPEST = 60.0
"""A zero counts in a sum with at most this power of e more than what is there: no value depends on it."""


class Scaled(eqx.Module):
    """``mantissa * exp(exponent)``, entry by entry.

    Attributes:
        mantissa: 0, or near 1, any shape ``(...)``.
        exponent: finite, of the same shape, constant to derivatives.
    """

    mantissa: Float[Array, "..."]
    exponent: Float[Array, "..."]

    def __getitem__(self, at: Any) -> "Scaled":
        """Entries, as of arrays."""
        return Scaled(self.mantissa[at], self.exponent[at])

    def times(self, other: "Scaled") -> "Scaled":
        """Entry by entry, of one shape or broadcast along axes of length 1."""
        return Scaled(self.mantissa * other.mantissa, self.exponent + other.exponent)

    def sum(self, axis: int) -> "Scaled":
        """Over one axis."""
        return _balanced(*_summed(self, axis))

    def shares(self, *axes: int) -> Float[Array, "..."]:
        """Entries over their sum along axes, of the same shape ``(...)``; zeros where the sum is zero."""
        parts = _terms(self, _largest(self, axes))
        total = parts.sum(axes, keepdims=True)
        is_there = total > 0
        return jnp.where(is_there, parts / jnp.where(is_there, total, 1.0), 0.0)

    def log(self) -> Float[Array, "..."]:
        """Logarithms, of the same shape ``(...)``; ``-inf`` of zero, where the derivative is taken to be 0."""
        is_there = self.mantissa > 0
        return jnp.where(is_there, jnp.log(jnp.where(is_there, self.mantissa, 1.0)), -jnp.inf) + self.exponent

    def centred(self) -> tuple["Scaled", Float[Array, ""]]:
        """All entries divided by one power of e, the largest; and its exponent, a scalar."""
        axes = tuple(range(self.exponent.ndim))
        top = _largest(self, axes)
        return Scaled(self.mantissa, self.exponent - top), top.reshape(())


def scaled(x: Float[Array, "*shape"]) -> Scaled:
    """Of plain numbers of at least 0, shape ``(*shape,)``."""
    return _balanced(x, jnp.zeros_like(x))


def scaled_exp(logs: Float[Array, "*shape"]) -> Scaled:
    """Of logarithms, shape ``(*shape,)``, which may be ``-inf``."""
    exponent = jax.lax.stop_gradient(jnp.where(jnp.isneginf(logs), 0.0, logs))
    return Scaled(jnp.exp(logs - exponent), exponent)


def _balanced(mantissa: Float[Array, "*shape"], exponent: Float[Array, "*shape"]) -> Scaled:
    """The same number with a mantissa of 1, or of 0."""
    is_there = mantissa >= jnp.finfo(mantissa.dtype).tiny
    shift = jax.lax.stop_gradient(jnp.log(jnp.where(is_there, mantissa, 1.0)))
    return Scaled(mantissa * jnp.exp(-shift), exponent + shift)


def _summed(x: Scaled, axis: int) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    top = _largest(x, (axis,))
    return _terms(x, top).sum(axis), top.squeeze(axis)


def _terms(x: Scaled, top: Float[Array, "..."]) -> Float[Array, "..."]:
    return x.mantissa * jnp.exp(jnp.minimum(x.exponent - top, _STEEPEST))


def _largest(x: Scaled, axes: tuple[int, ...]) -> Float[Array, "..."]:
    """Largest exponent along axes, which stay with length 1: of entries above zero, if there are any."""
    above = jnp.where(x.mantissa > 0, x.exponent, -jnp.inf).max(axes, keepdims=True)
    return jnp.where(jnp.isneginf(above), x.exponent.max(axes, keepdims=True), above)
