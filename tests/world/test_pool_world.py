"""Pools as venues, against the same days played slowly in float64 with one pool at a time."""

import functools
import logging
import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.act import FixedRoute, rollout
from isotherm.market.pools.arbitrage import optimal_trade
from isotherm.random import run_keys
from isotherm.world.keys import reset_key, step_key
from isotherm.world.pools.pool_set import PoolSet, pool_set
from isotherm.world.pools.split import best_split
from isotherm.world.pools.world import PoolMarket, pool_market

FEES = np.array([1.0, 5.0, 30.0, 30.0, 100.0, 0.0])
VALUES = np.array([1e6, 1e7, 2e6, 5e6, 1e7, 1e6])
INTERVALS = np.array([1, 1, 10, 3, 10, 7])
SWINGS = np.array([0.0, 0.0, 0.0, 0.2, 0.0, 0.0])
WEIGHTS = np.array([0.5, 0.5, 0.8, 0.5, 0.5, 0.3])
SWING_ROWS = 2_800
DAY = 1440
TOLERANCE = 1.0
ROUNDING_BPS = 0.02
"""float32 reserves tell offers to this many basis points, a fiftieth of the tolerance."""


def real_like_prices(rows: int = 1_600) -> np.ndarray:
    moves = np.random.default_rng(4).standard_t(4, size=rows) * 8e-4
    return 1_500.0 * np.exp(np.cumsum(moves))


def pools() -> PoolSet:
    return pool_set(FEES, VALUES, weights=WEIGHTS, swings=SWINGS, swing_rows=SWING_ROWS, intervals=INTERVALS)


def market(**changes: Any) -> PoolMarket:
    settings = {"order_value": 2_000.0, "order_spread": 1.0, "tolerance_bps": TOLERANCE, "horizon": DAY}
    return pool_market(pools(), real_like_prices(), **(settings | changes))


RESET = eqx.filter_jit(lambda world, key: world.reset(key))
STEP = eqx.filter_jit(lambda world, key, state, action: world.step(key, state, action))


class Day(NamedTuple):
    """A run, as the world played it, leaves ``(steps, ...)``."""

    states: Any
    actions: np.ndarray
    rewards: np.ndarray
    info: Any


@functools.cache
def played() -> Day:
    """A day of orders that go anywhere."""
    key, rng, world = run_keys(3, 0, 1)[0], np.random.default_rng(0), market()
    state, found = RESET(world, reset_key(key))[1], []
    for time in range(DAY):
        action = rng.choice(np.flatnonzero(state.context.available))
        answer = STEP(world, step_key(key, time), state, jnp.int32(action))
        found.append(jax.device_get(Day(state, action, answer.reward, answer.info)))
        state = answer.state
    return jax.tree.map(lambda *leaves: np.stack(leaves), *found)


# ------------------------------------------------------------------------------
# The slow twin: one pool, one number at a time


def weight_at(pool: int, row: int) -> float:
    return WEIGHTS[pool] + SWINGS[pool] * math.sin(2 * math.pi * (row % SWING_ROWS) / SWING_ROWS)


def paid(reserves: np.ndarray, weight: float, gamma: float, is_buy: bool, amount: float) -> float:
    """What comes out for an amount in, by the whitepaper's formula."""
    weights = np.array([weight, 1 - weight])
    i, o = (1, 0) if is_buy else (0, 1)
    return reserves[o] * (1 - (1 + gamma * amount / reserves[i]) ** (-weights[i] / weights[o]))


def arbitraged(reserves: np.ndarray, weight: float, gamma: float, price: float) -> np.ndarray:
    """Trade until the pool's price after its fee is that of the market, if that pays at all."""
    quoted = weight * reserves[1] / ((1 - weight) * reserves[0])
    invariant = reserves[0] ** weight * reserves[1] ** (1 - weight)
    if gamma == 1:
        target, i = price, None
    elif quoted * gamma > price:  # the asset goes in, where it is dear
        target, i = price / gamma, 0
    elif quoted < gamma * price:
        target, i = price * gamma, 1
    else:
        return reserves
    asset = invariant * (weight / ((1 - weight) * target)) ** (1 - weight)
    after = np.array([asset, asset * target * (1 - weight) / weight])
    if i is None:
        return after
    # along the invariant of what is counted, of which the fee's part stays beside
    change = after - reserves
    change[i] /= gamma
    return reserves + change


