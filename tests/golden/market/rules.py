"""Golden operations on estimators, rules, weights and learnable bounds: what we find, by the name of the function."""

from collections.abc import Callable
from typing import Any

OURS: dict[str, Callable[[dict[str, Any]], Any]] = {}
