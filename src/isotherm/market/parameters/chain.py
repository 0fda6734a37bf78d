"""What a contract is given: effective parameters of one set, guardrails, weights and state, in fixed point.

Values are rounded to ``1e-18``, so those of 0.0005 and more keep a relative 1e-15. Numbers that only matter through
others, as ``logit_lamb`` does through ``lamb``, are not written.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.hooks.bounds import learned_bounds
from isotherm.market.parameters import effective as raw
from isotherm.market.parameters.defaults import default_set, recursive_default_set
from isotherm.market.parameters.encoding import NESTED, plain
from isotherm.market.parameters.fingerprint import check_run_fingerprint
from isotherm.market.parameters.fixed_point import bd18_strings, from_bd18
from isotherm.market.parameters.host import real_values
from isotherm.market.parameters.keys import DEFAULTS
from isotherm.market.parameters.memory import lambda_to_memory_days_clipped, memory_days_to_lambda
from isotherm.market.parameters.names import (
    ENCODINGS,
    FIXED,
    QUANTITIES,
    TARGET_RULES,
    TRIPLE,
    own_keys,
    pool_name,
    quantities_of,
)  # fmt: skip

Export = dict[str, dict[str, Any]]
Found = dict[str, Array]
Days = Array | None

TWO_MEMORIES = ("difference_momentum", "min_variance")
GRADIENTS = ("channel", "trend", "envelope")
"""Rows of ``logit_lamb`` of the rule with three gradients."""

_GEOMETRY = (
    "phi", "alpha", "beta", "lam", "price_ratio", "centeredness_margin", "daily_price_shift_base", "shift_exponent",
    "arc_length_speed", "fees",
)  # fmt: skip
"""Parameters that are effective as they are."""

_NEEDED_GEOMETRY = {
    "gyroscope": ("rotation", "alpha", "beta", "stretch"),
    "reclamm": ("price_ratio", "centeredness_margin", "price_shift"),
}

_AXES = {"raw_min_budget": 0, "phi": 0, "alpha": 0, "beta": 0, "lam": 0}
"""Axes of one set's array, where there is not one."""


def convert_parameter_values(
    params: Mapping[str, Any],
    fingerprint: Mapping[str, Any],
    max_memory_days: float | int | int | None = None,
    parameter_set: int | None = None,
    final_weights: Any = None,
    state: Mapping[str, Any] | None = None,
) -> Export:
    """Effective parameters of one set, as numbers and in fixed point.

    Args:
        params: raw parameters, ``(n,)`` or ``(1,)`` each; with a leading axis of sets, ``parameter_set`` chooses.
        fingerprint: settings; absent ones have their defaults. If they name a ``rule``, all that it reads must be
            there and nothing else is written; if not, whatever is there is written.
        max_memory_days: in place of that of the settings.
        parameter_set: index of a set, needed if there are several.
        final_weights: of the pool when it is deployed, ``(n,)``, sum 1.
        state: of the rule's estimator by name, such as ``ewma`` and ``running_a``; arrays of any shape.

    Returns:
        ``values``, lists of floats, and ``strings``, the same in units of ``1e-18``, by name: ``lamb``, capped, and
        ``memory_days``; of two memories ``lamb_1``, ``memory_days_1`` and so on; ``k``, ``exponents``, ``width``,
        ``amplitude``, ``pre_exp_scaling``; ``min_weights`` and ``max_weights``; ``initial_weights``;
        ``minimum_weight``, ``maximum_change`` a minute, ``chunk_period`` and ``weight_interpolation_period`` in
        minutes; ``final_weights`` and the state.

    Raises:
        TypeError: naming what is of another kind.
        ValueError: naming what is absent, out of range, of another shape, or too large for a contract.

    >>> found = convert_parameter_values({"logit_lamb": [0.0], "k": [3.0]}, {"chunk_period": 1440})
    >>> found["strings"]["lamb"], round(found["values"]["memory_days"][0], 12)
    (['500000000000000000'], 5.76899828123)
    """
    settings, rule = _settings(fingerprint, max_memory_days)
    own = one_set(_own(params, rule), rule, parameter_set)
    n = _num_tokens(own, fingerprint.get("tokens"))
    with jax.enable_x64(True):
        found = _effective({key: jnp.asarray(value) for key, value in own.items()}, settings, rule)
        values = {name: np.asarray(value).tolist() for name, value in found.items()}
    values |= _limits(settings, n)
    if final_weights is not None:
        values["final_weights"] = deployed_weights("final_weights", final_weights, n).tolist()
    values |= _state_values(state or {}, values)
    return {"values": values, "strings": {name: bd18_strings(value, name) for name, value in values.items()}}