class Twin:
    """Reserves of every pool, float64."""

    def __init__(self, row: int, prices: np.ndarray) -> None:
        self.prices = prices
        shares = [[weight_at(j, row), 1 - weight_at(j, row)] for j in range(6)]
        self.reserves = np.array(shares) * VALUES[:, None] / [prices[row], 1.0]

    def offers(self, row: int, is_buy: bool, amount: float) -> np.ndarray:
        gammas = 1 - FEES / 1e4
        return np.array(
            [paid(self.reserves[j], weight_at(j, row), gammas[j], is_buy, amount) for j in range(6)]
        )

    def swap(self, pool: int, row: int, is_buy: bool, amount: float) -> None:
        out = self.offers(row, is_buy, amount)[pool]
        self.reserves[pool] += [-out, amount] if is_buy else [amount, -out]

    def visit(self, row: int) -> None:
        for j in range(6):
            if row % INTERVALS[j] == 0:
                gamma = 1 - FEES[j] / 1e4
                self.reserves[j] = arbitraged(self.reserves[j], weight_at(j, row), gamma, self.prices[row])


def test_a_day_is_the_day_of_a_slow_twin() -> None:
    day, prices = played(), real_like_prices()
    rows, orders, offers = day.states.row, day.states.order, day.states.offers
    twin = Twin(int(rows[0]), prices)
    unlike = 0
    for t in range(DAY):
        row, is_buy, amount = int(rows[t]), bool(orders.is_buy[t]), float(orders.amount[t])
        np.testing.assert_allclose(day.states.reserves[t].T, twin.reserves, rtol=2e-5)
        out = twin.offers(row, is_buy, amount)
        below_best = 1e4 * (1 - out / out.max())
        np.testing.assert_allclose(offers.below_best[t], below_best, atol=ROUNDING_BPS)
        fair = amount / prices[row] if is_buy else amount * prices[row]
        np.testing.assert_allclose(offers.below_market[t], 1e4 * (1 - out / fair), atol=ROUNDING_BPS)
        available = day.states.context.available[t]
        action = int(day.actions[t])
        assert available[action]
        assert available.sum() == 5
        regret = 1e4 * (1 - out[action] / out[available].max())
        assert day.info["regret"][t] == pytest.approx(regret, abs=ROUNDING_BPS)
        assert day.info["cost"][t] == pytest.approx(1e4 * (1 - out[action] / fair), abs=ROUNDING_BPS)
        best_cost = 1e4 * (1 - out[available].max() / fair)
        assert day.info["best_cost"][t] == pytest.approx(best_cost, abs=ROUNDING_BPS)
        wins = below_best < TOLERANCE
        unlike += int((wins != (day.info["wins"][t] > 0)).sum())
        assert day.rewards[t] == pytest.approx(TOLERANCE - below_best[action], abs=ROUNDING_BPS)
        if t + 1 < DAY:
            assert rows[t + 1] == row + 1
            twin.swap(action, row, is_buy, amount)
            twin.visit(row + 1)
    # only what lies within rounding of the tolerance may be told apart otherwise
    assert unlike <= 3 + 6 * DAY * 2 * ROUNDING_BPS / 100


def test_outcomes_rewards_and_context_tell_the_same() -> None:
    day = played()
    wins = day.info["wins"] > 0
    t = np.arange(DAY)
    np.testing.assert_array_equal(day.rewards > 0, wins[t, day.actions])
    np.testing.assert_array_equal(day.info["success"] > 0, day.rewards > 0)
    context = day.states.context
    np.testing.assert_array_equal(context.outcomes[:, 0] > 0, wins[t, context.venues[:, 0]])
    assert not context.available[t, context.venues[:, 0]].any()
    np.testing.assert_array_equal(day.info["joint_wins"], wins[:, :, None] & wins[:, None])
    assert (day.states.offers.below_best.min(axis=1) == 0).all(), "some pool is the best"
    assert day.rewards.max() <= TOLERANCE
    assert (day.info["regret"] >= 0).all()
    # a reward of the whole tolerance is the best pool's
    best = day.states.offers.below_best.argmin(axis=1)
    assert ((day.rewards == TOLERANCE) >= (best == day.actions)).all()


def test_orders_are_log_normal_and_of_either_side() -> None:
    day = played()
    orders, prices = day.states.order, real_like_prices()[day.states.row]
    value = np.log(np.where(orders.is_buy, orders.amount, orders.amount * prices))
    assert abs(value.mean() - math.log(2_000)) < 4 / math.sqrt(DAY)
    assert abs(value.std() - 1.0) < 4 / math.sqrt(2 * DAY)
    assert abs(orders.is_buy.mean() - 0.5) < 2 / math.sqrt(DAY)


