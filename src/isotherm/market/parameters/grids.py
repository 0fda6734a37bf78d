"""Grids of settings and of parameters: every combination of some values."""

import copy
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters.encoding import plain
from isotherm.market.parameters.start import init_params_singleton

Settings = dict[str, Any]
Range = Sequence[float | int]
NUM_POINTS = 10


def product_of_arrays(base: Mapping[str, Any], arrays: Mapping[str, Any]) -> list[Settings]:
    """Copies of ``base`` with every combination of values, the last key's fastest.

    Args:
        base: settings, copied deeply.
        arrays: values by key.

    Raises:
        TypeError: naming a key whose values are no list.

    >>> product_of_arrays({"c": 7}, {"u": [1, 2], "v": [0.5]})
    [{'c': 7, 'u': 1, 'v': 0.5}, {'c': 7, 'u': 2, 'v': 0.5}]
    """
    values = [doors.sequence(key, plain(value), "a list of values") for key, value in arrays.items()]
    return [
        copy.deepcopy(dict(base)) | dict(zip(arrays, chosen, strict=True))
        for chosen in itertools.product(*values)
    ]


def product_of_linspaces(
    base: Mapping[str, Any],
    ranges: Mapping[str, Range],
    num_points: Mapping[str, int] | None = None,
    inverse: Mapping[str, Callable[[float], Any]] | None = None,
) -> list[Settings]:
    """Copies of ``base`` with every combination of evenly spaced values, the last key's fastest.

    Args:
        base: settings, copied deeply.
        ranges: first and last value by key.
        num_points: how many by key, 10 by default.
        inverse: what is made of each value by key, such as ``math.exp``.

    Raises:
        TypeError: naming a range or a number of another kind.
        ValueError: naming a range that is no pair, a number of points below 1, or a key without a range.

    >>> [one["x"] for one in product_of_linspaces({}, {"x": (0.0, 2.0)}, {"x": 3})]
    [0.0, 1.0, 2.0]
    """
    counts, maps = num_points or {}, inverse or {}
    for key in (*counts, *maps):
        if key not in ranges:
            raise refusal(key, key, "must have a range")
    return product_of_arrays(base, {key: _points(key, ends, counts, maps) for key, ends in ranges.items()})


def run_fingerprint_combinations(
    fingerprint: Mapping[str, Any],
    ranges: Mapping[str, Range] | None = None,
    num_points: Mapping[str, int] | None = None,
    inverse: Mapping[str, Callable[[float], Any]] | None = None,
) -> list[Settings]:
    """As :func:`product_of_linspaces` of settings; by default over ``arb_frequency``, 1 .. 100 by equal ratios.

    Raises:
        TypeError: as there.
        ValueError: as there.

    >>> [one["arb_frequency"] for one in run_fingerprint_combinations({})]
    [1, 2, 3, 5, 8, 13, 22, 36, 60, 100]
    """
    if ranges is None:
        ranges = {"arb_frequency": (0.0, math.log(100.0))}
        inverse = {"arb_frequency": lambda x: round(math.exp(x)), **(inverse or {})}
    return product_of_linspaces(fingerprint, ranges, num_points, inverse)


def log_range_with_zero(x: float | int) -> float:
    """``exp(x)``, and 0 for 0: a range of logarithms that includes nothing.

    Raises:
        ValueError: if ``x`` is not finite.

    >>> log_range_with_zero(0.0), round(log_range_with_zero(1.0), 4)
    (0.0, 2.7183)
    """
    doors.number("x", x)
    return 0.0 if x == 0 else math.exp(x)


def generate_params_combinations(
    initial_values: Mapping[str, Any],
    n_tokens: int,
    k_range: Range,
    memory_range: Range,
    n_subsidary_rules: int = 0,
    chunk_period: float | int = 60,
    num_k: int = NUM_POINTS,
    num_memory: int = NUM_POINTS,
    log_for_k: bool = True,
) -> tuple[list[Settings], list[Settings]]:
    """Raw parameters of one set for every combination of aggressiveness and memory; and their initial values.

    Args:
        initial_values: the others, see :func:`~isotherm.market.parameters.start.init_params_singleton`.
        n_tokens: 1 or more.
        k_range: first and last ``initial_k_per_day``.
        memory_range: first and last ``initial_memory_length``, days.
        n_subsidary_rules: nested pools, 0 or more.
        chunk_period: minutes between updates, above 0.
        num_k: values of aggressiveness.
        num_memory: values of memory, which run fastest.
        log_for_k: ``log_k`` rather than ``k``.

    Raises:
        TypeError: naming a value of another kind.
        ValueError: naming a value that is absent or out of range.

    >>> params, values = generate_params_combinations({}, 2, (1.0, 4.0), (5.0, 15.0), num_k=2, num_memory=3)
    >>> len(params), params[3]["log_k"].tolist(), values[3]["initial_memory_length"]
    (6, [2.0, 2.0], 5.0)
    """
    ranges = {"initial_k_per_day": k_range, "initial_memory_length": memory_range}
    counts = {"initial_k_per_day": num_k, "initial_memory_length": num_memory}
    values = product_of_linspaces(initial_values, ranges, counts)
    return [
        init_params_singleton(one, n_tokens, n_subsidary_rules, chunk_period, log_for_k) for one in values
    ], values


def _points(
    key: str, ends: Range, counts: Mapping[str, int], maps: Mapping[str, Callable[[float], Any]]
) -> list[Any]:
    pair = doors.sequence(key, ends, "a first and a last value")
    if len(pair) != 2:
        raise refusal(key, list(pair), "must be a first and a last value")
    low, high = (doors.number(key, end) for end in pair)
    count = doors.whole(f"num_points.{key}", counts.get(key, NUM_POINTS), 1)
    points = np.linspace(low, high, count).tolist()
    return [maps[key](point) for point in points] if key in maps else points
