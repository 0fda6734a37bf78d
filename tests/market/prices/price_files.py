"""Price files for tests, good ones and ones with a fault planted."""

from pathlib import Path

import numpy as np
import polars as pl

MINUTE, DAY = 60_000, 86_400_000
START = 1_658_188_800_000  # 2022-07-19 00:00:00


def bars(rows: int = 3000, start: int = START, step: int = MINUTE, seed: int = 0) -> pl.DataFrame:
    """Bars as the contract has them, dates and names included."""
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 1e-3, rows)))
    unix = start + step * np.arange(rows, dtype=np.int64)
    return pl.DataFrame(
        {
            "unix": unix,
            "date": pl.Series(unix).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%d %H:%M:%S"),
            "symbol": ["BTC/USD"] * rows,
            "open": close,
            "high": close * 1.001,
            "low": close * 0.999,
            "close": close,
            "Volume USD": np.full(rows, 7.0),
            "tradecount": np.full(rows, 3, np.int64),
        }
    )


def with_value(table: pl.DataFrame, column: str, row: int, value: object) -> pl.DataFrame:
    """One entry changed."""
    values = table[column].to_list()
    values[row] = value
    return table.with_columns(pl.Series(column, values, dtype=table.schema[column]))


def without(table: pl.DataFrame, *rows: int) -> pl.DataFrame:
    """Rows left out."""
    return table.with_row_index("row").filter(~pl.col("row").is_in(rows)).drop("row")


def write(table: pl.DataFrame, path: Path) -> Path:
    """As Parquet or CSV, by the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.write_parquet(path) if path.suffix == ".parquet" else table.write_csv(path)
    return path
