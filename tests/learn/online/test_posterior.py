"""The online posterior against its equations, written out with loops, and its variances against differences."""

import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.dense import Ising
from isotherm.learn.online.posterior import (
    PRIOR_VARIANCE,
    IsingPosterior,
    log_odds_exact,
    log_odds_local,
    log_odds_variance,
    moderated,
    observe_exact,
    observe_local,
)
from isotherm.sample.clamp import Clamp

N = 3


def model(biases: list[float], pairs: list[float]) -> Ising:
    couplings = np.zeros((N, N), np.float32)
    couplings[np.triu_indices(N, 1)] = pairs
    return Ising(jnp.asarray(biases, jnp.float32), jnp.asarray(couplings + couplings.T))


def posterior() -> IsingPosterior:
    """After some steps: every entry its own."""
    return IsingPosterior(
        model([3.0, -2.0, 1.0], [4.0, -5.0, 2.5]),
        model([2.0, 4.0, 7.0], [3.0, 8.0, 5.0]),
        jnp.float32(0.2),
        jnp.float32(0.1),
    )


def seen(values: list[int]) -> Clamp:
    """Zeros are unseen."""
    return Clamp(jnp.asarray(values) != 0, jnp.asarray([v or 1 for v in values], jnp.int8))


def test_before_anything_is_seen_every_variance_is_the_priors() -> None:
    variance = IsingPosterior.prior(N).variance
    np.testing.assert_allclose(variance.biases, PRIOR_VARIANCE, rtol=1e-6)
    np.testing.assert_allclose(variance.couplings, 0.05, rtol=1e-6)
    np.testing.assert_array_equal(IsingPosterior.prior(N).mean.biases, 0)


def test_means_and_variances_are_those_of_gaussians_in_information_form() -> None:
    np.testing.assert_allclose(posterior().variance.biases, 1 / np.array([7.0, 9.0, 12.0]), rtol=1e-6)
    np.testing.assert_allclose(posterior().mean.biases, np.array([3 / 7, -2 / 9, 1 / 12]), rtol=1e-6)
    np.testing.assert_allclose(posterior().variance.couplings[0, 1], 1 / 13, rtol=1e-6)
    np.testing.assert_allclose(posterior().mean.couplings[2, 0], -5 / 18, rtol=1e-6)
    kept = posterior().keep(jnp.float32(0.5))
    np.testing.assert_allclose(kept.variance.biases, 1 / np.array([6.0, 7.0, 8.5]), rtol=1e-6)
    np.testing.assert_allclose(kept.mean.biases, np.array([1.5 / 6, -1 / 7, 0.5 / 8.5]), rtol=1e-6)


def test_one_step_of_the_pseudo_likelihood_follows_its_equations() -> None:
    before, spins = posterior(), np.array([1.0, -1.0, 0.0])
    b, w = np.asarray(before.mean.biases, float), np.asarray(before.mean.couplings, float)
    after = observe_local(before, seen([1, -1, 0]))
    expected = np.tanh(b + w @ spins)
    for i in range(N):
        is_seen = float(spins[i] != 0)
        h = (1 - expected[i] ** 2) * is_seen
        xi = before.information.biases[i] + (spins[i] - expected[i]) * is_seen + h * b[i]
        assert float(after.information.biases[i]) == pytest.approx(float(xi), rel=1e-5)
        assert float(after.curvature.biases[i]) == pytest.approx(float(before.curvature.biases[i]) + h)
    g = ((1 - expected[0]) * -1 + (-1 - expected[1]) * 1) / 2
    h = ((1 - expected[0] ** 2) + (1 - expected[1] ** 2)) / 2
    assert float(after.information.couplings[0, 1]) == pytest.approx(4 + g + h * w[0, 1], rel=1e-5)
    assert float(after.curvature.couplings[1, 0]) == pytest.approx(3 + h, rel=1e-5)
    for other in ((0, 2), (2, 1)):
        assert after.information.couplings[other] == before.information.couplings[other]
    # the prior's variance follows mean square and variance of the parameters before
    second = np.asarray(before.mean.biases) ** 2 + np.asarray(before.variance.biases)
    assert float(after.bias_variance) == pytest.approx(second.mean(), rel=1e-5)
    upper = np.triu_indices(N, 1)
    second = np.asarray(before.mean.couplings)[upper] ** 2 + np.asarray(before.variance.couplings)[upper]
    assert float(after.coupling_variance) == pytest.approx(second.mean(), rel=1e-5)


