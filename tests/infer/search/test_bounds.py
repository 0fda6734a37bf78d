"""Upper bounds hold for every model and limit, and are exact where the limit suffices."""

import numpy as np
import pytest
from tests.support.zero_models import grid, possible_models

from isotherm.energy.tables import Tables
from isotherm.exact.graph.narrowing import narrowed
from isotherm.exact.graph.solve import solve
from isotherm.infer.search import bounds
from isotherm.infer.search.bounds import elimination_order, upper_bound
from isotherm.infer.search.cutset import structure


def both(tables: Tables, limit: int) -> tuple[float, float]:
    """Bounds of the largest log weight and of log Z."""
    order = elimination_order(tables, structure(tables))
    best, log_z = (upper_bound(tables, order, limit, is_sum=is_sum) for is_sum in (False, True))
    return best, log_z


def test_bounds_are_exact_without_a_limit_and_hold_with_any() -> None:
    loose = 0
    for tables, evidence, every in possible_models(120):
        smaller = narrowed(tables, evidence)
        right = np.array([every.logs.max(), every.log_z]) - smaller.constant
        np.testing.assert_allclose(both(smaller.tables, 1 << 20), right, atol=1e-9)
        for limit in (1, 4, 8, 16):
            found = np.array(both(smaller.tables, limit))
            assert (found >= right - 1e-9).all()
            loose += (found > right + 1e-6).any()
    assert loose > 15


@pytest.mark.parametrize("seed", range(6))
def test_bounds_of_a_grid_tighten_with_the_limit(seed: int) -> None:
    tables, planted = grid(5, 5, 3, seed)
    law = solve(tables).law
    right = np.array([law.best()[1], law.log_z])
    assert right[0] >= tables.log_weight(planted)[0]
    found = np.array([both(tables, limit) for limit in (3, 27, 243, 1 << 20)])
    assert (found >= right - 1e-9).all()
    np.testing.assert_allclose(found[-1], right, atol=1e-9)
    assert (found[0] > right + 1.0).all()
    assert (found[0] > found[2]).all()


def test_parts_that_agree_bound_better(monkeypatch) -> None:
    grids = [grid(5, 5, 3, seed)[0] for seed in range(8)]
    agreed = np.array([both(tables, 9) for tables in grids])
    monkeypatch.setattr(bounds, "_agreed", lambda parts: parts)
    assert (agreed.mean(axis=0) < np.array([both(tables, 9) for tables in grids]).mean(axis=0) - 1.0).all()


def test_what_some_value_makes_impossible_is_no_number_out_of_nothing() -> None:
    """Parts that each forbid another value leave a bound, not nan."""
    tables, _ = grid(3, 3, 2, 0, zeros=0.6)
    assert np.isfinite(both(tables, 2)).all()
    tables.logs[0][:] = -np.inf
    with np.errstate(invalid="raise"):
        assert both(tables, 2) == (-np.inf, -np.inf)


def test_an_order_names_each_variable_of_several_values_once() -> None:
    tables, _ = grid(4, 3, 3, 1)
    sizes = tables.cardinalities.copy()
    order = elimination_order(tables, structure(tables))
    assert sorted(order) == list(range(12))
    assert order[0] in {0, 2, 9, 11}  # a corner, which has the smallest clique
    assert (sizes == tables.cardinalities).all()
