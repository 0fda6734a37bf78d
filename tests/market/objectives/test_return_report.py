"""Reports of daily returns against values by hand and slow twins."""

import numpy as np
import pytest

from isotherm.market.objectives.report import report_benchmarks, report_returns

RNG = np.random.default_rng(2)
DAYS = RNG.normal(0.001, 0.02, 71)


def test_ratios_are_their_formulas() -> None:
    safe = np.full(71, 1e-4)
    found, excess = report_returns(DAYS, safe), DAYS - 1e-4
    assert found[:6] == report_returns(DAYS, 1e-4)[:6]
    losses = excess[excess < 0]
    value = np.concatenate([[1.0], np.cumprod(1 + DAYS)])
    falls = value / np.maximum.accumulate(value) - 1
    expected = {
        "total_return": np.prod(1 + DAYS) - 1,
        "sharpe": np.sqrt(365) * excess.mean() / excess.std(),
        "sortino": np.sqrt(365) * excess.mean() / losses.std(ddof=1),
        "omega": excess[excess > 0].sum() / -losses.sum(),
        "return_on_var": excess.mean() / -np.quantile(DAYS, 0.05),
        "cdar": np.sort(falls)[:4].mean(),  # a twentieth of 72
    }
    for name, value_of in expected.items():
        np.testing.assert_allclose(getattr(found, name), value_of, rtol=1e-10, err_msg=name)


def test_moments_are_those_of_the_distribution() -> None:
    from scipy import stats

    found = report_returns(DAYS).moments
    np.testing.assert_allclose([found.mean, found.std], [DAYS.mean(), DAYS.std()], rtol=1e-12)
    np.testing.assert_allclose(
        [found.skew, found.excess_kurtosis], [stats.skew(DAYS), stats.kurtosis(DAYS)], rtol=1e-9
    )
    assert (found.least, found.median, found.greatest) == (DAYS.min(), np.median(DAYS), DAYS.max())


@pytest.mark.parametrize(("name", "length"), [("weekly", 7), ("monthly", 30)])
def test_series_of_risk_are_chunk_by_chunk(name: str, length: int) -> None:
    found = getattr(report_returns(DAYS), name)
    assert len(found.draw_down) == 71 // length
    part = DAYS[length : 2 * length]
    value = np.concatenate([[1.0], np.cumprod(1 + part)])
    falls = value / np.maximum.accumulate(value) - 1
    gain = value[-1] ** (365 / length) - 1
    np.testing.assert_allclose(found.draw_down[1], falls.min(), rtol=1e-12)
    np.testing.assert_allclose(found.ulcer[1], -np.sqrt((falls**2).mean()), rtol=1e-12)
    np.testing.assert_allclose(found.sterling[1], gain / -falls.min(), rtol=1e-12)


def test_a_pool_that_doubles_the_market_has_beta_two_and_no_alpha() -> None:
    market = RNG.normal(0.001, 0.02, 71)
    both = report_benchmarks(
        2 * market + 1e-4, {"market": market, "itself": 2 * market + 1e-4}, risk_free=0.0
    )
    found = both["market"]
    np.testing.assert_allclose(found.beta, 2.0, rtol=1e-12)
    np.testing.assert_allclose(found.jensen_alpha, 1.0001**365 - 1, rtol=1e-9)
    difference = market + 1e-4
    np.testing.assert_allclose(found.tracking_error, np.sqrt(365) * difference.std(), rtol=1e-12)
    np.testing.assert_allclose(
        found.information_ratio, np.sqrt(365) * difference.mean() / difference.std(), rtol=1e-12
    )
    up, down = market > 0, market < 0
    pool = 2 * market + 1e-4
    np.testing.assert_allclose(found.up_capture, pool[up].mean() / market[up].mean(), rtol=1e-12)
    np.testing.assert_allclose(found.down_capture, pool[down].mean() / market[down].mean(), rtol=1e-12)
    assert np.isnan(both["itself"].information_ratio)
    np.testing.assert_allclose(both["itself"].beta, 1.0)


def test_alpha_is_over_the_risk_free_return() -> None:
    market = RNG.normal(0.001, 0.02, 50)
    safe = 2e-4
    found = report_benchmarks(safe + 0.5 * (market - safe), {"m": market}, safe)["m"]
    np.testing.assert_allclose([found.beta, found.jensen_alpha], [0.5, 0.0], atol=1e-10)


def test_divisors_of_zero_are_infinite_or_nan() -> None:
    rising = report_returns([0.01, 0.02, 0.01] * 3)
    assert rising.omega == np.inf
    assert rising.sortino == np.inf
    assert rising.weekly.sterling.tolist() == [np.inf]
    assert rising.cdar == 0.0
    flat = report_returns([0.0, 0.0])
    assert np.isnan([flat.sharpe, flat.sortino, flat.omega, flat.moments.skew]).all()
    assert report_returns([0.1, -0.1, 0.1]).sortino == np.inf  # one loss has no spread


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: report_returns([0.1]), r"daily_returns.shape = \(1,\): must be \(days,\), at least two"),
        (lambda: report_returns([0.1, -1.0]), r"daily_returns\[1\] = -1.0: must be finite and above -1"),
        (lambda: report_returns([np.nan, 0.1]), r"daily_returns\[0\] = nan"),
        (lambda: report_returns([0.1, 0.1], [0.0]), r"risk_free.shape = \(1,\)"),
        (lambda: report_returns([0.1, 0.1], [0.0, np.inf]), "risk_free.shape"),
        (
            lambda: report_benchmarks(DAYS, {"m": DAYS[1:]}),
            r"benchmarks\[m\].shape = \(70,\): must be \(71,\)",
        ),
    ],
)
def test_bad_returns_are_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
    with pytest.raises(TypeError, match="benchmarks"):
        report_benchmarks(DAYS, [DAYS])  # pyright: ignore[reportArgumentType]
