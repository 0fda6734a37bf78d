"""What every pool obeys, whatever the market: causes first, names, the numeraire, runs in parts, the identity."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.market.pools import twin

from isotherm.market.hooks.rebalancing import lvr, rvr
from isotherm.market.pools.batch import BatchPool
from isotherm.market.pools.constant import ConstantPool
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.hold import HodlPool, HoldingIndexPool, StreamingIndexPool
from isotherm.market.pools.pool import AbstractPool, PoolPath, pool_path
from isotherm.market.pools.weighted import WeightedPool

ROWS, CUT = 20, 7
PERIODS = {"chunk_period": 8, "weight_interpolation_period": 5}
POOLS: dict[str, AbstractPool] = {
    "weighted": WeightedPool(),
    "constant": ConstantPool(),
    "hodl": HodlPool(),
    "index": HoldingIndexPool(**PERIODS),
    "fund": StreamingIndexPool(**PERIODS, spread=np.full(3, 1e-3)),
    "lvr": lvr(WeightedPool()),
    "rvr": rvr(WeightedPool(), np.full(3, 1e-3)),
    "batch": BatchPool(),
}
EACH = pytest.mark.parametrize("name", POOLS)
SEEDS = st.integers(0, 10**6)
FEE = {"fees": 0.003, "arb_fees": 1e-4}


def market(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and prices for a pool: of two tokens and constant, where it takes no others."""
    weights, prices = twin.market(ROWS, seed)
    if name == "batch":
        pair = weights[0, :2] / weights[0, :2].sum()
        return np.tile(pair, (ROWS, 1)), prices[:, :2] / prices[0, :2]
    return weights, prices


def path(name: str, weights: np.ndarray, prices: np.ndarray, gas: float = 0.5, **more: Any) -> PoolPath:
    return pool_path(POOLS[name], weights, prices, Costs(**FEE, gas_cost=gas), **more)


@EACH
@settings(max_examples=10)
@given(seed=SEEDS, at=st.integers(1, ROWS - 1), factor=st.sampled_from([0.5, 1.001, 3.0]))
def test_reserves_know_neither_prices_nor_weights_of_later_rows(
    name: str, seed: int, at: int, factor: float
) -> None:
    weights, prices = market(name, seed)
    found = path(name, weights, prices)
    later, other = weights.copy(), prices.copy()
    other[at:, seed % other.shape[1]] *= factor
    if name != "batch":
        later[at:] = later[at:, ::-1]
    changed = path(name, later, other)
    np.testing.assert_array_equal(changed.reserves[:at], found.reserves[:at])
    np.testing.assert_array_equal(changed.value[:at], found.value[:at])
    assert (changed.value[at:] != found.value[at:]).any()


@EACH
@settings(max_examples=10)
@given(seed=SEEDS, order=st.permutations(range(3)))
def test_tokens_in_another_order_have_their_own_reserves(name: str, seed: int, order: list[int]) -> None:
    weights, prices = market(name, seed)
    own = [token for token in order if token < prices.shape[1]]
    found, other = path(name, weights, prices), path(name, weights[:, own], prices[:, own])
    np.testing.assert_allclose(other.reserves, found.reserves[:, own], rtol=1e-9)
    np.testing.assert_allclose(other.value, found.value, rtol=1e-11)


@EACH
@settings(max_examples=10)
@given(seed=SEEDS, exponent=st.floats(-3, 3))
def test_the_numeraire_changes_no_reserves(name: str, seed: int, exponent: float) -> None:
    (weights, prices), unit = market(name, seed), 10.0**exponent
    found, other = (
        path(name, weights, prices),
        path(name, weights, prices * unit, 0.5 * unit, value=1e6 * unit),
    )
    np.testing.assert_allclose(other.reserves, found.reserves, rtol=1e-9)
    np.testing.assert_allclose(other.value, found.value * unit, rtol=1e-9)


@EACH
@settings(max_examples=5)
@given(seed=SEEDS)
def test_a_run_in_two_parts_is_the_whole_to_the_last_bit(name: str, seed: int) -> None:
    weights, prices = market(name, seed)
    one = path(name, weights[:CUT], prices[:CUT])
    two = path(name, weights[CUT:], prices[CUT:], state=one.state)
    found = path(name, weights, prices)
    np.testing.assert_array_equal(np.concatenate([one.reserves, two.reserves]), found.reserves)
    np.testing.assert_array_equal(np.concatenate([one.value, two.value]), found.value)


@given(seed=SEEDS, shock=st.floats(0, 0.5))
def test_without_fees_log_value_is_growth_less_divergence(seed: int, shock: float) -> None:
    weights, prices = twin.market(ROWS, seed, shock=shock)
    w, v = weights[:-1], weights[1:]
    steps = (w * np.log(prices[1:] / prices[:-1])).sum(1) - (v * np.log(v / w)).sum(1)
    found = pool_path(WeightedPool(), weights, prices)
    np.testing.assert_allclose(np.log(found.value[1:] / 1e6), np.cumsum(steps), rtol=0, atol=1e-12)
