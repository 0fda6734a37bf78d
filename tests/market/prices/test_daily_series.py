"""Spreads, volumes, volatilities, supplies by the day."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.prices.daily import by_minute, daily_spread, daily_volatility, daily_volume, supply
from isotherm.market.prices.spread import edge_spread


def observed(spread: float, days: int = 3000, steps: int = 60, seed: int = 0) -> list[np.ndarray]:
    """Opens, highs, lows, closes of trades at half a spread above or below a random walk."""
    rng = np.random.default_rng(seed)
    mid = np.exp(np.cumsum(rng.normal(0, 0.03 / np.sqrt(steps), days * steps))).reshape(days, steps)
    paid = mid * (1 + spread / 2 * rng.choice([-1, 1], mid.shape))
    return [paid[:, 0], paid.max(1), paid.min(1), paid[:, -1]]


def slow(first, high, low, last) -> float:
    """The estimator bar by bar, from the paper's words."""
    o, h, lo, c = (np.log(x) for x in (first, high, low, last))
    m = (h + lo) / 2
    rows = range(1, len(o))
    moved = {t: float(h[t] != lo[t] or lo[t] != c[t - 1]) for t in rows}
    share = np.mean(list(moved.values()))
    po = np.mean([moved[t] * (o[t] != h[t]) for t in rows]) + np.mean(
        [moved[t] * (o[t] != lo[t]) for t in rows]
    )
    before = {t: t - 1 for t in rows}
    pc = np.mean([moved[t] * (c[b] != h[b]) for t, b in before.items()])
    pc += np.mean([moved[t] * (c[b] != lo[b]) for t, b in before.items()])
    drift = {
        "mo": np.mean([m[t] - o[t] for t in rows]) / share,
        "mc": np.mean([m[t] - c[t - 1] for t in rows]) / share,
        "oc": np.mean([o[t] - c[t - 1] for t in rows]) / share,
    }
    one, two = [], []
    for t, b in before.items():
        mo = m[t] - o[t] - drift["mo"] * moved[t]
        mc = m[t] - c[b] - drift["mc"] * moved[t]
        oc = o[t] - c[b] - drift["oc"] * moved[t]
        one.append(-4 / po * mo * (o[t] - m[b]) - 4 / pc * mc * (c[b] - m[b]))
        two.append(-4 / po * mo * (o[t] - c[b]) - 4 / pc * oc * (c[b] - m[b]))
    v1, v2 = np.var(one), np.var(two)
    square = (v2 * np.mean(one) + v1 * np.mean(two)) / (v1 + v2)
    return float(np.sign(square) * np.sqrt(abs(square)))


@pytest.mark.parametrize("spread", [0.01, 0.03])
def test_the_estimator_finds_the_spread(spread: float) -> None:
    found = np.array([edge_spread(*observed(spread, days=1000, steps=390, seed=seed)) for seed in range(20)])
    error = found.std(ddof=1) / np.sqrt(20)
    assert abs(found.mean() - spread) < 4 * error
    assert error < 0.05 * spread


def test_the_estimator_is_that_of_a_loop_and_batched() -> None:
    series = observed(0.02, days=60)
    np.testing.assert_allclose(edge_spread(*series), slow(*series), rtol=1e-9)
    both = edge_spread(*(np.stack([one, one[::-1]]) for one in series))
    np.testing.assert_allclose(both[0], slow(*series), rtol=1e-9)
    assert both.shape == (2,)


def test_no_spread_is_small_and_its_square_may_be_negative() -> None:
    found = np.array([edge_spread(*observed(0.0, days=200, seed=seed)) for seed in range(20)])
    assert (found < 0).any()
    assert np.abs(found).mean() < 0.01


def test_unknown_bars_are_left_out() -> None:
    series = observed(0.02, days=500)
    holes = [one.copy() for one in series]
    for one in holes:
        one[100:110] = np.nan
    assert abs(edge_spread(*holes) - edge_spread(*series)) < 0.002
    assert np.isfinite(edge_spread(*holes))


def test_prices_that_do_not_move_tell_no_spread() -> None:
    flat = np.ones(100)
    assert np.isnan(edge_spread(flat, flat, flat, flat))
    assert daily_spread(*[np.ones(1440)] * 4).tolist() == [0.0]
    with pytest.raises(ValueError, match=r"high.shape = \(2,\): must be \(..., bars\), at least three"):
        edge_spread(np.ones(3), np.ones(2), np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=r"first.shape = \(2,\)"):
        edge_spread(*[np.ones(2)] * 4)


def test_daily_spreads_are_those_of_each_day_without_sign() -> None:
    series = observed(0.0, days=2880)
    found = daily_spread(*series)
    expected = [abs(edge_spread(*(one[i : i + 1440] for one in series))) for i in (0, 1440)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_volumes_and_volatilities_are_by_the_day() -> None:
    close = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 1e-3, 2880)))
    expected = [np.diff(np.log(close[i : i + 1440])).std() * np.sqrt(365.25) for i in (0, 1440)]
    np.testing.assert_allclose(daily_volatility(close), expected, rtol=1e-12)
    np.testing.assert_allclose(daily_volume(close), [close[:1440].sum(), close[1440:].sum()], rtol=1e-12)
    assert by_minute([1.0, 2.0]).tolist() == [1.0] * 1440 + [2.0] * 1440
    for call in (daily_volume, daily_volatility):
        with pytest.raises(ValueError, match="must be whole days of 1440 minutes"):
            call(close[:-1])
    with pytest.raises(ValueError, match=r"close = 0\.0: should be above 0"):
        daily_volatility(np.zeros(1440))
    with pytest.raises(ValueError, match=r"daily\.shape"):
        by_minute(1.0)


def test_supplies_are_clipped_at_three_deviations() -> None:
    caps = np.ones(100)
    caps[50] = 1000.0
    found = supply(caps, np.ones(100))
    assert found[50] == pytest.approx(caps.mean() + 3 * caps.std())
    assert (np.delete(found, 50) == 1.0).all()


def test_supplies_are_filled_forwards_then_backwards_for_a_week() -> None:
    caps = np.full(40, np.nan)
    caps[[10, 30]] = [2.0, 3.0]
    found = supply(caps, np.ones(40))
    assert (found[3:10] == 2.0).all()
    assert np.isnan(found[:3]).all()
    assert (found[10:18] == 2.0).all()
    assert np.isnan(found[18:23]).all()
    assert (found[23:30] == 3.0).all()
    assert (found[30:38] == 3.0).all()
    assert np.isnan(found[38:]).all()
    assert np.isfinite(supply(caps, np.ones(40), fill_days=12)).all()


@given(st.floats(0.1, 10.0))
def test_supply_is_capitalisation_over_price(price: float) -> None:
    np.testing.assert_allclose(supply([price * 5, price * 5], [price, price]), [5.0, 5.0])


def test_bad_supplies_are_refused() -> None:
    with pytest.raises(ValueError, match=r"price.shape = \(1,\): must be \(days,\)"):
        supply([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=r"price = 0\.0: should be above 0"):
        supply([1.0], [0.0])
    with pytest.raises(ValueError, match="should hold one day with a price"):
        supply([np.nan], [1.0])
    with pytest.raises(ValueError, match="fill_days = -1"):
        supply([1.0], [1.0], -1)
