"""Starts of windows: which there are, that none comes twice, how they are spread, and that keys tell all."""

import jax
import numpy as np
import pytest

from isotherm.market.train.split import TrainingSplit
from isotherm.market.train.windows import WindowDraws, WindowStarts, possible_starts, sample_starts

KEY = jax.random.key(5)
STARTS = WindowStarts(first=2880, spacing=60, rows=40)


def many(method: str, count: int = 4, draws: int = 3000) -> np.ndarray:
    """Indices of starts, ``(draws, count)``."""
    keys = jax.random.split(KEY, draws)
    found = jax.jit(jax.vmap(lambda key: sample_starts(key, STARTS, count, method)))(keys)
    return (np.asarray(found) - STARTS.first) / STARTS.spacing


def test_aligned_starts_are_those_of_chunks() -> None:
    split = TrainingSplit(first=2880, fitted=20000, validation=0, window=18000, test=0)
    assert possible_starts(split, 1000) == WindowStarts(3000, 1000, 2)
    assert possible_starts(split, 1000, is_aligned=False) == WindowStarts(2880, 1, 2000)
    assert possible_starts(split._replace(window=20000), 1440).rows == 1


def test_no_start_of_a_chunk_within_the_room_is_refused() -> None:
    with pytest.raises(
        ValueError, match="bout_offset = 100: must leave room for the start of a chunk of 1000"
    ):
        possible_starts(TrainingSplit(2880, 20000, 0, 19900, 0), 1000)


@pytest.mark.parametrize("method", ["uniform", "exponential", "stratified"])
def test_starts_are_possible_ones(method: str) -> None:
    index = many(method)
    assert set(index.ravel()) <= set(range(40))
    assert {0, 39} <= set(index.ravel())


def test_uniform_starts_are_all_alike_and_never_twice() -> None:
    index = many("uniform")
    assert all(len(set(row)) == 4 for row in index)
    counts = np.bincount(index.ravel().astype(int), minlength=40)
    expected = index.size / 40
    chi = ((counts - expected) ** 2 / expected).sum() / (1 - 4 / 40)  # without replacement they vary less
    assert chi < 80.0  # 39 degrees of freedom: once in 10^4


def test_exponential_starts_have_the_odds_of_the_definition() -> None:
    index = many("exponential", count=1, draws=20000).ravel()
    odds = np.exp(5 * np.arange(40) / 40)
    z = (index.mean() - (law := odds / odds.sum()) @ np.arange(40)) / (index.std() / np.sqrt(len(index)))
    assert abs(z) < 4
    assert abs(index.mean() - np.arange(40).mean()) > 10
    assert law[-1] > 0.11


def test_exponential_starts_never_come_twice() -> None:
    assert all(len(set(row)) == 4 for row in many("exponential", draws=200))


def test_stratified_starts_come_one_from_each_part() -> None:
    index = many("stratified", draws=500)
    assert (np.floor(index / 10) == np.arange(4)).all()


def test_draws_do_not_depend_on_where_calls_are_cut() -> None:
    draws = WindowDraws(STARTS, 3, "uniform")
    whole = draws(KEY, 0, 6)
    parts = [draws(KEY, 0, 2), draws(KEY, 2, 4)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert len({tuple(row) for row in np.asarray(whole).tolist()}) == 6


def test_more_windows_than_starts_are_refused() -> None:
    with pytest.raises(ValueError, match="count = 41"):
        sample_starts(KEY, STARTS, 41)
    with pytest.raises(ValueError, match="sample_method = 'even'"):
        sample_starts(KEY, STARTS, 2, "even")
