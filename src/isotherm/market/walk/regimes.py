"""What kind of market a stretch of days was: two words. Section 7.9."""

from typing import Any, NamedTuple

import numpy as np

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.objectives.returns import DAYS_PER_YEAR

LOW, HIGH = 0.4, 0.8
"""Annual volatilities from which on it is medium, and high."""

TREND = 0.1
"""Logarithmic growth beyond which a market rose, or fell."""


class MarketRegime(NamedTuple):
    """Of a stretch of days, by the mean over tokens of their daily logarithmic returns.

    Attributes:
        volatility: ``"low"`` below 0.4 a year, ``"medium"`` below 0.8, else ``"high"``.
        trend: ``"bull"`` where logarithms grew by more than 0.1 in all, ``"bear"`` where they fell by more, else
            ``"sideways"``.
        annual_volatility: population spread of the daily mean times ``sqrt(365)``.
        log_growth: sum of the daily means.
    """

    volatility: str
    trend: str
    annual_volatility: float
    log_growth: float


def regime_of(daily_prices: Any) -> MarketRegime:
    """Tag a stretch of days.

    Args:
        daily_prices: above 0, a row a day, ``(days, tokens)``, at least two days.

    Raises:
        TypeError: if they are no numbers.
        ValueError: naming their shape or a price out of range.

    >>> regime_of([[1.0, 2.0], [1.1, 2.2], [1.2, 2.4]])[:2]
    ('low', 'bull')
    """
    prices = doors.real_numbers("daily_prices", daily_prices)
    if prices.ndim != 2 or len(prices) < 2 or not prices.shape[1]:
        raise refusal("daily_prices.shape", prices.shape, "must be (days, tokens), at least two days")
    doors.numbers("daily_prices", prices, above=0)
    changes = np.diff(np.log(prices), axis=0).mean(1)
    spread, growth = float(changes.std() * np.sqrt(DAYS_PER_YEAR)), float(changes.sum())
    volatility = "low" if spread < LOW else "medium" if spread < HIGH else "high"
    trend = "bull" if growth > TREND else "bear" if growth < -TREND else "sideways"
    return MarketRegime(volatility, trend, spread, growth)
