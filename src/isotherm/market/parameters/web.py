"""Parameters as a web page sends them, by effective names, to raw parameters of a pool."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from isotherm import doors
from isotherm.errors import refusal, wrong_kind
from isotherm.market.parameters import host
from isotherm.market.parameters.encoding import NESTED
from isotherm.market.parameters.keys import SETTINGS
from isotherm.market.parameters.names import CREATED, known_word, own_keys, pool_name

Sent = dict[str, np.ndarray]

_FORMS = {
    "exponent": {"sp_exponents": host.inverse_squareplus, "raw_exponents": host.inverse_squareplus},
    "width": {"sp_width": host.inverse_squareplus, "raw_width": host.get_raw_value},
    "pre_exp_scaling": {
        "sp_pre_exp_scaling": host.inverse_squareplus,
        "raw_pre_exp_scaling": host.get_raw_value,
    },
}
"""Raw keys of an effective name, and the map to each."""


def params_from_web(
    items: Iterable[Any],
    rule: str,
    n_tokens: int,
    chunk_period: float | int,
    max_memory_days: float | int = 365.0,
) -> dict[str, Any]:
    """Raw parameters of one set, ``(n,)`` each, from what a web page sends.

    Args:
        items: ``{"name": ..., "value": [...]}`` each: effective names, ``memory_days``, ``k_per_day``, ``exponent``,
            ``width``, ``amplitude`` and ``pre_exp_scaling``, or raw ones of the pool. A list that is shorter than the
            tokens counts by its first number. Names of settings, such as ``chunk_period``, are passed over.
        rule: the pool's name.
        n_tokens: 1 or more.
        chunk_period: minutes between updates, above 0.
        max_memory_days: cap of memory, by which amplitudes are per day.

    Raises:
        TypeError: naming an item of another kind.
        ValueError: naming an item that is unknown, twice there, empty, too long, out of range, or an amplitude
            without ``memory_days``.

    >>> sent = [{"name": "memory_days", "value": [10.0]}, {"name": "k_per_day", "value": [20.0, 30.0]}]
    >>> found = params_from_web(sent, "momentum", 2, 1440)
    >>> found["k"].tolist(), found["logit_lamb"].round(4).tolist()
    ([20.0, 30.0], [0.7554, 0.7554])
    """
    base = pool_name(rule).rule
    sent = _sent(items, doors.whole("n_tokens", n_tokens, 1))
    found: dict[str, Any] = {NESTED: []}
    for name, value in sent.items():
        found |= _raw(name, value, sent, base, (chunk_period, max_memory_days))
    own = own_keys(rule)
    for name in found:
        known_word("name", name, sorted({*own, *_FORMS, "memory_days", "k_per_day", "amplitude"}))
        if name not in own:
            raise refusal("name", name, f"is no parameter of {rule}")
    if base == "gyroscope":
        found |= {key: found[key][0] for key in CREATED["gyroscope"] if key in found}
    return found


def _raw(
    name: str, value: np.ndarray, sent: Sent, base: str, memory: tuple[float | int, float | int]
) -> dict[str, Any]:
    if name == "memory_days":
        if base in ("min_variance", "difference_momentum"):
            return {"memory_days_1": value, "memory_days_2": value.copy()}
        return {"logit_lamb": host.memory_days_to_logit_lambda(value, memory[0])}
    if name == "k_per_day":
        return {"k": value}
    if name == "amplitude":
        return _amplitude(value, sent, base, memory[1])
    if name in _FORMS:
        forms: dict[str, Callable[[Any], Any]] = _FORMS[name]
        return {key: to_raw(value) for key, to_raw in forms.items() if key in CREATED[base]} or {name: value}
    return {name: value}


def _amplitude(value: np.ndarray, sent: Sent, base: str, max_memory_days: float | int) -> dict[str, Any]:
    if "memory_days" not in sent:
        raise refusal("amplitude", value.tolist(), "needs memory_days, of which it is per day")
    days = np.minimum(host.real_values("memory_days", sent["memory_days"], above=0), max_memory_days)
    if "log_amplitude" in CREATED[base]:
        return {"log_amplitude": host.get_log_amplitude(value, days)}
    return {"sp_amplitude": host.inverse_squareplus(host.real_values("amplitude", value, above=0) / days)}


def _sent(items: Iterable[Any], n: int) -> Sent:
    """Numbers of each token by name, without settings."""
    found: Sent = {}
    for index, item in enumerate(doors.sequence("items", items, "a list of parameters")):
        if not isinstance(item, Mapping) or not {"name", "value"} <= item.keys():
            raise wrong_kind(f"items[{index}]", item, "a mapping with name and value")
        name = doors.text("name", item["name"])
        if name in found:
            raise refusal("name", name, "is there twice")
        if name not in SETTINGS:
            found[name] = _for_tokens(name, item["value"], n)
    return found


def _for_tokens(name: str, value: Any, n: int) -> np.ndarray:
    array = np.atleast_1d(host.real_values(name, value))
    if array.ndim != 1 or not 1 <= array.size <= n:
        raise refusal(f"{name}.shape", array.shape, f"must be one number to {n}, one for each token")
    return array if array.size == n else np.full(n, array[0])
