"""The law of an ensemble: its prior, its windows, its support, and that it knows nothing of the test."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.support.short_market import CLOSES, TEST_ROW, held_back_run, table

from isotherm.energy.tilt.tilted import Tilted
from isotherm.market.ensembles.posterior import even_starts, posterior_of
from isotherm.market.train.points import FixedPoints
from isotherm.market.train.problem import TrainingProblem, problem_of
from isotherm.market.train.windows import WindowStarts


@pytest.fixture(scope="module")
def problem() -> TrainingProblem:
    return problem_of(held_back_run(), table())


def test_the_prior_is_normal_around_the_first_set(problem: TrainingProblem) -> None:
    posterior = posterior_of(problem, 2, noise_scale=0.5)
    prior = posterior.prior
    names = ("log_k", "logit_delta_lamb", "logit_lamb")
    assert posterior.coordinates.names == names
    expected = np.concatenate([problem.params[name][0] for name in names])
    np.testing.assert_array_equal(prior.mean, expected)
    np.testing.assert_allclose(prior.factor, 0.5 * np.eye(6), rtol=1e-12)
    assert prior.mean.dtype == jnp.float64
    default = posterior_of(problem).prior
    np.testing.assert_allclose(np.diag(default.factor), 0.1)


def test_the_objective_is_the_mean_over_windows_of_what_training_climbs(problem: TrainingProblem) -> None:
    posterior = posterior_of(problem, 3)
    reward = posterior.objective
    with jax.enable_x64(True):
        draw = posterior.prior.mean + 0.1
        params = posterior.coordinates.params(draw) | reward.fixed
        each = [problem.gradient.objective(params, start) for start in reward.points.starts]
        np.testing.assert_allclose(reward(draw), np.mean(each), rtol=1e-12)
        assert len({float(value) for value in each}) == 3
    assert set(reward.fixed) == {"initial_weights_logits"}
    starts = problem.draws.starts
    assert reward.points.starts.tolist()[0] == starts.first
    assert reward.points.starts.tolist()[-1] == starts.first + starts.spacing * (starts.rows - 1)


def test_minutes_that_are_walked_give_the_same_as_days(problem: TrainingProblem) -> None:
    walked = problem_of(held_back_run(use_fused_reserves=False), table())
    rewards = [posterior_of(one, 2).objective for one in (problem, walked)]
    assert (rewards[0].points.known is None, rewards[1].points.known is None) == (False, True)
    with jax.enable_x64(True):
        draw = posterior_of(problem).prior.mean - 0.2
        values = [jax.value_and_grad(reward)(draw) for reward in rewards]
    np.testing.assert_allclose(values[0][0], values[1][0], rtol=1e-8)
    np.testing.assert_allclose(values[0][1], values[1][1], rtol=1e-6, atol=1e-9)


@settings(max_examples=4)
@given(factors=some.lists(some.floats(0.5, 2.0), min_size=2, max_size=2))
def test_prices_of_validation_and_test_change_nothing(problem: TrainingProblem, factors: list[float]) -> None:
    closes = CLOSES.copy()
    held = problem.split.first + problem.split.fitted - 1
    assert held < TEST_ROW
    closes[held:TEST_ROW] *= factors[0]
    closes[TEST_ROW:] *= factors[1]
    for one, other in zip(answers(problem), answers(problem_of(held_back_run(), table(closes))), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_fitted_price_changes_the_law(problem: TrainingProblem) -> None:
    closes = CLOSES.copy()
    closes[problem.split.first + problem.split.fitted // 2 :, 0] *= 1.1
    for one, other in zip(answers(problem), answers(problem_of(held_back_run(), table(closes))), strict=True):
        assert (np.asarray(one) != np.asarray(other)).any()


def answers(problem: TrainingProblem) -> tuple[Any, Any]:
    """The objective at a few draws, and its gradients."""
    posterior = posterior_of(problem, 2)
    with jax.enable_x64(True):
        draws = posterior.prior.mean[None] + jnp.linspace(-0.2, 0.3, 3)[:, None] * jnp.ones((1, 6))
        return slopes(posterior.tilted, draws)


@eqx.filter_jit
def slopes(tilted: Tilted, draws: Any) -> Any:
    return jax.vmap(jax.value_and_grad(tilted.reward))(draws)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e6, -1e6])
def test_no_finite_number_in_any_window_is_outside_of_the_support(
    problem: TrainingProblem, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    reward = posterior_of(problem, 2).objective
    monkeypatch.setattr(FixedPoints, "values", lambda self, params: jnp.array([1.0, value]))
    assert float(reward(jnp.zeros(6))) == -np.inf
    monkeypatch.setattr(FixedPoints, "values", lambda self, params: jnp.array([1.0, 999.0]))
    assert float(reward(jnp.zeros(6))) == 500.0


def test_windows_and_widths_out_of_range_are_refused(problem: TrainingProblem) -> None:
    with pytest.raises(ValueError, match="num_windows = 4: must be at most 3, the possible starts"):
        posterior_of(problem, 4)
    with pytest.raises(ValueError, match="noise_scale = 0"):
        posterior_of(problem, noise_scale=0.0)
    with pytest.raises(TypeError, match="problem"):
        posterior_of(None)  # type: ignore[arg-type]
    assert even_starts(WindowStarts(5, 2, 9), 1).tolist() == [5]
