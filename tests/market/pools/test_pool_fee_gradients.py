"""The gate, sets along the last axis and the reverse scan, against plain scans and differences."""

import functools
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from benchmarks.market_paths import textbook_path, ungated_path
from tests.market.pools import twin

from isotherm.market.pools.active import active_rows
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.fees import fee_path
from isotherm.market.pools.pool import opened
from isotherm.market.pools.weighted import WeightedPool

ROWS, SETS = 60, 3


@pytest.fixture(autouse=True)
def x64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def reserves_of(weights, prices, fee):
    costs = Costs(fees=fee).prepared(len(prices), prices.shape[1], prices.dtype)
    state = opened(weights[0], prices[0], jnp.asarray(1e6, prices.dtype))
    return fee_path(active_rows(len(prices), 1), weights, prices, costs, state).reserves


def mean_log(path, weights, prices, fee):
    return jnp.log((path(weights, prices, fee) * prices).sum(1) / 1e6).mean()


OURS, UNGATED, TEXTBOOK = map(jax.jit, (reserves_of, ungated_path, textbook_path))
VALUE = jax.jit(functools.partial(mean_log, reserves_of))
SLOPES = jax.jit(jax.grad(functools.partial(mean_log, reserves_of), (0, 1, 2)))


def inputs(seed: int, shock: float = 1e-3) -> tuple[jax.Array, jax.Array]:
    weights, prices = twin.market(ROWS, seed, shock=shock)
    return jnp.asarray(weights), jnp.asarray(prices)


@pytest.mark.parametrize("fee", [0.0005, 0.003, 0.02])
def test_the_gate_loses_no_trade(fee: float) -> None:
    weights, prices = inputs(5, 1e-3 if fee < 0.01 else 3e-3)
    ours, ungated = OURS(weights, prices, fee), UNGATED(weights, prices, fee)
    np.testing.assert_allclose(ours, ungated, rtol=1e-13)
    is_held = (np.diff(ours, axis=0) == 0).all(1)
    assert (is_held.mean() > 0.1) == (fee > 0.001)
    assert not is_held.all()


@pytest.mark.parametrize("fee", [0.0005, 0.003])
def test_the_textbook_gives_the_same_values(fee: float) -> None:
    weights, prices = inputs(6)
    values = [(path(weights, prices, fee) * prices).sum(1) for path in (OURS, TEXTBOOK)]
    np.testing.assert_allclose(*values, rtol=1e-11)


def test_sets_along_the_last_axis_are_each_as_alone() -> None:
    sets = jnp.stack([inputs(seed)[0] for seed in range(SETS)])
    windows = jnp.stack([inputs(seed)[1] for seed in (7, 8)])
    fees = jnp.array([0.001, 0.01])
    over = jax.vmap(jax.vmap(jax.vmap(reserves_of, (None, None, 0)), (None, 0, None)), (0, None, None))
    found = jax.jit(over)(sets, windows, fees)
    for s in range(SETS):
        for window in range(2):
            for f in range(2):
                alone = OURS(sets[s], windows[window], fees[f])
                np.testing.assert_allclose(found[s, window, f], alone, rtol=1e-14)


def test_the_gate_survives_vmap() -> None:
    weights, prices = inputs(0)
    many = jax.vmap(reserves_of, (0, None, None))
    assert "cond[" in str(jax.make_jaxpr(many)(jnp.stack([weights] * SETS), prices, 0.003))


def test_the_gradient_is_that_of_a_plain_scan() -> None:
    weights, prices = inputs(9)
    plain = jax.jit(jax.grad(functools.partial(mean_log, ungated_path), (0, 1, 2)))
    found, wanted = SLOPES(weights, prices, 0.003), plain(weights, prices, 0.003)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12 * float(jnp.abs(other).max()))


