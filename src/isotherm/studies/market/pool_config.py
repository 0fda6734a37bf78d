"""Settings of a pool and its prices, which every study of one pool shares."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

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

OWN_TOKENS = {"crypto_5m_2022": ("BTC", "ETH", "SOL"), "eth_1m_2022_uniswap": ("ETH", "USD")}
"""Tokens of the package's prices, where nothing says which."""

RENAMED = {
    "start": "startDateString", "end": "endDateString", "test_end": "endTestDateString",
    "memory_days": "initial_memory_length", "memory_days_delta": "initial_memory_length_delta",
    "k_per_day": "initial_k_per_day", "weights_logits": "initial_weights_logits",
    "log_amplitude": "initial_log_amplitude", "raw_width": "initial_raw_width",
    "raw_exponents": "initial_raw_exponents", "pre_exp_scaling": "initial_pre_exp_scaling",
}  # fmt: skip
"""Fields here whose name in a fingerprint is another."""

NOT_OF_FINGERPRINTS = (
    "prices", "market", "interval_minutes", "fingerprint_file", "params_file", "select", "parameter_set", "supply",
    "spread_bps",
)  # fmt: skip


Select = Literal[
    "last", "best_objective", "best_train_objective", "best_test_objective", "best_objective_of_last",
    "best_train_objective_of_last", "best_test_objective_of_last",
]  # fmt: skip


class PoolConfig(Config):
    """Settings of a pool and its prices.

    What is none here is as in the file that ``fingerprint_file`` names, or else the default of fingerprints. The
    window runs from ``start`` to ``end``, and on to ``test_end`` where one is given. Days of prices before the start
    warm the strategy's estimators, ``max_memory_days`` of them.
    """

    prices: File = ""
    """A folder of files TICKER_USD.parquet or .csv, or one file; empty: prices that come with the package."""

    market: Literal["crypto_5m_2022", "eth_1m_2022_uniswap"] = "crypto_5m_2022"
    """Prices of the package, where ``prices`` names none: coins by five minutes, or ether by the minute."""

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
    """Tickers, each once, USD being cash; where no file says, those of the package's prices if these are played."""

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

    def names(self) -> dict[str, str]:
        """Of settings that are given here: what they are called here, by what fingerprints call them.

        >>> PoolConfig(memory_days=3.0).names()
        {'initial_memory_length': 'memory_days'}
        """
        own = RENAMED | {"objective": "return_val"}
        return {key: name for name, key in own.items() if getattr(self, name, None) is not None}

    def given(self) -> dict[str, Any]:
        """Settings of a fingerprint that are given here, by its names."""
        found = {}
        for name in PoolConfig.model_fields:
            value = getattr(self, name)
            if name in NOT_OF_FINGERPRINTS or value is None:
                continue
            plain = list(value) if isinstance(value, tuple) else value
            if name == "weights_logits" and len(plain) == 1:
                (plain,) = plain
            found[RENAMED.get(name, name)] = plain
        if not (self.tokens or self.prices or self.fingerprint_file) and self.market in OWN_TOKENS:
            found["tokens"] = list(OWN_TOKENS[self.market])
        if (
            "chunk_period" in found
            and "weight_interpolation_period" not in found
            and not self.fingerprint_file
        ):
            found["weight_interpolation_period"] = found["chunk_period"]
        return found
