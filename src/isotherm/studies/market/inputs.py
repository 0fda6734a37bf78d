"""What a backtest depends on besides its settings, and what is refused before it begins."""

from collections.abc import Mapping
from pathlib import Path

from isotherm.errors import refusal
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.names import pool_name
from isotherm.market.strategy import costs_of, is_on_market
from isotherm.studies.market.config import BacktestConfig
from isotherm.studies.market.pool_inputs import check_pool, pool_inputs
from isotherm.studies.market.series import series_files, series_of
from isotherm.studies.market.strategy_map import check_map


def inputs(config: BacktestConfig) -> Mapping[str, Path]:
    """Files of settings, of parameters, of prices and of series over time, by field."""
    return {**pool_inputs(config), **series_files(config)}


def check(config: BacktestConfig) -> None:
    """Refuse settings, parameters and prices that do not fit each other.

    Raises:
        ValueError: naming the first that does not.
    """
    settings, _ = check_pool(config)
    check_map(config, settings, config.params_file)
    _check_series(config, settings)


def _check_series(config: BacktestConfig, settings: Fingerprint) -> None:
    """Refuse files of fees, gas or swaps that cannot be read, or that a pool takes no notice of."""
    given = series_files(config)
    name = pool_name(settings["rule"])
    for field, path in given.items():
        if name.rule == "hodl" or is_on_market(name):
            allowed = f"must be left out: {settings['rule']} takes no costs that vary in time, and no swaps"
            raise refusal(field, str(path), allowed)
    found = series_of(config, settings)
    costs_of(settings, supply=found.pop("lp_supply", None), **found)
