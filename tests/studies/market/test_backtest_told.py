"""What a backtest says, from hand-made results: numbers, tables, sentences, and figures read back."""

from typing import Any

import numpy as np
import pytest

from isotherm.studies.market import results
from isotherm.studies.market.config import BacktestConfig
from isotherm.studies.market.figures import figures
from isotherm.studies.market.tables import conclusions, problems, tables

SETTINGS: dict[str, Any] = {
    "tokens": ["BBB", "AAA"], "rule": "momentum", "startDateString": "2024-01-01 00:00:00",
    "endDateString": "2024-02-10 00:00:00", "endTestDateString": "2024-03-01 00:00:00", "initial_pool_value": 1000.0,
    "chunk_period": 60, "weight_interpolation_period": 60, "weight_interpolation_method": "linear",
    "maximum_change": 3e-4, "minimum_weight": None, "max_memory_days": 30.0, "fees": 0.003, "gas_cost": 0,
    "arb_fees": 0, "protocol_fee_split": 0, "noise_trader_ratio": 0, "arb_frequency": 1,
    "optimisation_settings": {"n_iterations": 3},
}  # fmt: skip
DAILY = np.tile([0.01, -0.005, 0.002], 13)
PLAIN = BacktestConfig()
MAP = np.array([[-0.02, 0.01, 0.03], [0.0, 0.04, -0.01]])


def strategy(**changes: Any) -> dict[str, np.ndarray]:
    """Six rows; the test window begins at row 150 of 300 minutes, the fourth kept one."""
    own = {
        "unix": 1_704_067_200_000 + 60_000 * np.array([0, 60, 120, 180, 240, 299]),
        "prices": np.outer([1, 2, 3, 2, 1, 2.0], [10.0, 5.0]),
        "weights": np.outer(np.ones(6), [0.25, 0.75]),
        "reserves": np.outer([1, 1.1, 1.2, 1.1, 1, 0.5], [4.0, 8.0]),
        "value": np.array([1000, 1100, 1200, 1080, 1020, 1210.0]),
        "hodl": np.array([1000, 1050, 1100, 1050, 1010, 1100.0]),
        "uniform_hodl": np.array([1000, 1040, 1080, 1040, 1000, 1000.0]),
        "draw_down": np.array([0, 0, 0, -0.1, -0.15, 0]),
        "fees": np.array([1, 2, 3, 4, 5, 0.5]),
        "bought": np.array([[1, -1], [0, 0], [2, -2], [-3, 3], [0, 0], [0, 0.0]]),
        "traded": np.array([1, 0, 2, 3, 0, 0.0]),
        "trades": np.array(7),
        "periods": np.array([[0, 150], [150, 300]]),
        "final_weights": np.array([0.25, 0.75]),
        "notes": np.array("one note\nanother"),
    }
    for period, gain in (("train", 0.08), ("test", 0.1)):
        told = {
            "return": gain, "returns_over_hodl": gain - 0.12, "returns_over_uniform_hodl": 0.03,
            "annualised_returns": 2.0, "sharpe_daily": 1.5, "daily_log_sharpe": 1.4, "calmar": np.inf,
            "sterling": np.nan, "ulcer": -0.02,
        }  # fmt: skip
        own |= {f"metric/{period}/{name}": np.array(value) for name, value in told.items()}
        own[f"metric/{period}/daily_returns"] = DAILY if period == "train" else DAILY[:5]
    return own | changes


def constant(test_return: float = 0.21) -> dict[str, np.ndarray]:
    returns = {"metric/train/return": np.array(0.05), "metric/test/return": np.array(test_return)}
    return returns | {"value": np.array([1000, 1020, 1040, 1010, 1000, 1331.0])}


def told(config: BacktestConfig = PLAIN, own: dict | None = None, beside: dict | None = None) -> Any:
    parts = {"strategy": own or strategy(), "constant": beside or constant()}
    parts |= {f"memory-{i}": {"over_hodl": row} for i, row in enumerate(MAP) if config.k_grid}
    return results.combined(config, SETTINGS, parts)


