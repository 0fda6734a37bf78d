"""A training as a config names it, and what is refused of it before it begins."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from isotherm.errors import refusal
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.table import PriceTable
from isotherm.market.train.periods import Periods
from isotherm.market.train.problem import TrainingProblem, problem_of
from isotherm.market.train.settings import num_steps_of
from isotherm.studies.market.pool_inputs import check_pool
from isotherm.studies.market.pool_run import fingerprint_of, params_of, table_of
from isotherm.studies.market.training_config import PeriodsConfig, TrainingConfig


def problem_for(
    config: TrainingConfig,
    settings: Fingerprint | None = None,
    table: PriceTable | None = None,
    **others: Any,
) -> TrainingProblem:
    """The training of a config.

    Args:
        config: of the study.
        settings: in the place of those that the config tells, such as other dates.
        table: prices, where they were read before.
        **others: of :func:`.problem_of` in the place of the config's, such as ``params``.

    Raises:
        ValueError: naming a setting, a date, a token or a parameter that does not fit.
    """
    settings = fingerprint_of(config) if settings is None else settings
    given = {
        "params": params_of(config, settings) if config.params_file else None,
        "periods": periods_of(config),
        "decay_to": config.decay_to,
        "supply": None if config.supply is None else np.array(config.supply),
        "spread": None if config.spread_bps is None else np.array(config.spread_bps) / 1e4,
    }
    table = table_of(config, settings["tokens"]) if table is None else table
    return problem_of(settings, table, **(given | others))


def periods_of(config: TrainingConfig) -> Periods | None:
    """Periods in the place of sampled windows; None where windows are sampled."""
    told = config.periods
    return Periods(told.count, told.overlap, told.aggregation, told.temperature) if told.count else None


def check_training_config(config: TrainingConfig) -> TrainingProblem:
    """Refuse settings, parameters and prices that do not fit each other, or that ask for no training.

    Returns:
        The training, of which nothing is compiled yet.

    Raises:
        ValueError: naming the first that does not.
    """
    if not config.periods.count and config.periods != PeriodsConfig():
        raise refusal("periods.count", 0, "must be 1 or more where others of periods are given")
    settings, table = check_pool(config)
    return problem_for(config, settings, table)


def links_of(settings: Mapping[str, Any]) -> int:
    """Links into which a training is cut, whether or not it stops early.

    Args:
        settings: of the run, defaults filled in.
    """
    training = settings["optimisation_settings"]
    return -(-num_steps_of(training) // training["iterations_per_print"])
