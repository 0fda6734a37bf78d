"""Door checks: what public functions ask of their arguments before any work, each refused in one line.

Traced values pass: inside ``jit`` and ``vmap`` nothing can be known of them.
"""

import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from isotherm.errors import refusal, wrong_kind

MEMORY_SHARE = 0.8
"""Part of the machine's memory that one result may take."""


def is_traced(value: object) -> bool:
    """Whether a value is an abstract one inside ``jit``, ``vmap`` or ``grad``."""
    from jax.core import Tracer

    return isinstance(value, Tracer)


def whole(field: str, value: Any, least: int | None = None, most: int | None = None) -> Any:
    """A whole number within bounds: of Python or NumPy, or an integer scalar of JAX; never a bool.

    Raises:
        TypeError: naming ``field``, if it is none.
        ValueError: naming ``field``, if it is out of bounds.
    """
    if is_traced(value):
        return value
    if not _is_scalar(value, np.integer):
        raise wrong_kind(field, value, f"a whole number{_within(least, most)}")
    value = int(value)
    if (least is not None and value < least) or (most is not None and value > most):
        raise refusal(field, value, f"should be a whole number{_within(least, most)}")
    return value


def number(
    field: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
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
    if not _is_scalar(value, np.integer, np.floating):
        raise wrong_kind(field, value, f"a number{bounds}")
    found = float(value)
    is_within = (
        math.isfinite(found)
        and (least is None or found >= least)
        and (above is None or found > above)
        and (most is None or found <= most)
        and (below is None or found < below)
    )
    if not is_within:
        raise refusal(field, found, f"should be a finite number{bounds}")
    return value


def flag(field: str, value: Any) -> bool:
    """True or False.

    Raises:
        TypeError: naming ``field``, if it is neither.
    """
    if not isinstance(value, bool | np.bool_):
        raise wrong_kind(field, value, "True or False")
    return bool(value)


def choice(field: str, value: Any, allowed: Sequence[str]) -> Any:
    """One of some words.

    Raises:
        ValueError: naming ``field`` and the words.
    """
    if not isinstance(value, str) or value not in allowed:
        raise refusal(field, value, f"should be one of {', '.join(allowed)}")
    return value


def instance(field: str, value: Any, kinds: type | tuple[type, ...], wanted: str) -> Any:
    """An object of some class, and not the class itself.

    Args:
        field: what refusals call it.
        value: anything.
        kinds: the classes allowed.
        wanted: what is allowed, and how it is made, such as ``"a FactorGraph; to_graph(model) makes one"``.

    Raises:
        TypeError: naming ``field``.
    """
    if not isinstance(value, kinds):
        raise wrong_kind(field, value, wanted)
    return value


def function(field: str, value: Any, wanted: str = "a function") -> Callable[..., Any]:
    """Something that can be called.

    Raises:
        TypeError: naming ``field``.
    """
    if not callable(value):
        raise wrong_kind(field, value, wanted)
    return value


def random_key(field: str, value: Any, ndim: int = 0) -> Any:
    """A key of JAX, or an array of them.

    Raises:
        TypeError: naming ``field``, if it is something else, such as a seed.
        ValueError: naming ``field``, if there are several keys where one is wanted, or the other way round.
    """
    import jax

    wanted = "one JAX key, `jax.random.key(0)`" if ndim == 0 else "JAX keys, `jax.random.split(key, runs)`"
    if not isinstance(value, jax.Array) or not jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
        raise wrong_kind(field, value, wanted)
    if value.ndim != ndim:
        raise refusal(f"{field}.shape", value.shape, f"should be {wanted}")
    return value


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


def _is_scalar(value: Any, *kinds: type) -> bool:
    if isinstance(value, bool | np.bool_ | str | bytes | type(None)):
        return False
    if isinstance(value, int | float):
        return isinstance(value, int) or np.floating in kinds
    dtype = getattr(value, "dtype", None)
    if dtype is None or getattr(value, "shape", None) != ():
        return False
    return any(np.issubdtype(dtype, kind) for kind in kinds) if isinstance(dtype, np.dtype) else False


def _within(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" within {least} .. {most}"
    return _bounds(least, None, most, None)


def _bounds(least: float | None, above: float | None, most: float | None, below: float | None) -> str:
    parts = [
        f"{word} {bound:g}"
        for word, bound in (("at least", least), ("above", above), ("at most", most), ("below", below))
        if bound is not None
    ]
    return f", {' and '.join(parts)}" if parts else ""