def test_numbers_of_the_run() -> None:
    metrics = told().metrics
    assert metrics["rows"] == 300
    assert metrics["tokens"] == ["AAA", "BBB"]
    assert (metrics["final_value"], metrics["hodl"], metrics["constant"]) == (1210.0, 1100.0, 1331.0)
    assert metrics["fee_revenue"] == 15.5
    assert metrics["traded"] == 6.0
    assert metrics["draw_down"] == -0.15
    assert metrics["notes"] == ["one note", "another"]
    assert "optimisation_settings" not in metrics["settings"]
    train, test = metrics["periods"]["train"], metrics["periods"]["test"]
    assert train["days"] == pytest.approx(150 / 1440)
    assert (train["constant_return"], test["constant_return"]) == (0.05, 0.21)
    assert train["calmar"] is None
    assert train["sterling"] is None
    assert test["interval"] is None
    assert test["deflated"] is None


def test_the_sharpe_ratio_is_doubted() -> None:
    """More trials, less belief; the interval holds the ratio itself."""
    found = told().metrics["periods"]["train"]
    annual = np.sqrt(365) * DAILY.mean() / DAILY.std()
    low, high = found["interval"]
    assert low < annual < high
    doubted = told(BacktestConfig(trials=1000)).metrics["periods"]["train"]
    assert 0 < doubted["deflated"] < found["deflated"] < 1
    flat = told(own=strategy(**{"metric/train/daily_returns": np.zeros(39)})).metrics["periods"]["train"]
    assert flat["interval"] is None


def test_the_map_tells_its_best_and_its_median() -> None:
    config = BacktestConfig(k_grid=(1.0, 5.0, 20.0), memory_grid=(2.0, 9.0))
    found = told(config)
    assert found.metrics["map"] == {
        "over_hodl": 0.04, "memory_days": 9.0, "k_per_day": 5.0, "median": 0.005, "positive": 0.5,
    }  # fmt: skip
    assert found.arrays["map"].tolist() == MAP.tolist()
    said = conclusions(found.metrics)
    assert (
        "Of the map the best strategy has k = 5 a day and a memory of 9 days, +4.00% over HODL in the training "
        "window, which was looked at to choose it; the median is +0.50%, and 50% of strategies are ahead of HODL."
    ) in said


def test_sentences_of_a_test_window() -> None:
    said = conclusions(told().metrics)
    assert said[0].startswith(
        "Over the test window of 0.104167 days the pool returned **+10.00%**, 2.00% behind holding"
    )
    assert "9.09% behind a pool of constant weights" in said[0]
    assert said[1].startswith("7 of 300 minutes had a trade; 6 was traded in, which left 15.50 of swap fees")
    assert said[1].endswith("The largest draw-down was 15.00%.")
    assert said[2] == "In the training window before it was 4.00% behind holding."
    assert said[-2:] == ["Prices: one note.", "Prices: another."]


def test_series_stand_in_the_place_of_settings_and_shares_are_told() -> None:
    found = told(BacktestConfig(fees_file="f.csv", trades_file="t.csv")).metrics
    rows = dict(tables(found)[-1].rows)
    assert (rows["fees"], rows["gas_cost"]) == ("over time, from f.csv", "0")
    assert rows["trades"] == "over time, from t.csv"
    assert not any("of all shares" in line for line in conclusions(found))
    said = conclusions(told(BacktestConfig(lp_supply_file="s.csv")).metrics)
    assert said[1] == "Values and returns are of all shares: what came and went with new ones is in them."


def test_sentences_turn_round() -> None:
    own = strategy(**{"metric/test/returns_over_hodl": np.array(0.07)})
    first = conclusions(told(own=own, beside=constant(0.0)).metrics)[0]
    assert "7.00% ahead of holding its first reserves, 10.00% ahead of a pool" in first


def test_without_a_test_window_training_is_told() -> None:
    own = {key: value for key, value in strategy().items() if "/test/" not in key}
    own["periods"] = np.array([[0, 300]])
    said = conclusions(told(own=own).metrics)
    assert said[0].startswith("Over the window of 0.208333 days the pool returned **+8.00%**, 4.00% behind")
    assert len(said) == 4


