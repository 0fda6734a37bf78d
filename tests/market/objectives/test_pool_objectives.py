"""Objectives against slow NumPy twins written from the formulas, their gradients, batches and refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.objectives import risk
from isotherm.market.objectives.registry import (
    CEILING,
    DEFAULT_OBJECTIVE,
    OBJECTIVES,
    bounded_objective,
    evaluate,
    evaluate_all,
    objective,
)
from isotherm.market.objectives.returns import PoolHistory, history_of

D = 1440
T = 61 * D + 700
"""Two whole months and a part: the part must be dropped by chunks, and only by them."""


def pool(seed: int = 0, minutes: int = T) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, reserves and prices of a pool whose reserves wander."""
    rng = np.random.default_rng(seed)
    prices = np.exp(np.cumsum(rng.normal(0, 1e-3, (minutes, 3)), axis=0)) * [30000.0, 2000.0, 1.0]
    reserves = np.exp(np.cumsum(rng.normal(0, 1e-4, (minutes, 3)), axis=0)) * [1.0, 20.0, 1e4]
    return (reserves * prices).sum(1), reserves, prices


def drawn_down(v: np.ndarray) -> np.ndarray:
    peak, found = -np.inf, []
    for x in v:
        peak = max(peak, x)
        found.append((x - peak) / peak)
    return np.array(found)


def twins(v: np.ndarray, reserves: np.ndarray, prices: np.ndarray, fees: np.ndarray) -> dict[str, float]:
    """All objectives, chunk by chunk."""
    t, n = prices.shape
    year, big = 365 * D / (t - 1), 365 * D / t
    cut = {"daily": D, "weekly": 7 * D, "monthly": 30 * D}
    parts = {name: [v[i : i + d] for i in range(0, t - d + 1, d)] for name, d in cut.items()}
    simple = v[1:] / v[:-1] - 1
    daily = v[::D]
    gain = daily[1:] / daily[:-1] - 1
    logs = np.diff(np.log(daily + 1e-12))
    held = (reserves[0] * prices[-1]).sum()
    even = (v[0] / n / prices[0] * prices[-1]).sum()
    found = {
        "sharpe": np.sqrt(365 * D) * simple.mean() / simple.std(),
        "daily_sharpe": np.sqrt(365) * gain.mean() / gain.std(),
        "daily_log_sharpe": np.sqrt(365) * logs.mean() / (logs.std() + 1e-8),
        "returns": v[-1] / v[0] - 1,
        "returns_over_hodl": v[-1] / held - 1,
        "returns_over_uniform_hodl": v[-1] / even - 1,
        "greatest_draw_down": (v - v[0]).min() / v[0],
        "weekly_max_drawdown": min(drawn_down(part).min() for part in parts["weekly"]),
        "ulcer": -np.mean([np.sqrt((drawn_down(part) ** 2).mean()) for part in parts["monthly"]]),
        "fee_revenue_over_value": fees.sum() / v[0],
    }
    for name in ("returns", "returns_over_hodl", "returns_over_uniform_hodl"):
        found[f"annualised_{name}"] = (1 + found[name]) ** year - 1
    top = (v[-1] / v[0]) ** big - 1
    found["sterling"] = top / -np.mean([drawn_down(part).min() for part in parts["monthly"]])
    found["calmar"] = top / -drawn_down(v).min()
    for name, d in cut.items():
        ends = np.array([part[-1] for part in parts[name]])
        var = {
            q: np.mean([np.percentile(part[1:] / part[:-1] - 1, 100 - q) for part in parts[name]])
            for q in (95, 99)
        }
        trad = {q: np.percentile(ends[1:] / ends[:-1] - 1, 100 - q) for q in (95, 99)}
        scale = np.sqrt(big * D / d)
        mean_gain = np.mean([(part[-1] / part[0]) ** (365 * D / d) - 1 for part in parts[name]])
        found[f"{name}_rovar"] = -mean_gain / (var[95] * scale)
        found[f"{name}_rovar_trad"] = -mean_gain / (trad[95] * scale)
        if name != "monthly":
            found[f"{name}_raroc"] = -top / (var[95] * scale)
            found |= {f"{name}_var_{q}%": var[q] for q in (95, 99)}
            found |= {f"{name}_var_{q}%_trad": trad[q] for q in (95, 99)}
    return found


