"""What draws tell, by hand: means over blocks, which numbers do not agree, and what is said of them."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.market.ensembles.chains import EnsembleState, Start
from isotherm.market.ensembles.outcome import Ensemble, ensemble_of, log_evidence
from isotherm.market.ensembles.sampling import Sampling
from isotherm.market.ensembles.tuning import StepTuning
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.train.coordinates import Coordinates

COORDINATES = Coordinates(("a", "b"), ((), (2,)))


def state(outside: float = 0.0, impossible: float = 0.0, **others: Any) -> EnsembleState:
    """Four chains of fifty draws of three numbers, in two blocks."""
    rng = np.random.default_rng(0)
    nothing = StepTuning(jnp.zeros(1), jnp.zeros(1), jnp.zeros((1, 3, 3)))
    own = {
        "start": Start(nothing, np.ones(1), outside, impossible),
        "chains": None,
        "num_blocks": np.asarray(2),
        "draws": rng.normal(size=(4, 50, 3)),
        "objectives": rng.normal(size=(4, 50, 1)),
        "rates": np.array([[0.2], [0.6]]),
        "log_z": np.zeros(0),
        "shares": np.zeros(0),
    }
    return EnsembleState(**own | others)


def ensemble(found: EnsembleState) -> Ensemble:
    return ensemble_of(found, Sampling(), COORDINATES, {}, Fingerprint().with_defaults(), ("first",))


def test_rates_are_means_over_blocks_and_nothing_is_said_of_draws_that_agree() -> None:
    found = ensemble(state())
    assert found.rates == pytest.approx([0.4])
    assert found.labels == ("a", "b[0]", "b[1]")
    assert found.notes == ("first",)


def test_the_number_that_agrees_least_is_named_though_another_stands_still() -> None:
    rng = np.random.default_rng(1)
    draws = rng.normal(size=(4, 50, 3))
    draws[..., 0] = 1.0  # of which there is no R-hat
    draws[0, :, 1] += 3.0
    draws[0, :, 2] += 9.0
    found = ensemble(state(draws=draws))
    assert np.isnan(found.rhat[0])
    assert found.notes[1] == (f"chains do not agree yet: R-hat of b[1] is {found.rhat[2]:.3f}, above 1.05")
    objectives = rng.normal(size=(4, 50, 1))
    objectives[0] += 9.0
    assert "R-hat of objective is" in ensemble(state(objectives=objectives)).notes[1]


def test_what_lies_outside_of_the_support_is_told() -> None:
    assert ensemble(state(outside=0.125, impossible=0.5)).notes[1:] == (
        "12.50% of the prior's draws are outside of the support: their objective is no finite number",
        "50.00% of the warm-up's moves could not be accepted",
    )


def test_the_best_the_mean_and_the_objective_are_of_the_coldest_rung() -> None:
    objectives = np.stack([-np.arange(200.0).reshape(4, 50), np.arange(200.0).reshape(4, 50)], -1)
    own = state(objectives=objectives, rates=np.zeros((2, 1)))
    found = ensemble(own)
    assert found.objective.value == 99.5
    np.testing.assert_array_equal(found.best["b"], own.draws[3, 49, 1:])
    np.testing.assert_allclose(found.mean["a"], own.draws[..., 0].mean())
    np.testing.assert_array_equal(found.sets(3)["a"], own.draws[[0, 2, 3], [0, 0, 49], 0])


def test_the_evidence_of_populations_is_the_mean_of_what_each_says() -> None:
    """Of two that say 1 and 3: 2, with an error of 1, half of which is the relative one."""
    found = log_evidence(state(log_z=np.log([1.0, 3.0])), "smc")
    assert found == pytest.approx((np.log(2.0), 0.5))
    assert np.isnan(log_evidence(state(log_z=np.log([3.0])), "smc").error)
