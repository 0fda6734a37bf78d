"""Anything array-like as an array of real numbers."""

from typing import Any

import numpy as np

from isotherm.errors import refusal, wrong_kind


def regular(field: str, values: Any) -> np.ndarray:
    """Anything array-like as a NumPy array.

    Raises:
        ValueError: naming ``field``, if its rows differ in length.
        TypeError: naming ``field``, if it is no array of numbers: traced, say, or random keys.
    """
    try:
        return np.asarray(values)
    except ValueError:
        raise refusal(field, "rows of different lengths", "must be a regular array") from None
    except TypeError:
        raise wrong_kind(field, values, "an array of known numbers") from None


def real_numbers(field: str, values: Any) -> np.ndarray:
    """Anything array-like of real numbers or bools as float64; not necessarily finite.

    Raises:
        ValueError: naming ``field``, if its rows differ in length, or its entries are no real numbers.
        TypeError: naming ``field``, if it is no array of numbers.
    """
    with np.errstate(over="ignore"):
        return real_array(field, values).astype(np.float64)


def real_array(field: str, values: Any) -> np.ndarray:
    """As :func:`real_numbers`, in the dtype that NumPy gives them."""
    array = regular(field, values)
    if np.ma.is_masked(values):
        raise refusal(field, "masked entries", "must have a value everywhere")
    if not is_real_dtype(array.dtype, "biuf"):
        if array.dtype == object:
            raise wrong_kind(field, values, "real numbers")
        raise refusal(f"{field}.dtype", str(array.dtype), "must be real numbers")
    return array


def is_real_dtype(dtype: np.dtype, kinds: str) -> bool:
    """Whether a dtype is of one of the kinds; bfloat16 and its like count as floats."""
    return dtype.kind in kinds or (
        "f" in kinds and dtype.kind == "V" and dtype.name.startswith(("bfl", "flo"))
    )
