"""The shipped binary tables, as spins."""

from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from isotherm.doors import whole

DIGITS = Path(str(files("isotherm.data") / "digits8x8.parquet"))
"""1,797 digits of 8 x 8 pixels; see README.md beside this file."""


class Digits(NamedTuple):
    """Handwritten digits as spins.

    Attributes:
        pixels: int8, shape ``(1797, 64)``: ``+1`` where there is ink, ``-1`` elsewhere; rows of eight.
        labels: int64, shape ``(1797,)``, 0 to 9.
    """

    pixels: np.ndarray
    labels: np.ndarray


def read_digits(threshold: int = 8) -> Digits:
    """The digits, black and white.

    Args:
        threshold: least count of ink, within 1 .. 16, that makes a pixel black.

    Raises:
        TypeError: if ``threshold`` is no whole number.
        ValueError: if it is out of range.

    >>> read_digits().pixels.shape
    (1797, 64)
    """
    import polars as pl

    whole("threshold", threshold, 1, 16)
    table = pl.read_parquet(DIGITS)
    ink = table.drop("label").to_numpy()
    return Digits(
        np.where(ink >= threshold, 1, -1).astype(np.int8), table["label"].to_numpy().astype(np.int64)
    )
