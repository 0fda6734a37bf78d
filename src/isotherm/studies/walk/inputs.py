"""Prices of a walk on the grid that their files have, the walk itself, and what is refused before it begins."""

import functools
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from isotherm.data.market_files import market_file
from isotherm.errors import refusal
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.clock import MINUTES_PER_DAY
from isotherm.market.prices.fill import FillLimits
from isotherm.market.prices.load import load_prices
from isotherm.market.prices.table import PriceTable
from isotherm.market.walk.forward import cycle_task
from isotherm.market.walk.plan import Walk, walk_of
from isotherm.market.walk.trainers import training_problem
from isotherm.studies.market.pool_inputs import checked_settings
from isotherm.studies.market.pool_run import HOLES, fingerprint_of, params_of, with_gaps_told
from isotherm.studies.market.training_config import PeriodsConfig
from isotherm.studies.market.training_inputs import periods_of
from isotherm.studies.walk.config import WalkingConfig

MOST_FILLED = 0.5
"""Share of rows that may be filled where gaps are allowed: weekends and holidays are a third."""


def prices_of(config: WalkingConfig, tokens: list[str]) -> PriceTable:
    """Prices on the grid of their files, closes standing over gaps where these are allowed.

    Raises:
        ValueError: naming the file and what is wrong there.
    """
    if config.prices:
        root, interval, gap = Path(config.prices), config.interval_minutes, config.gap_days
        limits = FillLimits(MOST_FILLED, gap * MINUTES_PER_DAY) if gap else None
    else:
        file = market_file(config.market)
        root, interval = file.path, file.interval_minutes or MINUTES_PER_DAY
        limits = HOLES.get(config.market)
    table = load_prices(tokens, root, interval_minutes=interval, fill=limits)
    notes = tuple(note.replace(f"{root.parent}{os.sep}", "") for note in table.report.notes)
    return with_gaps_told(replace(table, report=replace(table.report, notes=notes)))


def walking(config: WalkingConfig) -> Walk:
    """The walk of a config, made once in a process."""
    return _walk(type(config), config.model_dump_json())


@functools.lru_cache(maxsize=1)
def _walk(kind: type[WalkingConfig], told: str) -> Walk:
    config = kind.model_validate_json(told)
    settings = fingerprint_of(config)
    return walk_for(config, settings, prices_of(config, settings["tokens"]))


def walk_for(config: WalkingConfig, settings: Fingerprint, prices: PriceTable) -> Walk:
    """The walk of a config with other settings, such as those of another rule, on the same cycles.

    Args:
        config: of the study.
        settings: of the run.
        prices: of its tokens.

    Raises:
        ValueError: naming a setting, a date, a token or a parameter that does not fit.
    """
    is_own = settings["rule"] == fingerprint_of(config)["rule"]
    return walk_of(
        settings,
        prices,
        n_cycles=config.n_cycles,
        keep_fixed_start=config.keep_fixed_start,
        purge_days=config.purge_days,
        embargo_days=config.embargo_days,
        are_equal=config.are_equal,
        params=params_of(config, settings) if config.params_file and is_own else None,
        supply=np.array(config.supply) if is_own and config.supply is not None else None,
        spread=np.array(config.spread_bps) / 1e4 if is_own and config.spread_bps is not None else None,
    )


def check(config: WalkingConfig) -> None:
    """Refuse settings, parameters and prices that do not fit each other, before any work.

    Raises:
        ValueError: naming the first that does not.
    """
    if not config.periods.count and config.periods != PeriodsConfig():
        raise refusal("periods.count", 0, "must be 1 or more where others of periods are given")
    if not config.prices and config.gap_days:
        allowed = "must be left out without prices: those that come with the package have their own"
        raise refusal("gap_days", config.gap_days, allowed)
    checked_settings(config)
    walk = walking(config)
    training_problem(cycle_task(walk, 0, walk.start), periods_of(config), config.decay_to)
