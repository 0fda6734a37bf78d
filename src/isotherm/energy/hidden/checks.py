"""Door checks of hidden-state models: shapes, dependency lists, columns that are laws, counts."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.energy.inputs import floating
from isotherm.errors import refusal

Tensors = tuple[Float[Array, "..."], ...]
Indices = tuple[tuple[int, ...], ...]

COLUMN_SLACK = 1e-5
"""By how much a column of probabilities may miss a sum of 1: what float32 rounds, and more."""


def tensors(field: str, values: Any, count: int | None = None) -> Tensors:
    """A list of arrays of floats, none of them NaN or infinite.

    Args:
        field: what refusals call it.
        values: a list or tuple of array-likes; traced ones pass.
        count: how many there must be.

    Raises:
        TypeError: naming ``field``, if it is no list.
        ValueError: naming ``field`` or ``field[i]``.
    """
    listed = doors.sequence(field, values, "a list of arrays, one for each modality or factor")
    if count is not None and len(listed) != count:
        raise refusal(f"len({field})", len(listed), f"must be {count}")
    return tuple(_finite(f"{field}[{i}]", value) for i, value in enumerate(listed))


def _finite(field: str, value: Any) -> Float[Array, "..."]:
    found = floating(field, value)
    if not doors.is_traced(found) and not np.isfinite(np.asarray(found)).all():
        raise refusal(field, "holds NaN or infinity", "must be finite numbers")
    return jnp.asarray(found)


def check_laws(field: str, tensor: Float[Array, "..."], event_axis: int = 0) -> None:
    """Refuse columns that are no probabilities.

    Args:
        field: what refusals call it.
        tensor: any shape; traced ones pass.
        event_axis: along which columns sum to one.

    Raises:
        ValueError: naming ``field``, the column at fault and its sum.
    """
    if doors.is_traced(tensor):
        return
    host = np.moveaxis(np.asarray(tensor, np.float64), event_axis, 0)
    if (host < 0).any():
        raise refusal(f"min({field})", float(host.min()), "must be probabilities, at least 0")
    sums = host.sum(axis=0)
    wrong = np.argwhere(~(np.abs(sums - 1.0) <= COLUMN_SLACK))  # so that NaN is wrong
    if len(wrong):
        column = tuple(int(i) for i in wrong[0])
        where = f"sum({field}[:{''.join(f', {i}' for i in column)}])" if column else f"sum({field})"
        raise refusal(where, round(float(sums[column]), 9), "each column must sum to 1 over its first axis")


def check_counts(field: str, tensor: Float[Array, "..."], event_axis: int = 0) -> None:
    """Refuse Dirichlet counts that are negative, or columns without any.

    Raises:
        ValueError: naming ``field``.
    """
    if doors.is_traced(tensor):
        return
    host = np.asarray(tensor)
    if (host < 0).any():
        raise refusal(f"min({field})", float(host.min()), "counts must be at least 0")
    if (host.sum(axis=event_axis) == 0).any():
        raise refusal(field, "a column of zeros", "each column needs a count above 0")


def check_numbers_of(field: str, values: np.ndarray, counts: Any) -> None:
    """Refuse whole numbers that number none of so many things, ``0 .. counts - 1``, nor are ``-1``, none.

    Args:
        field: what refusals call them.
        values: of any shape.
        counts: how many things there are, a number or one for each value.

    Raises:
        ValueError: naming the first number out of range.
    """
    outside = (values < -1) | (values >= counts)
    if outside.any():
        count = int(np.broadcast_to(counts, values.shape)[outside][0])
        raise refusal(field, int(values[outside][0]), f"must be within 0 .. {count - 1}, or -1 for none")


def dependencies(
    field: str, values: Any, count: int, num_parents: int, what: str, own: bool = False
) -> Indices:
    """Lists of parents' numbers, one list a tensor; an empty list is one.

    Args:
        field: what refusals call them.
        values: lists of whole numbers; None: all parents, or with ``own`` the one of the list's own number.
        count: how many lists.
        num_parents: parents are numbered below it.
        what: the word for a parent, such as ``"factor"``.
        own: what None stands for.

    Raises:
        TypeError: naming ``field``, if it is no list of lists.
        ValueError: naming the list, a number that is no parent's, or one that comes twice.
    """
    if values is None and own and count > num_parents:
        raise refusal(field, None, f"must be given: there are {num_parents} {what}s for {count} lists")
    if values is None:
        return tuple((i,) if own else tuple(range(num_parents)) for i in range(count))
    listed = doors.sequence(field, values, "a list of lists")
    if len(listed) != count:
        raise refusal(f"len({field})", len(listed), f"must be {count}, one list each")
    found = []
    for i, inner in enumerate(listed):
        name = f"{field}[{i}]"
        parents = doors.sequence(name, inner, f"a list of {what}s")
        numbers = tuple(doors.whole(name, parent) for parent in parents)
        outside = [parent for parent in numbers if not 0 <= parent < num_parents]
        if outside:
            raise refusal(name, outside[0], f"{what}s are numbered within 0 .. {num_parents - 1}")
        if len(set(numbers)) != len(numbers):
            raise refusal(name, list(numbers), f"names a {what} twice")
        found.append(numbers)
    return tuple(found)


def check_shapes(field: str, found: Tensors, wanted: list[tuple[int, ...]]) -> None:
    """Refuse tensors of other shapes.

    Raises:
        ValueError: naming ``field[i]``, its shape and the one wanted.
    """
    for i, (tensor, shape) in enumerate(zip(found, wanted, strict=True)):
        if tensor.shape != shape:
            raise refusal(f"{field}[{i}].shape", tensor.shape, f"must be {shape}")


def batched(
    field: str, tensor: Float[Array, "..."], rank: int, batch_size: int | None
) -> Float[Array, "..."]:
    """A tensor with its leading axis of agents, where there is a batch.

    Args:
        field: what refusals call it.
        tensor: of ``rank`` axes; or one more, whose length is 1 or the batch's.
        rank: axes of one agent's.
        batch_size: number of agents; None: one agent, no such axis.

    Raises:
        ValueError: naming ``field`` and its shape.
    """
    if batch_size is None:
        if tensor.ndim != rank:
            mend = "" if tensor.ndim != rank + 1 else "; give batch_size for a model an agent"
            raise refusal(f"{field}.shape", tensor.shape, f"must have {rank} axes{mend}")
        return tensor
    if tensor.ndim == rank:
        tensor = tensor[None]
    if tensor.ndim != rank + 1 or tensor.shape[0] not in (1, batch_size):
        allowed = f"must have {rank} axes, or {rank + 1} with the first of length 1 or {batch_size}"
        raise refusal(f"{field}.shape", tensor.shape, allowed)
    return jnp.broadcast_to(tensor, (batch_size, *tensor.shape[1:]))
