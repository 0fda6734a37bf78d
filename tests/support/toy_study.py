"""A study that costs nothing: tossed coins. ``delay_s`` lets a test interrupt it."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from isotherm.study import Arrays, Config, Estimate, Figure, Result, Study, Table, Task


class Lamp(Config):
    colour: Literal["red", "green"] = "red"
    """Its colour."""
    watts: Annotated[int, Field(ge=1, le=100)] = 60
    """Its power."""


class CoinsConfig(Config):
    tosses: Annotated[int, Field(ge=1, le=100_000)] = 100
    """Tosses a coin."""
    biases: Annotated[tuple[Annotated[float, Field(ge=-1, le=1)], ...], Field(min_length=1)] = (
        -0.5,
        0.0,
        0.5,
    )
    """Mean of each coin, from -1 to 1."""
    runs: Annotated[int, Field(ge=1, le=1_000)] = 16
    """Independent runs."""
    mode: Literal["fair", "loaded"] = "loaded"
    """Whether the biases count."""
    is_counted: bool = True
    """Whether heads are counted at all."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of everything random."""
    delay_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    """Seconds that each task sleeps."""
    fault: Literal["none", "raise", "die"] = "none"
    """What goes wrong in the last task."""
    table: str = ""
    """A file that results depend on; empty for none."""
    lamp: Lamp = Lamp()
    """A nested config."""


class Coins(Study[CoinsConfig]):
    name = "coins"
    title = "Coins & <lamps>"
    summary = "How biased is a coin, seen from its tosses? Each coin is a task of its own."
    config = CoinsConfig
    presets = {"smoke": {"runs": 4}, "published": {}}  # noqa: RUF012

    def inputs(self, config: CoinsConfig) -> Mapping[str, Path]:
        return {"table": Path(config.table)} if config.table else {}

    def tasks(self, config: CoinsConfig) -> list[Task]:
        return [
            Task(f"coin-{index}", {"index": index, "bias": bias}, weight=1.0 + index)
            for index, bias in enumerate(config.biases)
        ]

    def compute(self, config: CoinsConfig, task: Task) -> Arrays:
        time.sleep(config.delay_s)
        if task.payload["index"] == len(config.biases) - 1:
            _fail(config.fault)
        rng = np.random.default_rng([config.seed, task.payload["index"]])
        up = rng.random((config.runs, config.tosses)) < (1 + task.payload["bias"]) / 2
        return {"means": 2 * up.mean(axis=1) - 1, "nproc": np.asarray(os.environ.get("NPROC", ""))}

    def combine(self, config: CoinsConfig, results: Mapping[str, Arrays]) -> Result:
        means = np.stack([results[task.name]["means"] for task in self.tasks(config)])
        estimates = [Estimate.of(row).to_json() for row in means]
        return Result({"mean": estimates, "tosses": config.tosses}, {"means": means})

    def tables(self, config: CoinsConfig, metrics: Mapping[str, Any]) -> list[Table]:
        rows = tuple(
            (f"coin {index}", Estimate(**estimate, published=bias))
            for index, (bias, estimate) in enumerate(zip(config.biases, metrics["mean"], strict=True))
        )
        return [Table("Coins", ("coin", "mean"), rows)]

    def conclusions(self, config: CoinsConfig, metrics: Mapping[str, Any]) -> list[str]:
        return [f"**{len(config.biases)} coins** were tossed; `a < b` & so *on*."]

    def figures(
        self, config: CoinsConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> Iterator[Figure]:
        from matplotlib.figure import Figure as Canvas

        canvas = Canvas(figsize=(4, 3))
        canvas.subplots().plot(arrays["means"].T, "o")
        yield Figure("means", "Every run's *mean*.", canvas)


class Plain(Coins):
    """Coins without pictures, which take the most time."""

    def figures(self, *_: Any) -> Iterator[Figure]:
        return iter(())


def _fail(fault: str) -> None:
    if fault == "raise":
        raise RuntimeError("the coin is lost\nbehind the sofa")
    if fault == "die":
        os.kill(os.getpid(), signal.SIGKILL)
