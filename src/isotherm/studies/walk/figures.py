"""Which figures a walk forward has, and what they say."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from isotherm.market.prices.clock import unix_ms
from isotherm.plot.figure import Figure
from isotherm.studies.walk import drawings
from isotherm.studies.walk.tables import POOLS

MOST_ROWS = 130
"""Days from which on weights are drawn as means of several: more would be stripes."""


def figures(metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Iterator[Figure]:
    """Ratios with intervals, in against out of sample, value, weights, parameters."""
    cycles = metrics["cycles"]
    rows = [
        drawings.Forest(POOLS[pool], told["sharpe"], told["interval"], _deflated(told["deflated"]))
        for pool, told in metrics["pools"].items()
    ]
    yield drawings.forest(
        "sharpe",
        f"Annual Sharpe ratio of all {metrics['days']} days of tests one after another, with 95 % by blocks of ten "
        "days; at the right the deflated ratio, the probability that it is more than luck. Below, walks whose "
        "parameters were drawn by chance.",
        rows,
        metrics["chance"]["sharpes"],
    )
    yield drawings.in_and_out(
        "in-and-out",
        "Above: Sharpe ratio of each cycle on what it was chosen by (circles) and on its test (dots). Below: how far "
        "each test is ahead of what is held from its begin.",
        _middles(cycles),
        _series(cycles, "inside", "sharpe"),
        _series(cycles, "outside", "sharpe"),
        {
            "HODL": 100 * _series(cycles, "outside", "returns_over_hodl"),
            "uniform HODL": 100 * _series(cycles, "outside", "returns_over_uniform_hodl"),
        },
    )
    yield drawings.values(
        "value",
        "Value over all tests: of the pools that each cycle chose, of the default momentum pool, and of holding.",
        arrays["unix"],
        {POOLS[pool].partition(",")[0]: arrays[f"value/{pool}"] for pool in POOLS},
        arrays.get("chance"),
    )
    days = -(-metrics["days"] // MOST_ROWS)
    yield drawings.weights(
        "weights",
        f"Weights over all tests{f', means of {days} days' if days > 1 else ''}; white lines where the pool of one "
        "cycle takes the place of that of the one before.",
        *_means(arrays["unix"], arrays["weights"], days),
        metrics["tokens"],
        arrays["unix"][arrays["starts"]],
    )
    effective = {
        name.partition("/")[2]: value for name, value in arrays.items() if name.startswith("effective/")
    }
    if effective and len(cycles) > 1:
        yield drawings.parameters(
            "parameters",
            "What each cycle chose, by the begin of its test: memory, and aggressiveness.",
            arrays["unix"][arrays["starts"]],
            effective,
            metrics["tokens"],
        )


def _means(unix: np.ndarray, weights: np.ndarray, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Times in the middle of so many days, and mean weights then; what is left at the end is a mean of fewer."""
    if days == 1:
        return unix, weights
    firsts = np.arange(0, len(unix), days)
    counts = np.diff(np.append(firsts, len(unix)))
    return unix[firsts + counts // 2], np.add.reduceat(weights, firsts) / counts[:, None]


def _deflated(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.2f}"


def _series(cycles: list[Mapping[str, Any]], part: str, name: str) -> np.ndarray:
    return np.array([cycle[part][name] for cycle in cycles], float)


def _middles(cycles: list[Mapping[str, Any]]) -> np.ndarray:
    ends = [[unix_ms(name, cycle[name]) for name in ("test_start", "test_end")] for cycle in cycles]
    return np.array(ends, np.int64).mean(1).astype(np.int64)
