"""The optimum from a belief: by hand, and against a recursion over observations written out plainly."""

import itertools
from typing import Any

import jax
import numpy as np
import pytest
from tests.act.inference.search.models import cue_model, drawn_model

from isotherm.energy.hidden.joined import joined
from isotherm.energy.hidden.model import GenerativeModel, generative_model
from isotherm.exact.beliefs import belief_optimum


def entropy(p: np.ndarray) -> float:
    return -sum(x * np.log(x) for x in p if x > 0)


def plainly(one: GenerativeModel, q: np.ndarray, left: int, step: int, gamma: float | None) -> list[float]:
    """Values of choices by loops over choices and observations, of a model of one factor."""
    found = []
    A = [np.asarray(table, float) for table in one.A]
    for u in range(one.B[0].shape[2]):
        ahead = np.asarray(one.B[0], float)[:, :, u] @ q
        total = 0.0
        for table, C in zip(A, one.C, strict=True):
            row = np.asarray(C if C.ndim == 1 else C[min(step, len(C) - 1)], float)
            total += table @ ahead @ row + entropy(table @ ahead)
            total -= sum(p * entropy(column) for p, column in zip(ahead, table.T, strict=True))
        for seen in itertools.product(*(range(len(table)) for table in A)) if left > 1 else ():
            weight = ahead * np.prod([table[o] for table, o in zip(A, seen, strict=True)], axis=0)
            if weight.sum() > 0:
                G = np.array(plainly(one, weight / weight.sum(), left - 1, step + 1, gamma))
                law = np.exp((gamma or 0) * (G - G.max()))
                total += weight.sum() * (G.max() if gamma is None else law @ G / law.sum())
        found.append(total)
    return found


@pytest.mark.parametrize("gamma", [None, 2.0])
@pytest.mark.parametrize(
    "model", [drawn_model(0, steps=2), drawn_model(1, (2, 2), (2, 2), (2, 1)), cue_model()]
)
def test_values_are_those_of_a_plain_recursion(model: GenerativeModel, gamma: float | None) -> None:
    one = joined(model)
    start = np.asarray(one.D[0], float)
    start = start / start.sum()
    found = belief_optimum(model, 3, gamma=gamma)
    expected = np.array(plainly(one, start, 3, 0, gamma))
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    law = np.exp((gamma or 0) * (expected - expected.max()))
    wanted = expected.max() if gamma is None else law @ expected / law.sum()
    assert found.value == pytest.approx(wanted)


def test_a_cue_is_worth_what_it_saves() -> None:
    """A true cue: go there, learn the side (ln 2), then collect the reward; the reward's place tells nothing new."""
    model = cue_model(2.0, 6.0, 1.0)
    found = belief_optimum(model, 2)
    assert found.values[3] == pytest.approx(np.log(2) + 2.0)
    assert found.values.argmax() == 3
    assert belief_optimum(model, 2, use_states_info_gain=False).values[3] == pytest.approx(2.0)
    assert belief_optimum(model, 2, use_utility=False).values[3] == pytest.approx(np.log(2))


def test_regret_is_what_a_choice_loses() -> None:
    found = belief_optimum(drawn_model(0), 2)
    best, worst = found.values.argmax(), found.values.argmin()
    assert found.regret(best) == 0
    assert found.regret(worst) == found.values[best] - found.values[worst] > 0
    assert found.regret([best, worst]).shape == (2,)
    assert found.value == found.values[best]


def test_beliefs_may_be_given() -> None:
    model = drawn_model(0)
    sure = belief_optimum(model, 2, [0.0, 1.0, 0.0])
    assert np.abs(sure.values - belief_optimum(model, 2).values).max() > 1e-3
    np.testing.assert_allclose(sure.values, plainly(model, np.array([0.0, 1.0, 0.0]), 2, 0, None), atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"horizon": 0}, "horizon = 0"),
        ({"horizon": 40}, "horizon = 40"),
        ({"gamma": -1.0}, "gamma = -1"),
        ({"beliefs": [1.0]}, r"beliefs.shape = \(1,\)"),
        ({"beliefs": [0.5, 0.5, 0.5]}, r"sum\(beliefs\) = 1.5"),
        ({"beliefs": [1.5, -0.5, 0.0]}, r"sum\(beliefs\)"),
    ],
)
def test_wrong_values_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        belief_optimum(drawn_model(0), **({"horizon": 2} | change))


def test_a_batch_is_refused() -> None:
    batch = generative_model(A=[np.eye(2)], B=[np.eye(2)[:, :, None]], batch_size=3)
    with pytest.raises(ValueError, match=r"model.batch_size = 3"):
        belief_optimum(batch, 2)
    belief_optimum(jax.tree.map(lambda leaf: leaf[0], batch), 2)
