"""Metrics of a period: the objectives of the same names, both Sharpe ratios, batches, and what short periods lack."""

import jax
import numpy as np
import pytest
from tests.market.objectives.test_pool_objectives import D, pool

from isotherm.market.objectives.periods import ALIASES, period_metrics
from isotherm.market.objectives.registry import evaluate_all

ORDER = [
    "sharpe", "jax_sharpe", "daily_log_sharpe", "return", "returns_over_hodl", "returns_over_uniform_hodl",
    "annualised_returns", "annualised_returns_over_hodl", "annualised_returns_over_uniform_hodl", "ulcer", "calmar",
    "sterling", "sharpe_daily", "sharpe_minute", "daily_returns",
]  # fmt: skip


def test_metrics_are_the_objectives_and_sharpe_is_the_daily_one() -> None:
    run = pool(0, 31 * D)
    found = period_metrics(*run).in_files()
    assert list(found) == ORDER
    names = {"sharpe": "daily_sharpe", "jax_sharpe": "sharpe", "return": "returns"}
    others = [name for name in ORDER[:12] if name not in names]
    expected = evaluate_all([*names.values(), *others], *run)
    for name in ORDER[:12]:
        np.testing.assert_allclose(found[name], expected[names.get(name, name)], rtol=1e-12, err_msg=name)
    assert found["sharpe"] == found["sharpe_daily"] != found["sharpe_minute"] == found["jax_sharpe"]
    daily = run[0][::D]
    np.testing.assert_allclose(found["daily_returns"], daily[1:] / daily[:-1] - 1, rtol=1e-9)
    assert set(ALIASES.values()) <= set(dir(period_metrics(*run)))


def test_sets_are_evaluated_at_once() -> None:
    one, two = pool(1, 3 * D), pool(2, 3 * D)
    prices = one[2]
    both = period_metrics(np.stack([one[0], two[0]]), np.stack([one[1], two[1]]), prices)
    alone = period_metrics(two[0], two[1], prices)
    assert both.daily_returns.shape == (2, 2)
    for mine, single in zip(jax.tree.leaves(both), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(mine[1], single, rtol=1e-12)


def test_what_a_period_is_too_short_for_is_nan() -> None:
    value, reserves, prices = pool(3, 2 * D)
    short = period_metrics(value, reserves, prices)
    assert np.isnan([short.daily_log_sharpe, short.ulcer, short.sterling]).all()
    assert float(short.sharpe_daily) == 0.0  # one daily return does not vary
    assert np.isfinite([short.sharpe_minute, short.calmar, short.returns]).all()
    hour = period_metrics(value[:60], reserves[:60], prices[:60])
    assert np.isnan(hour.sharpe_daily)
    assert hour.daily_returns.shape == (0,)


def test_a_month_less_a_minute_has_no_ulcer_index_and_three_days_have_a_ratio() -> None:
    value, reserves, prices = pool(4, 30 * D)
    assert np.isfinite(period_metrics(value, reserves, prices).ulcer)
    assert np.isnan(period_metrics(value[:-1], reserves[:-1], prices[:-1]).ulcer)
    three = 2 * D + 1
    assert np.isfinite(period_metrics(value[:three], reserves[:three], prices[:three]).daily_log_sharpe)


def test_flat_days_have_sharpe_ratio_zero() -> None:
    minutes = 4 * D
    wave = 1 + 0.01 * np.sin(2 * np.pi * np.arange(minutes) / D)
    found = period_metrics(wave, np.ones((minutes, 1)), wave[:, None])
    assert float(found.sharpe_daily) == 0.0
    assert abs(float(found.daily_log_sharpe)) < 1e-3


def test_baselines_hold_what_the_slice_begins_with() -> None:
    value, reserves, prices = pool(5, 3 * D)
    cut = slice(D, None)
    found = period_metrics(value[cut], reserves[cut], prices[cut])
    held = (reserves[D] * prices[-1]).sum()
    np.testing.assert_allclose(found.returns_over_hodl, value[-1] / held - 1, rtol=1e-9)


def test_shapes_are_refused() -> None:
    value, reserves, prices = pool(0, 10)
    with pytest.raises(ValueError, match=r"prices.shape = \(9, 3\)"):
        period_metrics(value, reserves, prices[1:])
