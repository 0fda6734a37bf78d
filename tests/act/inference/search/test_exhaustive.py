"""The whole tree: against the oracle of beliefs, term by term."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.act.inference.search.models import drawn_model, in_double, problem_of

from isotherm.act.inference.free_energy import policy_scores
from isotherm.act.inference.search.exhaustive import Exhaustive, exhaustive
from isotherm.act.inference.search.problem import (
    Branching,
    beliefs_after,
    chances,
    foreseen,
    num_outcomes,
    outcomes,
)
from isotherm.exact.beliefs import belief_optimum

RUN = jax.jit(exhaustive, static_argnums=(2, 3))


@pytest.mark.parametrize("gamma", [0.0, 3.0])
def test_one_factor_is_exact(gamma: float) -> None:
    """Two modalities that say related things, preferences that change in time."""
    with jax.enable_x64(True):
        model = in_double(drawn_model(0, steps=2))
        found = RUN(problem_of(model, gamma), model.D, 3, Branching())
        expected = belief_optimum(model, 3, gamma=gamma)
    np.testing.assert_allclose(found.neg_efe, expected.values, atol=1e-12)
    assert float(found.value) == pytest.approx(expected.value, abs=1e-12)
    law = np.exp(gamma * expected.values)
    np.testing.assert_allclose(np.exp(found.log_q), law / law.sum(), atol=1e-12)


def test_modalities_taken_as_independent_are_another_world() -> None:
    """Observations that always agree: as many combinations again that never occur."""
    model = drawn_model(0, num_obs=(2, 2))
    model = replace(model, A=(model.A[0], model.A[0]))
    problem = problem_of(model)
    joint, seen = chances(problem, model.D, Branching())
    apart, _ = chances(problem, model.D, Branching(independent_modalities=True))
    law = np.asarray(model.A[0]) @ np.asarray(model.D[0])
    np.testing.assert_allclose(apart, np.outer(law, law).reshape(-1), rtol=1e-6)
    expected = np.einsum("os,ps,s->op", model.A[0], model.A[0], model.D[0]).reshape(-1)
    np.testing.assert_allclose(joint, expected, rtol=1e-6)
    assert [symbol.tolist() for symbol in seen] == [[0, 0, 1, 1], [0, 1, 0, 1]]
    assert joint.sum() == pytest.approx(1)


def test_beliefs_after_are_bayes_of_the_combination() -> None:
    model = drawn_model(2)
    probability, after = outcomes(problem_of(model), model.D, Branching())
    A, D = [np.asarray(a) for a in model.A], np.asarray(model.D[0])
    weight = np.einsum("as,bs,s->abs", *A, D).reshape(-1, 3)
    np.testing.assert_allclose(probability, weight.sum(1), rtol=1e-5)
    np.testing.assert_allclose(after[0], weight / weight.sum(1, keepdims=True), rtol=1e-4)
    (one,) = beliefs_after(problem_of(model), model.D, (jnp.int32([1]), jnp.int32([2])))
    np.testing.assert_allclose(one[0], after[0][5], rtol=1e-6)


def test_the_likeliest_symbols_or_combinations_alone() -> None:
    model = drawn_model(3)
    problem = problem_of(model)
    every, _ = chances(problem, model.D, Branching())
    most, seen = chances(problem, model.D, Branching(most=2))
    order = np.argsort(-np.asarray(every))[:2]
    np.testing.assert_array_equal(most, np.asarray(every)[order])
    np.testing.assert_array_equal(3 * seen[0] + seen[1], order)
    top, seen = chances(problem, model.D, Branching(topk=1, independent_modalities=True))
    laws = [np.asarray(a) @ np.asarray(model.D[0]) for a in model.A]
    assert top.tolist() == [1.0]
    assert [int(symbol[0]) for symbol in seen] == [law.argmax() for law in laws]
    top, seen = chances(problem, model.D, Branching(topk=2, independent_modalities=True))
    kept = np.sort(laws[1])[:0:-1]
    np.testing.assert_allclose(top.reshape(2, 2).sum(0), kept / kept.sum(), rtol=1e-6)
    joint, _ = chances(problem, model.D, Branching(topk=2))
    assert joint.sum() == pytest.approx(1)
    assert np.abs(joint - top).max() > 1e-4
    sizes = [num_outcomes(problem, Branching(**told)) for told in ({}, {"most": 4}, {"most": 9}, {"topk": 2})]
    assert sizes == [6, 4, 6, 4]


def test_an_observation_that_cannot_be_is_clipped_where_the_reference_clips() -> None:
    """Seen nevertheless, it tells which states are next to impossible, and nothing but the prior is left."""
    model = drawn_model(2, num_obs=(2,))
    model = replace(model, A=(jnp.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]),))
    (q,) = beliefs_after(problem_of(model, floor="reference"), model.D, (jnp.int32([0]),))
    np.testing.assert_allclose(q[0], model.D[0], rtol=1e-5)


def test_a_step_is_scored_as_policies_are() -> None:
    """Novelty, inductive terms, utility of a later row: one step of the enumerated policies' scores."""
    counts = drawn_model(0, steps=2)
    model = drawn_model(
        0,
        steps=2,
        pA=[5 * a for a in counts.A],
        pB=[3 * b for b in counts.B],
        goal=[np.eye(3)[np.argmax(counts.D[0])]],
    )
    problem = problem_of(model, use_param_info_gain=True, use_inductive=True, inductive_depth=2)
    scores = policy_scores(problem.worth, problem.policies, model.D)
    planned = exhaustive(problem, model.D, 1)
    np.testing.assert_allclose(planned.neg_efe, scores.neg_efe, rtol=1e-6)
    assert np.abs(scores.param_info_gain).min() > 1e-3
    assert np.abs(scores.inductive).max() > 1e-3
    both = tuple(jnp.stack([q, q[::-1]]) for q in model.D)
    rows = [foreseen(problem, both, None, step).score for step in (0, jnp.int32(1), 5)]
    assert rows[0].shape == (2, 2)
    np.testing.assert_allclose(rows[1], rows[2])
    difference = rows[1] - rows[0]
    ahead = foreseen(problem, both).beliefs[0]
    C = [np.asarray(c[1] - c[0]) for c in model.C]
    expected = sum(ahead @ np.asarray(a).T @ c for a, c in zip(model.A, C, strict=True))
    np.testing.assert_allclose(difference, expected, atol=1e-5)


