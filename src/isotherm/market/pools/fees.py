"""Geometric-mean pools with fees: arbitrage row by row, from inputs of runs to inputs of scans."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from isotherm.market.pools.active import ActiveRows
from isotherm.market.pools.costs import PoolCosts
from isotherm.market.pools.gradient import scanned
from isotherm.market.pools.pool import PoolState
from isotherm.market.pools.step import Outcome, RowInputs, StepRules

Rows = Float[Array, "rows tokens"]


def fee_path(
    active: ActiveRows,
    weights: Rows,
    prices: Rows,
    costs: PoolCosts,
    state: PoolState,
    *,
    moves: bool = True,
) -> Outcome:
    """Reserves after each active row, fees that stayed and trades.

    The gradient comes from a reverse scan over the rows in which something was traded. Under ``vmap`` all sets share
    one scan, whose rows are passed over where no set trades.

    Args:
        active: rows that are played.
        weights: of all rows, ``(rows, tokens)``.
        prices: of all rows, ``(rows, tokens)``.
        costs: of trading.
        state: before the rows.
        moves: whether weights move, and are arbitraged after the prices.

    Returns:
        Shapes ``(active, tokens)``, ``(active,)`` and ``(active, tokens)``.

    References:
        Willetts and Harrington, arXiv 2402.06731 (2024), section 3.
    """
    rules = StepRules(costs.signatures, moves, costs.varies, costs.may_be_free)
    rows = RowInputs(
        before=active.before(state.weights, weights)[..., None],
        weights=active.taken(weights)[..., None],
        prices=active.taken(prices)[..., None],
        supply=supply_ratios(active, costs, state),
        swap=None if costs.swaps is None else active.of_turns(costs.swaps)[..., None],
        does_arb=None if costs.does_arb is None else active.of_turns(costs.does_arb)[:, None],
        split=costs.split[:, None],
        noise=costs.noise[:, None],
        gamma=active.of_turns(costs.gamma)[:, None],
        gas_cost=active.of_turns(costs.gas_cost)[:, None],
        arb_fees=active.of_turns(costs.arb_fees)[:, None],
    )
    outcome = scanned(rules, state.reserves[:, None], rows)
    return Outcome(outcome.reserves[..., 0], outcome.fees[..., 0], outcome.traded[..., 0])


def supply_ratios(active: ActiveRows, costs: PoolCosts, state: PoolState) -> Float[Array, "active 1"] | None:
    """Supply of pool shares in each active row over that in the one before, ``(active, 1)``; None: constant.

    Args:
        active: rows that are played.
        costs: with the supply.
        state: with the supply before.
    """
    if costs.supply is None:
        return None
    supply = jnp.broadcast_to(costs.supply, (len(active.candidates),))
    supply = active.of_turns(supply)
    return (supply / jnp.concatenate([state.supply[None], supply[:-1]]))[:, None]
