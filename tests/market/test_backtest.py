"""Backtests: a strategy through time, against its parts put together by hand."""

import numpy as np
import pytest

from isotherm.market.backtest import Backtest, simulate
from isotherm.market.hooks.bounds import raw_bounds
from isotherm.market.hooks.rebalancing import RebalancedPool
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.parameters.pool_start import init_pool_parameters
from isotherm.market.parameters.start import initial_values
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.pool import pool_path
from isotherm.market.pools.registry import pool
from isotherm.market.prices.synthetic import synthetic_table
from isotherm.market.prices.table import PriceTable
from isotherm.market.rules.settings import RuleSettings
from isotherm.market.rules.weights import calculate_weights
from isotherm.market.strategy import strategy_of, unread_settings

DAY = 1440
START, END, TEST_END = "2024-01-04 00:00:00", "2024-01-07 00:00:00", "2024-01-09 00:00:00"
PARAMS = {
    "log_k": np.array([3.0, 4.0]),
    "logit_lamb": np.array([0.2, 0.5]),
    "initial_weights_logits": np.array([0.0, 0.4]),
}
SHARED = ("initial_weights_logits",)
WEIGHTS = np.exp([0.0, 0.4]) / np.exp([0.0, 0.4]).sum()


def minutes(days: int = 10) -> np.ndarray:
    steps = np.random.default_rng(5).normal(0, 4e-4, (days * DAY, 3))
    return np.array([100.0, 3.0, 7.0]) * np.exp(np.cumsum(steps, axis=0))


PRICES = minutes()


def table(prices: np.ndarray = PRICES) -> PriceTable:
    return synthetic_table(prices, ["AAA", "BBB", "CCC"], "2024-01-01 00:00:00")


def fingerprint(**settings: object) -> Fingerprint:
    known = {
        "tokens": ["BBB", "AAA"], "rule": "momentum", "chunk_period": 360, "weight_interpolation_period": 180,
        "max_memory_days": 3, "startDateString": START, "endDateString": END, "endTestDateString": TEST_END,
        "fees": 0.002,
    }  # fmt: skip
    return Fingerprint(**(known | settings))


def played(prices: np.ndarray = PRICES, with_test: bool = False, **settings: object) -> Backtest:
    return simulate(fingerprint(**settings), PARAMS, table(prices), with_test=with_test)


def test_it_is_weights_of_the_rule_in_a_pool_on_the_window() -> None:
    found = played()
    days = 3 * DAY
    settings = RuleSettings(chunk_period=360, weight_interpolation_period=180, max_memory_days=3.0)
    weights = calculate_weights("momentum", PARAMS, PRICES[:, :2], days, days + 1, settings)
    path = pool_path(
        pool("momentum"), weights, PRICES[days : 2 * days, :2], Costs(fees=0.002), with_trades=True
    )
    assert found.tokens == ("AAA", "BBB")
    np.testing.assert_array_equal(found.prices, PRICES[days : 2 * days, :2])
    np.testing.assert_allclose(found.weights, weights, rtol=1e-12)
    np.testing.assert_allclose(found.value, path.value, rtol=1e-10)
    np.testing.assert_allclose(found.reserves, path.reserves, rtol=1e-10)
    np.testing.assert_allclose(found.fee_revenue, path.fee_revenue, atol=1e-6)
    assert found.value[0] == pytest.approx(1e6, rel=1e-9)
    assert found.periods == (("train", 0, days),)
    assert found.unix[[0, -1]].tolist() == [1704326400000, 1704326400000 + 60_000 * (days - 1)]


def test_benchmarks_are_held() -> None:
    found = played()
    first = found.reserves[0]
    assert found.hodl[-1] == pytest.approx(float(first @ found.prices[-1]))
    halves = 5e5 / found.prices[0]
    assert found.uniform_hodl[-1] == pytest.approx(float(halves @ found.prices[-1]))
    worst = min(found.value[i] / found.value[: i + 1].max() - 1 for i in range(0, len(found.value), 7))
    assert found.draw_down.min() <= worst < 0
    assert found.draw_down[0] == 0


