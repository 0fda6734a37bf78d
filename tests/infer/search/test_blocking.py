"""Blocked Gibbs sampling has the law of the model, and stays where zeros let it."""

import time

import numpy as np
import pytest
from tests.support.stats import assert_unbiased
from tests.support.zero_models import enumerated, grid, possible_models

from isotherm.energy.tables import Names, Tables
from isotherm.exact.graph.narrowing import narrowed
from isotherm.infer.search import blocking
from isotherm.infer.search.blocking import blocked_chains, blocks

CHAINS = 16


@pytest.fixture
def small_cliques(monkeypatch) -> None:
    monkeypatch.setattr(blocking, "LIMIT", 9)


def one_hot(states: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([states[..., [v]] == np.arange(size) for v, size in enumerate(sizes)], axis=-1)


def drawn(tables: Tables, start: np.ndarray, samples: int, seed: int) -> np.ndarray:
    starts = np.tile(start, (CHAINS, 1))
    states, _ = blocked_chains(tables, starts, samples, seed, time.monotonic() + 60)
    return states


def test_marginals_are_those_of_the_model(small_cliques) -> None:
    seed = 0
    tables, planted = grid(3, 3, 3, seed, zeros=0.1)
    every = enumerated(tables)
    assert len(blocks(tables, seed)) > 1
    states = drawn(tables, planted, 60, seed)
    assert states.shape == (CHAINS, 60, 9)
    assert np.isfinite(tables.log_weight(states.reshape(-1, 9))).all()
    found = one_hot(states, tables.cardinalities)
    assert_unbiased(found, np.concatenate(every.marginals))
    colder = Tables(tables.cardinalities, tables.scopes, (2 * tables.logs[0],), Names())
    with pytest.raises(AssertionError, match="z ="):
        assert_unbiased(found, np.concatenate(enumerated(colder).marginals))


def test_zeros_that_single_changes_cannot_cross_are_crossed() -> None:
    """Equal neighbours: only all together can change."""
    equal = np.where(np.eye(2, dtype=bool), [[np.log(3.0), 0.0], [0.0, 0.0]], -np.inf)
    tables = Tables(np.full(4, 2), (np.array([[0, 1], [1, 2], [2, 3]]),), (equal[None],), Names())
    states = drawn(tables, np.zeros(4, np.int64), 50, 0)
    assert (states == states[..., :1]).all()
    assert_unbiased(states[..., :1] == 0, np.array([27 / 28]))


def test_each_variable_is_free_in_some_cut_whatever_the_model(small_cliques) -> None:
    for tables, evidence, _ in possible_models(60):
        smaller = narrowed(tables, evidence).tables
        free = [np.flatnonzero(one.free) for one in blocks(smaller, 0)]
        assert set(np.concatenate([*free, []])) == set(np.flatnonzero(smaller.cardinalities > 1))
    large = blocks(grid(12, 12, 3, 0)[0], 0)
    assert np.logical_or.reduce([one.free for one in large]).all()
    assert len(large) <= 3  # those not yet free are held last


def test_large_models_are_cut_in_regions(small_cliques, monkeypatch) -> None:
    monkeypatch.setattr(blocking, "MOST_TOGETHER", 20)
    tables, planted = grid(8, 8, 3, 0)
    found = blocks(tables, 0)
    assert max(one.free.sum() for one in found) <= 20
    assert np.logical_or.reduce([one.free for one in found]).all()
    states, sweeps = blocked_chains(tables, planted[None], 2 * len(found), 0, time.monotonic() + 60)
    assert sweeps >= 2
    assert (states != planted).any(axis=(0, 1)).sum() > 40


def test_samples_and_time_are_kept_to(small_cliques) -> None:
    tables, planted = grid(12, 12, 3, 0)
    num_told = 0

    def told() -> None:
        nonlocal num_told
        num_told += 1

    states, sweeps = blocked_chains(tables, planted[None], 14, 0, time.monotonic() + 60, told)
    assert states.shape == (1, 14, 144)
    assert num_told == 20  # three tenths are left out
    assert sweeps == 20 // len(blocks(tables, 0))
    again, _ = blocked_chains(tables, planted[None], 14, 0, time.monotonic() + 60)
    np.testing.assert_array_equal(states, again)
    nothing, sweeps = blocked_chains(tables, planted[None], 14, 0, time.monotonic())
    np.testing.assert_array_equal(nothing, planted[None, None])
    assert sweeps == 0
    begun = time.monotonic()
    blocked_chains(tables, planted[None], 10**6, 0, begun + 0.5)
    assert 0.5 <= time.monotonic() - begun < 3
