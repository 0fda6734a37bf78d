"""What windows of steps add to counts: against plain loops, and no count is lost or made."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.learn.counts.dirichlet import (
    first_state_counts,
    observation_counts,
    transition_counts,
    valid_transitions,
)

RNG = np.random.default_rng(0)
T, SIZES = 6, (3, 1, 2)


def laws(*shape: int) -> np.ndarray:
    """Random laws over the last axis, some entries zero."""
    found = RNG.gamma(0.5, size=shape) * (RNG.random(shape) < 0.8)
    found[..., 0] += 0.01
    return (found / found.sum(-1, keepdims=True)).astype(np.float32)


BELIEFS = [jnp.asarray(laws(T, n)) for n in SIZES]
OBS = jnp.asarray(laws(T, 4)).at[2].set(0.0)


def test_observations_are_counted_by_outer_products() -> None:
    found = observation_counts(OBS, BELIEFS, [2, 0])
    expected = np.zeros((4, 2, 3))
    for t in range(T):
        for o, i, j in np.ndindex(4, 2, 3):
            expected[o, i, j] += OBS[t, o] * BELIEFS[2][t, i] * BELIEFS[0][t, j]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.sum(), T - 1, rtol=1e-5)  # one step was padded


def test_axes_of_length_one_stay() -> None:
    assert observation_counts(OBS[:, :1], BELIEFS, [1]).shape == (1, 1)
    assert observation_counts(OBS, BELIEFS, []).shape == (4,)
    joints = jnp.ones((T - 1, 1, 1))
    assert transition_counts(joints, jnp.zeros(T - 1, jnp.int32), 1).shape == (1, 1, 1)
    one_step = transition_counts(jnp.ones((1, 2, 2)) / 4, jnp.zeros(1, jnp.int32), 1)
    np.testing.assert_allclose(one_step, 0.25 * np.ones((2, 2, 1)))
    assert transition_counts(jnp.zeros((0, 2, 2)), jnp.zeros(0, jnp.int32), 3).shape == (2, 2, 3)


def test_a_support_moves_counts_and_loses_none() -> None:
    support = jnp.asarray(RNG.random((4, 2, 3)) < 0.6).at[0].set(True)
    found = observation_counts(OBS, BELIEFS, [2, 0], support)
    assert (np.asarray(found)[~np.asarray(support)] == 0).all()
    np.testing.assert_allclose(found.sum(), T - 1, rtol=1e-5)
    one = observation_counts(OBS[:1], [belief[:1] for belief in BELIEFS], [2, 0])
    kept = np.where(support, one, 0)
    own = observation_counts(OBS[:1], [belief[:1] for belief in BELIEFS], [2, 0], support)
    np.testing.assert_allclose(own, kept / kept.sum(), rtol=1e-5)
    nowhere = observation_counts(OBS, BELIEFS, [2, 0], jnp.zeros((4, 2, 3), bool))
    np.testing.assert_array_equal(nowhere, 0.0)


def test_what_hardly_touches_the_support_gives_no_infinity() -> None:
    obs = jnp.array([[1.0, 1e-30], [1.0, 1e-38]])
    beliefs = [jnp.array([[1.0, 1e-7], [1.0, 1e-7]])]
    support = jnp.array([[False, False], [True, True]])
    found = observation_counts(obs, beliefs, [0], support)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[1, 0], found.sum(), rtol=1e-6)
    np.testing.assert_allclose(
        observation_counts(obs[:1], [beliefs[0][:1]], [0], support).sum(), 1, rtol=1e-5
    )


def test_transitions_are_counted_under_the_control_that_was_used() -> None:
    actions = jnp.array([0, 2, -1, 2, 1])
    joints = jnp.asarray(laws(T - 1, 9).reshape(T - 1, 3, 3))
    found = transition_counts(joints, actions, 3)
    expected = np.zeros((3, 3, 3))
    for t, u in enumerate(actions.tolist()):
        if u >= 0:
            expected[:, :, u] += joints[t]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(found.sum((0, 1)), [1, 1, 2], rtol=1e-5)
    valid = jnp.array([True, False, True, True, True])
    np.testing.assert_allclose(transition_counts(joints, actions, 3, valid).sum((0, 1)), [1, 1, 1], rtol=1e-5)
    support = jnp.ones((3, 3, 3), bool).at[0, 0].set(False)
    masked = transition_counts(joints, actions, 3, support=support)
    assert (np.asarray(masked)[0, 0] == 0).all()
    np.testing.assert_allclose(masked.sum((0, 1)), [1, 1, 2], rtol=1e-5)


def test_factors_of_a_joint_count_as_their_product() -> None:
    parts = [BELIEFS[0][1:], BELIEFS[2][:-1], BELIEFS[0][:-1]]
    joints = jnp.einsum("tn,ta,tb->tnab", *parts)
    actions = jnp.array([1, 0, -1, 0, 1])
    support = jnp.asarray(RNG.random((3, 2, 3, 2)) < 0.7)
    for mask in (None, support):
        found = transition_counts(parts, actions, 2, support=mask)
        expected = transition_counts(joints, actions, 2, support=mask)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_a_step_is_valid_if_every_factor_acted() -> None:
    np.testing.assert_array_equal(
        valid_transitions(np.array([[0, 1], [-1, 1], [0, -1]])), [True, False, False]
    )


def test_first_states_are_counted_where_they_may_be() -> None:
    found = first_state_counts(jnp.array([0.0, 1.0, 2.0]), jnp.array([0.5, 0.2, 0.3]), 2.0)
    np.testing.assert_allclose(found, [0.0, 1.4, 2.6], rtol=1e-6)


@pytest.mark.parametrize("padded", [0, 3])
def test_windows_of_agents_are_mapped(padded: int) -> None:
    """A batch is a map, and padding in front adds exactly nothing."""
    pad = lambda x: jnp.concatenate([jnp.zeros((padded, x.shape[1])), x])  # noqa: E731
    obs = jnp.stack([pad(OBS), pad(OBS[::-1])])
    beliefs = [jnp.stack([pad(belief), pad(belief[::-1])]) for belief in BELIEFS]
    support = jnp.ones((4, 3), bool)
    mapped = jax.vmap(lambda o, q: observation_counts(o, q, [0], support))(obs, beliefs)
    np.testing.assert_allclose(mapped[0], observation_counts(OBS, BELIEFS, [0]), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(mapped.sum((1, 2)), T - 1, rtol=1e-5)
