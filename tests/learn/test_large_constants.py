"""A constant in every table changes nothing that is learned, nor any gradient or likelihood."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph
from isotherm.energy.variables import categorical
from isotherm.learn.fit import fit
from isotherm.learn.gradient import exact_kl_gradient, sampled_kl_gradient
from isotherm.learn.likelihood import log_likelihood
from isotherm.learn.objectives import ExactLikelihood, PseudoLikelihood
from isotherm.learn.observations import Observations
from isotherm.learn.pseudolikelihood import pseudo_log_likelihood

CONSTANTS = [3e7, 2.0**40]


def chain(constant: float) -> FactorGraph:
    tables = np.array([[0.5, -0.25, 0.125], [0.0, 0.75, -0.5], [0.25, 0.0, 0.5]])[None] + constant
    return FactorGraph.of({"c": categorical(3, 3)}, [Factor.of(("c", "c"), [[0, 1], [1, 2]], tables)])


def rows(graph: FactorGraph) -> Observations:
    return Observations.of(graph, {"c": np.random.default_rng(0).integers(0, 3, (40, 3)).astype(np.uint8)})


@pytest.mark.parametrize("constant", CONSTANTS)
def test_likelihoods_and_gradients_are_those_without_it(constant: float) -> None:
    plain, moved = chain(0.0), chain(constant)
    data = rows(plain)
    found, expected = log_likelihood(moved, data), log_likelihood(plain, data)
    np.testing.assert_allclose(found.rows, expected.rows, atol=1e-5)
    assert found.log_z.value == pytest.approx(expected.log_z.value + 2 * constant, rel=1e-14)
    np.testing.assert_allclose(
        pseudo_log_likelihood(moved, data), pseudo_log_likelihood(plain, data), atol=1e-5
    )
    gradients = [exact_kl_gradient(graph, data).value[0] for graph in (moved, plain)]
    np.testing.assert_allclose(*gradients, atol=1e-6)


@pytest.mark.parametrize("objective", [PseudoLikelihood(), ExactLikelihood()])
def test_a_fit_learns_the_same_and_gives_the_constant_back(
    objective: PseudoLikelihood | ExactLikelihood,
) -> None:
    fits = [
        fit(jax.random.key(0), graph, rows(graph), objective, optax.sgd(0.3), num_epochs=5, l2=0.01)
        for graph in (chain(3e7), chain(0.5))
    ]
    moved, near = (np.asarray(found.graph.parameters[0], np.float64) for found in fits)
    np.testing.assert_allclose(fits[0].state.gradient_norms, fits[1].state.gradient_norms, atol=0.05)
    assert moved.dtype == np.float64
    assert np.abs(moved - 3e7).max() < 5
    differences = [table - table.mean() for table in (moved, near)]
    np.testing.assert_allclose(*differences, atol=0.02)
    assert jnp.isfinite(jnp.asarray(moved)).all()


def cancelling(penalty: float) -> FactorGraph:
    """The chain without a constant, and a large term of the first variable that cancels."""
    ramp, plain = penalty * np.arange(3.0), np.asarray(chain(0.0).factors[0].parameters, np.float64)[0]
    pairs = np.stack([plain + ramp[:, None], plain])
    factors = [Factor.of(("c", "c"), [[0, 1], [1, 2]], pairs), Factor.of("c", [0], -ramp[None])]
    return FactorGraph.of({"c": categorical(3, 3)}, factors)


@pytest.mark.parametrize("penalty", [1e5 + 0.3, 1e9 + 0.7])
def test_rows_are_right_where_large_terms_cancel(penalty: float) -> None:
    """The reference is all 27 states, enumerated in float64 without the terms that cancel."""
    graph, plain = cancelling(penalty), np.asarray(chain(0.0).factors[0].parameters, np.float64)[0]
    log_weights = plain[:, :, None] + plain
    log_law = log_weights - np.log(np.exp(log_weights).sum())
    data = rows(graph)
    shown = tuple(np.asarray(data.values["c"]).T)
    np.testing.assert_allclose(log_likelihood(graph, data).rows, log_law[shown], atol=1e-5)
    conditionals = [log_law - np.log(np.exp(log_law).sum(axis=axis, keepdims=True)) for axis in range(3)]
    expected = sum(each[shown] for each in conditionals)
    found = pseudo_log_likelihood(graph, data)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_learning_by_float32_refuses_large_terms_that_cancel() -> None:
    graph = cancelling(1e5 + 0.3)
    data = rows(graph)
    with pytest.raises(ValueError, match=r"weights around one variable = .4e.05.: must be smaller"):
        fit(jax.random.key(0), graph, data, ExactLikelihood(), optax.sgd(0.3), num_epochs=1)
    with pytest.raises(ValueError, match="weights around one variable"):
        sampled_kl_gradient(jax.random.key(0), graph, data)
