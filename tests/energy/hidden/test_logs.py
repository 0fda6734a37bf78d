"""Logarithms of probabilities, with and without the reference's floor, and their gradients at zero."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.energy.hidden.logs import EPS, cross_entropy, entropy, is_floored, log_floored, safe_log

P = jnp.array([0.25, 0.0, 0.75])
Q = jnp.array([0.5, 0.5, 0.0])


def test_the_floor_holds_in_both_precisions() -> None:
    assert np.finfo(np.float64).eps == EPS
    for dtype in (jnp.float32, jnp.float64):
        with jax.enable_x64(dtype == jnp.float64):
            found = log_floored(jnp.array([0.0, 1e-20, EPS, 1e-15, 1.0], dtype))
            assert found.dtype == dtype
            low = -36.04365338911715
            np.testing.assert_allclose(found, [low, low, low, np.log(1e-15), 0.0], rtol=1e-6, atol=0)
            np.testing.assert_array_equal(safe_log(jnp.array([0.0, 1e-20], dtype), "reference"), found[:2])


def test_without_a_floor_nothing_is_lost() -> None:
    found = safe_log(jnp.array([0.0, 1e-30, 1.0]))
    np.testing.assert_allclose(found, [-np.inf, np.log(1e-30), 0.0], rtol=1e-6)


def test_gradients_at_zero_are_finite() -> None:
    slopes = jax.grad(lambda p: safe_log(p)[jnp.array([0, 2])].sum())(P)
    np.testing.assert_allclose(slopes, [4.0, 0.0, 1 / 0.75], rtol=1e-6)
    np.testing.assert_allclose(
        jax.grad(lambda p: safe_log(p, "reference").sum())(P), [4.0, 0.0, 1 / 0.75], rtol=1e-6
    )
    np.testing.assert_allclose(jax.grad(entropy)(P), [-np.log(0.25) - 1, 0.0, -np.log(0.75) - 1], rtol=1e-6)
    slopes = jax.grad(cross_entropy, argnums=(0, 1))(jnp.array([0.5, 0.5, 0.0]), Q)
    np.testing.assert_allclose(slopes[0], [np.log(2), np.log(2), 0.0], rtol=1e-6)
    np.testing.assert_allclose(slopes[1], [-1.0, -1.0, 0.0], rtol=1e-6)
    unused = jax.grad(cross_entropy)(jnp.array([0.0, 1.0, 0.0]), Q)
    np.testing.assert_allclose(unused, [np.log(2), np.log(2), 0.0], rtol=1e-6)


def test_entropies_are_of_columns() -> None:
    laws = jnp.stack([P, Q], axis=1)
    expected = [-0.25 * np.log(0.25) - 0.75 * np.log(0.75), np.log(2)]
    np.testing.assert_allclose(entropy(laws), expected, rtol=1e-6)
    np.testing.assert_allclose(entropy(laws.T, axis=-1), expected, rtol=1e-6)
    np.testing.assert_allclose(cross_entropy(laws, laws), expected, rtol=1e-6)


def test_what_is_ruled_out_costs_infinity_or_the_floor() -> None:
    assert cross_entropy(P, Q) == np.inf
    expected = 0.25 * np.log(2) - 0.75 * np.log(EPS)
    np.testing.assert_allclose(cross_entropy(P, Q, "reference"), expected, rtol=1e-6)


def test_another_floor_is_refused() -> None:
    with pytest.raises(ValueError, match="floor = 'eps': should be None or 'reference'"):
        is_floored("eps")
