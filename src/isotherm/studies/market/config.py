"""Settings of a backtest."""

import json
import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from isotherm.errors import refusal
from isotherm.settings.config import Config

File = Annotated[str, Field(max_length=4096)]


def _is_dated(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        raise ValueError("should be a date in UTC, YYYY-MM-DD HH:MM:SS")
    return text


Date = Annotated[str, AfterValidator(_is_dated)]
Positive = Annotated[float, Field(gt=0)]
Fee = Annotated[float, Field(ge=0, lt=1)]
Minutes = Annotated[int, Field(ge=1, le=10_000_000)]

SHIPPED = "crypto_5m_2022"
"""Prices that come with the package."""

SHIPPED_TOKENS = ("BTC", "ETH", "SOL")

RENAMED = {
    "start": "startDateString", "end": "endDateString", "test_end": "endTestDateString",
    "memory_days": "initial_memory_length", "memory_days_delta": "initial_memory_length_delta",
    "k_per_day": "initial_k_per_day", "weights_logits": "initial_weights_logits",
    "log_amplitude": "initial_log_amplitude", "raw_width": "initial_raw_width",
    "raw_exponents": "initial_raw_exponents", "pre_exp_scaling": "initial_pre_exp_scaling",
}  # fmt: skip
"""Fields here whose name in a fingerprint is another."""

NOT_OF_FINGERPRINTS = (
    "prices", "interval_minutes", "fingerprint_file", "params_file", "parameter_set", "select", "supply",
    "spread_bps", "fees_file", "gas_file", "trades_file", "lp_supply_file", "k_grid", "memory_grid", "trials",
)  # fmt: skip

Select = Literal[
    "last", "best_objective", "best_train_objective", "best_test_objective", "best_objective_of_last",
    "best_train_objective_of_last", "best_test_objective_of_last",
]  # fmt: skip


class BacktestConfig(Config):
    """Settings of a backtest.

    What is none here is as in the file that ``fingerprint_file`` names, or else the default of fingerprints. The
    window runs from ``start`` to ``end``, and on to ``test_end`` where one is given. Days of prices before the start
    warm the strategy's estimators, ``max_memory_days`` of them.
    """

    prices: File = ""
    """A folder of files TICKER_USD.parquet or .csv, or one file; empty: prices that come with the package."""

    interval_minutes: Annotated[int, Field(ge=1, le=1440)] = 1
    """Minutes between rows of the price files; coarser rows are repeated. The package's own have 5."""

    fingerprint_file: File = ""
    """A TOML or JSON file of settings by the names of fingerprints; fields given here take their place."""

    params_file: File = ""
    """A result file with parameters; empty: the pool's first parameters, by the settings below."""

    select: Select = "best_train_objective"
    """Which record of ``params_file``."""

    parameter_set: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """Which set of a record that holds several."""

    tokens: Annotated[tuple[str, ...], Field(min_length=2)] | None = None
    """Tickers, each once; where no file says, those of the prices that come with the package if these are played."""

    rule: str | None = None
    """Name of the pool, with hooks: momentum, mean_reversion_channel, balancer, lvr__momentum, ..."""

    start: Date | None = None
    """First minute, UTC, as 2022-03-05 00:00:00."""

    end: Date | None = None
    """End, UTC."""

    test_end: Date | None = None
    """End of a test window after it, UTC."""

    initial_pool_value: Positive | None = None
    """Value at the first minute, in the numeraire."""

    chunk_period: Minutes | None = None
    """Minutes between two updates of weights."""

    weight_interpolation_period: Minutes | None = None
    """Minutes over which a move is spread, at most ``chunk_period``, which it is where neither flag nor file says."""

    weight_interpolation_method: (
        Literal["linear", "approx_optimal", "approx_optimal_compat", "slerp"] | None
    ) = None
    """The way between two weights."""

    maximum_change: Positive | None = None
    """Most that a weight moves a minute."""

    minimum_weight: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Least weight of a token."""

    max_memory_days: Positive | None = None
    """Longest memory, and days of prices before the start."""

    fees: Fee | None = None
    """Swap fee as a share."""

    gas_cost: Annotated[float, Field(ge=0)] | None = None
    """Of a trade, in the numeraire."""

    arb_fees: Fee | None = None
    """Rate that arbitrageurs pay elsewhere."""

    protocol_fee_split: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of swap fees that leaves the pool."""

    noise_trader_ratio: Annotated[float, Field(ge=0)] | None = None
    """Volume of noise traders over that of arbitrage."""

    arb_frequency: Minutes | None = None
    """Minutes between arbitrageurs."""

    memory_days: Positive | None = None
    """Memory of the first parameters, days."""

    memory_days_delta: float | None = None
    """Days more of a second memory."""

    k_per_day: float | None = None
    """Aggressiveness per day of memory."""

    weights_logits: tuple[float, ...] | None = None
    """Logits of the first weights, one for all or one a token."""

    log_amplitude: float | None = None
    """log2 of a channel's amplitude per day of memory."""

    raw_width: float | None = None
    """log2 of a channel's width."""

    raw_exponents: float | None = None
    """Raw exponent."""

    pre_exp_scaling: Positive | None = None
    """Scale of gradients before the exponent."""

    supply: tuple[Positive, ...] | None = None
    """Circulating supply of each token, in the order of their names; of index pools."""

    spread_bps: tuple[Annotated[float, Field(ge=0)], ...] | None = None
    """Bid-ask spread of each token in basis points, in the order of their names; of pools that pay it."""

    fees_file: File = ""
    """Swap fees over time, .parquet or .csv with columns unix and value, in the place of ``fees``."""

    gas_file: File = ""
    """What a trade costs in gas over time, in the numeraire, in the place of ``gas_cost``; columns unix and value."""

    trades_file: File = ""
    """Swaps of others, one a minute at most: columns unix, token_in, token_out, amount_in."""

    lp_supply_file: File = ""
    """Shares of the pool over time, with which its reserves grow and shrink; columns unix and value."""

    k_grid: tuple[Positive, ...] = ()
    """Values of ``k_per_day`` for the map of returns; empty: no map."""

    memory_grid: tuple[Positive, ...] = ()
    """Memories in days for the map."""

    trials: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    """Strategies that were tried before this one was chosen: they deflate its Sharpe ratio."""

    @field_validator("k_grid", "memory_grid")
    @classmethod
    def _increases(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if list(values) != sorted(set(values)):
            raise ValueError("should increase")
        return values

    def given(self) -> dict[str, Any]:
        """Settings of a fingerprint that are given here, by its names.

        Raises:
            ValueError: naming ``k_grid``, if one axis of the map is given alone.
        """
        if bool(self.k_grid) != bool(self.memory_grid):
            raise refusal("k_grid", self.k_grid, "needs memory_grid beside it, and the other way round")
        found = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name in NOT_OF_FINGERPRINTS or value is None:
                continue
            plain = list(value) if isinstance(value, tuple) else value
            if name == "weights_logits" and len(plain) == 1:
                (plain,) = plain
            found[RENAMED.get(name, name)] = plain
        if self.trades_file:
            found["do_trades"] = True
        if not (self.tokens or self.prices or self.fingerprint_file):
            found["tokens"] = list(SHIPPED_TOKENS)
        if (
            "chunk_period" in found
            and "weight_interpolation_period" not in found
            and not self.fingerprint_file
        ):
            found["weight_interpolation_period"] = found["chunk_period"]
        return found


def settings_of_file(path: str) -> dict[str, Any]:
    """What a TOML or JSON file of settings holds.

    Raises:
        ValueError: naming the file, if it is neither, or no table of settings.
    """
    file = Path(path)
    try:
        text = file.read_text("utf-8-sig")
        found = tomllib.loads(text) if file.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError, OSError) as error:
        kind = "TOML" if file.suffix.lower() == ".toml" else "JSON"
        raise refusal("fingerprint_file", path, f"is not readable as {kind}: {error}") from None
    if not isinstance(found, dict):
        raise refusal("fingerprint_file", path, "should hold a table of settings")
    return {key: _dated(value) for key, value in found.items()}


def is_of_another_tool(path: str) -> bool:
    """Whether a file of settings may have been written by another tool: all but TOML, which people write."""
    return Path(path).suffix.lower() != ".toml"


def _dated(value: Any) -> Any:
    """A date of TOML as fingerprints have it; one with a time zone in UTC."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo is None else value.astimezone(UTC)
        return moment.strftime("%Y-%m-%d %H:%M:%S")
    return f"{value} 00:00:00" if isinstance(value, date) else value
