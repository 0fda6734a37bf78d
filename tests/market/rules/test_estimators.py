"""Estimators against plain loops over the equations, in all three forms."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isotherm.market.rules import estimators
from isotherm.market.rules.estimators import ewma, price_gradient, return_covariance, return_variance
from isotherm.market.rules.recurrences import BATCH, STEP, run

LAMBS = np.array([0.7, 0.05, 0.97])
ALTS = np.array([0.4, 0.9, 0.99])


def walk(rows: int, seed: int, scale: float = 0.02) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(0, scale, (rows, 3))
    return np.exp(np.cumsum(steps, axis=0)) * [30000.0, 2000.0, 1e-7]


def slow_gradient(prices: np.ndarray, lamb: np.ndarray, alt: np.ndarray) -> tuple[np.ndarray, ...]:
    e, other, a, rows = prices[0], prices[0], np.zeros(3), []
    for price in prices[1:]:
        e, other = e + (price - e) * (1 - lamb), other + (price - other) * (1 - alt)
        a = lamb * a + (price - e) / (1 - lamb)
        rows.append((a * (1 - lamb) ** 3 / lamb / other, e, a))
    return tuple(np.array(part) for part in zip(*rows, strict=True))


def slow_variance(prices: np.ndarray, lamb: np.ndarray) -> np.ndarray:
    returns = prices[1:] / prices[:-1] - 1
    m, v, rows = returns[0], np.zeros(3), [np.ones(3)]
    for r in returns[1:]:
        d = r - m
        m = m + (1 - lamb) * d
        v = lamb * v + d * (r - m)
        rows.append((1 - lamb) * v)
    return np.array(rows)


def slow_covariance(prices: np.ndarray, lamb: float) -> np.ndarray:
    returns = prices[1:] / prices[:-1] - 1
    m, s, rows = returns[0], np.eye(3), [np.zeros((3, 3))]
    for r in returns[1:]:
        d = r - m
        m = m + (1 - lamb) * d
        s = lamb * s + np.outer(d, r - m)
        rows.append((1 - lamb) * s)
    return np.array(rows)


@pytest.mark.parametrize("form", ["vectorized", "scan"])
@settings(max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_each_estimator_is_its_recursion(form, seed: int) -> None:
    prices = walk(40, seed)
    with jax.enable_x64(True):
        lamb, alt = jnp.asarray(LAMBS), jnp.asarray(ALTS)
        found = price_gradient(jnp.asarray(prices), lamb, alt, form=form)
        same = price_gradient(jnp.asarray(prices), lamb, form=form)
        averages = ewma(jnp.asarray(prices), lamb, form=form)
        variances = return_variance(jnp.asarray(prices), lamb, form=form)
        covariances = return_covariance(jnp.asarray(prices), jnp.asarray(0.7), form=form)
    for ours, theirs in zip(found, slow_gradient(prices, LAMBS, ALTS), strict=True):
        scale = np.abs(theirs).max(0)
        np.testing.assert_allclose(np.asarray(ours) / scale, theirs / scale, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(same.gradient, slow_gradient(prices, LAMBS, LAMBS)[0], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(averages, found.ewma, rtol=1e-14)
    np.testing.assert_allclose(variances, slow_variance(prices, LAMBS), rtol=1e-10)
    np.testing.assert_allclose(covariances, slow_covariance(prices, 0.7), rtol=1e-9, atol=1e-16)


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_convolution_is_the_recursion(seed: int) -> None:
    prices = walk(60, seed)
    with jax.enable_x64(True):
        lamb = jnp.asarray([0.7, 0.05, 0.8])
        whole = price_gradient(jnp.asarray(prices), lamb, form="scan")
        found = price_gradient(jnp.asarray(prices), lamb, form=200)
        short = price_gradient(jnp.asarray(prices), lamb, form=4)
    np.testing.assert_allclose(found.gradient, whole.gradient, rtol=1e-6, atol=1e-13)
    np.testing.assert_allclose(found.ewma, whole.ewma, rtol=1e-12)
    np.testing.assert_allclose(short.gradient[:4, 1], whole.gradient[:4, 1], rtol=1e-6, atol=1e-13)
    assert np.abs(short.gradient[10:, 0] - whole.gradient[10:, 0]).max() > 1e-4


@pytest.mark.parametrize("form", ["vectorized", "scan", 100])
def test_no_memory_gives_the_last_return_and_still_prices_none(form) -> None:
    prices = np.full((100, 3), [3.0, 7e-9, 1e6])
    prices[20:] *= [1.3, 0.9, 2.0]
    with jax.enable_x64(True):
        found = price_gradient(jnp.asarray(prices), jnp.asarray([0.0, 1e-12, 0.5]), form=form)
    gradient = np.asarray(found.gradient)
    expected = (prices[1:] - prices[:-1]) / prices[1:]
    np.testing.assert_allclose(gradient[:, :2], expected[:, :2], rtol=1e-6, atol=1e-15)
    assert (gradient[:19] == 0).all()
    assert (np.asarray(found.running_a)[75:] == 0).all()  # died out, and not stuck at rounding
    assert (gradient[75:] == 0).all()
    assert (gradient[19:30, 2] > 0).all()


def test_what_is_left_of_a_trend_counts_as_none_relative_to_the_price() -> None:
    """A token at 1e-7 keeps small trends that an absolute threshold would drop."""
    prices = np.full((40, 2), [1.0, 1e-7])
    prices[5:] *= 1.01
    with jax.enable_x64(True):
        found = price_gradient(jnp.asarray(prices), jnp.asarray(0.5))
        kept, _ = run(
            "scan",
            lambda way, state, price: (
                state := estimators.gradient_step(way, state, price, jnp.asarray(0.5), threshold=0.0)[0],
                state,
            ),
            estimators.gradient_start(jnp.asarray(prices[0])),
            jnp.asarray(prices[1:]),
        )
    gradient = np.asarray(found.gradient)
    np.testing.assert_allclose(gradient[:, 0], gradient[:, 1], rtol=1e-9, atol=1e-18)
    assert gradient[20, 1] > 0
    is_still = np.abs(kept.running_a) < 1e-14 * np.asarray(found.ewma)
    np.testing.assert_array_equal(np.asarray(found.running_a) == 0, is_still)


def test_a_state_goes_on_from_what_is_exported() -> None:
    prices = walk(30, 5)
    with jax.enable_x64(True):
        lamb, alt = jnp.asarray(LAMBS), jnp.asarray(ALTS)
        rows = jnp.asarray(prices)
        step = jax.jit(lambda state, row: estimators.gradient_step(STEP, state, row, lamb, alt)[0])
        state = estimators.gradient_start(rows[0])
        for row in rows[1:20]:
            state = step(state, row)
        again = estimators.GradientState.of(rows[19], state.ewma, state.running_a, state.alt_ewma)
        rest = jax.jit(lambda state, rows: estimators.gradient_step(BATCH, state, rows, lamb, alt)[1])
        found = rest(again, rows[20:])
        whole = price_gradient(rows, lamb, alt)
        one = estimators.GradientState.of(rows[19], state.ewma, state.running_a)
    np.testing.assert_allclose(found.gradient, whole.gradient[19:], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(found.running_a, whole.running_a[19:], rtol=1e-9)
    np.testing.assert_array_equal(one.alt_deviation, one.deviation)


def test_dtypes_stay_and_one_row_gives_none() -> None:
    prices = jnp.asarray(walk(12, 0), jnp.float32)
    for found in (
        price_gradient(prices, jnp.float32(0.5)).gradient,
        ewma(prices, jnp.float32(0.5), form="scan"),
        return_variance(prices, jnp.float32(0.5)),
        price_gradient(prices, jnp.float32(0.5), form=16).gradient,
    ):
        assert (found.dtype, found.shape) == (jnp.float32, (11, 3))
    assert price_gradient(prices[:1], jnp.float32(0.5)).gradient.shape == (0, 3)
    assert price_gradient(prices[:1], jnp.float32(0.5), form=3).gradient.shape == (0, 3)


def test_slopes_by_the_decay_agree_with_differences() -> None:
    prices = walk(25, 3)
    with jax.enable_x64(True):
        rows = jnp.asarray(prices)

        @functools.partial(jax.jit, static_argnames="form")
        def total(lamb, form):
            found = price_gradient(rows, lamb, lamb**2, form=form)
            return (found.gradient**2).sum() + return_variance(rows, lamb, form=form).sum()

        lamb = jnp.asarray(LAMBS)
        slopes = [jax.jit(jax.grad(functools.partial(total, form=f)))(lamb) for f in ("vectorized", "scan")]
        step = 1e-6 * jnp.eye(3)
        differences = [(total(lamb + d, "scan") - total(lamb - d, "scan")) / 2e-6 for d in step]
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-9)
    np.testing.assert_allclose(slopes[0], differences, rtol=1e-5, atol=1e-8)
