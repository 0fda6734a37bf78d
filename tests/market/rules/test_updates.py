"""Formulas of rules against plain loops over tokens."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from isotherm.market.rules import updates

ROWS = np.random.default_rng(0).normal(0, 0.02, (7, 3))
K = np.array([40.0, 25.0, 60.0])


def slow_zero_sum(x: np.ndarray, k: np.ndarray) -> np.ndarray:
    mean = sum(k[i] * x[i] for i in range(len(k))) / sum(k)
    return np.array([k[i] * (x[i] - mean) for i in range(len(k))])


def test_changes_sum_to_zero_and_a_token_without_k_stays() -> None:
    with jax.enable_x64(True):
        found = updates.zero_sum(jnp.asarray(ROWS), jnp.asarray(K))
        none = updates.zero_sum(jnp.asarray(ROWS), jnp.asarray([40.0, 0.0, 60.0]))
        void = updates.zero_sum(jnp.asarray(ROWS), jnp.asarray([1.0, -2.0, 1.0]))
        slope = jax.grad(lambda k: updates.zero_sum(jnp.asarray(ROWS), k).sum())(jnp.zeros(3))
    np.testing.assert_allclose(found, [slow_zero_sum(x, K) for x in ROWS], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(np.asarray(found).sum(1), 0.0, atol=1e-15)
    assert (np.asarray(none)[:, 1] == 0).all()
    np.testing.assert_allclose(np.asarray(none).sum(1), 0.0, atol=1e-15)
    np.testing.assert_array_equal(void, 0.0)
    assert np.isfinite(slope).all()


def test_powers_keep_signs_and_have_finite_slopes_at_zero() -> None:
    x = np.array([-0.25, 0.0, 4.0])
    with jax.enable_x64(True):
        found = updates.signed_power(jnp.asarray(x), jnp.asarray([0.5, 0.3, 1.5]))
        slopes = jax.jacfwd(updates.signed_power, argnums=(0, 1))(
            jnp.asarray(x), jnp.asarray([0.5, 0.3, 1.5])
        )
    np.testing.assert_allclose(found, [-0.5, 0.0, 8.0], rtol=1e-15)
    np.testing.assert_allclose(np.diag(slopes[0]), [0.5 * 0.25**-0.5, 0.0, 3.0], rtol=1e-12)
    np.testing.assert_allclose(np.diag(slopes[1]), [-0.5 * np.log(0.25), 0.0, 8 * np.log(4)], rtol=1e-12)


def test_channels_revert_inside_and_follow_outside() -> None:
    width, amplitude, q, h = np.array(
        [[0.02, 0.03, 0.015], [0.1, 0.2, 0.3], [1.0, 1.6, 0.4], [0.5, 0.3, 0.8]]
    )
    channel, trend, outer = ROWS, ROWS[::-1], 2 * ROWS
    with jax.enable_x64(True):
        tokens = [jnp.asarray(x) for x in (width, amplitude, q, h)]
        found = updates.channel_signal(tuple(jnp.asarray(x) for x in (channel, trend, outer)), *tokens)
    for row in range(len(ROWS)):
        for i in range(3):
            envelope = np.exp(-(outer[row, i] ** 2) / (2 * width[i] ** 2))
            y = np.pi * channel[row, i] / (3 * width[i])
            g = trend[row, i]
            reversion = -amplitude[i] * envelope * (y - y**3 / 6) / 0.5415
            following = (1 - envelope) * np.sign(g) * abs(g / (2 * h[i])) ** q[i]
            np.testing.assert_allclose(found[row, i], reversion + following, rtol=1e-11)


def test_shares_are_inverse_and_none_is_divided_by_zero() -> None:
    variance = np.array([[1.0, 3.0, 6.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [1e-100, 1e-100, 1e300]])
    with jax.enable_x64(True):
        found = updates.inverse_shares(jnp.asarray(variance))
        slopes = jax.jacrev(updates.inverse_shares)(jnp.asarray(variance))
    np.testing.assert_allclose(
        found, [[6 / 9, 2 / 9, 1 / 9], [0.5, 0.0, 0.5], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0.0]], rtol=1e-12
    )
    assert not np.isnan(slopes).any()


def slow_capped(shares: np.ndarray, cap: np.ndarray) -> np.ndarray:
    w = shares.copy()
    for _ in range(10):
        if (w <= cap + 1e-6).all():
            break
        excess, is_free = np.maximum(w - cap, 0).sum(), w < cap
        w = np.minimum(w, cap)
        w[is_free] *= 1 + excess / w[is_free].sum()
    return w / w.sum()


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), cap=st.floats(0.27, 0.6))
def test_caps_hold_and_what_is_over_goes_to_the_others_in_proportion(seed: int, cap: float) -> None:
    shares = np.random.default_rng(seed).dirichlet(np.full(4, 0.5), 3)
    caps = np.array([cap, cap, 1.0, cap])
    with jax.enable_x64(True):
        capped = jax.jit(updates.capped_shares)
        found, each = (capped(jnp.asarray(shares), jnp.asarray(np.broadcast_to(c, 4))) for c in (cap, caps))
    for ours, theirs, limit in ((found, shares, cap), (each, shares, caps)):
        np.testing.assert_allclose(ours, [slow_capped(row, limit * np.ones(4)) for row in theirs], rtol=1e-12)
        np.testing.assert_allclose(np.asarray(ours).sum(1), 1.0, rtol=1e-14)


def test_caps_below_which_all_is_are_not_felt_and_equal_ones_are_filled() -> None:
    with jax.enable_x64(True):
        shares = jnp.asarray([0.4, 0.35, 0.25])
        np.testing.assert_array_equal(updates.capped_shares(shares, 0.4), shares)
        np.testing.assert_allclose(updates.capped_shares(shares, 1 / 3), 1 / 3, atol=2e-6)
        slope = jax.jacrev(lambda x: updates.capped_shares(x, 0.35))(shares)
    assert np.isfinite(slope).all()
