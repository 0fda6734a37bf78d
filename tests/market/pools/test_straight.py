"""Straight weight moves in closed form: against every minute walked, values and gradients, whatever the step."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from isotherm.market.pools.geometric import log_steps
from isotherm.market.pools.straight import divergence_of_moves, price_sums, straight_log_steps
from isotherm.market.rules import coarse
from isotherm.market.rules.coarse import CoarseWeights
from isotherm.market.rules.settings import RuleSettings


@pytest.fixture(autouse=True)
def _in_float64():
    with jax.enable_x64(True):
        yield


def bout(chunk_period: int, period: int, rows: int, spread: float, seed: int = 0):
    """Weights that move to others in each chunk, by a share ``spread`` of the way, and prices."""
    rng = np.random.default_rng(seed)
    blocks = -(-rows // chunk_period)
    aims = rng.dirichlet([0.3] * 3, blocks + 1) * 0.999 + 0.001 / 3
    aims = jnp.asarray(aims[0] + (aims - aims[0]) * spread)
    prices = jnp.asarray(np.exp(np.cumsum(0.01 * rng.normal(size=(rows, 3)), axis=0)))
    return aims, prices, RuleSettings(chunk_period=chunk_period, weight_interpolation_period=period)


def walked(aims, prices, settings):
    step = (aims[1:] - aims[:-1]) / settings.period
    path = coarse.minutes_of(CoarseWeights(aims[:-1], aims[:-1], step, aims[1:]), settings).reshape(-1, 3)
    path = path[: len(prices)]
    return log_steps(path[0], prices[0], path, prices).sum()


def in_closed_form(aims, prices, settings):
    step = (aims[1:] - aims[:-1]) / settings.period
    sums = price_sums(jnp.diff(jnp.log(prices), axis=0), settings.chunk_period, settings.period)
    return straight_log_steps(aims[:-1], step, sums).sum()


@pytest.mark.parametrize(
    ("chunk_period", "period", "rows", "spread"),
    [
        (10, 7, 48, 1.0),
        (10, 10, 41, 1.0),
        (1, 1, 30, 1.0),
        (60, 60, 301, 1e-6),
        (60, 3, 300, 1.0),
        (720, 700, 1500, 0.5),
    ],
)
def test_no_minute_is_walked_and_none_is_missed(
    chunk_period: int, period: int, rows: int, spread: float
) -> None:
    given = bout(chunk_period, period, rows, spread)
    wanted, slope = jax.value_and_grad(walked)(*given)
    found, ours = jax.value_and_grad(in_closed_form)(*given)
    assert abs(float(found - wanted)) < 1e-13 * rows
    np.testing.assert_allclose(ours, slope, rtol=1e-9, atol=1e-11)


def test_weights_that_stand_cost_nothing() -> None:
    aims, prices, settings = bout(10, 10, 41, 0.0)
    found = in_closed_form(aims, prices, settings)
    assert float(found) == pytest.approx(float((aims[0] * jnp.log(prices[-1] / prices[0])).sum()), abs=1e-14)


@pytest.mark.parametrize("step", [0.02, -0.02])
def test_a_long_move_from_next_to_nothing_is_exact_to_rounding(step: float) -> None:
    minutes = 45
    path = [0.001 + abs(step) * t for t in range(minutes + 1)][:: 1 if step > 0 else -1]
    wanted = math.fsum(b * (math.log(b) - math.log(a)) for a, b in itertools.pairwise(path))
    one = jnp.ones((1, 1))
    found = divergence_of_moves(path[0] * one, step * one, float(minutes) * one)
    assert float(found[0, 0]) == pytest.approx(wanted, abs=2e-15)
