"""A study of chains: walks that go on from where they were, link by link.

``ISOTHERM_TEST_LOG`` names a file to which each link adds a line as it begins.
"""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from isotherm.study import Arrays, Config, Figure, Result, Study, Table, Task

LOG = "ISOTHERM_TEST_LOG"
TRACED: list[int] = []


class WalksConfig(Config):
    links: Annotated[tuple[Annotated[int, Field(ge=1, le=1_000)], ...], Field(min_length=1)] = (4, 3)
    """Links of each chain."""
    steps: Annotated[int, Field(ge=1)] = 25
    """Steps of a link."""
    delay_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Seconds that each link sleeps."""
    fault: str = ""
    """The link that fails."""
    is_traced: bool = False
    """Whether links walk by JAX, and tell how often that was compiled and in which process they ran."""


class Walks(Study[WalksConfig]):
    name = "walks"
    title = "Walks"
    summary = "Where does a walk end? Each is a chain."
    config = WalksConfig
    presets = {"smoke": {}, "published": {}}  # noqa: RUF012

    def tasks(self, config: WalksConfig) -> list[Task]:
        return [
            Task(f"walk-{walk}.{link}", {"walk": walk}, after=f"walk-{walk}.{link - 1}" if link else None)
            for walk, num_links in enumerate(config.links)
            for link in reversed(range(num_links))
        ]

    def compute(self, config: WalksConfig, task: Task) -> Arrays:
        walk = task.payload["walk"]
        return self._walked(config, task, {"place": np.zeros(3), "seed": np.asarray(walk)})

    def proceed(self, config: WalksConfig, task: Task, earlier: Arrays) -> Arrays:
        return self._walked(config, task, earlier)

    def _walked(self, config: WalksConfig, task: Task, earlier: Arrays) -> Arrays:
        _log(task.name)
        time.sleep(config.delay_s)
        if task.name == config.fault:
            raise RuntimeError("lost its way\nin the fog")
        if config.is_traced:
            return _by_jax(earlier, config.steps)
        rng = np.random.default_rng(int(earlier["seed"]))
        place = earlier["place"] + rng.normal(size=(config.steps, 3)).sum(axis=0)
        return {"place": place, "seed": np.asarray(rng.integers(1 << 40))}

    def combine(self, config: WalksConfig, results: Mapping[str, Arrays]) -> Result:
        places = np.stack([results[f"walk-{i}.{n - 1}"]["place"] for i, n in enumerate(config.links)])
        return Result({"far": np.abs(places).max(axis=1).tolist()}, {"places": places})

    def tables(self, config: WalksConfig, metrics: Mapping[str, Any]) -> list[Table]:
        return [Table("Walks", ("walk", "far"), tuple(enumerate(metrics["far"])))]

    def conclusions(self, config: WalksConfig, metrics: Mapping[str, Any]) -> list[str]:
        return ["They ended."]

    def figures(self, *_: Any) -> Iterator[Figure]:
        return iter(())


def _log(line: str) -> None:
    if LOG in os.environ:
        with Path(os.environ[LOG]).open("a") as file:
            file.write(f"{line}\n")


def _by_jax(earlier: Arrays, steps: int) -> Arrays:
    place = np.asarray(_compiled()(earlier["place"].astype(np.float32), np.float32(steps)))
    told = {"process": np.asarray(os.getpid()), "traced": np.asarray(len(TRACED))}
    return {"place": place, "seed": earlier["seed"]} | told


def _compiled() -> Any:
    global _WALK
    if _WALK is None:
        import jax

        def walk(place: Any, steps: Any) -> Any:
            TRACED.append(1)
            return jax.lax.fori_loop(0, 10, lambda _, x: x + steps * jax.numpy.cos(x), place)

        _WALK = jax.jit(walk)
    return _WALK


_WALK: Any = None
