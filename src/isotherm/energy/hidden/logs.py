"""Logarithms of probabilities: with true zeros, or with the floor that the reference puts under them."""

from typing import Any, Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.errors import refusal

EPS = 2.220446049250313e-16
"""Floor of probabilities, the machine epsilon of float64, in float32 too."""

Floor = Literal["reference"]
"""Put :data:`EPS` under probabilities. None instead: lossless, a zero is one."""


def log_floored(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """``ln max(x, EPS)``, of the shape ``(*shape,)`` of ``x``; at least -36.04.

    >>> [round(float(y), 3) for y in log_floored(jnp.array([0.0, 1.0]))]
    [-36.044, 0.0]
    """
    return jnp.log(jnp.maximum(x, EPS))


def safe_log(x: Float[Array, "*shape"], floor: Floor | None = None) -> Float[Array, "*shape"]:
    """Logarithm whose gradient is finite at zero too, where it is taken to be 0.

    Args:
        x: at least 0, any shape ``(*shape,)``.
        floor: None: ``-inf`` at zero; ``"reference"``: :func:`log_floored`.

    Raises:
        ValueError: if ``floor`` is another word.
    """
    if is_floored(floor):
        return log_floored(x)
    is_above = x > 0
    return jnp.where(is_above, jnp.log(jnp.where(is_above, x, 1.0)), -jnp.inf)


def is_floored(floor: Any) -> bool:
    """Whether probabilities get the reference's floor.

    Raises:
        ValueError: if ``floor`` is neither None nor ``"reference"``.
    """
    if floor is None:
        return False
    if not isinstance(floor, str) or floor != "reference":
        raise refusal("floor", floor, "should be None or 'reference'")
    return True


def entropy(p: Float[Array, "..."], axis: int = 0) -> Float[Array, "..."]:
    """``-sum p ln p`` over one axis, in nats, with ``0 ln 0 = 0``; a scalar for one law ``(events,)``.

    >>> round(float(entropy(jnp.array([0.5, 0.5, 0.0]))), 4)
    0.6931
    """
    return -jnp.sum(p * jnp.log(jnp.where(p > 0, p, 1.0)), axis)


def cross_entropy(
    p: Float[Array, "..."], q: Float[Array, "..."], floor: Floor | None = None, axis: int = 0
) -> Float[Array, "..."]:
    """``-sum p ln q`` over one axis, in nats; infinite where ``p`` has mass and ``q`` has none.

    Args:
        p: laws, ``(events, ...)`` for axis 0.
        q: laws, shaped as ``p``.
        floor: ``"reference"`` puts :data:`EPS` under ``q``, so that nothing is infinite.
        axis: of events.

    Raises:
        ValueError: if ``floor`` is another word.
    """
    log_q = safe_log(q, floor)
    return -jnp.sum(p * jnp.where((p == 0) & jnp.isneginf(log_q), 0.0, log_q), axis)