def deployed_weights(field: str, weights: Any, num_tokens: int | None = None) -> np.ndarray:
    """Weights of a pool, float64 ``(n,)``.

    Raises:
        TypeError: naming ``field``, if they are no numbers.
        ValueError: naming ``field``, if one is not above 0, they do not sum to 1, or are another number.
    """
    found = np.asarray(real_values(field, weights, above=0))
    if found.ndim != 1 or (num_tokens is not None and found.size != num_tokens):
        raise refusal(
            f"{field}.shape", found.shape, f"must be ({'n' if num_tokens is None else num_tokens},)"
        )
    if abs(found.sum() - 1) > 1e-9:
        raise refusal(field, found.tolist(), f"must sum to 1, not to {found.sum():.12g}")
    return found


def one_set(
    params: Mapping[str, Any],
    rule: str | None,
    parameter_set: int | None = None,
    *,
    keeps_members: bool = False,
) -> dict[str, np.ndarray]:
    """Arrays of one set, float64, ``(n,)`` or ``(1,)`` as a rule, without nested ones.

    Args:
        params: raw parameters, of one set or with a leading axis of sets.
        rule: the pool's name, or None if it is not known.
        parameter_set: index of a set; None if there is one only.
        keeps_members: whether parameters lead with the members of an ensemble, after the sets; those that members
            share do not.

    Raises:
        TypeError: naming a parameter that holds no numbers.
        ValueError: naming a parameter with several sets, if none is chosen or there is no such set; or with members
            of an ensemble where they are not kept, since each is exported by itself.
    """
    hooks, base = ((), None) if rule is None else pool_name(rule)
    is_triple = base == TRIPLE or "logit_lamb_for_ewma" in params
    found = {}
    for key, value in params.items():
        if key == NESTED or value is None:
            continue
        axes = 2 if is_triple and key == "logit_lamb" else _AXES.get(key, 1)
        axes += keeps_members and key not in FIXED
        array = np.asarray(real_values(key, value))
        array = array.reshape(1) if array.ndim < axes == 1 else array
        if array.ndim > axes + (keeps_members or "ensemble" not in hooks or key in FIXED):
            how = "has members of an ensemble; export each by itself, as a pool without that hook"
            raise refusal(f"{key}.shape", array.shape, how)
        found[key] = _chosen(key, array, parameter_set) if array.ndim == axes + 1 else array
    return found


