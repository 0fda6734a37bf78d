"""What the routing of swaps says and draws, from numbers made by hand, every number its own."""

import numpy as np
import pytest
from tests.support.told import cells

from isotherm.plot.axes import Panel, Series
from isotherm.studies.pools import conclusions, drawings
from isotherm.studies.pools.config import PoolRoutingConfig
from isotherm.studies.pools.figures import figures
from isotherm.studies.pools.names import fixed_names
from isotherm.studies.pools.study import PoolRouting

pytestmark = pytest.mark.usefixtures("nothing_global")

CONFIG = PoolRoutingConfig(
    fees_bps=(1.0, 30.0, 30.0, 100.0),
    values=(1e6, 1e7, 1e7, 1e8),
    weights=(0.5,) * 4,
    swings=(0.0, 0.0, 0.2, 0.0),
    intervals=(1, 1, 5, 10),
    other_tolerances_bps=(10.0,),
    other_contexts=(),
    num_steps=1_000,
    agents=("linucb", "ising", "joint"),
)
STUDY = PoolRouting()
CELLS = STUDY.cells(CONFIG)


def one(mean: float, se: float | None = 0.5, n: int = 50) -> dict:
    return {"mean": mean, "se": se, "n": n}


def entry(regret: float, success: float) -> dict:
    return {
        "regret": one(regret),
        "success": one(success, 0.005),
        "cost": one(regret + 1.5),
        "best_cost": one(1.5, 0.25),
        "split_gain": one(0.375, 0.025),
    }


def compared(mean: float, se: float, parts: tuple[float | None, ...], pair=("joint", "linucb")) -> dict:
    by_period = [None if part is None else one(part, se, 10) for part in parts]
    return {"joint": pair[0], "other": pair[1], "difference": one(mean, se), "by_period": by_period}


def metrics() -> dict:
    names = ("linucb", "ising", "joint", *fixed_names(CONFIG))
    tight = dict(zip(names, (15.0, 17.0, 13.5, 12.0, 31.0, 33.0, 87.0), strict=True))
    rates = dict(zip(names, (0.38, 0.36, 0.39, 0.34, 0.09, 0.29, 0.07), strict=True))
    wide = {name: value - 6 for name, value in tight.items()}
    found = {
        "t1-k1": {name: entry(tight[name], rates[name]) for name in names},
        "t10-k1": {name: entry(wide[name], rates[name] + 0.4) for name in names},
    }
    # within 10 bp the Ising router is right most often, and joint cheapest
    found["t10-k1"]["ising"]["success"] = one(0.9, 0.005)
    return {
        "per_order": found,
        "best_fixed": dict.fromkeys(found, "fixed-0"),
        "worst_fixed": dict.fromkeys(found, "fixed-3"),
        "worst_over_best": {"t1-k1": one(75.0, 0.3), "t10-k1": one(75.5, 0.3)},
        "over_best_fixed": {
            "t1-k1": {"joint": one(1.5, 0.4)},
            "t10-k1": {"joint": one(-6.5, 0.4)},
        },
        "over_joint_per_order": {
            cell: {name: one(values[name]["regret"]["mean"] - values["joint"]["regret"]["mean"]) for name in names
                   if name != "joint"}
            for cell, values in found.items()
        },
        "advantage": {
            "t1-k1": {
                "regret": compared(-1.5, 0.6, (-1.0, 2.0, -3.0, None, -1.5)),
                "success": compared(0.01, 0.002, (0.01, 0.02, 0.01, None, 0.03)),
            },
            "t10-k1": {
                "regret": compared(-1.75, 0.25, (-1.0, -2.0, -3.0, -1.0, -1.5)),
                "success": compared(0.12, 0.002, (0.1, 0.1, 0.1, -0.1, 0.1), ("ising", "linucb")),
            },
        },
        "wins": {"t1-k1": [0.31, 0.08, 0.3, 0.05], "t10-k1": [0.7, 0.2, 0.4, 0.1]},
    }  # fmt: skip


