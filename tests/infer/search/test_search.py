"""The search finds the best state, keeps what zeros allow, and claims no more than is proven."""

import time

import numpy as np
import pytest
from tests.support.zero_models import Enumerated, enumerated, grid, possible_models

from isotherm.energy.tables import Names, Tables
from isotherm.exact.graph.narrowing import narrowed
from isotherm.exact.graph.solve import solve
from isotherm.infer.search import search as search_module
from isotherm.infer.search.search import Search, softened_tables

LONG = 30.0


@pytest.fixture
def narrow(monkeypatch) -> None:
    """Cliques of at most a few entries, so that small models are as wide as large ones usually are."""
    monkeypatch.setattr(search_module, "FIRST_LIMIT", 4)
    monkeypatch.setattr(search_module, "LAST_LIMIT", 8)
    monkeypatch.setattr(search_module, "_BOUND_LIMITS", (1, 4, 1 << 16))


def searched(tables: Tables, seconds: float = LONG, seed: int = 0, **how: bool) -> Search:
    found = Search(tables, seed)
    found.run(time.monotonic() + seconds, **how)
    return found


def test_the_best_state_of_many_models_is_found_and_proven(narrow) -> None:
    for tables, evidence, every in possible_models(80):
        smaller = narrowed(tables, evidence)
        found = searched(smaller.tables)
        assert found.is_possible
        assert found.is_proven
        best = every.logs.max() - smaller.constant
        assert found.log_weight == pytest.approx(best, abs=1e-8)
        assert found.bound >= best - 1e-8
        assert tables.log_weight(smaller.widened(found.state))[0] == pytest.approx(every.logs.max(), abs=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_reported_always_has_its_weight_below_the_bound(narrow, monkeypatch, seed: int) -> None:
    monkeypatch.setattr(search_module, "LAST_LIMIT", 256)
    tables, _ = grid(5, 5, 3, seed)
    law = solve(tables).law
    found, seen = Search(tables, seed), []

    def told() -> None:
        weight = float(tables.log_weight(found.state)[0])
        assert found.log_weight == pytest.approx(weight, abs=1e-9)
        assert found.bound >= law.best()[1] - 1e-8
        seen.append(found.log_weight)

    found.run(time.monotonic() + LONG, told)
    assert seen == sorted(seen)
    assert found.moves >= len(seen) > 3
    assert found.is_proven
    assert found.log_weight == pytest.approx(law.best()[1], abs=1e-8)


@pytest.mark.parametrize(("size", "colours"), [(3, 2), (4, 3)])
def test_what_cannot_be_has_no_possible_state_and_no_proof(narrow, size: int, colours: int) -> None:
    """Neighbours that differ, of a complete graph with too few colours; each pair by itself is possible."""
    pairs = np.argwhere(np.triu(np.ones((size, size)), 1))
    differ = np.where(np.eye(colours, dtype=bool), -np.inf, 0.0)
    tables = Tables(np.full(size, colours), (pairs,), (differ[None],), Names())
    assert narrowed(tables, np.full(size, -1)).num_removed == 0
    found = searched(tables, seconds=0.2)
    assert (found.is_possible, found.log_weight, found.bound) == (False, -np.inf, np.inf)
    assert not found.is_proven
    assert len(enumerated(tables).logs) == 0


def test_the_first_possible_state_ends_it_and_the_limit_does(narrow) -> None:
    tables, _ = grid(8, 8, 3, 1)
    first = searched(tables, is_first=True)
    assert first.is_possible
    assert not first.is_proven
    begun = time.monotonic()
    Search(grid(30, 30, 4, 0)[0], 0).run(begun + 0.5)
    assert 0.5 <= time.monotonic() - begun < 4.0


def test_another_state_is_taken_only_if_it_is_better() -> None:
    tables, planted = grid(6, 6, 3, 2)
    found = Search(tables, 0)
    found.offer(planted)
    np.testing.assert_array_equal(found.state, planted)
    assert found.log_weight == pytest.approx(float(tables.log_weight(planted)[0]))
    best = solve(tables).law.best()[0]
    found.offer(best)
    found.offer(planted)
    np.testing.assert_array_equal(found.state, best)


def test_without_tables_every_state_is_the_best() -> None:
    found = searched(Tables(np.array([3, 1, 2]), (), (), Names()))
    assert (found.log_weight, found.bound, found.moves) == (0.0, 0.0, 0)
    assert found.is_proven
    assert found.bound_of_z() == pytest.approx(np.log(6))


def test_the_bound_of_log_z_holds() -> None:
    for tables, evidence, every in possible_models(40):
        smaller = narrowed(tables, evidence)
        found = Search(smaller.tables, 0)
        for limit in (1, 8):
            assert found.bound_of_z(limit) + smaller.constant >= every.log_z - 1e-9
        assert found.bound_of_z() + smaller.constant == pytest.approx(every.log_z, abs=1e-9)


def softened_rank(every: Enumerated, soft: Tables, tables: Tables) -> None:
    sizes = tables.cardinalities
    states = np.stack(np.unravel_index(np.arange(int(np.prod(sizes))), sizes.tolist()), axis=1)
    logs, is_possible = soft.log_weight(states), np.isfinite(tables.log_weight(states))
    assert np.isfinite(logs).all()
    np.testing.assert_allclose(np.sort(logs[is_possible]), np.sort(every.logs), atol=1e-9)
    if not is_possible.all():
        assert logs[is_possible].min() > logs[~is_possible].max()


def test_any_possible_state_is_above_all_that_violate_zeros() -> None:
    for tables, _, _ in possible_models(80):
        try:
            soft, penalty = softened_tables(tables)
        except ValueError:
            continue
        every = enumerated(tables)
        assert penalty >= 1.0
        if len(every.logs):
            softened_rank(every, soft, tables)