def test_the_gradient_is_the_limit_of_differences() -> None:
    weights, prices = inputs(9, 3e-3)  # so much that no trade begins within the differences
    found = SLOPES(weights, prices, 0.003)
    way = np.random.default_rng(2).normal(size=weights.shape) * 1e-6
    way = jnp.asarray(way - way.mean(1, keepdims=True))
    up, down = (VALUE(weights + sign * way, prices, 0.003) for sign in (1, -1))
    assert float(up - down) / 2 == pytest.approx(float((found[0] * way).sum()), rel=1e-6)
    up, down = (VALUE(weights, prices * (1 + sign * way), 0.003) for sign in (1, -1))
    assert float(up - down) / 2 == pytest.approx(float((found[1] * prices * way).sum()), rel=1e-6)
    up, down = (VALUE(weights, prices, 0.003 + sign * 1e-7) for sign in (1, -1))
    assert float(up - down) / 2e-7 == pytest.approx(float(found[2]), rel=1e-6)


def test_gradients_of_sets_are_each_as_alone() -> None:
    sets, prices = jnp.stack([inputs(seed)[0] for seed in range(SETS)]), inputs(7)[1]
    slope = jax.grad(functools.partial(mean_log, reserves_of), (0, 1, 2))
    many = jax.jit(jax.vmap(slope, (0, None, None)))(sets, prices, 0.003)
    over_sets = jax.vmap(functools.partial(mean_log, reserves_of), (0, None, None))
    total = jax.jit(jax.grad(lambda *x: over_sets(*x).sum(), (0, 1, 2)))(sets, prices, 0.003)
    alone = [SLOPES(weights, prices, 0.003) for weights in sets]
    for s, each in enumerate(alone):
        for one, other in zip(many, each, strict=True):
            np.testing.assert_allclose(one[s], other, rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(total[0][s], each[0], rtol=1e-11, atol=1e-14)
    for which in (1, 2):
        np.testing.assert_allclose(total[which], sum(each[which] for each in alone), rtol=1e-10, atol=1e-14)


def test_second_derivatives_go_forward_over_the_reverse_scan() -> None:
    weights, prices = inputs(9, 3e-3)
    second = jax.jit(jax.hessian(functools.partial(mean_log, reserves_of), 2))(weights, prices, 0.003)
    up, down = (SLOPES(weights, prices, 0.003 + sign * 1e-7)[2] for sign in (1, -1))
    assert float(second) == pytest.approx(float(up - down) / 2e-7, rel=1e-4)


def test_every_cost_has_its_gradient() -> None:
    rows = 40
    weights, prices = (jnp.asarray(x) for x in twin.market(rows))
    rng = np.random.default_rng(1)
    sides = jnp.asarray(np.stack([rng.integers(0, 2, rows), np.full(rows, 2)], axis=1), jnp.float64)
    numbers = {
        "fees": jnp.linspace(0.001, 0.004, rows), "protocol_fee_split": jnp.asarray(0.3),
        "noise_trader_ratio": jnp.asarray(0.5), "supply": jnp.linspace(1.0, 2.0, rows),
        "amounts": jnp.asarray(rng.uniform(0.01, 0.1, rows)),
    }  # fmt: skip

    def value(numbers):
        told = {name: number for name, number in numbers.items() if name != "amounts"}
        trades = jnp.concatenate([sides, numbers["amounts"][:, None]], axis=1)
        costs = Costs(**told, trades=trades).prepared(rows, 3, prices.dtype)
        state = opened(weights[0], prices[0], jnp.asarray(1e6), told["supply"][0])
        found = WeightedPool().path(weights, prices, costs, state)
        return jnp.log(found.value).mean() + 1e-4 * found.fee_revenue.sum() + 0.1 * (found.trades**2).mean()

    found, value = jax.jit(jax.grad(value))(numbers), jax.jit(value)
    for name, number in numbers.items():
        way = jnp.asarray(rng.uniform(0.5, 1, number.shape)) * number * 1e-5
        up, down = (value(numbers | {name: number + sign * way}) for sign in (1, -1))
        assert float(up - down) / 2 == pytest.approx(float((found[name] * way).sum()), rel=2e-5), name
        assert jnp.abs(found[name]).max() > 0


def test_single_precision_follows() -> None:
    weights, prices = inputs(3)
    found = OURS(weights.astype(jnp.float32), prices.astype(jnp.float32), jnp.float32(0.003))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, OURS(weights, prices, 0.003), rtol=3e-5)
