"""Where trials look for raw parameters: ranges, around the start or as they are. Section 7.7."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from isotherm.errors import refusal
from isotherm.market.parameters.schema import SCHEMA, SearchRange
from isotherm.market.parameters.training_keys import SEARCH_RANGES
from isotherm.market.train.coordinates import coordinates_of

WIDTH = 0.25
"""Half of an interval around a start, as a share of the parameter's range."""


class SearchAxis(NamedTuple):
    """One number that trials choose.

    Attributes:
        name: of the number: of the parameter, with that of the token's place where each has its own.
        parameter: raw parameter.
        places: in the row of trained numbers that get it.
        low: smallest value.
        high: largest.
        log_scale: whether it is looked for by its logarithm.
        start: where the search begins, within the range.
    """

    name: str
    parameter: str
    places: tuple[int, ...]
    low: float
    high: float
    log_scale: bool
    start: float


def axes_of(
    settings: Mapping[str, Any], params: Mapping[str, Any], trained: Mapping[str, bool]
) -> tuple[SearchAxis, ...]:
    """What trials choose, by parameter and token.

    A range is that of ``parameter_config``, or that which the pool declares; with ``expand_around`` an interval
    around the start takes its place, a quarter of the range to either side.

    Args:
        settings: ``optuna_settings``, defaults filled in.
        params: of sets, ``(sets, ...)`` each; the first is the start.
        trained: by parameter, whether it is.

    Raises:
        ValueError: naming a range that is of no trained parameter, or one that a start on a log scale cannot have.
    """
    places = coordinates_of(params, trained)
    ranges, start = settings["parameter_config"], places.rows(params)[0]
    for name, one in ranges.items():
        if name not in places.names and one != SEARCH_RANGES.get(name):
            allowed = f"is of no raw parameter that is trained here: {', '.join(places.names)}"
            raise refusal(f"optuna_settings.parameter_config.{name}", dict(one), allowed)
    found, first = [], 0
    for name, shape in zip(places.names, places.shapes, strict=True):
        own = range(first, first + math.prod(shape))
        first, look = own.stop, _range(ranges, name)
        is_shared = look.scalar or settings["make_scalar"]
        parts = [tuple(own)] if is_shared else [(place,) for place in own]
        for number, part in enumerate(parts):
            label = name if len(parts) == 1 else f"{name}_{number}"
            found.append(_axis(label, name, part, look, start[list(part)], settings["expand_around"]))
    return tuple(found)


def _range(ranges: Mapping[str, Any], name: str) -> SearchRange:
    if name in ranges:
        one = ranges[name]
        return SearchRange(one["low"], one["high"], one.get("log_scale", False), one.get("scalar", False))
    if name not in SCHEMA:
        raise refusal("optuna_settings.parameter_config", name, "has no range; give its low and high")
    return SCHEMA[name].search_range


def _axis(
    label: str,
    name: str,
    part: tuple[int, ...],
    look: SearchRange,
    values: Float64[np.ndarray, " places"],
    is_around: bool,
) -> SearchAxis:
    """Its start is the mean of the values that it stands for."""
    if look.log_scale and values.min() <= 0:
        allowed = "starts at or below 0, where a log scale has nothing; give it a linear range"
        raise refusal(f"optuna_settings.parameter_config.{name}", float(values.min()), allowed)
    scale, back = (np.log, np.exp) if look.log_scale else (np.asarray, np.asarray)
    start, low, high = scale(values).mean(), scale(look.low), scale(look.high)
    if is_around:
        reach = WIDTH * (high - low)
        low, high = start - reach, start + reach
    ends = (float(back(low)), float(back(high)))
    return SearchAxis(label, name, part, *ends, look.log_scale, float(np.clip(back(start), *ends)))


def filled(axes: tuple[SearchAxis, ...], values: Float64[np.ndarray, "trials axes"], size: int) -> np.ndarray:
    """Rows of trained numbers, ``(trials, size)``, of what trials chose, ``(trials, axes)``."""
    rows = np.zeros((len(values), size))
    for axis, column in zip(axes, values.T, strict=True):
        rows[:, list(axis.places)] = column[:, None]
    return rows
