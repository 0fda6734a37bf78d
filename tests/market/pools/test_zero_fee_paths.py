"""Pools without fees: identities of values, reserves, splits, samples."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.pools import twin

from isotherm.market.pools.constant import ConstantPool
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.forward import noisy_prices, turnover
from isotherm.market.pools.geometric import log_values, reserve_multipliers
from isotherm.market.pools.pool import PoolPath, pool_path
from isotherm.market.pools.sampled import sampled_log_values
from isotherm.market.pools.weighted import WeightedPool

ROWS = 50
WEIGHTS, PRICES = twin.market(ROWS)


@functools.cache
def whole() -> PoolPath:
    return pool_path(WeightedPool(), WEIGHTS, PRICES, with_trades=True)


def steps(weights: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """The identity, as the definition writes it."""
    w, v = weights[:-1], weights[1:]
    divergence = (v * np.log(v / w)).sum(1)
    return (w * np.log(prices[1:] / prices[:-1])).sum(1) - divergence


def test_value_is_growth_less_divergence() -> None:
    growth = np.cumsum(steps(WEIGHTS, PRICES))
    np.testing.assert_allclose(np.log(whole().value[1:] / 1e6), growth, rtol=0, atol=1e-12)
    assert whole().value[0] == 1e6


def test_reserves_are_those_of_multipliers_and_in_balance() -> None:
    with jax.enable_x64(True):
        w, p = jnp.asarray(WEIGHTS), jnp.asarray(PRICES)
        found = reserve_multipliers(w[:-1], p[:-1], w[1:], p[1:])
    wanted = whole().reserves[0] * np.cumprod(np.asarray(found), axis=0)
    np.testing.assert_allclose(whole().reserves[1:], wanted, rtol=1e-12)
    np.testing.assert_allclose(whole().reserves * PRICES / whole().value[:, None], WEIGHTS, rtol=1e-13)
    np.testing.assert_allclose(
        np.cumsum(whole().trades, axis=0)[-1], whole().reserves[-1] - whole().reserves[0], rtol=1e-9
    )
    assert (whole().fee_revenue == 0).all()


@given(seed=st.integers(0, 10**6), size=st.floats(0, 3))
def test_a_weight_move_at_fixed_prices_costs_its_divergence(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    w = np.exp(size * rng.normal(size=(2, 3)))
    w = w / w.sum(1, keepdims=True)
    found = pool_path(WeightedPool(), w, np.broadcast_to(PRICES[0], (2, 3)))
    assert float(np.log(found.value[1] / found.value[0])) == pytest.approx(
        -(w[1] * np.log(w[1] / w[0])).sum(), abs=1e-12
    )


def test_nothing_is_lost_where_nothing_moves() -> None:
    found = pool_path(WeightedPool(), WEIGHTS[0], np.broadcast_to(PRICES[0], PRICES.shape))
    np.testing.assert_array_equal(found.value, np.full(ROWS, 1e6))


def test_price_arbitrage_keeps_the_invariant() -> None:
    found = pool_path(WeightedPool(), WEIGHTS[0], PRICES)
    invariant = (WEIGHTS[0] * np.log(found.reserves)).sum(1)
    np.testing.assert_allclose(invariant, invariant[0], rtol=1e-13)


@pytest.mark.parametrize("cut", [1, 3, 10, 49])
@pytest.mark.parametrize("costs", [Costs(), Costs(arb_frequency=4)], ids=["each", "fourth"])
@pytest.mark.parametrize("pool", [WeightedPool(), ConstantPool()], ids=["weighted", "constant"])
def test_a_run_cut_in_two_equals_the_whole_to_the_last_bit(pool: Any, costs: Costs, cut: int) -> None:
    together = pool_path(pool, WEIGHTS, PRICES, costs)
    one = pool_path(pool, WEIGHTS[:cut], PRICES[:cut], costs)
    two = pool_path(pool, WEIGHTS[cut:], PRICES[cut:], costs, state=one.state)
    np.testing.assert_array_equal(np.concatenate([one.reserves, two.reserves]), together.reserves)
    np.testing.assert_array_equal(np.concatenate([one.value, two.value]), together.value)
    assert two.state.row == ROWS


def test_arbitrage_every_fourth_minute_holds_between() -> None:
    found = pool_path(WeightedPool(), WEIGHTS, PRICES, Costs(arb_frequency=4))
    few = pool_path(WeightedPool(), WEIGHTS[::4], PRICES[::4])
    np.testing.assert_allclose(found.reserves, np.repeat(few.reserves, 4, axis=0)[:ROWS], rtol=1e-14)
    np.testing.assert_allclose(found.value, (found.reserves * PRICES).sum(1), rtol=1e-14)


def test_a_path_may_go_on_without_fees_from_one_with_them() -> None:
    """From reserves out of balance the first row is a free rebalancing at the weights before."""
    first = pool_path(WeightedPool(), WEIGHTS[:20], PRICES[:20], Costs(fees=0.01))
    second = pool_path(WeightedPool(), WEIGHTS[20:], PRICES[20:], state=first.state)
    w, R = WEIGHTS[19], first.reserves[-1]
    value = np.exp((w * np.log(PRICES[20] * R / w)).sum() - (WEIGHTS[20] * np.log(WEIGHTS[20] / w)).sum())
    assert float(second.value[0]) == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(second.reserves[0], WEIGHTS[20] * value / PRICES[20], rtol=1e-13)
    idle = pool_path(WeightedPool(), WEIGHTS[:20], PRICES[:20], Costs(do_arb=False))
    after = pool_path(WeightedPool(), WEIGHTS[20:], PRICES[20:], state=idle.state)
    R = idle.reserves[-1]
    value = np.exp((w * np.log(PRICES[20] * R / w)).sum() - (WEIGHTS[20] * np.log(WEIGHTS[20] / w)).sum())
    assert float(after.value[0]) == pytest.approx(value, rel=1e-13)


def test_costs_that_do_not_count_without_fees_change_nothing() -> None:
    found = pool_path(WeightedPool(), WEIGHTS, PRICES, Costs(noise_trader_ratio=2.0, protocol_fee_split=0.5))
    np.testing.assert_array_equal(found.reserves, whole().reserves)


@given(at=st.integers(1, ROWS - 1), token=st.integers(0, 2))
def test_reserves_know_no_later_price(at: int, token: int) -> None:
    prices = PRICES.copy()
    prices[at, token] *= 1.5
    found = pool_path(WeightedPool(), WEIGHTS, prices, with_trades=True).reserves
    np.testing.assert_array_equal(found[:at], whole().reserves[:at])
    assert (found[at] != whole().reserves[at]).any()


@given(order=st.permutations(range(3)), unit=st.floats(1e-3, 1e3))
def test_neither_order_of_tokens_nor_numeraire_matter(order: list[int], unit: float) -> None:
    found = pool_path(
        WeightedPool(), WEIGHTS[:, order], PRICES[:, order] * unit, value=1e6 * unit, with_trades=True
    )
    np.testing.assert_allclose(found.reserves, whole().reserves[:, order], rtol=1e-12)
    np.testing.assert_allclose(found.value, whole().value * unit, rtol=1e-12)


def test_the_gradient_is_the_limit_of_differences() -> None:
    with jax.enable_x64(True):
        w, p = jnp.asarray(WEIGHTS), jnp.asarray(PRICES)
        value = jax.jit(lambda w: log_values(w, p).mean())
        way = jnp.asarray(np.random.default_rng(0).normal(size=w.shape)) * 1e-6
        slope = float((jax.jit(jax.grad(value))(w) * way).sum())
        assert float(value(w + way) - value(w - way)) / 2 == pytest.approx(slope, rel=1e-7)


def test_single_precision_follows() -> None:
    with jax.enable_x64(True):
        found = log_values(jnp.asarray(WEIGHTS, jnp.float32), jnp.asarray(PRICES, jnp.float32))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, np.log(whole().value / 1e6), atol=2e-5)


def block(coarse: Any) -> Any:
    start, step = coarse
    return start[None] + step[None] * jnp.arange(4.0)[:, None]


@pytest.mark.parametrize("rows", [40, 41])
@pytest.mark.parametrize("checkpoint", ["none", "vmap", "scan"])
def test_sampled_values_are_those_of_the_whole_path(rows: int, checkpoint: str) -> None:
    """The tail counts (D27): the last value is that of the last row, whatever the samples."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        ends = jnp.asarray(rng.dirichlet(np.full(3, 20.0), 14))
        coarse = (ends[:-1], jnp.diff(ends, axis=0) / 4)
        weights = jnp.concatenate([block((start, step)) for start, step in zip(*coarse, strict=True)])[:rows]
        prices = jnp.asarray(PRICES[:rows])

        @jax.jit
        def sampled(coarse: Any) -> Any:
            return sampled_log_values(block, coarse, prices, 4, 8, checkpoint)

        found, wanted = sampled(coarse), log_values(weights, prices)
        np.testing.assert_allclose(found.log_values, wanted[::8], rtol=0, atol=1e-13)
        assert float(found.last) == pytest.approx(float(wanted[-1]), abs=1e-13)
        np.testing.assert_allclose(found.last_weights, weights[-1], rtol=1e-14)
        if rows == 41:
            slope = jax.jit(jax.grad(lambda c: sampled(c).log_values.sum() + sampled(c).last))(coarse)[1]
            way = jnp.asarray(rng.normal(size=slope.shape)) * 1e-6
            up, down = (sampled((coarse[0], coarse[1] + sign * way)) for sign in (1, -1))
            difference = ((up.log_values - down.log_values).sum() + up.last - down.last) / 2
            assert float(difference) == pytest.approx(float((slope * way).sum()), rel=1e-6)


