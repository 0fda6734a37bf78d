"""Pools that hold, index pools, pools of batches; and pools by name."""

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.pools import twin

from isotherm.market.pools.arbitrage import invariant_ratio
from isotherm.market.pools.batch import BatchPool, batch_swap
from isotherm.market.pools.constant import ConstantPool
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.hold import HodlPool, HoldingIndexPool, StreamingIndexPool
from isotherm.market.pools.pool import pool_path
from isotherm.market.pools.registry import TO_COME, WEIGHT_RULES, pool, pool_names, register
from isotherm.market.pools.weighted import WeightedPool

ROWS = 48
WEIGHTS, PRICES = twin.market(ROWS)
PERIODS = {"chunk_period": 12, "weight_interpolation_period": 5}
MOVING = np.arange(ROWS) % 12 < 5
PAIR = PRICES[:, :2] / PRICES[0, :2]


def test_constant_weights_have_a_closed_form() -> None:
    w = WEIGHTS[0]
    found = pool_path(ConstantPool(), w, PRICES)
    value = 1e6 * np.prod((PRICES / PRICES[0]) ** w, axis=1)
    np.testing.assert_allclose(found.value, value, rtol=1e-13)
    np.testing.assert_allclose(found.reserves, w * value[:, None] / PRICES, rtol=1e-13)
    np.testing.assert_allclose(found.value, pool_path(WeightedPool(), w, PRICES).value, rtol=1e-12)


def test_hodl_holds() -> None:
    found = pool_path(HodlPool(), WEIGHTS, PRICES, Costs(fees=0.003))
    np.testing.assert_array_equal(found.reserves, np.broadcast_to(WEIGHTS[0] * 1e6 / PRICES[0], PRICES.shape))
    np.testing.assert_allclose(found.value, (found.reserves * PRICES).sum(1), rtol=1e-15)


@pytest.mark.parametrize(
    "costs", [Costs(), Costs(fees=0.003), Costs(arb_frequency=2)], ids=["free", "fee", "second"]
)
def test_an_index_pool_trades_while_its_weights_move(costs: Costs) -> None:
    """As the pool that is arbitraged where weights move and nowhere else."""
    index = HoldingIndexPool(**PERIODS)
    found = pool_path(index, WEIGHTS, PRICES, costs)
    every = costs.arb_frequency
    reserves = twin.path(WEIGHTS, PRICES, fees=costs.fees, every=every, does=MOVING[::every], varies=False)[0]
    np.testing.assert_allclose(found.reserves, reserves, rtol=1e-12)
    assert (found.reserves[4] == found.reserves[11]).all()
    assert (found.reserves[11] != found.reserves[12]).any()


@pytest.mark.parametrize("costs", [Costs(), Costs(fees=0.003)], ids=["free", "fee"])
@pytest.mark.parametrize("cut", [3, 8])
def test_an_index_pool_may_be_cut_anywhere(costs: Costs, cut: int) -> None:
    index = HoldingIndexPool(**PERIODS)
    together = pool_path(index, WEIGHTS, PRICES, costs)
    one = pool_path(index, WEIGHTS[:cut], PRICES[:cut], costs)
    two = pool_path(index, WEIGHTS[cut:], PRICES[cut:], costs, state=one.state)
    np.testing.assert_array_equal(np.concatenate([one.reserves, two.reserves]), together.reserves)


def test_an_index_fund_pays_the_market_and_streams_its_fee() -> None:
    spread, fee, annual = np.array([1e-4, 2e-4, 3e-4]), 0.001, 0.04
    fund = StreamingIndexPool(**PERIODS, spread=spread, annual_streaming_fee=annual)
    found = pool_path(fund, WEIGHTS, PRICES, Costs(fees=fee))
    kept = (1 - annual) ** (1 / (5 * 525960 / 12))
    R, before = WEIGHTS[0] * 1e6 / PRICES[0], WEIGHTS[0]
    for t in range(ROWS):
        if MOVING[t]:
            for w in (before, WEIGHTS[t]):
                V = (R * PRICES[t]).sum()
                change = w * V / PRICES[t] - R
                V -= (
                    fee * (np.maximum(-change, 0) * PRICES[t]).sum()
                    + (spread * abs(change) * PRICES[t]).sum() / 2
                )
                R = w * V / PRICES[t]
            R = R * kept
        before = WEIGHTS[t]
        np.testing.assert_allclose(found.reserves[t], R, rtol=1e-12)


