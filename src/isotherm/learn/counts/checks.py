"""Door checks of Dirichlet counts."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.energy.inputs import floating
from isotherm.errors import refusal


def checked_counts(field: str, values: Any) -> Float[Array, "..."]:
    """Dirichlet counts with at least one axis.

    Raises:
        TypeError: naming ``field``, if they are no numbers.
        ValueError: naming ``field``, if one is negative or not finite, or there is no axis.
    """
    found = floating(field, values)
    if not found.ndim or not found.shape[0]:
        raise refusal(f"{field}.shape", found.shape, "must lead with the axis of events, of length 1 or more")
    if not doors.is_traced(found):
        doors.numbers(field, found, least=0)
    return jnp.asarray(found)


def check_shape(field: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Refuse another shape.

    Raises:
        ValueError: naming ``field``, its shape and the one wanted.
    """
    if shape != wanted:
        raise refusal(f"{field}.shape", shape, f"must be {wanted}")
