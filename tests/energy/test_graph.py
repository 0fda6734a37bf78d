"""Flat numbering, names, interactions and parameters of factor graphs."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.factor import Factor
from isotherm.energy.graph import FactorGraph, stored
from isotherm.energy.variables import categorical, custom, real, spin

GRAPH = FactorGraph.of(
    {"s": spin(3), "c": categorical(2, 300), "x": real(2)},
    [
        Factor.of(("c", "s"), [[1, 2], [0, 0]], np.ones((2, 300)), name="mixed"),
        Factor.of(("s", "s", "s"), [[2, 0, 1]], [0.5], name="cubic"),
        Factor.of(("s", "s"), [[1, 0]], [0.25], name="again"),
        Factor.of("x", [1], [2.0], name="pull"),
    ],
)


def test_flat_numbers_follow_the_groups() -> None:
    assert GRAPH.num_variables == 7
    assert GRAPH.offsets() == {"s": 0, "c": 3, "x": 5}
    found = [scope.tolist() for scope in GRAPH.flat_scopes()]
    assert found == [[[4, 2], [3, 0]], [[2, 0, 1]], [[1, 0]], [[6]]]
    names = [GRAPH.variable_name(flat) for flat in range(7)]
    assert names == ["s[0]", "s[1]", "s[2]", "c[0]", "c[1]", "x[0]", "x[1]"]
    assert not GRAPH.is_discrete


def test_interacting_pairs_are_each_given_once() -> None:
    pairs = GRAPH.interacting_pairs()
    assert pairs.dtype == np.int32
    assert pairs.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [2, 4]]
    brute = {
        tuple(sorted(pair))
        for scope in GRAPH.flat_scopes()
        for row in scope.tolist()
        for pair in itertools.combinations(row, 2)
    }
    assert {tuple(pair) for pair in pairs.tolist()} == brute


def test_a_graph_without_interactions_has_no_pairs() -> None:
    alone = FactorGraph.of({"s": spin(2)}, [Factor.of("s", [0, 1], 1.0)])
    assert alone.interacting_pairs().shape == (0, 2)


def test_states_are_kept_as_their_kinds_are_stored() -> None:
    kinds = {"s": np.int8, "c": np.uint16, "x": np.float32}
    for name, dtype in kinds.items():
        assert stored(GRAPH.variables[name], np.ones(2, np.int32)).dtype == dtype
    assert categorical(1, 256).dtype == np.uint8
    assert stored(real(2), jnp.ones(2, jnp.float16)).dtype == jnp.float16, "reals keep another width"
    tree = {"any": np.ones((2, 3))}
    assert stored(custom(2), tree) is tree


def test_replaced_parameters_change_energies_and_nothing_else() -> None:
    twice = GRAPH.with_parameters(jax.tree.map(lambda x: 2 * x, GRAPH.parameters))
    assert twice.scopes == GRAPH.scopes
    assert twice.groups == GRAPH.groups
    state = {
        "s": np.array([1, -1, 1], np.int8),
        "c": np.array([7, 299], np.uint16),
        "x": np.ones(2, np.float32),
    }
    by_hand = -(1.0 + 1.0 - 0.5 - 0.25 + 2.0)
    assert float(GRAPH.energy(state)) == pytest.approx(by_hand)
    assert float(twice.energy(state)) == pytest.approx(2 * by_hand)


def test_features_are_minus_the_gradient_by_parameters() -> None:
    state = {
        "s": np.array([1, -1, 1], np.int8),
        "c": np.array([7, 299], np.uint16),
        "x": np.ones(2, np.float32),
    }
    mixed, cubic, again, pull = GRAPH.features(state)
    expected = np.zeros((2, 300))
    expected[0, 299] = expected[1, 7] = 1
    np.testing.assert_array_equal(mixed, expected)
    assert (float(cubic[0]), float(again[0]), float(pull[0])) == (-1.0, -1.0, 1.0)