def test_a_test_window_goes_on_from_training_and_changes_nothing_of_it() -> None:
    alone, both = played(), played(with_test=True)
    rows = len(alone.value)
    assert both.periods == (("train", 0, rows), ("test", rows, rows + 2 * DAY))
    np.testing.assert_array_equal(both.value[:rows], alone.value)
    np.testing.assert_array_equal(both.weights[:rows], alone.weights)
    told = both.metrics()
    assert told["train"]["return"] == pytest.approx(alone.metrics()["train"]["return"], rel=1e-12)
    assert told["test"]["return"] == pytest.approx(both.value[-1] / both.value[rows] - 1, rel=1e-12)
    after = both.reserves[rows] @ both.prices[-1]
    assert told["test"]["returns_over_hodl"] == pytest.approx(both.value[-1] / after - 1, rel=1e-9)


@pytest.mark.parametrize("rule", ["momentum", "balancer", "hodl", "lvr__momentum", "bounded__momentum"])
def test_a_later_price_changes_nothing_before_it(rule: str) -> None:
    """Weights to the minute itself, reserves and values before it."""
    minute = 3 * DAY + 720
    other = PRICES.copy()
    other[minute:] *= [1.3, 0.9, 1.0]
    own = dict(PARAMS)
    if rule.startswith("bounded"):
        own |= {"raw_min_budget": [0.0], "raw_min_logits": [0.0, 0.0], "raw_gap_logits": [0.0, 0.0]}
    run = fingerprint(rule=rule)
    before, after = (simulate(run, own, table(prices)) for prices in (PRICES, other))
    at = minute - 3 * DAY
    if rule != "hodl":  # whose weights are shares of value
        np.testing.assert_array_equal(before.weights[: at + 1], after.weights[: at + 1])
    np.testing.assert_array_equal(before.reserves[:at], after.reserves[:at])
    np.testing.assert_array_equal(before.value[:at], after.value[:at])
    assert (before.value[at:] != after.value[at:]).all()


def test_pools_beside_a_rule() -> None:
    held, constant = played(rule="hodl"), played(rule="balancer", fees=0.0)
    np.testing.assert_allclose(held.reserves, np.broadcast_to(held.reserves[0], held.reserves.shape))
    np.testing.assert_allclose(held.value, held.hodl, rtol=1e-12)
    np.testing.assert_allclose(held.weights[0], WEIGHTS, rtol=1e-12)
    assert not np.allclose(held.weights[-1], WEIGHTS, rtol=1e-6)
    growth = np.prod((constant.prices[-1] / constant.prices[0]) ** WEIGHTS)
    assert constant.value[-1] == pytest.approx(1e6 * growth, rel=1e-10)


def test_an_ensemble_of_equals_is_its_member() -> None:
    members = {key: np.stack([value] * 2) for key, value in PARAMS.items() if key != "initial_weights_logits"}
    own = members | {"initial_weights_logits": PARAMS["initial_weights_logits"]}
    found = simulate(fingerprint(rule="ensemble__momentum", n_ensemble_members=2), own, table())
    np.testing.assert_allclose(found.value, played().value, rtol=1e-12)
    sets = {key: np.stack([value, 2 * value]) for key, value in own.items()}
    first = simulate(
        fingerprint(rule="ensemble__momentum", n_ensemble_members=2), sets, table(), parameter_set=0
    )
    np.testing.assert_array_equal(first.value, found.value)


@pytest.mark.parametrize("rule", ["triple_threat_mean_reversion_channel", "bounded__momentum"])
def test_an_ensemble_keeps_the_axes_of_its_rule(rule: str) -> None:
    """Members come before them, sets before members: equal members play as one alone."""
    *hooks, last = rule.split("__")
    alone, run = (
        fingerprint(rule=rule),
        fingerprint(rule="__".join([*hooks, "ensemble", last]), n_ensemble_members=2),
    )
    own = first_parameters(alone)
    members = {
        key: value if key in SHARED else np.repeat(value[:, None], 2, axis=1) for key, value in own.items()
    }
    np.testing.assert_allclose(
        simulate(run, members, table()).value, simulate(alone, own, table()).value, rtol=1e-12
    )


def first_parameters(run: Fingerprint) -> dict[str, np.ndarray]:
    settings = run.with_defaults()
    found = init_pool_parameters(settings["rule"], initial_values(settings), settings, 2)
    return {key: value for key, value in found.items() if key != "subsidary_params"}


