"""Exact answers on factor graphs against plain enumeration, which knows nothing of the package's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.support.random_graphs import brute_force, random_clamp, random_graph
from tests.support.stats import assert_frequencies

from isotherm.energy.dense import Ising
from isotherm.energy.factor import AbstractFactor, Factor, Scope, scope_of
from isotherm.energy.graph import FactorGraph
from isotherm.energy.models import ising, potts
from isotherm.energy.variables import categorical, real, spin
from isotherm.exact.exact import Exact, exact
from isotherm.exact.graph.graph import GraphExact
from isotherm.sample.clamp import Clamp

NUM_GRAPHS = 500


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


def cases():
    rng = np.random.default_rng(4)
    for k in range(NUM_GRAPHS):
        graph = random_graph(rng, max_states=600, forbids=k % 5 == 0)
        yield graph, float(rng.uniform(0.2, 1.5)), random_clamp(rng, graph) if k % 2 else None, rng


def variables_of(graph):
    return [(name, i) for name, group in graph.groups for i in range(group.size)]


def test_500_random_graphs_agree_with_enumeration():
    for graph, beta, clamp, rng in cases():
        truth = brute_force(graph, beta, clamp)
        found = exact(graph, beta, clamp, method="elimination")
        assert found.method == "elimination"
        close(found.log_z, truth.log_z)
        for name, expected in truth.marginals().items():
            close(found.marginals[name], expected)
        for values, expected in zip(found.moments, truth.moments(), strict=True):
            close(values, expected)
        best, log_weight = found.map()
        close(log_weight, truth.log_weights.max())
        at = np.logical_and.reduce([(truth.states[name] == best[name]).all(axis=1) for name in best])
        close(truth.log_weights[at], log_weight)
        every = variables_of(graph)
        first, second = (every[k] for k in rng.choice(len(every), 2, replace=False))
        close(found.joint(first, second), truth.joint(first, second))


def test_a_wrong_weight_is_noticed():
    graph, beta, clamp, _ = next(cases())
    wrong = graph.with_parameters((graph.factors[0].parameters + 1e-6, *graph.parameters[1:]))
    truth = brute_force(graph, beta, clamp)
    with pytest.raises(AssertionError):
        close(exact(wrong, beta, clamp).log_z, truth.log_z)


class Distance(AbstractFactor):
    """A factor of the user's own: ``k |a - b|``."""

    stiffness: jax.Array
    scope: Scope
    name: str = "distance"

    @property
    def parameters(self):
        return self.stiffness

    def energy_of(self, parameters, *values):
        a, b = values
        return parameters * jnp.abs(a.astype(parameters.dtype) - b.astype(parameters.dtype))


def test_factors_of_the_users_own_are_tabulated():
    weights = np.array([0.3, 1.1], np.float32)
    scope = scope_of(("c", "c"), [[0, 1], [1, 2]], "distance")
    graph = FactorGraph.of({"c": categorical(3, 3)}, [Distance(jnp.asarray(weights), scope)])
    values = np.arange(3)
    tables = [-np.float64(k) * np.abs(values[:, None] - values[None]) for k in weights]
    joint = np.exp(tables[0][:, :, None] + tables[1][None])
    found = exact(graph, method="elimination")
    close(found.log_z, np.log(joint.sum()))
    distance = np.abs(values[:, None] - values[None])
    expected = [(joint.sum(2) * distance).sum(), (joint.sum(0) * distance).sum()]
    close(found.moments[0], -np.array(expected) / joint.sum())


