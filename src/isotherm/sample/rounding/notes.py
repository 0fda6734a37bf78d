"""What an answer must say of itself: how coarse the energies are that its chains compared."""

from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

MOST = 0.01
"""Rounding of an energy, in kT, that an answer does not mention."""

_DENSITIES = ("log_density", "logdensity")


@runtime_checkable
class SaysRounding(Protocol):
    """A kernel that knows how far apart the energies lie that it compares."""

    def rounding(self, states: Any) -> Float[Array, ""] | float:
        """In kT, at these states of many chains: a scalar."""
        ...


def rounding_notes(kernel: Any, states: Any) -> tuple[str, ...]:
    """A line where floats round what chains compared by more than :data:`MOST` kT; nothing else, or when traced.

    Args:
        kernel: one that :class:`SaysRounding`, itself or its step; or whose states hold a log
            density, as BlackJAX's do.
        states: the last of many chains.
    """
    judges = [one for one in (kernel, getattr(kernel, "step", None)) if isinstance(one, SaysRounding)]
    found = judges[0].rounding(states) if judges else _of_densities(states)
    if found is None or isinstance(found, Tracer):
        return ()
    step = float(found)
    if not step > MOST:
        return ()
    how = "lower the constant in it, compute in float64 (jax_enable_x64), or pass from_dense(model) of a dense one"
    return (f"coarse: energies are rounded to {step:.2g} kT where they are compared; {how}",)


def spacing(values: Any) -> Array:
    """Distance from the largest of these floats, of any shape, by magnitude, to the next one: a scalar."""
    array = jnp.asarray(values)
    size = jnp.where(jnp.isfinite(array), jnp.abs(array), 0.0).max(initial=0.0)
    return size * jnp.asarray(jnp.finfo(array.dtype).eps, array.dtype)


def _of_densities(states: Any) -> Array | None:
    for name in _DENSITIES:
        values = getattr(states, name, None)
        if isinstance(values, jax.Array | np.ndarray) and jnp.issubdtype(values.dtype, jnp.floating):
            return spacing(values)
    return None
