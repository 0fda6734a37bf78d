"""One row of a pool with a fee: supply, price arbitrage, external trade, weight arbitrage, protocol fees."""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from isotherm.market.pools.signatures import Signatures
from isotherm.market.pools.swap import swap_change
from isotherm.market.pools.trade import ArbitrageTrade, PerSet, Tokens, best_trade, is_open, trade_of

Trader = Callable[[int, Tokens, "RowInputs", Tokens], ArbitrageTrade]
"""The trade of an arbitrage, 0 at the weights before and 1 at those of the row, given weights and reserves."""


class StepRules(NamedTuple):
    """What a compiled step is made for.

    Attributes:
        signatures: that are tried.
        moves: whether the weights move, and are arbitraged after the prices.
        defers: whether protocol fees leave at the end of the row instead of after each trade.
        may_be_free: whether a swap fee may be 0, so that all tokens go to market prices at once.
    """

    signatures: Signatures = "pairs"
    moves: bool = True
    defers: bool = False
    may_be_free: bool = True


class RowInputs(NamedTuple):
    """What a step reads beside reserves; all rows of a run have a leading axis of them.

    Attributes:
        before: weights of the row before, ``(tokens, sets)``.
        weights: of the row, ``(tokens, sets)``.
        prices: ``(tokens, sets)``.
        gamma: 1 less the swap fee, ``(sets,)``; like all that follow.
        gas_cost: of each trade, in the numeraire.
        arb_fees: rate paid outside on half the traded value.
        split: share of fees that leaves the pool.
        noise: volume of noise traders over that of arbitrage.
        does_arb: 1 where arbitrageurs trade, 0 where not; None: everywhere.
        supply: of pool shares over that of the row before; None: constant.
        swap: index of the token that goes in, of the one that comes out, amount in, ``(3, sets)``; None: no swaps.
    """

    before: Tokens
    weights: Tokens
    prices: Tokens
    gamma: PerSet
    gas_cost: PerSet
    arb_fees: PerSet
    split: PerSet
    noise: PerSet
    does_arb: PerSet | None = None
    supply: PerSet | None = None
    swap: Float[Array, "3 #sets"] | None = None


class Outcome(NamedTuple):
    """What a row leaves.

    Attributes:
        reserves: ``(tokens, sets)``.
        fees: that stay in the pool, of arbitrage and swaps, in the numeraire, ``(sets,)``.
        traded: change of reserves by arbitrage and swaps, ``(tokens, sets)``.
    """

    reserves: Tokens
    fees: Float[Array, " sets"]
    traded: Tokens


Codes = Int[Array, "2 sets"]


def advanced(rules: StepRules, reserves: Tokens, row: RowInputs) -> tuple[Outcome, Codes]:
    """A row with the best trades, and their signatures; of every set, whatever its gate says.

    Args:
        rules: what the step is made for.
        reserves: before the row, ``(tokens, sets)``.
        row: its inputs.
    """
    codes = []

    def trader(which: int, weights: Tokens, row: RowInputs, reserves: Tokens) -> ArbitrageTrade:
        found = best_trade(
            weights, row.prices, reserves, row.gamma, rules.signatures, may_be_free=rules.may_be_free
        )
        trade = executed(found, row)
        codes.append(trade.code)
        return trade

    outcome = _played(rules, trader, reserves, row)
    return outcome, jnp.stack(codes if rules.moves else [codes[0], jnp.zeros_like(codes[0])])


def replayed(rules: StepRules, codes: Codes, reserves: Tokens, row: RowInputs) -> Outcome:
    """The row again with signatures that are known, differentiable in reserves and inputs.

    Args:
        rules: as in :func:`advanced`.
        codes: what that found, ``(2, sets)``.
        reserves: as there.
        row: as there.
    """

    def trader(which: int, weights: Tokens, row: RowInputs, reserves: Tokens) -> ArbitrageTrade:
        return trade_of(codes[which], weights, row.prices, reserves, row.gamma)

    return _played(rules, trader, reserves, row)