def test_learned_bounds_are_double() -> None:
    own = PARAMS | raw_bounds([0.1, 0.2], [0.7, 0.9])
    bounds = strategy_of(fingerprint(rule="bounded__momentum").with_defaults()).bounds(own)
    assert bounds is not None
    np.testing.assert_allclose(np.concatenate([bounds.low, bounds.high]), [0.1, 0.2, 0.7, 0.9], rtol=2e-7)
    assert np.asarray(bounds.low).dtype == np.float64


def test_one_of_several_sets_and_costs_in_time() -> None:
    sets = {key: np.stack([0.5 * value, value]) for key, value in PARAMS.items()}
    second = simulate(fingerprint(), sets, table(), parameter_set=1)
    np.testing.assert_array_equal(second.value, played().value)
    dear = simulate(fingerprint(), PARAMS, table(), fees=np.full(3 * DAY, 0.002))
    np.testing.assert_allclose(dear.value, played().value, rtol=1e-9)


def test_d24_shares_of_the_pool_are_told_to_the_public_runner() -> None:
    """And are not the supply of tokens by which an index weighs."""
    shares = np.repeat([1.0, 3.0], [DAY, 2 * DAY])
    found, alone = simulate(fingerprint(), PARAMS, table(), lp_supply=shares), played()
    np.testing.assert_allclose(found.value[:DAY], alone.value[:DAY], rtol=1e-9)
    np.testing.assert_allclose(found.value[DAY:], 3 * alone.value[DAY:], rtol=1e-9)
    with pytest.raises(ValueError, match=r"len\(supply\) = 5"):
        simulate(fingerprint(), PARAMS, table(), lp_supply=np.ones(5))


def test_d29_a_rule_of_two_averages_plays_and_is_read_out() -> None:
    own = {
        "k": [9.0, 8.0],
        "memory_days_1": [0.5, 0.6],
        "memory_days_2": [1.5, 1.0],
        "initial_weights": [0.5, 0.5],
    }
    found = simulate(fingerprint(rule="difference_momentum"), own, table())
    assert found.run is not None
    assert set(found.run.readouts) == {"ewma_1", "ewma_2"}
    assert np.ptp(found.weights[:, 0]) > 0.01


@pytest.mark.parametrize(
    ("rule", "pays"), [("lvr__rvr__momentum", False), ("rvr__bounded__lvr__momentum", True)]
)
def test_d35_the_first_hook_has_the_highest_priority(rule: str, pays: bool) -> None:
    pool = strategy_of(fingerprint(rule=rule).with_defaults(), spread=np.full(2, 0.1)).pool
    assert isinstance(pool, RebalancedPool)
    assert (pool.spread is not None) == pays


def test_d36_bounds_hold_where_a_rule_gives_targets() -> None:
    """Volatile AAA would fall far below a half."""
    days = {"memory_days_1": [0.5, 0.5], "memory_days_2": [0.1, 0.1], "initial_weights": [0.5, 0.5]}
    prices = PRICES.copy()
    prices[:, 0] = 100 * (prices[:, 0] / 100) ** 3
    free = simulate(fingerprint(rule="min_variance"), days, table(prices)).weights[-1]
    own = days | raw_bounds([0.4, 0.3], [0.7, 0.6])
    held = simulate(fingerprint(rule="bounded__min_variance"), own, table(prices)).weights
    assert free[0] < 0.25
    assert held[:, 0].min() > 0.4 - 1e-6
    assert held[:, 1].max() < 0.6 + 1e-6


def test_weights_from_outside() -> None:
    held = np.broadcast_to(WEIGHTS, (3 * DAY, 2))
    found = simulate(fingerprint(), PARAMS, table(), weights=held)
    np.testing.assert_allclose(found.value, played(rule="balancer").value, rtol=1e-9)
    assert found.run is None


def test_memory_is_shortened_where_prices_begin_late_and_it_is_said() -> None:
    found = played(max_memory_days=5)
    assert found.notes[1:] == (
        "memory of 5 d shortened to 2 d: 3 whole days come before 2024-01-04 00:00:00",
    )
    settings = RuleSettings(chunk_period=360, weight_interpolation_period=180, max_memory_days=2.0)
    weights = calculate_weights("momentum", PARAMS, PRICES[:, :2], 3 * DAY, 3 * DAY + 1, settings)
    np.testing.assert_allclose(found.weights, weights, rtol=1e-12)


