"""Defaults filled into settings; whatever is filled in is a copy, so that no caller holds the defaults themselves."""

import copy
from collections.abc import Mapping, MutableMapping
from typing import Any

from isotherm.errors import wrong_kind


def default_set(settings: MutableMapping[str, Any], key: str, value: Any) -> None:
    """Set an entry that is absent or None to a copy of ``value``.

    >>> settings = {"fees": None}
    >>> default_set(settings, "fees", 0.003)
    >>> settings
    {'fees': 0.003}
    """
    if settings.get(key) is None:
        settings[key] = copy.deepcopy(value)


def default_set_or_get(settings: MutableMapping[str, Any], key: str, value: Any, augment: bool = True) -> Any:
    """An entry, or a copy of ``value`` where it is absent or None, which is stored too unless told otherwise.

    >>> settings = {}
    >>> default_set_or_get(settings, "fees", 0.003, augment=False), settings
    (0.003, {})
    """
    if settings.get(key) is not None:
        return settings[key]
    value = copy.deepcopy(value)
    if augment:
        settings[key] = value
    return value


def recursive_default_set(settings: MutableMapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Set what is absent or None, within nested settings too, to copies of the defaults.

    Raises:
        TypeError: naming an entry that should be a mapping and is something else.

    >>> settings = {"training": {"batch_size": 2}}
    >>> recursive_default_set(settings, {"training": {"batch_size": 8, "base_lr": 0.1}})
    >>> settings
    {'training': {'batch_size': 2, 'base_lr': 0.1}}
    """
    for key, value in defaults.items():
        if not isinstance(value, Mapping):
            default_set(settings, key, value)
            continue
        default_set(settings, key, {})
        inner = settings[key]
        if not isinstance(inner, MutableMapping):
            raise wrong_kind(key, inner, "a mapping of settings")
        recursive_default_set(inner, value)
