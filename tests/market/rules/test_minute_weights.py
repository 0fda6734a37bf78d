"""Weights of minutes against a plain loop over them; starts that are traced; what is refused."""

import dataclasses
import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.market.rules.rule_cases import PERIOD, RULES, SETTINGS, SUPPLY, raw, slow_weights, walk

from isotherm.market.parameters.host import logistic
from isotherm.market.rules.bounds import WeightBounds
from isotherm.market.rules.settings import RuleSettings
from isotherm.market.rules.weights import calculate_weights, rule_outputs, run_weights

PRICES = walk(60, 2)
LOGITS = np.array([0.0, 0.2, -0.1])
INITIAL = np.exp(LOGITS) / np.exp(LOGITS).sum()
TARGETS = {"min_variance": {}, "index_market_cap": {"supply": SUPPLY}}


@pytest.mark.parametrize(("length", "wip"), [(2, 6), (13, 1), (30, 4)])
@settings(max_examples=5)
@given(start=st.integers(0, 24))
def test_weights_are_those_of_a_loop_over_minutes(length: int, wip: int, start: int) -> None:
    chosen = dataclasses.replace(SETTINGS, weight_interpolation_period=wip)
    rows = np.asarray(rule_outputs("momentum", raw("momentum"), PRICES, SETTINGS).row)
    found = calculate_weights("momentum", raw("momentum"), PRICES, start, length, chosen)
    expected = slow_weights(rows, INITIAL, start, length, chosen)
    assert found.shape == (length - 1, 3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_targets_move_when_their_price_is_known_and_not_before(name: str) -> None:
    """A row made of prices up to some minute is aimed at from the next minute on."""
    params, others = raw(name), TARGETS[name]
    rows = np.asarray(rule_outputs(name, params, PRICES, SETTINGS, **others).row)
    run = run_weights(name, params, PRICES, 12, 25, SETTINGS, **others)
    lag = RULES[name].lag
    key = "memory_days_2" if lag else "logit_lamb"
    assert key in params
    if not lag:
        blend = np.full(3, logistic(0.3))
        raws = [blend * w + (1 - blend) * row for w, row in zip(run.blocks.start, rows[2:], strict=False)]
        expected = [np.array(x) / np.sum(x) for x in raws]
        np.testing.assert_allclose(run.blocks.target, expected, rtol=1e-12)
    else:
        np.testing.assert_allclose(run.blocks.target[0], INITIAL, rtol=1e-15)
        assert (run.blocks.step[0] == 0).all()
    np.testing.assert_allclose(run.blocks.start[lag], INITIAL, rtol=1e-15)
    first = dataclasses.replace(SETTINGS, start_from_first_target=True)
    jumped = calculate_weights(name, params, PRICES, 12, 25, first, **others)
    begun = run_weights(name, params, PRICES, 12, 25, first, **others)
    np.testing.assert_allclose(begun.blocks.start[lag], rows[2], rtol=1e-12)
    shown = lag * PERIOD + 1
    np.testing.assert_allclose(jumped[:shown], np.tile(INITIAL, (shown, 1)), rtol=1e-15)
    np.testing.assert_allclose(jumped[shown], begun.blocks.start[lag] + begun.blocks.step[lag], rtol=1e-12)
    for minute in (12, 12 + lag * PERIOD):
        changed = PRICES.copy()
        changed[minute, 0] *= 2
        other = calculate_weights(name, params, changed, 12, 25, first, **others)
        np.testing.assert_array_equal(other[: minute - 11], jumped[: minute - 11])
    assert (other[shown] != jumped[shown]).any()
    assert run_weights(name, params, PRICES, 12, 5, first, **others).state is None


def test_data_that_end_before_the_last_update_are_refused_or_nan() -> None:
    """As many rows as the last update needs are enough; one less is not, and nothing is shifted."""
    params = raw("momentum")
    whole = calculate_weights("momentum", params, PRICES, 12, 25, SETTINGS)
    enough = PRICES[: 12 + 4 * PERIOD + 1]
    np.testing.assert_array_equal(calculate_weights("momentum", params, enough, 12, 25, SETTINGS), whole)
    wanted = "len(prices) = 36: must be 37 or more, to reach the last update that the bout shows"
    with pytest.raises(ValueError, match=re.escape(wanted)):
        calculate_weights("momentum", params, enough[:-1], 12, 25, SETTINGS)
    starts = jnp.array([12, 18, 300])
    found = np.asarray(
        jax.vmap(lambda start: calculate_weights("momentum", params, enough[:-1], start, 21, SETTINGS))(
            starts
        )
    )
    np.testing.assert_allclose(found[0], whole[:20], rtol=0, atol=1e-15)
    assert np.isfinite(found[1, : 3 * PERIOD]).all()
    assert np.isnan(found[1, 3 * PERIOD + 1 :]).all()
    assert np.isnan(found[2, PERIOD + 1 :]).all()


def test_sets_and_starts_are_mapped_and_values_compile_once() -> None:
    sets = {
        key: np.stack([np.asarray(value), 0.9 * np.asarray(value)]) for key, value in raw("momentum").items()
    }
    traced = eqx.debug.assert_max_traces(
        lambda params, start: calculate_weights("momentum", params, PRICES, start, 25, SETTINGS), max_traces=1
    )
    call = jax.jit(jax.vmap(jax.vmap(traced, in_axes=(None, 0)), in_axes=(0, None)))
    with jax.enable_x64(True):
        call(sets, jnp.array([3, 4]))
        found = call(sets, jnp.array([6, 12]))
    assert found.shape == (2, 2, 24, 3)
    for i, j in np.ndindex(2, 2):
        params = {key: value[i] for key, value in sets.items()}
        one = calculate_weights("momentum", params, PRICES, (6, 12)[j], 25, SETTINGS)
        np.testing.assert_allclose(found[i, j], one, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "method"), [("mean_reversion_channel", "vectorized"), ("min_variance", "scan")]
)
def test_weights_are_differentiable_in_raw_parameters(name: str, method: str) -> None:
    chosen = RuleSettings(chunk_period=PERIOD, max_memory_days=0.75, maximum_change=1.0)
    with jax.enable_x64(True):
        params = {key: jnp.asarray(value, float) for key, value in raw(name).items()}
        where = jnp.asarray(np.random.default_rng(1).normal(size=(24, 3)))

        @jax.jit
        def total(params):
            return (where * calculate_weights(name, params, PRICES, 12, 25, chosen, method)).sum()

        slopes = jax.grad(total)(params)
        for key in params:
            direction = jnp.asarray(np.random.default_rng(2).normal(size=params[key].shape))
            up, down = (total(params | {key: params[key] + s * 1e-6 * direction}) for s in (1, -1))
            found = float((slopes[key] * direction).sum())
            if key == "initial_weights_logits":
                assert found == 0
            else:
                np.testing.assert_allclose(found, float(up - down) / 2e-6, rtol=1e-4, atol=1e-9)


