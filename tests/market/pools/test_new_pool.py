"""The example of the how-to page is short, and does what the page says."""

import runpy

import numpy as np
import pytest
from tests.docs.pages import DOCS
from tests.market.pools import twin

from isotherm.market.pools.costs import Costs
from isotherm.market.pools.pool import pool_path
from isotherm.market.pools.registry import pool, pool_names, register

EXAMPLE = DOCS / "examples" / "new_pool.py"
WEIGHTS, PRICES = twin.market(40)


def test_it_is_under_forty_lines_and_included_by_its_page() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) < 40
    assert "examples/new_pool.py" in (DOCS / "howto" / "new-pool.md").read_text(encoding="utf-8")


def test_it_trades_outside_its_band_and_may_be_cut() -> None:
    band = runpy.run_path(str(EXAMPLE))["BandPool"]
    costs = Costs(fees=0.001)
    found = pool_path(band(0.004), WEIGHTS, PRICES, costs, with_trades=True)
    shares = found.reserves * PRICES / found.value[:, None]
    assert (np.abs(shares - WEIGHTS) <= 0.004 + 1e-12).all()
    is_traded = (found.trades != 0).any(1)
    assert 0 < is_traded.mean() < 1
    one = pool_path(band(0.004), WEIGHTS[:20], PRICES[:20], costs)
    two = pool_path(band(0.004), WEIGHTS[20:], PRICES[20:], costs, state=one.state)
    np.testing.assert_array_equal(np.concatenate([one.reserves, two.reserves]), found.reserves)


def test_it_can_be_given_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from isotherm.market.pools import registry

    monkeypatch.setattr(registry, "_MAKERS", dict(registry._MAKERS))
    band = runpy.run_path(str(EXAMPLE))["BandPool"]
    register("band", band)
    assert "band" in pool_names()
    assert pool("band", width=0.5).width == 0.5