def test_a_year_of_streaming_takes_the_annual_fee() -> None:
    fund = StreamingIndexPool(chunk_period=43830, weight_interpolation_period=12, spread=np.zeros(2))
    flat = np.ones((525_960, 2))
    assert float(pool_path(fund, [0.5, 0.5], flat).value[-1]) == pytest.approx(0.96e6, rel=1e-9)


def batch_twin(
    w0: float, prices: np.ndarray, quality: float, fee: float, tau: float = 0.0, gas: float = 0.0
) -> np.ndarray:
    """Reserves of one kind of competition, row by row."""
    w, gamma = np.array([w0, 1 - w0]), 1 - fee
    R, out = w * 1e6 / prices[0], []
    for p in prices:
        x = p[0] / p[1]
        if quality:
            quoted = R[1] / R[0] * w0 / (1 - w0)
            low, high = x * gamma * (1 - tau), x / (gamma * (1 - tau))
            if quoted <= low or quoted >= high:
                z = high if quoted >= high else low
                v = 2 * R * np.array([1 - w0, w0])
                after = np.array([v[0] / 2 + v[1] / 2 / z, v[0] * z / 2 + v[1] / 2]) - v + R
                change = after - R + np.maximum(after - R, 0) * (1 - gamma) / gamma
                R = R + change
        else:
            scale = w0 * (1 - w0) * R[0] * R[1]
            s = np.array([np.sqrt(scale / (gamma * x)), np.sqrt(scale * x / gamma)])
            shares = np.array([(1 - w0) * R[0], w0 * R[1]])
            both = [s - shares / [1, gamma], s - shares / [gamma, 1]]
            change = min(both, key=lambda c: -(c * p).sum())
            if -(change * p).sum() - gas >= tau / 2 * (abs(change) * p).sum():
                R = R + change
        out.append(R)
    return np.array(out)


def batch(costs: Costs, weights: Any = (0.3, 0.7), prices: np.ndarray = PAIR, **more: Any) -> Any:
    return pool_path(BatchPool(), list(weights), prices, costs, with_trades=True, **more)


@pytest.mark.parametrize(
    ("fee", "tau", "gas"), [(0.003, 0.0, 0.0), (0.001, 0.002, 0.0), (0.0, 0.0, 0.0), (0.001, 2e-4, 3.0)]
)
def test_batches_are_as_their_equations_say(fee: float, tau: float, gas: float) -> None:
    told = {"fees": fee, "arb_fees": tau, "gas_cost": gas}
    single = batch_twin(0.3, PAIR, 0.0, fee, tau, gas)
    np.testing.assert_allclose(batch(Costs(**told, arb_quality=0.0)).reserves, single, rtol=1e-12)
    if not gas:
        perfect = batch_twin(0.3, PAIR, 1.0, fee, tau)
        np.testing.assert_allclose(batch(Costs(**told)).reserves, perfect, rtol=1e-12)
        np.testing.assert_allclose(
            batch(Costs(**told, arb_quality=0.25)).reserves, 0.25 * perfect + 0.75 * single, rtol=1e-12
        )


def test_without_a_fee_equal_weights_have_a_closed_form() -> None:
    found = batch(Costs(), (0.5, 0.5)).reserves
    x = PAIR[:, 0] / PAIR[:, 1]
    multipliers = np.stack([(1 + x[:-1] / x[1:]) / 2, (1 + x[1:] / x[:-1]) / 2], axis=1)
    np.testing.assert_allclose(found[1:], found[0] * np.cumprod(multipliers, axis=0), rtol=1e-12)