def test_conclusions_follow_the_numbers() -> None:
    answer, against, worst, tight, wide, price, both, split, aim, history = STUDY.conclusions(
        CONFIG, metrics()
    )
    assert answer == (
        "**A joint model** of all outcomes is right more often than the best other learner in 2 of 2 markets, and "
        "gets a better price in 1 (within 10 bp, K = 1)."
    )
    assert against == (
        "In price, the best learner beats an agent that is fixed on the best pool in hindsight in 1 of 2 markets "
        "(within 10 bp, K = 1)."
    )
    assert tight == (
        "Within 1 bp, K = 1: **Joint router (new)** gets the best price of those that learn, tied with LinUCB, "
        "13.50 ± 0.50 bp an order below the best available pool, more than an agent that is always 1 bp, 1 M, "
        "12.00 ± 0.50; it is also right most often, 0.3900 ± 0.0050 of orders, tied with LinUCB."
    )
    assert wide == (
        "Within 10 bp, K = 1: **Joint router (new)** gets the best price of those that learn, tied with LinUCB, "
        "7.50 ± 0.50 bp an order below the best available pool, less than an agent that is always 1 bp, 1 M, "
        "6.00 ± 0.50; Ising router "
        "(published) is right most often, 0.9000 ± 0.0050 of orders, and loses 11.00 ± 0.50 bp."
    )
    assert price == (
        "Within 1 bp, K = 1: a joint model is right more often, but that does not show in the price. Joint router "
        "(new) less LinUCB: -1.50 ± 0.60 bp an order, better in 3 of 4 parts of the prices; Joint router (new) less "
        "LinUCB: 0.0100 ± 0.0020 of orders right, better in 4 of 4 parts of the prices."
    )
    assert both.startswith(
        "Within 10 bp, K = 1: a joint model pays, in price and in success. Joint router (new) less"
    )
    assert both.endswith(
        "Ising router (published) less LinUCB: 0.1200 ± 0.0020 of orders right, better in 4 of 5 parts of the prices."
    )
    assert worst == (
        "Pools differ: always 100 bp, 100 M, every 10 loses 75.00 ± 0.30 bp an order more than always 1 bp, 1 M, "
        "run by run."
    )
    assert split == (
        "The best division of each order over the available pools would pay 0.375 ± 0.025 bp more than the best of "
        "them (within 1 bp, K = 1), less than learners lose by their choice."
    )
    assert aim.startswith("Agents learn whether they were within the tolerance, not by how much")
    assert history.startswith("All runs are drawn from one history of ETH; they overlap")


@pytest.mark.parametrize(
    ("price", "success", "verdict"),
    [
        (-1.0, 0.1, "a joint model pays, in price and in success"),
        (-1.0, -0.1, "a joint model pays in price, not in success"),
        (1.0, 0.1, "a joint model is right more often, but that does not show in the price"),
        (1.0, -0.1, "a joint model has no advantage"),
        (-0.29, 0.029, "a joint model has no advantage"),
    ],
)
def test_the_worth_of_a_joint_model_is_said_beyond_three_errors(
    price: float, success: float, verdict: str
) -> None:
    found = metrics()
    found["advantage"]["t1-k1"] = {
        "regret": compared(price, 0.1, (price,)),
        "success": compared(success, 0.01, (success,)),
    }
    assert f"Within 1 bp, K = 1: {verdict}. " in STUDY.conclusions(CONFIG, found)[5]


def test_price_near_the_best_fixed_pool_is_called_so() -> None:
    found = metrics()
    found["over_best_fixed"]["t1-k1"]["joint"] = one(1.1, 0.4)
    assert "about as much as an agent that is always 1 bp, 1 M" in STUDY.conclusions(CONFIG, found)[3]
    found["over_best_fixed"]["t1-k1"]["joint"] = one(9.0, None, 1)
    assert "about as much as" in STUDY.conclusions(CONFIG, found)[3]


def test_a_split_that_gains_more_than_learners_lose_is_called_so() -> None:
    found = metrics()
    for gain, said in ((14.0, "about as much as"), (17.0, "more than"), (10.0, "less than")):
        found["per_order"]["t1-k1"]["linucb"]["split_gain"] = one(gain)
        assert STUDY.conclusions(CONFIG, found)[7].endswith(f", {said} learners lose by their choice.")


