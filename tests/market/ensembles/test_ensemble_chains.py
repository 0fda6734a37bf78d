"""Three samplers on a law that is known: moments, evidence, support, and links that are cut anywhere."""

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.tilt.bases import GaussianPolicy
from isotherm.energy.tilt.tilted import QuadraticReward, Tilted
from isotherm.exact.tilt import tilted_law
from isotherm.market.ensembles import chains
from isotherm.market.ensembles.chains import EnsembleState, begun_chains, blank_state, moved
from isotherm.market.ensembles.outcome import log_evidence
from isotherm.market.ensembles.sampling import Sampling

METHODS = ("mala", "tempering", "smc")
MEAN, VARIANCE = np.array([0.8, -0.5]), np.array([0.2, 0.5])
"""Of the law below at beta = 1: a normal prior of variance 1, tilted by curvatures 4 and 1 around 1 and -1."""


def law(curvature: float = 4.0) -> Tilted:
    with jax.enable_x64(True):
        prior = GaussianPolicy(np.zeros(2), np.eye(2))
        return Tilted(prior, QuadraticReward(np.diag([curvature, 1.0]), [1.0, -1.0]))


def sampling(method: Any, **others: Any) -> Sampling:
    given = {"beta": 1.0, "num_chains": 64, "num_draws": 300, "block": 100, "thin": 3, "num_warmup": 60}
    rungs = None if method == "mala" else 3
    return Sampling(**given | {"method": method, "num_rungs": rungs} | others).checked()


@pytest.fixture(scope="module")
def begun() -> dict[str, EnsembleState]:
    return {method: begun_chains(law(), sampling(method)) for method in METHODS}


@pytest.fixture(scope="module")
def found(begun: dict[str, EnsembleState]) -> dict[str, EnsembleState]:
    return {
        method: moved(law(), sampling(method), state, sampling(method).num_blocks)
        for method, state in begun.items()
    }


def scores(state: EnsembleState, mean: Any = MEAN, variance: Any = VARIANCE) -> np.ndarray:
    """z-scores of first and second moments, of chains that are independent."""
    x = state.draws
    moments = np.concatenate([x, (x - mean) ** 2, (x - mean).prod(-1, keepdims=True)], -1).mean(1)
    error = moments.std(0, ddof=1) / np.sqrt(len(moments))
    return (moments.mean(0) - np.concatenate([mean, variance, [0.0]])) / error


@pytest.mark.parametrize("method", METHODS)
def test_moments_are_those_of_the_known_law(found: dict[str, EnsembleState], method: str) -> None:
    assert np.abs(scores(found[method])).max() < 4


@pytest.mark.parametrize("method", METHODS)
def test_a_mean_that_is_off_by_a_fortieth_fails(found: dict[str, EnsembleState], method: str) -> None:
    assert np.abs(scores(found[method], mean=np.array([0.775, -0.5]))).max() > 4


@pytest.mark.parametrize("method", METHODS)
def test_draws_and_objectives_belong_together(found: dict[str, EnsembleState], method: str) -> None:
    state = found[method]
    assert state.draws.shape == (64, 300, 2)
    away = state.draws - np.array([1.0, -1.0])
    expected = -0.5 * (4 * away[..., 0] ** 2 + away[..., 1] ** 2)
    np.testing.assert_allclose(state.objectives[..., -1], expected, rtol=1e-12)
    assert state.draws.dtype == np.float64


@pytest.mark.parametrize("method", ["tempering", "smc"])
def test_the_evidence_is_that_of_the_closed_form(found: dict[str, EnsembleState], method: str) -> None:
    with jax.enable_x64(True):
        exact = tilted_law(law(), 1.0).log_z
    value, error = log_evidence(found[method], method)
    assert 0 < error < 0.02
    assert abs(value - exact) < 4 * error
    assert abs(value + 0.1 - exact) > 4 * error


def test_chains_at_one_temperature_tell_no_evidence(found: dict[str, EnsembleState]) -> None:
    assert np.isnan(log_evidence(found["mala"], "mala")).all()


def test_each_rung_holds_its_own_law(found: dict[str, EnsembleState]) -> None:
    state = found["tempering"]
    betas = state.start.betas
    assert betas[0] == 0
    assert betas[-1] == 1
    for rung, beta in enumerate(betas):
        with jax.enable_x64(True):
            ends = [tilted_law(law(), float(at)).log_z for at in (beta + 1e-4, max(beta - 1e-4, 0))]
        rise = ends[0] - ends[1]
        chains = state.objectives[:, :, rung].mean(1)
        error = chains.std(ddof=1) / np.sqrt(len(chains))
        width = 1e-4 + min(beta, 1e-4)
        assert abs(chains.mean() - rise / width) < 4 * error + 1e-3


