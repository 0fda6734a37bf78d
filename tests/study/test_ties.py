"""Whether results are told apart, against Student's t by hand and against paired differences of real samples."""

import numpy as np
import pytest
from scipy import stats

from isotherm.study.tables import Estimate
from isotherm.study.ties import are_apart, best_and_tied, is_told, listed, sign, tied_with, width


def one(mean: float, se: float | None = 1.0, n: int = 20) -> dict:
    return {"mean": mean, "se": se, "n": n}


@pytest.mark.parametrize("n", [2, 3, 10, 200])
def test_width_is_that_of_a_two_sided_interval(n: int):
    assert width(n) == pytest.approx(stats.t.ppf(0.975, n - 1))


def test_a_difference_is_told_from_zero_beyond_its_interval_on_either_side():
    edge = width(20)
    for factor, told in ((0.99, 0), (1.01, 1)):
        assert sign(one(factor * edge)) == told
        assert sign(one(-factor * edge)) == -told
        assert is_told(one(-factor * edge)) == bool(told)


def test_without_an_error_nothing_is_told_and_with_none_of_it_everything():
    assert not is_told(one(5.0, None, 1))
    assert is_told(one(1e-9, 0.0))
    assert not is_told(one(0.0, 0.0))
    assert sign(one(-1e-9, 0.0, 4)) == -1


def test_means_over_the_same_runs_need_the_sum_of_their_errors():
    apart = 2 * width(20)
    assert are_apart(one(1.01 * apart), one(0.0))
    assert not are_apart(one(0.99 * apart), one(0.0))
    assert not are_apart(one(100.0, None, 1), one(0.0))


@pytest.mark.parametrize("correlation", [-1.0, -0.5, 0.0, 0.9])
def test_what_is_told_apart_without_pairs_is_told_apart_with_them(correlation: float):
    """The bound holds whatever the runs share."""
    rng = np.random.default_rng(0)
    for gap in np.linspace(0.1, 3.0, 20):
        noise = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], size=30)
        first, second = noise.T + np.array([[0.0], [gap]])
        if are_apart(Estimate.of(first).to_json(), Estimate.of(second).to_json()):
            assert is_told(Estimate.of(first - second).to_json())


def test_the_best_comes_first_and_those_tied_with_it_in_order():
    found = {"c": one(9.0, 0.1), "a": one(1.0, 0.1), "b": one(1.3, 0.1), "d": one(1.2, 0.1)}
    assert best_and_tied(found, lowest=True) == ["a", "d", "b"]
    assert best_and_tied(found, lowest=False) == ["c"]
    assert best_and_tied({name: told | {"se": None} for name, told in found.items()}, lowest=False) == list(
        "cbda"
    )


def test_words():
    assert tied_with(["A", "B", "C", "D"]) == ", tied with A, B, C and 1 other"
    assert listed(["A"]) == "A"
