"""log Z under penalties, offsets and zeros: right within its error, or said not to be converged."""

import sys
from collections.abc import Callable

import jax
import numpy as np
import pytest
from scipy import stats
from scipy.special import expit
from tests.support.cardinality import SIZE, choice, random_choice
from tests.support.small_graphs import law, mixed

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import categorical, spin
from isotherm.estimate.bennett import bennett
from isotherm.sample.temperatures.ais import LogZ, ais, log_z, reverse_ais
from isotherm.sample.temperatures.ais_estimate import judged
from isotherm.sample.temperatures.ais_path import problem_of
from isotherm.sample.temperatures.ais_run import follow, forward

PATH = sys.modules["isotherm.sample.temperatures.ais_path"]
CHAINS = 128


def assert_honest(found: LogZ, exact: float) -> None:
    assert not found.is_converged or abs(found.value - exact) < 5 * found.error + 1e-9, (found, exact)
    assert found.floor < exact + 1e-6 * max(1.0, abs(exact))
    assert (found.reason == "") == found.is_converged


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever a sweep is traced."""
    seen: list[int] = []
    sweep: Callable = PATH.sweep
    monkeypatch.setattr(PATH, "sweep", lambda *args: seen.append(1) or sweep(*args))
    return seen


def judge(seeds: range) -> list[LogZ]:
    results = []
    for seed in seeds:
        graph, exact = random_choice(seed)
        results.append(log_z(jax.random.key(seed), graph, error=0.15, num_chains=CHAINS, max_steps=2048))
        assert_honest(results[-1], exact)
    return results


def test_penalties_are_right_or_not_converged_and_compile_once(traces: list[int]) -> None:
    found = judge(range(5))
    assert sum(not one.is_converged for one in found) <= 1
    assert len(traces) <= 1


@pytest.mark.slow
def test_two_hundred_penalties() -> None:
    found = judge(range(200))
    assert sum(not one.is_converged for one in found) <= 20
    errors = np.array([one.error for one in found])
    exact = np.array([random_choice(seed).log_z for seed in range(200)])
    z = (np.array([one.value for one in found]) - exact) / errors
    assert 0.5 < np.sqrt((z**2).mean()) < 1.3
    assert abs(z.mean()) < 0.3


@pytest.mark.parametrize("offset", [0.0, 1e8, 1e12])
def test_a_constant_adds_exactly_itself(offset: float) -> None:
    """Split over two tables, one of them of a single variable."""
    graph, exact = choice(6, 2, 3.0, np.linspace(0, 1, 6))
    pairs, single = graph.factors
    assert isinstance(pairs, Factor)
    assert isinstance(single, Factor)
    moved = [np.array(pairs.weights), np.array(single.weights)]
    moved[0][3] += 0.75 * offset
    moved[1][5] += 0.25 * offset
    factors = [
        Factor.of(("x", "x"), pairs.scope.variables, moved[0]),
        Factor.of("x", np.arange(SIZE), moved[1]),
    ]
    shifted = FactorGraph.of(graph.variables, factors)
    tolerance = 1e-6 + 4e-16 * offset
    plain, other = (ais(jax.random.key(0), g, steps=65, num_chains=CHAINS) for g in (graph, shifted))
    assert plain.value == pytest.approx(exact, abs=5 * plain.error)
    if offset <= 1e8:
        assert other.value - offset == pytest.approx(plain.value, abs=1e-3)
    assert other.value - offset == pytest.approx(exact, abs=5 * other.error + tolerance)
    back = reverse_ais(jax.random.key(1), shifted, plain.positions, steps=65)
    assert back.value - offset == pytest.approx(exact, abs=max(0.3, 5 * back.error))
    both = log_z(jax.random.key(2), shifted, error=0.2, num_chains=CHAINS)
    assert both.is_converged
    assert both.value - offset == pytest.approx(exact, abs=5 * both.error + tolerance)


def test_chains_cross_zeros() -> None:
    """Two exclusive ors that share a variable: no single move leads from one state to another."""
    parity = np.where(np.indices((2, 2, 2)).sum(0) % 2, 0.0, -np.inf)
    ors = Factor.of(("c", "c", "c"), [[0, 1, 2], [2, 3, 4]], parity[None])
    graph = FactorGraph.of({"c": categorical(5, 2)}, [ors, Factor.of("c", [0, 3], [[0.0, 1.0]])])
    exact = law(graph)
    found = log_z(jax.random.key(0), graph, error=0.05, num_chains=256)
    assert found.is_converged
    assert found.value == pytest.approx(exact.log_z(1.0), abs=5 * found.error)
    weights = np.exp(found.log_weights - found.log_weights.max())
    share = weights @ np.asarray(found.positions["c"]) / weights.sum()
    np.testing.assert_allclose(
        share, exact.probabilities(1.0) @ exact.states["c"], atol=5 * 0.5 / np.sqrt(256)
    )


def test_too_few_chains_say_so() -> None:
    n = 3000
    chain = Factor.of(("s", "s"), [[i, i + 1] for i in range(n - 1)], 1.0)
    graph = FactorGraph.of({"s": spin(n)}, [chain])
    exact = n * np.log(2) + (n - 1) * np.log(np.cosh(1.0))
    found = ais(jax.random.key(0), graph, steps=33, num_chains=8)
    assert not found.is_converged
    assert "chains count" in found.reason
    assert "±" not in str(found)
    assert "not converged" in str(found)
    assert exact - found.value > 5
    assert abs(exact - found.value) < 5 * found.error


@pytest.mark.slow
def test_float32_where_it_cannot_tell_energies_apart_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PATH, "is_affordable", lambda *args: False)
    graph, _ = choice(6, 2, 1e8, np.linspace(0, 1, 6))
    found = ais(jax.random.key(0), graph, steps=3, num_chains=4)
    assert not found.is_converged
    assert "float32" in found.reason


def test_a_value_below_its_floor_is_not_believed() -> None:
    base = LogZ(1.0, 0.01, 0.9, 99.0, 65, np.ones(100), {}, np.zeros(2), np.zeros(1), 2.0, True, "")
    found = judged(problem_of(mixed(0), 1.0, None, 100), base, [base])
    assert not found.is_converged
    assert found.value == 2.0
    assert found.error >= 1.0
    near = judged(problem_of(mixed(0), 1.0, None, 100), base._replace(floor=1.02), [base])
    assert near.is_converged
    assert near.value == 1.02


def test_bennett_covers_gaussian_work() -> None:
    rng = np.random.default_rng(0)
    z = []
    for _ in range(200):
        ahead, behind = rng.normal(7 - 2, 2, 300), rng.normal(7 + 2, 2, 300)
        value, error = bennett(ahead, behind)
        z.append((value - 7) / error)
    assert stats.kstest(z, "norm").pvalue > 1e-3
    none = bennett(np.full(3, -np.inf), np.zeros(3))
    assert none.value == -np.inf
    assert none.error == np.inf


def test_backward_runs_are_the_time_reversal_of_forward_ones() -> None:
    """Bennett's identity with few, coarse steps, from exact draws of a stiff model."""
    graph, _ = choice(4, 2, 20.0, np.linspace(0, 3, 4))
    small = [f for f in graph.factors if isinstance(f, Factor)]
    keep = small[0].scope.variables.max(axis=1) < 4
    pairs = Factor.of(("x", "x"), small[0].scope.variables[keep], np.asarray(small[0].weights)[keep])
    graph = FactorGraph.of(
        {"x": categorical(4, 2)}, [pairs, Factor.of("x", np.arange(4), np.asarray(small[1].weights)[:4])]
    )
    exact = law(graph)
    problem = problem_of(graph, 1.0, None, 4000)
    assert problem.path.wide is not None
    steps = np.array([0.0, 0.01, 0.05, 0.2, 1.0])
    ahead = forward(jax.random.key(0), problem, problem.penalty, 4000, steps).log_weights
    draws = exact.draws(0, 1.0, 4000)
    back = follow(jax.random.key(1), problem, problem.penalty, draws, steps[::-1], is_backwards=True)
    c = exact.log_z(1.0) - problem.constant - problem.log_z_start
    for shift in (-2.0, 0.0, 2.0):  # the identity holds for every bounded function of the weight
        one = expit(ahead - c - shift)
        two = np.exp(-shift) * expit(c + shift + back.log_weights)
        error = np.hypot(one.std(), two.std()) / np.sqrt(4000)
        assert abs(one.mean() - two.mean()) < 4.5 * error
