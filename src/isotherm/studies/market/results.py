"""Numbers of a backtest from the arrays of its tasks."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.market.parameters.fingerprint import unknown_settings
from isotherm.market.strategy import unread_settings
from isotherm.studies.market.config import BacktestConfig
from isotherm.studies.market.facts import finite
from isotherm.studies.market.series import SERIES, series_files
from isotherm.studies.market.significance import deflated_of, interval_of
from isotherm.study.base import Arrays, Result

PERIODS = ("train", "test")


def combined(config: BacktestConfig, settings: Mapping[str, Any], results: Mapping[str, Arrays]) -> Result:
    """Metrics and arrays of all tasks.

    Args:
        config: of the study.
        settings: of the run, defaults filled in.
        results: by task: ``strategy``, ``constant`` and rows of the map.
    """
    own, beside = results["strategy"], results["constant"]
    periods = [period for period in PERIODS if f"metric/{period}/return" in own]
    metrics: dict[str, Any] = {
        "settings": {key: value for key, value in settings.items() if key not in ("optimisation_settings",)},
        "unread": [*unknown_settings(settings), *unread_settings(settings)],
        "series": {SERIES[field]: str(path) for field, path in series_files(config).items()},
        "tokens": sorted(settings["tokens"]),
        "rows": int(own["periods"][-1, 1]),
        "periods": {
            period: _period(config, own, beside, period, rows)
            for period, rows in zip(periods, own["periods"], strict=True)
        },
        "final_value": float(own["value"][-1]),
        "hodl": float(own["hodl"][-1]),
        "uniform_hodl": float(own["uniform_hodl"][-1]),
        "constant": float(beside["value"][-1]),
        "final_weights": own["final_weights"].tolist(),
        "fee_revenue": float(own["fees"].sum()),
        "traded": float(own["traded"].sum()),
        "trades": int(own["trades"]),
        "draw_down": float(own["draw_down"].min()),
        "notes": [line for line in str(own["notes"]).split("\n") if line],
    }
    arrays = {
        name: array for name, array in own.items() if not name.startswith("metric/") and name != "notes"
    }
    arrays["constant"] = beside["value"]
    if config.k_grid:
        grid = np.stack([results[f"memory-{i}"]["over_hodl"] for i in range(len(config.memory_grid))])
        arrays["map"] = grid
        metrics["map"] = _best(config, grid)
    return Result(metrics, arrays)


def _period(
    config: BacktestConfig, own: Arrays, beside: Arrays, period: str, rows: np.ndarray
) -> dict[str, Any]:
    told = {
        key.rpartition("/")[2]: value for key, value in own.items() if key.startswith(f"metric/{period}/")
    }
    daily = told.pop("daily_returns")
    found: dict[str, Any] = {name: finite(value) for name, value in told.items()}
    found["days"] = float((rows[1] - rows[0]) / 1440)
    found["constant_return"] = float(beside[f"metric/{period}/return"])
    found |= {"interval": interval_of(daily), "deflated": deflated_of(daily, config.trials)}
    return found


def _best(config: BacktestConfig, grid: np.ndarray) -> dict[str, float]:
    memory, k = np.unravel_index(int(np.nanargmax(grid)), grid.shape)
    return {
        "over_hodl": float(grid[memory, k]),
        "memory_days": config.memory_grid[memory],
        "k_per_day": config.k_grid[k],
        "median": float(np.median(grid)),
        "positive": float((grid > 0).mean()),
    }
