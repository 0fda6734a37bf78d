"""What weights of every rule obey, run at once and price by price: causes first, units, names, sums."""

import itertools

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.market.rules.rule_cases import MOVING, NAMES, PERIOD, RULES, SETTINGS, SUPPLY, raw, supply, walk

from isotherm.market.rules.settings import Method
from isotherm.market.rules.weights import calculate_weights

MINUTES, LENGTH = 66, 33
"""Data of eleven chunks; bouts of five and a half."""

METHODS: list[Method] = ["vectorized", "scan"]
EACH = list(itertools.product(NAMES, METHODS))
SEEDS = st.integers(0, 10**6)
STARTS = st.integers(0, MINUTES - LENGTH)


def weights(name: str, prices: np.ndarray, start: int, method: Method, **changes: object) -> np.ndarray:
    params = {key: np.asarray(value) for key, value in (raw(name) | changes).items()}
    return np.asarray(
        calculate_weights(name, params, prices, start, LENGTH, SETTINGS, method, **supply(name))
    )


@pytest.mark.parametrize(("name", "method"), EACH)
@settings(max_examples=2)
@given(seed=SEEDS, start=STARTS, factor=st.sampled_from([0.5, 1.001, 3.0]))
def test_a_weight_depends_on_no_price_of_its_own_minute_or_later(
    name: str, method: Method, seed: int, start: int, factor: float
) -> None:
    prices = walk(MINUTES, seed)
    found, has_moved = weights(name, prices, start, method), False
    for minute in range(LENGTH - 1):
        others = prices.copy()
        others[start + minute, seed % 3] *= factor
        other = weights(name, others, start, method)
        np.testing.assert_array_equal(other[: minute + 1], found[: minute + 1])
        has_moved |= bool((other != found).any())
    assert has_moved == (name in MOVING)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10)
@given(seed=SEEDS, start=STARTS)
def test_streaming_and_batch_agree(name: str, seed: int, start: int) -> None:
    prices = walk(MINUTES, seed)
    np.testing.assert_allclose(
        weights(name, prices, start, "scan"), weights(name, prices, start, "vectorized"), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize(("name", "method"), EACH)
@settings(max_examples=4)
@given(seed=SEEDS, start=STARTS, token=st.integers(0, 2), exponent=st.floats(-6, 6))
def test_the_unit_of_a_price_changes_no_weight(
    name: str, method: Method, seed: int, start: int, token: int, exponent: float
) -> None:
    """Of a rule of capitalisation supply is in the inverse unit."""
    prices = walk(MINUTES, seed)
    units = np.where(np.arange(3) == token, 10.0**exponent, 1.0)
    others = {"supply": SUPPLY / units} if RULES[name].needs_supply else {}
    found = calculate_weights(name, raw(name), prices * units, start, LENGTH, SETTINGS, method, **others)
    np.testing.assert_allclose(found, weights(name, prices, start, method), rtol=0, atol=1e-11)


@pytest.mark.parametrize(("name", "method"), EACH)
@settings(max_examples=4)
@given(seed=SEEDS, start=STARTS, order=st.permutations(range(3)))
def test_tokens_in_another_order_have_their_own_weights(
    name: str, method: Method, seed: int, start: int, order: list[int]
) -> None:
    prices = walk(MINUTES, seed)
    params = {
        key: value if np.shape(value)[-1] == 1 else np.asarray(value)[..., order]
        for key, value in raw(name).items()
    }
    others = {"supply": SUPPLY[order]} if RULES[name].needs_supply else {}
    found = calculate_weights(name, params, prices[:, order], start, LENGTH, SETTINGS, method, **others)
    np.testing.assert_allclose(found, weights(name, prices, start, method)[:, order], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("name", "method"), EACH)
@settings(max_examples=4)
@given(seed=SEEDS, start=STARTS, volatility=st.sampled_from([0.0, 0.1, 30.0]))
def test_weights_sum_to_one_and_move_no_faster_than_allowed(
    name: str, method: Method, seed: int, start: int, volatility: float
) -> None:
    """From prices that stand still to prices that jump by orders of magnitude."""
    prices = walk(MINUTES, seed) ** volatility
    found = weights(name, prices, start, method)
    np.testing.assert_allclose(found.sum(1), 1.0, rtol=0, atol=1e-14)
    assert (found > 0).all()
    assert np.abs(np.diff(found, axis=0)).max() <= SETTINGS.maximum_change * (1 + 1e-9)
    initial = jax.nn.softmax(np.array([0.0, 0.2, -0.1], np.float32))
    held = 1 if RULES[name].lag == 0 else PERIOD + 1
    np.testing.assert_allclose(found[:held], np.tile(initial, (held, 1)), atol=1e-7)
    if name not in MOVING or (volatility == 0 and not RULES[name].is_target):
        np.testing.assert_allclose(found, np.tile(found[0], (len(found), 1)), rtol=0, atol=1e-15)
