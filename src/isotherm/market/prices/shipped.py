"""Prices, flows and gas that come with the package, by name."""

from pathlib import Path

from isotherm.data.market_files import MARKET_FILES, market_file


def shipped(name: str) -> Path:
    """Where a shipped file or folder lies; what it holds and under which licence says :func:`shipped_names`.

    Raises:
        ValueError: if there is none of that name, with the nearest.

    >>> sorted(path.name for path in shipped("crypto_5m_2022").iterdir())
    ['BTC_USD.parquet', 'ETH_USD.parquet', 'SOL_USD.parquet']
    """
    return market_file(name).path


def shipped_names() -> dict[str, str]:
    """What is shipped: names, and of each a line with its licence.

    >>> shipped_names()["gas_1m_2023_08"]
    'gas price in gwei, August 2023 (MIT)'
    """
    return {name: f"{one.about} ({one.licence})" for name, one in MARKET_FILES.items()}
