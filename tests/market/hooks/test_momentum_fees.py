"""Fees that follow trends: formula, timing without look-ahead, slopes, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.market.rules.rule_cases import PERIOD, SETTINGS, walk
from tests.market.rules.test_estimators import slow_gradient

from isotherm.market.hooks.fees import momentum_fees

PRICES = walk(60, 7)
PARAMS = {"fee_logit": [-3.0], "fee_scaling_factor": [40.0], "logit_lamb": [0.5, 0.2, 0.9]}


def test_fees_are_the_formula_a_chunk_late() -> None:
    found = momentum_fees(PARAMS, PRICES, 12, 25, SETTINGS)
    lamb = 1 / (1 + np.exp(-np.array(PARAMS["logit_lamb"])))
    trend = slow_gradient(PRICES[::PERIOD], lamb, lamb)[0].mean(1)
    base = np.log1p(np.exp(-3.0))
    expected = [base / 2] * (PERIOD + 1)
    for minute in range(PERIOD + 1, 24):
        row = trend[2 + (minute - 1) // PERIOD - 1]
        expected.append(base / (1 + np.exp(-40.0 * row)))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert np.ptp(found) > 1e-3 * base


def test_a_fee_depends_on_no_price_of_its_minute_or_later() -> None:
    found = momentum_fees(PARAMS, PRICES, 12, 25, SETTINGS)
    for minute in range(24):
        changed = PRICES.copy()
        changed[12 + minute] *= [1.5, 0.7, 1.1]
        other = momentum_fees(PARAMS, changed, 12, 25, SETTINGS)
        np.testing.assert_array_equal(other[: minute + 1], found[: minute + 1])
        has_moved = minute % PERIOD == 0
        assert (other != found).any() == has_moved


def test_fees_have_a_ceiling_and_all_parameters_a_slope() -> None:
    high = momentum_fees(PARAMS | {"fee_logit": [9.0]}, PRICES, 12, 25, SETTINGS)
    np.testing.assert_allclose(high[: PERIOD + 1], 0.15)
    assert (high < 0.3).all()
    with jax.enable_x64(True):
        params = {key: jnp.asarray(value) for key, value in PARAMS.items()}
        slopes = jax.grad(lambda p: (momentum_fees(p, PRICES, 12, 25, SETTINGS) ** 2).sum())(params)
    assert all((np.abs(slope) > 0).all() for slope in slopes.values())


def test_starts_are_mapped_and_what_is_missing_is_named() -> None:
    with jax.enable_x64(True):
        found = jax.vmap(lambda start: momentum_fees(PARAMS, PRICES, start, 25, SETTINGS))(
            jnp.array([12, 18])
        )
    np.testing.assert_allclose(found[0], momentum_fees(PARAMS, PRICES, 12, 25, SETTINGS), rtol=1e-14)
    for key in PARAMS:
        with pytest.raises(ValueError, match=key):
            momentum_fees({k: v for k, v in PARAMS.items() if k != key}, PRICES, 12, 25, SETTINGS)
    with pytest.raises(ValueError, match=r"len\(prices\) = 36"):
        momentum_fees(PARAMS, PRICES[:36], 12, 25, SETTINGS)
    with pytest.raises(TypeError, match="settings"):
        momentum_fees(PARAMS, PRICES, 12, 25, {})  # type: ignore[arg-type]
