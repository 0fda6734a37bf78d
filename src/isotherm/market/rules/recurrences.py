"""Ways to run one definition: a price at a time, all prices at once by an associative scan, or by convolution.

An estimator is written once, in terms of the two things that look back: the value one row before, and decaying sums.
A :class:`Way` says how these are found. With :data:`STEP` the arrays have no axis of time, and the definition is a
streaming step; with :data:`BATCH` and :func:`convolving` they lead with rows of time, and so do the states returned.
"""

import functools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Form = Literal["vectorized", "scan"]
Step = Callable[["Way", Any, Any], tuple[Any, Any]]
"""Way, state, price (one or rows) to state and output."""


class Way(NamedTuple):
    """How a definition looks back.

    Attributes:
        previous: value of the state ``(*shape)`` and of the rows to what stood one row before, shaped as the rows.
        decayed: decay (broadcast to the rows), start ``(*shape)`` and inputs to ``y_t = decay y_{t-1} + input_t``.
    """

    previous: Callable[[Array, Array], Array]
    decayed: Callable[[Array, Array, Array], Array]


def _step_decayed(decay: Array, start: Array, inputs: Array) -> Array:
    return decay * start + inputs


def _previous_rows(first: Array, rows: Array) -> Array:
    return jnp.concatenate([first[None], rows[:-1]]) if rows.shape[0] else rows


def _with_start(decay: Array, start: Array, inputs: Array) -> Array:
    """Inputs of a sum that starts from zero and is the same."""
    return inputs.at[0].add(jnp.broadcast_to(decay, inputs.shape)[0] * start)


def _batch_decayed(decay: Array, start: Array, inputs: Array) -> Array:
    if not inputs.shape[0]:
        return inputs
    pairs = jnp.broadcast_to(decay, inputs.shape), _with_start(decay, start, inputs)
    return jax.lax.associative_scan(_joined, pairs)[1]


def _joined(early: tuple[Array, Array], late: tuple[Array, Array]) -> tuple[Array, Array]:
    return early[0] * late[0], late[0] * early[1] + late[1]


STEP = Way(previous=lambda first, row: first, decayed=_step_decayed)
"""One price: arrays have no axis of time."""

BATCH = Way(previous=_previous_rows, decayed=_batch_decayed)
"""Rows of prices, in logarithmic depth. What a row holds depends on no later row, to the last bit."""


@functools.lru_cache
def convolving(kernel_length: int) -> Way:
    """Rows of prices, decayed sums cut off after ``kernel_length`` rows and taken by a fast Fourier transform.

    For accelerators. Rounding of late rows reaches early ones, so no law of causes holds to the last bit.
    """

    def decayed(decay: Array, start: Array, inputs: Array) -> Array:
        rows = inputs.shape[0]
        if not rows:
            return inputs
        lags = jnp.arange(min(kernel_length, rows), dtype=inputs.dtype)
        kernel = jnp.broadcast_to(decay, inputs.shape)[0][None] ** lags.reshape(-1, *[1] * (inputs.ndim - 1))
        size = 1 << (rows + kernel.shape[0] - 2).bit_length()
        spectrum = jnp.fft.rfft(_with_start(decay, start, inputs), size, axis=0)
        product = spectrum * jnp.fft.rfft(kernel, size, axis=0)
        return jnp.fft.irfft(product, size, axis=0)[:rows].astype(inputs.dtype)

    return Way(_previous_rows, decayed)


def kernel_rows(max_memory_days: float, chunk_period: int, multiple: float = 5.0) -> int:
    """Rows after which :func:`convolving` may cut off, ``floor(multiple max_memory_days 1440 / chunk_period)``.

    Args:
        max_memory_days: longest memory of an estimator, above 0.
        chunk_period: minutes of a row.
        multiple: memories that are kept; 1.9 of them hold 99.9 % of a sum.

    >>> kernel_rows(10.0, 1440)
    50
    """
    return int(multiple * max_memory_days * 1440 / chunk_period)


def run(form: Form, step: Step, state: Any, rows: Float[Array, "rows ..."]) -> tuple[Any, Any]:
    """States and outputs after each row.

    Args:
        form: ``"vectorized"`` hands all rows to the definition at once, ``"scan"`` one after the other.
        step: the definition.
        state: before the first row.
        rows: prices, ``(rows, n)``.

    Returns:
        States and outputs, leaves ``(rows, ...)``.
    """
    if form == "vectorized":
        return step(BATCH, state, rows)

    def body(state: Any, row: Array) -> tuple[Any, tuple[Any, Any]]:
        state, output = step(STEP, state, row)
        return state, (state, output)

    return jax.lax.scan(body, state, rows)[1]
