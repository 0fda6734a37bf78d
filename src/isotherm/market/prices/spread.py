r"""Bid-ask spreads from open, high, low and close prices: the EDGE estimator.

With logarithms ``o h l c`` and mid-ranges ``m = (h + l)/2``, products of neighbouring returns between closes, opens
and mid-ranges have minus a quarter of the squared spread as mean, times how often an open or a close is not the high
or the low. Two such estimates are weighted, each by the variance of the other.

References:
    Ardia, Guidotti and Kroencke, Efficient estimation of bid-ask spreads from open, high, low, and close prices,
    J. Financial Economics 161 (2024).
"""

from typing import Any

import numpy as np
from jaxtyping import Float64

from isotherm.doors import real_numbers
from isotherm.errors import refusal

Bars = Float64[np.ndarray, "series bars"]
Spread = Float64[np.ndarray, " series"]


def edge_spread(first: Any, high: Any, low: Any, last: Any) -> Float64[np.ndarray, "*batch"]:
    """The relative spread, signed: 0.01 is one percent; a negative one is that of a negative square.

    Args:
        first: opens, shape ``(*batch, bars)``, at least three bars, above 0; NaN where unknown.
        high: shaped as ``first``.
        low: shaped as ``first``.
        last: closes, shaped as ``first``.

    Returns:
        Shape ``(*batch,)``; NaN where prices move too rarely to tell.

    Raises:
        ValueError: naming a shape that does not fit.

    References:
        Ardia, Guidotti and Kroencke (2024), equations of section 3; see this file's head.

    >>> mid = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 1e-4, (2000, 20)).ravel())).reshape(2000, 20)
    >>> paid = mid * (1 + 0.005 * np.random.default_rng(1).choice([-1, 1], mid.shape))
    >>> round(float(edge_spread(paid[:, 0], paid.max(1), paid.min(1), paid[:, -1])), 3)
    0.01
    """
    names = ("first", "high", "low", "last")
    prices = [real_numbers(name, one) for name, one in zip(names, (first, high, low, last), strict=True)]
    for name, one in zip(names, prices, strict=True):
        if one.shape != prices[0].shape or one.ndim == 0 or one.shape[-1] < 3:
            raise refusal(f"{name}.shape", one.shape, "must be (..., bars), at least three, as the others")
    shape = prices[0].shape
    with np.errstate(all="ignore"):
        logs = (np.log(np.where(one > 0, one, np.nan)).reshape(-1, shape[-1]) for one in prices)
        return _edge(*logs).reshape(shape[:-1])


def _edge(first: Bars, high: Bars, low: Bars, last: Bars) -> Spread:
    middle = (high + low) / 2
    high_before, low_before, last_before, middle_before = (x[..., :-1] for x in (high, low, last, middle))
    first, high, low, middle = (x[..., 1:] for x in (first, high, low, middle))
    is_known = ~(np.isnan(high) | np.isnan(low) | np.isnan(last_before))
    moves = np.where(is_known, ((high != low) | (low != last_before)).astype(float), np.nan)
    share = _mean(moves)
    odds_open = _odds(moves, first, high, low)
    odds_close = _odds(moves, last_before, high_before, low_before)
    to_middle, to_open = middle - first, first - middle_before
    from_close, to_close, over_night = middle - last_before, last_before - middle_before, first - last_before
    middle_free = to_middle - _column(_mean(to_middle) / share) * moves
    close_free = from_close - _column(_mean(from_close) / share) * moves
    night_free = over_night - _column(_mean(over_night) / share) * moves
    by_open, by_close = _column(-4 / odds_open), _column(-4 / odds_close)
    one = by_open * middle_free * to_open + by_close * close_free * to_close
    two = by_open * middle_free * over_night + by_close * night_free * to_close
    square = _weighted(one, two)
    is_told = (np.nansum(moves, axis=-1) >= 2) & (odds_open != 0) & (odds_close != 0)
    return np.where(is_told, np.sign(square) * np.sqrt(np.abs(square)), np.nan)


def _odds(moves: Bars, price: Bars, high: Bars, low: Bars) -> Spread:
    """Share of bars that move where a price is not the high, plus that where it is not the low."""
    is_known = ~(np.isnan(price) | np.isnan(high) | np.isnan(low))
    not_high = np.where(is_known, moves * (price != high), np.nan)
    not_low = np.where(is_known, moves * (price != low), np.nan)
    return _mean(not_high) + _mean(not_low)


def _weighted(one: Bars, two: Bars) -> Spread:
    """Means of both, each weighted by the other's variance."""
    mean_one, mean_two = _mean(one), _mean(two)
    var_one, var_two = _mean(one**2) - mean_one**2, _mean(two**2) - mean_two**2
    total = var_one + var_two
    return np.where(total > 0, (var_two * mean_one + var_one * mean_two) / total, (mean_one + mean_two) / 2)


def _mean(x: Bars) -> Spread:
    """Over bars that are known; NaN without any."""
    known = ~np.isnan(x)
    return np.where(known, x, 0.0).sum(axis=-1) / known.sum(axis=-1)


def _column(x: Spread) -> Float64[np.ndarray, "series 1"]:
    return x[:, None]
