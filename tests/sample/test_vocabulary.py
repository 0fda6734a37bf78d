"""Whoever holds any model writes the same: starts, kernels, evidence, exact answers, seeds."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.stats import assert_unbiased

from isotherm.energy import (
    Factor,
    FactorGraph,
    GaussianPolicy,
    Ising,
    LatticeClock,
    LatticeIsing,
    LatticePotts,
    LatticeXY,
    QuadraticReward,
    Tilted,
    categorical,
    chain,
    ising,
    spin,
    square,
    to_graph,
)
from isotherm.exact import exact, tilted_law
from isotherm.random.keys import generator
from isotherm.sample import (
    Clamp,
    anneal,
    gibbs,
    informed,
    initial_state,
    log_z,
    sample,
    swendsen_wang,
    wolff,
)
from isotherm.sample.clamp import checked_evidence, dense_clamp

BETA = 0.7
DENSE = Ising.checked([0.3, -0.2, 0.5, 0.0], 0.4)
PAIRS = ising([[0, 1], [1, 2], [2, 3]], couplings=0.8, biases=[0.3, -0.2, 0.5, 0.0])
MIXED = FactorGraph.of(
    {"road": spin(3), "sky": categorical(2, cardinality=3)},
    [
        Factor.of("road", [0, 1, 2], weights=[0.2, -0.1, 0.4]),
        Factor.of("sky", [0, 1], weights=[[0.0, 0.3, -0.2], [0.1, 0.0, 0.5]]),
        Factor.of(("road", "sky"), [[0, 0], [2, 1]], weights=[[0.0, 0.6, -0.3]] * 2),
        Factor.of(("road", "road"), [[0, 1], [1, 2]], weights=0.5),
    ],
)
SMALL = LatticeIsing(square(3), coupling=0.5, field=0.3)
HELD = [
    (DENSE, {2: -1}, Clamp(jnp.array([0, 0, 1, 0], bool), jnp.array([1, 1, -1, 1], jnp.int8))),
    (
        PAIRS,
        {"s": {0: 1, 2: -1}},
        {"s": Clamp(np.array([1, 0, 1, 0], bool), np.array([1, 1, -1, 1], np.int8))},
    ),
    (
        MIXED,
        {"road": {2: True}, "sky": {0: 2}},
        {
            "road": Clamp(np.array([0, 0, 1], bool), np.array([1, 1, 1], np.int8)),
            "sky": Clamp(np.array([1, 0], bool), np.array([2, 0], np.uint8)),
        },
    ),
]


@pytest.mark.parametrize(("model", "by_number", "by_mask"), HELD)
def test_evidence_by_number_is_evidence_by_mask(model: Any, by_number: Any, by_mask: Any) -> None:
    both = [exact(model, BETA, clamp) for clamp in (by_number, by_mask)]
    jax.tree.map(np.testing.assert_array_equal, both[0].marginals, both[1].marginals)
    assert float(both[0].log_z) == float(both[1].log_z) < float(exact(model, BETA).log_z)
    starts = [initial_state(3, model, BETA, clamp) for clamp in (by_number, by_mask)]
    jax.tree.map(np.testing.assert_array_equal, *starts)
    draws = [
        sample(
            4,
            gibbs(model, BETA, clamp),
            lambda key: initial_state(key, model, BETA),
            num_chains=2,
            num_samples=20,
        ).values
        for clamp in (by_number, by_mask)
    ]
    jax.tree.map(np.testing.assert_array_equal, *draws)


def test_every_door_of_graphs_takes_evidence_by_number() -> None:
    clamp = {"s": {0: 1, 2: -1}}
    start = initial_state(0, PAIRS)
    for kernel in (gibbs, swendsen_wang, wolff, informed):
        state = kernel(PAIRS, BETA, clamp).init(start, jax.random.key(0))
        assert state.position["s"][jnp.array([0, 2])].tolist() == [1, -1], kernel
    found = log_z(0, PAIRS, BETA, clamp)
    assert abs(float(found.value) - float(exact(PAIRS, BETA, clamp).log_z)) < 4 * float(found.error) + 1e-4


@pytest.mark.parametrize(
    ("model", "clamp", "message"),
    [
        (PAIRS, {"t": {0: 1}}, "clamp = 't': unknown; the graph has s"),
        (PAIRS, {"s": {4: 1}}, r"clamp\['s'\]: a variable's number = 4: should be within 0 .. 3"),
        (PAIRS, {"s": {-1: 1}}, r"clamp\['s'\]: a variable's number = -1: should be within 0 .. 3"),
        (PAIRS, {"s": {1: 0}}, r"clamp\['s'\]\[1\] = 0"),
        (PAIRS, {"s": {1: [1, 1]}}, r"clamp\['s'\]\[1\].shape = \(2,\): must be \(\), one value"),
        (MIXED, {"sky": {0: 3}}, r"clamp\['sky'\]\[0\] = 3"),
        (DENSE, {4: 1}, "clamp: a variable's number = 4: should be within 0 .. 3"),
        (DENSE, {0: 2}, r"clamp\[0\] = 2"),
        (SMALL, {0: 1}, r"clamp = .*to_graph\(model\)"),
    ],
)
def test_evidence_that_cannot_be_is_refused_everywhere(model: Any, clamp: Any, message: str) -> None:
    for door in (
        lambda: gibbs(model, BETA, clamp),
        lambda: exact(model, BETA, clamp),
        lambda: initial_state(0, model, BETA, clamp),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            door()


@pytest.mark.parametrize(
    ("read", "clamp", "message"),
    [
        (
            lambda clamp: checked_evidence(PAIRS, clamp),
            {"s": 5},
            r"clamp\['s'\] = 5: should be a Clamp\(mask, values\), or",
        ),
        (lambda clamp: checked_evidence(PAIRS, clamp), {2: -1}, "clamp = 2: unknown; the graph has s"),
        (lambda clamp: checked_evidence(PAIRS, clamp), 3, "clamp = 3: should be a mapping from groups"),
        (
            lambda clamp: checked_evidence(PAIRS, clamp),
            HELD[0][2],
            "clamp = 'Clamp': a graph needs one for each group",
        ),
        (
            lambda clamp: dense_clamp(4, clamp),
            {"s": {0: 1}},
            "clamp: a variable's number = 's': should be a whole",
        ),
        (
            lambda clamp: dense_clamp(4, clamp),
            3,
            r"clamp = 3: should be a Clamp\(mask, values\), or values by number",
        ),
    ],
)
def test_evidence_of_another_kind_is_refused(read: Any, clamp: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        read(clamp)


def test_a_seed_is_its_key() -> None:
    for model in (DENSE, PAIRS, SMALL):
        by_seed, by_key = (initial_state(one, model, BETA) for one in (7, jax.random.key(7)))
        jax.tree.map(np.testing.assert_array_equal, by_seed, by_key)
    start = jnp.ones((2, 4), jnp.int8)
    draws = [
        sample(one, gibbs(DENSE, BETA), start, num_samples=9).values
        for one in (np.uint8(3), jax.random.key(3))
    ]
    np.testing.assert_array_equal(*draws)
    best = [anneal(one, PAIRS, num_chains=4).energies for one in (5, jax.random.key(5))]
    np.testing.assert_array_equal(*best)


def test_a_key_may_stand_where_a_generator_does() -> None:
    law = exact(PAIRS, BETA)
    by_key, by_seed = law.draw(jax.random.key(3), 20)["s"], law.draw(3, 20)["s"]
    np.testing.assert_array_equal(by_key, by_seed)
    rng = np.random.default_rng(0)
    assert (law.draw(rng, 20)["s"] != law.draw(rng, 20)["s"]).any()
    tilted = tilted_law(Tilted(GaussianPolicy([0.0], [[1.0]]), QuadraticReward([[1.0]], [2.0])), 1.0)
    np.testing.assert_array_equal(tilted.draw(5, 9), tilted.draw(jax.random.key(5), 9))
    np.testing.assert_array_equal(
        tilted.draw(np.random.default_rng(1), 9), tilted.draw(np.random.default_rng(1), 9)
    )
    with pytest.raises(ValueError, match="key = -1: should be within"):
        generator(-1)


@pytest.mark.parametrize("seed", [-1, 2**32, True, 1.5, "0", None])
def test_what_is_no_seed_is_refused(seed: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="key"):
        initial_state(seed, PAIRS)


@pytest.mark.parametrize("model", [SMALL, LatticePotts(square(3), 3, coupling=0.4, field=0.5)])
def test_lattices_are_sampled_and_answered_by_the_words_of_graphs(model: Any) -> None:
    law = exact(model, BETA)
    graph_law = exact(to_graph(model), BETA)
    (table,) = graph_law.marginals.values()
    np.testing.assert_allclose(law.marginals.reshape(table.shape), table, rtol=1e-12)
    draws = sample(
        0,
        gibbs(model, BETA),
        lambda key: initial_state(key, model),
        num_chains=64,
        num_samples=400,
        num_warmup=50,
    )
    assert draws.values.shape == (64, 400, 3, 3)
    values = np.asarray(draws.values)
    codes = [-1, 1] if isinstance(model, LatticeIsing) else range(3)
    for place, code in enumerate(codes):
        hits = (values == code).astype(float).reshape(64, 400, 9)
        assert_unbiased(hits, law.marginals[..., place].reshape(9))


def test_without_field_every_value_of_a_site_is_as_likely() -> None:
    np.testing.assert_array_equal(exact(LatticeIsing(square(64)), BETA).marginals, np.full((64, 64, 2), 0.5))
    np.testing.assert_array_equal(exact(LatticeClock(chain(5), 4), BETA).marginals, np.full((5, 4), 0.25))
    with pytest.raises(ValueError, match="model = 'LatticeXY': has angles"):
        _ = exact(LatticeXY(chain(4)), BETA).marginals


def test_lattices_take_one_sweep_a_step() -> None:
    with pytest.raises(ValueError, match="num_sweeps = 2: must be 1"):
        gibbs(SMALL, BETA, num_sweeps=2)
