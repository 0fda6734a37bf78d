"""Strategies of a map: first parameters of other aggressiveness and memory."""

from collections.abc import Mapping
from typing import Any

from isotherm.errors import refusal
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.names import CREATED, pool_name
from isotherm.studies.market.map_config import MapConfig


def settings_at(settings: Fingerprint, memory_days: float, k_per_day: float) -> Fingerprint:
    """Settings whose first parameters have that memory and that aggressiveness."""
    return settings.replaced(initial_memory_length=memory_days, initial_k_per_day=k_per_day)


def check_map(config: MapConfig, settings: Mapping[str, Any], params_file: str) -> None:
    """Refuse half a map, one of a pool that has no such parameters, or one of parameters from a file.

    Raises:
        ValueError: naming ``k_grid``.
    """
    if bool(config.k_grid) != bool(config.memory_grid):
        raise refusal("k_grid", config.k_grid, "needs memory_grid beside it, and the other way round")
    if not config.k_grid:
        return
    if params_file:
        allowed = "goes with first parameters, not with those of a file: leave params_file out"
        raise refusal("k_grid", config.k_grid, allowed)
    if not {"log_k", "sp_k", "k"} & set(CREATED[pool_name(settings["rule"]).rule]):
        allowed = f"needs a pool with k and a memory, which {settings['rule']} has not"
        raise refusal("k_grid", config.k_grid, allowed)
