"""Pools with fees equal the slow twin under every cost, and are what they must be, in few shapes."""

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.pools import twin

from isotherm.market.pools.constant import ConstantPool
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.pool import PoolPath, pool_path
from isotherm.market.pools.weighted import WeightedPool

ROWS, EVERY = 56, 7
TURNS = ROWS // EVERY
WEIGHTS, PRICES = twin.market(ROWS)
RNG = np.random.default_rng(1)
SWAPS = np.stack(
    [RNG.integers(0, 2, ROWS), np.full(ROWS, 2), RNG.uniform(0, 0.1, ROWS) * RNG.integers(0, 2, ROWS)], 1
)

NUMBERS = {
    "fee": {"fees": 0.003},
    "gas": {"fees": 0.001, "gas_cost": 2.0, "arb_fees": 2e-4},
    "noise": {"fees": 0.003, "noise_trader_ratio": 1.5},
    "protocol": {"fees": 0.003, "protocol_fee_split": 0.25},
    "both": {"fees": 0.003, "protocol_fee_split": 0.25, "noise_trader_ratio": 1.5},
    "gas without a fee": {"gas_cost": 2.0},
    "arbitrage fees without a fee": {"arb_fees": 1e-3},
}
SERIES = {
    "fees": np.full(ROWS, 0.003), "gas_cost": np.zeros(ROWS), "arb_fees": np.zeros(ROWS), "do_arb": np.ones(ROWS),
    "supply": np.ones(ROWS), "trades": SWAPS * [1, 1, 0],
}  # fmt: skip
VARYING = {
    "nothing": {},
    "fees": {"fees": np.linspace(0.001, 0.004, ROWS)},
    "protocol": {"protocol_fee_split": 0.5, "noise_trader_ratio": 1.0},
    "gas": {"gas_cost": np.linspace(0, 5, ROWS), "arb_fees": np.linspace(0, 1e-3, ROWS)},
    "sometimes": {"do_arb": RNG.integers(0, 2, ROWS)},
    "supply": {"supply": np.linspace(1, 2, ROWS)},
    "swaps": {"trades": SWAPS, "protocol_fee_split": 0.3, "noise_trader_ratio": 0.5},
    "swaps alone": {"trades": SWAPS, "do_arb": np.zeros(ROWS)},
}
SEVENTH: dict[str, Any] = {
    "fees": np.linspace(0.0, 0.004, TURNS), "gas_cost": 0.1, "arb_fees": 1e-5, "protocol_fee_split": 0.2,
    "noise_trader_ratio": 0.7, "arb_frequency": EVERY, "do_arb": np.arange(TURNS) % 3 > 0,
    "supply": np.linspace(2, 1, TURNS), "trades": SWAPS[:TURNS], "signatures": "all",
}  # fmt: skip
ALL = {
    **NUMBERS,
    **{f"{name}, by series": SERIES | more for name, more in VARYING.items()},
    "all of it, every seventh": SEVENTH,
}

Told = dict[str, Any]


def run(told: Told, rows: slice = slice(None), prices: np.ndarray = PRICES, **more: Any) -> PoolPath:
    return pool_path(WeightedPool(), WEIGHTS[rows], prices[rows], Costs(**told), with_trades=True, **more)


def of_twin(told: Told, weights: np.ndarray = WEIGHTS, **more: Any) -> tuple[np.ndarray, ...]:
    names = {
        "gas_cost": "gas", "protocol_fee_split": "split", "noise_trader_ratio": "noise", "arb_frequency": "every",
        "do_arb": "does", "signatures": "kind",
    }  # fmt: skip
    return twin.path(weights, PRICES, **{names.get(key, key): value for key, value in told.items()}, **more)


@functools.cache
def whole(name: str) -> PoolPath:
    return run(ALL[name])


@pytest.mark.parametrize("name", ALL)
def test_every_cost_is_as_the_slow_twin_has_it(name: str) -> None:
    found, (reserves, revenue, traded) = whole(name), of_twin(ALL[name])
    assert (np.diff(reserves, axis=0) != 0).any()
    np.testing.assert_allclose(found.reserves, reserves, rtol=1e-12)
    np.testing.assert_allclose(found.value, (reserves * PRICES).sum(1), rtol=1e-12)
    np.testing.assert_allclose(found.fee_revenue, revenue, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.trades, traded, rtol=1e-9, atol=1e-10)
    assert (found.reserves > 0).all()


def part_of(told: Told, turns: slice) -> Told:
    return {key: value[turns] if np.ndim(value) else value for key, value in told.items()}


