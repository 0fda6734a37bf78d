"""One small market for tests of ensembles: two tokens, four weeks of made-up minutes."""

from typing import Any

import jax
import numpy as np

from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.synthetic import brownian_prices, synthetic_table
from isotherm.market.prices.table import PriceTable

CLOSES = brownian_prices(jax.random.key(3), 28 * 1440 + 1, [30.0, 2.0], volatility=[0.9, 0.6])
TEST_ROW = 24 * 1440
"""Of the first minute after training."""


def table(closes: np.ndarray = CLOSES) -> PriceTable:
    return synthetic_table(closes, ["AAA", "BBB"], "2024-01-01 00:00:00")


def run(training: dict[str, Any] | None = None, **settings: Any) -> Fingerprint:
    """Nineteen days of training, the last of them held back, and four of test."""
    given = {
        "tokens": ["AAA", "BBB"],
        "rule": "momentum",
        "max_memory_days": 4,
        "bout_offset": 4320,
        "startDateString": "2024-01-06 00:00:00",
        "endDateString": "2024-01-25 00:00:00",
        "endTestDateString": "2024-01-29 00:00:00",
        "optimisation_settings": {"val_fraction": 0.1, "early_stopping_metric": "return"} | (training or {}),
    }
    return Fingerprint(**given | settings)
