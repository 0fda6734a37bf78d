"""Cuts leave cliques of bounded size, and the law of what is free is the conditional one."""

import numpy as np
import pytest
from tests.support.zero_models import enumerated, grid, possible_models

from isotherm.energy.tables import Names, Tables
from isotherm.infer.search.cutset import cut, nearby, structure, touching


def test_the_free_variables_have_their_conditional_law() -> None:
    held_somewhere = 0
    for number, (tables, _, every) in enumerate(possible_models(80)):
        neighbours, rng = structure(tables), np.random.default_rng(number)
        if not neighbours:
            continue
        one = cut(tables, neighbours, max(4, int(tables.cardinalities.max())), rng)
        assert one.tree.largest <= max(4, tables.cardinalities.max()) + 1e-9
        state = every.states[int(rng.integers(len(every.states)))]
        is_held = ~one.free
        held_somewhere += is_held[list(neighbours)].any()
        given = enumerated(tables, np.where(is_held, state, -1))
        law = one.law(state)
        for v in np.flatnonzero(one.free):
            np.testing.assert_allclose(law.marginals()[v], given.marginals[v], atol=1e-9)
        best, _ = law.best()
        assert tables.log_weight(best)[0] == pytest.approx(given.logs.max(), abs=1e-9)
        np.testing.assert_array_equal(best[is_held], state[is_held])
    assert held_somewhere > 20


@pytest.mark.parametrize("limit", [3, 9, 81, 6561])
def test_a_larger_limit_frees_more_of_a_grid(limit: int) -> None:
    tables, _ = grid(8, 8, 3, 0)
    neighbours = structure(tables)
    before = {v: set(around) for v, around in neighbours.items()}
    one = cut(tables, neighbours, limit, np.random.default_rng(0))
    assert neighbours == before
    assert one.tree.largest <= limit + 1e-9
    least, most = {3: (20, 40), 9: (32, 50), 81: (44, 60), 6561: (56, 64)}[limit]
    assert least <= one.free.sum() <= most


def test_a_region_and_spared_variables() -> None:
    tables, _ = grid(8, 8, 3, 0)
    neighbours, rng = structure(tables), np.random.default_rng(1)
    region = nearby(neighbours, 27, 20)
    assert len(region) == 20
    assert region[0] == 27
    assert set(region[1:5]) == {19, 26, 28, 35}
    one = cut(tables, neighbours, 9, rng, region)
    assert set(np.flatnonzero(one.free)) <= set(region)
    for v in range(64):
        assert cut(tables, neighbours, 9, np.random.default_rng(v), spared=[v]).free[v]
    assert nearby(neighbours, 5, 100)[0] == 5
    assert sorted(nearby(neighbours, 5, 100)) == list(range(64))


def test_tables_are_those_of_a_free_variable() -> None:
    logs = (np.arange(4.0).reshape(2, 2)[None], np.arange(8.0).reshape(4, 2))
    scopes = (np.array([[0, 1], [1, 2], [2, 3]]), np.array([[0], [1], [2], [3]]))
    tables = Tables(np.full(4, 2), scopes, logs, Names())
    found = touching(tables, np.array([False, False, False, True]))
    assert [scope.tolist() for scope in found.scopes] == [[[2, 3]], [[3]]]
    np.testing.assert_array_equal(found.logs[0], logs[0])
    np.testing.assert_array_equal(found.logs[1], [[6.0, 7.0]])