@pytest.mark.parametrize("seed", [0, 1])
def test_every_objective_is_its_formula(seed: int) -> None:
    run, fees = pool(seed), np.full(T, 3.0)
    found = evaluate_all(list(OBJECTIVES), *run, fees)
    expected = twins(*run, fees)
    assert list(found) == list(OBJECTIVES)
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-9, err_msg=name)


SMOOTH = [name for name in OBJECTIVES if "rovar" not in name]
"""Gains of a day taken to the 365th power leave no digits to finite differences."""


def test_gradients_are_those_of_finite_differences() -> None:
    value, reserves, prices = pool(2)
    with jax.enable_x64(True):
        t = jnp.arange(T) / T

        def all_of(theta):
            tilt = jnp.exp(theta * jnp.sin(40 * t))
            history = history_of(
                jnp.asarray(value) * tilt,
                jnp.asarray(reserves),
                jnp.asarray(prices) * tilt[:, None],
                jnp.ones(T),
            )
            return jnp.stack([OBJECTIVES[name](history) for name in SMOOTH])

        h, theta = 1e-6, jnp.asarray(0.3)
        function = jax.jit(lambda x: jax.jvp(all_of, (x,), (jnp.ones_like(x),)))
        slopes = function(theta)[1]
        differences = (function(theta + h)[0] - function(theta - h)[0]) / (2 * h)
    np.testing.assert_allclose(slopes, differences, rtol=1e-4, atol=1e-6)


def test_nothing_flows_into_what_is_held() -> None:
    value, reserves, prices = (one[:3000] for one in pool())

    def over(name: str, first: jax.Array, held: jax.Array) -> jax.Array:
        history = history_of(jnp.asarray(value).at[0].set(first), jnp.asarray(reserves), jnp.asarray(prices))
        return objective(name)(PoolHistory(history.value, held, history.initial_prices, history.final_prices))

    with jax.enable_x64(True):
        held = jnp.asarray(reserves[0])
        slope = jax.grad(over, argnums=2)("returns_over_hodl", jnp.asarray(value[0]), held)
        assert slope.tolist() == [0.0, 0.0, 0.0]
        first = jax.grad(over, argnums=1)("returns_over_uniform_hodl", jnp.asarray(value[0]), held)
        assert float(first) == 0.0


@pytest.mark.parametrize("name", ["calmar", "sterling", "sharpe", "daily_raroc", "daily_sharpe"])
def test_infinity_is_a_million_for_optimisers_with_finite_gradients(name: str) -> None:
    value = {
        "sharpe": np.array([2.0, 4.0]),  # one return: its spread is 0
        "daily_sharpe": np.repeat([1.0, 2.0, 4.0], D),
        "daily_raroc": np.repeat([1.0, 2.0, 4.0], D),  # no returns inside days
    }.get(name, np.linspace(1.0, 2.0, 30 * D))
    with jax.enable_x64(True):
        column = jnp.asarray(value)

        def of(value: jax.Array) -> jax.Array:
            return bounded_objective(name)(history_of(value, column[:, None], column[:, None]))

        found, slope = jax.value_and_grad(of)(column)
        assert float(objective(name)(history_of(column, column[:, None], column[:, None]))) == np.inf
    assert float(found) == CEILING
    assert np.isfinite(slope).all()


def test_minus_infinity_and_nan_stay_apart() -> None:
    value = np.repeat([4.0, 2.0, 1.0], D)
    history = history_of(value, value[:, None], value[:, None])
    assert bounded_objective("daily_sharpe")(history) == -CEILING
    flat = history_of(np.ones(D * 3), np.ones((D * 3, 1)), np.ones((D * 3, 1)))
    assert np.isnan(bounded_objective("daily_sharpe")(flat))
    assert float(objective("daily_log_sharpe")(flat)) == 0.0
    assert float(objective("calmar")(flat)) == np.inf


