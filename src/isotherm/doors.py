"""Door checks: what public functions ask of their arguments before any work, each refused in one line.

Traced values pass: inside ``jit`` and ``vmap`` nothing can be known of them. Nothing here imports JAX, unless an
argument is a key of it.
"""

import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from typing import Any

import numpy as np

from isotherm.errors import refusal, wrong_kind

Bound = float | int | None

MEMORY_SHARE = 0.8
"""Part of the machine's memory that one result may take."""

MAX_COUNT = 2**31 - 1
"""Steps, draws and variables are counted in int32."""


# ------------------------------------------------------------------------------
# Single values


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
    return isinstance(dtype, np.dtype) and getattr(value, "shape", None) == () and _is_real(dtype, kinds)


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


def flag(field: str, value: Any) -> bool:
    """True or False.

    Raises:
        TypeError: naming ``field``, if it is neither.
    """
    if not isinstance(value, bool | np.bool_):
        raise wrong_kind(field, value, "True or False")
    return bool(value)


def choice(field: str, value: Any, allowed: Iterable[str]) -> Any:
    """One of some words.

    Raises:
        ValueError: naming ``field`` and the words.
    """
    words = tuple(allowed)
    if not isinstance(value, str) or value not in words:
        raise refusal(field, value, f"should be one of {', '.join(words)}")
    return value


def text(field: str, value: Any) -> str:
    """A text.

    Raises:
        TypeError: naming ``field``, if it is none.
    """
    if not isinstance(value, str):
        raise wrong_kind(field, value, "a text")
    return value


def file_path(field: str, value: Any) -> Any:
    """The path of a file, as it is; no number, which would be an open file's, and no bytes.

    Raises:
        TypeError: naming ``field``, if it is no path.
        ValueError: naming ``field``, if no file system has such a name.
    """
    if not isinstance(value, str | os.PathLike):
        raise wrong_kind(field, value, "the path of a file")
    if "\0" in str(value) or not str(value):
        raise refusal(field, value, "should be the path of a file")
    return value


# ------------------------------------------------------------------------------
# Objects


def instance(field: str, value: Any, kinds: type | tuple[type, ...], wanted: str, mend: str = "") -> Any:
    """An object of some class, and not the class itself.

    Args:
        field: what refusals call it.
        value: anything.
        kinds: the classes allowed.
        wanted: what is allowed, such as ``"a Schedule"``.
        mend: how it is made, such as ``"to_graph(model) makes one"``.

    Raises:
        TypeError: naming ``field``.
    """
    if not isinstance(value, kinds):
        raise wrong_kind(field, value, wanted, mend)
    return value


def function(
    field: str, value: Any, wanted: str = "a function", num_arguments: int | None = None
) -> Callable[..., Any]:
    """Something that can be called, and no class.

    Args:
        field: what refusals call it.
        value: anything.
        wanted: what is allowed, such as ``"a function of a state"``.
        num_arguments: how many it must take, where that is to be looked at and Python knows it.

    Raises:
        TypeError: naming ``field``.
    """
    if not callable(value) or isinstance(value, type):
        raise wrong_kind(field, value, wanted)
    if num_arguments is not None and not _takes(value, num_arguments):
        raise wrong_kind(
            field, value, f"{wanted}, called with {num_arguments} argument{'s'[: num_arguments != 1]}"
        )
    return value


def mapping(field: str, value: Any, wanted: str) -> Mapping[Any, Any]:
    """A mapping.

    Raises:
        TypeError: naming ``field``, if it is none.
    """
    if not isinstance(value, Mapping):
        raise wrong_kind(field, value, wanted)
    return value


def entries(field: str, value: Any, names: Iterable[str], wanted: str) -> Mapping[Any, Any]:
    """A mapping that has an entry for each group of a model.

    Raises:
        TypeError: naming ``field``, if it is no mapping.
        ValueError: naming ``field`` and the first group that it lacks.
    """
    found = mapping(field, value, wanted)
    for name in names:
        if name not in found:
            raise refusal(field, sorted(map(str, found)), f"lacks the group {name!r}")
    return found


def sequence(field: str, value: Any, wanted: str) -> tuple[Any, ...]:
    """The entries of a list, a tuple or the like; no text, no mapping.

    Raises:
        TypeError: naming ``field``, if it is none.
    """
    if isinstance(value, str | bytes | Mapping | type):
        raise wrong_kind(field, value, wanted)
    try:
        return tuple(value)
    except TypeError:
        raise wrong_kind(field, value, wanted) from None


def words(field: str, value: Any) -> tuple[str, ...]:
    """Several texts.

    Raises:
        TypeError: naming ``field``, if it is anything else.
    """
    found = sequence(field, value, "a tuple of names")
    if not all(isinstance(word, str) for word in found):
        raise wrong_kind(field, value, "a tuple of names")
    return tuple(map(str, found))


def random_key(field: str, value: Any, ndim: int = 0) -> Any:
    """A key of JAX, or an array of them.

    Raises:
        TypeError: naming ``field``, if it is something else, such as a seed.
        ValueError: naming ``field``, if there are several keys where one is wanted, or the other way round.
    """
    import jax

    wanted = "one JAX key, `jax.random.key(0)`" if ndim == 0 else "JAX keys, `jax.random.split(key, runs)`"
    if not isinstance(value, jax.Array) or not jax.numpy.issubdtype(value.dtype, jax.dtypes.prng_key):
        raise wrong_kind(field, value, wanted)
    if value.ndim != ndim or 0 in value.shape:
        raise refusal(f"{field}.shape", value.shape, f"should be {wanted}")
    return value


# ------------------------------------------------------------------------------
# Arrays


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
    if not _is_real(array.dtype, "biuf"):
        if array.dtype == object:
            raise wrong_kind(field, values, "real numbers")
        raise refusal(f"{field}.dtype", str(array.dtype), "must be real numbers")
    return array


# ------------------------------------------------------------------------------
# Sizes


def affordable(field: str, value: Any, num_bytes: float, mend: str) -> None:
    """Refuse what would not fit into memory, before anything is allocated.

    Args:
        field: the argument that asks for it.
        value: its value.
        num_bytes: what would be needed.
        mend: how to ask for less.

    Raises:
        ValueError: naming ``field``, what it takes, and how to ask for less.
    """
    if num_bytes > MEMORY_SHARE * machine_memory():
        there = f"{machine_memory() / 1e9:.3g} GB"
        raise refusal(field, value, f"would take {num_bytes / 1e9:.3g} GB of the machine's {there}; {mend}")


def machine_memory() -> float:
    """Bytes of physical memory."""
    return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")


# ------------------------------------------------------------------------------


def _takes(value: Callable[..., Any], num_arguments: int) -> bool:
    """Whether a function can be called with so many arguments, as far as Python knows."""
    try:
        signature(value).bind(*[None] * num_arguments)
    except TypeError:
        return False
    except ValueError:  # of some functions it knows nothing
        return True
    return True


def _is_real(dtype: np.dtype, kinds: str) -> bool:
    """Whether a dtype is of one of the kinds; bfloat16 and its like count as floats."""
    return dtype.kind in kinds or (
        "f" in kinds and dtype.kind == "V" and dtype.name.startswith(("bfl", "flo"))
    )


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
