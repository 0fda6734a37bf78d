"""Steps of a Langevin sampler: between inverse temperatures, along covariances, and where nothing can move."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.tilt.bases import GaussianPolicy
from isotherm.energy.tilt.tilted import QuadraticReward, Tilted
from isotherm.market.ensembles import tuning
from isotherm.market.ensembles.tuning import StepTuning, TunedSteps, tuned


def test_steps_between_two_temperatures_are_geometric_and_covariances_arithmetic_means() -> None:
    with jax.enable_x64(True):
        covariances = jnp.stack([jnp.eye(2), 3 * jnp.eye(2)])
        steps = StepTuning(jnp.array([0.0, 2.0]), jnp.log(jnp.array([1.0, 4.0])), covariances)
        step, covariance = steps.at(jnp.array(1.0))
        assert float(step) == pytest.approx(2.0, rel=1e-12)
        np.testing.assert_allclose(covariance, 2 * np.eye(2), rtol=1e-12)


def test_covariances_are_drawn_a_tenth_of_the_way_to_independence_and_never_to_nothing() -> None:
    with jax.enable_x64(True):
        draws = jnp.array([[[1.0, 2.0], [-1.0, -2.0], [1.0, 0.0], [-1.0, 0.0]]])
        found = tuning._covariances(draws + 7.0, jnp.array([100.0, 200.0]))
        np.testing.assert_allclose(found, [[[1.0001, 0.9], [0.9, 2.0002]]], rtol=1e-12)
        still = tuning._covariances(jnp.ones((1, 4, 2)), jnp.array([100.0, 200.0]))
        np.testing.assert_allclose(still, [np.diag([1e-4, 2e-4])], rtol=1e-12, atol=1e-18)


class Island(eqx.Module):
    """A reward that is nowhere but where the first number is 0."""

    def __call__(self, x: Any) -> Any:
        return jnp.where(x[0] == 0, 0.0 * x[1], -jnp.inf)


def fitted(reward: Callable[[], Any], betas: list[float]) -> TunedSteps:
    """Of sixteen chains that begin at 0, from a normal prior."""
    with jax.enable_x64(True):
        law = Tilted(GaussianPolicy(np.zeros(2), np.eye(2)), reward())
        given = (np.array(betas), jnp.zeros((16, 2)), jnp.ones(2), 40)
        return tuned(jax.random.key(0), law, *given)


def test_moves_that_could_not_be_accepted_are_a_share_of_all() -> None:
    lost = fitted(Island, [1.0])
    assert lost.impossible == pytest.approx(1.0, rel=1e-6)
    assert not np.asarray(lost.positions).any()
    assert fitted(lambda: QuadraticReward(np.eye(2), np.zeros(2)), [1.0]).impossible == 0.0


def test_chains_end_where_the_coldest_law_is() -> None:
    found = fitted(lambda: QuadraticReward(np.eye(2), [2.0, -1.0]), [0.0, 400.0])
    away = np.asarray(found.positions) - np.array([2.0, -1.0]) * 400 / 401
    assert np.abs(away).max() < 5 / np.sqrt(401)
    assert found.tuning.log_steps.shape == (2,)
