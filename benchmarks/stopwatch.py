"""A paired timer: sides take turns (A B A B ...), so that a busy machine slows them alike."""

import os
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax


class Timing(NamedTuple):
    """Wall times of one side, in seconds: the first call, compilation included, and the later ones."""

    first: float
    later: list[float]

    @property
    def median(self) -> float:
        """Median of the calls after the first."""
        return statistics.median(self.later)

    def __str__(self) -> str:
        low, high = min(self.later), max(self.later)
        return f"{self.median:9.4f} s ({low:.4f} to {high:.4f}), first call {self.first:.2f} s"


def once(call: Callable[[], Any]) -> float:
    """Seconds until the result of one call is there."""
    start = time.perf_counter()
    jax.block_until_ready(call())
    return time.perf_counter() - start


def paired(sides: Mapping[str, Callable[[], Any]], rounds: int = 5) -> dict[str, Timing]:
    """Time each side once for warming up, then ``rounds`` times in turn."""
    first = {name: once(call) for name, call in sides.items()}
    later: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, call in sides.items():
            later[name].append(once(call))
    return {name: Timing(first[name], later[name]) for name in sides}


def ratio(slow: Timing, fast: Timing) -> float:
    """How many times longer one call of ``slow`` takes: the median over rounds of the ratio within a round."""
    return statistics.median(a / b for a, b in zip(slow.later, fast.later, strict=True))


def machine() -> str:
    """What the numbers were measured on, and how busy it was."""
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    return f"JAX {jax.__version__} on {jax.default_backend()}, {cores} cores, load {load:.1f} at the start"