def idle(rules: StepRules, reserves: Tokens, row: RowInputs) -> tuple[Outcome, Codes]:
    """A row without trades: supply alone may change reserves.

    Args:
        rules: as in :func:`advanced`.
        reserves: as there.
        row: as there.
    """
    outcome = Outcome(supplied(reserves, row), jnp.zeros_like(reserves[0]), jnp.zeros_like(reserves))
    return outcome, jnp.zeros((2, reserves.shape[1]), jnp.int32)


def may_trade(rules: StepRules, reserves: Tokens, row: RowInputs, ratios: tuple[Tokens, ...]) -> Array:
    """Whether any set may trade in a row, a scalar; no trade is lost where it is False.

    Reserves change first by the price arbitrage, but only where that gate is open: with both closed nothing happens.

    Args:
        rules: as in :func:`advanced`.
        reserves: as there.
        row: as there.
        ratios: prices over the weights before and, if they move, over those of the row, ``(tokens, sets)`` each.
    """
    found = is_open(ratios[0], reserves, row.gamma, row.arb_fees)
    if rules.moves:
        found = found | is_open(ratios[1], reserves, row.gamma, row.arb_fees)
    if row.does_arb is not None:
        found = found & (row.does_arb > 0)
    if row.swap is not None:
        found = found | (row.swap[2] > 0)
    return found.any()


def supplied(reserves: Tokens, row: RowInputs) -> Tokens:
    """Reserves after shares were minted or burnt, ``(tokens, sets)``."""
    return reserves if row.supply is None else reserves * row.supply[None]


def executed(trade: ArbitrageTrade, row: RowInputs) -> ArbitrageTrade:
    """The trade where it pays its gas and outside fees and arbitrageurs trade; none elsewhere.

    Args:
        trade: that pays best before them.
        row: inputs of the step.
    """
    outside = row.arb_fees / 2 * (jnp.abs(trade.change) * row.prices).sum(0)
    pays = trade.profit - row.gas_cost >= outside
    if row.does_arb is not None:
        pays = pays & (row.does_arb > 0)
    return ArbitrageTrade(
        jnp.where(pays[None], trade.change, 0.0),
        jnp.where(pays, trade.profit, 0.0),
        jnp.where(pays, trade.code, 0),
    )


def noise_scaled(reserves: Tokens, change: Tokens, prices: Tokens, noise: PerSet, gamma: PerSet) -> Tokens:
    """Reserves with the fees of noise traders, whose volume follows that of arbitrage.

    Args:
        reserves: after the trade, ``(tokens, sets)``.
        change: by the trade, ``(tokens, sets)``.
        prices: ``(tokens, sets)``.
        noise: volume of noise traders over that of arbitrage, ``(sets,)``.
        gamma: 1 less the fee that noise traders leave in the pool, ``(sets,)``.
    """
    income = noise * (1 - gamma) * (jnp.maximum(change, 0.0) * prices).sum(0)
    return reserves * (1 + income / (reserves * prices).sum(0))[None]


def _played(rules: StepRules, trader: Trader, reserves: Tokens, row: RowInputs) -> Outcome:
    fee = 1 - row.gamma
    received, traded = jnp.zeros_like(reserves), jnp.zeros_like(reserves)
    reserves = supplied(reserves, row)
    for which, weights in enumerate((row.before, row.weights)[: 1 + rules.moves]):
        if which and row.swap is not None:
            swapped = _swapped(row, reserves)
            reserves, traded = reserves + swapped, traded + swapped
            received = received + jnp.maximum(swapped, 0.0)
        trade = trader(which, weights, row, reserves).change
        comes_in = jnp.maximum(trade, 0.0)
        reserves = noise_scaled(reserves + trade, trade, row.prices, row.noise, 1 - fee * (1 - row.split))
        if not rules.defers:
            reserves = reserves - comes_in * (fee * row.split)[None]
        traded, received = traded + trade, received + comes_in
    if rules.defers:
        reserves = reserves - received * (fee * row.split)[None]
    return Outcome(reserves, (received * row.prices).sum(0) * fee * (1 - row.split), traded)


def _swapped(row: RowInputs, reserves: Tokens) -> Tokens:
    assert row.swap is not None
    token = jnp.arange(len(reserves), dtype=reserves.dtype)[:, None]
    goes_in, comes_out = token == row.swap[:1], token == row.swap[1:2]
    return swap_change(reserves, row.weights, goes_in, comes_out, row.swap[2], row.gamma)