def test_answers_are_in_the_graphs_own_values():
    graph = FactorGraph.of(
        {"s": spin(2), "c": categorical(1, 300)},
        [Factor.of(("s", "s"), [[0, 1]], -2.0 * np.ones(1)), Factor.of("s", [0], [1.0]), _peak()],
    )
    found = exact(graph)
    best, _ = found.map()
    assert {name: values.tolist() for name, values in best.items()} == {"s": [1, -1], "c": [290]}
    assert {name: values.dtype for name, values in best.items()} == {"s": np.int8, "c": np.uint16}
    close(found.means["s"], found.marginals["s"][:, 1] - found.marginals["s"][:, 0])
    close(found.pair_moment(("s", 0), ("s", 1)), np.tanh(-2.0))
    assert found.pair_moment(("s", 0), ("c", 0)).shape == (300,)
    drawn = found.draw(jax.random.key(0), 4000)
    assert drawn["s"].shape == (4000, 2)
    assert_frequencies((drawn["s"] > 0) @ [2, 1], found.joint(("s", 0), ("s", 1)).ravel())
    again = found.draw(jax.random.key(0), 4000)
    assert (drawn["c"] == again["c"]).all()
    assert (drawn["c"] != found.draw(jax.random.key(1), 4000)["c"]).any()


def _peak() -> Factor:
    return Factor.of("c", [0], 3.0 * np.eye(300)[[290]], name="peak")


def test_evidence_has_its_probability():
    graph = ising([[0, 1], [1, 2], [2, 0]], [0.3, -0.5, 0.8], 0.2)
    clamp = {"s": Clamp(np.array([True, False, True]), np.array([1, 1, -1], np.int8))}
    free, held = exact(graph, 0.9), exact(graph, 0.9, clamp)
    close(np.exp(held.log_evidence), free.joint(("s", 0), ("s", 2))[1, 0])
    assert free.log_evidence == 0.0


def test_method_is_chosen_and_said():
    small = exact(ising([[0, 1]], 1.0))
    assert isinstance(small, GraphExact)
    assert (small.method, small.reason) == ("enumeration", "4 states, few enough to enumerate")
    chain = exact(ising([[i, i + 1] for i in range(2000)], 0.5), 1.3)
    assert chain.method == "elimination"
    assert "cliques of at most 4 entries (2 variables)" in chain.reason
    close(chain.log_z, np.log(2) + 2000 * np.log(2 * np.cosh(0.65)))
    assert isinstance(exact(Ising.checked([0.5], 0.0)), Exact)


def refused(line: str, *arguments, **options) -> None:
    with pytest.raises(ValueError, match="= ") as error:
        exact(*arguments, **options)
    assert line in str(error.value)


def test_what_cannot_be_answered_is_refused_by_name():
    graph = ising([[0, 1]], 1.0)
    refused("groups = 'x': is real", FactorGraph.of({"x": real(1)}, [Factor.of("x", [0], [1.0])]))
    refused("clamp['s'].values = None", graph, clamp={"s": Clamp(np.array([True, False]))})
    refused("clamp = 'Clamp': a graph needs one for each group", graph, clamp=Clamp.none(2))
    refused(
        "method = 'elimination': a dense model is enumerated", Ising.checked([0.5], 0.0), method="elimination"
    )
    wide = potts([[i, j] for i in range(30) for j in range(i)], 3, 0.1)
    refused("method = 'elimination': would need a table of at least", wide)
    impossible = FactorGraph.of(
        {"c": categorical(1, 2)}, [Factor.of("c", [0, 0], [[0.0, -np.inf], [-np.inf, 0.0]], name="both")]
    )
    refused("log Z = '-inf': no state is possible", impossible)
    signed = FactorGraph.of({"s": spin(1)}, [Factor.of("s", [0], [1.0], name="field")])
    signed = signed.with_parameters((np.array([-np.inf]),))
    refused("field = '-inf': forbids one sign of a spin", signed)
    with pytest.raises(ValueError, match="concrete parameters; call outside jit"):
        jax.jit(lambda j: exact(ising([[0, 1]], j)).log_z)(jnp.ones(1))
    with pytest.raises(ValueError, match="unknown; the graph has s"):
        exact(graph).joint(("s", 0), ("s", 2))
