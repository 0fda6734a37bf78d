"""The market of the study: prices from files, pools from settings, and some hours of one run."""

import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from isotherm.errors import refusal
from isotherm.market.prices.columns import each_source
from isotherm.market.prices.fill import FillLimits
from isotherm.market.prices.load import load_prices
from isotherm.market.prices.shipped import shipped, shipped_names
from isotherm.random import run_keys
from isotherm.studies.pools.config import PoolRoutingConfig
from isotherm.study.base import Arrays
from isotherm.world.keys import reset_key
from isotherm.world.pools.pool_set import BPS, PoolSet, pool_set
from isotherm.world.pools.world import PoolMarket, pool_market

HOURS = 240
"""Rows to look at."""


def price_path(config: PoolRoutingConfig) -> Path:
    """The file of the asset's prices.

    Raises:
        ValueError: naming ``prices``, if there is none.
    """
    return each_source(_root(config), (config.ticker,), "USD")[config.ticker]().file.path


def closes_of(config: PoolRoutingConfig) -> np.ndarray:
    """Closes of the asset, ``(rows,)``, float64.

    Raises:
        ValueError: naming the file and what is wrong there.
    """
    return _closes(config.ticker, str(_root(config)), config.interval_minutes)


@functools.lru_cache(maxsize=1)
def _closes(ticker: str, root: str, interval_minutes: int) -> np.ndarray:
    """Read once in each worker."""
    table = load_prices((ticker,), root, interval_minutes=interval_minutes, fill=FillLimits())
    return table.closes[:, 0]


def market_of(config: PoolRoutingConfig) -> PoolMarket:
    """The world of one cell, whose tolerance and context the settings hold.

    Raises:
        ValueError: naming ``num_steps``, if the prices are too short, or what is wrong in them.
    """
    closes = closes_of(config)
    if config.num_steps >= len(closes):
        raise refusal("num_steps", config.num_steps, f"the prices have {len(closes):,} rows; should be fewer")
    pools = pool_set(
        config.fees_bps,
        config.values,
        weights=config.weights,
        swings=config.swings,
        swing_rows=config.swing_rows,
        intervals=config.intervals,
    )
    return pool_market(
        pools,
        closes,
        order_value=config.order_value,
        order_spread=config.order_spread,
        tolerance_bps=config.tolerance_bps,
        horizon=config.num_steps,
        num_context=config.num_context,
        context_mode=config.context_mode,
    )


def example_of(config: PoolRoutingConfig, world: PoolMarket) -> Arrays:
    """Some hours of the first run as they would be without orders, and the row in which each run begins.

    Returns:
        ``gap``, by how many basis points each pool's own price lies above the market's, ``(rows, n)``;
        ``first_rows``, ``(runs,)``, and ``num_rows``, in which runs may begin.
    """
    keys = run_keys(config.seed, 0, config.num_runs)
    first = jax.jit(jax.vmap(lambda key: world.first_row(reset_key(key))))(keys)
    rows = first[0] + jnp.arange(min(HOURS, config.num_steps), dtype=jnp.int32)
    return {
        "gap": np.asarray(_gaps(world.pools, rows, world.prices[rows])),
        "first_rows": np.asarray(first),
        "num_rows": np.array(world.prices.shape[0] - config.num_steps),
    }


@jax.jit
def _gaps(pools: PoolSet, rows: Array, prices: Array) -> Array:
    def visited(reserves: Array, moment: tuple[Array, Array]) -> tuple[Array, Array]:
        row, price = moment
        reserves = pools.arbitraged(reserves, row, price)
        asset, numeraire = reserves / pools.weights(row)
        return reserves, BPS * jnp.log(numeraire / asset / price)

    return jax.lax.scan(visited, pools.opened(rows[0], prices[0]), (rows, prices))[1]


def _root(config: PoolRoutingConfig) -> Path:
    return shipped(config.prices) if config.prices in shipped_names() else Path(config.prices)