def test_steps_are_accepted_as_often_as_is_best(found: dict[str, EnsembleState]) -> None:
    assert found["mala"].rates.mean() == pytest.approx(0.574, abs=0.05)
    assert (found["smc"].rates > 0.4).all()
    assert (found["tempering"].rates > 0.2).all()
    covariance = found["mala"].start.tuning.covariances[0]
    np.testing.assert_allclose(covariance, np.diag(VARIANCE), rtol=0.2, atol=0.03)


@pytest.mark.parametrize("method", ["mala", "tempering"])
def test_rates_are_of_all_moves_of_a_block_and_the_first_has_its_warm_up(
    found: dict[str, EnsembleState], method: str
) -> None:
    state = found[method]
    total = 360 * state.rates[0] + 300 * state.rates[1] + 300 * state.rates[2]
    np.testing.assert_allclose(np.asarray(state.chains.sums).mean(0), total, rtol=1e-9)


def test_particles_of_which_most_still_count_become_equal_draws_too(begun: dict[str, EnsembleState]) -> None:
    """Of particles that hardly move, and that are too many still to be resampled on the way."""
    start = begun["smc"].start
    still = eqx.tree_at(lambda tuning: tuning.log_steps, start.tuning, start.tuning.log_steps - 20.0)
    start = start._replace(tuning=still, betas=np.array([0.0, 0.3, 0.6]))
    state = moved(law(1.0), sampling("smc"), begun["smc"]._replace(start=start), 64)
    assert state.shares.min() > 0.5
    mean, variance = np.array([0.375, -0.375]), np.array([0.625, 0.625])
    assert np.abs(scores(state, mean, variance)).max() < 4


@pytest.mark.parametrize("method", ["tempering", "smc"])
def test_ladders_lead_from_the_prior_to_the_inverse_temperature_that_is_asked(method: str) -> None:
    betas = begun_chains(law(), sampling(method, beta=2.0, num_warmup=10)).start.betas
    assert (betas[0], betas[-1], len(betas)) == (0.0, 2.0, 3)


def test_shares_are_those_of_the_step_that_left_fewest(begun: dict[str, EnsembleState]) -> None:
    """Of a step from one temperature to the next: ``Z(b)^2 / (Z(a) Z(2b - a))`` of many particles."""

    def log_z(beta: float) -> float:
        return float(tilted_law(law(), beta).log_z)

    betas = [0.0, 0.05, 1.0]
    with jax.enable_x64(True):
        steps = [np.exp(2 * log_z(b) - log_z(a) - log_z(2 * b - a)) for a, b in itertools.pairwise(betas)]
    assert steps[0] > steps[1] + 0.3
    start = begun["smc"].start._replace(betas=np.array(betas))
    state = moved(law(), sampling("smc"), begun["smc"]._replace(start=start), 8)
    assert state.shares.mean() == pytest.approx(steps[1], abs=0.05)


def test_more_moves_a_draw_are_other_moves(
    begun: dict[str, EnsembleState], found: dict[str, EnsembleState]
) -> None:
    for method in METHODS:
        other = moved(law(), sampling(method, thin=1), begun[method], 1)
        first = found[method].draws[:1] if method == "smc" else found[method].draws[:, :100]
        assert not (other.draws == first).all(-1).all()
        assert (other.draws != first).any(-1).mean() > 0.5


