"""Single numbers, and arrays of them: kind, finite, within bounds. Traced values pass."""

import math
import sys
from typing import Any

import numpy as np

from isotherm.doors.arrays import is_real_dtype, real_numbers
from isotherm.errors import refusal, wrong_kind

Bound = float | int | None

MAX_COUNT = 2**31 - 1
"""Steps, draws and variables are counted in int32."""


def is_traced(value: object) -> bool:
    """Whether a value is an abstract one inside ``jit``, ``vmap`` or ``grad``."""
    core = sys.modules.get("jax.core")  # nothing is traced where JAX was never imported
    return core is not None and isinstance(value, core.Tracer)


def is_number(value: Any, kinds: str = "iuf") -> bool:
    """Whether it is one known number whose NumPy kind is among ``kinds``; bools are none."""
    if isinstance(value, bool | np.bool_) or is_traced(value):
        return False
    if isinstance(value, int | float):
        return "f" in kinds or isinstance(value, int)
    dtype = getattr(value, "dtype", None)
    if value is np.ma.masked:
        return False
    return isinstance(dtype, np.dtype) and getattr(value, "shape", None) == () and is_real_dtype(dtype, kinds)


def whole(field: str, value: Any, least: int | None = None, most: int | None = MAX_COUNT) -> int:
    """A whole number within bounds: of Python or NumPy, or an integer scalar of JAX; never a bool.

    Raises:
        TypeError: naming ``field``, if it is none, or not known yet.
        ValueError: naming ``field``, if it is out of bounds.
    """
    if not is_number(value, "iu"):
        raise wrong_kind(field, value, f"a whole number{_within(least, most)}")
    found = int(value)
    if (least is not None and found < least) or (most is not None and found > most):
        bound = f", at most {most}: counted in int32" if most == MAX_COUNT < found else _within(least, most)
        raise refusal(field, found, f"should be{bound[1:]}")
    return found


def number(
    field: str,
    value: Any,
    *,
    least: Bound = None,
    above: Bound = None,
    most: Bound = None,
    below: Bound = None,
) -> Any:
    """One finite real number within bounds, returned as it is; never a bool.

    Args:
        field: what refusals call it.
        value: of Python, NumPy or JAX; traced ones pass.
        least: smallest allowed.
        above: all allowed are larger.
        most: largest allowed.
        below: all allowed are smaller.

    Raises:
        TypeError: naming ``field``, if it is no real number.
        ValueError: naming ``field``, if it is not finite or out of bounds.
    """
    if is_traced(value):
        return value
    bounds = _bounds(least, above, most, below)
    if not is_number(value):
        raise wrong_kind(field, value, f"a number{bounds}")
    found = _as_float(value)
    if not (math.isfinite(found) and bool(_is_between(found, least, above, most, below))):
        raise refusal(field, value if isinstance(value, int) else found, f"should be a finite number{bounds}")
    return value


def numbers(
    field: str,
    values: Any,
    *,
    least: Bound = None,
    above: Bound = None,
    most: Bound = None,
    below: Bound = None,
) -> Any:
    """As :func:`number`, or an array of such numbers of any shape, as ``vmap`` takes them; returned as it is.

    Raises:
        TypeError: naming ``field``, if it holds anything else than real numbers.
        ValueError: naming ``field``, if one is not finite or out of bounds.
    """
    if is_traced(values) or is_number(values):
        return number(field, values, least=least, above=above, most=most, below=below)
    if getattr(values, "dtype", np.bool_) == np.bool_:
        raise wrong_kind(field, values, f"a number, or an array of them{_bounds(least, above, most, below)}")
    found = real_numbers(field, values)
    wrong = ~(np.isfinite(found) & _is_between(found, least, above, most, below))
    if wrong.any():
        allowed = f"should be finite numbers{_bounds(least, above, most, below)}"
        raise refusal(field, float(found[wrong].flat[0]), allowed)
    return values


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # of a whole number
        return math.inf


def _is_between(found: Any, least: Any, above: Any, most: Any, below: Any) -> Any:
    inside: Any = True
    if least is not None:
        inside = inside & (found >= least)
    if above is not None:
        inside = inside & (found > above)
    if most is not None:
        inside = inside & (found <= most)
    if below is not None:
        inside = inside & (found < below)
    return inside


def _within(least: int | None, most: int | None) -> str:
    if most is None or most == MAX_COUNT:
        return "" if least is None else f", at least {least}"
    return f", at most {most}" if least is None else f", within {least} .. {most}"


def _bounds(least: Bound, above: Bound, most: Bound, below: Bound) -> str:
    parts = [
        f"{word} {bound:g}"
        for word, bound in (("at least", least), ("above", above), ("at most", most), ("below", below))
        if bound is not None
    ]
    return f", {' and '.join(parts)}" if parts else ""
