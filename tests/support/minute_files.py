"""Made-up prices by the minute as files of a folder, and settings of a study as flags."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

DAY = 1440
START_MS = 1_704_067_200_000
"""Midnight that begins 2024."""


def write_minutes(folder: Path, ticker: str, close: np.ndarray, unix: np.ndarray | None = None) -> None:
    times = START_MS + 60_000 * np.arange(len(close)) if unix is None else unix
    pl.DataFrame({"unix": times, "close": close}).write_parquet(folder / f"{ticker}_USD.parquet")


def random_minutes(folder: Path, days: int, deviation: float = 1e-3) -> Path:
    """The folder, with independent walks of AAA and BBB from 10."""
    rng = np.random.default_rng(1)
    for ticker in ("AAA", "BBB"):
        write_minutes(folder, ticker, 10 * np.exp(np.cumsum(rng.normal(0, deviation, days * DAY))))
    return folder


def flags_of(settings: Mapping[str, Any]) -> list[str]:
    words = {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in settings.items()
    }
    return [f"--{name.replace('_', '-')}={value}" for name, value in words.items()]