@given(
    gas=st.floats(1e-3, 2000),
    fee=st.sampled_from([0.0, 0.003]),
    tau=st.sampled_from([0.0, 0.002]),
    seed=st.integers(0, 9),
)
def test_competition_leaves_arbitrageurs_their_gas(gas: float, fee: float, tau: float, seed: int) -> None:
    """D33: nobody trades for less than gas costs, and who does is left with just that."""
    prices = np.exp(np.random.default_rng(seed).normal(size=(2, 2)) * 0.05)
    told = {"fees": fee, "arb_fees": tau}
    found, free = batch(Costs(**told, gas_cost=gas), prices=prices), batch(Costs(**told), prices=prices)
    change, most = found.trades[1], free.trades[1]
    buys = np.where(change > 0, change, change * (1 - tau))  # outside, what is sold brings less
    profit = -(buys * prices[1]).sum()
    if (change != 0).any():
        assert profit == pytest.approx(gas, rel=1e-6, abs=1e-6)
        assert (np.abs(change) <= np.abs(most) * (1 + 1e-9)).all()
    else:
        a, b = 0.7 * found.reserves[0, 0], 0.3 * found.reserves[0, 1]
        z = np.geomspace(b / a / 1.5, b / a * 1.5, 20001)[:, None]
        net = np.concatenate([b / z - a, a * z - b], axis=1)
        paid = np.where(net > 0, net / (1 - fee), net * (1 - tau))
        assert (-(paid * prices[1]).sum(1)).max() <= gas * (1 + 1e-9)


def test_gas_beyond_all_profit_stops_batches() -> None:
    found = batch(Costs(fees=0.001, gas_cost=1e6))
    np.testing.assert_array_equal(found.reserves, np.broadcast_to(found.reserves[0], PAIR.shape))


BATCHES = {
    "numbers": Costs(
        fees=0.003, gas_cost=0.1, arb_quality=0.4, noise_trader_ratio=0.5, protocol_fee_split=0.2
    ),
    "series": Costs(
        fees=np.full(ROWS, 0.003), arb_quality=0.4, supply=np.linspace(1, 2, ROWS), do_arb=np.arange(ROWS) % 2
    ),
    "swaps": Costs(fees=0.003, trades=np.tile([1, 0, 5.0], (ROWS, 1)), do_arb=np.zeros(ROWS)),
}


@functools.cache
def whole(name: str) -> Any:
    return batch(BATCHES[name])


@pytest.mark.parametrize("name", BATCHES)
def test_batches_may_be_cut_anywhere(name: str) -> None:
    costs, half = BATCHES[name], ROWS // 2
    parts = [
        Costs(
            **{
                f: (v[rows] if np.ndim(v) else v)
                for f in Costs.__dataclass_fields__
                for v in [getattr(costs, f)]
            }
        )
        for rows in (slice(None, half), slice(half, None))
    ]
    one = batch(parts[0], prices=PAIR[:half])
    two = batch(parts[1], prices=PAIR[half:], state=one.state)
    np.testing.assert_array_equal(np.concatenate([one.reserves, two.reserves]), whole(name).reserves)
    assert (whole(name).reserves > 0).all()


def test_series_mix_the_two_kinds_row_by_row() -> None:
    found, w = whole("series"), np.array([0.3, 0.7])
    R = w * 1e6 / PAIR[0]
    for t in range(1, 4):
        R = R * (1 + t / (ROWS - 1)) / (1 + (t - 1) / (ROWS - 1))
        if t % 2:
            one, other = (batch_step(R, PAIR[t], quality) for quality in (1.0, 0.0))
            R = R + 0.4 * one + 0.6 * other
        np.testing.assert_allclose(found.reserves[t], R, rtol=1e-12)


def batch_step(R: np.ndarray, p: np.ndarray, quality: float) -> np.ndarray:
    """One row's change, through a pool whose first row is in balance with these reserves."""
    p0 = np.array([0.3, 0.7]) / R
    scaled = p0 * 1e6 / (p0 * R).sum()
    after = batch_twin_from(R, p, quality)
    assert scaled.shape == (2,)
    return after - R