def rebuilt(strings: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The numbers of an export from its strings, float64, of the same shapes.

    Raises:
        ValueError: naming what is no number in fixed point.

    >>> rebuilt({"k": ["20000000000000000000"]})["k"].tolist()
    [20.0]
    """
    return {name: np.array(_read(name, value)) for name, value in strings.items()}


def _read(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_read(name, one) for one in value]
    return from_bd18(value, name)


def _own(params: Mapping[str, Any], rule: str | None) -> dict[str, Any]:
    doors.mapping("params", params, "a mapping of parameters")
    keys = params.keys() if rule is None else own_keys(rule)
    return {key: value for key, value in params.items() if key in keys}


def _chosen(key: str, array: np.ndarray, parameter_set: int | None) -> np.ndarray:
    if parameter_set is None and array.shape[0] != 1:
        raise refusal(
            f"{key}.shape", array.shape, "holds several parameter sets; choose one by parameter_set"
        )
    index = 0 if parameter_set is None else doors.whole("parameter_set", parameter_set, 0)
    if index >= array.shape[0]:
        raise refusal(
            "parameter_set", index, f"must be below {array.shape[0]}, there are so many sets of {key}"
        )
    return np.asarray(array[index])


def _settings(
    fingerprint: Mapping[str, Any], max_memory_days: float | int | int | None
) -> tuple[dict[str, Any], str | None]:
    """With defaults, where weights move through the whole of a period unless it is told otherwise; and the rule."""
    settings = plain(doors.mapping("fingerprint", fingerprint, "a mapping of settings"))
    if settings.get("chunk_period") is not None:
        default_set(settings, "weight_interpolation_period", settings["chunk_period"])
    check_run_fingerprint(settings)
    rule = settings.get("rule")
    recursive_default_set(settings, DEFAULTS)
    if max_memory_days is not None:
        settings["max_memory_days"] = doors.number("max_memory_days", max_memory_days, above=0)
    return settings, rule


def _effective(params: Mapping[str, Array], settings: Mapping[str, Any], rule: str | None) -> Found:
    """What a rule reads; where it is not known, what is there."""
    base = None if rule is None else pool_name(rule).rule
    given = [one for one, keys in ENCODINGS.items() if any(raw.has(params, key) for key in keys)]
    wanted = given if rule is None else quantities_of(rule)
    found, days = _memories(params, settings, base)
    if "k" in wanted:
        is_absolute = raw.has(params, "absolute_k") and not any(
            raw.has(params, key) for key in ("sp_k", "log_k")
        )
        found["k"] = raw.calc_k(params, 1.0 if is_absolute else _needed_days(days))
    if "exponents" in wanted:
        found["exponents"] = raw.calc_exponents(params, at_least_one=base == "power_channel")
    if "width" in wanted:
        found["width"] = raw.calc_width(params)
    if "amplitude" in wanted:
        found["amplitude"] = raw.calc_amplitude(params, _needed_days(days))
    if "pre_exp_scaling" in wanted:
        found["pre_exp_scaling"] = raw.calc_pre_exp_scaling(params, settings["use_pre_exp_scaling"])
    if "min_logits" in wanted:
        bounds = learned_bounds(params)
        found |= {"min_weights": bounds.low, "max_weights": bounds.high}
    for quantity in _NEEDED_GEOMETRY.get(base or "", ()):
        raw.required(params, *ENCODINGS[quantity])
    if "initial_weights" in given:
        found["initial_weights"] = raw.calc_initial_weights(params)
    return found | {key: jnp.atleast_1d(params[key]) for key in _GEOMETRY if raw.has(params, key)}


def _memories(
    params: Mapping[str, Array], settings: Mapping[str, Any], base: str | None
) -> tuple[Found, Days]:
    """Decays, capped, and days of memory; and the days that ``k`` and the amplitude are per day of."""
    if base == TRIPLE or raw.has(params, "logit_lamb_for_ewma"):
        return _three_memories(params, settings)
    has_days = raw.has(params, "memory_days_1") or raw.has(params, "memory_days_2")
    if base in TARGET_RULES and base not in TWO_MEMORIES and has_days:
        return _blend_of_days(params, settings)
    if has_days or (base in TWO_MEMORIES and not raw.has(params, "logit_lamb")):
        return _two_memories(params, settings, base)
    is_needed = base is not None and "lambda" in QUANTITIES[base]
    if not (raw.has(params, "logit_lamb") or is_needed):
        return {}, None
    first = _memory(raw.calc_lambda(params), settings)
    found = {"lamb": first[0], "memory_days": first[1]}
    reads_second = settings["use_alt_lamb"] or base in (*TWO_MEMORIES, *TARGET_RULES)
    if reads_second and (base is not None or raw.has(params, "logit_delta_lamb")):
        second = _memory(raw.calc_alt_lambda(params), settings)
        found |= {"alt_lamb": second[0], "alt_memory_days": second[1]}
        if base in TWO_MEMORIES:
            found |= {
                "lamb_1": first[0],
                "memory_days_1": first[1],
                "lamb_2": second[0],
                "memory_days_2": second[1],
            }
    return found, first[1]


def _blend_of_days(params: Mapping[str, Array], settings: Mapping[str, Any]) -> tuple[Found, Days]:
    """Of an index: days say how much of the old weights stays, by the name of the decay that they replace."""
    days = raw.calc_raw_memory_days(params, "memory_days_2")
    decay = _memory(memory_days_to_lambda(days, settings["chunk_period"]), settings)[0]
    return {"alt_lamb": decay, "alt_memory_days": days}, None


def _two_memories(
    params: Mapping[str, Array], settings: Mapping[str, Any], base: str | None
) -> tuple[Found, Days]:
    """Of parameters that are days themselves; both are needed where the rule is known.

    Rules of targets take what is lacking from decays, as they do when they are played.
    """
    found: Found = {}
    days = []
    decays = {1: raw.calc_lambda, 2: raw.calc_alt_lambda}
    for i, decay_of in decays.items():
        if base in TARGET_RULES and not raw.has(params, f"memory_days_{i}") and raw.has(params, "logit_lamb"):
            found[f"lamb_{i}"], found[f"memory_days_{i}"] = _memory(decay_of(params), settings)
            days.append(found[f"memory_days_{i}"])
        elif base is not None or raw.has(params, f"memory_days_{i}"):
            days.append(raw.calc_raw_memory_days(params, f"memory_days_{i}"))
            decay = memory_days_to_lambda(days[-1], settings["chunk_period"])
            found |= {f"lamb_{i}": _memory(decay, settings)[0], f"memory_days_{i}": days[-1]}
    return found, jnp.maximum(days[0], days[-1])


def _three_memories(params: Mapping[str, Array], settings: Mapping[str, Any]) -> tuple[Found, Days]:
    """Of three gradients, and of the average they share."""
    rows = (_memory(raw.calc_lambda_from_index(params, index), settings)[0] for index in range(3))
    average, days = _memory(raw.calc_lambda_for_ewma(params), settings)
    found = {f"lamb_{name}": row for name, row in zip(GRADIENTS, rows, strict=True)}
    return found | {"lamb_for_ewma": average, "memory_days": days}, days


def _memory(decay: Array, settings: Mapping[str, Any]) -> tuple[Array, Array]:
    """A decay within its cap, and its days within theirs."""
    period, most = settings["chunk_period"], settings["max_memory_days"]
    return raw.capped_lambda(decay, period, most), lambda_to_memory_days_clipped(decay, period, most)


def _needed_days(days: Days) -> Array:
    if days is None:
        raise ValueError("params: must have a memory, of which k and the amplitude are per day: logit_lamb")
    return days


def _num_tokens(own: Mapping[str, np.ndarray], tokens: Any) -> int:
    """Of the settings, else of the longest array; arrays are of as many, or of one."""
    sizes = {key: array.shape[-1] for key, array in own.items() if array.ndim}
    n = max(sizes.values(), default=1) if tokens is None else len(tokens)
    for key, size in sizes.items():
        if size not in (1, n):
            raise refusal(f"{key}.shape", own[key].shape, f"must be ({n},) or (1,), there are {n} tokens")
    return n


def _limits(settings: Mapping[str, Any], n: int) -> dict[str, list[float]]:
    least = settings["minimum_weight"]
    least = 0.1 / n if least is None else doors.number("minimum_weight", least, above=0, below=1 / n)
    own = ("maximum_change", "chunk_period", "weight_interpolation_period")
    return {"minimum_weight": [float(least)], **{name: [float(settings[name])] for name in own}}


def _state_values(state: Mapping[str, Any], taken: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in doors.mapping("state", state, "a mapping of arrays").items():
        if name in taken:
            raise refusal("state", name, "is the name of something else that is exported")
        found[name] = np.atleast_1d(doors.real_numbers(f"state.{name}", value)).tolist()
    return found
