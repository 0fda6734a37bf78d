"""A walk on two tokens that the tests of walks share: days enough for three cycles of five."""

from typing import Any

import jax
import numpy as np

from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.clock import DAY_MS
from isotherm.market.prices.synthetic import brownian_prices, synthetic_table
from isotherm.market.prices.table import PriceTable
from isotherm.market.walk.cycles import WalkCycle
from isotherm.market.walk.plan import Walk, walk_of
from isotherm.market.walk.regimes import MarketRegime
from isotherm.market.walk.tested import METRICS, CycleRecord

DAYS = 24
CLOSES = brownian_prices(jax.random.key(5), DAYS * 1440 + 1, [30.0, 2.0], volatility=[0.9, 0.6])
TOKENS = ["AAA", "BBB"]
TRAINING = {
    "n_iterations": 3,
    "n_parameter_sets": 2,
    "batch_size": 1,
    "evaluation_interval": 1,
    "val_fraction": 0.0,
    "early_stopping_metric": "return",
    "track_checkpoints": True,
    "checkpoint_interval": 1,
    "n_cycles": 3,
}
FIXED = {"log_k": [3.0], "logit_lamb": [1.0]}


def table(closes: np.ndarray = CLOSES) -> PriceTable:
    return synthetic_table(closes, TOKENS, "2024-01-01 00:00:00")


def run(**settings: Any) -> Fingerprint:
    own = {
        "tokens": TOKENS,
        "rule": "momentum",
        "max_memory_days": 4,
        "bout_offset": 1440,
        "return_val": "returns",
        "startDateString": "2024-01-05 00:00:00",
        "endDateString": "2024-01-25 00:00:00",
        "optimisation_settings": TRAINING,
    }
    return Fingerprint(**own | settings)


def walk(closes: np.ndarray = CLOSES, settings: dict[str, Any] | None = None, **others: Any) -> Walk:
    return walk_of(run(**settings or {}), table(closes), **others)


def row_of(date: str) -> int:
    return table().row("date", date)


def record(number: int = 0, days: int = 20, **entries: Any) -> CycleRecord:
    """Of a made-up cycle: a pool that gained, and what was held stood still."""
    ticks = np.arange(days + 1)
    value = np.exp(0.01 * ticks + 0.02 * np.sin(3.0 * ticks))
    told = dict.fromkeys(METRICS, 0.0)
    regime = MarketRegime("low", "bull", 0.1, 0.2)
    own = {
        "cycle": WalkCycle(number, "2024-01-01", "2024-01-21", "2024-01-21", "2024-02-10"),
        "params": {},
        "initial_weights": np.full(2, 0.5),
        "final_weights": np.full(2, 0.5),
        "in_sample": told,
        "out_of_sample": told | {"sharpe": 1.0},
        "efficiency": 0.75,
        "gap": 0.0,
        "haircut": None,
        "train_regime": regime,
        "test_regime": regime,
        "unix": DAY_MS * ticks,
        "prices": np.ones((days + 1, 2)),
        "weights": np.full((days + 1, 2), 0.5),
        "value": value,
        "hodl": np.ones(days + 1),
        "uniform_hodl": value,
        "run_location": "run_0",
        "notes": (),
    }
    return CycleRecord(**own | entries)
