"""Made-up prices: their laws, their keys, their files."""

from pathlib import Path

import jax
import numpy as np
import pytest
from scipy import stats

from isotherm.market.prices.load import load_prices
from isotherm.market.prices.synthetic import (
    MINUTES_PER_YEAR,
    brownian_paths,
    brownian_prices,
    sinusoidal_prices,
    step_prices,
    synthetic_table,
)
from isotherm.market.prices.versions import load_versions, write_versions

KEY = jax.random.key(3)
ROWS = 40_001


def test_moves_have_the_law_that_was_asked_for() -> None:
    correlation = np.array([[1.0, 0.6], [0.6, 1.0]])
    prices = brownian_prices(KEY, ROWS, [30000.0, 2.0], [0.0, 40.0], [0.5, 0.9], correlation)
    assert prices.dtype == np.float64
    np.testing.assert_allclose(prices[0], [30000.0, 2.0])
    moves = np.diff(np.log(prices), axis=0)
    dt, sigma = 1 / MINUTES_PER_YEAR, np.array([0.5, 0.9])
    errors = sigma * np.sqrt(dt / (ROWS - 1))
    expected = (np.array([0.0, 40.0]) - sigma**2 / 2) * dt
    assert (np.abs(moves.mean(0) - expected) < 4 * errors).all()
    np.testing.assert_allclose(moves.std(0), sigma * np.sqrt(dt), rtol=4 / np.sqrt(2 * ROWS))
    found = np.corrcoef(moves.T)[0, 1]
    assert abs(np.arctanh(found) - np.arctanh(0.6)) < 4 / np.sqrt(ROWS)
    standard = (moves[:, 0] - expected[0]) / (sigma[0] * np.sqrt(dt))
    assert stats.kstest(standard, "norm").pvalue > 1e-3


def test_a_drift_shows_in_the_mean() -> None:
    """The test above must be able to fail: a drift 8 errors away is seen."""
    steady = brownian_prices(KEY, ROWS, [1.0], 0.0, 0.5)
    rising = brownian_prices(KEY, ROWS, [1.0], 15.0, 0.5)
    np.testing.assert_allclose(np.log(rising / steady)[-1], 15.0 * (ROWS - 1) / MINUTES_PER_YEAR, rtol=1e-9)


def test_keys_make_prices_and_versions_do_not_depend_on_their_number() -> None:
    two = brownian_paths(KEY, 2, 100, [1.0, 2.0])
    three = brownian_paths(KEY, 3, 100, [1.0, 2.0])
    assert two.shape == (100, 2, 2)
    np.testing.assert_array_equal(two, three[..., :2])
    np.testing.assert_array_equal(brownian_prices(KEY, 100, [1.0, 2.0]), two[..., 0])
    assert not np.array_equal(two[..., 0], two[..., 1])
    assert not np.array_equal(brownian_prices(jax.random.key(4), 100, [1.0, 2.0]), two[..., 0])


def test_sinusoids_are_their_formula() -> None:
    found = sinusoidal_prices(500, [10.0, 2.0], [0.1, 0.2], 50.0, [0.0, 1.0], [1e-3, 0.0])
    t = np.arange(500)
    np.testing.assert_allclose(
        found[:, 0], 10 * np.exp(0.1 * np.sin(2 * np.pi * t / 50) + 1e-3 * t), rtol=1e-12
    )
    np.testing.assert_allclose(found[:, 1], 2 * np.exp(0.2 * np.sin(2 * np.pi * t / 50 + 1)), rtol=1e-12)


def test_a_step_comes_in_the_middle_or_where_it_is_asked_for() -> None:
    found = step_prices(5, 3)
    assert found[:, 0].tolist() == [1.0, 1.0, 10.0, 10.0, 10.0]
    assert (found[:, 1:] == 1.0).all()
    assert step_prices(5, 1, step_at=4)[:, 0].tolist() == [1.0] * 4 + [10.0]
    assert (step_prices(5, 1, step_at=5) == 1.0).all()


