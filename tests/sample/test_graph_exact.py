"""Exact answers on factor graphs against plain enumeration, which knows nothing of the package's."""

import numpy as np
import pytest
from tests.support.random_graphs import brute_force, random_clamp, random_graph

from isotherm.sample.exact import exact

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
