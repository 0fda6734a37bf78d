"""Guardrails against plain loops, known projections and finite differences; degenerate rows; straight-through."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from isotherm.market.rules.bounds import WeightBounds, checked_bounds, passing, within_bounds
from isotherm.market.rules.guardrails import euclidean_projection, floored, guarded, kl_projection, limited
from isotherm.market.rules.settings import Guardrail, RuleSettings

OLD = np.array([0.3, 0.45, 0.25])
BOUNDS = np.array([[0.1, 0.15, 0.05], [0.6, 0.55, 0.5]])

GUARDED = jax.jit(guarded, static_argnums=2)


def guard(raw, bounds=None, **changes) -> np.ndarray:
    with jax.enable_x64(True):
        held = None if bounds is None else WeightBounds(*map(jnp.asarray, bounds))
        row, old = jnp.asarray(raw, jnp.float64), jnp.asarray(OLD[: len(raw)])
        return np.asarray(GUARDED(row, old, RuleSettings(**changes), held))


def slow_bounds(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    c = np.clip(x, low, high)
    total = c.sum()
    if total < 1:
        c = c + (1 - total) * (high - c) / ((high - c).sum() + 1e-10)
    elif total > 1:
        c = c - (total - 1) * (c - low) / ((c - low).sum() + 1e-10)
    c = np.clip(c, low, high)
    return c / c.sum()


def slow_floor(x: np.ndarray, eps: float) -> np.ndarray:
    n, small = len(x), x < eps
    x = np.clip(x, eps, 1 - (n - 1) * eps)
    x[~small] *= (1 - small.sum() * eps) / x[~small].sum()
    x[x.argmax()] += 1 - x.sum()
    return x


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([0.1, 1.0, 10.0]))
def test_a_row_is_normalised_bounded_and_floored(seed: int, scale: float) -> None:
    raw = OLD + np.random.default_rng(seed).normal(0, scale, 3)
    raw = raw - raw.sum() / 3 + 1 / 3
    found = guard(raw)
    np.testing.assert_allclose(found, slow_floor(raw / raw.sum(), 0.1 / 3), rtol=1e-12, atol=1e-15)
    assert abs(found.sum() - 1) < 3e-16
    bounded = guard(raw, BOUNDS, minimum_weight=0.02)
    expected = slow_floor(slow_bounds(raw / raw.sum(), *BOUNDS), 0.02)
    np.testing.assert_allclose(bounded, expected, rtol=1e-9)
    assert (bounded > BOUNDS[0] - 1e-9).all()
    assert (bounded < BOUNDS[1] + 1e-9).all()


def test_degenerate_rows_have_an_answer() -> None:
    np.testing.assert_allclose(guard(np.zeros(3)), OLD, rtol=0)
    np.testing.assert_allclose(guard(np.array([-1.0, 0.5, 0.2])), OLD, rtol=0)
    with jax.enable_x64(True):
        all_small = floored(jnp.asarray([0.01, 0.02, 0.01]), 0.05)
    np.testing.assert_allclose(all_small, 1 / 3)
    np.testing.assert_allclose(guard(np.array([5.0, -3.0]), minimum_weight=0.1), [0.9, 0.1], atol=1e-15)
    assert np.isnan(guard(np.array([np.nan, 0.5, 0.2]))).all()


@pytest.mark.parametrize("kind", ["projection", "kl_projection"])
@settings(max_examples=8)
@given(seed=st.integers(0, 10**6))
def test_projections_are_the_nearest_weights(kind: Guardrail, seed: int) -> None:
    raw = np.random.default_rng(seed).dirichlet(np.full(3, 0.4)) + 1e-9
    raw, eps = raw / raw.sum(), 0.12
    found = guard(raw, guardrail=kind, minimum_weight=eps)

    def distance(w: np.ndarray) -> float:
        return 0.5 * ((w - raw) ** 2).sum() if kind == "projection" else (w * np.log(w / raw)).sum()

    best = optimize.minimize(
        distance,
        np.full(3, 1 / 3),
        bounds=[(eps, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
    )
    assert (found >= eps - 1e-15).all()
    assert abs(found.sum() - 1) < 3e-16
    assert distance(found) <= best.fun + 1e-9
    np.testing.assert_allclose(found, best.x, atol=2e-3)


def test_projections_leave_what_is_inside_and_raise_what_is_negative() -> None:
    with jax.enable_x64(True):
        inside = jnp.asarray([0.5, 0.3, 0.2])
        np.testing.assert_allclose(euclidean_projection(inside, 0.1), inside, rtol=1e-15)
        np.testing.assert_allclose(kl_projection(inside, 0.1), inside, rtol=1e-15)
        outside = jnp.asarray([1.6, -0.1, -0.5])
        np.testing.assert_allclose(euclidean_projection(outside, 0.1), [0.8, 0.1, 0.1], rtol=1e-14)
        np.testing.assert_allclose(kl_projection(outside, 0.1), [0.8, 0.1, 0.1], rtol=1e-14)
        close = jnp.asarray([0.55, 0.5, -0.05])
        np.testing.assert_allclose(euclidean_projection(close, 0.1), [0.475, 0.425, 0.1], rtol=1e-14)


def test_steps_are_limited_in_the_direction_they_had() -> None:
    with jax.enable_x64(True):
        step = jnp.asarray([1e-4, -3e-4, 2e-4])
        np.testing.assert_allclose(limited(step, 2e-4), np.asarray(step) * 2e-4 / (3e-4 + 1e-10), rtol=1e-14)
        np.testing.assert_array_equal(limited(step, 3e-4), step)
        slopes = [jax.jacrev(lambda x, p=p: limited(x, 2e-4, p))(step) for p in (True, False)]
        np.testing.assert_array_equal(limited(step, 2e-4, True), limited(step, 2e-4))
    np.testing.assert_array_equal(slopes[0], np.eye(3))
    assert np.abs(slopes[1]).max() < 1


def test_straight_through_keeps_values_and_passes_slopes() -> None:
    with jax.enable_x64(True):
        x = jnp.asarray([0.1, 0.3, 0.9])
        value, slope = jax.value_and_grad(lambda x: passing(x, jnp.clip(x, 0.2, 0.5)).sum())(x)
        assert (float(value), slope.tolist()) == (1.0, [1.0, 1.0, 1.0])
        raw = jnp.asarray([0.9, 0.09, 0.01])
        bounds = WeightBounds(*map(jnp.asarray, BOUNDS))

        def first(x, is_passing):
            return guarded(x, jnp.asarray(OLD), RuleSettings(ste_min_max_weight=is_passing), bounds)

        hard, soft = (jax.jacrev(first)(raw, is_passing) for is_passing in (False, True))
        np.testing.assert_allclose(first(raw, True), first(raw, False), rtol=0, atol=1e-16)
        clipped = jax.jacrev(within_bounds)(raw, bounds)
    assert np.abs(hard[2]).max() < 1e-9 < np.abs(soft[2]).max()
    assert np.abs(clipped[2]).max() < 1e-9


def test_the_guard_is_differentiable_and_its_last_correction_is_not_felt() -> None:
    with jax.enable_x64(True):
        raw = jnp.asarray([0.7, 0.28, 0.02])
        old = jnp.asarray(OLD)
        found = jax.jacrev(lambda x: guarded(x, old, RuleSettings()))(raw)
        moved = [
            (guarded(raw + d, old, RuleSettings()) - guarded(raw - d, old, RuleSettings())) / 2e-7
            for d in 1e-7 * jnp.eye(3)
        ]
        void = jax.jacrev(lambda x: guarded(x, old, RuleSettings()))(jnp.zeros(3))
    np.testing.assert_allclose(found, np.transpose(moved), atol=1e-7)
    np.testing.assert_array_equal(void, 0.0)


def test_bounds_that_no_weights_keep_are_refused_all_at_once() -> None:
    checked_bounds([0.1, 0.2], [0.8, 0.9], 2)
    checked_bounds([0.1] * 10, [0.2] * 10)
    with pytest.raises(ValueError, match=r"low sums to 1\.2, above 1") as caught:
        checked_bounds([-0.1, 0.6, 0.7], [0.5, 0.5, 1.5])
    assert str(caught.value) == (
        "bounds: low[0] = -0.1 is below 0; high[2] = 1.5 is above 1; low[1] = 0.6 is not below high[1] = 0.5; "
        "low sums to 1.2, above 1"
    )
    with pytest.raises(ValueError, match=r"high sums to 0\.9, below 1"):
        checked_bounds([0.1, 0.2], [0.5, 0.4])
    with pytest.raises(ValueError, match=r"must be \(3,\)"):
        checked_bounds([0.1, 0.2], [0.5, 0.9], 3)
    with pytest.raises(ValueError, match=r"low\[0\] = nan"):
        checked_bounds([np.nan, 0.2], [0.5, 0.9])
    with pytest.raises(ValueError, match="low"):
        checked_bounds(["a", "b"], [0.5, 0.9])
