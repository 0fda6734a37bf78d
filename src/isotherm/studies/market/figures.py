"""Which figures a backtest has, and what they say."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, Look
from isotherm.studies.market import drawings
from isotherm.studies.market.config import BacktestConfig
from isotherm.studies.market.runs import KEPT

POOL = Look(ACCENT, width=2.2)


def figures(
    config: BacktestConfig, metrics: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> Iterator[Figure]:
    """Value, weights, reserves, draw-down, fees, trades, map."""
    unix, tokens = arrays["unix"], metrics["tokens"]
    mark = -(-int(arrays["periods"][1, 0]) // KEPT) if len(arrays["periods"]) > 1 else None
    pool = metrics["settings"]["rule"]
    yield drawings.lines(
        "value",
        f"Value of the pool ({pool}) in the numeraire, beside holding its first reserves, holding equal parts, and a "
        "pool of constant weights at the same costs.",
        unix,
        {
            "pool": arrays["value"], "HODL": arrays["hodl"], "uniform HODL": arrays["uniform_hodl"],
            "constant weights": arrays["constant"],
        },
        "value",
        mark,
        POOL,
    )  # fmt: skip
    yield drawings.bands("weights", "Weights of the tokens.", unix, arrays["weights"], tokens, mark)
    scale = 100 * arrays["reserves"] / arrays["reserves"][0]
    yield drawings.lines(
        "reserves",
        "Reserves of each token, in percent of those at the start.",
        unix,
        {token: scale[:, i] for i, token in enumerate(tokens)},
        "reserves, % of the first",
        mark,
    )
    yield drawings.shaded(
        "draw-down",
        "Loss against the highest value so far.",
        unix,
        100 * arrays["draw_down"],
        "draw-down, %",
        mark,
    )
    yield drawings.shaded(
        "fees",
        "Swap fees that stayed in the pool, added up, in the numeraire.",
        unix,
        np.cumsum(arrays["fees"]),
        "fee income so far",
        mark,
    )
    yield drawings.trades(
        "trades",
        "Prices, and what the pool bought (green, upwards) and sold (red, downwards) in each hour, as large as its "
        "worth.",
        unix,
        arrays["prices"],
        arrays["bought"],
        tokens,
    )
    if "map" in arrays:
        yield drawings.heat(
            "map",
            "Return over HODL in the training window, in percent, by aggressiveness and memory. Whoever picks the "
            "best cell has looked ahead.",
            100 * arrays["map"],
            config.memory_grid,
            config.k_grid,
            "return over HODL, %",
        )
