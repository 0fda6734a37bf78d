"""What a backtest depends on besides its settings, and what is refused before it begins."""

from collections.abc import Mapping
from pathlib import Path

from isotherm.errors import refusal
from isotherm.market.backtest import window_of
from isotherm.market.prices.columns import price_file
from isotherm.market.prices.shipped import shipped
from isotherm.market.strategy import strategy_of
from isotherm.studies.market import runs
from isotherm.studies.market.config import SHIPPED, BacktestConfig


def inputs(config: BacktestConfig) -> Mapping[str, Path]:
    """Files of settings, of parameters and of prices, by field."""
    found = {}
    if config.fingerprint_file:
        found["fingerprint_file"] = Path(config.fingerprint_file)
    if config.params_file:
        found["params_file"] = Path(config.params_file)
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
    settings = runs.fingerprint_of(config)
    strategy = strategy_of(settings, spread=config.spread_bps and [bps / 1e4 for bps in config.spread_bps])
    if strategy.rule is not None and strategy.rule.needs_supply and config.supply is None:
        raise refusal("supply", None, f"must be given: {settings['rule']} weighs by capitalisation")
    runs.check_map(config, settings)
    table = runs.table_of(config, settings["tokens"])
    window_of(settings, table, settings["endTestDateString"] is not None)
    runs.params_of(config, settings)
