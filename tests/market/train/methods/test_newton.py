"""BFGS: where it comes to rest, beside SciPy's; sets that rest stay; a lost set troubles nobody."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize
from tests.support.short_market import run_of, table

from isotherm.market.train.loop import begun, is_over, proceed, train
from isotherm.market.train.methods.newton import QuasiNewton
from isotherm.market.train.points import FixedPoints
from isotherm.market.train.problem import TrainingProblem, problem_of


def run(**settings: Any) -> Any:
    own = {"method": "bfgs", "n_parameter_sets": 3, "evaluation_interval": 3, "val_fraction": 0.0}
    return run_of(own | {"bfgs_settings": {"maxiter": 60} | settings})


def negative(problem: TrainingProblem, chosen: int) -> Any:
    """Of one set, and its gradient, of a row of numbers."""
    assert problem.points is not None
    points, others = problem.points, {name: value[chosen] for name, value in problem.params.items()}
    climb = jax.jit(lambda params: FixedPoints.mean_and_gradient(points, params))

    def found(row: np.ndarray) -> tuple[float, np.ndarray]:
        placed = problem.coordinates.placed(row[None], {name: value[None] for name, value in others.items()})
        with jax.enable_x64(True):
            value, uphill = climb({name: jnp.asarray(one[0]) for name, one in placed.items()})
        return -float(value), -problem.coordinates.rows({name: one[None] for name, one in uphill.items()})[0]

    return found


def test_it_comes_to_rest_where_another_library_does() -> None:
    problem = problem_of(run(), table())
    found = train(run(), table())
    descent = found.state.descent
    assert np.all(descent.memory.are_at_rest)
    assert found.metadata["epochs_trained"] < 61
    rows = problem.coordinates.rows(problem.params)
    ends = problem.coordinates.rows(descent.parameters)
    for chosen in (0, 1):
        other = minimize(
            negative(problem, chosen), rows[chosen], jac=True, method="BFGS", options={"gtol": 1e-7}
        )
        value, slope = negative(problem, chosen)(ends[chosen])
        assert value <= other.fun + 1e-6
        assert np.abs(slope).max() < 1e-3
        assert -value == np.float64(descent.values[-1][chosen])


def test_a_looser_tolerance_rests_earlier_and_at_rest_nothing_moves() -> None:
    loose, tight = (train(run(tol=tol), table()) for tol in (0.5, 1e-6))
    assert loose.metadata["epochs_trained"] < tight.metadata["epochs_trained"]
    problem = problem_of(run(tol=0.5), table())
    assert is_over(problem, loose.state)
    again, records = proceed(problem, loose.state, 3)
    assert records == []
    assert int(again.descent.step) == int(loose.state.descent.step)


def test_a_small_gradient_is_rest_though_the_next_step_is_long(monkeypatch: Any) -> None:
    """Down a quartic, by hand: by its slope from 0.3 to 0.273, and from there by that of the secant.

    The slope is 0.0069 there; that of the next secant would lead 0.04 farther.
    """

    def quartic(points: FixedPoints, params: Any) -> Any:
        return -jnp.sum(params["log_k"] ** 4) / 4

    climb = jax.value_and_grad(quartic, argnums=1)
    monkeypatch.setattr(FixedPoints, "mean", quartic)
    monkeypatch.setattr(FixedPoints, "mean_and_gradient", lambda *given: climb(*given))
    points = problem_of(run(), table()).points
    assert points is not None
    with jax.enable_x64(True):
        step = QuasiNewton(points, 0.01, ("log_k",))
        move = jax.jit(lambda params, memory: step(0, params, memory))
        params = {"log_k": jnp.array([[0.3]])}
        memory, places, rests = step.begun(params), [], []
        for _ in range(4):
            slope = move(params, memory)
            params, memory = {"log_k": params["log_k"] - slope.gradient["log_k"]}, slope.memory
            places.append(float(params["log_k"][0, 0]))
            rests.append(bool(memory.are_at_rest[0]))
    slope = 0.273**3
    last = 0.273 - slope * 0.027 / (0.3**3 - slope)
    np.testing.assert_allclose(
        places, [0.3, 0.273, last, last], rtol=1e-9
    )  # the first place is judged, no more
    assert rests == [False, False, True, True]


def test_rest_is_judged_however_iterations_are_cut() -> None:
    """Sets come to rest between two evaluations; links of a single iteration go on to the next one too."""
    own = {"method": "bfgs", "n_parameter_sets": 3, "evaluation_interval": 50, "val_fraction": 0.0}
    settings = run_of(own | {"bfgs_settings": {"maxiter": 60}})
    problem, whole = problem_of(settings, table()), train(settings, table())
    state, records, rested = begun(problem), [], 0
    while not is_over(problem, state):
        state, more = proceed(problem, state, 1)
        records += more
        rested += bool(state.descent.memory.are_at_rest.all())
    assert rested > 1
    assert str(records) == str(list(whole.records[1:]))
    assert records[-1]["train_objective"] is not None


def test_a_set_that_rests_stays_while_others_go_on() -> None:
    first = {name: np.array(value) for name, value in problem_of(run(), table()).params.items()}
    done = train(run(), table()).state.descent.parameters
    for name, value in first.items():
        value[1] = done[name][1]
    problem = problem_of(run(), table(), params=first)
    state, moved = begun(problem), 0
    while not is_over(problem, state):
        before = state.descent
        state, _ = proceed(problem, state, 1)
        assert bool(state.descent.memory.are_at_rest[1])
        moved += bool((state.descent.parameters["log_k"][0] != before.parameters["log_k"][0]).any())
    assert moved >= 2
    np.testing.assert_array_equal(state.descent.parameters["log_k"][1], first["log_k"][1])


def test_a_gradient_that_lies_is_not_followed_for_ever() -> None:
    """Weights at their limit of speed: the objective is flat, its straight-through gradient is not."""
    own = {"method": "bfgs", "n_parameter_sets": 2, "val_fraction": 0.0, "bfgs_settings": {"maxiter": 100}}
    found = train(run_of(own, rule="min_variance"), table())
    assert np.all(found.state.descent.memory.are_at_rest)
    assert found.metadata["epochs_trained"] < 60


def test_a_set_without_a_value_stays_where_it_is_and_the_others_find_theirs() -> None:
    problem = problem_of(run(), table())
    first = {name: np.array(value) for name, value in problem.params.items()}
    first["log_k"][1] = 3000.0
    found = train(run(), table(), params=first).state.descent
    whole = train(run(), table()).state.descent
    assert np.isnan(found.values[-1][1])
    np.testing.assert_array_equal(found.parameters["log_k"][1], [3000.0, 3000.0])
    few = min(len(found.values), len(whole.values))
    np.testing.assert_allclose(found.values[:few, [0, 2]], whole.values[:few, [0, 2]], rtol=1e-9)


def test_single_precision_finds_nearly_the_same() -> None:
    double, single = (
        train(run(compute_dtype=dtype), table()).state.descent for dtype in ("float64", "float32")
    )
    assert np.asarray(single.parameters["log_k"]).dtype == np.float64
    np.testing.assert_allclose(single.values[-1], double.values[-1], rtol=1e-4)
