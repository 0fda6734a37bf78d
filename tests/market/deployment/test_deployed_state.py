"""A pool that is deployed where a backtest ends goes on as a longer backtest does."""

from typing import Any

import numpy as np
import pytest
from tests.market.deployment.deployed_cases import PARAMS, unchecked

from isotherm.market.backtest import Backtest, simulate
from isotherm.market.deployment.bundle import bundle_of, bundle_of_backtest, state_of
from isotherm.market.deployment.fixed_reading import fixed_pool
from isotherm.market.deployment.state import DeployedState, deployed_state, named_arrays, strategy_state
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.fixed_point import to_units
from isotherm.market.prices.clock import unix_ms
from isotherm.market.prices.synthetic import synthetic_table
from isotherm.market.rules.estimators import AverageState
from isotherm.market.rules.registry import RULES
from isotherm.market.rules.weights import next_block
from isotherm.market.strategy import rule_settings

START, LATE = "2024-01-03 00:00:00", "2024-01-06 00:00:00"
WHOLE, WITHIN = "2024-01-04 00:00:00", "2024-01-04 03:20:00"
"""Ends with a chunk, and within one."""

PERIOD = 360
TABLE = synthetic_table(
    np.exp(np.cumsum(np.random.default_rng(5).normal(0, 1e-3, (6 * 1440, 3)), axis=0)) * [300.0, 20.0, 5.0],
    ["AAA", "BBB", "CCC"],
    "2024-01-01 00:00:00",
)
CASES = [("momentum", WHOLE), ("momentum", WITHIN), ("min_variance", WITHIN)]
SHORT = {"memory_days_1": [0.5, 0.4, 0.6], "memory_days_2": [1.5, 1.2, 1.6]}


def params_of(rule: str) -> dict[str, Any]:
    own = PARAMS[rule] | (SHORT if "memory_days_1" in PARAMS[rule] else {})
    return {"initial_weights_logits": [0.0, 0.2, -0.1], **own}


def fingerprint_of(rule: str, end: str, **changes: Any) -> Fingerprint:
    own = {"max_memory_days": 2.0, "chunk_period": PERIOD, "weight_interpolation_period": 240}
    return Fingerprint(
        tokens=["CCC", "AAA", "BBB"],
        rule=rule,
        startDateString=START,
        endDateString=end,
        **{**own, **changes},
    )


def played(rule: str, end: str, **changes: Any) -> Backtest:
    supply = {"supply": np.array([1.0, 20.0, 50.0])} if RULES[rule].needs_supply else {}
    return simulate(fingerprint_of(rule, end, **changes), params_of(rule), TABLE, **supply)


@pytest.fixture(scope="module")
def longer() -> dict[str, Backtest]:
    return {rule: played(rule, LATE) for rule in dict(CASES)}