def batch_twin_from(
    R: np.ndarray, p: np.ndarray, quality: float, fee: float = 0.003, w0: float = 0.3
) -> np.ndarray:
    w, gamma, x = np.array([w0, 1 - w0]), 1 - fee, p[0] / p[1]
    if quality:
        quoted = R[1] / R[0] * w0 / (1 - w0)
        low, high = x * gamma, x / gamma
        if low < quoted < high:
            return R
        z = high if quoted >= high else low
        net = np.array([w0 * R[1] / z - (1 - w0) * R[0], (1 - w0) * R[0] * z - w0 * R[1]])
        return R + np.where(net > 0, net / gamma, net)
    scale = w[0] * w[1] * R[0] * R[1]
    s = np.array([np.sqrt(scale / (gamma * x)), np.sqrt(scale * x / gamma)])
    both = [s - np.array([w[1] * R[0], w[0] * R[1]]) / g for g in ([1, gamma], [gamma, 1])]
    change = min(both, key=lambda c: -(c * p).sum())
    return R + change if -(change * p).sum() >= 0 else R


def test_swaps_follow_their_formula() -> None:
    found = whole("swaps")
    change = batch_swap(found.reserves[3], [0.3, 0.7], 1, 0, 5.0, 0.997)
    np.testing.assert_allclose(found.reserves[4] - found.reserves[3], change, rtol=1e-9)
    assert invariant_ratio([0.3, 0.7], found.reserves[3], change, 1.0) > 1
    for arguments, line in (
        (([1.0], [1.0], 0, 1, 1.0), r"reserves\.shape"),
        (([1.0, 1.0], [0.5, 0.5], 0, 0, 1.0), "token_out = 0"),
        (([1.0, 1.0], [0.5, 0.5], 0, 2, 1.0), "token_out = 2"),
        (([1.0, 1.0], [0.5, 0.5], 0, 1, -1.0), "amount_in = -1.0"),
        (([1.0, 1.0], [0.5, 0.5], 0, 1, 1.0, 2.0), "gamma = 2.0"),
    ):
        with pytest.raises(ValueError, match=line):
            batch_swap(*arguments)


def test_batches_take_two_tokens() -> None:
    with pytest.raises(ValueError, match=r"prices\.shape = \(48, 3\): must be \(rows, 2\)"):
        pool_path(BatchPool(), WEIGHTS[0], PRICES)


def test_every_name_finds_its_pool() -> None:
    settings = {
        "hodling_index_market_cap": PERIODS,
        "trad_hodling_index_market_cap": PERIODS | {"spread": [0.0] * 3},
    }
    for name in pool_names():
        found = pool(name, **settings.get(name, {}))
        assert found.is_trainable == (name in WEIGHT_RULES or "index" in name)


@pytest.mark.parametrize("name", TO_COME)
def test_pools_to_come_are_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"name = '{name}': is a pool that is not there yet"):
        pool(name)


@pytest.mark.parametrize(
    ("name", "settings", "line"),
    [
        ("balancr", {}, "did you mean 'balancer'"),
        ("", {}, "name = ''"),
        ("balancer", {"fee": 1}, "settings = "),
        ("hodling_index_market_cap", {}, "do not fit"),
        (
            "hodling_index_market_cap",
            {"chunk_period": 5, "weight_interpolation_period": 6},
            "weight_interpolation_period = 6",
        ),
        (
            "hodling_index_market_cap",
            {"chunk_period": 0, "weight_interpolation_period": 1},
            "chunk_period = 0",
        ),
        ("trad_hodling_index_market_cap", PERIODS | {"spread": [-1.0]}, "spread = -1.0"),
        (
            "trad_hodling_index_market_cap",
            PERIODS | {"spread": [0.0], "annual_streaming_fee": 1.0},
            "annual_streaming_fee = 1",
        ),
    ],
)
def test_names_and_settings_that_fit_nothing_are_refused(
    name: str, settings: dict[str, Any], line: str
) -> None:
    with pytest.raises(ValueError, match=line):
        pool(name, **settings)


def test_names_are_taken_once() -> None:
    with pytest.raises(ValueError, match="name = 'gyroscope'"):
        register("gyroscope", ConstantPool)
    with pytest.raises(TypeError, match="maker"):
        register("new", 3)
    with pytest.raises(TypeError, match="name = 3"):
        pool(3)
