"""The one rule for values that come from outside: how they are coded, and what counts as missing.

===================  ====================================================================================
bool                 spins: ``True`` is ``+1``, ``False`` is ``-1``; categories of two values: 1 and 0
NaN, ``None``        missing where entries may be missing (as are masked entries of NumPy); else refused
0 among spins        missing where entries may be missing and ``-1`` occurs too; else refused
0 and 1 alone        refused for spins: nobody can tell failures from missing entries
any other value      must be one that the variable can take
===================  ====================================================================================

Values are checked where they are known: on the host, and under a ``vmap`` of known values, but not under ``jit``.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool

from isotherm.doors import regular
from isotherm.energy.variables import Variables, spin
from isotherm.errors import refusal, wrong_kind

FEW = 10
"""A column of spins that holds so many zeros, so many ones and no ``-1`` is taken for one of 0/1."""

MEND = "looks like 0/1: pass 2*x-1, or `seen=`"

Place = Callable[..., str]
"""What a refusal calls the entry at an index."""


def concrete(values: Any) -> np.ndarray | None:
    """The values on the host, in their own shape; None where they are traced, or are no array.

    Under ``vmap`` those of the whole batch, so that an axis is there which the traced value lacks.
    """
    while isinstance(values, Tracer):
        values = getattr(values, "val", None)  # what a vmap maps over; other tracers hold no array there
    return np.asarray(values) if isinstance(values, (jax.Array, np.ndarray, np.generic)) else None


def coded_state(field: str, group: Variables, values: Any) -> Array | np.ndarray:
    """Values of a state, none of them missing, in the coding of the model; bools become numbers.

    Args:
        field: what refusals call it.
        group: the kind of the variables; its size is not looked at.
        values: anything array-like of any shape ``(...)``, traced or not; the result has the same.

    Raises:
        ValueError: naming the entry that the variable cannot take, if it is known; or a bool that stands for
            no value of it.
    """
    array = coded_bools(field, group, values)
    check_state(field, group, array)
    return array


def coded_bools(field: str, group: Variables, values: Any) -> Array | np.ndarray:
    """As :func:`coded_state`, in the shape of ``values``, of numbers that are not looked at.

    Raises:
        TypeError: if they are neither numbers nor bools.
        ValueError: if bools stand for no value of the group, or entries are missing among bools.
    """
    known = isinstance(values, jax.Array) or (isinstance(values, np.ndarray) and values.dtype.kind != "O")
    array = values if known else _plain(field, values)
    if not _holds_numbers(array):
        raise wrong_kind(field, values, "an array of numbers or bools")
    return _from_bool(field, group, array) if array.dtype == np.bool_ else array


def check_state(
    field: str, group: Variables, values: Any, where: Bool[np.ndarray, "..."] | None = None
) -> None:
    """Refuse known numbers that the variables cannot take.

    Args:
        field: what refusals call them.
        group: their kind.
        values: an array of any shape ``(...)``; one that is traced passes.
        where: entries to look at, all by default.

    Raises:
        ValueError: naming the first entry at fault.
    """
    host = concrete(values)
    if host is None or host.dtype == np.bool_ or group.kind == "custom":
        return
    wrong = ~_can_be(group, host)
    if where is not None:
        wrong = wrong & where
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        looked_at = host if where is None else host[np.broadcast_to(where, host.shape)]
        name = f"{field}[{', '.join(map(str, at))}]" if at else field
        raise refusal(name, host[at].item(), allowed_values(group) + _mend(group, looked_at))


def coded_data(
    field: str, group: Variables, values: Any, seen: Any = None, place: Place | None = None
) -> tuple[np.ndarray, Bool[np.ndarray, "..."]]:
    """Rows of data in the coding of the model, and which entries were seen.

    Args:
        field: what refusals call them.
        group: the kind of the variables.
        values: anything array-like, shape ``(rows, columns)``: see the rule above.
        seen: bools of that shape which say what is missing, so that no zero does.
        place: words for the entry of a row and a column.

    Returns:
        Numbers in the dtype of the group, some value that it can take where nothing was seen; and the bools.

    Raises:
        ValueError: naming the entry, the column or the group at fault.
    """
    array, missing = _numbers(field, values)
    mask = ~missing
    if seen is not None:
        asked = np.asarray(seen)
        if asked.dtype != np.bool_ or asked.shape != array.shape:
            raise refusal(f"seen[{field!r}]", f"{asked.dtype}{asked.shape}", f"must be bool{array.shape}")
        mask = mask & asked
    if array.dtype == np.bool_:
        array = np.asarray(_from_bool(field, group, array))
    elif group.kind == "spin" and seen is None:
        mask = mask & (array != 0)
        _refuse_zeros_and_ones(field, array, ~missing)
    wrong = mask & ~_can_be(group, array)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        name = place(row, column) if place else f"{field}[{column}] in row {row}"
        mend = "" if seen is None else _mend(group, array[mask])
        raise refusal(name, array[row, column].item(), _allowed_data(group, seen is None) + mend)
    filler = group.values()[0] if group.is_discrete else 0
    return np.where(mask, array, filler).astype(group.dtype), mask


def spin_rows(field: str, values: Any) -> np.ndarray:
    """Rows of spins as int8 ``-1``, ``+1``, and 0 where missing; shape ``(rows, columns)``.

    Raises:
        ValueError: as :func:`coded_data`, or if it has no two axes.
    """
    shape = np.shape(values)
    if len(shape) != 2:
        raise refusal(f"{field}.shape", shape, "must be (rows, columns)")
    group = spin(max(shape[1], 1))
    place = f"column {{}} in row {{}} of {field}"
    found, mask = coded_data(field, group, values, place=lambda row, column: place.format(column, row))
    return np.where(mask, found, 0).astype(np.int8)


def allowed_values(group: Variables) -> str:
    """What a refusal says of a value that the group cannot take."""
    if group.kind == "spin":
        return "should be -1 or +1"
    return f"should be within 0 .. {group.cardinality - 1}" if group.is_discrete else "should be finite"


def _allowed_data(group: Variables, may_be_zero: bool) -> str:
    if group.kind == "spin" and may_be_zero:
        return "should be -1, +1, or 0 where missing"
    return f"{allowed_values(group)}, or NaN where missing"


def _plain(field: str, values: Any) -> np.ndarray:
    """Numbers, NaN where they are missing, or bools, none of which is."""
    array, missing = _numbers(field, values)
    if not missing.any():
        return array
    if array.dtype == np.bool_:
        raise refusal(field, "bools and missing entries", "must have a value everywhere")
    return np.where(missing, np.nan, array)


def _numbers(field: str, values: Any) -> tuple[np.ndarray, Bool[np.ndarray, "..."]]:
    """Numbers or bools, and where entries are missing."""
    array = regular(field, values)
    missing = (
        np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else np.zeros(array.shape, bool)
    )
    if array.dtype.kind == "O":
        missing = missing | np.reshape([_is_nothing(entry) for entry in array.flat], array.shape).astype(bool)
        if any(isinstance(entry, str) for entry in array.flat):
            raise refusal(f"{field}.dtype", "text", "must be numbers or bools")
        kinds = {isinstance(entry, (bool, np.bool_)) for entry in array[~missing]}
        if len(kinds) > 1:
            raise refusal(f"{field}.dtype", "bools among numbers", "must be one or the other")
        try:
            array = np.where(missing, False, array).astype(bool if kinds == {True} else np.float64)
        except (TypeError, ValueError):
            raise refusal(f"{field}.dtype", "object", "must be numbers or bools") from None
    if array.dtype.kind not in "biuf":
        raise refusal(f"{field}.dtype", str(array.dtype), "must be numbers or bools")
    return (array, missing | np.isnan(array)) if array.dtype.kind == "f" else (array, missing)


def _holds_numbers(array: Any) -> bool:
    is_real = jnp.issubdtype(array.dtype, jnp.number) and not jnp.issubdtype(array.dtype, jnp.complexfloating)
    return is_real or array.dtype == np.bool_


def _is_nothing(entry: Any) -> bool:
    """None, NaN, and the NA of pandas, which equals nothing."""
    return entry is None or type(entry).__name__ == "NAType" or (isinstance(entry, float) and entry != entry)


def _from_bool(field: str, group: Variables, values: Array | np.ndarray) -> Array | np.ndarray:
    numpy = np if isinstance(values, np.ndarray) else jnp
    if group.kind == "spin":
        return numpy.where(values, 1, -1).astype(group.dtype)
    if group.kind == "categorical" and group.cardinality == 2:
        return values.astype(group.dtype)
    raise refusal(
        f"{field}.dtype", "bool", f"{allowed_values(group)}; bools are for spins and pairs of categories"
    )


def _can_be(group: Variables, array: np.ndarray) -> Bool[np.ndarray, "..."]:
    if group.kind == "spin":
        return (array == 1) | (array == -1)
    if group.is_discrete:
        whole = True if array.dtype.kind in "iu" else array == np.floor(array)
        return (array >= 0) & (array <= group.cardinality - 1) & whole
    return np.isfinite(array)


def _mend(group: Variables, array: np.ndarray) -> str:
    if group.kind == "spin" and np.isin(array, (0, 1)).all():
        return " (looks like 0/1: pass 2*x-1)"
    is_signed = group.kind == "categorical" and group.cardinality == 2 and np.isin(array, (-1, 1)).all()
    return " (looks like -1/+1: pass (x+1)//2)" if is_signed else ""


def _refuse_zeros_and_ones(field: str, array: np.ndarray, present: Bool[np.ndarray, "..."]) -> None:
    """Refuse spins of which nobody can tell whether a zero is a failure or a missing entry."""
    zeros, ones = present & (array == 0), present & (array == 1)
    if not zeros.any() or (present & ~zeros & ~ones & (array != -1)).any():
        return  # no zero, or a value that is refused by itself
    if not (present & (array == -1)).any():
        if not ones.any():
            raise refusal(
                field, "only 0", "holds no -1 or +1: leave it out if nothing was seen; or pass `seen=`"
            )
        raise refusal(field, "only 0 and 1", MEND)
    columns = (zeros.sum(axis=0) >= FEW) & (ones.sum(axis=0) >= FEW) & ~(array == -1).any(axis=0)
    if columns.any():
        column = int(np.flatnonzero(columns)[0])
        raise refusal(f"{field}[{column}]", "only 0 and 1", f"beside columns of -1 and +1 this {MEND}")
