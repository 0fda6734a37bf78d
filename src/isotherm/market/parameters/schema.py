"""What each raw parameter is: where it starts, where to look for it, and whether it is trained."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.parameters.host import real_values
from isotherm.market.parameters.names import CREATED, CREATED_BY_BOUNDS, pool_name


class SearchRange(NamedTuple):
    """Where a parameter is looked for.

    Attributes:
        low: smallest raw value.
        high: largest raw value.
        log_scale: whether points are even in the logarithm; both ends are above 0 then.
        scalar: whether all tokens share a value.
    """

    low: float | int
    high: float | int
    log_scale: bool = False
    scalar: bool = False


class SchemaEntry(NamedTuple):
    """One raw parameter.

    Attributes:
        initial: raw value where no other is given.
        search_range: where it is looked for.
        trainable: whether optimisers may change it.
        description: what it is.
    """

    initial: float
    search_range: SearchRange
    trainable: bool
    description: str


def _entry(
    initial: float, low: float | int, high: float | int, description: str, log_scale: bool = False
) -> SchemaEntry:
    return SchemaEntry(initial, SearchRange(low, high, log_scale), True, description)


SCHEMA: dict[str, SchemaEntry] = {
    "log_k": _entry(float(np.log2(20.0)), -6.6, 12, "log2 of aggressiveness per day of memory"),
    "sp_k": _entry(20 - 1 / 20, -1, 100, "inverse squareplus of aggressiveness per day of memory"),
    "k": _entry(20.0, 0.1, 1000, "aggressiveness per day of memory", log_scale=True),
    "logit_lamb": _entry(0.0, -4, 8, "logit of the decay"),
    "logit_lamb_for_ewma": _entry(0.0, -4, 8, "logit of the decay of the shared average"),
    "logit_delta_lamb": _entry(0.0, -5, 5, "what the alternative memory adds to the logit"),
    "sp_exponents": _entry(0.0, -2, 4, "inverse squareplus of the exponent"),
    "raw_exponents": _entry(0.0, 0, 10, "inverse squareplus of the exponent"),
    "sp_pre_exp_scaling": _entry(-1.5, -3, 2, "inverse squareplus of the scale before the exponent"),
    "raw_pre_exp_scaling": _entry(-1.0, -10, 10, "log2 of the scale before the exponent"),
    "sp_amplitude": _entry(0.0, -3, 4, "inverse squareplus of the amplitude per day of memory"),
    "log_amplitude": _entry(0.0, -10, 10, "log2 of the amplitude per day of memory"),
    "sp_width": _entry(0.0, -3, 3, "inverse squareplus of the channel width"),
    "raw_width": _entry(0.0, -10, 10, "log2 of the channel width"),
    "memory_days_1": _entry(10.0, 0.5, 200, "days of the first memory", log_scale=True),
    "memory_days_2": _entry(10.0, 0.5, 200, "days of the second memory", log_scale=True),
    "initial_weights_logits": _entry(1.0, -10, 10, "logits of the first weights")._replace(trainable=False),
    "raw_min_budget": _entry(float(np.log(0.25 / 0.75)), -6, 6, "logit of the sum of lower bounds"),
    "raw_min_logits": _entry(0.0, -10, 10, "logits of the lower bounds' shares"),
    "raw_gap_logits": _entry(0.0, -6, 6, "logits of the gaps between bounds"),
    "price_ratio": _entry(4.0, 1.1, 100, "highest over lowest price", log_scale=True),
    "centeredness_margin": _entry(0.2, 0.01, 0.99, "centeredness below which balances move"),
    "daily_price_shift_base": _entry(
        1 - 1 / 124000, 1 - 1e-4, 1 - 1e-6, "decay of virtual balances in a second"
    ),
    "shift_exponent": _entry(1.0, 0.01, 100, "exponent of the daily shift", log_scale=True),
    "arc_length_speed": _entry(1e-4, 1e-7, 1e-2, "speed along the arc", log_scale=True),
    "fees": _entry(0.003, 1e-5, 0.1, "swap fee", log_scale=True),
}
"""Of each parameter that a pool's first set has; the curve of ``gyroscope`` is given, not looked for."""


def schema_of(rule: str) -> dict[str, SchemaEntry]:
    """What a pool declares, by parameter.

    Raises:
        ValueError: naming ``rule``, if a part of the name is unknown.

    >>> sorted(schema_of("min_variance"))
    ['initial_weights_logits', 'memory_days_1', 'memory_days_2']
    """
    hooks, base = pool_name(rule)
    names = CREATED[base] + (CREATED_BY_BOUNDS if "bounded" in hooks else ())
    return {name: SCHEMA[name] for name in names if name in SCHEMA}


def trainable_keys(rule: str) -> tuple[str, ...]:
    """Parameters of a pool that optimisers may change, in the order of their names.

    Raises:
        ValueError: naming ``rule``, if a part of the name is unknown.

    >>> trainable_keys("momentum")
    ('log_k', 'logit_delta_lamb', 'logit_lamb')
    """
    return tuple(sorted(name for name, entry in schema_of(rule).items() if entry.trainable))


def initial_value(
    name: str,
    initial_values: Mapping[str, Any],
    fingerprint: Mapping[str, Any],
    schema: Mapping[str, SchemaEntry] = SCHEMA,
) -> Any:
    """A raw parameter's first value: of the initial values, else of the settings, else of the schema.

    Args:
        name: of the parameter; ``initial_<name>`` is looked for before it.
        initial_values: looked in first.
        fingerprint: looked in next.
        schema: last.

    Raises:
        ValueError: naming the parameter, if none has it.

    >>> initial_value("sp_width", {}, {"initial_sp_width": 0.5})
    0.5
    """
    for source in (initial_values, fingerprint):
        for key in (f"initial_{name}", name):
            if source.get(key) is not None:
                return source[key]
    if name in schema:
        return schema[name].initial
    raise ValueError(f"{name}: this parameter has no initial value, and no pool declares it")


def sample_in_range(u: Any, search_range: SearchRange) -> Float[np.ndarray, "*shape"]:
    """Points of the unit interval, of any shape, taken into a range.

    Args:
        u: within 0 .. 1.
        search_range: ``(low, high)``, and whether the scale is logarithmic.

    Raises:
        ValueError: naming a point outside, or a range without room.

    >>> sample_in_range([0.0, 0.5, 1.0], SearchRange(0.01, 100, log_scale=True)).round(2).tolist()
    [0.01, 1.0, 100.0]
    """
    low, high, log_scale, _ = search_range
    u = np.asarray(real_values("u", u, least=0, most=1))
    if not doors.number("low", low) < doors.number("high", high):
        raise refusal("search_range", (low, high), "low must be below high")
    if not log_scale:
        return np.asarray(low + u * (high - low))
    doors.number("low", low, above=0)
    return np.asarray(np.exp(np.log(low) + u * (np.log(high) - np.log(low))))