def test_one_step_of_the_likelihood_moves_by_moments_held_less_free() -> None:
    before = posterior()
    after = observe_exact(before, seen([1, 0, 0]))
    states = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], float)
    b, w = np.asarray(before.mean.biases, float), np.asarray(before.mean.couplings, float)
    weights = np.exp(states @ b + np.einsum("si,ij,sj->s", states, w, states) / 2)
    held = weights * (states[:, 0] > 0)
    free_p, held_p = weights / weights.sum(), held / held.sum()
    g = (held_p - free_p) @ states
    np.testing.assert_allclose(
        after.information.biases - before.information.biases, g + g**2 * b, rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(after.curvature.biases - before.curvature.biases, g**2, rtol=1e-3, atol=1e-5)
    pair = (held_p - free_p) @ (states[:, 1] * states[:, 2])
    assert float(after.information.couplings[1, 2]) == pytest.approx(2.5 + pair + pair**2 * w[1, 2], rel=1e-4)
    np.testing.assert_array_equal(np.diag(after.information.couplings), 0)


def moved(before: IsingPosterior, where: tuple[int, ...], by: float) -> IsingPosterior:
    """With one parameter of the mean moved, a coupling in both halves."""
    biases, couplings = np.array(before.information.biases), np.array(before.information.couplings)
    if len(where) == 1:
        biases[where] += by / before.variance.biases[where]
    else:
        couplings[where] += by / before.variance.couplings[where]
        couplings[where[::-1]] += by / before.variance.couplings[where]
    return before._replace(information=Ising(jnp.asarray(biases), jnp.asarray(couplings)))


@pytest.mark.parametrize("context", [[0, 0, 0], [0, -1, 0], [0, 1, -1]])
def test_the_variance_of_log_odds_is_that_of_finite_differences(context: list[int]) -> None:
    """First order: squares of slopes times variances, over the parameters that the context speaks to."""
    before, held, step = posterior(), seen(context), 1e-2
    total = np.zeros(N)
    for where in [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]:
        up, down = (log_odds_local(moved(before, where, by), held) for by in (step, -step))
        slope = np.asarray(up - down, float) / (2 * step)
        part = before.variance.biases if len(where) == 1 else before.variance.couplings
        total += slope**2 * float(part[where])
    np.testing.assert_allclose(log_odds_variance(before, held)[:1], total[:1], rtol=2e-3)


def test_log_odds_are_twice_the_field_where_all_others_are_known() -> None:
    held = seen([0, 1, -1])
    b, w = posterior().mean.biases, posterior().mean.couplings
    field = float(b[0] + w[0, 1] - w[0, 2])
    assert float(log_odds_local(posterior(), held)[0]) == pytest.approx(2 * field, rel=1e-5)
    assert float(log_odds_exact(posterior(), held)[0]) == pytest.approx(2 * field, rel=1e-3)


def test_moderated_probabilities_average_the_logistic_function() -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    for odds, variance in ((0.7, 0.0), (1.5, 2.0), (-2.0, 4.0)):
        exact = (weights / (1 + np.exp(-odds - np.sqrt(variance) * nodes))).sum() / weights.sum()
        found = float(moderated(jnp.float32([odds]), jnp.float32([variance]))[0])
        assert found == pytest.approx(exact, abs=0.012)
        if variance == 0:
            assert found == pytest.approx(exact, abs=1e-6)