def test_a_prior_bends_choices_at_every_depth() -> None:
    model = drawn_model(0, E=[0.9, 0.1])
    found = exhaustive(problem_of(model), model.D, 1)
    free = exhaustive(problem_of(replace(model, E=None)), model.D, 1)
    np.testing.assert_allclose(found.neg_efe, free.neg_efe)
    np.testing.assert_allclose(
        found.log_q[0] - found.log_q[1], free.log_q[0] - free.log_q[1] + np.log(9), atol=1e-5
    )
    never = replace(model, E=jnp.array([0.0, 1.0]))
    deep = exhaustive(problem_of(never), model.D, 2)
    assert deep.log_q[0] == -np.inf
    assert float(deep.value) == pytest.approx(float(deep.neg_efe[1]))
    alike = problem_of(replace(model, E=jnp.array([0.5, 0.5])))
    np.testing.assert_allclose(alike.log_prior, 0, atol=1e-7)


def test_a_tree_that_is_too_large_is_refused() -> None:
    model = drawn_model(0)
    with pytest.raises(ValueError, match=r"horizon = 30: .*Sophisticated or MonteCarlo"):
        Exhaustive(30).plan(problem_of(model), model.D)
    with pytest.raises(
        ValueError, match=r"horizon = 12: would take 1.43e\+05 GB"
    ):  # 16 bytes, 12 ** 12 times
        Exhaustive(12).plan(problem_of(model), model.D)
    with pytest.raises(ValueError, match="horizon = 0"):
        Exhaustive(0)
