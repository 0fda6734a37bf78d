r"""Memory of an average in days, and the decay ``lambda`` that has it. JAX; ``host.py`` has them in NumPy.

With one step every ``chunk_period`` minutes, memory is ``m = 2 cbrt(6 b) chunk_period / 1440`` days where
``b = lambda / (1 - lambda)**3``. The way back is a cubic: with ``s = x**3 / 6``, ``x = 720 m / chunk_period`` and
``u = 1 - lambda``, ``s u**3 + u = 1``, whose one real root is hyperbolic,

.. math:: u = \frac{2}{z} \sinh\left(\tfrac13 \operatorname{asinh} \tfrac{3z}{2}\right), \quad z = \sqrt{3 s},

and cancels nowhere, in float32 neither.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.market.parameters.maps import Real, floats, logistic

MINUTES_A_DAY = 1440.0

LONGEST = 1e6
"""Days of the longest memory that parameters begin with: beyond all prices, and far from decays that round to 1."""


def lambda_to_memory(decay: Real) -> Float[Array, "*shape"]:
    """Memory in steps, ``4 cbrt(6 lambda / (1 - lambda)**3)``, shaped as it.

    Args:
        decay: lambda, within 0 .. 1; 1 remembers for ever.

    >>> round(float(lambda_to_memory(0.5)), 4)
    11.538
    """
    decay = floats(decay)
    is_positive = decay > 0  # the slope of the root is infinite at 0
    root = jnp.cbrt(6 * jnp.where(is_positive, decay, 1.0)) / (1 - decay)
    return jnp.where(is_positive, 4 * root, 0.0 * decay)


def lambda_to_memory_days(decay: Real, chunk_period: Real) -> Float[Array, "*shape"]:
    """Memory in days, ``2 cbrt(6 lambda / (1 - lambda)**3) chunk_period / 1440``, shaped as it.

    Args:
        decay: lambda, within 0 .. 1; 1 remembers for ever.
        chunk_period: minutes between two steps, above 0.

    >>> round(float(lambda_to_memory_days(0.5, 60)), 4)
    0.2404
    """
    memory = lambda_to_memory(decay)
    return memory * _like(memory, chunk_period) / (2 * MINUTES_A_DAY)


def lambda_to_memory_days_clipped(
    decay: Real, chunk_period: Real, max_memory_days: Real
) -> Float[Array, "*shape"]:
    """As :func:`lambda_to_memory_days`, shaped as the decay, within 0 .. ``max_memory_days``, without slope beyond.

    >>> float(lambda_to_memory_days_clipped(0.985, 60, 5.0))
    5.0
    """
    decay = floats(decay)
    # A decay that rounds to 1 has infinite memory, and an infinite slope times 0 is no number.
    decay = jnp.minimum(decay, 1 - float(jnp.finfo(decay.dtype).epsneg))
    days = lambda_to_memory_days(decay, chunk_period)
    return jnp.clip(days, 0.0, _like(days, max_memory_days))


def memory_days_to_lambda(memory_days: Real, chunk_period: Real) -> Float[Array, "*shape"]:
    """The decay of a memory in days, shaped as it, within 0 .. 1; 0 for none.

    Args:
        memory_days: days, at least 0; NaN comes of others.
        chunk_period: minutes between two steps, above 0.

    References:
        Holmes, The use of hyperbolic cosines in solving cubic polynomials, Mathematical Gazette 86 (2002).

    >>> round(float(memory_days_to_lambda(10.0, 1440)), 4)
    0.6804
    """
    x = _in_half_steps(memory_days, chunk_period)
    s, u = x * x * x / 6, _rest(x)
    is_short = s < 1
    return jnp.where(is_short, jnp.where(is_short, s, 0.0) * u * u * u, 1 - u)


def memory_days_to_logit_lambda(memory_days: Real, chunk_period: Real) -> Float[Array, "*shape"]:
    """``logit(lambda)`` of a memory in days, shaped as it, to rounding however long; -inf for none.

    Args:
        memory_days: days, at least 0; NaN comes of others.
        chunk_period: minutes between two steps, above 0.

    >>> round(float(memory_days_to_logit_lambda(10.0, 1440)), 4)
    0.7554
    """
    x = _in_half_steps(memory_days, chunk_period)
    return 3 * jnp.log(x) - math.log(6.0) + 2 * jnp.log(_rest(x))


def logit_lambda_to_lambda(logit_lambda: Real) -> Float[Array, "*shape"]:
    """The decay of its raw form, shaped as it, within 0 .. 1.

    >>> float(logit_lambda_to_lambda(0.0))
    0.5
    """
    return logistic(logit_lambda)


def _in_half_steps(memory_days: Real, chunk_period: Real) -> Float[Array, "*shape"]:
    days = floats(memory_days)
    return days * (MINUTES_A_DAY / 2) / _like(days, chunk_period)


def _like(array: Array, value: Real) -> Any:
    """A number, or an array in the dtype of another."""
    return value if isinstance(value, int | float) else jnp.asarray(value).astype(array.dtype)


@jax.custom_jvp
def _rest(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The real root ``u`` of ``x**3 u**3 / 6 + u = 1``."""
    z = jnp.sqrt(x * x * x / 2)
    is_zero = z == 0
    inside = jnp.where(is_zero, 1.0, z)
    return jnp.where(is_zero, 1.0, 2 / inside * jnp.sinh(jnp.arcsinh(1.5 * inside) / 3))


@_rest.defjvp
def _rest_slope(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    """From the equation itself, which has no quotient of small numbers."""
    (x,), (direction,) = primals, tangents
    u = _rest(x)
    square = (x * u) ** 2
    return u, -square * u / (2 + square * x) * direction