def test_a_pool_is_stale_between_visits_and_at_most_its_fee_away_after_one() -> None:
    day, prices = played(), real_like_prices()
    rows = day.states.row
    price = prices[rows]
    gap = {}
    for j in range(6):
        weight = np.array([weight_at(j, int(row)) for row in rows])
        quoted = weight * day.states.reserves[:, 1, j] / ((1 - weight) * day.states.reserves[:, 0, j])
        gap[j] = 1e4 * np.log(quoted / price)
    for j in range(6):
        band = -1e4 * math.log1p(-FEES[j] / 1e4) + ROUNDING_BPS
        visited = rows[1:] % INTERVALS[j] == 0
        assert np.abs(gap[j][1:][visited]).max() <= band, j
        if INTERVALS[j] > 1:
            assert np.abs(gap[j][1:][~visited]).max() > band + 5, j
    # so outcomes go together, and against each other
    alike = np.corrcoef((day.states.offers.below_best < 10).T)[np.triu_indices(6, 1)]
    assert alike.max() > 0.2
    assert alike.min() < -0.2


def test_invariants_of_swaps_never_fall_but_for_rounding() -> None:
    world = market()
    step = eqx.filter_jit(world.pools.swap_changes)
    rng = np.random.default_rng(0)
    day = played()
    for t in rng.choice(DAY, 60, replace=False):
        row, is_buy = jnp.int32(day.states.row[t]), jnp.asarray(day.states.order.is_buy[t])
        reserves = np.asarray(day.states.reserves[t], np.float64)
        amounts = np.full(6, day.states.order.amount[t], np.float32)
        change = np.asarray(step(jnp.asarray(day.states.reserves[t]), row, is_buy, amounts), np.float64)
        weights = np.asarray(world.pools.weights(row), np.float64)
        growth = (weights * np.log1p(change / reserves)).sum(0)
        into = np.maximum(change / reserves, 0).max(0)
        assert (growth >= -1e-6 * into).all()
        # a fee stays in the pool, in the proportion of what came in
        fee = FEES / 1e4
        weight_in = np.where(bool(is_buy), weights[1], weights[0])
        want = weight_in * (np.log1p(into) - np.log1p((1 - fee) * into))
        np.testing.assert_allclose(growth, want, rtol=0.01, atol=1e-6 * into.max())


def test_arbitrage_is_the_trade_that_pays_best() -> None:
    world, visit = market(), jax.jit(lambda *market: pools().arbitraged(*market))
    rng = np.random.default_rng(1)
    for row in (0, 30, 210):
        price = float(world.prices[row])
        start = np.asarray(world.pools.opened(jnp.int32(row), jnp.float32(price)))
        reserves = (start * np.exp(0.01 * rng.normal(size=start.shape))).astype(np.float32)
        after = visit(jnp.asarray(reserves), jnp.int32(row), jnp.float32(price))
        weights = np.asarray(world.pools.weights(jnp.int32(row)), np.float64)
        for j in range(6):
            fee = 0.0 if FEES[j] == 0 else FEES[j] / 1e4
            best = optimal_trade(weights[:, j] / weights[:, j].sum(), reserves[:, j], [price, 1.0], fee).trade
            want = reserves[:, j] + (best if row % INTERVALS[j] == 0 else 0.0)
            np.testing.assert_allclose(after[:, j], want, rtol=2e-6)


# ------------------------------------------------------------------------------
# Splitting


@functools.cache
def compiled_split() -> Any:
    def both(reserves, is_buy, amount, available):
        shares = best_split(pools(), reserves, jnp.int32(100), is_buy, amount, available)
        whole = jnp.broadcast_to(amount, available.shape)
        offers = [pools().swap_changes(reserves, jnp.int32(100), is_buy, x) for x in (whole, shares)]
        return shares, *(-jnp.where(is_buy, change[0], change[1]) for change in offers)

    return jax.jit(both)


