"""Held-out log-likelihood: exact against sums over all states, and annealing against the exact one."""

import jax
import numpy as np
import pytest

from isotherm.energy.graph import FactorGraph
from isotherm.energy.machines import boltzmann_machine, restricted_boltzmann
from isotherm.exact.exact import all_states
from isotherm.learn.likelihood import find_log_z, log_likelihood
from isotherm.learn.observations import Observations

BETA = 0.8


def machine() -> FactorGraph:
    rng = np.random.default_rng(0)
    return restricted_boltzmann(5, 3, rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=3))


def log_weights(graph: FactorGraph) -> np.ndarray:
    """``-beta E`` of all states, a row a visible state and a column a hidden one."""
    n = graph.variables["visible"].size
    states = all_states(graph.num_variables)
    split = {"visible": states[:, :n], "hidden": states[:, n:]}
    return -BETA * np.asarray(jax.jit(jax.vmap(graph.energy))(split), np.float64).reshape(2**n, -1)


@pytest.mark.parametrize("is_restricted", [True, False])
def test_log_likelihood_is_that_of_all_states(is_restricted: bool) -> None:
    rng = np.random.default_rng(1)
    graph = machine() if is_restricted else boltzmann_machine(4, 3, couplings=0.5 * rng.normal(size=21))
    table = np.logaddexp.reduce(log_weights(graph), axis=1)
    visible = all_states(graph.variables["visible"].size)
    found = log_likelihood(graph, Observations.of(graph, {"visible": visible}), BETA)
    np.testing.assert_allclose(found.rows, table - np.logaddexp.reduce(table), atol=1e-5)
    assert np.exp(found.rows).sum() == pytest.approx(1, abs=1e-5)
    assert found.log_z.error == 0
    assert found.mean == pytest.approx(found.rows.mean())


def test_missing_entries_are_summed() -> None:
    graph = machine()
    table = np.logaddexp.reduce(log_weights(graph), axis=1).reshape((2,) * 5)
    data = Observations.of(graph, {"visible": [[1, 0, -1, 1, 0], [1, 1, 1, 1, 1]]})
    expected = np.array([np.logaddexp.reduce(table[1, :, 0, 1, :], axis=None), table[1, 1, 1, 1, 1]])
    found = log_likelihood(graph, data, BETA)
    np.testing.assert_allclose(found.rows, expected - np.logaddexp.reduce(table, axis=None), atol=1e-5)


def test_annealing_agrees_with_the_exact_answer_within_its_error() -> None:
    graph = machine()
    exact = find_log_z(graph, BETA)
    found = find_log_z(graph, BETA, key=jax.random.key(0), method="ais", error=0.02)
    assert 0 < found.error <= 0.02
    assert abs(found.value - exact.value) < 4 * found.error
    other = find_log_z(graph, 1.2 * BETA, key=jax.random.key(0), method="ais", error=0.02)
    assert abs(other.value - exact.value) > 4 * other.error


def test_a_wide_graph_is_annealed_and_says_so() -> None:
    graph = boltzmann_machine(40)
    with pytest.raises(ValueError, match="key = None: is needed"):
        find_log_z(graph)
    with pytest.raises(ValueError, match="sample instead"):
        find_log_z(graph, method="exact")
    found = find_log_z(graph, key=jax.random.key(0))
    assert "annealed" in found.method
    assert found.value == pytest.approx(40 * np.log(2), abs=1e-3)
