"""Tables as the bytes of price files."""

import io
from pathlib import Path

import polars as pl

from isotherm.errors import refusal
from isotherm.market.prices.price_file import SUFFIXES


def table_bytes(table: pl.DataFrame, path: Path) -> bytes:
    r"""A table as Parquet (zstd) or CSV, as the name of a file says.

    Args:
        table: of any columns.
        path: its suffix decides; nothing is written.

    Raises:
        ValueError: if the name ends otherwise.

    >>> table_bytes(pl.DataFrame({"unix": [0], "close": [1.5]}), Path("A_USD.csv"))
    b'unix,close\n0,1.5\n'
    """
    suffix, buffer = path.suffix.lower(), io.BytesIO()
    if suffix == ".parquet":
        table.write_parquet(buffer, compression="zstd")
    elif suffix == ".csv":
        table.write_csv(buffer)
    else:
        raise refusal(
            "out", str(path), f"should be a file called {' or '.join('*' + one for one in SUFFIXES)}"
        )
    return buffer.getvalue()
