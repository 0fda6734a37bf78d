"""Read a table of binary outcomes from CSV or Parquet."""

import functools
from pathlib import Path

import numpy as np

from isotherm.errors import refusal


@functools.lru_cache(maxsize=4)
def read_outcomes(path: Path, columns: tuple[str, ...] = ()) -> np.ndarray:
    """Outcomes as spins: ``+1`` for 1, ``-1`` for 0, 0 where missing; shape ``(steps, n)``, int8, read-only.

    Args:
        path: a ``.csv`` or ``.parquet`` file.
        columns: columns that are venues; empty takes every column that holds nothing but 0, 1 and missing.

    Raises:
        ValueError: one line that names the file, or the column and row at fault.
    """
    import polars as pl

    readers = {".csv": pl.read_csv, ".parquet": pl.read_parquet}
    if path.suffix.lower() not in readers:
        raise refusal("table", str(path), "should be a .csv or .parquet file, or us20 for the shipped table")
    try:
        table = readers[path.suffix.lower()](path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise refusal("table", str(path), f"cannot be read: {str(error).splitlines()[0]}") from None
    unknown = [name for name in columns if name not in table.columns]
    if unknown:
        raise refusal("columns", unknown[0], f"is not a column of {path.name}: {', '.join(table.columns)}")
    found = {name: _spins(table[name]) for name in columns or table.columns}
    if columns:
        bad = [name for name, spins in found.items() if spins is None]
        if bad:
            raise refusal("columns", bad[0], "should hold only 0, 1 and missing entries")
    kept = [spins for spins in found.values() if spins is not None]
    if not kept:
        raise refusal("table", str(path), "has no column of 0, 1 and missing entries")
    outcomes = np.stack(kept, axis=1)
    outcomes.flags.writeable = False
    return outcomes


def _spins(column) -> np.ndarray | None:
    """The column as spins, or None if it holds anything else."""
    import polars as pl

    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean) or column.null_count() == len(column):
        return None
    values = column.cast(pl.Float64).fill_null(0.5)
    if not values.is_in([0.0, 0.5, 1.0]).all() or (column.cast(pl.Float64) == 0.5).any():
        return None
    return (2 * values - 1).cast(pl.Int8).to_numpy().copy()
