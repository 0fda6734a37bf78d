"""What trading costs, as a user tells it and as pools read it."""

from dataclasses import dataclass
from typing import Any, cast

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.errors import refusal, wrong_kind
from isotherm.market.pools.signatures import Signatures, check_signatures

SERIES = ("fees", "gas_cost", "arb_fees", "do_arb")
"""Costs that may differ from row to row."""


@dataclass(frozen=True)
class Costs:
    """Fees and habits of those who trade with a pool.

    Each of ``fees``, ``gas_cost``, ``arb_fees`` and ``do_arb`` is a number or an array, as ``supply``, with an entry
    for each row in which arbitrageurs may come, ``ceil(rows / arb_frequency)``, or with one.

    Attributes:
        fees: swap fee as a share of what goes in, in [0, 1).
        gas_cost: of each trade, in the numeraire, at least 0.
        arb_fees: rate that arbitrageurs pay elsewhere on half of what they trade, in [0, 1).
        protocol_fee_split: share of swap fees that leaves the pool, in [0, 1].
        noise_trader_ratio: volume of noise traders over that of arbitrage, at least 0.
        arb_frequency: minutes between arbitrageurs, at least 1.
        do_arb: whether they come at all.
        arb_quality: share of perfect competition in pools that tell it from a single arbitrageur, in [0, 1].
        supply: of pool shares, positive, ``(arbitrage rows,)``; None: constant.
        trades: by others, ``(arbitrage rows, 3)``: index of the token in, of the token out, amount in; 0: none.
        signatures: that arbitrageurs try, ``"pairs"`` or ``"all"``.

    Raises:
        TypeError: if an entry is of another kind.
        ValueError: naming an entry out of range.

    >>> Costs(fees=0.003, arb_frequency=5).fees
    0.003
    """

    fees: Any = 0.0
    gas_cost: Any = 0.0
    arb_fees: Any = 0.0
    protocol_fee_split: Any = 0.0
    noise_trader_ratio: Any = 0.0
    arb_frequency: int = 1
    do_arb: Any = True
    arb_quality: Any = 1.0
    supply: Any = None
    trades: Any = None
    signatures: str = "pairs"

    def __post_init__(self) -> None:
        for field in (*SERIES, "supply", "trades"):
            if isinstance(getattr(self, field), list | tuple):
                object.__setattr__(self, field, doors.real_numbers(field, getattr(self, field)))
        doors.numbers("fees", self.fees, least=0, below=1)
        doors.numbers("gas_cost", self.gas_cost, least=0)
        doors.numbers("arb_fees", self.arb_fees, least=0, below=1)
        doors.number("protocol_fee_split", self.protocol_fee_split, least=0, most=1)
        doors.number("noise_trader_ratio", self.noise_trader_ratio, least=0)
        doors.number("arb_quality", self.arb_quality, least=0, most=1)
        doors.whole("arb_frequency", self.arb_frequency, least=1)
        check_signatures(self.signatures, 2)
        _check_flags(self.do_arb)
        if self.supply is not None:
            doors.numbers("supply", self.supply, above=0)
        if self.trades is not None:
            _check_trades(self.trades)
        for field in (*SERIES, "supply"):
            if np.ndim(getattr(self, field)) > 1:
                raise refusal(
                    f"{field}.shape", np.shape(getattr(self, field)), "must be a number or one axis of rows"
                )

    @property
    def varies(self) -> bool:
        """Whether a series is told, so that rows are played by the order of section 2.6 of the definition."""
        has_series = any(np.ndim(getattr(self, field)) for field in SERIES)
        return has_series or self.supply is not None or self.trades is not None

    @property
    def is_free(self) -> bool:
        """Whether nothing costs anything, as far as it is known now, so that the closed form holds."""
        numbers = (self.fees, self.gas_cost, self.arb_fees)
        return not self.varies and all(not doors.is_traced(x) and float(x) == 0 for x in numbers)

    def prepared(self, arbitrage_rows: int, num_tokens: int, dtype: DTypeLike) -> "PoolCosts":
        """As pools read them.

        Args:
            arbitrage_rows: rows in which arbitrageurs may come.
            num_tokens: of the pool.
            dtype: of all numbers.

        Raises:
            ValueError: naming a series of another length, or a token that the pool has not.
        """
        check_signatures(self.signatures, num_tokens)
        series = {field: _series(field, getattr(self, field), arbitrage_rows, dtype) for field in SERIES}
        never = not np.ndim(self.do_arb) and not doors.is_traced(self.do_arb) and not self.do_arb
        always = not np.ndim(self.do_arb) and not doors.is_traced(self.do_arb) and bool(self.do_arb)
        return PoolCosts(
            gamma=1 - series["fees"],
            gas_cost=series["gas_cost"],
            arb_fees=series["arb_fees"],
            split=jnp.asarray(self.protocol_fee_split, dtype)[None],
            noise=jnp.asarray(self.noise_trader_ratio, dtype)[None],
            quality=jnp.asarray(self.arb_quality, dtype),
            does_arb=None if always else series["do_arb"],
            supply=None if self.supply is None else _series("supply", self.supply, arbitrage_rows, dtype),
            swaps=None if self.trades is None else _swaps(self.trades, arbitrage_rows, num_tokens, dtype),
            frequency=int(self.arb_frequency),
            signatures=cast("Signatures", self.signatures),
            varies=self.varies,
            is_free=self.is_free,
            is_idle=never and not self.varies,
            may_be_free=doors.is_traced(self.fees) or not np.all(np.asarray(self.fees) > 0),
        )