@pytest.mark.parametrize("name", ["daily_sharpe", "daily_log_sharpe"])
def test_fewer_than_three_days_are_refused(name: str) -> None:
    value, reserves, prices = pool(0, 2 * D + 1)
    assert np.isfinite(evaluate(name, value, reserves, prices))
    with pytest.raises(ValueError, match=r"value.shape = \(2880,\): holds 2 daily samples; .* needs 3"):
        evaluate(name, value[:-1], reserves[:-1], prices[:-1])


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("ulcer", 30 * D),
        ("sterling", 30 * D),
        ("weekly_max_drawdown", 7 * D),
        ("daily_var_95%", D),
        ("daily_var_99%_trad", 2 * D),
        ("weekly_raroc", 7 * D),
        ("monthly_rovar", 30 * D),
        ("weekly_rovar_trad", 14 * D),
    ],
)
def test_too_short_a_history_is_refused_and_the_shortest_is_not(name: str, least: int) -> None:
    value, reserves, prices = pool(3, least)
    function = objective(name)
    assert np.isfinite(function(history_of(value, reserves, prices)))
    with pytest.raises(ValueError, match="whole chunks of"):
        function(history_of(value[1:], reserves[1:], prices[1:]))


def test_sets_are_batched_by_vmap() -> None:
    runs = [pool(seed, 3 * D) for seed in (4, 5)]
    with jax.enable_x64(True):
        histories = jax.tree.map(lambda *x: jnp.stack(x), *(history_of(*run) for run in runs))
        together = jax.vmap(objective("returns_over_uniform_hodl"))(histories)
    alone = [evaluate("returns_over_uniform_hodl", *run) for run in runs]
    np.testing.assert_allclose(together, alone, rtol=1e-12)


def test_options_of_sterling_and_calmar() -> None:
    value, reserves, prices = pool(6)
    history = history_of(value, reserves, prices)
    plain, with_ten = (float(risk.sterling(history, adjustment)) for adjustment in (0.0, 0.1))
    mean = np.mean([drawn_down(value[i : i + 30 * D]).min() for i in (0, 30 * D)])
    np.testing.assert_allclose(with_ten / plain, -mean / (0.1 - mean), rtol=1e-4)
    last = history_of(value[-1000:], reserves[-1000:], prices[-1000:])
    np.testing.assert_allclose(risk.calmar(history, 1000), risk.calmar(last), rtol=1e-5)
    with pytest.raises(ValueError, match="duration = 1: should be within 2"):
        risk.calmar(history, 1)


@given(st.floats(0.01, 100.0), st.integers(0, 20))
def test_units_of_value_do_not_matter(scale: float, seed: int) -> None:
    value, reserves, prices = pool(seed, 3 * D)
    with jax.enable_x64(True):
        one, other = history_of(value, reserves, prices), history_of(value * scale, reserves * scale, prices)
        for name in ("sharpe", "returns_over_hodl", "greatest_draw_down"):
            np.testing.assert_allclose(OBJECTIVES[name](other), OBJECTIVES[name](one), rtol=1e-7)


def test_computed_in_float64_whatever_the_default() -> None:
    value, reserves, prices = pool(7, 3 * D)
    found = evaluate("returns", value.astype(np.float64), reserves, prices)
    assert abs(found - (value[-1] / value[0] - 1)) < 1e-14
    assert DEFAULT_OBJECTIVE in OBJECTIVES


def test_bad_arguments_are_refused() -> None:
    value, reserves, prices = pool(0, 10)
    with pytest.raises(ValueError, match="return_val = 'shapre': is no objective; did you mean 'sharpe'"):
        objective("shapre")
    with pytest.raises(
        ValueError, match="return_val = 'zzz': is no objective; known are sharpe, daily_sharpe"
    ):
        bounded_objective("zzz")
    with pytest.raises(ValueError, match=r"value.shape = \(1,\): must be \(minutes,\), at least two"):
        history_of(value[:1], reserves[:1], prices[:1])
    with pytest.raises(ValueError, match=r"prices.shape = \(9, 3\): must be \(10, tokens\)"):
        history_of(value, reserves, prices[:9])
    with pytest.raises(ValueError, match=r"reserves.shape = \(10, 2\): must be \(10, 3\)"):
        history_of(value, reserves[:, :2], prices)
    with pytest.raises(ValueError, match=r"fee_revenue.shape = \(\): must be \(minutes,\)"):
        history_of(value, reserves, prices, 1.0)
    with pytest.raises(ValueError, match="fee_revenue = None: should be what fees brought in"):
        evaluate("fee_revenue_over_value", value, reserves, prices)
