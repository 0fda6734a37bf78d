"""The comparison with recorded flow: what was recorded, what is simulated, what is said."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from isotherm.market.prices.shipped import shipped
from isotherm.studies.flow import runs
from isotherm.studies.flow.config import FlowConfig
from isotherm.studies.flow.study import PoolFlow
from isotherm.studies.flow.tables import combined, conclusions, ratio_of, tables

DAY = 1440


@pytest.fixture(scope="module")
def two_days() -> dict[str, np.ndarray]:
    return runs.compared(FlowConfig(num_days=2))


def test_the_record_is_on_a_whole_grid_and_a_minute_that_lacks_has_no_flow() -> None:
    found = runs.recorded(35)
    assert len(found.unix) == 35 * DAY
    assert (np.diff(found.unix) == 60_000).all()
    table = pl.read_parquet(shipped(runs.RECORD))
    lacking = np.flatnonzero(~np.isin(found.unix, table["unix"].to_numpy()))
    assert 0 < len(lacking) < 20
    assert (found.inflow[lacking] == 0).all()
    assert (found.price[lacking] == found.price[lacking - 1]).all()
    assert np.isfinite(found.price).all()
    assert (found.liquidity > 0).all()


def test_flow_is_worth_what_its_tokens_are() -> None:
    found = runs.recorded(2)
    row = (
        pl.read_parquet(shipped(runs.RECORD))
        .filter(pl.col("unix") == int(found.unix[100]))
        .row(0, named=True)
    )
    assert found.inflow[100] == pytest.approx(row["in_usdc"] + row["in_weth"] * row["price"])
    assert found.net[100] == pytest.approx(row["net_weth"] * row["price"])
    assert found.liquidity[100] == row["liquidity"] / 1e12


def test_recorded_liquidity_says_how_far_a_price_moves() -> None:
    """Net WETH of a minute is liquidity times the change of 1/sqrt(price), for most minutes: the unit is right."""
    found = runs.recorded(35)
    moved = -found.liquidity[1:] * np.diff(1 / np.sqrt(found.price)) * -1 * found.price[1:]
    busy = np.abs(found.net[1:]) > 1e4
    ratio = np.median(moved[busy] / found.net[1:][busy])
    assert ratio == pytest.approx(1, abs=0.1)


def test_the_simulated_pool_is_as_deep_and_its_fees_are_of_its_volume(
    two_days: dict[str, np.ndarray],
) -> None:
    found = runs.recorded(2)
    worth = 2 * found.liquidity * np.sqrt(found.price)
    np.testing.assert_allclose(two_days["depth"], worth.reshape(2, DAY).mean(1))
    np.testing.assert_allclose(two_days["fees"], 5e-4 * two_days["simulated"], rtol=1e-6)
    np.testing.assert_allclose(two_days["inflow"], found.inflow.reshape(2, DAY).sum(1))
    np.testing.assert_allclose(two_days["net"], np.abs(found.net).reshape(2, DAY).sum(1))
    assert (two_days["simulated"] < two_days["net"]).all()


def test_a_narrow_band_follows_every_move() -> None:
    """Nearly without a fee the pool trades what takes it from price to price."""
    found = runs.recorded(2)
    free = runs.compared(FlowConfig(num_days=2, fees=1e-7))
    moves = np.abs(np.diff(1 / np.sqrt(found.price))) * found.liquidity[1:] * found.price[1:]
    assert free["simulated"].sum() == pytest.approx(moves.sum(), rel=0.02)


def test_rarer_arbitrage_and_noise_change_what_they_should(two_days: dict[str, np.ndarray]) -> None:
    rare = runs.compared(FlowConfig(num_days=2, arb_frequency=60))
    assert rare["simulated"].sum() < two_days["simulated"].sum()


def made() -> dict[str, np.ndarray]:
    return {
        "unix": 1_658_275_140_000 + 86_400_000 * np.arange(3), "price": np.full(3, 1500.0),
        "depth": np.array([1e8, 2e8, 3e8]), "inflow": np.array([4e6, 2e6, 4e6]), "net": np.array([2e6, 1e6, 3e6]),
        "recorded_fees": np.array([2000, 1000, 2000.0]), "simulated": np.array([1e6, 5e5, 1e6]),
        "fees": np.array([500, 250, 500.0]),
    }  # fmt: skip


def test_ratios_have_errors_over_days() -> None:
    rng = np.random.default_rng(0)
    below = rng.gamma(20, 1, (4000, 12))
    above = below * rng.normal(0.4, 0.1, (4000, 12))
    found = [ratio_of(a, b) for a, b in zip(above, below, strict=True)]
    spread = np.std([one.mean for one in found])
    assert np.sqrt(np.mean([(one.se or 0) ** 2 for one in found])) == pytest.approx(spread, rel=0.05)
    assert ratio_of(np.array([1.0, 2.0]), np.array([2.0, 4.0])).se == 0


def test_what_is_said_of_hand_made_flow() -> None:
    metrics = combined(made()).metrics
    said = conclusions(metrics)
    assert (
        "**0.250 ± 0.000** of the recorded volume and **0.250 ± 0.000** of the recorded fee income" in said[0]
    )
    assert "understates" in said[0]
    assert "only 0.600 ± 0.0" in said[1]
    assert "trades 0.417 ± 0.0" in said[2]
    assert "200 million USDC on average" in said[3]
    assert "`noise_trader_ratio` = 3.00" in said[4]
    ratios, totals = tables(metrics)
    assert [row[1].mean for row in ratios.rows] == pytest.approx([0.25, 0.25, 0.6, 2.5 / 6])
    assert totals.rows[0][1:] == ("10.0", "2.5")
    assert totals.rows[2][1:] == ("0.005", "0.001")


def test_what_is_said_turns_round() -> None:
    over = made() | {"simulated": np.array([8e6, 4e6, 8e6]), "fees": np.array([4000, 2000, 4000.0])}
    said = conclusions(combined(over).metrics)
    assert "overstates" in said[0]
    assert len(said) == 4


def test_the_figure_draws_its_days() -> None:
    arrays = made()
    figure: Any = next(iter(PoolFlow().figures(FlowConfig(), {}, arrays)))
    over_time, against = figure.figure.axes
    drawn = {line.get_label(): line.get_ydata() for line in over_time.get_lines()}
    np.testing.assert_allclose(drawn["recorded"], arrays["inflow"] / 1e6)
    np.testing.assert_allclose(drawn["recorded, net"], arrays["net"] / 1e6)
    np.testing.assert_allclose(drawn["simulated"], arrays["simulated"] / 1e6)
    dots = against.get_lines()[-1]
    np.testing.assert_allclose(dots.get_xydata(), np.stack([arrays["inflow"], arrays["simulated"]], 1) / 1e6)
    assert against.get_title(loc="left").endswith("the line: 0.25")
