"""Settings of the study of a walk forward."""

from typing import Annotated, Literal

from pydantic import Field

from isotherm.studies.market.training_config import TrainingConfig

Days = Annotated[int, Field(ge=0, le=3660)]


class WalkingConfig(TrainingConfig):
    """Settings of a walk forward, beside those of its trainings, of the pool and its prices; of every study of walks.

    The span from ``start`` to ``test_end``, or to ``end`` where there is none, is cut into a stretch more than there
    are cycles. Each cycle is trained on a stretch and tested on the one that follows.
    """

    market: Literal["crypto_5m_2022", "eth_1m_2022_uniswap", "us20_daily_1990_2022"] = "crypto_5m_2022"  # pyright: ignore[reportIncompatibleVariableOverride]
    """Prices of the package, where ``prices`` names none: coins by minutes, or US stocks by the day."""

    gap_days: Days = 0
    """Days in a row without a price over which the last one stands, as over weekends; 0: no row may be missing."""

    n_cycles: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Cycles; none: as the settings of training say."""

    keep_fixed_start: bool = False
    """Whether all trainings begin at the start, so that they grow."""

    purge_days: Days = 0
    """Days left out between each training and its test."""

    embargo_days: Days = 0
    """Days at the begin of each training, which follow an earlier test, left out."""

    are_equal: bool = True
    """Whether all stretches have the same number of days; those left over come first and only warm estimators."""


class WalkConfig(WalkingConfig):
    """Settings of the study of one walk.

    The span from ``start`` to ``test_end``, or to ``end`` where there is none, is cut into a stretch more than there
    are cycles. Each cycle is trained on a stretch and tested on the one that follows.
    """

    num_chance: Annotated[int, Field(ge=0, le=1000)] = 8
    """Walks beside whose parameters are drawn by chance in each cycle."""

    num_trials: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Walks that were looked at before this one was kept, itself among them: what its Sharpe ratio is deflated by."""