def test_a_slope_ends_at_the_longest_memory_and_options_let_it_through() -> None:
    long = raw("momentum") | {"logit_lamb": [9.0, 0.5, 1.5]}

    def slope(chosen: RuleSettings, key: str) -> np.ndarray:
        with jax.enable_x64(True):
            params = {name: jnp.asarray(value, float) for name, value in long.items()}
            weights = lambda p: calculate_weights("momentum", p, PRICES, 12, 25, chosen)[-1, 0]  # noqa: E731
            return np.asarray(jax.grad(weights)(params)[key])

    assert slope(SETTINGS, "logit_lamb")[0] == 0
    assert slope(SETTINGS, "logit_lamb")[1] != 0
    free = dataclasses.replace(SETTINGS, ste_max_change=True)
    assert np.abs(slope(free, "log_k")).max() > 2 * np.abs(slope(SETTINGS, "log_k")).max()


def test_bounds_hold_for_changes_and_targets_alike() -> None:
    """A reference's targets leave them."""
    bounds = WeightBounds(np.array([0.3, 0.3, 0.05]), np.array([0.35, 0.5, 0.3]))
    fast = dataclasses.replace(SETTINGS, maximum_change=1.0)
    for name, others in ({"momentum": {}} | TARGETS).items():
        free = np.asarray(calculate_weights(name, raw(name), PRICES, 0, 55, fast, **others))[2 * PERIOD :]
        held = calculate_weights(name, raw(name), PRICES, 0, 55, fast, bounds=bounds, **others)[2 * PERIOD :]
        assert (free < bounds.low).any() or (free > bounds.high).any()
        assert (held > bounds.low - 1e-9).all()
        assert (held < bounds.high + 1e-9).all()


