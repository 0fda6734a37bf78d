"""Series by the day derived from minutes: spread, volume, volatility; and supplies. Section 8.4."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from isotherm.doors import real_numbers, whole
from isotherm.errors import refusal
from isotherm.market.prices.clock import MINUTES_PER_DAY
from isotherm.market.prices.spread import edge_spread

YEAR = 365.25
"""Days a year of the daily volatility, as the definition has it."""

FILLED_DAYS = 7
"""Days over which a missing supply is filled, forwards, then backwards."""

CLIPPED_AT = 3.0
"""Standard deviations from the mean at which supplies are clipped."""

Daily = Float64[np.ndarray, " days"]


def daily_spread(first: Any, high: Any, low: Any, last: Any) -> Daily:
    """Relative bid-ask spread of each day, by the EDGE estimator on its 1440 bars; 0 where it cannot be told.

    Args:
        first: opens by the minute, shape ``(days * 1440,)``.
        high: shaped as ``first``.
        low: shaped as ``first``.
        last: closes, shaped as ``first``.

    Returns:
        Shape ``(days,)``, at least 0.

    Raises:
        ValueError: naming a series of another length than whole days.

    References:
        Ardia, Guidotti and Kroencke, J. Financial Economics 161 (2024).
    """
    names = ("first", "high", "low", "last")
    days = [_days(name, one) for name, one in zip(names, (first, high, low, last), strict=True)]
    return np.abs(np.nan_to_num(edge_spread(*days), nan=0.0))


def daily_volume(volume: Any) -> Daily:
    """Sum of each day's volume, shape ``(days,)``.

    Args:
        volume: by the minute, shape ``(days * 1440,)``.

    Raises:
        ValueError: naming a series of another length than whole days.

    >>> daily_volume(np.ones(2880)).tolist()
    [1440.0, 1440.0]
    """
    return _days("volume", volume).sum(axis=1)


def daily_volatility(close: Any) -> Daily:
    """Spread of each day's minute log returns times ``sqrt(365.25)``, shape ``(days,)``.

    Not scaled by ``sqrt(1440)``: the pools that use it expect it so.

    Args:
        close: by the minute, above 0, shape ``(days * 1440,)``.

    Raises:
        ValueError: naming a series of another length than whole days.

    >>> daily_volatility(np.ones(1440)).tolist()
    [0.0]
    """
    days = _days("close", close)
    if not (days > 0).all():
        raise refusal("close", float(days[~(days > 0)][0]), "should be above 0")
    return np.diff(np.log(days), axis=1).std(axis=1) * np.sqrt(YEAR)


def by_minute(daily: Any) -> Float64[np.ndarray, " minutes"]:
    """Each day's value at its 1440 minutes, shape ``(days * 1440,)``.

    Raises:
        ValueError: if ``daily`` is no series.
    """
    found = real_numbers("daily", daily)
    if found.ndim != 1:
        raise refusal("daily.shape", found.shape, "must be (days,)")
    return np.repeat(found, MINUTES_PER_DAY)


def supply(market_cap: Any, price: Any, fill_days: int = FILLED_DAYS) -> Daily:
    """Coins in circulation, market capitalisation over price, clipped to three standard deviations about their mean.

    What is missing is filled from the days before, then from those after, up to ``fill_days`` each.

    Args:
        market_cap: by the day, shape ``(days,)``; NaN where missing.
        price: by the day, above 0, shape ``(days,)``; NaN where missing.
        fill_days: at least 0.

    Returns:
        Shape ``(days,)``; NaN where even that does not reach.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming a shape, or a price that is not above 0.

    >>> supply([10.0, np.nan, 30.0], [1.0, 1.0, 2.0]).tolist()
    [10.0, 10.0, 15.0]
    """
    caps, prices = real_numbers("market_cap", market_cap), real_numbers("price", price)
    whole("fill_days", fill_days, 0)
    if caps.ndim != 1 or caps.shape != prices.shape or not caps.size:
        raise refusal("price.shape", prices.shape, f"must be (days,), as market_cap {caps.shape}")
    if (prices <= 0).any():
        raise refusal("price", float(prices[prices <= 0][0]), "should be above 0")
    found = caps / prices
    known = found[np.isfinite(found)]
    if not known.size:
        raise refusal("market_cap", "NaN", "should hold one day with a price at least")
    reach = CLIPPED_AT * known.std()
    found = np.clip(np.where(np.isfinite(found), found, np.nan), known.mean() - reach, known.mean() + reach)
    found = _carried(found, fill_days)
    return _carried(found[::-1], fill_days)[::-1]


def _carried(values: Daily, most: int) -> Daily:
    """Missing values as the last known one, at most so many days on."""
    days = np.arange(len(values))
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, days))
    reaches = (last >= 0) & (days - last <= most)
    return np.where(reaches, values[np.maximum(last, 0)], values)


def _days(field: str, values: Any) -> Float64[np.ndarray, "days minutes"]:
    found = real_numbers(field, values)
    if found.ndim != 1 or not found.size or found.size % MINUTES_PER_DAY:
        raise refusal(f"{field}.shape", found.shape, f"must be whole days of {MINUTES_PER_DAY} minutes")
    return found.reshape(-1, MINUTES_PER_DAY)