@pytest.mark.parametrize(("rule", "end"), CASES)
def test_a_deployed_pool_goes_on_as_a_longer_backtest(rule: str, end: str, longer) -> None:
    short, long = played(rule, end), longer[rule]
    state = deployed_state(short, params_of(rule))
    shown = (len(short.value) - 1) // PERIOD
    assert state.start_s == unix_ms("start", START) // 1000 + shown * PERIOD * 60
    blocks = long.run.blocks
    np.testing.assert_allclose(state.start, blocks.start[shown], rtol=0, atol=1e-13)
    np.testing.assert_allclose(state.step, blocks.step[shown], rtol=0, atol=1e-15)
    np.testing.assert_allclose(state.weights, blocks.start[shown + 1], rtol=0, atol=1e-13)

    bundle = bundle_of_backtest(short, params_of(rule))
    settings = rule_settings(bundle["fingerprint"])
    supply = [1.0, 20.0, 50.0] if RULES[rule].needs_supply else None
    pool, fixed = fixed_pool(bundle)
    going, chunks = state_of(bundle), range(shown + 1, len(long.value) // PERIOD)
    assert len(chunks) >= 7
    for chunk in chunks:
        price = long.prices[chunk * PERIOD]
        block, going = next_block(rule, bundle["raw"], going, price, settings, supply=supply)
        np.testing.assert_allclose(block.start, blocks.start[chunk], rtol=0, atol=1e-12)
        np.testing.assert_allclose(block.target, blocks.target[chunk], rtol=0, atol=1e-12)
        with unchecked():
            units = None if supply is None else tuple(map(to_units, supply))
            move, fixed = pool.updated(fixed, tuple(map(to_units, price.tolist())), units)
        for minute in (0, 1, 239, 240, 359):
            exact = np.array(move.at(minute), float) / 1e18
            np.testing.assert_allclose(exact, long.weights[chunk * PERIOD + minute], rtol=0, atol=1e-12)


def test_states_are_named_and_come_back_to_the_last_bit(longer) -> None:
    names = {
        "momentum": "alt_deviation deviation price running_a",
        "min_variance": "change deviation has_change price running",
    }
    read = {}
    for rule, backtest in longer.items():
        state = deployed_state(backtest, params_of(rule))
        assert sorted(state.arrays) == names[rule].split()
        back = named_arrays(strategy_state(state.arrays, state.weights).rule)
        assert back.keys() == state.arrays.keys()
        for name, array in back.items():
            np.testing.assert_array_equal(array, state.arrays[name])
        read[rule] = bundle_of_backtest(backtest, params_of(rule))["state"]["values"]
    one, three = (read[rule] for rule in names)
    for name, above in (("ewma", "deviation"), ("alt_ewma", "alt_deviation")):
        np.testing.assert_array_equal(np.subtract(one["price"], one[above]), one[name])
    assert not any("ewma" in name for name in three)


def test_two_averages_are_numbered() -> None:
    prices = np.array([10.0, 11.0, 13.0])
    one, two = (
        AverageState(prices, np.array([1.0, 2.0, 3.0])),
        AverageState(prices, np.array([-1.0, 0.5, 0.25])),
    )
    arrays = named_arrays((one, two))
    assert list(arrays) == ["price_1", "deviation_1", "price_2", "deviation_2"]
    for found, expected in zip(strategy_state(arrays, [1.0]).rule, (one, two), strict=True):
        np.testing.assert_array_equal(found, expected)
    state = DeployedState(arrays, *(np.full(3, 1 / 3),) * 2, np.zeros(3), 0)
    values = bundle_of(
        params_of("difference_momentum"), fingerprint_of("difference_momentum", WHOLE), state=state
    )
    assert values["state"]["values"]["ewma_1"] == [9.0, 9.0, 10.0]
    assert values["state"]["values"]["ewma_2"] == [11.0, 10.5, 12.75]


def test_an_index_remembers_nothing_but_its_weights() -> None:
    state = deployed_state(played("index_market_cap", WITHIN), params_of("index_market_cap"))
    assert state.arrays == {}
    assert strategy_state({}, state.weights).rule == ()
    assert state.weights.sum() == pytest.approx(1, abs=1e-14)


def test_memory_is_that_of_the_run_where_prices_begin_late() -> None:
    short = played("momentum", WHOLE, max_memory_days=50.0)
    assert short.memory_days == 1.0
    bundle = bundle_of_backtest(short, params_of("momentum") | {"logit_lamb": [9.0, 9.0, 9.0]})
    assert bundle["guardrails"]["values"]["max_memory_days"] == [1.0]
    np.testing.assert_allclose(bundle["parameters"]["values"]["memory_days"], 1.0)
    assert max(bundle["parameters"]["values"]["lamb"]) < 0.9
    assert bundle["fingerprint"]["max_memory_days"] == 50.0


def test_what_has_no_state_is_refused() -> None:
    params = params_of("momentum")
    good = played("momentum", WHOLE)
    given = simulate(good.settings, params, TABLE, weights=np.full((1440, 3), 1 / 3))
    with pytest.raises(ValueError, match=r"^rule = 'momentum': must be a pool whose weights follow a rule"):
        deployed_state(given, params)
    with pytest.raises(ValueError, match=r"^backtest = '100 minutes': must be long enough for an update"):
        deployed_state(played("momentum", "2024-01-03 01:40:00"), params)
    with (
        unchecked(),
        pytest.raises(TypeError, match=r"^backtest = 3: should be a Backtest, not a int; simulate"),
    ):
        deployed_state(3, params)
    ensemble = fingerprint_of("ensemble__momentum", WHOLE, n_ensemble_members=2)
    start = params.pop("initial_weights_logits")
    members = {key: np.tile(value, (2, 1)) for key, value in params.items()} | {
        "initial_weights_logits": start
    }
    with pytest.raises(ValueError, match=r"^rule = 'ensemble__momentum': averages an ensemble"):
        deployed_state(simulate(ensemble, members, TABLE), members)
    with pytest.raises(ValueError, match=r"^state = \['deviation'\]: is that of no rule"):
        strategy_state({"deviation": [1.0]}, [1.0])
