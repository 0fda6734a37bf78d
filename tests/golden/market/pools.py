"""Golden operations on trades, pools, simulations and rebalancing: what we find, by the name of the function."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from isotherm.market.hooks.rebalancing import lvr, rvr
from isotherm.market.pools.arbitrage import invariant_ratio, optimal_trade
from isotherm.market.pools.batch import batch_swap
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.geometric import rebalanced, reserve_multipliers
from isotherm.market.pools.pool import PoolPath, pool_path
from isotherm.market.pools.registry import pool
from isotherm.market.pools.signatures import signatures
from isotherm.market.pools.step import noise_scaled
from isotherm.market.pools.swap import swap_in_given_out, swap_out_given_in
from isotherm.market.rules.settings import RuleSettings
from isotherm.market.rules.weights import calculate_weights

Given = dict[str, Any]


def optimal_pair_trade(given: Given) -> Given:
    found = optimal_trade(given["weights"], given["reserves"], given["prices"], given["fee"])
    ratio = invariant_ratio(given["weights"], given["reserves"], found.trade, 1 - given["fee"])
    return {"trade": found.trade, "arb_profit": found.profit, "invariant_ratio_after": ratio}


def zero_fee_trade(given: Given) -> Given:
    w, reserves, prices = (jnp.array(given[name]) for name in ("weights", "reserves", "prices"))
    after = rebalanced(w, reserves, prices)
    return {"new_reserves": after, "trade": after - reserves}


def reserve_ratio(given: Given) -> Given:
    names = ("prev_weights", "prev_prices", "weights", "prices")
    return {"ratio": reserve_multipliers(*(jnp.array(given[name]) for name in names))}


def noise_trader(given: Given) -> Given:
    columns = (jnp.array(given[name])[:, None] for name in ("reserves", "arb_trade", "prices"))
    numbers = (jnp.array([float(given[name])]) for name in ("noise_trader_ratio", "gamma"))
    return {"reserves": noise_scaled(*columns, *numbers)[:, 0]}


def swapped(swap: Callable[..., Any], amount: str) -> Callable[[Given], Given]:
    names = ("reserves", "weights", "token_in", "token_out", amount, "gamma")
    return lambda given: {"delta": swap(*(given[name] for name in names))}


def bout(given: Given) -> np.ndarray:
    """Price rows of a bout, of the columns that a case names."""
    start, length = given["start_index"], given["bout_length"]
    prices = np.array(given["prices"], float)[start : start + length - 1]
    return prices[:, given["columns"]] if "columns" in given else prices


def reserves_of(name: Any, weights: Any, given: Given, costs: Costs) -> np.ndarray:
    found = pool_path(name, weights, bout(given), costs, value=given["initial_pool_value"])
    return np.asarray(found.reserves)


def simulated(given: Given, **costs: Any) -> tuple[np.ndarray, PoolPath]:
    """Weights of each minute, and the path of a pool that follows them."""
    told = given["settings"]
    rules = {name: told[name] for name in RuleSettings.__dataclass_fields__ if name in told}
    weights = calculate_weights(
        given["rule"],
        given["params"],
        given["prices"],
        given["start_index"],
        given["bout_length"],
        RuleSettings(**rules),
    )
    told_costs = {name: told[name] for name in Costs.__dataclass_fields__ if name in told} | costs
    value = told.get("initial_pool_value", 1e6)
    return weights, pool_path(pool(given["rule"]), weights, bout(given), Costs(**told_costs), value=value)


def simulate(given: Given) -> Given:
    weights, found = simulated(given)
    prices, value = bout(given), np.asarray(found.value)
    changes = np.diff(value) / value[:-1]
    hold = (found.reserves[0] * prices[-1]).sum()
    even = (value[0] / (prices.shape[1] * prices[0]) * prices[-1]).sum()
    metrics = {
        "returns": value[-1] / value[0] - 1,
        "returns_over_hodl": value[-1] / hold - 1,
        "returns_over_uniform_hodl": value[-1] / even - 1,
        "sharpe": np.sqrt(365 * 1440) * changes.mean() / changes.std(),
    }
    rows = at_rows(given, weights=weights, reserves=found.reserves, value=value)
    return rows | {"final_value": value[-1], "metrics": metrics}


def simulate_dynamic_fee(given: Given) -> Given:
    is_first = np.arange(given["bout_length"] - 1) < 1440
    fees = np.where(is_first, given["fee_first_1440_rows"], given["fee_after"])
    _, found = simulated(given, fees=fees)
    return at_rows(given, value=found.value)


def balancer(given: Given) -> Given:
    with_fee, without = (
        reserves_of(pool("balancer"), given["weights"], given, Costs(fees=fee)) for fee in (given["fee"], 0.0)
    )
    return at_rows(given, reserves_fee=with_fee, reserves_zero_fee=without)


def fm_amm(given: Given) -> Given:
    w = given["weight_0"]
    both = {
        name: reserves_of(
            pool("cow"),
            [w, 1 - w],
            given,
            Costs(fees=given["fee"], arb_fees=given["arb_fees"], arb_quality=quality),
        )
        for name, quality in (("perfect", 1.0), ("single_arbitrageur", 0.0))
    }
    return at_rows(given, **both)


def on_a_market(given: Given) -> Given:
    inner = pool("balancer")
    n = len(given["weights_constant"])
    hook = rvr(inner, np.broadcast_to(given["spread"], (n,))) if "spread" in given else lvr(inner)
    found = reserves_of(hook, given["weights_constant"], given, Costs(fees=given["cex_fee"]))
    return at_rows(given, reserves=found)


def at_rows(given: Given, **arrays: np.ndarray) -> Given:
    """Rows 0, 120, ..., as the file's cases index them."""
    length = given["bout_length"] - 1
    rows = list(range(0, length, 120))
    rows += [length - 1] * (rows[-1] != length - 1)
    return {"rows": rows} | {name: array[rows] for name, array in arrays.items()}


OURS: dict[str, Callable[[Given], Any]] = {
    "pair_signatures": lambda given: {"signatures": signatures("pairs", given["n"])},
    "optimal_pair_trade_with_fee": optimal_pair_trade,
    "zero_fee_trade": zero_fee_trade,
    "reserve_ratio": reserve_ratio,
    "swap_out_given_in": swapped(swap_out_given_in, "amount_in"),
    "swap_in_given_out": swapped(swap_in_given_out, "amount_out"),
    "noise_trader_scaling": noise_trader,
    "simulate": simulate,
    "simulate_dynamic_fee": simulate_dynamic_fee,
    "balancer": balancer,
    "fm_amm": fm_amm,
    "fm_amm_swap": swapped(batch_swap, "amount_in"),
    "lvr_reserves": on_a_market,
    "rvr_reserves": on_a_market,
}