def test_samples_that_do_not_fit_are_refused() -> None:
    coarse = (jnp.ones((2, 2)) / 2, jnp.zeros((2, 2)))
    with pytest.raises(ValueError, match="every = 6: must be a multiple of chunk_period = 4"):
        sampled_log_values(block, coarse, jnp.ones((8, 2)), 4, 6)
    with pytest.raises(ValueError, match="checkpoint = 'some'"):
        sampled_log_values(block, coarse, jnp.ones((8, 2)), 4, 4, "some")


def test_noise_on_prices_follows_the_window() -> None:
    """D26: the prices themselves are changed, for rule and pool alike; equal windows are changed alike."""
    with jax.enable_x64(True):
        prices, key = jnp.asarray(PRICES), jax.random.key(1)
        one, same, other = (noisy_prices(prices, 0.01, key, start) for start in (5, 5, 6))
        np.testing.assert_array_equal(one, same)
        assert (np.asarray(one) != np.asarray(other)).all()
        assert float(jnp.log(one / prices).std()) == pytest.approx(0.01, rel=0.2)
        assert (np.asarray(one) > 0).all()


def test_turnover_is_what_shares_of_value_move() -> None:
    with jax.enable_x64(True):
        found = float(turnover(jnp.asarray(whole().reserves), jnp.asarray(PRICES)))
    assert found == pytest.approx(np.abs(np.diff(WEIGHTS, axis=0)).sum(1).mean(), rel=1e-9)
