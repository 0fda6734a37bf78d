"""Fits with known answers: closed forms, quadrature, held-out choices, ranks."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import chi2

from isotherm.act import Thompson, Transition
from isotherm.act.choices.calibration import calibration, ranks_of
from isotherm.act.choices.maximum import fit_map
from isotherm.act.choices.posterior import fit_nuts
from isotherm.act.choices.priors import positive, real, unit
from isotherm.act.choices.recorded import recorded
from isotherm.act.choices.target import problem
from isotherm.act.trials.habit import Habit
from isotherm.act.trials.softmax_q import SoftmaxQ
from isotherm.act.trials.stay import Chance, Stay

PRIOR = unit(0.6, 1.2)


def stayed(times: int, of: int, wins: bool = True) -> Transition:
    """Stays so many times, then switches each time."""
    action = np.cumsum(np.concatenate([[0], np.zeros(times), np.ones(of - times)])) % 2
    return Transition(None, action.astype(int), np.full(of + 1, float(wins)), None, None, None)


def stay(p):
    return Stay(2, after_win=p["stay"])


SUBJECTS = recorded([stayed(8, 10), stayed(3, 9), stayed(5, 5)])


def on_grid(times: int, of: int) -> tuple[np.ndarray, np.ndarray]:
    z = np.linspace(-6, 6, 4001)
    p = expit(np.log(0.6 / 0.4) + 1.2 * z)
    return z, times * np.log(p) + (of - times) * np.log1p(-p) - z**2 / 2


def test_the_most_probable_parameter_is_that_of_a_grid() -> None:
    found = fit_map(stay, {"stay": PRIOR}, SUBJECTS)
    for i, (times, of) in enumerate(((8, 10), (3, 9), (5, 5))):
        z, log_density = on_grid(times, of)
        best = int(log_density.argmax())
        assert abs(float(found.z[i, 0]) - z[best]) < 4e-3
        np.testing.assert_allclose(found.log_posterior[i], log_density[best] - np.log(2), rtol=1e-4)
        curvature = -np.gradient(np.gradient(log_density, z), z)[best]
        np.testing.assert_allclose(found.covariance[i, 0, 0], 1 / curvature, rtol=1e-2)
        np.testing.assert_allclose(found.parameters["stay"][i], expit(np.log(1.5) + 1.2 * z[best]), rtol=3e-3)
    assert float(found.slope.max()) < 1e-3


def test_held_out_choices_do_not_count_but_are_judged() -> None:
    action = np.array([0] * 5 + [1, 0, 1, 0, 1])
    one = recorded([Transition(None, action, np.ones(10), None, None, None)])
    weights = (np.arange(10) < 5)[None].astype(float)
    found = fit_map(stay, {"stay": PRIOR}, one, weights=weights)
    alone = fit_map(stay, {"stay": PRIOR}, recorded([stayed(4, 4)]))
    np.testing.assert_allclose(found.z, alone.z, atol=1e-4)
    p = float(found.parameters["stay"][0])
    np.testing.assert_allclose(found.each[0, 5:], np.log(1 - p), rtol=1e-5)


def test_two_parameters_climb_to_the_top() -> None:
    rng = np.random.default_rng(0)
    rows = [
        Transition(None, rng.integers(0, 2, 80), rng.integers(0, 2, 80).astype(float), None, None, None)
        for _ in range(3)
    ]
    priors = {"rate": unit(0.3, 1.5), "habit": real(0.0, 1.0), "precision": positive(3.0, 1.0)}

    def build(p):
        return Habit(SoftmaxQ(2, learning_rate=p["rate"], inverse_temperature=p["precision"]), p["habit"])

    found = fit_map(build, priors, recorded(rows))
    assert float(found.slope.max()) < 2e-3
    assert (np.linalg.eigvalsh(np.asarray(found.covariance)) > 0).all()


def test_parameters_keep_their_order_through_jax() -> None:
    """The entries of a mapping would come back sorted by name, and each parameter get another one's prior."""
    priors = {"stay": PRIOR, "again": unit(0.1, 0.5), "more": real(0.0, 1.0)}
    task = problem(stay, priors, SUBJECTS)
    again = jax.tree.map(lambda leaf: leaf, task)
    assert list(again.priors) == ["stay", "again", "more"]
    found = fit_map(stay, priors, SUBJECTS)
    alone = fit_map(stay, {"stay": PRIOR}, SUBJECTS)
    np.testing.assert_allclose(found.z[:, 0], alone.z[:, 0], atol=1e-3)
    np.testing.assert_allclose(found.z[:, 1:], 0, atol=1e-3)
    np.testing.assert_allclose(found.parameters["again"], 0.1, rtol=1e-3)


