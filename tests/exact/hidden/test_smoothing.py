"""Backward smoothing: the exact smoother where beliefs are exact, and no mass is lost where they are not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.hidden.logs import EPS
from isotherm.exact.hidden.chain import hidden_chain
from isotherm.exact.hidden.smoothing import smooth, transitions_of

RNG = np.random.default_rng(1)
T, K = 6, 3
DEAD_END = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
JUMP = np.array([[1.0, 0.0], [0.25, 0.75], [0.0, 1.0]], np.float32)
"""Beliefs that a model without moves cannot explain."""


def laws(*shape: int) -> np.ndarray:
    found = RNG.gamma(0.7, size=shape) + 0.01
    return (found / found.sum(-1, keepdims=True)).astype(np.float32)


FLOORS = (None, "reference", "ovf")


@pytest.mark.parametrize("floor", FLOORS)
def test_exact_beliefs_give_the_exact_smoother(floor: str | None) -> None:
    rows, logs = laws(T - 1, K, K), RNG.normal(0, 2, (T, K)).astype(np.float32)
    chain = hidden_chain(laws(K), rows, logs, orientation="rows")
    found = smooth(chain.filtered, jnp.asarray(rows.swapaxes(1, 2)), floor)
    assert found.floor == floor
    np.testing.assert_allclose(found.marginals, chain.smoothed, rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(found.joints, chain.pair_curr_next.swapaxes(1, 2), rtol=2e-5, atol=1e-6)


def test_mass_stays_where_beliefs_contradict_the_model() -> None:
    beliefs, moves = jnp.asarray(JUMP), jnp.stack([jnp.asarray(DEAD_END)] * 2)
    found = smooth(beliefs, moves)
    np.testing.assert_allclose(found.marginals, [[1, 0], [0, 1], [0, 1]], atol=1e-6)
    np.testing.assert_allclose(found.joints.sum((1, 2)), 1, rtol=1e-6)
    np.testing.assert_allclose(found.joints.sum(2), found.marginals[1:], atol=1e-6)  # over curr
    np.testing.assert_allclose(found.joints.sum(1), found.marginals[:-1], atol=1e-6)  # over next
    # the first step is certain of a state that cannot turn into the second's: its filtered belief stands
    np.testing.assert_allclose(found.joints[0], [[0, 0], [1, 0]], atol=1e-6)
    for floor, marginals in (("reference", [[0, 0], [0, 1], [0, 1]]), ("ovf", [[0, 0], [0, 1], [0, 1]])):
        lossy = smooth(beliefs, moves, floor)
        np.testing.assert_allclose(lossy.marginals, marginals, atol=1e-6)
        np.testing.assert_allclose(lossy.joints[0], 0.0, atol=1e-6)


def test_the_references_lose_mass_each_in_its_own_way() -> None:
    beliefs = jnp.array([[1.0, 1e-17], [0.5, 0.5]])
    move = jnp.eye(2)[None]
    exactly = smooth(beliefs, move)
    np.testing.assert_allclose(exactly.marginals[0], [0.5, 0.5], rtol=1e-6)
    raised = smooth(beliefs, move, "reference")
    share = 0.5e-17 / EPS
    np.testing.assert_allclose(raised.joints[0], [[0.5, 0.0], [0.0, share]], rtol=1e-5)
    np.testing.assert_allclose(raised.marginals[0], np.array([0.5, share]) / (0.5 + share), rtol=1e-5)
    per_row = smooth(beliefs, move, "ovf")
    np.testing.assert_allclose(per_row.marginals[0], [0.5, 0.5], rtol=1e-6)
    empty = smooth(beliefs.at[0, 1].set(0.0), move, "ovf")
    np.testing.assert_allclose(empty.marginals[0], [0.5, 0.0], rtol=1e-6)


def test_float32_smooths_what_underflows_as_a_product() -> None:
    beliefs = jnp.array([[1.0, 1e-30], [0.0, 1.0]])
    move = jnp.array([[[1.0, 1.0], [1e-36, 1e-20]]])  # of p(curr | next = 1): 1e-36 against 1e-50
    found = smooth(beliefs, move)
    np.testing.assert_allclose(found.marginals[0], [1.0, 1e-14], rtol=1e-4)


def test_gradients_are_finite_and_batches_are_maps() -> None:
    beliefs, moves = jnp.asarray(laws(2, 3, 2)).at[0].set(JUMP), jnp.stack([jnp.asarray(DEAD_END)] * 2)
    both = jax.vmap(lambda q: smooth(q, moves).joints)(beliefs)
    np.testing.assert_allclose(both[1], smooth(beliefs[1], moves).joints, rtol=1e-6)
    for floor in FLOORS:
        slopes = jax.grad(lambda q, m, floor=floor: smooth(q, m, floor).joints[0, 1, 0], argnums=(0, 1))(
            beliefs[0], moves
        )
        assert all(np.isfinite(slope).all() for slope in slopes)


def test_one_step_stays_as_it_was() -> None:
    found = smooth(jnp.array([[0.3, 0.7]]), jnp.zeros((0, 2, 2)))
    np.testing.assert_allclose(found.marginals, [[0.3, 0.7]], rtol=1e-6)
    assert found.joints.shape == (0, 2, 2)
    assert smooth(jnp.ones((4, 1)), jnp.ones((3, 1, 1))).joints.tolist() == [[[1.0]]] * 3


def test_transitions_follow_the_actions_and_stay_without_one() -> None:
    B = jnp.asarray(laws(4, 3, 3).transpose(2, 1, 0))
    found = transitions_of(B, np.array([2, -1, 0]))
    np.testing.assert_array_equal(found, np.stack([B[..., 2], np.eye(3), B[..., 0]]))
    assert transitions_of(jnp.ones((1, 1, 1)), np.array([0, -1])).tolist() == [[[1.0]]] * 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"filtered": np.full((2, 2), 0.4)}, r"sum\(filtered\[:, 0\]\) = 0.8"),
        ({"filtered": np.ones(2)}, r"filtered.shape = \(2,\)"),
        ({"transitions": np.eye(2)}, r"transitions.shape = \(2, 2\): must be \(1, 2, 2\)"),
        ({"transitions": [[[0.5, 0.5], [0.4, 0.5]]]}, r"sum\(transitions\[:, 0, 0\]\) = 0.9"),
        ({"filtered": [[2.0, -1.0], [0.5, 0.5]]}, r"min\(filtered\) = -1.0"),
    ],
)
def test_bad_arguments_are_refused(change: dict, words: str) -> None:
    good = {"filtered": np.full((2, 2), 0.5), "transitions": np.eye(2)[None]}
    with pytest.raises(ValueError, match=words):
        smooth(**good | change)