def test_a_learner_that_is_clearly_first_is_tied_with_nobody() -> None:
    found = metrics()
    for told in found["per_order"]["t1-k1"].values():
        told["regret"]["se"], told["success"]["se"] = 0.1, 0.001
    standing = STUDY.conclusions(CONFIG, found)[3]
    assert "tied" not in standing
    assert standing.endswith("it is also right most often, 0.3900 ± 0.0010 of orders.")


def test_pools_that_are_all_alike_fail() -> None:
    found = metrics()
    assert STUDY.failures(CONFIG, found) == []
    found["worst_over_best"]["t1-k1"] = one(0.5, 0.2)
    said = "always 100 bp, 100 M, every 10 loses 0.50 ± 0.20 bp an order more than always 1 bp, 1 M"
    assert STUDY.failures(CONFIG, found) == [f"pools are alike: {said}"]
    assert STUDY.conclusions(CONFIG, found)[2] == f"Pools are alike: {said}."
    assert conclusions.CLEAR == 3


def test_tables_have_a_row_an_agent_and_the_floor_and_the_split_as_columns() -> None:
    tight, wide, differences, advantage, pools = STUDY.tables(CONFIG, metrics())
    assert tight.title == "Execution of 1,000 orders, outcomes within 1 bp, K = 1"
    assert tight.columns[4:] == ("floor: the best pool", "split, over the best pool")
    assert [row[0] for row in cells(tight)] == [
        "LinUCB", "Ising router (published)", "Joint router (new)", "always 1 bp, 1 M", "always 30 bp, 10 M",
        "always 30 bp, 10 M, every 5, drifting", "always 100 bp, 100 M, every 10",
    ]  # fmt: skip
    assert cells(tight)[2][1:] == [
        "13.50 ± 0.50 (50)", "0.3900 ± 0.0050 (50)", "15.00 ± 0.50 (50)", "1.50 ± 0.25 (50)", "0.375 ± 0.025 (50)"
    ]  # fmt: skip
    assert cells(wide)[1][2] == "0.9000 ± 0.0050 (50)"
    assert [row[0] for row in cells(differences)][:2] == ["LinUCB", "Ising router (published)"]
    assert cells(differences)[0][1:] == ["1.50 ± 0.50 (50)", "1.50 ± 0.50 (50)"]
    assert cells(differences)[-1][1:] == ["73.50 ± 0.50 (50)", "73.50 ± 0.50 (50)"]
    assert cells(advantage)[0] == [
        "within 1 bp, K = 1, bp below the best pool", "Joint router (new) less LinUCB", "-1.50 ± 0.60 (50)",
        "-1.00 ± 0.60 (10)", "2.00 ± 0.60 (10)", "-3.00 ± 0.60 (10)", "–", "-1.50 ± 0.60 (10)",
    ]  # fmt: skip
    assert cells(advantage)[3][:3] == [
        "within 10 bp, K = 1, success", "Ising router (published) less LinUCB", "0.1200 ± 0.0020 (50)"
    ]  # fmt: skip
    assert cells(pools)[2] == ["30 bp, 10 M, every 5, drifting", "0.300", "0.400", "33.00 ± 0.50 (50)"]


# ------------------------------------------------------------------------------
# Figures


def arrays(config: PoolRoutingConfig = CONFIG) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    names = (*config.agents, *fixed_names(config))
    found: dict[str, np.ndarray] = {"example/gap": 20 * rng.normal(size=(40, 4))}
    for cell in CELLS:
        found[f"{cell.name}/steps"] = np.array([500.0, 1000.0])
        found[f"{cell.name}/alike"] = np.array(
            [[1.0, 0.5, -0.7, 0.0], [0.5, 1.0, 0.1, 0.2], [-0.7, 0.1, 1.0, 0.3], [0.0, 0.2, 0.3, 1.0]]
        )
        for at, name in enumerate(names):
            key = f"{cell.name}/{name}"
            found[f"{key}/mean"] = np.array([5_000.0, 10_000.0]) * (at + 1)
            found[f"{key}/sd"] = np.array([10.0, 20.0])
            found[f"{key}/over_joint"] = np.array([5_000.0, 10_000.0]) * (at - 2)
            found[f"{key}/over_joint_se"] = np.array([10.0, 20.0])
            found[f"{key}/regret_per_order"] = at + rng.normal(size=9)
            found[f"{key}/success_per_order"] = 0.1 * at + 0.01 * rng.normal(size=9)
    return found


