"""A month of two tokens, and short trainings on it."""

from typing import Any

import jax
import numpy as np

from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.prices.synthetic import brownian_prices, synthetic_table
from isotherm.market.prices.table import PriceTable

DAYS = 28
CLOSES = brownian_prices(jax.random.key(3), DAYS * 1440 + 1, [30.0, 2.0], volatility=[0.9, 0.6])
TEST_ROW = 24 * 1440
"""Of the first minute after training."""


def table(closes: np.ndarray = CLOSES) -> PriceTable:
    return synthetic_table(closes, ["AAA", "BBB"], "2024-01-01 00:00:00")


def shuffled_test() -> PriceTable:
    """The same prices up to the test, whose minutes stand in another order."""
    rng = np.random.default_rng(0)
    return table(np.concatenate([CLOSES[:TEST_ROW], rng.permutation(CLOSES[TEST_ROW:])]))


def run_of(training: dict[str, Any], **settings: Any) -> Fingerprint:
    given = {
        "tokens": ["AAA", "BBB"],
        "rule": "momentum",
        "max_memory_days": 4,
        "bout_offset": 4320,
        "startDateString": "2024-01-06 00:00:00",
        "endDateString": "2024-01-25 00:00:00",
        "endTestDateString": "2024-01-29 00:00:00",
    }
    return Fingerprint(**given | settings, optimisation_settings=training)


def held_back_run(training: dict[str, Any] | None = None, **settings: Any) -> Fingerprint:
    """With the last tenth of nineteen days of training held back."""
    own = {"val_fraction": 0.1, "early_stopping_metric": "return"} | (training or {})
    return run_of(own, **settings)


def assert_same(one: Any, other: Any) -> None:
    """Leaf by leaf, to the last bit."""
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_array_equal(a, b)