@pytest.mark.parametrize("method", METHODS)
def test_cuts_change_no_bit_and_a_state_can_be_kept_as_arrays(
    begun: dict[str, EnsembleState], found: dict[str, EnsembleState], method: str
) -> None:
    settings, state = sampling(method), begun[method]
    for count in (1, settings.num_blocks // 2, 99):
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
        state = moved(law(), settings, jax.tree.unflatten(jax.tree.structure(begun[method]), leaves), count)
    assert int(state.num_blocks) == settings.num_blocks
    for one, other in zip(jax.tree.leaves(state), jax.tree.leaves(found[method]), strict=True):
        assert isinstance(one, np.ndarray)
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("method", METHODS)
def test_a_blank_state_has_the_structure_and_dtypes_of_all(
    found: dict[str, EnsembleState], method: str
) -> None:
    blank = blank_state(sampling(method))
    assert jax.tree.structure(blank) == jax.tree.structure(found[method])
    for one, other in zip(jax.tree.leaves(blank), jax.tree.leaves(found[method]), strict=True):
        assert one.dtype == other.dtype


def test_another_seed_draws_others(found: dict[str, EnsembleState]) -> None:
    settings = sampling("mala", seed=1)
    other = moved(law(), settings, begun_chains(law(), settings), 1)
    assert not (other.draws == found["mala"].draws[:, :100]).any()


class HalfSpace(eqx.Module):
    """A reward whose first number must be above 0; elsewhere there is none."""

    inner: QuadraticReward

    def __call__(self, x: Any) -> Any:
        return jnp.where(x[0] > 0, self.inner(x), -jnp.inf)


@pytest.mark.parametrize("method", ["mala", "smc"])
def test_outside_of_the_support_there_is_no_draw_and_it_is_told(method: str) -> None:
    with jax.enable_x64(True):
        half = Tilted(
            GaussianPolicy(np.zeros(2), np.eye(2)), HalfSpace(QuadraticReward(np.eye(2), np.zeros(2)))
        )
    settings = sampling(method)
    state = moved(half, settings, begun_chains(half, settings), settings.num_blocks)
    assert state.draws[..., 0].min() > 0
    assert float(state.start.outside) == pytest.approx(0.5, abs=0.05)
    assert 0.05 < float(state.start.impossible) < 0.6
    # half a normal law of variance 1/2 in the first number, all of it in the second
    means = state.draws.mean(1)
    error = means.std(0, ddof=1) / np.sqrt(len(means))
    assert np.abs((means.mean(0) - [np.sqrt(1 / np.pi), 0.0]) / error).max() < 4


class Edge(eqx.Module):
    """A reward with a value everywhere, and with a slope where the first number is above 0."""

    inner: QuadraticReward

    def __call__(self, x: Any) -> Any:
        return self.inner(x) + jnp.sqrt(jnp.maximum(x[0], 0.0))


def test_draws_without_a_slope_are_outside_and_their_share_is_told() -> None:
    """Of a prior around 0.5 of variance 1, 30.85 % are below 0; chains begin at others."""
    with jax.enable_x64(True):
        edge = Tilted(GaussianPolicy([0.5, 0.0], np.eye(2)), Edge(QuadraticReward(np.eye(2), np.zeros(2))))
        positions, variances, outside = chains._first_positions(jax.random.key(0), edge, 64)
    assert outside == pytest.approx(0.3085, abs=0.05)
    assert np.asarray(positions)[:, 0].min() > 0
    np.testing.assert_allclose(variances, 1.0, atol=0.2)


def test_as_many_draws_inside_as_there_are_chains_are_enough(monkeypatch: Any) -> None:
    def few(keys: Any, tilted: Tilted, batch: int) -> Any:
        places = jnp.arange(len(keys))
        return jnp.stack([places, -places], 1).astype(float), places % 16 == 5

    monkeypatch.setattr(chains, "_candidates", few)
    positions, _, outside = chains._first_positions(jax.random.key(0), law(), 64)
    assert outside == 15 / 16
    assert np.asarray(positions)[:2].tolist() == [[5.0, -5.0], [21.0, -21.0]]


def test_a_prior_that_hardly_meets_the_support_is_refused() -> None:
    with jax.enable_x64(True):
        far = Tilted(
            GaussianPolicy([-9.0, 0.0], np.eye(2)), HalfSpace(QuadraticReward(np.eye(2), np.zeros(2)))
        )
    with pytest.raises(
        ValueError, match="noise_scale = 'with 0 of 1024 draws within the support': must be smaller"
    ):
        begun_chains(far, sampling("mala"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"method": "hmc"}, "method = 'hmc'"),
        ({"beta": -1.0}, "beta = -1.0"),
        ({"beta": float("inf")}, "beta = inf"),
        ({"num_chains": 1}, "num_chains = 1"),
        ({"num_draws": 3}, "num_draws = 3"),
        ({"num_draws": 50, "block": 20}, "block = 20: must divide num_draws, 50"),
        ({"thin": 0}, "thin = 0"),
        ({"num_warmup": 9}, "num_warmup = 9"),
        ({"num_rungs": 1}, "num_rungs = 1"),
        ({"seed": -1}, "seed = -1"),
        ({"beta": 0.0, "method": "tempering"}, "beta = 0.0: must be above 0 for 'tempering'"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Sampling(**wrong).checked()
    assert Sampling(num_draws=50, block=20, method="smc").checked().num_blocks == 8
