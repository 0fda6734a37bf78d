"""Monte-Carlo prices in files, one a ticker and version. Section 8.4."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float64

from isotherm.doors import file_path, real_numbers, whole
from isotherm.errors import refusal
from isotherm.files.content import write_atomic
from isotherm.market.prices.clock import MINUTE_MS, unix_ms
from isotherm.market.prices.load import load_prices
from isotherm.market.prices.table import PriceTable
from isotherm.market.prices.write import table_bytes

START = "2023-01-01 00:00:00"


def write_versions(
    folder: str | os.PathLike[str], paths: Any, tickers: Sequence[str], start: str = START, quote: str = "USD"
) -> list[Path]:
    """Write paths as files ``<TICKER><version>_<quote>.parquet``, versions from 0; none is overwritten.

    Args:
        folder: made if need be.
        paths: shape ``(minutes, n, versions)``.
        tickers: of the columns.
        start: date of the first row.
        quote: the currency in files' names.

    Returns:
        The files.

    Raises:
        ValueError: naming a shape that does not fit, or a file that is there.
    """
    values, place = real_numbers("paths", paths), Path(file_path("folder", folder))
    if values.ndim != 3 or values.shape[1] != len(tickers) or not values.size:
        raise refusal("paths.shape", values.shape, f"must be (minutes, {len(tickers)}, versions), as tickers")
    unix = unix_ms("start", start) + MINUTE_MS * np.arange(len(values), dtype=np.int64)
    files = {
        place / f"{ticker}{version}_{quote}.parquet": values[:, i, version]
        for i, ticker in enumerate(tickers)
        for version in range(values.shape[2])
    }
    for path in files:
        if path.exists():
            raise refusal("folder", str(path), "is there; remove it, or name another folder")
    for path, close in files.items():
        write_atomic(path, table_bytes(pl.DataFrame({"unix": unix, "close": close}), path))
    return list(files)


def load_versions(
    tickers: Sequence[str],
    root: str | os.PathLike[str],
    num_versions: int,
    start: str | None = None,
    end: str | None = None,
    quote: str = "USD",
) -> tuple[Float64[np.ndarray, "minutes tokens versions"], tuple[PriceTable, ...]]:
    """Monte-Carlo prices from files ``<TICKER><version>_<quote>``, versions from 0 on, all on one grid.

    Args:
        tickers: in any order; columns are sorted.
        root: folder.
        num_versions: at least 1.
        start: as for :func:`~isotherm.market.prices.load.load_prices`.
        end: as there.
        quote: the currency in files' names.

    Returns:
        Prices, shape ``(minutes, n, versions)``, and the table of each version, with digests and times.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: as for ``load_prices``, or if versions lie at different times.
    """
    whole("num_versions", num_versions, 1)
    chosen = sorted(tickers)
    tables = []
    for version in range(num_versions):
        table = load_prices([f"{ticker}{version}" for ticker in chosen], root, start, end, quote=quote)
        order = [table.tickers.index(f"{ticker}{version}") for ticker in chosen]
        tables.append(
            PriceTable(table.unix, tuple(chosen), table.closes[:, order], table.digests, table.report)
        )
    for version, table in enumerate(tables):
        if not np.array_equal(table.unix, tables[0].unix):
            held = f"{table.start} .. {table.end}, version 0 {tables[0].start} .. {tables[0].end}"
            raise refusal("num_versions", num_versions, f"versions lie at different times: {version} {held}")
    return np.stack([table.closes for table in tables], axis=-1), tuple(tables)
