"""Pools that hold: for ever, or between updates of an index."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.market.hooks.rebalancing import checked_spread, rebalanced_path
from isotherm.market.pools.active import ActiveRows, active_rows
from isotherm.market.pools.costs import PoolCosts
from isotherm.market.pools.pool import AbstractPool, PoolPath, PoolState
from isotherm.market.pools.weighted import idle_path, weighted_path

Rows = Float[Array, "rows tokens"]

MINUTES_A_YEAR = 525960
"""Of 365.25 days, by which streaming fees are spread."""


class HodlPool(AbstractPool):
    """The reserves of the first row for ever; its weights are shares of value.

    >>> from isotherm.market.pools.pool import pool_path
    >>> pool_path(HodlPool(), [0.5, 0.5], [[1.0, 1.0], [4.0, 1.0]], value=1.0).value.tolist()
    [1.0, 2.5]
    """

    def path(self, weights: Rows, prices: Rows, costs: PoolCosts, state: PoolState) -> PoolPath:
        """Play some rows.

        Args:
            weights: ``(rows, tokens)``; those of the first row count.
            prices: ``(rows, tokens)``.
            costs: of trading, of which there is none.
            state: before the first row.
        """
        return idle_path(active_rows(len(prices), 1, state.row), weights, prices, state)


class AbstractIndexPool(AbstractPool):
    """A pool that trades only while its weights move, in the first minutes of each chunk.

    Attributes:
        chunk_period: minutes between updates of weights (static).
        weight_interpolation_period: minutes over which weights move, at most ``chunk_period`` (static).

    Raises:
        TypeError: if a period is no whole number.
        ValueError: naming a period that is out of range.
    """

    chunk_period: int = eqx.field(static=True)
    weight_interpolation_period: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        doors.whole("chunk_period", self.chunk_period, least=1)
        doors.whole(
            "weight_interpolation_period", self.weight_interpolation_period, least=1, most=self.chunk_period
        )

    @property
    def cycle(self) -> int:
        """Rows after which the pool does the same again."""
        return self.chunk_period

    def active(self, num_rows: int, frequency: int, row: int) -> ActiveRows:
        """Rows in which the pool trades.

        Args:
            num_rows: of a part of a run.
            frequency: minutes between arbitrageurs.
            row: rows played before.
        """

        def moves(rows: np.ndarray) -> np.ndarray:
            return rows % self.chunk_period < self.weight_interpolation_period

        return active_rows(num_rows, frequency, row, moves)


class HoldingIndexPool(AbstractIndexPool):
    """An index pool that is arbitraged while its weights move and holds its reserves otherwise."""

    is_trainable: ClassVar[bool] = True

    def path(self, weights: Rows, prices: Rows, costs: PoolCosts, state: PoolState) -> PoolPath:
        """Play some rows.

        Args:
            weights: ``(rows, tokens)``.
            prices: ``(rows, tokens)``.
            costs: of trading.
            state: before the first row.
        """
        active = self.active(len(prices), costs.frequency, state.row)
        return weighted_path(active, weights, prices, costs, state)


class StreamingIndexPool(AbstractIndexPool):
    """An index fund: it rebalances on a market while its weights move, and charges a streaming fee in those minutes.

    Attributes:
        spread: bid-ask spread of each token as a share of its price, ``(tokens,)`` or ``(rows, tokens)``.
        annual_streaming_fee: share of the value charged a year, in [0, 1).

    Raises:
        TypeError: if an entry is of another kind.
        ValueError: naming an entry that is out of range.
    """

    spread: Float[Array, "*rows tokens"] = eqx.field(converter=checked_spread, kw_only=True)
    annual_streaming_fee: Float[Array, ""] | float = eqx.field(default=0.04, kw_only=True)
    is_trainable: ClassVar[bool] = True

    def __check_init__(self) -> None:
        doors.number("annual_streaming_fee", self.annual_streaming_fee, least=0, below=1)

    def path(self, weights: Rows, prices: Rows, costs: PoolCosts, state: PoolState) -> PoolPath:
        """Play some rows.

        Args:
            weights: ``(rows, tokens)``.
            prices: ``(rows, tokens)``.
            costs: of which the swap fee is taken for the market's.
            state: before the first row.

        Raises:
            ValueError: if costs vary in time, or ``spread`` is of another shape than prices.
        """
        active = self.active(len(prices), costs.frequency, state.row)
        if not len(active.at):
            return idle_path(active, weights, prices, state)
        chunks = MINUTES_A_YEAR / self.chunk_period
        steps = self.weight_interpolation_period * chunks / costs.frequency
        kept = (1 - jnp.asarray(self.annual_streaming_fee, prices.dtype)) ** (1 / steps)
        return rebalanced_path(active, weights, prices, costs, state, spread=self.spread, kept=kept)
