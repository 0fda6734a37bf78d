"""The tuning of a config, and what is refused before its first trial."""

import functools
from dataclasses import replace

from isotherm.errors import refusal
from isotherm.market.parameters.names import known_word
from isotherm.market.tune.plan import TunePlan, train_days, tuning_of
from isotherm.market.tune.space import TuneAxis, default_axes, known_axes
from isotherm.market.walk.plan import Walk
from isotherm.studies.tune.config import TuneConfig
from isotherm.studies.walk.inputs import check as check_walk
from isotherm.studies.walk.inputs import walking


def tuning_for(config: TuneConfig) -> TunePlan:
    """The tuning of a config, made once in a process."""
    return _tuning(config.model_dump_json())


@functools.lru_cache(maxsize=1)
def _tuning(told: str) -> TunePlan:
    config = TuneConfig.model_validate_json(told)
    walk = walking(config)
    if config.num_held >= len(walk.cycles):
        raise refusal("num_held", config.num_held, f"must be below n_cycles, {len(walk.cycles)}")
    return tuning_of(
        walk,
        axes_of(config, walk),
        metrics=config.goals,
        num_trials=config.num_trials,
        num_held=config.num_held,
        num_startup=config.num_startup,
        kept_percent=config.kept_percent,
    )


def axes_of(config: TuneConfig, walk: Walk) -> tuple[TuneAxis, ...]:
    """What trials choose, with the ranges that are given.

    Raises:
        ValueError: naming ``tuned`` or ``ranges``.
    """
    days = train_days(walk)
    known = known_axes(days)
    if config.tuned:
        for name in config.tuned:
            known_word("tuned", name, known)
        axes = {name: axis for name, axis in known.items() if name in config.tuned}
    else:
        axes = {axis.name: axis for axis in default_axes(walk.settings, days)}
    for word in config.ranges:
        name, _, told = word.partition("=")
        known_word("ranges", name, axes)
        axes[name] = _ranged(axes[name], word, told)
    return tuple(axes.values())


def _ranged(axis: TuneAxis, word: str, told: str) -> TuneAxis:
    if axis.choices:
        return replace(axis, choices=tuple(dict.fromkeys(told.split("|"))))
    try:
        low, high = map(int if axis.is_whole else float, told.split(":"))
    except ValueError:
        kind = "whole numbers" if axis.is_whole else "numbers"
        raise refusal("ranges", word, f"should be {axis.name}=LOW:HIGH, two {kind}") from None
    try:
        return replace(axis, low=low, high=high)
    except ValueError as error:
        raise refusal("ranges", word, str(error)) from None


def check(config: TuneConfig) -> None:
    """Refuse settings, ranges and prices that do not fit, before any work.

    Raises:
        ValueError: naming the first that does not.
    """
    check_walk(config)
    if config.periods.count:
        raise refusal("periods.count", config.periods.count, "must be 0: trials sample windows")
    if config.decay_to != "zero":
        raise refusal("decay_to", config.decay_to, "must be 'zero' in trials")
    tuning_for(config)
