"""Kinds of arguments: flags, choices, texts, functions, collections, random keys."""

import os
from collections.abc import Callable, Hashable, Iterable, Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from isotherm.doors.bounds import whole
from isotherm.errors import refusal, wrong_kind

if TYPE_CHECKING:
    import jax

Item = TypeVar("Item", bound=Hashable)

MAX_SEED = 2**32 - 1
"""JAX keeps 32 bits of a seed, and takes others for one of these without a word."""


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


def random_key(field: str, value: Any, ndim: int = 0) -> "jax.Array":
    """A key of JAX, or an array of them; one key may be given by its seed, a whole number.

    Raises:
        TypeError: naming ``field``, if it is something else.
        ValueError: naming ``field``, if there are several keys where one is wanted, or the other way round; or a
            seed is out of range.
    """
    import jax

    if ndim == 0 and isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_):
        return jax.random.key(whole(field, value, 0, MAX_SEED))
    wanted = (
        "a seed or a JAX key, `jax.random.key(0)`" if ndim == 0 else "JAX keys, `jax.random.split(key, runs)`"
    )
    if not isinstance(value, jax.Array) or not jax.numpy.issubdtype(value.dtype, jax.dtypes.prng_key):
        raise wrong_kind(field, value, wanted)
    if value.ndim != ndim or 0 in value.shape:
        raise refusal(f"{field}.shape", value.shape, f"should be {wanted}")
    return value


def first_repeated(items: Iterable[Item]) -> Item | None:
    """The first item that came before, in time proportional to their number; None where each comes once."""
    seen = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None


def _takes(value: Callable[..., Any], num_arguments: int) -> bool:
    """Whether a function can be called with so many arguments, as far as Python knows."""
    try:
        signature(value).bind(*[None] * num_arguments)
    except TypeError:
        return False
    except ValueError:  # of some functions it knows nothing
        return True
    return True
