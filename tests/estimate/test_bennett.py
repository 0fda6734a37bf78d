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


def test_the_error_of_two_runs_each_way_is_that_of_its_formula() -> None:
    r"""Works 1 and 3 both ways have shares :math:`(1 \pm \tanh\frac12)/2` around 2: the error is ``sinh(1)/√2``."""
    both = np.array([1.0, 3.0])
    found = bennett(both, both)
    np.testing.assert_allclose(found, [2.0, np.sinh(1) / np.sqrt(2)], rtol=1e-12)
    # backward runs that all say 2 bring no spread of their own, and a slope of 1/4
    alike = bennett(both, np.full(2, 2.0))
    slope = (1 / np.cosh(0.5) ** 2 + 1) / 4
    np.testing.assert_allclose(alike, [2.0, np.tanh(0.5) / 2 / slope], rtol=1e-12)


def test_the_value_balances_both_ways_far_from_zero() -> None:
    """One forward and one backward work meet in the middle, wherever it lies."""
    for low, high in ((-1000.0, -990.0), (500.0, 510.0)):
        np.testing.assert_allclose(
            bennett(np.array([low]), np.array([high])).value, (low + high) / 2, rtol=1e-9
        )
    # with one of two forward runs lost its share is halved: σ(1 - c)/2 = σ(c - 3)
    value = bennett(np.array([1.0, -np.inf]), np.array([3.0, 3.0])).value
    np.testing.assert_allclose(1 / (1 + np.exp(value - 1)) / 2, 1 / (1 + np.exp(3 - value)), rtol=1e-9)
