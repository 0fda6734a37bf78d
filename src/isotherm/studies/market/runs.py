"""What a backtest computes: the strategy asked for, a pool of constant weights beside it, and a map of returns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.market.backtest import Backtest
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.table import PriceTable
from isotherm.studies.market.config import BacktestConfig
from isotherm.studies.market.pool_run import (
    constant_weights,
    fingerprint_of,
    first_params,
    params_of,
    pool_played,
    table_of,
)
from isotherm.studies.market.series import series_of
from isotherm.studies.market.strategy_map import settings_at
from isotherm.study.base import Arrays

KEPT = 60
"""Minutes between rows that are kept for figures; trades and fees are summed between them."""

FIRST = "momentum"


def played(
    config: BacktestConfig,
    settings: Fingerprint,
    params: Mapping[str, Any],
    table: PriceTable | None = None,
    series: Mapping[str, np.ndarray] | None = None,
) -> Backtest:
    """The strategy through the test window where there is one; prices and series not given are read from files."""
    return pool_played(
        config,
        settings,
        params,
        table,
        config.parameter_set if config.params_file else None,
        **(series_of(config, settings) if series is None else series),
    )


def strategy(config: BacktestConfig) -> Arrays:
    """The strategy that is asked for."""
    settings = fingerprint_of(config)
    found = played(config, settings, params_of(config, settings))
    return series_arrays(found) | metrics_arrays(found)


def constant(config: BacktestConfig) -> Arrays:
    """A pool that keeps the strategy's first weights, with the same costs."""
    settings = fingerprint_of(config)
    found = played(config, *constant_weights(settings, params_of(config, settings)))
    return {"value": found.value[kept_rows(len(found.value))], **metrics_arrays(found)}


def map_row(config: BacktestConfig, memory_days: float) -> Arrays:
    """Returns over HODL of the training window for each ``k_per_day``, at one memory.

    Returns:
        ``over_hodl``, ``(len(k_grid),)``.
    """
    settings = fingerprint_of(config).replaced(endTestDateString=None)
    table, series, found = table_of(config, settings["tokens"]), series_of(config, settings), []
    for k in config.k_grid:
        params = first_params(settings_at(settings, memory_days, k))
        found.append(played(config, settings, params, table, series).metrics()["train"]["returns_over_hodl"])
    return {"over_hodl": np.array(found)}


def kept_rows(rows: int) -> np.ndarray:
    """Rows for figures, the first and the last among them."""
    kept = np.arange(0, rows, KEPT)
    return kept if kept[-1] == rows - 1 else np.append(kept, rows - 1)


def series_arrays(found: Backtest) -> Arrays:
    """What tables and figures are made from, a row an hour."""
    at = kept_rows(len(found.value))
    until = np.append(at[1:], len(found.value))
    totals = np.concatenate([np.zeros(1), np.cumsum(found.fee_revenue)])
    worth = found.trades * found.prices
    bought = np.concatenate([np.zeros((1, len(found.tokens))), np.cumsum(worth, axis=0)])
    traded = np.concatenate([np.zeros(1), np.cumsum(np.maximum(worth, 0).sum(1))])
    return {
        "unix": found.unix[at],
        "prices": found.prices[at],
        "weights": found.weights[at],
        "reserves": found.reserves[at],
        "value": found.value[at],
        "hodl": found.hodl[at],
        "uniform_hodl": found.uniform_hodl[at],
        "draw_down": found.draw_down[at],
        "fees": totals[until] - totals[at],
        "bought": bought[until] - bought[at],
        "traded": traded[until] - traded[at],
        "trades": np.array(int((found.trades != 0).any(1).sum())),
        "periods": np.array([[period.first, period.last] for period in found.periods]),
        "final_weights": found.weights[-1],
        "notes": np.array("\n".join(found.notes)),
    }


def metrics_arrays(found: Backtest) -> Arrays:
    """Metrics of each period, ``metric/period/name``."""
    return {
        f"metric/{period}/{name}": np.asarray(value, float)
        for period, metrics in found.metrics().items()
        for name, value in metrics.items()
    }
