"""Ensembles of strategies on a small market: the prior, the cold limit, links, and sets that can be played."""

import dataclasses
import itertools
from typing import Any

import jax
import numpy as np
import pytest
from scipy import stats
from tests.support.short_market import CLOSES, TEST_ROW, held_back_run, table

from isotherm.market.backtest import simulate
from isotherm.market.ensembles.bands import bands_of
from isotherm.market.ensembles.chains import EnsembleState
from isotherm.market.ensembles.ensemble import (
    EnsembleProblem,
    begun_ensemble,
    drawn,
    ensemble,
    ensemble_problem,
    finished_ensemble,
    is_drawn,
)
from isotherm.market.ensembles.outcome import Ensemble, effective_numbers
from isotherm.market.ensembles.sampling import Sampling
from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.market.train.loop import train
from isotherm.market.train.problem import problem_of

CHAINS = Sampling(beta=300.0, num_chains=8, num_draws=100, block=50, thin=4, num_warmup=100)


def daily(training: dict[str, Any] | None = None, **settings: Any) -> Fingerprint:
    """Two weeks of daily updates, no fees, all of them fitted by one window."""
    given = {
        "bout_offset": 0,
        "chunk_period": 1440,
        "endDateString": "2024-01-20 00:00:00",
        "initial_k_per_day": 0.5,
    }
    return held_back_run({"val_fraction": 0.0, "noise_scale": 0.3} | (training or {}), **given | settings)


def problem(sampling: Sampling = CHAINS, closes: np.ndarray = CLOSES) -> EnsembleProblem:
    return ensemble_problem(daily(), table(closes), sampling)


def played(beta: float) -> tuple[EnsembleProblem, EnsembleState, Ensemble]:
    posed = problem(CHAINS._replace(beta=beta))
    state = begun_ensemble(posed)
    while not is_drawn(posed, state):
        state = drawn(posed, state)
    return posed, state, finished_ensemble(posed, state)


@pytest.fixture(scope="module")
def warm() -> tuple[EnsembleProblem, EnsembleState, Ensemble]:
    return played(CHAINS.beta)


@pytest.fixture(scope="module")
def ladder() -> dict[float, Ensemble]:
    return {beta: played(beta)[2] for beta in (0.0, 30.0)}


def test_at_beta_0_there_is_the_prior(ladder: dict[float, Ensemble]) -> None:
    found = ladder[0.0]
    mean = problem().posterior.coordinates.params(np.asarray(problem().posterior.prior.mean))
    for name, value in found.params.items():
        for token in range(2):
            draws = (value[:, ::10, token] - mean[name][token]).ravel() / 0.3
            assert stats.kstest(draws, "norm").pvalue > 0.01


def test_colder_draws_do_better_and_chains_agree(
    ladder: dict[float, Ensemble], warm: tuple[EnsembleProblem, EnsembleState, Ensemble]
) -> None:
    found = [ladder[0.0], ladder[30.0], warm[2]]
    objectives = [one.objective for one in found]
    for low, high in itertools.pairwise(objectives):
        assert high.value - low.value > 4 * np.hypot(low.error, high.error)
    assert max(one.rhat.max() for one in found) < 1.05
    assert all("do not agree" not in note for one in found for note in one.notes)


def test_a_parameter_that_nothing_reads_stays_as_the_prior_has_it(ladder: dict[float, Ensemble]) -> None:
    draws = ladder[30.0].params["logit_delta_lamb"][:, ::10] / 0.3
    assert stats.kstest(draws.ravel(), "norm").pvalue > 0.01


