"""Training: each objective recovers a known model, a continued fit equals an unbroken one, and what is refused."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from isotherm.energy.graph import FactorGraph
from isotherm.energy.machines import boltzmann_machine, restricted_boltzmann
from isotherm.exact.exact import exact
from isotherm.learn.fit import Fit, FitState, fit
from isotherm.learn.objectives import ExactLikelihood, Objective, PseudoLikelihood, Sampled
from isotherm.learn.observations import Observations
from isotherm.sample.schedule import Schedule

N = 6
OPTIMIZER = optax.adam(optax.cosine_decay_schedule(0.1, 120))
SAMPLED = Sampled(num_chains=500, negative=Schedule(0, 1, 2))


@functools.cache
def truth() -> FactorGraph:
    rng = np.random.default_rng(0)
    return boltzmann_machine(N, couplings=0.3 * rng.normal(size=15), biases=0.3 * rng.normal(size=N))


@functools.cache
def data(rows: int = 20_000) -> Observations:
    draws = exact(truth()).draw(jax.random.key(0), rows)
    return Observations.of(truth(), draws)


def blank() -> FactorGraph:
    return boltzmann_machine(N)


def error(found: FactorGraph) -> float:
    """Root mean square error of the couplings."""
    return float(np.sqrt(np.mean((np.asarray(found.parameters[1]) - np.asarray(truth().parameters[1])) ** 2)))


@pytest.mark.parametrize(
    ("objective", "num_epochs", "batch_size"),
    [(PseudoLikelihood(), 120, None), (SAMPLED, 10, 1_600)],
    ids=["pseudo-likelihood", "persistent"],
)
def test_couplings_are_recovered_from_draws(
    objective: Objective, num_epochs: int, batch_size: int | None
) -> None:
    found = fit(
        jax.random.key(1), blank(), data(), objective, OPTIMIZER, num_epochs=num_epochs, batch_size=batch_size
    )
    assert error(blank()) > 0.2
    assert (
        error(found.graph) < 0.015
    )  # 1 / sqrt(20,000) = 0.007, and the noise of a batch where there are batches


def test_exact_likelihood_matches_moments_and_recovers_couplings() -> None:
    found = fit(jax.random.key(1), blank(), data(), ExactLikelihood(), OPTIMIZER, num_epochs=120)
    assert error(found.graph) < 0.015
    s = data().values["visible"].astype(float)
    rows, columns = blank().scopes[1].variables.T
    moments = exact(found.graph).moments
    np.testing.assert_allclose(moments[0], s.mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(moments[1], (s[:, rows] * s[:, columns]).mean(axis=0), atol=1e-3)


def with_holes() -> tuple[FactorGraph, Observations]:
    """The same draws with one entry in ten missing at random."""
    values = np.array(data().values["visible"])
    return blank(), Observations.of(
        blank(), np.where(np.random.default_rng(1).uniform(size=values.shape) < 0.1, 0, values)
    )


@pytest.mark.slow
def test_missing_entries_are_completed() -> None:
    graph, rows = with_holes()
    found = fit(jax.random.key(2), graph, rows, SAMPLED, OPTIMIZER, num_epochs=20, batch_size=1_000)
    assert error(found.graph) < 0.02
    zeros = fit(jax.random.key(2), graph, rows, PseudoLikelihood(), OPTIMIZER, num_epochs=120)
    assert error(zeros.graph) > error(found.graph)


def machine() -> tuple[FactorGraph, Observations]:
    rng = np.random.default_rng(3)
    graph = restricted_boltzmann(N, 4, 0.1 * rng.normal(size=(N, 4)))
    return graph, Observations.of(graph, {"visible": data(2_000).values["visible"]})


@functools.cache
def likelihood_of_independence() -> float:
    s = data(2_000).values["visible"].astype(float)
    p = (1 + s.mean(axis=0)) / 2
    return float((p * np.log(p) + (1 - p) * np.log(1 - p)).sum())


@pytest.mark.parametrize("start", ["persistent", "data", pytest.param("fresh", marks=pytest.mark.slow)])
def test_a_restricted_machine_learns_more_than_the_means(start: str) -> None:
    graph, rows = machine()
    warmup = 20 if start == "fresh" else 0
    objective = Sampled(start=start, negative=Schedule(warmup, 1, 2), num_chains=200)
    found = fit(jax.random.key(4), graph, rows, objective, optax.adam(0.02), num_epochs=10, batch_size=100)
    score = float(ExactLikelihood().score(found.graph, rows, 1.0))
    entropy = float(ExactLikelihood().score(truth(), data(2_000), 1.0))
    assert (
        likelihood_of_independence() + 0.5 * (entropy - likelihood_of_independence()) < score < entropy + 0.02
    )


def test_one_step_from_fresh_chains_is_that_of_the_exact_gradient() -> None:
    """Within four and a half errors of 4,000 chains, which are at most ``1/√4000`` a moment."""
    graph, num_chains = boltzmann_machine(N, couplings=-0.2, biases=0.4), 4_000
    objective = Sampled(start="fresh", negative=Schedule(20, 1, 1), num_chains=num_chains)
    found, wanted = (
        fit(jax.random.key(1), graph, data(2_000), one, optax.sgd(1.0), num_epochs=1).graph.parameters
        for one in (objective, ExactLikelihood())
    )
    for one, other, before in zip(found, wanted, graph.parameters, strict=True):
        np.testing.assert_allclose(one, other, atol=4.5 / num_chains**0.5)
        assert np.abs(np.asarray(other) - np.asarray(before)).max() > 10 / num_chains**0.5, "cannot fail"


def run(num_epochs: int, before: Fit | None = None, averaging: float = 0.9) -> Fit:
    return fit(
        jax.random.key(5),
        blank(),
        data(2_000),
        SAMPLED,
        OPTIMIZER,
        num_epochs=num_epochs,
        batch_size=500,
        averaging=averaging,
        held_out=data(1_000),
        state=before.state if before else None,
    )


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_a_continued_fit_equals_an_unbroken_one_bit_for_bit(averaging: float) -> None:
    whole = run(5, averaging=averaging)
    parts = run(5, run(2, averaging=averaging), averaging)
    for one, other in zip(jax.tree.leaves(whole.state), jax.tree.leaves(parts.state), strict=True):
        np.testing.assert_array_equal(one, other)
    assert whole.state.epoch == len(whole.state.scores) == len(whole.state.gradient_norms) == 5
    assert not np.array_equal(run(4, averaging=averaging).state.parameters[1], whole.state.parameters[1])


@pytest.mark.parametrize("objective", [PseudoLikelihood(), ExactLikelihood()], ids=["traced", "on the host"])
def test_the_mean_is_that_of_the_parameters_that_the_callback_saw(objective: Objective) -> None:
    def trained(averaging: float, callback: Callable[[FitState], None] | None = None) -> Fit:
        return fit(
            jax.random.key(0),
            blank(),
            data(300),
            objective,
            optax.adam(0.1),
            num_epochs=4,
            averaging=averaging,
            callback=callback,
        )

    seen: list[FitState] = []
    found = trained(0.7, seen.append)
    assert [state.epoch for state in seen] == [1, 2, 3, 4]
    mean = [np.asarray(leaf, np.float64) for leaf in blank().parameters]
    for state in seen:
        mean = [0.7 * a + 0.3 * np.asarray(p) for a, p in zip(mean, state.parameters, strict=True)]
        for ours, by_hand in zip(state.averaged, mean, strict=True):
            np.testing.assert_allclose(ours, by_hand, rtol=1e-5, atol=1e-7)
    plain = trained(0.0)
    for i, raw in enumerate(plain.graph.parameters):
        np.testing.assert_array_equal(plain.state.averaged[i], raw)
        np.testing.assert_array_equal(found.graph.parameters[i], seen[-1].averaged[i])
        np.testing.assert_array_equal(found.state.parameters[i], raw)  # steps do not follow the mean
        assert np.abs(np.asarray(found.graph.parameters[i]) - np.asarray(raw)).max() > 0.01


def test_the_mean_is_taken_at_each_step_and_not_once_an_epoch() -> None:
    climb = optax.GradientTransformation(
        lambda parameters: (), lambda g, state, parameters=None: (jax.tree.map(jnp.ones_like, g), state)
    )
    found = fit(
        jax.random.key(0),
        blank(),
        data(300),
        PseudoLikelihood(),
        climb,
        num_epochs=1,
        batch_size=100,
        averaging=0.5,
    )
    np.testing.assert_array_equal(found.state.parameters[1], 3)  # 0, 1, 2, 3
    np.testing.assert_array_equal(found.graph.parameters[1], 0.125 * 0 + 0.125 * 1 + 0.25 * 2 + 0.5 * 3)


def test_the_mean_is_what_is_scored() -> None:
    found = fit(
        jax.random.key(0),
        blank(),
        data(300),
        PseudoLikelihood(),
        optax.sgd(0.2),
        num_epochs=3,
        averaging=0.9,
        held_out=data(1_000),
    )
    of_mean, of_last = (
        float(PseudoLikelihood().score(blank().with_parameters(p), data(1_000), 1.0))
        for p in (found.state.averaged, found.state.parameters)
    )
    assert found.state.scores[-1] == pytest.approx(of_mean, abs=1e-5)
    assert of_last > of_mean + 0.01  # the mean lags while scores rise
    np.testing.assert_array_equal(found.graph.parameters[1], found.state.averaged[1])


def test_epochs_compile_once(monkeypatch: pytest.MonkeyPatch) -> None:
    traced = []
    original = PseudoLikelihood.gradient
    monkeypatch.setattr(
        PseudoLikelihood, "gradient", lambda self, *args: (traced.append(1), original(self, *args))[1]
    )
    results = []
    for l2, beta, seed, averaging, callback in (
        (0.0, 1.0, 0, 0.5, None),
        (0.1, 0.5, 1, 0.9, None),
        (0.2, 2.0, 2, 0.1, None),
        (0.2, 2.0, 2, 0.1, lambda state: state.parameters),
    ):
        found = fit(
            jax.random.key(seed),
            blank(),
            data(300),
            PseudoLikelihood(),
            OPTIMIZER,
            num_epochs=3,
            beta=beta,
            l2=l2,
            averaging=averaging,
            callback=callback,
        )
        results.append(jax.tree.leaves(found.state))
    assert len(traced) == 1
    for silent, watched in zip(results[2], results[3], strict=True):
        np.testing.assert_array_equal(silent, watched)


def test_beta_scales_what_is_learned() -> None:
    found = fit(jax.random.key(1), blank(), data(), PseudoLikelihood(), OPTIMIZER, num_epochs=120, beta=0.5)
    halved = jax.tree.map(lambda leaf: leaf / 2, found.graph)
    assert error(halved) < 0.015


def test_penalties_shrink_couplings_and_leave_biases() -> None:
    fits = [
        fit(jax.random.key(0), blank(), data(), PseudoLikelihood(), OPTIMIZER, num_epochs=120, l1=l1, l2=l2)
        for l1, l2 in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0))
    ]
    sizes = [float(jnp.abs(found.graph.parameters[1]).mean()) for found in fits]
    assert sizes[1] < 0.7 * sizes[0]
    assert sizes[2] < 0.2 * sizes[0]
    assert float(jnp.abs(fits[2].graph.parameters[0]).mean()) > 0.1


def test_training_stops_early_and_keeps_the_best() -> None:
    rng = np.random.default_rng(6)
    noise = Observations.of(blank(), rng.choice([-1, 1], (20, N)))
    found = fit(
        jax.random.key(0),
        blank(),
        noise,
        PseudoLikelihood(),
        optax.adam(0.02),
        num_epochs=500,
        held_out=data(1_000),
        patience=3,
    )
    assert found.state.epoch < 100
    assert found.state.waited == 3
    assert np.nanargmax(found.state.scores) == found.state.epoch - 4
    best = float(PseudoLikelihood().score(found.graph, data(1_000), 1.0))
    assert best == pytest.approx(found.state.best_score, abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size = 0: should be within 1 .. 300"),
        ({"num_epochs": 0}, "num_epochs = 0: should be at least 1"),
        ({"patience": 2}, "patience = 2: needs held_out rows"),
        ({"l1": -1.0}, r"l1 = -1\.0: should be a finite number, at least 0"),
        ({"averaging": 1.0}, r"averaging = 1\.0: should be a finite number, at least 0 and below 1"),
        (
            {"optimizer": optax.sgd(float("inf")), "num_epochs": 5},
            "optimizer = 'step .': the gradient is no longer finite",
        ),
    ],
)
def test_bad_arguments_are_refused(changes: dict, message: str) -> None:
    arguments = {"optimizer": OPTIMIZER, "num_epochs": 1} | changes
    with pytest.raises(ValueError, match=message):
        fit(jax.random.key(0), blank(), data(300), PseudoLikelihood(), **arguments)


def test_objectives_refuse_what_they_cannot_do() -> None:
    with pytest.raises(ValueError, match="needs start='data' or 'fresh'"):
        Sampled(condition=("visible",))
    with pytest.raises(ValueError, match="num_chains = 0: should be at least 1"):
        Sampled(num_chains=0)
