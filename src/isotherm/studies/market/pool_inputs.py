"""Files that the run of a pool depends on, and what is refused of its settings before it begins."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from isotherm.errors import refusal
from isotherm.market.backtest import window_of
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.columns import price_file
from isotherm.market.prices.shipped import shipped
from isotherm.market.prices.table import PriceTable
from isotherm.market.strategy import check_spread, strategy_of
from isotherm.studies.market.pool_config import PoolConfig
from isotherm.studies.market.pool_run import fingerprint_of, params_of, table_of

QUOTE = "USD"
"""Currency of all prices; among tokens it is cash, and has no file."""


class CheckedPool(NamedTuple):
    """What was looked at.

    Attributes:
        settings: of the run, defaults filled in.
        table: prices by the minute.
    """

    settings: Fingerprint
    table: PriceTable


def pool_inputs(config: PoolConfig) -> Mapping[str, Path]:
    """Files of settings, of parameters and of prices, by field."""
    found = {}
    if config.fingerprint_file:
        found["fingerprint_file"] = Path(config.fingerprint_file)
    if config.params_file:
        found["params_file"] = Path(config.params_file)
    root = Path(config.prices) if config.prices else shipped(config.market)
    if root.is_dir():
        priced = sorted(set(fingerprint_of(config)["tokens"]) - {QUOTE})
        found |= {f"prices.{token}": price_file(root, token, QUOTE) for token in priced}
    else:
        found["prices"] = root
    return found


def check_pool(config: PoolConfig) -> CheckedPool:
    """Refuse settings, parameters and prices that do not fit each other.

    Raises:
        ValueError: naming the first that does not.
    """
    settings = checked_settings(config)
    table = table_of(config, settings["tokens"])
    window_of(settings, table, settings["endTestDateString"] is not None)
    return CheckedPool(settings, table)


def checked_settings(config: PoolConfig) -> Fingerprint:
    """Settings of the run, defaults filled in, if they and parameters fit each other whatever the prices.

    Raises:
        ValueError: naming the first that does not.
    """
    _check_left_out(config)
    settings = fingerprint_of(config)
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
    params_of(config, settings)
    return settings


def _check_left_out(config: PoolConfig) -> None:
    """Refuse what says something of a file that is not given."""
    for field in ("select", "parameter_set"):
        value = getattr(config, field)
        if not config.params_file and value != PoolConfig.model_fields[field].default:
            raise refusal(field, value, "must be left out without params_file, whose records it chooses from")
    if not config.prices and config.interval_minutes != 1:
        allowed = "must be left out without prices: those that come with the package have their own"
        raise refusal("interval_minutes", config.interval_minutes, allowed)
    if config.prices and config.market != type(config).model_fields["market"].default:
        raise refusal("market", config.market, "must be left out with prices of your own")
