"""The published learning curves and replays."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

TABULATED = {
    1: (1, 2, 3, 5, 8, 10, 15, 20, 30, 40),
    2: (1, 2, 3, 4, 5, 7, 10, 15, 20),
    3: (1, 2, 3, 4, 5, 7, 10, 15, 20),
    4: (1, 2, 3, 5, 10, 15, 20, 25, 30, 50, 100),
    5: (1, 2, 3, 5, 10, 15, 20),
    6: (1, 2, 3, 5, 10, 15, 20),
}
"""Blocks, counted from 1, whose numbers are compared; of scenarios 5 and 6 only those before rounding decides."""


class Published(NamedTuple):
    """Of one block, over ``n`` agents.

    Attributes:
        n: agents.
        mean: of the divergence.
        sd: standard deviation over agents.
        ln_mean: mean of its logarithm.
        ln_sd: standard deviation of that.
        q10: tenth percentile.
        median: of agents.
        q90: ninetieth percentile.
    """

    n: int
    mean: float
    sd: float
    ln_mean: float
    ln_sd: float
    q10: float
    median: float
    q90: float


def published(scenario: int, alpha: float, block: int, learned: str) -> Published | None:
    """Of a block, counted from 1; None where nothing was published. In scenarios 4 to 6 alpha changes nothing."""
    key = (scenario, None if scenario >= 4 else round(alpha, 6), block, learned)
    return _curves().get(key)


def replays(scenario: int) -> dict[str, Any]:
    """Recorded ``actions`` of three blocks, and what followed: ``visited``, ``kl_A``, ``kl_B``, ``neg_efe``."""
    text = files("isotherm.data").joinpath("gridworld_replays.json").read_text("utf-8")
    return json.loads(text)[str(scenario)]


def mean_curve(scenario: int, alpha: float, learned: str) -> np.ndarray:
    """Published means by block; empty where there are none."""
    found = []
    while (at := published(scenario, alpha, len(found) + 1, learned)) is not None:
        found.append(at.mean)
    return np.array(found)


@cache
def _curves() -> dict[tuple[int, float | None, int, str], Published]:
    import polars as pl

    with files("isotherm.data").joinpath("gridworld_curves.parquet").open("rb") as file:
        rows = pl.read_parquet(file).to_dicts()
    return {
        (row["scenario"], row["alpha"], row["block"], row["learned"]): Published(
            *(row[name] for name in Published._fields)
        )
        for row in rows
    }
