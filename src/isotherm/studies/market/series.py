"""Files of fees, gas, swaps and pool shares over time, on minutes of a backtest in which arbitrageurs may come."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from isotherm.errors import refusal
from isotherm.market.pools.tables import trades_on_grid, values_on_grid
from isotherm.market.prices.clock import MINUTE_MS, date_of, unix_ms
from isotherm.market.prices.price_file import TableFile
from isotherm.market.prices.value_files import read_fees, read_swaps, read_values
from isotherm.studies.market.config import BacktestConfig

SERIES = {"fees_file": "fees", "gas_file": "gas_cost", "trades_file": "trades", "lp_supply_file": "lp_supply"}
"""What :func:`.simulate` calls the series of a file."""


def series_files(config: BacktestConfig) -> dict[str, Path]:
    """Files that are given, by their field."""
    given = {field: getattr(config, field) for field in SERIES}
    return {field: Path(path) for field, path in given.items() if path}


def series_of(config: BacktestConfig, settings: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What :func:`.simulate` is given of them.

    A fee or a cost of gas holds until the next; the first of a file holds before it too, and zeros count as missing.

    Args:
        config: of the study.
        settings: of the run, defaults filled in; they tell its window, its tokens and ``arb_frequency``.

    Returns:
        ``fees``, ``gas_cost`` and ``lp_supply``, ``(arbitrage rows,)``, and ``trades``, ``(arbitrage rows, 3)``, as
        far as given.

    Raises:
        ValueError: naming the field, the file, and what is wrong there.
    """
    end = settings["endTestDateString"] or settings["endDateString"]
    window = unix_ms("start", settings["startDateString"]), unix_ms("end", end)
    makers: dict[str, Callable[[str], np.ndarray]] = {
        "fees_file": lambda path: _values(read_fees(path), settings, window),
        "gas_file": lambda path: _values(_gas(path), settings, window),
        "trades_file": lambda path: _trades(path, settings, window),
        "lp_supply_file": lambda path: _values(_shares(path), settings, window),
    }
    found = {}
    for field, path in series_files(config).items():
        try:
            found[SERIES[field]] = makers[field](str(path))
        except ValueError as error:
            raise refusal(field, str(path), _reason(str(error), str(path))) from None
    return found


def _values(series: Any, settings: Mapping[str, Any], window: tuple[int, int]) -> np.ndarray:
    """A value for each minute in which arbitrageurs may come."""
    table = {"unix": series.unix, "value": series.values}
    return values_on_grid(table, *window)[:: settings["arb_frequency"]]


def _gas(path: str) -> Any:
    """Costs of a trade; prices of gas would need to be told how much of it a trade takes, and in what money."""
    unit = next((name for name in TableFile(Path(path)).names if name in ("gwei", "wei")), None)
    if unit is not None:
        raise ValueError(f"holds prices of gas in {unit}; should hold what a trade costs, in the numeraire")
    return read_values(path, least=0.0)


def _shares(path: str) -> Any:
    """Shares of the pool, of which there are always some."""
    found = read_values(path, least=0.0)
    if not found.values.all():
        raise ValueError(f"has value 0 in row {int(found.values.argmin())}; shares are above 0")
    return found


def _trades(path: str, settings: Mapping[str, Any], window: tuple[int, int]) -> np.ndarray:
    """A swap for each minute in which arbitrageurs may come; one between them would be lost, and is refused."""
    tokens = sorted(settings["tokens"])
    read = read_swaps(path, tokens)
    table = {name: getattr(read, name) for name in ("unix", "token_in", "token_out", "amount_in")}
    rows, every = trades_on_grid(table, tokens, *window), settings["arb_frequency"]
    between = (rows[:, 2] > 0) & (np.arange(len(rows)) % every != 0)
    if between.any():
        when = date_of(window[0] + MINUTE_MS * int(between.argmax()))
        raise ValueError(f"has a swap at {when}, between arbitrageurs: arb_frequency, {every}, should be 1")
    if not rows[:, 2].any():
        raise ValueError(f"has no swap from {date_of(window[0])} to {date_of(window[1])}")
    return rows[::every]


def _reason(line: str, path: str) -> str:
    """What a refusal says after its field and the file's name."""
    return line.partition(f"{path!r}: ")[2] or line
