"""Parameter sets of one, put together along a leading axis and taken apart; axes for ``jax.vmap``."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters.encoding import NESTED

Params = dict[str, Any]


def combine_param_combinations(params: Sequence[Mapping[str, Any]], sets: int) -> list[Params]:
    """Consecutive parameter sets in groups, arrays stacked along a new first axis.

    Args:
        params: sets with the same keys and shapes; lists of sets and mappings within are combined by position.
        sets: most in a group, 1 or more; the last group may have fewer.

    Raises:
        TypeError: naming a value of another kind.
        ValueError: naming a key that not all sets of a group have, or in another shape.

    >>> combined = combine_param_combinations([{"k": np.array([float(i)])} for i in range(3)], 2)
    >>> [one["k"].tolist() for one in combined]
    [[[0.0], [1.0]], [[2.0]]]
    """
    doors.whole("sets", sets, 1)
    every = doors.sequence("params", params, "a list of parameter sets")
    return [_stacked("params", every[begin : begin + sets]) for begin in range(0, len(every), sets)]


def split_param_combinations(params: Sequence[Mapping[str, Any]]) -> list[Params]:
    """Sets of one from groups of them: the inverse of :func:`combine_param_combinations`.

    Args:
        params: sets with a leading axis each, of one length within a set; lists of sets and mappings within too.

    Raises:
        TypeError: naming a value of another kind.
        ValueError: naming a key whose leading axis is of another length, or missing.

    >>> [one["k"].tolist() for one in split_param_combinations([{"k": np.ones((2, 3)), "subsidary_params": []}])]
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    found = []
    for group in doors.sequence("params", params, "a list of parameter sets"):
        count = _num_sets(group)
        found += [_part("params", group, index, count) for index in range(count)]
    return found


def make_vmap_in_axes(
    params: Mapping[str, Any],
    axis: int | None = 0,
    recurse_keys: Collection[str] = (),
    unmapped_keys: Collection[str] = (),
    n_repeats: int = 0,
) -> Params:
    """Axes of a parameter set for ``jax.vmap``.

    Args:
        params: whose keys count.
        axis: of every key.
        recurse_keys: keys that get a list of ``n_repeats`` such axes, in which ``subsidary_params`` is not mapped.
        unmapped_keys: keys that get None; ``["subsidary_params"]`` for strategy pools.
        n_repeats: nested sets, 0 or more.

    Raises:
        TypeError: naming an argument of another kind.
        ValueError: naming a number of repeats below 0.

    >>> make_vmap_in_axes({"log_k": None, "subsidary_params": []}, unmapped_keys=["subsidary_params"])
    {'log_k': 0, 'subsidary_params': None}
    """
    doors.mapping("params", params, "a mapping of parameters")
    doors.whole("n_repeats", n_repeats, 0)
    axes: Params = {key: None if key in unmapped_keys else axis for key in params}
    for key in recurse_keys:
        axes[key] = [make_vmap_in_axes(params, axis, unmapped_keys=(NESTED,)) for _ in range(n_repeats)]
    return axes


def _stacked(where: str, values: Sequence[Any]) -> Any:
    first = values[0]
    if isinstance(first, Mapping):
        for other in values[1:]:
            if not isinstance(other, Mapping) or other.keys() != first.keys():
                keys = sorted(other) if isinstance(other, Mapping) else type(other).__name__
                raise refusal(where, keys, f"must have the keys of the first, {', '.join(sorted(first))}")
        return {key: _stacked(key, [one[key] for one in values]) for key in first}
    if all(one is None for one in values):
        return None
    if _is_nested(first):
        if any(not _is_nested(other) or len(other) != len(first) for other in values):
            raise refusal(where, len(first), "must hold as many sets everywhere")
        return [_stacked(f"{where}[{index}]", [one[index] for one in values]) for index in range(len(first))]
    shapes = {np.shape(one) for one in values}
    if len(shapes) > 1:
        raise refusal(f"{where}.shape", sorted(shapes), "must be the same in every set")
    return (jnp if any(isinstance(one, jax.Array) for one in values) else np).stack(values)


def _is_nested(value: Any) -> bool:
    """Whether it is a list of parameter sets, not one of numbers."""
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)


def _num_sets(group: Any) -> int:
    """Length of the leading axis, by the first array."""
    if isinstance(group, Mapping) or _is_nested(group):
        inner = group.values() if isinstance(group, Mapping) else group
        return next((count for one in inner if (count := _num_sets(one))), 0)
    return np.shape(group)[0] if np.ndim(group) else 0


def _part(where: str, value: Any, index: int, count: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _part(key, inner, index, count) for key, inner in value.items()}
    if value is None:
        return None
    if _is_nested(value):
        return [_part(f"{where}[{number}]", inner, index, count) for number, inner in enumerate(value)]
    if np.ndim(value) == 0 or np.shape(value)[0] != count:
        raise refusal(f"{where}.shape", np.shape(value), f"must have a leading axis of {count} sets")
    return value[index]
