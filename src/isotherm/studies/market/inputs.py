"""What a backtest depends on besides its settings, and what is refused before it begins."""

from collections.abc import Mapping
from pathlib import Path

from isotherm.errors import refusal
from isotherm.market.backtest import window_of
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.names import pool_name
from isotherm.market.prices.columns import price_file
from isotherm.market.prices.shipped import shipped
from isotherm.market.strategy import check_spread, costs_of, is_on_market, strategy_of
from isotherm.studies.market import runs
from isotherm.studies.market.config import SHIPPED, BacktestConfig
from isotherm.studies.market.series import series_files, series_of


def inputs(config: BacktestConfig) -> Mapping[str, Path]:
    """Files of settings, of parameters, of series over time and of prices, by field."""
    found = {}
    if config.fingerprint_file:
        found["fingerprint_file"] = Path(config.fingerprint_file)
    if config.params_file:
        found["params_file"] = Path(config.params_file)
    found |= series_files(config)
    root = Path(config.prices) if config.prices else shipped(SHIPPED)
    if root.is_dir():
        tokens = sorted(runs.fingerprint_of(config)["tokens"])
        found |= {f"prices.{token}": price_file(root, token, "USD") for token in tokens}
    else:
        found["prices"] = root
    return found


def check(config: BacktestConfig) -> None:
    """Refuse settings, parameters and prices that do not fit each other.

    Raises:
        ValueError: naming the first that does not.
    """
    _check_left_out(config)
    settings = runs.fingerprint_of(config)
    check_spread(settings["rule"], config.spread_bps, "spread_bps")
    strategy = strategy_of(settings, spread=config.spread_bps and [bps / 1e4 for bps in config.spread_bps])
    needs_supply = strategy.rule is not None and strategy.rule.needs_supply
    if needs_supply and config.supply is None:
        raise refusal("supply", None, f"must be given: {settings['rule']} weighs by capitalisation")
    if config.supply is not None and not needs_supply:
        raise refusal("supply", config.supply, f"must be left out: {settings['rule']} does not look at it")
    tokens = sorted(settings["tokens"])
    if len(tokens) < 2 or strategy.pool.num_tokens not in (None, len(tokens)):
        needed = strategy.pool.num_tokens or "two or more"
        raise refusal("tokens", tokens, f"must be {needed} for {settings['rule']}")
    for field, values in (("supply", config.supply), ("spread_bps", config.spread_bps)):
        if values is not None and len(values) != len(tokens):
            raise refusal(field, values, f"must be one number for each of {', '.join(tokens)}")
    runs.check_map(config, settings)
    table = runs.table_of(config, settings["tokens"])
    window_of(settings, table, settings["endTestDateString"] is not None)
    _check_series(config, settings)
    runs.params_of(config, settings)


def _check_left_out(config: BacktestConfig) -> None:
    """Refuse what says something of a file that is not given."""
    for field in ("select", "parameter_set"):
        value = getattr(config, field)
        if not config.params_file and value != BacktestConfig.model_fields[field].default:
            raise refusal(field, value, "must be left out without params_file, whose records it chooses from")
    if not config.prices and config.interval_minutes != 1:
        allowed = "must be left out without prices: those that come with the package have their own"
        raise refusal("interval_minutes", config.interval_minutes, allowed)


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
