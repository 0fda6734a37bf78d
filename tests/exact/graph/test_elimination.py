"""Orders, clique trees, and what answers on them cost."""

import numpy as np
import pytest
from tests.support.stats import assert_frequencies

from isotherm.energy.tables import Names, Tables
from isotherm.exact.graph.elimination import TooWideError, clique_tree, single_clique
from isotherm.exact.graph.junction import Junction
from isotherm.exact.graph.solve import TooCostlyError, solve

RNG = np.random.default_rng(7)


def tables_on(cardinalities, scopes, forbids: float = 0.0) -> Tables:
    """Random tables on given scopes."""
    sizes = np.asarray(cardinalities, np.int64)
    logs = []
    for scope in scopes:
        table = RNG.normal(size=sizes[list(scope)])
        table[(RNG.random(table.shape) < forbids) & (np.indices(table.shape).sum(axis=0) > 0)] = -np.inf
        logs.append(table[None])
    return Tables(sizes, tuple(np.array([scope]) for scope in scopes), tuple(logs), Names())


def grid(rows: int, columns: int) -> list[tuple[int, int]]:
    right = [(r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)]
    down = [(r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)]
    return right + down


def tree_of(tables: Tables, limit: float = 1e9):
    return clique_tree(tables.cardinalities, tables.scopes, np.zeros(tables.num_variables, bool), limit)


@pytest.mark.parametrize(
    ("scopes", "n", "width"),
    [
        ([(i, i + 1) for i in range(49)], 50, 1),
        ([(i, (i + 1) % 50) for i in range(50)], 50, 2),
        ([(i, j) for i in range(8) for j in range(i)], 8, 7),
        (grid(4, 25), 100, 4),
        ([(i, (i - 1) // 2) for i in range(1, 63)], 63, 1),
    ],
    ids=["chain", "ring", "complete", "grid", "tree"],
)
def test_width_of_known_graphs(scopes, n, width):
    assert tree_of(tables_on([2] * n, scopes)).width == width


def test_cliques_cover_every_table_and_hang_together():
    for _ in range(20):
        n = int(RNG.integers(5, 30))
        scopes = [tuple(RNG.choice(n, int(RNG.integers(1, 4)), replace=False)) for _ in range(n)]
        tree = tree_of(tables_on(RNG.integers(2, 5, n), scopes))
        for scope in scopes:
            assert any(set(scope) <= set(clique.variables) for clique in tree.cliques)
        for k, (variables, num_summed, parent) in enumerate(tree.cliques):
            separator = set(variables[num_summed:])
            assert (parent > k) if separator else (parent == -1)
            assert separator <= set(tree.cliques[parent].variables if separator else ())
            assert not separator or separator != set(tree.cliques[parent].variables)
        assert sorted(v for c in tree.cliques for v in c.variables[: c.num_summed]) == list(range(n))


def test_cheap_order_is_found_where_counting_variables_misleads():
    # Eliminating the hub first joins all leaves; the heavy leaf must go alone.
    tables = tables_on([2, 50, 50, 50, 2], [(0, 1), (0, 2), (0, 3), (0, 4)])
    assert tree_of(tables).largest == 100


def test_too_wide_is_said_before_any_work():
    tables = tables_on([2] * 144, grid(12, 12))
    with pytest.raises(TooWideError):
        tree_of(tables, limit=100.0)
    complete = tables_on([3] * 25, [(i, j) for i in range(25) for j in range(i)])
    with pytest.raises(TooCostlyError, match=r"would need a table of at least .* bytes, 25 variables\)"):
        solve(complete)
    with pytest.raises(TooCostlyError, match=r"10\^11.9 states; at most 16777216 fit"):
        solve(complete, method="enumeration")


def test_a_wide_strip_agrees_from_both_ends():
    tables = tables_on([2] * 60, grid(6, 10))
    solution = solve(tables)
    assert solution.method == "elimination"
    law = solution.law
    low, high = (law.observe(30, value).log_z for value in (0, 1))
    assert np.logaddexp(low, high) == pytest.approx(law.log_z, rel=1e-12)
    assert law.marginals()[30][1] == pytest.approx(np.exp(high - law.log_z), rel=1e-10)


def test_weights_of_any_size_neither_overflow_nor_vanish():
    tables = tables_on([2] * 200, [(i, i + 1) for i in range(199)])
    loud = Tables(tables.cardinalities, tables.scopes, tuple(400 * logs for logs in tables.logs), Names())
    law = solve(loud).law
    state, log_weight = law.best()
    assert np.isfinite(law.log_z)
    assert log_weight <= law.log_z < log_weight + 1
    assert loud.log_weight(state)[0] == pytest.approx(log_weight, rel=1e-12)


@pytest.mark.parametrize("enumerates", [True, False])
def test_draws_have_the_law(enumerates):
    tables = tables_on([2, 3, 2, 3, 2], [(0, 1), (1, 2), (2, 3), (3, 0), (3, 4)], forbids=0.3)
    every = np.stack(np.unravel_index(np.arange(72), tables.cardinalities), axis=1)
    logs = tables.log_weight(every)
    exact = np.exp(logs - np.logaddexp.reduce(logs))
    free = np.zeros(5, bool)
    tree = single_clique(tables.cardinalities, free) if enumerates else tree_of(tables)
    law = Junction(tables, tree, np.full(5, -1))
    drawn = law.draw(np.random.default_rng(3), 200_000)
    states = np.ravel_multi_index(tuple(drawn.T), tables.cardinalities)
    assert_frequencies(states, exact)
    hotter = exact**0.97
    with pytest.raises(AssertionError):
        assert_frequencies(states, hotter / hotter.sum())


def test_unconnected_parts_and_variables_in_no_table_are_answered():
    tables = tables_on([2, 3, 4], [(0,)])
    law = solve(tables, method="elimination").law
    assert law.log_z == pytest.approx(np.logaddexp.reduce(tables.logs[0][0]) + np.log(12), rel=1e-12)
    np.testing.assert_allclose(law.marginals()[2], 0.25)
    np.testing.assert_allclose(law.joint(1, 2), 1 / 12)
