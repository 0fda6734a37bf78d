"""Fixed windows: which there are, and the mean objective over them of one set, of many, by days and by minutes."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.short_market import run_of, table

from isotherm.market.train.points import FixedPoints, evaluation_points, population_values
from isotherm.market.train.problem import TrainingProblem, problem_of
from isotherm.market.train.windows import WindowStarts

KEY = jax.random.key(5)
STARTS = WindowStarts(first=2880, spacing=60, rows=200)


def test_points_are_random_and_spaced_ones_each_once_and_in_order() -> None:
    found = evaluation_points(KEY, STARTS, 20)
    index = (found - 2880) / 60
    assert np.array_equal(index, np.unique(index.round()))
    spaced = set(np.linspace(0, 199, 20).round())
    assert spaced <= set(index)
    assert {0.0, 199.0} <= set(index)
    assert len(index) > 30
    assert len(set(index) - spaced) <= 20
    assert not np.array_equal(found, evaluation_points(jax.random.key(6), STARTS, 20))
    others = [evaluation_points(jax.random.key(seed), STARTS, 1) for seed in range(40)]
    assert max(one.max() for one in others) > 2880 + 60 * 150


def test_where_there_is_little_room_all_starts_are_points() -> None:
    assert evaluation_points(KEY, STARTS._replace(rows=4), 20).tolist() == [2880, 2940, 3000, 3060]
    assert evaluation_points(KEY, STARTS._replace(rows=1), 20).tolist() == [2880]


def problem(dtype: str = "float64", **settings: Any) -> TrainingProblem:
    own = {"method": "cma_es", "n_parameter_sets": 3, "cma_es_settings": {"compute_dtype": dtype}}
    return problem_of(run_of(own, **settings), table())


@pytest.mark.parametrize("settings", [{}, {"fees": 0.003}])
def test_the_mean_over_points_is_that_of_single_windows(settings: dict[str, Any]) -> None:
    found = problem(**settings)
    assert isinstance(found.points, FixedPoints)
    assert (found.points.known is None) == bool(settings)
    with jax.enable_x64(True):
        objective = found.gradient.objective
        one = {name: value[1] for name, value in found.params.items()}
        each = eqx.filter_jit(lambda params, start: objective(params, start))
        wanted = [float(each(one, start)) for start in found.points.starts]
        values = population_values(found.points, found.params)
        mean, uphill = eqx.filter_jit(FixedPoints.mean_and_gradient)(found.points, one)
        plain = jax.grad(
            lambda params: jnp.mean(jnp.stack([objective(params, s) for s in found.points.starts]))
        )
        wanted_uphill = jax.jit(plain)(one)
    assert values.shape == (3, 3)
    np.testing.assert_allclose(values[1], wanted, rtol=1e-10)
    assert float(mean) == pytest.approx(np.mean(wanted), rel=1e-10)
    for name, value in uphill.items():
        np.testing.assert_allclose(value, wanted_uphill[name], rtol=1e-7, atol=1e-11)
    assert np.abs(uphill["log_k"]).sum() > 1e-4


@pytest.mark.parametrize(("settings", "error"), [({}, 1e-4), ({"fees": 0.003}, 1e-3)])
def test_single_precision_is_near_double(settings: dict[str, Any], error: float) -> None:
    values = []
    for dtype in ("float64", "float32"):
        found = problem(dtype, **settings)
        assert found.points is not None
        assert found.points.dtype == dtype
        with jax.enable_x64(True):
            values.append(population_values(found.points, found.params))
    np.testing.assert_allclose(values[1], values[0], rtol=error)
    assert (values[1] != values[0]).any()