def test_the_optimum_is_the_cold_limit() -> None:
    """Two numbers that all tokens share, around an optimum that training finds from several starts."""
    rule = {"rule": "anti_momentum", "initial_k_per_day": 5.0, "initial_memory_length": 2.0}
    shared = {"force_scalar": True, "noise_scale": 0.5}
    training = {"n_iterations": 400, "n_parameter_sets": 1, "batch_size": 1, "base_lr": 0.05}
    training |= {"lr_schedule_type": "cosine", "evaluation_interval": 400, "iterations_per_print": 401}
    best = train(daily(shared | training, **rule), table())
    optimum = best.metadata["final_objective"]
    around = {"params": best.params, "noise_scale": 0.2}
    found = [
        ensemble(daily(shared, **rule), table(), CHAINS._replace(beta=beta, thin=8), **around)
        for beta in (300.0, 600.0)
    ]
    assert max(one.rhat.max() for one in found) < 1.05
    warm, cold = (one.objective for one in found)
    # what is lost falls as 1 / beta, by which it is extrapolated
    limit, error = 2 * cold.value - warm.value, np.hypot(2 * cold.error, warm.error)
    assert abs(limit - optimum) < 3 * error
    assert optimum - cold.value > 3 * error
    assert found[1].objectives.max() < optimum + 1e-6


def test_cuts_and_prices_of_the_test_change_no_bit(
    warm: tuple[EnsembleProblem, EnsembleState, Ensemble],
) -> None:
    closes = CLOSES.copy()
    closes[TEST_ROW:] *= 1.5
    other = problem(closes=closes)
    state = begun_ensemble(other)
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
    state = drawn(other, jax.tree.unflatten(jax.tree.structure(state), leaves), 99)
    for one, another in zip(jax.tree.leaves(state), jax.tree.leaves(warm[1]), strict=True):
        np.testing.assert_array_equal(one, another)


def test_sets_and_the_mean_and_the_best_can_be_played(
    warm: tuple[EnsembleProblem, EnsembleState, Ensemble],
) -> None:
    posed, _, found = warm
    best = simulate(daily(), found.best, table(), with_test=True)
    assert posed.training.gradient.objective.name == "daily_log_sharpe"
    bands = bands_of(posed.training, found.sets(800), quantiles=(0.0, 0.5, 1.0))
    np.testing.assert_allclose(bands.objectives["train"].max(), found.objectives.max(), rtol=1e-6)
    which = int(np.argmax(found.objectives))
    one = {name: value[which : which + 1] for name, value in found.sets(800).items()}
    alone = bands_of(posed.training, one, quantiles=(0.5,))
    np.testing.assert_allclose(alone.value[0], best.value[::1440], rtol=1e-9)
    np.testing.assert_allclose(alone.weights[0], best.weights[::1440], rtol=1e-6, atol=1e-9)
    assert (bands.value[0] <= alone.value[0] + 1e-6).all()
    assert (bands.value[2] >= alone.value[0] - 1e-6).all()
    np.testing.assert_allclose(bands.hodl, best.hodl[::1440], rtol=1e-12)
    assert bands.is_test.sum() == 9
    assert bands.minutes[bands.is_test][0] == 14 * 1440
    middle = simulate(daily(), found.mean, table())
    assert np.isfinite(middle.value).all()


def test_what_is_held_is_judged_over_each_part_as_pools_are(
    warm: tuple[EnsembleProblem, EnsembleState, Ensemble],
) -> None:
    posed = problem_of(daily(return_val="returns"), table())
    bands = bands_of(posed, warm[2].sets(1), quantiles=(0.5,), every=1)
    assert set(posed.split.parts) == {"train", "test"}
    for part, (first, last) in posed.split.parts.items():
        held, own = (value[last - 1] / value[first] - 1 for value in (bands.hodl, bands.value[0]))
        assert bands.hodl_objectives[part] == pytest.approx(held, rel=1e-9)
        assert bands.objectives[part] == pytest.approx([own], rel=1e-9)


