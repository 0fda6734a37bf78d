"""The shipped files of markets: prices, one pool's flow, gas. See README.md beside this file."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from isotherm.errors import refusal


class MarketFile(NamedTuple):
    """One shipped file, or a folder of one file a ticker.

    Attributes:
        path: of the file or folder.
        interval_minutes: between rows; 0 where they follow no grid (trading days).
        tickers: of what it holds prices; empty where it holds none.
        licence: of the package or repository that it comes from.
        about: what it is, in a line.
    """

    path: Path
    interval_minutes: int
    tickers: tuple[str, ...]
    licence: str
    about: str


_US20 = (
    "AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO", "LLY", "MRK", "MSFT", "PEP", "PFE", "PG",
    "RRC", "SP500", "UNH", "WMT", "XOM",
)  # fmt: skip
_ROOT = Path(str(files("isotherm.data") / "market"))


def _file(name: str, interval: int, tickers: tuple[str, ...], licence: str, about: str) -> MarketFile:
    return MarketFile(_ROOT / name, interval, tickers, licence, about)


MARKET_FILES: Mapping[str, MarketFile] = MappingProxyType(
    {
        "crypto_5m_2022": _file(
            "crypto_5m_2022",
            5,
            ("BTC", "ETH", "SOL"),
            "MIT",
            "5-minute closes at Binance, February to April 2022",
        ),
        "eth_1m_2022_uniswap": _file(
            "eth_1m_2022_uniswap", 1, ("ETH",), "MIT", "WETH in USDC by the minute, July and August 2022"
        ),
        "us5_daily_2000_2013": _file(
            "us5_daily_2000_2013",
            0,
            ("AAPL", "FB", "GOOG", "IBM", "MSFT"),
            "public domain",
            "five US stocks by the trading day, unadjusted, with adj_close",
        ),
        "us20_daily_1990_2022": _file(
            "us20_daily_1990_2022.parquet",
            0,
            _US20,
            "BSD-3-Clause",
            "adjusted closes of twenty US stocks and an index by the trading day, one column each",
        ),
        "uniswap_usdc_weth_1m": _file(
            "uniswap_v3_polygon_usdc_weth_005_1m.parquet",
            1,
            (),
            "MIT",
            "flows, ticks and liquidity of a Uniswap v3 pool by the minute",
        ),
        "gas_1m_2023_08": _file("gas_1m_2023_08.parquet", 1, (), "MIT", "gas price in gwei, August 2023"),
    }
)
"""Every shipped file of markets by name."""


def market_file(name: str) -> MarketFile:
    """One of :data:`MARKET_FILES`.

    Raises:
        ValueError: if there is none of that name, with the nearest.

    >>> market_file("crypto_5m_2022").tickers
    ('BTC', 'ETH', 'SOL')
    """
    if not isinstance(name, str) or name not in MARKET_FILES:
        close = get_close_matches(str(name), MARKET_FILES, n=1)
        mend = f"did you mean {close[0]!r}?" if close else f"shipped are {', '.join(MARKET_FILES)}"
        raise refusal("name", name, f"is no shipped file of markets; {mend}")
    return MARKET_FILES[name]
