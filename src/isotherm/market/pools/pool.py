"""The interface of pools: what one is given, what it keeps between two runs, and what it returns."""

import abc
import functools
from dataclasses import replace
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.numbers import Numbers, known
from isotherm.market.pools.costs import Costs, PoolCosts


class PoolState(eqx.Module):
    """What a pool carries from one row to the next, so that a run may be cut anywhere.

    Attributes:
        weights: of the last row in which arbitrageurs could come, ``(tokens,)``.
        reserves: ``(tokens,)``.
        held: weights at which reserves were in balance last, ``(tokens,)``.
        prices: at which they were, ``(tokens,)``.
        value: in the numeraire, from which growth counts, a scalar.
        log_growth: of the value since then, without fees, a scalar.
        supply: of pool shares, a scalar.
        own: what a pool keeps beside that, arrays; None: nothing.
        row: rows played so far (static).
    """

    weights: Float[Numbers, " tokens"]
    reserves: Float[Numbers, " tokens"]
    held: Float[Numbers, " tokens"]
    prices: Float[Numbers, " tokens"]
    value: Float[Numbers, ""]
    log_growth: Float[Numbers, ""]
    supply: Float[Numbers, ""]
    own: Any = None
    row: int = eqx.field(static=True, default=0)


class PoolPath(eqx.Module):
    """Minute by minute, what a pool held and what was traded.

    Attributes:
        reserves: after each row, ``(rows, tokens)``.
        value: of them at the row's prices, in the numeraire, ``(rows,)``.
        fee_revenue: swap fees of arbitrage and swaps that stayed in the pool, in the numeraire, ``(rows,)``; None
            where it was not asked for.
        trades: change of reserves by them, ``(rows, tokens)``; None where it was not asked for.
        state: to go on from.

    Those that :func:`pool_path` returns are NumPy arrays, but where it is traced.
    """

    reserves: Float[Numbers, "rows tokens"]
    value: Float[Numbers, " rows"]
    fee_revenue: Float[Numbers, " rows"] | None
    trades: Float[Numbers, "rows tokens"] | None
    state: PoolState


class AbstractPool(eqx.Module):
    """A pool: reserves over time, given weights and prices.

    Attributes:
        is_trainable: whether its weights follow a rule, so that parameters can be learnt through it.
        num_tokens: that it takes; None: any number from two on.
    """

    is_trainable: ClassVar[bool] = False
    num_tokens: ClassVar[int | None] = None

    @property
    def cycle(self) -> int:
        """Rows after which the pool does the same again."""
        return 1

    @abc.abstractmethod
    def path(
        self,
        weights: Float[Array, "rows tokens"],
        prices: Float[Array, "rows tokens"],
        costs: PoolCosts,
        state: PoolState,
    ) -> PoolPath:
        """Play some rows; pure, differentiable, in the dtype of its inputs.

        Args:
            weights: of each row, positive, summing to 1, ``(rows, tokens)``.
            prices: of each row, positive, ``(rows, tokens)``.
            costs: of trading.
            state: before the first row.
        """


def opened(
    weights: Float[Array, " tokens"],
    prices: Float[Array, " tokens"],
    value: Float[Array, ""],
    supply: Float[Array, ""] | None = None,
) -> PoolState:
    """A pool in balance, ``R = w V / p``.

    Args:
        weights: ``(tokens,)``.
        prices: ``(tokens,)``.
        value: of the pool, a scalar.
        supply: of pool shares, a scalar; 1 by default.

    References:
        Martinelli and Mushegian, Balancer whitepaper (2019).
    """
    one = jnp.ones_like(value)
    supply = one if supply is None else supply
    return PoolState(weights, weights * value / prices, weights, prices, value, one - one, supply)


def state_at(
    state: PoolState, weights: Float[Array, " tokens"], reserves: Float[Array, " tokens"], rows: int
) -> PoolState:
    """A state after some rows, in balance at the prices that the pool itself quotes.

    Args:
        state: before them.
        weights: of the last row in which arbitrageurs could come, ``(tokens,)``.
        reserves: after the last row, ``(tokens,)``.
        rows: played.
    """
    one = jnp.ones_like(state.value)
    return PoolState(
        weights, reserves, weights, weights / reserves, one, one - one, state.supply, row=state.row + rows
    )