def test_tables() -> None:
    performance, beside, settings = tables(told().metrics)
    rows = {row[0]: row[1:] for row in performance.rows}
    assert performance.columns == ("", "train", "test")
    assert rows["return"] == ("+8.00%", "+10.00%")
    assert rows["Sharpe ratio, daily returns"] == (1.5, 1.5)
    assert rows["Calmar ratio"] == (None, None)
    assert rows["95 % of the Sharpe ratio"][1] is None
    assert " .. " in rows["95 % of the Sharpe ratio"][0]
    assert beside.rows == (
        ("pool", "1,210.00", "+21.00%", None),
        ("HODL", "1,100.00", "+10.00%", "+10.00%"),
        ("uniform HODL", "1,000.00", "+0.00%", "+21.00%"),
        ("constant weights", "1,331.00", "+33.10%", "-9.09%"),
    )
    shown = dict(settings.rows)
    assert shown["tokens"] == "AAA, BBB"
    assert shown["minimum_weight"] == "none"


def test_a_value_that_is_none_fails_the_run() -> None:
    config = BacktestConfig()
    assert problems(config, {"final_value": 1.0}) == []
    assert problems(config, {"final_value": 0.0}) == ["the pool's value ended at 0.0"]
    assert problems(config, {"final_value": float("inf")}) != []


@pytest.fixture(scope="module")
def drawn() -> dict[str, Any]:
    config = BacktestConfig(k_grid=(1.0, 5.0, 20.0), memory_grid=(2.0, 9.0))
    found = told(config)
    return {one.name: one for one in figures(config, found.metrics, found.arrays)}


def test_figures_draw_their_series(drawn: dict[str, Any]) -> None:
    own = strategy()
    assert list(drawn) == ["value", "weights", "reserves", "draw-down", "fees", "trades", "map"]
    lines = drawn["value"].figure.axes[0].get_lines()
    series = [line.get_ydata() for line in lines if len(line.get_ydata()) == 6]
    wanted = [own["value"], own["hodl"], own["uniform_hodl"], constant()["value"]]
    np.testing.assert_array_equal(series, wanted)
    labels = [text.get_text() for text in drawn["value"].figure.axes[0].texts]
    assert labels[-4:] == ["pool", "HODL", "uniform HODL", "constant weights"]
    reserves = [line.get_ydata() for line in drawn["reserves"].figure.axes[0].get_lines()]
    held = [line for line in reserves if len(line) == 6]
    np.testing.assert_allclose(held, np.tile([100, 110, 120, 110, 100, 50.0], (2, 1)))
    (fees,) = [
        line.get_ydata() for line in drawn["fees"].figure.axes[0].get_lines() if len(line.get_ydata()) == 6
    ]
    np.testing.assert_array_equal(fees, [1, 3, 6, 10, 15, 15.5])
    drop = [
        line.get_ydata()
        for line in drawn["draw-down"].figure.axes[0].get_lines()
        if len(line.get_ydata()) == 6
    ]
    np.testing.assert_allclose(drop[0], [0, 0, 0, -10, -15, 0])


def test_weights_are_stacked_and_the_map_is_upright(drawn: dict[str, Any]) -> None:
    bands = drawn["weights"].figure.axes[0].collections
    heights = [np.ptp(band.get_paths()[0].vertices[:, 1]) for band in bands]
    np.testing.assert_allclose(heights, [0.25, 0.75])
    axes = drawn["map"].figure.axes[0]
    (image,) = axes.get_images()
    np.testing.assert_allclose(image.get_array(), 100 * MAP)
    assert image.origin == "lower"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "5", "20"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["2", "9"]
    assert {text.get_text() for text in axes.texts} == {"-2.0", "+1.0", "+3.0", "+0.0", "+4.0", "-1.0"}


def test_trades_stand_on_their_prices(drawn: dict[str, Any]) -> None:
    own, axes = strategy(), drawn["trades"].figure.axes
    assert [one.get_title(loc="left") for one in axes] == ["AAA", "BBB"]
    bought, sold = axes[0].collections
    assert bought.get_offsets()[:, 1].tolist() == own["prices"][[0, 2], 0].tolist()
    assert sold.get_offsets()[:, 1].tolist() == own["prices"][[3], 0].tolist()
    assert bought.get_sizes()[1] == pytest.approx(2 * bought.get_sizes()[0])


def test_a_test_window_is_marked_where_it_begins(drawn: dict[str, Any]) -> None:
    axes = drawn["value"].figure.axes[0]
    (mark,) = [
        line for line in axes.get_lines() if line.get_linestyle() == ":" and len(line.get_xdata()) == 2
    ]
    assert np.datetime64(int(strategy()["unix"][3]), "ms") == next(iter(mark.get_xdata()))