@pytest.mark.slow
def test_nuts_has_the_law_of_a_grid() -> None:
    priors = {
        "stay": PRIOR,
        "idle": real(0.0, 1.0),
    }  # not in the order of their names; the prior rules the other one
    found = fit_nuts(jax.random.key(0), stay, priors, SUBJECTS, num_warmup=200, num_samples=500)
    assert found.z.shape == (3, 4, 500, 2)
    idle = np.asarray(found.z[..., 1], np.float64)
    assert abs(idle.mean()) < 4.5 / np.sqrt(found.ess[:, 1].sum())
    assert abs(idle.std() - 1) < 4.5 / np.sqrt(found.ess[:, 1].sum())
    assert found.rhat.max() < 1.05
    for i, (times, of) in enumerate(((8, 10), (3, 9), (5, 5))):
        z, log_density = on_grid(times, of)
        weight = np.exp(log_density - log_density.max())
        weight /= weight.sum()
        mean = (weight * z).sum()
        sd = np.sqrt((weight * (z - mean) ** 2).sum())
        draws = np.asarray(found.z[i, :, :, 0], np.float64)
        assert abs(draws.mean() - mean) < 4.5 * sd / np.sqrt(found.ess[i, 0])
        assert abs(draws.std() / sd - 1) < 4.5 / np.sqrt(found.ess[i, 0])
        assert abs(draws.mean() - mean - 0.3 * sd) > 4.5 * sd / np.sqrt(found.ess[i, 0])  # it could fail
    wanted = expit(np.log(1.5) + 1.2 * np.asarray(found.z[..., 0]))
    np.testing.assert_allclose(found.parameters["stay"], wanted, rtol=1e-4)


def test_without_blackjax_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "blackjax", None)
    with pytest.raises(ImportError, match=r"pip install 'isotherm\[agents\]'"):
        fit_nuts(jax.random.key(0), stay, {"stay": PRIOR}, SUBJECTS)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"priors": {}}, ValueError, "priors"),
        ({"priors": {"stay": 0.5}}, TypeError, r"priors\['stay'\]"),
        ({"priors": {str(i): PRIOR for i in range(13)}}, ValueError, r"len\(priors\) = 13"),
        ({"build": lambda p: Thompson(3)}, TypeError, "Thompson has no closed law"),
        ({"build": 3}, TypeError, "build"),
        ({"recorded": SUBJECTS.subject(0)}, ValueError, r"recorded\.action\.shape"),
        ({"weights": np.ones((2, 2))}, ValueError, r"weights\.shape = \(2, 2\)"),
        ({"weights": -np.ones(SUBJECTS.action.shape)}, ValueError, "weights = -1"),
        ({"num_steps": 0}, ValueError, "num_steps = 0"),
    ],
)
def test_what_cannot_be_fitted_is_refused(given, error, message) -> None:
    arguments = {"build": lambda p: Chance(2), "priors": {"stay": PRIOR}, "recorded": SUBJECTS} | given
    with pytest.raises(error, match=message):
        fit_map(**arguments)


def test_priors_there_and_back() -> None:
    z = jnp.array([-1.5, 0.0, 2.0])
    for prior in (real(0.5, 2.0), positive(2.0, 0.7), unit(0.8, 1.3)):
        np.testing.assert_allclose(prior.standard(prior.value(z)), z, atol=1e-4)
    np.testing.assert_allclose(positive(2.0, 0.5).value(1.0), 2.0 * np.exp(0.5), rtol=1e-6)
    np.testing.assert_allclose(unit(0.8, 1.0).value(1.0), expit(np.log(4) + 1), rtol=1e-6)
    np.testing.assert_allclose(real(1.0, 3.0).value(-1.0), -2.0)
    for make, message in (
        (lambda: positive(0.0, 1.0), "median = 0"),
        (lambda: unit(1.0, 1.0), "median = 1"),
        (lambda: real(0.0, 0.0), "sd = 0"),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def test_ranks_and_their_test_by_hand() -> None:
    draws = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(ranks_of(np.array([0.0, 2.5, 9.0]), draws), [0, 2, 3])
    found = calibration([0, 0, 0, 3], num_draws=3, num_bins=2)
    np.testing.assert_array_equal(found.counts, [3, 1])
    np.testing.assert_array_equal(found.expected, [2, 2])
    assert found.chi2 == 1.0
    assert found.p == pytest.approx(chi2.sf(1.0, 1))
    uneven = calibration([0, 1, 2], num_draws=2, num_bins=2)
    np.testing.assert_array_equal(uneven.expected, [2, 1])
    np.testing.assert_array_equal(uneven.counts, [2, 1])
    with pytest.raises(ValueError, match="ranks"):
        calibration([4], num_draws=3, num_bins=2)
    with pytest.raises(ValueError, match="num_bins"):
        calibration([1], num_draws=3, num_bins=5)
    with pytest.raises(ValueError, match=r"draws\.shape"):
        ranks_of(np.zeros(2), np.zeros((3, 4)))
