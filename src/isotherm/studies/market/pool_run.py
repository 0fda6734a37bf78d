"""Settings, prices and parameters of one pool, as a study's config names them."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from isotherm.data.market_files import market_file
from isotherm.market.backtest import Backtest, simulate
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.keys import DEFAULTS
from isotherm.market.parameters.pool_start import init_pool_parameters
from isotherm.market.parameters.restore import Retrieved, retrieve_best
from isotherm.market.parameters.start import initial_values
from isotherm.market.prices.clock import MINUTES_PER_DAY, span_in_words
from isotherm.market.prices.fill import FillLimits
from isotherm.market.prices.load import load_prices
from isotherm.market.prices.table import PriceTable
from isotherm.studies.market.pool_config import PoolConfig
from isotherm.studies.market.settings_file import is_of_another_tool, settings_of_file

HOLES = {
    "eth_1m_2022_uniswap": FillLimits(0.001, 2),
    "us20_daily_1990_2022": FillLimits(0.5, 6 * MINUTES_PER_DAY),
}
"""What may be made up of the package's prices that have holes: minutes at midnight; weekends and holidays."""

CONSTANT = "balancer"
"""The pool of constant weights."""


def fingerprint_of(config: PoolConfig) -> Fingerprint:
    """Settings of the run: those given, over those of the file, over defaults.

    Raises:
        ValueError: naming one that is of another kind or out of range, or that is unknown and not of another tool.
    """
    read = settings_of_file(config.fingerprint_file) if config.fingerprint_file else {}
    given = config.given()
    period = {**read, **given}.get("chunk_period")
    if type(period) is int and period < DEFAULTS["weight_interpolation_period"]:
        read.setdefault("weight_interpolation_period", period)  # the default would not fit into it
    of_training = read.get("optimisation_settings")
    if "optimisation_settings" in given and isinstance(of_training, dict):
        given["optimisation_settings"] = of_training | given["optimisation_settings"]
    try:
        if not (read and is_of_another_tool(config.fingerprint_file)):
            return Fingerprint(**read | given).with_defaults()
        with warnings.catch_warnings():  # the report names what is not known
            warnings.simplefilter("ignore")
            return Fingerprint.foreign(read).replaced(**given).with_defaults()
    except TypeError as error:  # of a value in a file, which is bad input and no fault of a program
        raise ValueError(str(error)) from None


def table_of(config: PoolConfig, tokens: list[str]) -> PriceTable:
    """Prices by the minute.

    Raises:
        ValueError: naming the file and what is wrong there.
    """
    if config.prices:
        interval = config.interval_minutes
        return load_prices(tokens, config.prices, interval_minutes=interval, resample=interval > 1)
    file = market_file(config.market)
    interval, limits = file.interval_minutes, HOLES.get(config.market)
    table = load_prices(tokens, file.path, interval_minutes=interval, resample=interval > 1, fill=limits)
    return with_gaps_told(table)


def with_gaps_told(table: PriceTable) -> PriceTable:
    """A table whose report says, in a line, where closes were made to stand over gaps: of the token with the most."""
    most = max(table.report.fills.values(), key=lambda fill: fill.filled, default=None)
    if most is None or not most.filled:
        return table
    longest = span_in_words(most.longest_run)
    note = f"closes stand over gaps, in {most.filled} of {most.rows} rows and for {longest} at most"
    return replace(table, report=replace(table.report, notes=(*table.report.notes, note)))


def params_of(config: PoolConfig, settings: Fingerprint) -> Mapping[str, Any]:
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


def pool_played(
    config: PoolConfig,
    settings: Fingerprint,
    params: Mapping[str, Any],
    table: PriceTable | None = None,
    parameter_set: int | None = None,
    **series: Any,
) -> Backtest:
    """A pool on the prices of a config, through the test window where its settings have one.

    Args:
        config: of the study.
        settings: of the run; those of constant weights, ``balancer``, leave supply and spread of the config out.
        params: raw parameters.
        table: prices; None: they are read.
        parameter_set: which of several sets.
        **series: of :func:`.simulate`.
    """
    is_ruled = settings["rule"] != CONSTANT
    return simulate(
        settings,
        params,
        table_of(config, settings["tokens"]) if table is None else table,
        with_test=settings["endTestDateString"] is not None,
        parameter_set=parameter_set,
        supply=np.array(config.supply) if is_ruled and config.supply is not None else None,
        spread=np.array(config.spread_bps) / 1e4 if is_ruled and config.spread_bps is not None else None,
        **series,
    )


def constant_weights(settings: Fingerprint, params: Mapping[str, Any]) -> tuple[Fingerprint, dict[str, Any]]:
    """Settings and parameters of a pool that keeps the first weights of another."""
    own = {key: value for key, value in params.items() if key.startswith("initial_weights")}
    return settings.replaced(rule=CONSTANT, n_ensemble_members=1), own
