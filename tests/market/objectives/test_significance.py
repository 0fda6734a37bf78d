"""Statistics after training: streams of random numbers, units, limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from isotherm.market.objectives.decomposition import decompose_return
from isotherm.market.objectives.significance import (
    block_bootstrap_sharpe,
    deflated_sharpe,
    rademacher_complexity,
    rademacher_haircut,
    walk_forward_efficiency,
)

RNG = np.random.default_rng(0)
DAYS = RNG.normal(0.001, 0.02, 60)


def test_blocks_are_drawn_one_resample_after_the_other_from_the_legacy_stream() -> None:
    source, found = np.random.RandomState(3), []
    for _ in range(50):
        starts = source.randint(0, len(DAYS), size=9)
        days = np.concatenate([(start + np.arange(7)) % len(DAYS) for start in starts])[: len(DAYS)]
        found.append(np.sqrt(365) * DAYS[days].mean() / DAYS[days].std())
    expected = np.percentile(found, [10, 90])
    told = block_bootstrap_sharpe(DAYS, num_resamples=50, block_length=7, confidence=0.8, seed=3)
    np.testing.assert_allclose([told.lower, told.upper, told.error], [*expected, np.std(found)], rtol=1e-12)
    np.testing.assert_allclose(told.estimate, np.sqrt(365) * DAYS.mean() / DAYS.std(), rtol=1e-12)
    assert told.confidence == 0.8


def test_many_resamples_are_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = block_bootstrap_sharpe(DAYS, 100), rademacher_complexity(np.stack([DAYS, -DAYS]), 100)
    monkeypatch.setattr("isotherm.market.objectives.significance._MOST_AT_ONCE", 7 * len(DAYS))
    parts = block_bootstrap_sharpe(DAYS, 100), rademacher_complexity(np.stack([DAYS, -DAYS]), 100)
    np.testing.assert_allclose(parts[0], whole[0], rtol=1e-13)
    np.testing.assert_allclose(parts[1], whole[1], rtol=1e-13)


def test_flat_returns_have_ratio_zero() -> None:
    told = block_bootstrap_sharpe(np.full(20, 0.01), 10)
    assert told[:4] == (0.0, 0.0, 0.0, 0.0)


def test_signs_are_those_of_the_legacy_choice() -> None:
    returns = RNG.normal(0, 0.02, (4, 30))
    source, best = np.random.RandomState(9), []
    for _ in range(40):
        signs = source.choice([-1, 1], size=30)
        best.append(max((signs * one).mean() for one in returns))
    np.testing.assert_allclose(rademacher_complexity(returns, 40, 9), np.mean(best), rtol=1e-12)


@given(st.integers(1, 5))
def test_more_strategies_are_never_less_complex(num: int) -> None:
    returns = np.random.default_rng(num).normal(0, 0.02, (6, 40))
    assert rademacher_complexity(returns[:num], 50) <= rademacher_complexity(returns[: num + 1], 50)


def test_haircut_is_its_formula() -> None:
    expected = 2 * 0.1 + 3 * np.sqrt(2 * np.log(2 / 0.01) / 365)
    np.testing.assert_allclose(rademacher_haircut(0.1, 365, 0.01), expected, rtol=1e-14)


def test_annual_ratios_pass_where_daily_ones_do_not() -> None:
    """D38: the same result in the units of the other tool is always significant."""
    annual = 1.2
    honest = deflated_sharpe(annual / np.sqrt(365), num_trials=50, num_periods=365)
    assert not honest.is_significant
    assert honest.probability < 0.2
    assert deflated_sharpe(annual, 50, 365, compat=True).is_significant


def test_deflated_ratio_is_the_probability_of_the_paper() -> None:
    ratio, trials, periods, skew, excess = 0.09, 10, 500, -0.5, 3.0
    low, high = stats.norm.ppf([1 - 1 / trials, 1 - 1 / (trials * np.e)])
    benchmark = ((1 - 0.5772156649) * low + 0.5772156649 * high) / np.sqrt(periods)
    sd = np.sqrt((1 - skew * ratio + (excess + 3 - 1) / 4 * ratio**2) / (periods - 1))
    found = deflated_sharpe(ratio, trials, periods, skew, excess)
    np.testing.assert_allclose(found.benchmark, benchmark, rtol=1e-12)
    np.testing.assert_allclose(found.probability, stats.norm.cdf((ratio - benchmark) / sd), rtol=1e-12)


def test_standard_variance_is_that_of_simulated_ratios() -> None:
    """The variance that goes into the probability, against ratios of 20,000 samples of skewed returns."""
    draws = np.random.default_rng(1).exponential(1.0, (20_000, 250)) - 0.9
    ratios = draws.mean(1) / draws.std(1)
    told = deflated_sharpe(0.1, num_trials=1, num_periods=250, skew=2.0, excess_kurtosis=6.0)
    sd = 0.1 / stats.norm.ppf(told.probability)
    assert told.benchmark == 0.0
    assert abs(ratios.std() / sd - 1) < 0.03
    other = deflated_sharpe(0.1, 1, 250, skew=2.0, excess_kurtosis=6.0, compat=True)
    assert abs(ratios.std() * stats.norm.ppf(other.probability) / 0.1 - 1) > 0.05


def test_exactly_significant_counts() -> None:
    at_bound = deflated_sharpe(stats.norm.ppf(0.95 + 1e-9) / np.sqrt(499), 1, 500, excess_kurtosis=-2.0)
    assert at_bound.is_significant
    assert not deflated_sharpe(
        stats.norm.ppf(0.9499) / np.sqrt(499), 1, 500, excess_kurtosis=-2.0
    ).is_significant


def test_walk_forward_efficiency_needs_a_gain_in_sample() -> None:
    assert walk_forward_efficiency(-0.5, 2.0) == -0.25
    assert np.isnan(walk_forward_efficiency(1.0, 0.0))
    assert np.isnan(walk_forward_efficiency(1.0, -1.0))


@given(st.integers(0, 30), st.floats(-0.05, 0.05))
def test_parts_of_a_return_add_up_and_divergence_is_a_loss(seed: int, fees: float) -> None:
    rng = np.random.default_rng(seed)
    prices = np.exp(rng.normal(0, 0.3, (5, 3)))
    reserves = rng.uniform(1, 3, (5, 3))
    value = (reserves * prices).sum(1)
    found = decompose_return(value, reserves, prices, fees)
    parts = found.hodl_return + found.divergence_loss + found.fee_income + found.strategy_alpha
    np.testing.assert_allclose(parts, found.pool_return, rtol=1e-12, atol=1e-14)
    assert found.divergence_loss <= 1e-15
    assert found == decompose_return(value, reserves[0], prices, fees)
    np.testing.assert_allclose(found.pool_return, value[-1] / value[0] - 1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: block_bootstrap_sharpe(DAYS[:19]), r"daily_returns.shape = \(19,\): .* two blocks of 10"),
        (lambda: block_bootstrap_sharpe([0.1, np.nan] * 10), "daily_returns = nan: must be finite"),
        (lambda: block_bootstrap_sharpe(DAYS, confidence=1.0), "confidence = 1.0: .* above 0 and below 1"),
        (lambda: block_bootstrap_sharpe(DAYS, seed=-1), "seed = -1"),
        (lambda: block_bootstrap_sharpe(DAYS, num_resamples=0), "num_resamples = 0"),
        (lambda: rademacher_complexity(DAYS), r"returns.shape = \(60,\): must be \(strategies, periods\)"),
        (lambda: rademacher_complexity(DAYS[None], 0), "num_samples = 0"),
        (lambda: rademacher_haircut(0.1, 0), "num_periods = 0"),
        (lambda: rademacher_haircut(0.1, 10, 1.0), "delta = 1.0"),
        (lambda: deflated_sharpe(0.1, 0, 10), "num_trials = 0"),
        (lambda: deflated_sharpe(0.1, 1, 1), "num_periods = 1"),
        (
            lambda: deflated_sharpe(3.0, 1, 10, excess_kurtosis=9.0, compat=True),
            "excess_kurtosis = 9.0: gives a variance",
        ),
        (lambda: decompose_return([1.0], [[1.0]], [[1.0], [2.0]]), r"prices.shape = \(2, 1\)"),
        (lambda: decompose_return([1.0], [[1.0, 2.0]], [[1.0]]), r"reserves.shape = \(1, 2\)"),
        (lambda: decompose_return([], [1.0], np.ones((0, 1))), r"value.shape = \(0,\)"),
    ],
)
def test_bad_statistics_are_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