def test_an_ensemble_pool_says_the_mean_of_its_members(
    warm: tuple[EnsembleProblem, EnsembleState, Ensemble],
) -> None:
    found = warm[2]
    settings, params = found.pool(3)
    assert settings["rule"] == "ensemble__momentum"
    whole = simulate(settings, params, table())
    twice = dataclasses.replace(found, params={name: value[:1, :1] for name, value in found.params.items()})
    twice = dataclasses.replace(twice, objectives=found.objectives[:1, :1])
    settings, params = twice.pool(1)
    alone = simulate(settings, params, table())
    plain = simulate(daily(), {name: value[0] for name, value in twice.sets(1).items()}, table())
    np.testing.assert_allclose(alone.value, plain.value, rtol=1e-12)
    assert whole.value[-1] != alone.value[-1]
    with pytest.raises(ValueError, match="rule = 'ensemble__momentum': is an ensemble"):
        dataclasses.replace(found, settings=settings).pool(2)


def test_effective_parameters_are_those_of_the_raw_ones(
    warm: tuple[EnsembleProblem, EnsembleState, Ensemble],
) -> None:
    found = warm[2]
    effective = found.effective()
    assert set(effective) == {"memory_days", "k_per_day"}
    np.testing.assert_allclose(effective["k_per_day"], 2 ** found.params["log_k"], rtol=1e-12)
    assert effective["memory_days"].shape == (8, 100, 2)
    assert (effective["memory_days"] > 0).all()
    assert (effective["memory_days"] <= 4.0 + 1e-9).all()


def test_effective_parameters_are_told_beside_others_of_any_shape() -> None:
    draws = {
        "log_k": np.ones((4, 5, 2)),
        "raw_min_budget": np.zeros((4, 5)),
        "logit_lamb": np.zeros((4, 5, 2)),
    }
    settings = daily().with_defaults()
    found = effective_numbers(draws, settings)
    assert {name: value.shape for name, value in found.items()} == {
        "memory_days": (4, 5, 2), "k_per_day": (4, 5, 2),
    }  # fmt: skip
    three = {
        "logit_lamb": np.zeros((4, 5, 3, 2)),
        "logit_lamb_for_ewma": np.zeros((4, 5, 2)),
        "log_k": draws["log_k"],
    }
    assert set(effective_numbers(three, settings)) == {"k_per_day"}
    assert effective_numbers({"memory_days_1": np.full(2, 3.0)}, settings)["memory_days_1"].tolist() == [
        3.0,
        3.0,
    ]
    assert effective_numbers({"raw_width": np.zeros((4, 5, 2))}, settings) == {}


@pytest.mark.slow
def test_a_ladder_and_populations_agree_with_chains(
    warm: tuple[EnsembleProblem, EnsembleState, Ensemble],
) -> None:
    value, error = warm[2].objective
    evidences = []
    for method in ("tempering", "smc"):
        found = ensemble(daily(), table(), CHAINS._replace(method=method, num_rungs=5))
        other = found.objective
        assert abs(other.value - value) < 4 * np.hypot(error, other.error)
        evidences.append(found.log_evidence)
    apart = evidences[0].value - evidences[1].value
    assert abs(apart) < 4 * np.hypot(evidences[0].error, evidences[1].error)


def test_what_does_not_fit_is_refused(warm: tuple[EnsembleProblem, EnsembleState, Ensemble]) -> None:
    posed, _, found = warm
    with pytest.raises(ValueError, match="state = 'begun': must be after a block"):
        finished_ensemble(posed, warm[1]._replace(num_blocks=np.asarray(0)))
    with pytest.raises(TypeError, match="problem"):
        begun_ensemble(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="state"):
        drawn(posed, None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="num_blocks = 0"):
        drawn(posed, warm[1], 0)
    with pytest.raises(ValueError, match="count = 801"):
        found.sets(801)
    with pytest.raises(ValueError, match=r"quantiles = "):
        bands_of(posed.training, found.sets(2), quantiles=(1.5,))
    with pytest.raises(ValueError, match="block = 30"):
        problem(CHAINS._replace(block=30))
