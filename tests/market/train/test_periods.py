"""Periods of one run: where they lie, and what is made of their objectives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.market.train.periods import Periods, period_parts


def test_the_last_period_takes_what_remains() -> None:
    assert [tuple(part) for part in period_parts(3, 100)] == [(0, 33), (33, 66), (66, 100)]


def test_overlapping_periods_are_of_one_length() -> None:
    parts = period_parts(3, 100, 0.4)
    assert [last - first for first, last in parts] == [33, 33, 33]
    assert [part.first for part in parts] == [0, 20, 40]


@pytest.mark.parametrize(("aggregation", "wanted"), [("mean", 2.0), ("min", -1.0), ("sum", 6.0)])
def test_aggregations(aggregation: str, wanted: float) -> None:
    assert float(Periods(3, 0, aggregation).aggregated(jnp.array([3.0, -1.0, 4.0]))) == wanted


def test_the_soft_minimum_lies_between_the_least_and_the_mean() -> None:
    values = jnp.array([3.0, -1.0, 4.0])
    cold, warm, hot = (float(Periods(3, 0, "softmin", t).aggregated(values)) for t in (0.01, 2.0, 1e6))
    assert cold == pytest.approx(-1.0)
    assert hot == pytest.approx(2.0, abs=1e-4)
    law = np.exp(-np.array([3.0, -1.0, 4.0]) / 2)
    assert warm == pytest.approx(law @ [3.0, -1.0, 4.0] / law.sum(), rel=1e-5)
    slope = jax.grad(Periods(3, 0, "softmin", 0.01).aggregated)(values)
    assert int(jnp.argmax(slope)) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"count": 0}, "count = 0"),
        ({"count": 2, "overlap": 1.0}, "overlap = 1"),
        ({"count": 2, "aggregation": "max"}, "aggregation = 'max'"),
        ({"count": 2, "temperature": 0.0}, "temperature = 0"),
    ],
)
def test_what_is_out_of_range_is_refused(given: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Periods(**given)


def test_periods_without_minutes_are_refused() -> None:
    with pytest.raises(ValueError, match="count = 60: cuts 100 minutes into periods of 1"):
        period_parts(60, 100)
