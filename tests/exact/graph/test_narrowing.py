"""Values that zeros and evidence rule out go, and the law stays the same."""

import contextlib

import numpy as np
import pytest
from tests.support.zero_models import enumerated, possible_models, random_model

from isotherm.energy.tables import Names, Tables
from isotherm.exact.graph.narrowing import Widened, narrowed
from isotherm.exact.graph.solve import solve


def test_the_smaller_model_has_the_same_states_weights_and_answers() -> None:
    removed = 0
    for tables, evidence, every in possible_models(120):
        smaller = narrowed(tables, evidence)
        removed += smaller.num_removed
        assert smaller.tables.cardinalities.tolist() == [len(kept) for kept in smaller.kept]
        left = enumerated(smaller.tables, smaller.values)
        wide = smaller.widened(left.states)
        at = np.lexsort(wide.T[::-1])
        np.testing.assert_array_equal(wide[at], every.states)
        np.testing.assert_allclose(left.logs[at] + smaller.constant, every.logs, atol=1e-9)
        law = Widened(solve(smaller.tables, smaller.values).law, smaller, tables.cardinalities)
        assert law.log_z == pytest.approx(every.log_z, abs=1e-9)
        for mine, right in zip(law.marginals(), every.marginals, strict=True):
            np.testing.assert_allclose(mine, right, atol=1e-9)
        state, log_weight = law.best()
        assert log_weight == pytest.approx(every.logs.max(), abs=1e-9)
        assert tables.log_weight(state)[0] == pytest.approx(log_weight, abs=1e-9)
        assert (state[evidence >= 0] == evidence[evidence >= 0]).all()
        assert np.isfinite(tables.log_weight(law.draw(np.random.default_rng(0), 20))).all()
    assert removed > 60


def test_evidence_alone_removes_nothing_else() -> None:
    for tables, evidence, _ in possible_models(40):
        smaller = narrowed(tables, evidence, by_zeros=False)
        assert smaller.num_removed == 0
        for v, kept in enumerate(smaller.kept):
            assert kept.tolist() == ([evidence[v]] if evidence[v] >= 0 else [*range(tables.cardinalities[v])])


def test_a_refusal_proves_that_no_state_is_possible() -> None:
    refused = unseen = 0
    for seed in range(400):
        tables, evidence = random_model(seed, zeros=0.9)
        if len(enumerated(tables, evidence).logs):
            narrowed(tables, evidence)
            continue
        said = "the zeros and the evidence leave" if (evidence >= 0).any() else "the zeros leave"
        with contextlib.suppress(ValueError):
            narrowed(tables, evidence)
            unseen += 1
            continue
        refused += 1
        with pytest.raises(
            ValueError, match=f"log Z = '-inf': no state is possible: {said} no value of variable "
        ):
            narrowed(tables, evidence)
    assert refused > 40
    assert unseen < refused / 2


def test_what_needs_more_than_one_look_at_a_chain_goes() -> None:
    """x0 = 0 and equal neighbours leave a single value everywhere, found from either end."""
    equal = np.where(np.eye(3, dtype=bool), 0.0, -np.inf)
    pairs = np.stack([np.arange(9), np.arange(1, 10)], axis=1)
    for order in (pairs, pairs[::-1]):
        tables = Tables(np.full(10, 3), (order,), (equal[None],), Names())
        found = narrowed(tables, np.array([2, *[-1] * 9]))
        assert [kept.tolist() for kept in found.kept] == [[2]] * 10
        assert found.num_removed == 18
        assert found.tables.scopes == ()


def test_many_tables_are_looked_at_in_parts(monkeypatch) -> None:
    monkeypatch.setattr("isotherm.exact.graph.narrowing._AT_ONCE", 10)
    test_what_needs_more_than_one_look_at_a_chain_goes()


def test_a_state_among_the_values_that_stay() -> None:
    equal = np.where(np.eye(4, dtype=bool), 0.0, -np.inf)
    equal[1] = -np.inf
    found = narrowed(Tables(np.full(2, 4), (np.array([[0, 1]]),), (equal[None],), Names()), np.full(2, -1))
    assert found.kept[0].tolist() == [0, 2, 3]
    for state in ([0, 0], [2, 3], [3, 2]):
        inside = found.narrowed_state(np.array(state))
        np.testing.assert_array_equal(found.widened(inside), state)
