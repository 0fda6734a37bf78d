"""Settings and parameters as what JSON has, and parameter sets from one kind of array to another."""

import json
import math
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from isotherm import doors
from isotherm.errors import refusal, wrong_kind

NESTED = "subsidary_params"
"""Key of the parameter sets of nested pools, spelled as files have it."""


def as_json(value: Any) -> Any:
    """What JSON has for a number or an array of NumPy or JAX; the ``default`` of :func:`json.dumps`.

    Raises:
        TypeError: naming the kind, if it is something else.

    >>> json.dumps({"steps": np.int64(3), "k": np.ones(2)}, default=as_json)
    '{"steps": 3, "k": [1.0, 1.0]}'
    """
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.tolist()
    raise wrong_kind("value", value, "a number, a text, a list, a mapping or an array")


def plain(value: Any, field: str = "value") -> Any:
    """A copy in which arrays are nested lists, tuples are lists, and numbers are Python's.

    Args:
        value: nested lists and mappings of numbers, texts and arrays.
        field: what refusals call it.

    Raises:
        TypeError: naming ``field``, and the kind of what JSON has no word for.
    """
    if isinstance(value, Mapping):
        return {key: plain(inner, field) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner, field) for inner in value]
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if not (hasattr(value, "dtype") and hasattr(value, "tolist")):
        raise wrong_kind(field, value, "a number, a text, a list, a mapping or an array")
    return plain(as_json(value), field)


def json_line(value: Any) -> str:
    """One line of JSON without NaN or infinity: ``null`` stands for NaN, ``"inf"`` and ``"-inf"`` for infinities.

    Raises:
        TypeError: naming the kind of what JSON has no word for.

    >>> json_line({"objective": [1.5, float("nan"), float("-inf")]})
    '{"objective": [1.5, null, "-inf"]}'
    """
    return json.dumps(_spelled(plain(value)), sort_keys=True, allow_nan=False)


def _spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _spelled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_spelled(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value


def numeric(field: str, value: Any) -> np.ndarray:
    """Nested lists as float64, with ``None`` for NaN and the words ``"nan"``, ``"inf"`` and ``"-inf"``.

    Args:
        field: what refusals call it.
        value: a number, nested lists of equal lengths, or an array.

    Raises:
        ValueError: naming ``field``, if it holds anything else or rows of different lengths.

    >>> numeric("k", [1, None, "-inf"]).tolist()
    [1.0, nan, -inf]
    """
    try:
        return np.asarray(_numbers(plain(value)), np.float64)
    except (TypeError, ValueError):
        raise refusal(field, plain(value), "must be numbers, in rows of equal lengths") from None


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    if isinstance(value, bool) or (isinstance(value, str) and value not in ("nan", "inf", "-inf")):
        raise TypeError
    return math.nan if value is None else float(value)


def hashable(value: Any) -> Hashable:
    """Nested settings as sorted tuples, the same for equal settings.

    Raises:
        TypeError: naming an array, or another kind that cannot be hashed.

    >>> hashable({"b": [1, 2], "a": None})
    (('a', None), ('b', (1, 2)))
    """
    if isinstance(value, Mapping):
        return tuple((key, hashable(value[key])) for key in sorted(value))
    if isinstance(value, list | tuple):
        return tuple(hashable(inner) for inner in value)
    if hasattr(value, "dtype") or not isinstance(value, Hashable):
        raise wrong_kind("settings", value, "numbers, texts, lists and mappings, no array")
    return value


def dict_of_jnp_to_np(params: Mapping[str, Any]) -> dict[str, Any]:
    """A new set with NumPy arrays of the same shapes and dtypes; ``subsidary_params`` as it is.

    >>> type(dict_of_jnp_to_np({"log_k": jnp.ones(2)})["log_k"]).__name__
    'ndarray'
    """
    return _converted(params, np.asarray)


def dict_of_np_to_jnp(params: Mapping[str, Any]) -> dict[str, Any]:
    """A new set with JAX arrays of the same shapes; float64 needs ``jax.enable_x64``; ``subsidary_params`` as it is.

    >>> dict_of_np_to_jnp({"log_k": np.ones(2), "subsidary_params": []})["subsidary_params"]
    []
    """
    return _converted(params, jnp.asarray)


def dict_of_jnp_to_list(params: Mapping[str, Any]) -> dict[str, Any]:
    """A new set with nested lists; ``subsidary_params`` as it is.

    >>> dict_of_jnp_to_list({"log_k": np.ones(2)})
    {'log_k': [1.0, 1.0]}
    """
    return _converted(params, plain)


def _converted(params: Mapping[str, Any], convert: Callable[[Any], Any]) -> dict[str, Any]:
    doors.mapping("params", params, "a mapping of parameters")
    return {key: value if key == NESTED else convert(value) for key, value in params.items()}
