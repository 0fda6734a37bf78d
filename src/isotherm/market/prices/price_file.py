"""Columns of a file, Parquet or CSV, read lazily: only what is asked for, and the digest of its bytes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float64

from isotherm.errors import refusal
from isotherm.files.place import digest_named, why_unread

MAX_BYTES = 1 << 33
"""Most bytes of a file."""

TIME, INDEX = "unix", "__index_level_0__"
"""The column of times, and what it is called where it was an index without a name."""

SUFFIXES = (".parquet", ".csv")


class TableFile:
    """A file that is open for its columns.

    Attributes:
        path: as it was given.
        digest: SHA-256 of its bytes, hexadecimal.
        names: of its columns.
        time: the name of the column of times.
        num_rows: how many.
    """

    def __init__(self, path: Path) -> None:
        """Read a file's bytes and names.

        Raises:
            ValueError: one line that names the file, if it cannot be read or has no column of times.
        """
        self.path = path
        if path.suffix.lower() not in SUFFIXES:
            raise refusal(
                "prices", str(path), f"should be a file called {' or '.join('*' + one for one in SUFFIXES)}"
            )
        try:
            self._state = _state(path)
            self.digest = digest_named(path, MAX_BYTES)
        except OSError as error:
            raise refusal("prices", str(path), why_unread(error)) from None
        except ValueError:  # a name with NUL
            raise refusal("prices", str(path), "is no name of a file") from None
        self._is_text = path.suffix.lower() == ".csv"
        self.names: list[str] = self._guarded(lambda: self._lazy().collect_schema().names())
        self.time = next((name for name in (TIME, INDEX) if name in self.names), TIME)
        self.require(self.time)
        self.num_rows: int = self._guarded(self._count)
        if not self.num_rows:
            raise refusal("prices", str(path), "holds no rows")

    def require(self, name: str) -> None:
        """Refuse a file without a column of that name.

        Raises:
            ValueError: one line that names the file and its columns.
        """
        if name not in self.names:
            raise refusal(
                "prices", str(self.path), f"has no column {name}; it has {', '.join(self.names[:12])}"
            )

    def frame(
        self, names: Sequence[str] | None = None, first: int = 0, count: int | None = None
    ) -> pl.DataFrame:
        """Columns as they are, of all rows or of ``count`` from ``first`` on.

        Raises:
            ValueError: one line that names the file, if it is damaged.
        """
        chosen = list(self.names if names is None else names)
        return self._guarded(lambda: self._lazy().select(chosen).slice(first, count).collect())

    def times(self) -> pl.Series:
        """The column of times; numbers where a text file holds them.

        Raises:
            ValueError: one line that names the file and the row.
        """
        column = self.frame([self.time])[self.time]
        return self._number(self.time, column, pl.Int64, 0) if self._is_text else column

    def numbers(self, name: str, first: int = 0, count: int | None = None) -> Float64[np.ndarray, " rows"]:
        """A column of numbers, shape ``(count,)``, NaN where it is empty.

        Raises:
            ValueError: one line that names the file, if there is no such column, or it holds something else.
        """
        self.require(name)
        column = self.frame([name], first, count)[name]
        if self._is_text:
            column = self._number(name, column, pl.Float64, first)
        if not column.dtype.is_numeric() and column.dtype != pl.Null:
            raise refusal(
                "prices", str(self.path), f"column {name} holds {column.dtype}; it should be numbers"
            )
        if column.null_count():
            column = column.cast(pl.Float64).fill_null(float("nan"))
        return column.cast(pl.Float64).to_numpy()

    def texts(self, name: str) -> list[str]:
        """A column of texts.

        Raises:
            ValueError: one line that names the file, if there is no such column, or it holds something else.
        """
        self.require(name)
        column = self.frame([name])[name]
        if column.dtype not in (pl.String, pl.Categorical, pl.Enum) or column.null_count():
            raise refusal("prices", str(self.path), f"column {name} should be texts, none of them empty")
        return column.cast(pl.String).to_list()

    def settle(self) -> None:
        """Refuse a file that has changed since its digest was taken; to be called once all is read.

        Raises:
            ValueError: one line that names the file.
        """
        if _state(self.path) != self._state:
            raise refusal("prices", str(self.path), "has changed while it was read; read it again")

    def _number(self, name: str, column: pl.Series, kind: Any, first: int) -> pl.Series:
        """A column of a text file as numbers."""
        stripped = column.str.strip_chars()
        found = stripped.cast(kind, strict=False)
        if kind == pl.Int64:  # 1658188800000.0
            found = found.fill_null(stripped.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False))
        wrong = found.is_null() & stripped.is_not_null() & (stripped != "")
        if wrong.any():
            row = int(wrong.arg_max() or 0)
            line = f"line {first + row + 2}"
            raise refusal(
                "prices", str(self.path), f"column {name} is {column[row]!r} in {line}; it should be a number"
            )
        return found

    def _count(self) -> int:
        """Rows; of a text file all of it is parsed, so that lines of too many entries are found."""
        counts = [pl.len().alias("rows of the file")] + [pl.all().null_count()] * self._is_text
        return int(self._lazy().select(counts).collect()["rows of the file"][0])

    def _lazy(self) -> pl.LazyFrame:
        if self._is_text:
            return pl.scan_csv(self.path, infer_schema=False, glob=False)
        return pl.scan_parquet(self.path, glob=False, hive_partitioning=False)

    def _guarded(self, work):
        try:
            return work()
        except (OSError, pl.exceptions.PolarsError) as error:
            said = str(error).strip().splitlines()
            fault = said[0] if said else type(error).__name__
            raise refusal("prices", str(self.path), f"cannot be read: {fault[:120]}") from None
        except (
            BaseException
        ) as error:  # a library in Rust that gives up raises what derives from no Exception
            if type(error).__name__ != "PanicException":
                raise
            raise refusal("prices", str(self.path), "cannot be read: is damaged") from None


def _state(path: Path) -> tuple[int, int, int]:
    """What changes when a file is replaced or written to."""
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns
