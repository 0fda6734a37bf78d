"""Bennett's estimate against normal work, whose ratio of partition functions is known."""

import numpy as np
from tests.support.stats import assert_mean

from isotherm.estimate.bennett import bennett


def test_value_and_error_are_those_of_normal_work() -> None:
    """Works that are normal both ways lie half a variance below and above the log of the ratio (Crooks)."""
    rng, right, num_runs = np.random.default_rng(0), 3.0, 200
    for scatter in (0.3, 1.5):
        forward = rng.normal(right - scatter**2 / 2, scatter, (400, num_runs))
        backward = rng.normal(right + scatter**2 / 2, scatter, (400, num_runs))
        found = [bennett(ahead, behind) for ahead, behind in zip(forward, backward, strict=True)]
        values = np.array([each.value for each in found])
        assert_mean(values, np.array(right))
        stated = np.sqrt(np.mean([each.error**2 for each in found]))
        assert 0.85 < values.std() / stated < 1.15


def test_runs_that_do_not_overlap_have_no_error_to_tell() -> None:
    assert bennett(np.full(20, -np.inf), np.zeros(20)).error == np.inf
    assert not bennett(np.full(20, -1e3), np.full(20, 1e3)).error < 1e3


def test_one_run_each_way_gives_a_value_but_no_error() -> None:
    found = bennett(np.array([1.0]), np.array([3.0]))
    assert (found.value, found.error) == (2.0, np.inf)
    lost = bennett(np.array([1.0, 1.0, -np.inf]), np.array([3.0, 3.0, 3.0]))
    assert 1.0 < lost.value < 2.0
    assert 0 < lost.error < np.inf
