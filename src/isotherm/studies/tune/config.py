"""Settings of the study of a tuning."""

from typing import Annotated

from pydantic import Field

from isotherm.studies.walk.config import WalkingConfig

Word = Annotated[str, Field(min_length=1, max_length=200)]


class TuneConfig(WalkingConfig):
    """Settings of a tuning, beside those of its walks, trainings, pool and prices, which trials vary.

    Trials see all cycles but the last ``num_held``; on those the best one is told beside the settings as they were.
    """

    tuned: tuple[Word, ...] = ()
    """Settings that trials choose; empty: base_lr, n_iterations, bout_offset_days, val_fraction, training_objective,
    maximum_change and turnover_penalty."""

    ranges: tuple[Word, ...] = ()
    """Where trials look, in the place of the default: NAME=LOW:HIGH, or NAME=WORD|WORD."""

    goals: tuple[Word, ...] = ("mean_oos_sharpe",)
    """Metrics of walks that trials go by, the first says which is the best: mean_oos_sharpe, worst_oos_calmar,
    mean_wfe, neg_mean_gap, adjusted_mean_oos_sharpe, ..."""

    num_trials: Annotated[int, Field(ge=1, le=10_000)] = 24
    """Trials, each a walk; the first has the settings as they are."""

    num_held: Annotated[int, Field(ge=0, le=100)] = 1
    """Cycles at the end that no trial sees."""

    num_startup: Annotated[int, Field(ge=0, le=10_000)] = 8
    """Trials by chance before any are learned from, or given up."""

    kept_percent: Annotated[float, Field(gt=0, le=100)] = 25.0
    """A trial goes on after a cycle if it is among so many percent of those at that cycle; 100: none is given up."""