@pytest.mark.parametrize(
    ("settings", "given", "words"),
    [
        ({"startDateString": "2024-01-04 00:00:30"}, {}, "startDateString|start = .*is no row"),
        ({"endDateString": "2024-02-04 00:00:00", "endTestDateString": None}, {}, "end = .*is no row"),
        ({"tokens": ["AAA", "ZZZ"]}, {}, "tokens = 'ZZZ': is not in the prices"),
        ({"rule": "gyroscope"}, {}, "not there yet"),
        ({"rule": "reclamm"}, {}, "not there yet"),
        ({"rule": "momentun"}, {}, "did you mean 'momentum'"),
        ({"rule": "bounded__balancer"}, {}, "constant weights"),
        ({"n_ensemble_members": 2}, {}, "ensemble__momentum"),
        ({"rule": "rvr__momentum"}, {}, "spread"),
        ({"rule": "index_market_cap"}, {}, "supply"),
        ({"endTestDateString": None}, {"with_test": True}, "endTestDateString"),
        ({}, {"fees": 1.5}, "fees = 1.5"),
        ({"freq": "hour"}, {}, "freq = 'hour': must be 'minute'"),
        ({"subsidary_pools": [{"rule": "hodl"}]}, {}, "subsidary_pools = .*must be empty"),
        ({"numeraire": "AAA"}, {}, "numeraire = 'AAA': must be left out"),
        ({"do_trades": True}, {}, "do_trades = True: needs trades"),
    ],
)
def test_what_does_not_fit_is_refused(settings: dict, given: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        simulate(fingerprint(**settings), PARAMS, table(), **given)


@pytest.mark.parametrize(
    ("rule", "settings", "unread"),
    [
        ("momentum", {"arb_quality": 0.5, "annual_streaming_fee": 0.1, "cap_weights": 0.7},
         {"arb_quality", "annual_streaming_fee", "cap_weights"}),
        ("momentum", {"use_alt_lamb": True, "gas_cost": 1.0, "arb_frequency": 3, "guardrail": "projection"}, set()),
        ("momentum", {"reclamm_learn_fees": True, "alpha": 0.5, "use_pre_exp_scaling": False},
         {"reclamm_learn_fees", "alpha", "use_pre_exp_scaling"}),
        ("cow", {"arb_quality": 0.5, "chunk_period": 60, "weight_interpolation_period": 60},
         {"chunk_period", "weight_interpolation_period"}),
        ("hodl", {"fees": 0.1, "do_arb": False, "arb_frequency": 2}, {"fees", "do_arb", "arb_frequency"}),
        ("lvr__momentum", {"fees": 0.1, "gas_cost": 1.0, "arb_frequency": 2}, {"gas_cost", "arb_frequency"}),
        ("min_variance", {"use_alt_lamb": True, "start_from_first_target": True}, {"use_alt_lamb"}),
        ("ensemble__momentum", {"ensemble_init_seed": 1, "n_ensemble_members": 2}, set()),
        ("momentum", {"learnable_bounds_settings": {"min_weights_per_asset": [0.1, 0.1]}},
         {"learnable_bounds_settings"}),
        ("bounded__momentum", {"learnable_bounds_settings": {"freeze_bounds": True}}, set()),
        ("trad_hodling_index_market_cap", {"annual_streaming_fee": 0.1, "cap_weights": 0.7, "arb_fees": 0.1},
         {"arb_fees"}),
    ],
)  # fmt: skip
def test_settings_that_a_pool_does_not_look_at_are_told(rule: str, settings: dict, unread: set) -> None:
    given = Fingerprint(tokens=["AAA", "BBB"], rule=rule, **settings).with_defaults()
    assert set(unread_settings(given)) == unread


def test_several_sets_without_a_choice_are_refused() -> None:
    sets = {key: np.stack([value, value]) for key, value in PARAMS.items()}
    with pytest.raises(ValueError, match="several parameter sets"):
        simulate(fingerprint(), sets, table())