def test_tables_are_sorted_and_named_after_what_they_hold() -> None:
    prices = brownian_prices(KEY, 10, [1.0, 2.0])
    table = synthetic_table(prices, ["B", "A"], "2024-01-01 00:00:00")
    assert table.tickers == ("A", "B")
    np.testing.assert_array_equal(table.closes, prices[:, ::-1])
    assert table.start == "2024-01-01 00:00:00"
    assert table.digests == synthetic_table(prices, ["B", "A"], "2024-01-01 00:00:00").digests
    assert table.digests != synthetic_table(2 * prices, ["B", "A"], "2024-01-01 00:00:00").digests


def test_versions_are_written_and_read_back(tmp_path: Path) -> None:
    paths = brownian_paths(KEY, 11, 30, [5.0, 6.0])
    files = write_versions(tmp_path / "mc", paths, ["ETH", "BTC"])
    assert len(files) == 22
    assert (tmp_path / "mc" / "ETH10_USD.parquet").exists()
    found, tables = load_versions(["BTC", "ETH"], tmp_path / "mc", 11)
    np.testing.assert_array_equal(found, paths[:, ::-1])
    assert tables[2].tickers == ("BTC", "ETH")
    assert set(tables[2].digests) == {"BTC2_USD.parquet", "ETH2_USD.parquet"}
    assert load_prices(["ETH7"], tmp_path / "mc").closes[0, 0] == paths[0, 0, 7]
    with pytest.raises(ValueError, match="is there; remove it, or name another folder"):
        write_versions(tmp_path / "mc", paths, ["ETH", "BTC"])
    with pytest.raises(ValueError, match=r"has no file BTC11_USD\.parquet"):
        load_versions(["BTC"], tmp_path / "mc", 12)
    (tmp_path / "mc" / "BTC1_USD.parquet").unlink()
    write_versions(tmp_path / "other", paths[:20, :1], ["BTC"])
    (tmp_path / "other" / "BTC1_USD.parquet").rename(tmp_path / "mc" / "BTC1_USD.parquet")
    with pytest.raises(ValueError, match="versions lie at different times: 1 2023-01-01"):
        load_versions(["BTC"], tmp_path / "mc", 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: brownian_prices(KEY, 0, [1.0]), "num_minutes = 0"),
        (lambda: brownian_prices(KEY, 5, [0.0]), "start_prices = .*should be finite and above 0"),
        (lambda: brownian_prices(KEY, 5, [1.0], volatility=-0.1), "volatility = .*at least 0"),
        (
            lambda: brownian_prices(KEY, 5, [1.0], [0.0, 1.0]),
            r"drift.shape = \(2,\): must be a number or \(1,\)",
        ),
        (lambda: brownian_prices(KEY, 5, 1.0), r"start_prices.shape = \(\): must be \(tokens,\)"),
        (
            lambda: brownian_prices(KEY, 5, [1.0, 1.0], correlation=[[1.0, 0.5], [0.4, 1.0]]),
            "should be symmetric",
        ),
        (
            lambda: brownian_prices(KEY, 5, [1.0, 1.0], correlation=[[2.0, 0.5], [0.5, 1.0]]),
            "ones on its diagonal",
        ),
        (
            lambda: brownian_prices(KEY, 5, [1.0, 1.0], correlation=[[1.0, 2.0], [2.0, 1.0]]),
            "positive definite",
        ),
        (lambda: brownian_paths(KEY, 0, 5, [1.0]), "num_versions = 0"),
        (lambda: sinusoidal_prices(5, [1.0], 0.1, 0.0), "period_minutes = .*above 0"),
        (lambda: step_prices(5, 0), "num_tokens = 0"),
        (lambda: step_prices(5, 1, 6), "step_at = 6"),
        (
            lambda: synthetic_table(np.ones((3, 1)), ["A", "B"]),
            r"prices.shape = \(3, 1\): must be \(minutes, 2\)",
        ),
        (lambda: synthetic_table(-np.ones((3, 1)), ["A"]), "should be finite and above 0"),
        (
            lambda: write_versions("x", np.ones((3, 1)), ["A"]),
            r"paths.shape = \(3, 1\): must be \(minutes, 1, versions\)",
        ),
    ],
)
def test_bad_requests_for_prices_are_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
    with pytest.raises(ValueError, match="key = -1: should be within"):
        brownian_prices(-1, 5, [1.0])