@given(
    st.lists(st.floats(-0.02, 0.02), min_size=6, max_size=6),
    st.booleans(),
    st.floats(1.0, 1e6),
    st.integers(1, 62),
)
def test_a_split_is_a_division_that_no_small_move_betters(
    gaps: list[float], is_buy: bool, value: float, which: int
) -> None:
    price = 1_500.0
    start = np.asarray(pools().opened(jnp.int32(100), jnp.float32(price)))
    reserves = (start * np.exp([gaps, [0.0] * 6])).astype(np.float32)
    amount = np.float32(value if is_buy else value / price)
    available = (which >> np.arange(6)) % 2 == 1
    shares, alone, parts = compiled_split()(reserves, jnp.array(is_buy), amount, available)
    shares = np.asarray(shares, np.float64)
    assert shares.sum() == pytest.approx(amount, rel=1e-5)
    assert (shares >= 0).all()
    assert (shares[~available] == 0).all()
    assert float(np.sum(parts)) >= float(np.max(np.where(available, alone, 0))) * (1 - 1e-6)
    # marginal prices: equal where something goes, and nowhere else better
    twin = Twin(100, np.full(101, price))
    twin.reserves = reserves.T.astype(np.float64)

    def total(division: np.ndarray) -> float:
        return sum(
            paid(twin.reserves[j], weight_at(j, 100), 1 - FEES[j] / 1e4, is_buy, division[j])
            for j in range(6)
        )

    found, bit = total(shares), 0.01 * float(amount)
    for giver in np.flatnonzero(shares > bit):
        for taker in np.flatnonzero(available):
            moved = shares.copy()
            moved[giver] -= bit
            moved[taker] += bit
            assert total(moved) <= found * (1 + 2e-7)


def best_of_crumbs(twin: Twin, row: int, is_buy: bool, amount: float, available: np.ndarray) -> float:
    """What comes out if the order is cut into crumbs and each goes where it brings most then."""
    crumbs = np.linspace(0, amount, 4_001)
    found = []
    for j in np.flatnonzero(available):
        weights = np.array([weight_at(j, row), 1 - weight_at(j, row)])
        i, o = (1, 0) if is_buy else (0, 1)
        gamma, reserves = 1 - FEES[j] / 1e4, twin.reserves[j]
        out = -reserves[o] * np.expm1(-weights[i] / weights[o] * np.log1p(gamma * crumbs / reserves[i]))
        found.append(np.diff(out))
    return float(np.sort(np.concatenate(found))[::-1][:4_000].sum())


def test_the_gain_of_a_split_is_that_of_the_best_crumbs() -> None:
    day, prices = played(), real_like_prices()
    for t in range(0, DAY, 12):
        row, order = int(day.states.row[t]), day.states.order
        is_buy, amount = bool(order.is_buy[t]), float(order.amount[t])
        available = day.states.context.available[t]
        twin = Twin(row, prices)
        twin.reserves = day.states.reserves[t].T.astype(np.float64)
        split = best_of_crumbs(twin, row, is_buy, amount, available)
        gain = 1e4 * (split / twin.offers(row, is_buy, amount)[available].max() - 1)
        assert day.info["split_gain"][t] == pytest.approx(gain, abs=ROUNDING_BPS)


def test_the_gain_of_a_split_is_never_negative_and_grows_with_the_order() -> None:
    day = played()
    gain, cost = day.info["split_gain"], day.info["best_cost"]
    assert (gain >= 0).all()
    assert gain.mean() > 0.05
    # large orders gain more
    value = np.where(
        day.states.order.is_buy,
        day.states.order.amount,
        day.states.order.amount * real_like_prices()[day.states.row],
    )
    assert gain[value > 4_000].mean() > 3 * gain[value < 1_000].mean()
    assert np.isfinite(cost).all()


# ------------------------------------------------------------------------------
# As a world


def fixed(venue: int, world: PoolMarket | None = None) -> dict[str, np.ndarray]:
    """Means per order of each of 12 runs."""
    found = rollout(run_keys(0, 0, 12), FixedRoute(jnp.int32(venue)), world or market(), 300, 10)
    return {name: np.asarray(sums).sum(axis=1) / 300 for name, sums in found.sums.items()}


def test_an_agent_fixed_on_the_worst_pool_loses_to_one_fixed_on_the_best() -> None:
    found = [fixed(venue) for venue in range(6)]
    regrets = np.array([one["regret"] for one in found])
    best, worst = regrets.mean(axis=1).argmin(), regrets.mean(axis=1).argmax()
    paired = regrets[worst] - regrets[best]
    assert paired.mean() > 5 * paired.std(ddof=1) / math.sqrt(12)
    assert paired.mean() > 30
    for one in found:
        # the floor is what the best pool costs
        np.testing.assert_allclose(one["cost"] - one["best_cost"], one["regret"], rtol=0.05, atol=0.1)
        assert (one["regret"] > 0).all()


def test_other_numbers_compile_nothing_anew(caplog: pytest.LogCaptureFixture) -> None:
    fixed(0)
    other = pool_market(
        pool_set(FEES + 1, 2 * VALUES, intervals=2 * INTERVALS),
        real_like_prices()[::-1].copy(),
        order_value=10.0,
        order_spread=0.5,
        tolerance_bps=9.0,
        horizon=3,
        context_mode="fixed",
    )
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        fixed(3, other)
    assert not [one.message for one in caplog.records if "rollout" in one.message or "begun" in one.message]


