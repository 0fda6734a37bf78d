"""What constructors accept: edges as whole numbers, parameters as numbers or arrays, traced or not."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from isotherm.doors import affordable, is_number, is_traced, real_array, real_numbers, regular, whole
from isotherm.errors import refusal, wrong_kind

LARGEST = 1e30
"""Beyond, sums and products of parameters leave the range of float32, 3.4e38, and turn into infinity or NaN."""

MAX_INDEX = 2**31 - 1
"""Variables are numbered in int32."""


BYTES_A_VARIABLE = 40.0
"""Of factors that join each variable alone, while they are made and checked."""


def checked_edges(
    edges: Any, size: int | None = None, size_field: str = "size"
) -> Int[np.ndarray, "num_edges 2"]:
    """Pairs of different variables, each pair once, in either order.

    Args:
        edges: whole numbers, shape ``(num_edges, 2)``; an empty list has no edges.
        size: number of variables; by default one more than the largest index.
        size_field: what refusals call that.

    Raises:
        ValueError: naming the edge at fault.
    """
    size = None if size is None else whole(size_field, size, 1)
    pairs = regular("edges", edges)
    if not pairs.size and isinstance(edges, list | tuple | np.ndarray | jax.Array):
        return np.zeros((0, 2), np.int32)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise refusal("edges.shape", pairs.shape, "must be (num_edges, 2)")
    check_indices("edges", pairs)
    n = int(pairs.max()) + 1 if size is None else size
    outside = ((pairs < 0) | (pairs >= n)).any(axis=1)
    if outside.any():
        _refuse_edge(pairs, int(np.flatnonzero(outside)[0]), f"indices should be within 0 .. {n - 1}")
    loops = pairs[:, 0] == pairs[:, 1]
    if loops.any():
        _refuse_edge(pairs, int(np.flatnonzero(loops)[0]), "joins a variable to itself")
    codes = pairs.min(axis=1).astype(np.int64) * n + pairs.max(axis=1)
    order = np.argsort(codes, kind="stable")
    repeats = np.flatnonzero(codes[order][1:] == codes[order][:-1])
    if len(repeats):
        first, second = order[repeats[0]], order[repeats[0] + 1]
        _refuse_edge(pairs, int(second), f"repeats edges[{first}]; give each pair once")
    return pairs


def check_indices(field: str, indices: np.ndarray) -> None:
    """Refuse numbers of variables that are not whole, or that int32 would take for another one.

    Args:
        field: what refusals call them.
        indices: shape ``(rows, ...)``, with at least one axis.

    Raises:
        ValueError: naming the entry of ``field`` at fault.
    """
    if not np.issubdtype(indices.dtype, np.integer):
        raise refusal(f"{field}.dtype", str(indices.dtype), "must be whole numbers")
    if not indices.ndim:
        raise refusal(f"{field}.shape", (), "must be rows of numbers")
    if not indices.size or (indices.min() >= -MAX_INDEX and indices.max() <= MAX_INDEX):
        return
    wrong = np.flatnonzero(
        ((indices < -MAX_INDEX) | (indices > MAX_INDEX)).reshape(len(indices), -1).any(axis=1)
    )
    if len(wrong):
        row = int(wrong[0])
        raise refusal(
            f"{field}[{row}]", indices[row].tolist(), f"variables are numbered within 0 .. {MAX_INDEX}"
        )


def _refuse_edge(pairs: np.ndarray, row: int, why: str) -> None:
    raise refusal(f"edges[{row}]", pairs[row].tolist(), why)


def floating(field: str, values: Any) -> Float[Array | np.ndarray, "..."]:
    """Anything array-like as floating numbers in its own shape.

    JAX arrays stay, but for whole numbers and bools, which become float32; NumPy keeps its digits, the rest is
    float64.

    Raises:
        TypeError: naming ``field``, if it holds anything else than numbers.
        ValueError: naming ``field``, if it holds complex numbers, rows of different lengths, or a finite number
            beyond :data:`LARGEST`.
    """
    if isinstance(values, jax.Array):
        if not (jnp.issubdtype(values.dtype, jnp.number) or values.dtype == jnp.bool_):
            raise wrong_kind(field, values, "real numbers")
        if jnp.issubdtype(values.dtype, jnp.complexfloating):
            raise refusal(f"{field}.dtype", str(values.dtype), "must be real numbers")
        return values if jnp.issubdtype(values.dtype, jnp.floating) else values.astype(jnp.float32)
    array = real_array(field, values)
    array = array if np.issubdtype(array.dtype, np.floating) else array.astype(np.float64)
    check_magnitude(field, array)
    return array


def check_magnitude(field: str, values: np.ndarray) -> None:
    """Refuse finite numbers that float32, in which samplers compute, cannot add up; infinities are not judged.

    Args:
        field: what the refusal calls them.
        values: floats of any shape, ``(...)``.

    Raises:
        ValueError: naming ``field`` and the number.
    """
    size = np.abs(values)
    wrong = (size > LARGEST) & (size < np.inf)
    if wrong.any():
        allowed = f"must be within ±{LARGEST:g}: samplers compute in float32"
        raise refusal(field, float(np.asarray(values)[wrong].flat[0]), allowed)


def finite(field: str, values: Any) -> Array:
    """Numbers in JAX's default floats, checked after they were made so; traced ones are not looked at.

    Raises:
        ValueError: naming ``field``, if one is NaN or infinite, or beyond the range of those floats.
    """
    real = jnp.result_type(float)
    if holds_traced(values):
        return jnp.asarray(values, real)
    host = real_numbers(field, values)
    with np.errstate(over="ignore"):
        cast = host.astype(real)
    if not np.isfinite(cast).all():
        allowed = "must be finite" if not np.isfinite(host).all() else f"must be finite in {np.dtype(real)}"
        raise refusal(field, host.tolist(), allowed)
    return jnp.asarray(cast)


def check_finite(field: str, values: Any) -> None:
    """Refuse parameters that are not finite, where they are known.

    Raises:
        ValueError: naming ``field`` and the number.
    """
    if not is_traced(values) and not np.isfinite(host := np.asarray(values)).all():
        raise refusal(field, host[~np.isfinite(host)].flat[0].item(), "must be finite")


def holds_traced(values: Any) -> bool:
    """Whether values are traced, or a list in which some are; looks into lists of lists."""
    return is_traced(values) or (isinstance(values, list | tuple) and any(map(holds_traced, values)))


def shared(field: str, values: Any) -> Float[Array | np.ndarray, "num ..."]:
    """One number as the one parameter that all factors share, of shape ``(1,)``; anything else in its own shape."""
    array = floating(field, values)
    return array[None] if array.ndim == 0 else array


def filled(field: str, values: Any, shape: tuple[int, ...]) -> Float[Array | np.ndarray, "..."]:
    """A parameter for each place of ``shape``, also where one number, of shape ``()``, is given for all.

    Raises:
        ValueError: naming ``field``, if it has another shape.
    """
    array = floating(field, values)
    if array.shape not in ((), shape):
        raise refusal(f"{field}.shape", array.shape, f"must be {shape}, or () for one number")
    return jnp.broadcast_to(array, shape) if isinstance(array, jax.Array) else np.broadcast_to(array, shape)


def is_zero(values: Any) -> bool:
    """Whether a parameter is the number zero, and no traced one."""
    return is_number(values) and not values


def counted(field: str, indices: np.ndarray, size: int | None) -> int:
    """Number of variables: as given, or one more than the largest index.

    Args:
        field: what refusals call it.
        indices: whole numbers of any shape, ``(num_factors, arity)`` as a rule.
        size: the number, if it is known.

    Raises:
        ValueError: naming ``field``, if neither is known, it is below 1, or so many would not fit into memory.
    """
    if size is None and not indices.size:
        raise refusal(field, None, "must be given where there are no edges")
    n = int(indices.max()) + 1 if size is None else whole(field, size, 1)
    affordable(field, n, BYTES_A_VARIABLE * n, "have fewer variables")
    return n