@pytest.mark.parametrize(
    ("name", "cut"), [*((name, ROWS // 2) for name in ALL), ("all of it, every seventh", 23)]
)
def test_a_run_cut_in_two_equals_the_whole_to_the_last_bit(name: str, cut: int) -> None:
    told = ALL[name]
    turns = -(-cut // told.get("arb_frequency", 1))
    one = run(part_of(told, slice(None, turns)), slice(None, cut))
    two = run(part_of(told, slice(turns, None)), slice(cut, None), state=one.state)
    for field in ("reserves", "value", "fee_revenue", "trades"):
        both = np.concatenate([getattr(one, field), getattr(two, field)])
        np.testing.assert_array_equal(both, getattr(whole(name), field))
    assert two.state.row == ROWS


def test_nothing_moves_at_the_first_row_which_is_in_balance() -> None:
    np.testing.assert_array_equal(whole("fee").reserves[0], WEIGHTS[0] * 1e6 / PRICES[0])
    assert (whole("fee").trades[0] == 0).all()


def test_values_of_costs_compile_once() -> None:
    from isotherm.market.pools.pool import _run

    whole("fee")
    before = _run._cache_size()
    for fee in (0.0041, 0.0042, 0.0043):
        run({"fees": fee, "gas_cost": fee, "noise_trader_ratio": fee, "protocol_fee_split": fee}, value=1e3)
    assert _run._cache_size() == before


@given(at=st.integers(1, ROWS - 1), token=st.integers(0, 2))
def test_reserves_know_no_later_price(at: int, token: int) -> None:
    prices = PRICES.copy()
    prices[at, token] *= 1.5
    found = run(ALL["fee"], prices=prices).reserves
    np.testing.assert_array_equal(found[:at], whole("fee").reserves[:at])
    assert (found[at] != whole("fee").reserves[at]).any()


@given(order=st.permutations(range(3)))
def test_tokens_may_stand_in_any_order(order: list[int]) -> None:
    found = pool_path(
        WeightedPool(), WEIGHTS[:, order], PRICES[:, order], Costs(**ALL["fee"]), with_trades=True
    )
    np.testing.assert_allclose(found.reserves, whole("fee").reserves[:, order], rtol=1e-9)
    np.testing.assert_allclose(found.value, whole("fee").value, rtol=1e-12)


@given(unit=st.floats(1e-3, 1e3))
def test_trades_do_not_depend_on_the_numeraire(unit: float) -> None:
    found = run(ALL["fee"], prices=PRICES * unit, value=1e6 * unit)
    np.testing.assert_allclose(found.reserves, whole("fee").reserves, rtol=1e-9)


def test_a_higher_fee_lets_less_be_traded() -> None:
    volume = [(np.abs(run({"fees": fee}).trades) * PRICES).sum() for fee in (0.001, 0.01, 0.1)]
    assert volume[0] > volume[1] > volume[2]


def test_gas_that_no_trade_pays_stops_trading() -> None:
    found = run({"fees": 0.001, "gas_cost": 1e5})
    np.testing.assert_array_equal(found.reserves, np.broadcast_to(found.reserves[0], PRICES.shape))


def test_without_arbitrage_reserves_stay() -> None:
    """Of the reference's defects, D20."""
    for told in ({"do_arb": False}, {"do_arb": False, "fees": 0.003}, SERIES | {"do_arb": np.zeros(ROWS)}):
        found = run(told)
        start = np.broadcast_to(WEIGHTS[0] * 1e6 / PRICES[0], PRICES.shape)
        np.testing.assert_array_equal(found.reserves, start)
        np.testing.assert_allclose(found.value, (start * PRICES).sum(1), rtol=1e-15)
        assert (found.trades == 0).all()


@pytest.mark.parametrize("every", [6, 57])
def test_series_have_an_entry_for_each_arbitrage_rounded_up(every: int) -> None:
    """D23: rows that ``arb_frequency`` does not divide."""
    turns = -(-ROWS // every)
    found = run({"fees": np.full(turns, 0.003), "arb_frequency": every})
    reserves = of_twin({"fees": 0.003, "arb_frequency": every})[0]
    np.testing.assert_allclose(found.reserves, reserves, rtol=1e-12)
    with pytest.raises(ValueError, match=rf"len\(fees\) = {turns + 1}: must be 1, or {turns}"):
        run({"fees": np.full(turns + 1, 0.003), "arb_frequency": every})


def test_supply_scales_reserves() -> None:
    """D24: supply can be told; twice the shares are twice the reserves, and the state knows them."""
    flat = np.broadcast_to(PRICES[:1], PRICES.shape)
    found = pool_path(
        WeightedPool(),
        WEIGHTS[0],
        flat,
        Costs(**SERIES | {"supply": np.linspace(1, 2, ROWS)}),
        with_trades=True,
    )
    np.testing.assert_allclose(found.reserves[-1], 2 * found.reserves[0], rtol=1e-13)
    assert float(found.state.supply) == 2.0


@pytest.mark.parametrize("name", ["fee", "both", "swaps, by series"])
def test_constant_weights_are_arbitraged_once_a_row(name: str) -> None:
    found = pool_path(ConstantPool(), WEIGHTS[0], PRICES, Costs(**ALL[name]), with_trades=True)
    reserves, revenue, _ = of_twin(ALL[name], WEIGHTS[0], moves=False)
    np.testing.assert_allclose(found.reserves, reserves, rtol=1e-12)
    np.testing.assert_allclose(found.fee_revenue, revenue, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({"fees": 1.0}, "fees = 1.0: "),
        ({"fees": -0.1}, "fees = -0.1: "),
        ({"fees": [[0.1]]}, r"fees\.shape = \(1, 1\)"),
        ({"gas_cost": -1.0}, "gas_cost = -1.0"),
        ({"gas_cost": np.nan}, "gas_cost = nan"),
        ({"arb_fees": 1.0}, "arb_fees = 1.0"),
        ({"protocol_fee_split": 1.1}, "protocol_fee_split = 1.1"),
        ({"noise_trader_ratio": -1.0}, "noise_trader_ratio = -1.0"),
        ({"arb_frequency": 0}, "arb_frequency = 0"),
        ({"arb_quality": 2.0}, "arb_quality = 2.0"),
        ({"supply": [0.0]}, "supply = 0.0"),
        ({"signatures": "triples"}, "signatures = 'triples'"),
        ({"trades": [[0, 1]]}, r"trades\.shape = \(1, 2\)"),
        ({"trades": [[0.5, 1, 1.0]]}, "trades = 0.5"),
        ({"trades": [[1, 1, 1.0]]}, r"trades = \[1\.0, 1\.0, 1\.0\]: must have another"),
        ({"trades": [[0, 1, -1.0]]}, "trades = -1.0"),
    ],
)
def test_costs_out_of_range_are_refused(told: Told, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        Costs(**told)


@pytest.mark.parametrize("told", [{"do_arb": 2}, {"do_arb": [0, 2]}, {"do_arb": "yes"}, {"fees": "much"}])
def test_costs_of_another_kind_are_refused(told: Told) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(told))):
        Costs(**told)


@pytest.mark.parametrize(
    ("weights", "prices", "told", "line"),
    [
        (WEIGHTS[:5], PRICES, {}, r"weights\.shape = \(5, 3\)"),
        (WEIGHTS * 1.1, PRICES, {}, "weights = 1.1"),
        (WEIGHTS, PRICES[:, :1], {}, r"prices\.shape = \(56, 1\)"),
        (WEIGHTS, PRICES * -1, {}, "prices = -"),
        (WEIGHTS, np.where(PRICES > 100, PRICES, np.nan), {}, "prices = nan"),
        (WEIGHTS, PRICES, {"supply": [1.0, 2.0]}, r"len\(supply\) = 2"),
        (WEIGHTS, PRICES, {"trades": [[0, 1, 1.0]]}, r"len\(trades\) = 1"),
        (
            WEIGHTS,
            PRICES,
            {"trades": [[0, 3, 1.0]] * ROWS},
            "trades = 3.0: must name tokens by index, 0 to 2",
        ),
    ],
)
def test_paths_out_of_range_are_refused(weights: Any, prices: Any, told: Told, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        pool_path(WeightedPool(), weights, prices, Costs(**told))


def test_other_kinds_are_refused() -> None:
    for pool, more in (
        ("balancer", {}),
        (WeightedPool, {}),
        (WeightedPool(), {"state": 1}),
        (WeightedPool(), {"costs": 0.1}),
    ):
        with pytest.raises(TypeError):
            pool_path(pool, WEIGHTS, PRICES, **more)
    with pytest.raises(ValueError, match="value = 0"):
        pool_path(WeightedPool(), WEIGHTS, PRICES, value=0)
    state = pool_path(ConstantPool(), [0.5, 0.5], PRICES[:2, :2]).state
    with pytest.raises(ValueError, match=r"state\.reserves\.shape = \(2,\): must be \(3,\)"):
        pool_path(WeightedPool(), WEIGHTS, PRICES, state=state)
