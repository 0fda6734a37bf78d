"""RecordedFlow flow by the minute, and the simulated pool beside it."""

from typing import NamedTuple

import numpy as np
import polars as pl
from jaxtyping import Float64

from isotherm.market.pools.costs import Costs
from isotherm.market.pools.pool import pool_path
from isotherm.market.pools.registry import pool
from isotherm.market.prices.clock import MINUTE_MS, MINUTES_PER_DAY, unix_ms
from isotherm.market.prices.shipped import shipped
from isotherm.studies.flow.config import FEE, FIRST, LAST, FlowConfig
from isotherm.study.base import Arrays

RECORD = "uniswap_usdc_weth_1m"
UNIT = 1e12
"""RecordedFlow liquidity is in units of sqrt(1e-6 USDC x 1e-18 WETH)."""

Minutes = Float64[np.ndarray, " minutes"]


class RecordedFlow(NamedTuple):
    """The recorded pool on a grid of minutes; ``(minutes,)`` each.

    Attributes:
        unix: UTC milliseconds.
        price: USDC for a WETH, after the minute's swaps.
        liquidity: in range, in sqrt(USDC WETH).
        inflow: worth of all that was swapped in, in USDC.
        net: worth of WETH that came in less that which went out, in USDC.
    """

    unix: np.ndarray
    price: Minutes
    liquidity: Minutes
    inflow: Minutes
    net: Minutes


def recorded(num_days: int) -> RecordedFlow:
    """What was recorded; in a minute that lacks, nothing was swapped and price and liquidity stay.

    Args:
        num_days: from the first on.
    """
    first, last = unix_ms("first", FIRST), unix_ms("last", LAST)
    last = min(last, first + MINUTE_MS * (num_days * MINUTES_PER_DAY - 1))
    table = pl.read_parquet(shipped(RECORD)).filter(pl.col("unix").is_between(first, last)).sort("unix")
    grid = pl.DataFrame({"unix": np.arange(first, last + 1, MINUTE_MS)})
    full = grid.join(table, on="unix", how="left").with_columns(
        pl.col("price", "liquidity").forward_fill(), pl.col("in_usdc", "in_weth", "net_weth").fill_null(0.0)
    )
    price = full["price"].to_numpy()
    return RecordedFlow(
        unix=full["unix"].to_numpy(),
        price=price,
        liquidity=full["liquidity"].to_numpy() / UNIT,
        inflow=full["in_usdc"].to_numpy() + full["in_weth"].to_numpy() * price,
        net=full["net_weth"].to_numpy() * price,
    )


def compared(config: FlowConfig) -> Arrays:
    """RecordedFlow and simulated flow, a row a day.

    Returns:
        ``price`` at the end of days, ``depth`` (mean worth of a pool over all prices that is as deep, USDC), and in
        USDC a day ``inflow``, ``net``, ``simulated`` and ``fees``; ``(days,)`` each.
    """
    record = recorded(config.num_days)
    worth = 2 * record.liquidity * np.sqrt(record.price)
    prices = np.column_stack([record.price, np.ones_like(record.price)])
    rows = slice(None, None, config.arb_frequency)
    costs = Costs(
        fees=config.fees,
        noise_trader_ratio=config.noise_trader_ratio,
        arb_frequency=config.arb_frequency,
        supply=(record.liquidity / record.liquidity[0])[rows],
    )
    path = pool_path(pool("balancer"), [0.5, 0.5], prices, costs, value=float(worth[0]), with_trades=True)
    traded = np.maximum(np.asarray(path.trades) * prices, 0).sum(1)
    return {
        "unix": record.unix[MINUTES_PER_DAY - 1 :: MINUTES_PER_DAY],
        "price": record.price[MINUTES_PER_DAY - 1 :: MINUTES_PER_DAY],
        "depth": by_day(worth, np.mean),
        "inflow": by_day(record.inflow, np.sum),
        "net": by_day(np.abs(record.net), np.sum),
        "recorded_fees": FEE * by_day(record.inflow, np.sum),
        "simulated": by_day(traded, np.sum),
        "fees": by_day(np.asarray(path.fee_revenue), np.sum),
    }


def by_day(minutes: Minutes, total: object) -> Float64[np.ndarray, " days"]:
    """Of each whole day, by ``numpy.sum`` or ``numpy.mean``."""
    days = minutes[: len(minutes) // MINUTES_PER_DAY * MINUTES_PER_DAY].reshape(-1, MINUTES_PER_DAY)
    return total(days, axis=1)  # type: ignore[operator]
