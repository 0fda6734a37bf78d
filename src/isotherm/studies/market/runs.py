"""What a backtest computes: the strategy asked for, a pool of constant weights beside it, and a map of returns."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from isotherm.errors import refusal
from isotherm.market.backtest import Backtest, simulate
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.keys import DEFAULTS
from isotherm.market.parameters.names import CREATED, pool_name
from isotherm.market.parameters.pool_start import init_pool_parameters
from isotherm.market.parameters.restore import Retrieved, retrieve_best
from isotherm.market.parameters.start import initial_values
from isotherm.market.prices.load import load_prices
from isotherm.market.prices.shipped import shipped
from isotherm.market.prices.table import PriceTable
from isotherm.studies.market.config import SHIPPED, BacktestConfig, is_of_another_tool, settings_of_file
from isotherm.studies.market.series import series_of
from isotherm.study.base import Arrays

KEPT = 60
"""Minutes between rows that are kept for figures; trades and fees are summed between them."""

FIRST = "momentum"


def fingerprint_of(config: BacktestConfig) -> Fingerprint:
    """Settings of the run: those given, over those of the file, over defaults.

    Raises:
        ValueError: naming one that is of another kind or out of range, or that is unknown and not of another tool.
    """
    read = settings_of_file(config.fingerprint_file) if config.fingerprint_file else {}
    given = config.given()
    period = {**read, **given}.get("chunk_period")
    if type(period) is int and period < DEFAULTS["weight_interpolation_period"]:
        read.setdefault("weight_interpolation_period", period)  # the default would not fit into it
    try:
        if not (read and is_of_another_tool(config.fingerprint_file)):
            return Fingerprint(**read | given).with_defaults()
        with warnings.catch_warnings():  # the report names what is not known
            warnings.simplefilter("ignore")
            return Fingerprint.foreign(read).replaced(**given).with_defaults()
    except TypeError as error:  # of a value in a file, which is bad input and no fault of a program
        raise ValueError(str(error)) from None


def table_of(config: BacktestConfig, tokens: list[str]) -> PriceTable:
    """Prices by the minute.

    Raises:
        ValueError: naming the file and what is wrong there.
    """
    root = Path(config.prices) if config.prices else shipped(SHIPPED)
    interval = config.interval_minutes if config.prices else 5
    return load_prices(tokens, root, interval_minutes=interval, resample=interval > 1)


def params_of(config: BacktestConfig, settings: Fingerprint) -> Mapping[str, Any]:
    """Raw parameters: of the result file, or a pool's first ones.

    Raises:
        ValueError: naming the file, or the initial value that does not fit.
    """
    if config.params_file:
        try:
            found = retrieve_best(config.params_file, config.select)
        except ValueError as error:
            field, _, rest = str(error).partition(" = ")
            raise ValueError(f"params_file = {rest}" if field == "location" else str(error)) from None
        assert isinstance(found, Retrieved)  # one record: no method here gives several
        return found.params
    return first_params(settings)


def first_params(settings: Fingerprint) -> Mapping[str, Any]:
    """A pool's first parameters by its settings, one set.

    Raises:
        ValueError: naming the initial value that does not fit.
    """
    values = initial_values(settings)
    return init_pool_parameters(settings["rule"], values, settings, len(settings["tokens"]))


def played(
    config: BacktestConfig,
    settings: Fingerprint,
    params: Mapping[str, Any],
    table: PriceTable | None = None,
    series: Mapping[str, np.ndarray] | None = None,
) -> Backtest:
    """The strategy through the test window where there is one; prices and series not given are read from files."""
    spread = None if config.spread_bps is None else np.array(config.spread_bps) / 1e4
    return simulate(
        settings,
        params,
        table_of(config, settings["tokens"]) if table is None else table,
        with_test=settings["endTestDateString"] is not None,
        parameter_set=config.parameter_set if config.params_file else None,
        supply=None if config.supply is None else np.array(config.supply),
        spread=spread,
        **(series_of(config, settings) if series is None else series),
    )


def strategy(config: BacktestConfig) -> Arrays:
    """The strategy that is asked for."""
    settings = fingerprint_of(config)
    return arrays_of(played(config, settings, params_of(config, settings)))


def constant(config: BacktestConfig) -> Arrays:
    """A pool that keeps the strategy's first weights, with the same costs."""
    settings = fingerprint_of(config)
    first = params_of(config, settings)
    own = {key: value for key, value in first.items() if key.startswith("initial_weights")}
    plain = config.model_copy(update={"spread_bps": None, "supply": None})
    found = played(plain, settings.replaced(rule="balancer", n_ensemble_members=1), own)
    return {"value": found.value[kept_rows(len(found.value))], **metrics_arrays(found)}


def map_row(config: BacktestConfig, memory_days: float) -> Arrays:
    """Returns over HODL of the training window for each ``k_per_day``, at one memory.

    Returns:
        ``over_hodl``, ``(len(k_grid),)``.
    """
    settings = fingerprint_of(config).replaced(endTestDateString=None, initial_memory_length=memory_days)
    table, series, found = table_of(config, settings["tokens"]), series_of(config, settings), []
    for k in config.k_grid:
        params = first_params(settings.replaced(initial_k_per_day=k))
        found.append(played(config, settings, params, table, series).metrics()["train"]["returns_over_hodl"])
    return {"over_hodl": np.array(found)}


def check_map(config: BacktestConfig, settings: Fingerprint) -> None:
    """Refuse a map of a pool that has no such parameters, or of parameters from a file.

    Raises:
        ValueError: naming ``k_grid``.
    """
    if not config.k_grid:
        return
    if config.params_file:
        raise refusal(
            "k_grid",
            config.k_grid,
            "goes with first parameters, not with those of a file: leave params_file out",
        )
    created = CREATED[pool_name(settings["rule"]).rule]
    if not {"log_k", "sp_k", "k"} & set(created):
        raise refusal(
            "k_grid", config.k_grid, f"needs a pool with k and a memory, which {settings['rule']} has not"
        )


def kept_rows(rows: int) -> np.ndarray:
    """Rows for figures, the first and the last among them."""
    kept = np.arange(0, rows, KEPT)
    return kept if kept[-1] == rows - 1 else np.append(kept, rows - 1)


def arrays_of(found: Backtest) -> Arrays:
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
        **metrics_arrays(found),
    }


def metrics_arrays(found: Backtest) -> Arrays:
    """Metrics of each period, ``metric/period/name``."""
    return {
        f"metric/{period}/{name}": np.asarray(value, float)
        for period, metrics in found.metrics().items()
        for name, value in metrics.items()
    }
