"""What metrics of studies of pools say of their settings, and numbers as JSON has them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.market.parameters.fingerprint import unknown_settings


def settings_facts(settings: Mapping[str, Any]) -> dict[str, Any]:
    """``settings`` of a run without those of training, ``unread`` ones of other tools, and ``tokens``, sorted."""
    return {
        "settings": {key: value for key, value in settings.items() if key != "optimisation_settings"},
        "unread": unknown_settings(settings),
        "tokens": sorted(settings["tokens"]),
    }


def changed(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that are not their defaults, those of mappings by dotted names.

    >>> changed({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 2, "d": 4}})
    {'b.d': 3}
    """
    found = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and isinstance(defaults.get(key), Mapping):
            found |= {f"{key}.{name}": one for name, one in changed(value, defaults[key]).items()}
        elif key not in defaults or value != defaults[key]:
            found[key] = value
    return found


def finite(value: Any) -> float | None:
    """A number, or None where it is none that JSON has a word for."""
    found = float(value)
    return found if np.isfinite(found) else None
