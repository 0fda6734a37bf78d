"""Function-maximising pools of two tokens, whose trades are settled in batches (FM-AMM, CoW AMM)."""

from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm import doors
from isotherm.errors import refusal
from isotherm.market.numbers import Numbers, known
from isotherm.market.pools.active import active_rows
from isotherm.market.pools.costs import PoolCosts
from isotherm.market.pools.fees import supply_ratios
from isotherm.market.pools.pool import AbstractPool, PoolPath, PoolState, state_at
from isotherm.market.pools.weighted import idle_path

Rows = Float[Array, "rows 2"]
Pair = Float[Array, "2"]
Scalar = Float[Array, ""]


class BatchRow(NamedTuple):
    """Inputs of one row: prices ``(2,)``; ``swap`` token in, token out, amount in; the rest scalars."""

    prices: Pair
    gamma: Scalar
    gas_cost: Scalar
    arb_fees: Scalar
    does_arb: Scalar
    supply: Scalar
    swap: Float[Array, "3"]


class BatchPool(AbstractPool):
    """A pool of two tokens of constant weights that trades in batches.

    Between perfect competition, where arbitrageurs pay the pool whatever they could gain but their gas, and a single
    arbitrageur stands ``arb_quality``: of reserves where costs are numbers, of each row's trade where they vary.

    References:
        Canidio and Fritsch, arXiv 2307.02074 (2023).
    """

    num_tokens: ClassVar[int | None] = 2

    def path(self, weights: Rows, prices: Rows, costs: PoolCosts, state: PoolState) -> PoolPath:
        """Play some rows.

        Args:
            weights: ``(rows, 2)``; those of the first row count.
            prices: ``(rows, 2)``.
            costs: of trading.
            state: before the first row.
        """
        active = active_rows(len(prices), costs.frequency, state.row)
        weights = jnp.broadcast_to(state.weights, prices.shape)
        if costs.is_idle or not len(active.at):
            return idle_path(active, weights, prices, state)
        q, w = costs.quality, state.weights
        rows = _rows(active.taken(prices), costs, supply_ratios(active, costs, state))

        def step(each: tuple[Pair, ...], row: BatchRow) -> tuple[tuple[Pair, ...], Any]:
            found = [_played(R, w, row, costs, quality) for R, quality in zip(each, qualities, strict=True)]
            return tuple(one[0] for one in found), tuple(zip(*found, strict=True))

        one = jnp.ones_like(q)
        qualities, start = (one, one - one), (state.reserves,) * 2 if state.own is None else state.own
        shares = (q, 1 - q)
        if costs.varies:
            qualities, start, shares = (q,), (state.reserves,), (one,)
        last, found = jax.lax.scan(step, start, rows)
        reserves, fees, traded = (_mixed(shares, each) for each in found)
        held = active.held(state.reserves, reserves)
        after = replace(state_at(state, w, reserves[-1], len(prices)), own=None if costs.varies else last)
        if costs.supply is not None:
            after = replace(after, supply=costs.supply[-1])
        return PoolPath(held, (held * prices).sum(1), active.placed(fees), active.placed(traded), after)


def _mixed(shares: tuple[Scalar, ...], each: tuple[Array, ...]) -> Array:
    parts = [share * one for share, one in zip(shares, each, strict=True)]
    return sum(parts[1:], start=parts[0])


def _rows(prices: Rows, costs: PoolCosts, supply: Array | None) -> BatchRow:
    num_rows, one = len(prices), jnp.ones((1,), prices.dtype)
    series = (
        costs.gamma,
        costs.gas_cost,
        costs.arb_fees,
        one if costs.does_arb is None else costs.does_arb,
        one if supply is None else supply[:, 0],
    )
    swaps = jnp.zeros((1, 3), prices.dtype) if costs.swaps is None else costs.swaps
    return BatchRow(
        prices,
        *(jnp.broadcast_to(x, (num_rows,)) for x in series),
        swap=jnp.broadcast_to(swaps, (num_rows, 3)),
    )


def _played(
    reserves: Pair, weights: Pair, row: BatchRow, costs: PoolCosts, quality: Scalar
) -> tuple[Pair, Scalar, Pair]:
    """Reserves after the row, fees that stayed, and what was traded."""
    reserves = reserves * row.supply
    trades = (competitive_trade(reserves, weights, row), single_trade(reserves, weights, row))
    trade = jnp.where(row.does_arb > 0, quality * trades[0] + (1 - quality) * trades[1], 0.0)
    received = jnp.maximum(trade, 0.0)
    fee = 1 - row.gamma
    after = reserves + trade
    noise = costs.noise[0] * fee * (received * row.prices).sum() / (after * row.prices).sum()
    after = after * (1 + noise)
    swapped = _swapped(after, weights, row) if costs.swaps is not None else jnp.zeros_like(trade)
    received = received + jnp.maximum(swapped, 0.0)
    after = after + swapped - received * fee * costs.split[0]
    return after, (received * row.prices).sum() * fee * (1 - costs.split[0]), trade + swapped


