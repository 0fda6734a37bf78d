"""CMA-ES: finds what is to be found, stops, forgets nothing that it was told, and bears candidates without worth."""

from typing import Any

import numpy as np
import pytest
from tests.support.short_market import run_of, table

from isotherm.market.objectives.registry import CEILING
from isotherm.market.train.loop import begun, is_over, proceed, train
from isotherm.market.train.methods import search
from isotherm.market.train.methods.search import CovarianceSearch
from isotherm.market.train.problem import problem_of

CENTRE = np.array([1.0, -2.0, 0.5, 3.0])
SCALES = np.array([1.0, 10.0, 0.1, 3.0])


def worth(candidates: np.ndarray) -> np.ndarray:
    return -(((candidates - CENTRE) * SCALES) ** 2).sum(1)


def searched(generations: int, **given: Any) -> tuple[CovarianceSearch, float, int]:
    one = CovarianceSearch(np.zeros(4), **{"sigma": 0.5, "seed": 1, "population": None, "tol": 1e-8} | given)
    best = -np.inf
    for generation in range(generations):
        candidates = one.ask()
        values = worth(candidates)
        best = max(best, values.max())
        one.tell(candidates, values)
        if one.is_over:
            return one, best, generation
    return one, best, generations


def test_a_quadratic_is_climbed_to_its_top_and_the_search_stops_there() -> None:
    one, best, generation = searched(300)
    assert one.is_over
    assert best > -1e-12
    assert generation < 250
    assert one.population == 8
    wider = searched(300, tol=1e-3)
    assert wider[0].is_over
    assert wider[2] < generation - 20


@pytest.mark.parametrize(("tol", "is_over"), [(0.08, True), (0.06, False)])
def test_a_search_is_over_when_its_widest_axis_is_narrow(tol: float, is_over: bool) -> None:
    """Two of four candidates 0.1 away along one axis, the others 0.01 along another: deviations 0.071 and 0.007."""
    one = CovarianceSearch(np.zeros(2), sigma=0.5, seed=1, population=4, tol=tol)
    one.tell(np.array([[0.1, 0.0], [-0.1, 0.0], [0.0, 0.01], [0.0, -0.01]]), np.arange(4.0))
    assert one.is_over is is_over


def test_a_search_without_a_tolerance_stops_where_the_library_does() -> None:
    one, best, generation = searched(1000, tol=0.0)
    assert one.is_over
    assert best > -1e-12
    assert generation < 1000


def run(**settings: Any) -> Any:
    own = {"method": "cma_es", "n_parameter_sets": 2, "evaluation_interval": 4, "val_fraction": 0.0}
    return run_of(own | {"cma_es_settings": {"n_generations": 12, "population_size": 6} | settings})


@pytest.fixture(scope="module")
def whole() -> Any:
    return train(run(), table())


def test_the_best_candidate_so_far_is_kept_with_its_objective(whole: Any) -> None:
    told = whole.state.descent.memory.values
    assert told.shape == (12, 2, 6)
    best = np.maximum.accumulate(told.max(axis=2), axis=0)
    np.testing.assert_array_equal([record["objective"] for record in whole.records[1:]], best)
    assert (best[-1] > best[0]).all()
    rises = np.diff(best, axis=0) > 0
    for before, after, is_better in zip(whole.records[1:-1], whole.records[2:], rises, strict=True):
        moved = np.any(np.not_equal(before["log_k"], after["log_k"]), axis=1)
        np.testing.assert_array_equal(moved, is_better)


def test_objectives_of_records_are_those_of_their_parameters(whole: Any) -> None:
    import jax

    problem = problem_of(run(), table())
    for record in (whole.records[1], whole.records[-1]):
        params = {name: np.asarray(record[name]) for name in problem.params}
        with jax.enable_x64(True):
            assert problem.points is not None
            found = search.population_values(problem.points, params).mean(1)
        np.testing.assert_allclose(found, record["objective"], rtol=1e-9)


def test_sets_that_have_stopped_stay_and_all_stopped_is_the_end() -> None:
    problem = problem_of(run(tol=0.8, n_generations=60), table())
    state = begun(problem)
    while not is_over(problem, state):
        before = state
        state, records = proceed(problem, state, 1)
        for chosen in np.flatnonzero(before.descent.memory.have_stopped):
            assert np.isnan(state.descent.memory.values[-1, chosen]).all()
            for name, value in state.descent.parameters.items():
                np.testing.assert_array_equal(value[chosen], before.descent.parameters[name][chosen])
    assert state.descent.memory.have_stopped.all()
    assert int(state.descent.step) < 60
    assert (
        records[-1]["train_objective"] is not None
    )  # the last iteration is one that is judged, and no earlier one
    assert before.descent.memory.have_stopped.all()
    stopped_at = np.isfinite(state.descent.memory.values[..., 0]).sum(0)
    assert stopped_at[0] != stopped_at[1]


def test_candidates_without_a_value_are_the_worst(monkeypatch: Any) -> None:
    values = search.population_values

    def some_lost(points: Any, params: Any) -> Any:
        found = np.array(values(points, params))
        found[::3] = np.nan
        found[1::6] = np.inf
        return found

    monkeypatch.setattr(search, "population_values", some_lost)
    found = train(run(n_generations=4), table())
    told = found.state.descent.memory.values
    assert (told[:, :, ::3] == search.WORST).all()
    assert (told[:, :, 1] == search.WORST).all()
    assert search.WORST < -CEILING  # than which no objective is less
    assert all(np.isfinite(record["objective"]).all() for record in found.records[1:])


def test_the_width_of_the_law_and_its_population_are_those_of_the_settings() -> None:
    narrow = train(run(n_generations=1, sigma0=1e-6), table()).records[1]
    start = problem_of(run(), table()).params["log_k"]
    assert 0 < np.abs(np.subtract(narrow["log_k"], start)).max() < 1e-4
    default = begun(problem_of(run(population_size=None), table())).descent.memory.values
    assert default.shape == (0, 2, 4 + int(3 * np.log(6)))


def test_too_few_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match=r"cma_es_settings.population_size = 3: must be at least 4"):
        problem_of(run(population_size=3), table())