def test_prices_before_the_window_of_the_estimators_do_not_matter() -> None:
    """Chunks that are cut off in front change nothing once they are forgotten."""
    prices = walk(6 * 300, 8)
    whole = calculate_weights("momentum", raw("momentum"), prices, 1740, 25, SETTINGS)
    cut = calculate_weights("momentum", raw("momentum"), prices[600:], 1140, 25, SETTINGS)
    np.testing.assert_allclose(cut, whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rule": "moment"}, "rule = 'moment'"),
        ({"prices": PRICES[:, 0]}, "prices.shape"),
        ({"prices": np.where(PRICES[7, 1] == PRICES, -1.0, PRICES)}, "prices[7, 1] = -1.0: must be above 0"),
        ({"prices": np.where(PRICES[3, 0] == PRICES, np.nan, PRICES)}, "prices[3, 0] = nan"),
        ({"prices": np.zeros((0, 3))}, "prices.shape"),
        ({"start_index": -1}, "start_index = -1"),
        ({"bout_length": 1}, "bout_length = 1"),
        ({"method": "fast"}, "method = 'fast'"),
        ({"supply": SUPPLY}, "supply = 'given': must be None"),
        ({"rule": "index_market_cap"}, "supply = None: must be given"),
        ({"rule": "index_market_cap", "supply": SUPPLY[:2]}, "supply.shape = (2,)"),
        ({"bounds": WeightBounds([0.5, 0.5, 0.5], [0.6, 0.6, 0.6])}, "low sums to 1.5"),
        ({"settings": RuleSettings(minimum_weight=0.34)}, "minimum_weight = 0.34: must be below 1/3"),
        (
            {"settings": RuleSettings(cap_weights=(0.5, 0.6))},
            "cap_weights = (0.5, 0.6): must be one number, or 3",
        ),
        ({"settings": RuleSettings(cap_weights=0.3)}, "cap_weights = 0.3: must sum to 1 or more"),
        ({"params": {"log_k": [1.0], "logit_lamb": [1.0]}}, "initial_weights_logits, initial_weights"),
        ({"params": {**raw("momentum"), "initial_weights_logits": [0.0, 1.0]}}, "must be (3,), one a token"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(changes: dict, words: str) -> None:
    given = {"rule": "momentum", "params": raw("momentum"), "prices": PRICES, "settings": SETTINGS}
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        calculate_weights(**({"start_index": 6, "bout_length": 25} | given | changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"settings": {"chunk_period": 6}}, "settings"),
        ({"params": [1.0]}, "params"),
        ({"start_index": 1.5}, "start_index"),
        ({"prices": [["a"] * 3]}, "prices"),
        ({"rule": 7}, "rule"),
    ],
)
def test_other_kinds_are_refused(changes: dict, words: str) -> None:
    given = {"rule": "momentum", "params": raw("momentum"), "prices": PRICES, "settings": SETTINGS}
    with pytest.raises((TypeError, ValueError), match=words):
        calculate_weights(**({"start_index": 6, "bout_length": 25} | given | changes))


def test_settings_are_checked_hashed_and_plain() -> None:
    assert RuleSettings(maximum_change=np.float64(1e-3)) == RuleSettings(maximum_change=0.001)
    assert hash(RuleSettings(cap_weights=(np.float64(0.5), 0.5))) == hash(
        RuleSettings(cap_weights=(0.5, 0.5))
    )
    assert RuleSettings(chunk_period=30, weight_interpolation_period=10).period == 10
    assert RuleSettings().floor(4) == 0.025
    assert RuleSettings(minimum_weight=0.2).floor(4) == 0.2
    for changes, words in (
        ({"chunk_period": 0}, "chunk_period = 0"),
        ({"chunk_period": 10, "weight_interpolation_period": 11}, "weight_interpolation_period = 11"),
        ({"weight_interpolation_method": "cubic"}, "weight_interpolation_method = 'cubic'"),
        ({"maximum_change": 0.0}, "maximum_change = 0.0"),
        ({"minimum_weight": 1.0}, "minimum_weight = 1.0"),
        ({"max_memory_days": -1.0}, "max_memory_days = -1.0"),
        ({"guardrail": "hard"}, "guardrail = 'hard'"),
        ({"cap_weights": 0.0}, "cap_weights = 0.0"),
    ):
        with pytest.raises(ValueError, match=words):
            RuleSettings(**changes)
    for changes in ({"use_alt_lamb": 1}, {"chunk_period": 1.5}, {"max_memory_days": "long"}):
        with pytest.raises(TypeError, match=next(iter(changes))):
            RuleSettings(**changes)


def test_a_year_of_minutes_takes_a_few_copies_of_its_weights() -> None:
    minutes = 120 * 1440 + 1
    prices = np.ones((minutes + 1440, 3))
    found = jax.jit(
        lambda p: calculate_weights("momentum", raw("momentum"), p, 1440, minutes, RuleSettings())
    )
    with jax.enable_x64(True):
        spec = jax.ShapeDtypeStruct(prices.shape, jnp.float64)
        used = found.lower(spec).compile().memory_analysis()
    assert used.temp_size_in_bytes < 2 * minutes * 3 * 8
