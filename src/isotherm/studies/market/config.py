"""Settings of a backtest."""

from typing import Annotated, Any

from pydantic import Field

from isotherm.studies.market.map_config import MapConfig
from isotherm.studies.market.pool_config import File, PoolConfig


class BacktestConfig(PoolConfig, MapConfig):
    """Settings of a backtest: a pool and its prices, series over time, and a map of other parameters."""

    fees_file: File = ""
    """Swap fees over time, .parquet or .csv with columns unix and value, in the place of ``fees``."""

    gas_file: File = ""
    """What a trade costs in gas over time, in the numeraire, in the place of ``gas_cost``; columns unix and value."""

    trades_file: File = ""
    """Swaps of others, one a minute at most: columns unix, token_in, token_out, amount_in."""

    lp_supply_file: File = ""
    """Shares of the pool over time, with which its reserves grow and shrink; columns unix and value."""

    trials: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    """Strategies that were tried before this one was chosen: they deflate its Sharpe ratio."""

    def given(self) -> dict[str, Any]:
        """Settings of a fingerprint that are given here, by its names."""
        return super().given() | ({"do_trades": True} if self.trades_file else {})