def competitive_trade(reserves: Pair, weights: Pair, row: BatchRow) -> Pair:
    r"""The trade of arbitrageurs who compete until nothing but gas is left to them, ``(2,)``.

    With ``a = (1 - w) R_0`` and ``b = w R_1`` a batch at price ``z`` of the first token in the second changes
    reserves by ``(b / z - a, a z - b)``, what goes in being paid with the fee. Without gas ``z`` is that edge of
    ``x gamma (1 - tau), x / (gamma (1 - tau))`` which is nearer. With gas it is the price nearest to that edge
    at which the profit still pays for it, the root of a quadratic; where none does, nothing is traded.

    Args:
        reserves: ``(2,)``.
        weights: ``(2,)``.
        row: prices and costs.

    References:
        Canidio and Fritsch, arXiv 2307.02074 (2023); the root is ours.
    """
    x = row.prices[0] / row.prices[1]
    a, b = weights[1] * reserves[0], weights[0] * reserves[1]
    low, high = x * row.gamma * (1 - row.arb_fees), x / (row.gamma * (1 - row.arb_fees))
    is_high = b / a >= high
    edge = jnp.where(is_high, high, low)
    gas = row.gas_cost / row.prices[1] * jnp.where(is_high, 1 / (1 - row.arb_fees), row.gamma)
    total = a * edge + b - gas
    square = (a * edge - b) ** 2 - 2 * gas * (a * edge + b) + gas**2
    root = jnp.sqrt(jnp.where(square > 0, square, 1.0))
    z = jnp.where(gas > 0, (total + jnp.where(is_high, -root, root)) / (2 * a), edge)
    pays = (is_high | (b / a <= low)) & ((gas == 0) | ((square > 0) & (total > 0)))
    net = jnp.stack([b / z - a, a * z - b])
    return jnp.where(pays, jnp.where(net > 0, net / row.gamma, net), 0.0)


def single_trade(reserves: Pair, weights: Pair, row: BatchRow) -> Pair:
    """The trade of an arbitrageur without competitors, ``(2,)``: of two candidates the one of smaller profit.

    Args:
        reserves: ``(2,)``.
        weights: ``(2,)``.
        row: prices and costs.
    """
    x, w, gamma = row.prices[0] / row.prices[1], weights[0], row.gamma
    scale = w * (1 - w) * reserves[0] * reserves[1]
    s = jnp.stack([jnp.sqrt(scale / (gamma * x)), jnp.sqrt(scale * x / gamma)])
    shares = jnp.stack([(1 - w) * reserves[0], w * reserves[1]])
    one = jnp.ones_like(gamma)
    candidates = [s - shares / jnp.stack(fees) for fees in ((one, gamma), (gamma, one))]
    profits = [-(change * row.prices).sum() for change in candidates]
    change = jnp.where(profits[0] <= profits[1], candidates[0], candidates[1])
    outside = row.arb_fees / 2 * (jnp.abs(change) * row.prices).sum()
    return jnp.where(jnp.minimum(*profits) - row.gas_cost >= outside, change, 0.0)


def _swapped(reserves: Pair, weights: Pair, row: BatchRow) -> Pair:
    into, out_of, amount = row.swap
    index = jnp.arange(2, dtype=reserves.dtype)
    goes_in, comes_out = index == into, index == out_of
    return _swap(reserves, weights, goes_in, comes_out, amount, row.gamma)


def _swap(
    reserves: Pair, weights: Pair, goes_in: Array, comes_out: Array, amount: Scalar, gamma: Scalar
) -> Pair:
    def of(values: Array, which: Array) -> Array:
        return jnp.where(which, values, 0.0).sum()

    w = of(weights, goes_in)
    out = of(reserves, comes_out) * amount / (of(reserves, goes_in) / gamma * (1 - w) / w + amount / w)
    return jnp.where(goes_in, amount, 0.0) - jnp.where(comes_out, out, 0.0)


def batch_swap(
    reserves: Any, weights: Any, token_in: int, token_out: int, amount_in: Any, gamma: Any = 1.0
) -> Float[Numbers, "2"]:
    """Change of reserves of a batch pool by a swap of a known amount in: positive into the pool.

    Args:
        reserves: positive, ``(2,)``.
        weights: positive, summing to 1, ``(2,)``.
        token_in: 0 or 1.
        token_out: the other.
        amount_in: at least 0, in units of its token.
        gamma: 1 less the swap fee, in (0, 1].

    Returns:
        Shape ``(2,)``, float64.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: naming an argument out of range, or of another shape.

    References:
        Canidio and Fritsch, arXiv 2307.02074 (2023).

    >>> batch_swap([100.0, 100.0], [0.5, 0.5], 0, 1, 25.0).round(6).tolist()
    [25.0, -16.666667]
    """
    found = [doors.real_numbers(field, x) for field, x in (("reserves", reserves), ("weights", weights))]
    for field, x in zip(("reserves", "weights"), found, strict=True):
        if x.shape != (2,):
            raise refusal(f"{field}.shape", x.shape, "must be (2,): this pool has two tokens")
        doors.numbers(field, x, above=0)
    doors.whole("token_in", token_in, least=0, most=1)
    doors.whole("token_out", token_out, least=0, most=1)
    if token_in == token_out:
        raise refusal("token_out", token_out, "must be another token than token_in")
    doors.number("amount_in", amount_in, least=0)
    doors.number("gamma", gamma, above=0, most=1)
    with jax.enable_x64(True):
        R, w, amount, g = (jnp.asarray(x, jnp.float64) for x in (*found, amount_in, gamma))
        return known(_swap(R, w, jnp.arange(2) == token_in, jnp.arange(2) == token_out, amount, g))
