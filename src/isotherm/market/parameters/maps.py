"""Maps between raw parameters, which are any real numbers, and effective ones. JAX; ``host.py`` has them in NumPy.

All keep the dtype of their input (whole numbers become floats) and are differentiable wherever they are finite.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Real = Any
"""An array of real numbers, or one number of Python."""


_FAR = 1e8
"""Where ``sqrt(x**2 + 4)`` is ``x`` to rounding, and before ``x**2`` overflows."""


def floats(x: Real) -> Float[Array, "*shape"]:
    """As an array of floats, shaped as it: of its own dtype if that is one, else of the default one."""
    x = jnp.asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.result_type(float))


def squareplus(x: Real) -> Float[Array, "*shape"]:
    r"""A smooth positive part, :math:`(x + \sqrt{x^2 + 4}) / 2`, to rounding for every ``x``.

    Args:
        x: any shape.

    Returns:
        Of the same shape, above 0; 1 at 0.

    References:
        Barron, Squareplus: a softplus-like algebraic rectifier, arXiv 2112.11687 (2021).

    >>> squareplus(jnp.array([0.0, 1.5])).tolist()
    [1.0, 2.0]
    """
    x = floats(x)
    is_positive = x >= 0
    magnitude = jnp.where(is_positive, x, -x)
    is_far = magnitude > _FAR
    near = jnp.where(is_far, 0.0, magnitude)
    larger = 0.5 * (magnitude + jnp.where(is_far, magnitude, jnp.sqrt(near * near + 4)))
    return jnp.where(is_positive, larger, 1 / larger)


def inverse_squareplus(y: Real) -> Float[Array, "*shape"]:
    """What :func:`squareplus` maps to ``y``, ``y - 1/y``, shaped as ``y``; NaN where that is not above 0.

    >>> float(inverse_squareplus(2.0))
    1.5
    """
    y = floats(y)
    is_inside = y > 0
    inside = jnp.where(is_inside, y, 1.0)
    return jnp.where(is_inside, (inside - 1) * ((inside + 1) / inside), jnp.nan)


def logistic(x: Real) -> Float[Array, "*shape"]:
    """``1 / (1 + exp(-x))`` shaped as ``x``, within 0 .. 1, without overflow.

    >>> float(logistic(0.0))
    0.5
    """
    return jax.nn.sigmoid(floats(x))


def logit(p: Real) -> Float[Array, "*shape"]:
    """What :func:`logistic` maps to ``p``; shaped as ``p``; infinite at 0 and 1, NaN beyond.

    >>> float(logit(0.5))
    0.0
    """
    p = floats(p)
    return jnp.log(p) - jnp.log1p(-p)


def get_raw_value(value: Real) -> Float[Array, "*shape"]:
    """``log2(value)``, the raw form of what ``2**raw`` gives; shaped as it.

    >>> float(get_raw_value(0.25))
    -2.0
    """
    return jnp.log2(floats(value))


def get_log_amplitude(amplitude: Real, memory_days: Real) -> Float[Array, "*shape"]:
    """``log2(amplitude / memory_days)``: amplitudes are per day of memory. Shaped as both together.

    Args:
        amplitude: above 0.
        memory_days: days, above 0, of a shape that broadcasts.

    >>> float(get_log_amplitude(40.0, 10.0))
    2.0
    """
    return jnp.log2(floats(amplitude) / floats(memory_days))