def test_figures_show_agents_and_the_best_fixed_pool(check) -> None:
    drawn = {figure.name: figure for figure in figures(CONFIG, CELLS, metrics(), arrays())}
    assert list(drawn) == ["price-success", "regret", "over-joint", "pools", "alike"]
    for name, count in (("price-success", 2), ("regret", 2), ("pools", 4), ("alike", 2)):
        said = check(drawn[name], count)
        assert said
    said = check(drawn["regret"], 2)
    assert {"LinUCB", "Joint router (new)", "always 1 bp, 1 M"} <= set(said)
    assert "always 100 bp, 100 M, every 10" not in said
    assert "always 100 bp, 100 M, every 10" in check(drawn["price-success"], 2)
    assert "50 runs" not in drawn["regret"].caption
    assert "200 runs" in drawn["regret"].caption


def test_points_of_price_against_success_are_the_means_with_their_errors(check) -> None:
    found = arrays()
    panels = [Panel(cell.name, cell.title) for cell in CELLS]
    series = [Series("linucb", "L"), Series("fixed-3", "F")]
    figure = drawings.price_against_success("p", "c", panels, series, found)
    assert {"L", "F"} <= set(check(figure, 2))
    for axes, cell in zip(figure.figure.axes, CELLS, strict=True):
        for one_series, container in zip(series, axes.containers, strict=True):
            (line,) = container.lines[:1]
            x = found[f"{cell.name}/{one_series.name}/success_per_order"]
            y = found[f"{cell.name}/{one_series.name}/regret_per_order"]
            np.testing.assert_allclose([line.get_xdata()[0], line.get_ydata()[0]], [x.mean(), y.mean()])
            across, up = (bars.get_segments()[0] for bars in container.lines[2])
            for bar, values, along in ((across, x, 0), (up, y, 1)):
                error = values.std(ddof=1) / 3
                np.testing.assert_allclose(np.diff(bar[:, along]), 2 * error)


def test_gaps_are_drawn_with_the_band_of_each_fee(check) -> None:
    gap = arrays()["example/gap"]
    figure = drawings.gaps("g", "c", ["a", "b", "c", "d"], CONFIG.fees_bps, gap)
    check(figure, 4)
    for at, axes in enumerate(figure.figure.axes):
        assert axes.get_title(loc="left") == "abcd"[at]
        line = max(axes.lines, key=lambda one: len(one.get_xdata()))
        np.testing.assert_array_equal(line.get_ydata(), gap[:, at])
        (band,) = axes.patches
        corners = band.get_extents().transformed(axes.transData.inverted())
        assert (corners.y0, corners.y1) == pytest.approx((-CONFIG.fees_bps[at], CONFIG.fees_bps[at]))
        assert axes.get_xlim() == (0, 39)


def test_correlations_are_written_where_they_stand(check) -> None:
    matrix = arrays()["t1-k1/alike"]
    figure = drawings.alike("a", "c", ["t", "u"], ["A", "B", "C", "D"], [matrix, matrix.T])
    check(figure, 2)
    (first, second) = figure.figure.axes
    written = {tuple(map(round, text.get_position())): text for text in first.texts}
    assert len(written) == 12
    assert written[2, 0].get_text() == "−0.70"
    assert written[2, 0].get_color() == "white"
    assert written[1, 0].get_text() == "0.50"
    assert written[1, 0].get_color() != "white"
    image = np.ma.filled(first.images[0].get_array(), np.nan)
    np.testing.assert_array_equal(image[0, 1:], matrix[0, 1:])
    assert first.images[0].get_clim() == (-1, 1)
    assert [label.get_text() for label in first.get_yticklabels()] == ["1: A", "2: B", "3: C", "4: D"]
    assert [label.get_text() for label in second.get_xticklabels()] == ["1", "2", "3", "4"]
