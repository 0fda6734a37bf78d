"""Paths between two weight vectors: rows by formula, ends, costs, and the best single stop."""

from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

from isotherm.market.rules.interpolation import (
    geodesic_midpoint,
    interpolated,
    lambert_of_log,
    optimal_midpoint,
)
from isotherm.market.rules.settings import Interpolation

START, END = np.array([0.05, 0.55, 0.4]), np.array([0.4, 0.5, 0.1])
METHODS = get_args(Interpolation)
PATHS = jax.jit(interpolated, static_argnums=(2, 3, 4))


def path(start, end, chunk_period, period, method) -> np.ndarray:
    with jax.enable_x64(True):
        start, end = jnp.asarray(start), jnp.asarray(end)
        return np.asarray(PATHS(start, (end - start) / period, chunk_period, period, method))


def slow_row(start: np.ndarray, end: np.ndarray, j: int, period: int, method: str) -> np.ndarray:
    line = start + min(j, period) * (end - start) / period
    if method == "linear" or j >= period:
        return line
    if method == "slerp":
        angle = np.arccos(np.sqrt(start * end).sum())
        share = j / period
        mix = np.sin((1 - share) * angle) * np.sqrt(start) + np.sin(share * angle) * np.sqrt(end)
        return (mix / np.sin(angle)) ** 2
    geo = start * (end / start) ** (j / (period + (method == "approx_optimal_compat")))
    return (line + geo) / (line + geo).sum()


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_the_formula_and_stay_at_the_end(method: str) -> None:
    found = path(np.stack([START, END]), np.stack([END, START]), 10, 6, method)
    assert found.shape == (2, 10, 3)
    expected = [[slow_row(*ends, j, 6, method) for j in range(10)] for ends in ((START, END), (END, START))]
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    np.testing.assert_array_equal(found[:, 6:], np.repeat(found[:, 6:7], 4, axis=1))
    np.testing.assert_allclose(found[:, 0], [START, END], rtol=1e-15)
    np.testing.assert_allclose(path(START, END, 1, 1, method)[0], START, rtol=1e-15)


def test_the_right_exponent_arrives_and_the_compatible_one_does_not() -> None:
    """One row further, the right path is at its end."""
    for method, distance in (("approx_optimal", 1e-15), ("approx_optimal_compat", None)):
        last = slow_row(START, END, 5, 6, method)
        ours = path(START, END, 6, 6, method)[5]
        np.testing.assert_allclose(ours, last, rtol=1e-13)
        share = 6 / (6 + (distance is None))
        geo = START * (END / START) ** share
        at_end = (END + geo) / (END + geo).sum()
        assert (np.abs(at_end - END).max() < 1e-15) == (distance is not None)


def cost(rows: np.ndarray) -> float:
    return float((rows[1:] * np.log(rows[1:] / rows[:-1])).sum())


def test_costs_of_paths_are_those_published_and_the_arc_is_near_the_bound() -> None:
    """Of section 3.6: total log losses of 1440 steps, and ``2 theta**2 / steps``."""
    losses = [
        cost(np.vstack([path(START, END, 1440, 1440, m), END])) for m in ("linear", "approx_optimal", "slerp")
    ]
    np.testing.assert_allclose(losses, [3.988e-4, 3.821e-4, 3.8139e-4], rtol=2e-4)
    angle = np.arccos(np.sqrt(START * END).sum())
    assert 2 * angle**2 / 1440 < losses[2] < 2 * angle**2 / 1440 * 1.001
    assert losses[0] > losses[1] > losses[2]
    np.testing.assert_allclose(cost(np.stack([START, END])), 0.645, atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_standing_still_and_tokens_without_weight_are_finite(method: str) -> None:
    still = path(START, START, 5, 5, method)
    np.testing.assert_allclose(still, np.tile(START, (5, 1)), rtol=1e-14)
    near = path(START, START + 1e-12 * np.array([1, -1, 0]), 5, 5, method)
    np.testing.assert_allclose(near, still, atol=1e-11)
    gone = path(np.array([0.0, 0.6, 0.4]), np.array([0.5, 0.5, 0.0]), 4, 4, method)
    np.testing.assert_allclose(gone.sum(1), 1, rtol=1e-14)
    with jax.enable_x64(True):

        @jax.jit
        def last(ends):
            return interpolated(ends[0], (ends[1] - ends[0]) / 4, 5, 3, method)[2, 0]

        slope = jax.jit(jax.grad(last))
        slopes = [slope(jnp.asarray(np.stack(ends))) for ends in ((START, START), (START, END))]
        ends = jnp.asarray(np.stack([START, END]))
        moves = [jnp.asarray(1e-7 * np.eye(6)[i].reshape(2, 3)) for i in range(3)]
        differences = [(last(ends + move) - last(ends - move)) / 2e-7 for move in moves]
    assert np.isfinite(slopes[0]).all()
    np.testing.assert_allclose(slopes[1][0], differences, atol=1e-6)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), size=st.sampled_from([1.0, 0.1, 0.01]))
def test_the_best_stop_is_found_for_small_moves_and_the_arcs_middle_is_near(seed: int, size: float) -> None:
    start, far = np.random.default_rng(seed).dirichlet(np.full(3, 5.0), 2)
    end = start + size * (far - start)

    def total(logs: np.ndarray) -> float:
        stop = np.exp(logs) / np.exp(logs).sum()
        return (stop * np.log(stop / start)).sum() + (end * np.log(end / stop)).sum()

    best = optimize.minimize(total, np.log((start + end) / 2), tol=1e-15).fun
    with jax.enable_x64(True):
        stop, middle = (
            f(jnp.asarray(start), jnp.asarray(end)) for f in (optimal_midpoint, geodesic_midpoint)
        )
        arc = path(start, end, 2, 2, "slerp")[1]
    gain = total(np.log(start)) - best
    np.testing.assert_allclose(middle, arc, rtol=1e-12)
    assert total(np.log(stop)) - best < 0.02 * size * gain + 1e-13
    assert total(np.log(middle)) - best < 0.05 * size * gain + 1e-13
    assert total(np.log(0.9 * start + 0.1 * end)) - best > 0.2 * gain


def test_lambert_to_rounding_with_slopes() -> None:
    logs = np.concatenate([np.linspace(-40, 1, 60), np.linspace(1, 700, 60)])
    with jax.enable_x64(True):
        found = jax.jit(lambert_of_log)(jnp.asarray(logs))
        slopes = jax.vmap(jax.grad(lambert_of_log))(jnp.asarray(logs))
    np.testing.assert_allclose(found, special.lambertw(np.exp(logs)).real, rtol=1e-13)
    np.testing.assert_allclose(slopes, np.asarray(found) / (1 + np.asarray(found)), rtol=1e-14)