def test_runs_of_one_key_meet_the_same_prices_and_orders_whatever_is_done() -> None:
    key = run_keys(0, 0, 1)[0]
    histories = []
    for choose in (np.argmax, lambda available: np.flatnonzero(available)[-1]):
        _, state = RESET(market(), reset_key(key))
        history = []
        for time in range(20):
            history.append((int(state.row), bool(state.order.is_buy), float(state.order.amount)))
            action = jnp.int32(choose(np.asarray(state.context.available)))
            state = STEP(market(), step_key(key, time), state, action).state
        histories.append((history, np.asarray(state.reserves)))
    assert histories[0][0] == histories[1][0]
    assert (histories[0][1] != histories[1][1]).any(), "orders move the pools that they go to"
    starts = {int(RESET(market(), key)[1].row) for key in run_keys(0, 0, 12)}
    assert len(starts) > 8, "runs begin in different rows"


def test_who_takes_the_best_pool_has_regret_zero() -> None:
    world = market()
    key = run_keys(0, 0, 1)[0]
    _, state = RESET(world, reset_key(key))
    for time in range(40):
        offers = np.where(state.context.available, state.offers.below_market, np.inf)
        answer = STEP(world, step_key(key, time), state, jnp.int32(offers.argmin()))
        assert float(answer.info["regret"]) == 0
        assert float(answer.info["cost"]) == float(answer.info["best_cost"])
        state = answer.state


def test_a_run_ends_at_its_horizon_within_the_prices() -> None:
    world = market(horizon=5, context_mode="fixed")
    rows = []
    for seed in range(30):
        key = jax.random.key(seed)
        observation, state = RESET(world, key)
        rows.append(int(state.row))
        assert observation.venues.tolist() == [0]
        assert observation.available.tolist() == [False, True, True, True, True, True]
    assert max(rows) + 5 <= 1_599
    assert max(rows) - min(rows) > 800
    state = state._replace(row=jnp.int32(1_597))
    ends = []
    for time in range(6):
        answer = STEP(world, jax.random.fold_in(key, time), state, jnp.int32(2))
        ends.append(bool(answer.truncated))
        assert not answer.terminated
        state = answer.state
    assert ends == [False] * 4 + [True] * 2
    assert int(state.row) == (1_597 + 6) % 1_600


def test_the_last_start_leaves_room_for_the_horizon_exactly() -> None:
    world = market(horizon=1_598)
    rows = {int(RESET(world, jax.random.key(seed))[1].row) for seed in range(12)}
    assert rows == {0, 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fees_bps": [5.0]}, r"fees_bps.shape = \(1,\): should be \(n,\)"),
        ({"fees_bps": [5.0, 1e4]}, "fees_bps = 10000.0: should be finite numbers"),
        ({"fees_bps": [5.0, -1.0]}, "fees_bps = -1.0"),
        ({"values": [1.0, 2.0, 3.0]}, r"values.shape = \(3,\): should be \(2,\)"),
        ({"values": 0.0}, "values = 0.0"),
        ({"weights": 1.0}, "weights = 1.0"),
        ({"swings": [0.0, 0.5]}, "swings = 0.5: should leave weights above 0 and below 1"),
        ({"swings": -0.1}, "swings = -0.1"),
        ({"swing_rows": 1}, "swing_rows = 1"),
        ({"intervals": 0}, "intervals = 0"),
        ({"intervals": 1.5}, "intervals = 1.5: should be whole numbers"),
    ],
)
def test_pools_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pool_set(**({"fees_bps": [5.0, 30.0], "values": 1e6} | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prices": [1.0]}, r"prices.shape = \(1,\)"),
        ({"prices": [1.0, -1.0]}, "prices = -1.0"),
        ({"prices": [1.0, math.nan]}, "prices = nan"),
        ({"order_value": 0.0}, "order_value = 0.0"),
        ({"order_spread": -1.0}, "order_spread = -1.0"),
        ({"tolerance_bps": 0.0}, "tolerance_bps = 0.0"),
        ({"horizon": 3}, "horizon = 3: should be within 1 .. 2|horizon = 3"),
        ({"num_context": 5}, "num_context = 5"),
        ({"context_mode": "often"}, "context_mode = 'often': should be one of fixed, random"),
    ],
)
def test_markets_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    arguments = {"prices": [1.0, 2.0, 3.0]} | changes
    with pytest.raises(ValueError, match=message):
        pool_market(pools(), arguments.pop("prices"), **arguments)