class PoolCosts(eqx.Module):
    """Costs by rows in which arbitrageurs may come, or one entry for all of them.

    Attributes:
        gamma: 1 less the swap fee, ``(rows,)``.
        gas_cost: of each trade, in the numeraire, ``(rows,)``.
        arb_fees: paid elsewhere on half of what is traded, ``(rows,)``.
        split: share of fees that leaves the pool, ``(1,)``.
        noise: volume of noise traders over that of arbitrage, ``(1,)``.
        quality: share of perfect competition, a scalar.
        does_arb: 1 where arbitrageurs come, 0 where not, ``(rows,)``; None: everywhere.
        supply: of pool shares, ``(rows,)``; None: constant.
        swaps: token in, token out, amount in, ``(rows, 3)``; None: none.
        frequency: minutes between arbitrageurs (static).
        signatures: that they try (static).
        varies: whether a series was told (static).
        is_free: whether nothing costs anything (static).
        is_idle: whether nothing ever happens (static).
        may_be_free: whether a swap fee may be 0 (static).
    """

    gamma: Float[Array, " rows"]
    gas_cost: Float[Array, " _"]
    arb_fees: Float[Array, " _"]
    split: Float[Array, " 1"]
    noise: Float[Array, " 1"]
    quality: Float[Array, ""]
    does_arb: Float[Array, " _"] | None
    supply: Float[Array, " _"] | None
    swaps: Float[Array, "_ 3"] | None
    frequency: int = eqx.field(static=True)
    signatures: Signatures = eqx.field(static=True)
    varies: bool = eqx.field(static=True)
    is_free: bool = eqx.field(static=True)
    is_idle: bool = eqx.field(static=True)
    may_be_free: bool = eqx.field(static=True)


def _series(field: str, value: Any, rows: int, dtype: DTypeLike) -> Float[Array, " _"]:
    found = jnp.asarray(value, dtype)
    if found.ndim == 0:
        return found[None]
    if len(found) not in (1, rows):
        raise refusal(
            f"len({field})", len(found), f"must be 1, or {rows}: the rows in which arbitrageurs come"
        )
    return found


def _swaps(trades: Any, rows: int, num_tokens: int, dtype: DTypeLike) -> Float[Array, "_ 3"]:
    found = jnp.asarray(trades, dtype)
    if len(found) != rows:
        raise refusal("len(trades)", len(found), f"must be {rows}: the rows in which arbitrageurs come")
    if not doors.is_traced(trades):
        worst = np.asarray(trades)[:, :2].max(initial=0)
        if worst >= num_tokens:
            raise refusal("trades", float(worst), f"must name tokens by index, 0 to {num_tokens - 1}")
    return found


def _check_flags(value: Any) -> None:
    if doors.is_traced(value) or isinstance(value, bool | np.bool_):
        return
    found = doors.real_array("do_arb", value)
    if found.ndim == 0 or not np.isin(found, (0, 1)).all():
        raise wrong_kind("do_arb", value, "True, False, or an array of them")


def _check_trades(trades: Any) -> None:
    if doors.is_traced(trades):
        return
    found = doors.real_numbers("trades", trades)
    if found.ndim != 2 or found.shape[1] != 3:
        raise refusal("trades.shape", found.shape, "must be (rows, 3): token in, token out, amount in")
    doors.numbers("trades", trades, least=0)
    tokens, is_trade = found[:, :2], found[:, 2] > 0
    if (tokens != np.round(tokens)).any():
        raise refusal("trades", float(tokens[tokens != np.round(tokens)][0]), "must name tokens by index")
    same = is_trade & (tokens[:, 0] == tokens[:, 1])
    if same.any():
        raise refusal("trades", found[same][0].tolist(), "must have another token out than in")
