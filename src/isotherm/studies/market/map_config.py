"""The axes of a map of strategies, and its tasks."""

from pydantic import field_validator

from isotherm.settings.config import Config
from isotherm.studies.market.pool_config import Positive
from isotherm.study.base import Task


class MapConfig(Config):
    """The two axes of a map; both or none."""

    k_grid: tuple[Positive, ...] = ()
    """Values of ``k_per_day`` for the map; empty: no map."""

    memory_grid: tuple[Positive, ...] = ()
    """Memories in days for the map."""

    @field_validator("k_grid", "memory_grid")
    @classmethod
    def _increases(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if list(values) != sorted(set(values)):
            raise ValueError("should increase")
        return values


def map_tasks(config: MapConfig) -> list[Task]:
    """A task for each memory, ``memory-0`` and on."""
    weight = float(len(config.k_grid))
    memories = config.memory_grid if config.k_grid else ()
    return [Task(f"memory-{i}", {"memory_days": memory}, weight) for i, memory in enumerate(memories)]
