"""Tags of markets: by volatility and by trend."""

import numpy as np
import pytest

from isotherm.market.walk.regimes import regime_of


def prices(changes: np.ndarray, tokens: int = 2) -> np.ndarray:
    """Of tokens that move alike, by logarithms."""
    path = np.exp(np.concatenate([[0.0], np.cumsum(changes)]))
    return path[:, None] * np.arange(1.0, tokens + 1)


@pytest.mark.parametrize(
    ("yearly", "word"), [(0.39, "low"), (0.41, "medium"), (0.79, "medium"), (0.81, "high")]
)
def test_volatility(yearly: float, word: str) -> None:
    found = regime_of(prices(np.tile([1.0, -1.0], 20) * yearly / np.sqrt(365)))
    assert found[:2] == (word, "sideways")
    assert found.annual_volatility == pytest.approx(yearly)


@pytest.mark.parametrize(
    ("growth", "word"), [(0.11, "bull"), (0.09, "sideways"), (-0.09, "sideways"), (-0.11, "bear")]
)
def test_trend(growth: float, word: str) -> None:
    found = regime_of(prices(np.full(10, growth / 10)))
    assert found[:2] == ("low", word)
    assert found.log_growth == pytest.approx(growth)


def test_tokens_are_averaged_by_the_day() -> None:
    one, other = np.tile([0.1, -0.1], 10), np.tile([-0.1, 0.1], 10)
    both = np.stack([prices(one)[:, 0], prices(other)[:, 0]], axis=1)
    assert regime_of(both).annual_volatility == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([[1.0, 2.0]], "daily_prices.shape"),
        ([1.0, 2.0], "daily_prices.shape"),
        ([[1.0], [0.0]], "daily_prices"),
    ],
)
def test_what_is_no_stretch_of_days_is_refused(given: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        regime_of(given)