def pool_path(
    pool: AbstractPool,
    weights: Any,
    prices: Any,
    costs: Costs | None = None,
    *,
    value: Any = 1e6,
    state: PoolState | None = None,
    with_trades: bool = False,
) -> PoolPath:
    """Reserves and values of a pool over time, in float64, compiled once a shape whatever the numbers.

    A run may be cut: the second part, started from the first part's ``state``, equals the whole to the last bit.

    Args:
        pool: such as :func:`isotherm.market.pools.registry.pool` finds.
        weights: ``(rows, tokens)``, or ``(tokens,)`` where they are constant; positive, each row sums to 1.
        prices: in one numeraire, positive, ``(rows, tokens)``, a row a minute.
        costs: of trading; nothing costs anything by default.
        value: that the pool starts with, in the numeraire, above 0; not looked at where ``state`` is given.
        state: to go on from; None starts a pool in balance at the first row.
        with_trades: whether fee revenue and trades are wanted.

    Returns:
        ``reserves`` of shape ``(rows, tokens)``, ``value`` of ``(rows,)``, and ``state`` to go on from.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range, or of another shape.

    >>> from isotherm.market.pools.registry import pool
    >>> found = pool_path(pool("balancer"), [0.5, 0.5], [[1.0, 1.0], [4.0, 1.0]], value=100.0)
    >>> found.value.tolist()
    [100.0, 200.0]
    >>> found.reserves[1].tolist()
    [25.0, 100.0]
    """
    doors.instance("pool", pool, AbstractPool, "a pool", "pool('balancer') finds one")
    costs = Costs() if costs is None else costs
    doors.instance("costs", costs, Costs, "Costs")
    doors.number("value", value, above=0)
    doors.flag("with_trades", with_trades)
    weights, prices = checked_market(weights, prices, pool.num_tokens)
    if state is not None:
        _check_state(state, prices.shape[1])
    with jax.enable_x64(True):
        w, p = (jnp.asarray(array, jnp.float64) for array in (weights, prices))
        done = 0 if state is None else state.row
        num_rows = arbitrage_rows(len(p), costs.arb_frequency, done)
        prepared = costs.prepared(num_rows, p.shape[1], jnp.float64)
        if state is None:
            supply = None if prepared.supply is None else prepared.supply[0]
            state = opened(w[0], p[0], jnp.asarray(value, jnp.float64), supply)
        turn = replace(state, row=done % (pool.cycle * costs.arb_frequency))
        found = _run(pool, w, p, prepared, turn, with_trades=with_trades)
        return known(replace(found, state=replace(found.state, row=done + len(p))))


@functools.partial(jax.jit, static_argnames="with_trades")
def _run(
    pool: AbstractPool,
    weights: Float[Array, "rows tokens"],
    prices: Float[Array, "rows tokens"],
    costs: PoolCosts,
    state: PoolState,
    *,
    with_trades: bool,
) -> PoolPath:
    found = pool.path(weights, prices, costs, state)
    return found if with_trades else replace(found, fee_revenue=None, trades=None)


def arbitrage_rows(num_rows: int, frequency: int, row: int = 0) -> int:
    """Of some rows, those in which arbitrageurs may come, every ``frequency`` of them from the very first.

    Args:
        num_rows: how many.
        frequency: minutes between arbitrageurs.
        row: rows played before.
    """
    return len(range(-row % frequency, num_rows, frequency))


def checked_market(weights: Any, prices: Any, num_tokens: int | None = None) -> tuple[Any, Any]:
    """Weights and prices of as many rows, or a refusal.

    Args:
        weights: ``(rows, tokens)`` or ``(tokens,)``.
        prices: ``(rows, tokens)``.
        num_tokens: that a pool takes; None: two or more.

    Returns:
        Both, ``(rows, tokens)``.

    Raises:
        TypeError: if one is no array of numbers.
        ValueError: naming the one that is out of range, or of another shape.
    """
    weights, prices = _array("weights", weights), _array("prices", prices)
    if prices.ndim != 2 or len(prices) < 1 or prices.shape[1] < 2:
        raise refusal("prices.shape", prices.shape, "must be (rows, tokens), at least one row of two tokens")
    rows, n = prices.shape
    if num_tokens is not None and n != num_tokens:
        raise refusal("prices.shape", prices.shape, f"must be (rows, {num_tokens}): the tokens of this pool")
    if weights.shape not in ((rows, n), (n,)):
        raise refusal("weights.shape", weights.shape, f"must be {(rows, n)}, that of prices, or {(n,)}")
    if not doors.is_traced(weights):
        wrong = np.abs(weights.sum(-1) - 1) > SUM_TOLERANCE
        if wrong.any():
            raise refusal("weights", float(weights.sum(-1)[wrong].flat[0]), "must sum to 1 in each row")
    broadcast = jnp.broadcast_to if doors.is_traced(weights) else np.broadcast_to
    return broadcast(weights, (rows, n)), prices


SUM_TOLERANCE = 1e-6
"""How far weights may be from a sum of 1."""


def _array(field: str, values: Any) -> Any:
    if doors.is_traced(values):
        return values
    found = doors.real_numbers(field, values)
    doors.numbers(field, found, above=0)
    return found


def _check_state(state: Any, num_tokens: int) -> None:
    doors.instance("state", state, PoolState, "the state of an earlier path")
    if state.reserves.shape != (num_tokens,):
        raise refusal(
            "state.reserves.shape", state.reserves.shape, f"must be {(num_tokens,)}, the tokens of prices"
        )
