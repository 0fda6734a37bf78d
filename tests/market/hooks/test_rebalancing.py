"""Rebalancing on a market: costs, value, limits."""

import numpy as np
import pytest
from tests.market.pools import twin

from isotherm.market.hooks.rebalancing import lvr, rvr
from isotherm.market.pools.costs import Costs
from isotherm.market.pools.pool import pool_path
from isotherm.market.pools.registry import pool

ROWS = 40
WEIGHTS, PRICES = twin.market(ROWS)
SPREAD = np.array([1e-3, 2e-3, 0.0])


def slow(fee: float, spread: np.ndarray) -> np.ndarray:
    R, before, out = WEIGHTS[0] * 1e6 / PRICES[0], WEIGHTS[0], []
    for w, p, s in zip(WEIGHTS, PRICES, np.broadcast_to(spread, PRICES.shape), strict=True):
        for target in (before, w):
            V = (R * p).sum()
            change = target * V / p - R
            cost = fee * sum(max(-c, 0) * q for c, q in zip(change, p, strict=True))
            cost += sum(a * abs(c) * q for a, c, q in zip(s, change, p, strict=True)) / 2
            R = target * (V - cost) / p
        before = w
        out.append(R)
    return np.array(out)


@pytest.mark.parametrize("fee", [0.0, 0.001])
def test_costs_are_those_of_the_market(fee: float) -> None:
    by_rows = np.linspace(0, 1, ROWS)[:, None] * SPREAD
    for hook, spread in (
        (lvr(pool("momentum")), 0.0),
        (rvr(pool("momentum"), SPREAD), SPREAD),
        (rvr(pool("momentum"), by_rows), by_rows),
    ):
        found = pool_path(hook, WEIGHTS, PRICES, Costs(fees=fee, arb_frequency=3))  # which it ignores
        wanted = slow(fee, np.asarray(spread))
        np.testing.assert_allclose(found.reserves, wanted, rtol=1e-12)
        np.testing.assert_allclose(found.value, (wanted * PRICES).sum(1), rtol=1e-12)


def test_frictionless_rebalancing_keeps_value_and_leads_the_pool() -> None:
    found = pool_path(lvr(pool("momentum")), WEIGHTS, PRICES)
    before = (found.reserves[:-1] * PRICES[1:]).sum(1)
    np.testing.assert_allclose(found.value[1:], before, rtol=1e-13)
    ours = pool_path(pool("momentum"), WEIGHTS, PRICES)
    loss = found.value - ours.value
    assert (np.diff(loss / found.value) > -1e-12).all()
    assert loss[-1] > 0


def test_a_run_cut_in_two_equals_the_whole_to_the_last_bit() -> None:
    hook, costs, half = rvr(pool("momentum"), SPREAD), Costs(fees=0.001), ROWS // 2
    one = pool_path(hook, WEIGHTS[:half], PRICES[:half], costs)
    two = pool_path(hook, WEIGHTS[half:], PRICES[half:], costs, state=one.state)
    together = pool_path(hook, WEIGHTS, PRICES, costs).reserves
    np.testing.assert_array_equal(np.concatenate([one.reserves, two.reserves]), together)


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(ValueError, match="costs = 'that vary in time'"):
        pool_path(lvr(pool("momentum")), WEIGHTS, PRICES, Costs(fees=np.full(ROWS, 0.001)))
    with pytest.raises(ValueError, match=r"spread\.shape = \(2,\)"):
        pool_path(rvr(pool("momentum"), [0.0, 0.1]), WEIGHTS, PRICES)
    with pytest.raises(ValueError, match=r"spread = -0\.1"):
        rvr(pool("momentum"), [-0.1])
    with pytest.raises(ValueError, match=r"spread\.shape = \(\)"):
        rvr(pool("momentum"), 0.1)
    for wrong in ("momentum", None):
        with pytest.raises(TypeError, match="pool"):
            lvr(wrong)
        with pytest.raises(TypeError, match="pool"):
            rvr(wrong, SPREAD)
