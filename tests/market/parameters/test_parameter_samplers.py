"""Points that fill the cube: strata, ranges, and the streams they come from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters.samplers import (
    SAMPLERS,
    centered_latin_hypercube,
    grid,
    latin_hypercube,
    sampled,
    sobol,
)  # fmt: skip


@given(st.sampled_from(sorted(SAMPLERS)), st.integers(1, 40), st.integers(1, 8), st.integers(0, 9))
def test_points_lie_within_and_follow_from_the_seed(method: str, n: int, d: int, seed: int) -> None:
    points = sampled(method, n, d, seed)
    assert points.shape == (n, d)
    assert ((points >= 0) & (points < 1)).all()
    np.testing.assert_array_equal(points, sampled(method, n, d, seed))


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 9))
def test_hypercubes_have_a_point_in_each_stratum(n: int, d: int, seed: int) -> None:
    for points in (latin_hypercube(n, d, seed), centered_latin_hypercube(n, d, seed)):
        strata = np.sort(np.floor(points * n), axis=0)
        np.testing.assert_array_equal(strata, np.tile(np.arange(n)[:, None], (1, d)))


def test_centered_points_are_a_shuffle_a_dimension() -> None:
    rng = np.random.default_rng(3)
    columns = []
    for _ in range(2):
        strata = np.arange(6)
        rng.shuffle(strata)
        columns.append((strata + 0.5) / 6)
    np.testing.assert_array_equal(centered_latin_hypercube(6, 2, 3), np.array(columns).T)


def test_other_seeds_give_other_points() -> None:
    for method in ("lhs", "sobol", "centered_lhs"):
        assert not np.array_equal(sampled(method, 8, 3, 0), sampled(method, 8, 3, 1))
    assert latin_hypercube(50, 1, 0).std() == pytest.approx(1 / np.sqrt(12), rel=0.05)


def test_sobol_points_are_even_without_the_first() -> None:
    points = sobol(63, 3, 0)
    # of 64 points each 1/64 of an axis holds one: without the first, one is missing
    for column in points.T:
        counts = np.bincount(np.floor(column * 64).astype(int), minlength=64)
        assert counts.max() == 1
        assert counts.sum() == 63


def test_grid_nodes_are_different_and_as_few_as_will_do() -> None:
    points = grid(9, 2, 0)
    np.testing.assert_allclose(sorted(set(points[:, 0])), [0.1, 0.5, 0.9])
    assert len({tuple(point) for point in points}) == 9
    many = grid(10, 2, 0)
    assert len({tuple(point) for point in many}) == 10
    np.testing.assert_allclose(np.unique(np.round(grid(16, 2, 0), 12)), np.linspace(0.1, 0.9, 4))
    assert grid(1, 3, 0).tolist() == [[0.5, 0.5, 0.5]]
    assert set(np.unique(grid(50, 80, 0))) == {0.1, 0.9}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((0, 1, 0), "n_samples"), ((1, 0, 0), "n_dims"), ((1, 1, -1), "seed"), ((2**24 + 1, 1, 0), "n_samples")],
)
def test_numbers_out_of_range_are_refused(arguments: tuple[int, int, int], field: str) -> None:
    for method in SAMPLERS:
        with pytest.raises(ValueError, match=f"^{field} = "):
            sampled(method, *arguments)


def test_other_names_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^method = 'soboll': is unknown; did you mean 'sobol'"):
        sampled("soboll", 1, 1, 0)
    with pytest.raises(ValueError, match=r"^n_dims"):
        sobol(2, 30_000, 0)
