"""The routing of swaps around its computation: settings, what is recorded, how it combines, that it can be shown."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isotherm.studies.pools import results
from isotherm.studies.pools.config import PoolRoutingConfig
from isotherm.studies.pools.market import closes_of, example_of
from isotherm.studies.pools.names import fixed_names, labels, pool_names
from isotherm.studies.pools.study import EXAMPLE, PoolRouting
from isotherm.study import find_study
from isotherm.study.base import Task

STUDY = PoolRouting()
SMOKE = PoolRoutingConfig(**STUDY.presets["smoke"])


def made_up(config: PoolRoutingConfig) -> dict[str, dict[str, np.ndarray]]:
    """Results such as the tasks would return, from a fixed generator."""
    rng = np.random.default_rng(0)
    n, found = len(config.fees_bps), {}
    for task in STUDY.tasks(config):
        if task.name == EXAMPLE:
            first = rng.integers(0, 900, config.num_runs)
            found[task.name] = {
                "gap": 10 * rng.normal(size=(50, n)),
                "first_rows": first,
                "num_rows": np.array(900),
            }
            continue
        runs = min(config.batch, config.num_runs - task.payload["first"])
        stretches = len(range(0, config.num_steps, -(-config.num_steps // config.num_points)))
        shape = (runs, stretches)
        records = {
            name: rng.uniform(0, 4, shape)
            for name in ("regret", "success", "cost", "best_cost", "split_gain")
        }
        if task.payload["entry"].startswith("fixed"):
            records |= {
                "wins": rng.uniform(0, 4, (*shape, n)),
                "joint_wins": rng.uniform(0, 4, (*shape, n, n)),
            }
        found[task.name] = {name: values.astype(np.float32) for name, values in records.items()}
    return found


def test_the_study_is_registered_and_can_be_shown_from_its_results() -> None:
    assert isinstance(find_study("pool-routing"), PoolRouting)
    found = STUDY.combine(SMOKE, made_up(SMOKE))
    metrics = json.loads(json.dumps(found.metrics, allow_nan=False))
    assert STUDY.tables(SMOKE, metrics)
    assert all(STUDY.conclusions(SMOKE, metrics))
    assert isinstance(STUDY.failures(SMOKE, metrics), list)
    names = [figure.name for figure in STUDY.figures(SMOKE, metrics, found.arrays)]
    assert names == ["price-success", "regret", "over-joint", "pools", "alike"]


def test_without_a_joint_learner_there_is_nothing_to_compare_it_with() -> None:
    config = SMOKE.model_copy(update={"agents": ("thompson",)})
    found = STUDY.combine(config, made_up(config))
    assert not {"advantage", "over_joint", "over_joint_per_order"} & set(found.metrics)
    names = [figure.name for figure in STUDY.figures(config, found.metrics, found.arrays)]
    assert "over-joint" not in names
    assert STUDY.conclusions(config, found.metrics)
    assert len(STUDY.tables(config, found.metrics)) == 3


def test_the_published_preset_is_two_hundred_paired_runs_in_four_markets() -> None:
    config = PoolRoutingConfig()
    assert config.num_runs == 200
    assert [cell.name for cell in STUDY.cells(config)] == ["t1-k1", "t3-k1", "t10-k1", "t1-k2"]
    fees, values = np.array(config.fees_bps), np.array(config.values)
    assert len(fees) >= 4
    assert (fees.min(), fees.max()) == (1, 100)
    assert values.max() >= 10 * values.min()
    assert sum(swing > 0 for swing in config.swings) == 1
    assert max(config.intervals) > 1
    assert {entry.name for entry in STUDY.entries(config)} >= {*config.agents, *fixed_names(config)}
    assert set(config.agents) == {
        "epsilon-greedy", "thompson", "ucb", "linucb", "winner-counts", "active-inference", "ising",
        "ising-exact", "joint",
    }  # fmt: skip
    # every cell is played as its name says
    for cell in STUDY.cells(config):
        world = STUDY.world(config, cell)
        assert f"t{float(world.tolerance_bps):g}-k{world.num_context}" == cell.name
        assert int(world.horizon) == config.num_steps


def test_a_cell_that_is_asked_for_twice_is_played_once() -> None:
    config = SMOKE.model_copy(update={"other_tolerances_bps": (1.0, 2.0), "other_contexts": (1,)})
    assert [cell.name for cell in STUDY.cells(config)] == ["t1-k1", "t2-k1"]


def test_pools_are_called_by_what_sets_them_apart() -> None:
    config = PoolRoutingConfig(
        fees_bps=(1, 2.5, 30, 100), values=(500, 2.5e3, 1e6, 3e9), weights=(0.5,) * 4, swings=(0, 0, 0.1, 0),
        intervals=(1, 7, 2, 1),
    )  # fmt: skip
    assert pool_names(config) == [
        "1 bp, 500", "2.5 bp, 2.5 k, every 7", "30 bp, 1 M, every 2, drifting", "100 bp, 3 G"
    ]  # fmt: skip
    assert labels(config)["fixed-1"] == "always 2.5 bp, 2.5 k, every 7"
    assert labels(config)["joint"] == "Joint router (new)"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": (1e6, 1e6)}, "values = .*: should have one value for each of 6 fees_bps"),
        ({"intervals": (1,)}, "intervals = .*: should have one value for each of 6 fees_bps"),
        ({"swings": (0.0, 0.0, 0.0, 0.5, 0.0, 0.0)}, "swings = 0.5: should leave weights"),
        ({"other_contexts": (5,)}, "num_context = 5: should leave two of 6 pools"),
        ({"num_context": 5}, "num_context = 5"),
        ({"agents": ("floor",)}, "agents = 'floor': is a column here"),
        ({"agents": ("ucb", "ucb")}, "agents = .*: should name each agent once"),
        ({"tolerance_bps": 0.0}, "tolerance_bps = 0.0"),
        ({"fees_bps": (1.0, 2.0)}, "fees_bps"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PoolRoutingConfig(**changes)


def test_prices_may_be_ones_own_and_must_be_long_enough(tmp_path: Path) -> None:
    path = tmp_path / "ABC_USD.csv"
    rows = [f"{1_640_995_200_000 + 60_000 * i},{10 + 0.01 * (i % 7)}" for i in range(300)]
    path.write_text("unix,close\n" + "\n".join(rows) + "\n")
    config = SMOKE.model_copy(update={"prices": str(tmp_path), "ticker": "ABC", "num_steps": 299})
    assert STUDY.inputs(config) == {"prices": path}
    np.testing.assert_allclose(closes_of(config), 10 + 0.01 * (np.arange(300) % 7))
    STUDY.check(config)
    with pytest.raises(ValueError, match="num_steps = 300: the prices have 300 rows"):
        STUDY.check(config.model_copy(update={"num_steps": 300}))
    with pytest.raises(ValueError, match="has no file XYZ_USD"):
        STUDY.inputs(config.model_copy(update={"ticker": "XYZ"}))
    shipped = STUDY.inputs(SMOKE)["prices"]
    assert shipped.parent.name == "eth_1m_2022_uniswap"
    with pytest.raises(ValueError, match="num_steps = 60000: the prices have 50,401 rows"):
        STUDY.check(SMOKE.model_copy(update={"num_steps": 60_000}))


def test_an_agent_fixed_on_the_worst_pool_loses_and_runs_are_paired() -> None:
    config = SMOKE.model_copy(update={"num_runs": 8, "batch": 8, "num_steps": 150, "num_points": 5})
    found = {}
    for at in range(6):
        payload = {"cell": "t1-k1", "entry": f"fixed-{at}", "first": 0}
        found[at] = STUDY.compute(config, Task(f"t1-k1.fixed-{at}.0", payload))
        assert set(found[at]) == {
            "regret", "success", "cost", "best_cost", "split_gain", "wins", "joint_wins"
        }  # fmt: skip
        assert found[at]["joint_wins"].shape == (8, 5, 6, 6)
    regret = np.array([found[at]["regret"].sum(axis=1) for at in range(6)]) / 150
    worst, best = regret[regret.mean(axis=1).argmax()], regret[regret.mean(axis=1).argmin()]
    paired = worst - best
    assert paired.mean() > 5 * paired.std(ddof=1) / 8**0.5
    # the same orders at the same prices: what the best pool costs is much the same wherever orders go
    floors = np.array([found[at]["best_cost"].sum(axis=1) for at in range(6)]) / 150
    assert np.corrcoef(floors).min() > 0.8
    again = STUDY.compute(config, Task("t1-k1.fixed-2.0", {"cell": "t1-k1", "entry": "fixed-2", "first": 0}))
    np.testing.assert_array_equal(again["regret"], found[2]["regret"])


def test_the_hours_to_look_at_are_those_of_the_first_run() -> None:
    config = SMOKE.model_copy(update={"num_steps": 60})
    found = example_of(config, STUDY.world(config, STUDY.cells(config)[0]))
    assert found["gap"].shape == (60, 6)
    assert found["first_rows"].shape == (6,)
    assert found["num_rows"] == 50_401 - 60
    assert len(set(found["first_rows"].tolist())) == 6
    assert (found["first_rows"] < found["num_rows"]).all()
    fees = np.array(config.fees_bps)
    every_row = np.array(config.intervals) == 1
    band = -1e4 * np.log1p(-fees / 1e4) + 0.02
    assert (np.abs(found["gap"]) <= band)[:, every_row].all()
    rows = found["first_rows"][0] + np.arange(60)
    visited = rows % 10 == 0
    assert (np.abs(found["gap"][visited]) <= band).all()
    # without a visit the drifting pool and the slow one follow the price the other way
    moves = 1e4 * np.diff(np.log(closes_of(config)[rows]))
    quiet = ~visited[1:]
    np.testing.assert_allclose(np.diff(found["gap"][:, 5])[quiet], -moves[quiet], atol=0.02)


# ------------------------------------------------------------------------------
# From totals to metrics


def totals(num_runs: int = 4) -> dict[str, Any]:
    config = SMOKE
    entries: dict[str, Any] = {}
    for at, name in enumerate(("linucb", "joint", *fixed_names(config))):
        base = 200.0 * (at + 1) + 10.0 * np.arange(num_runs)
        entries[name] = {
            "regret": base,
            "success": base / 20,
            "cost": base + 2,
            "best_cost": np.full(num_runs, 2.0),
            "split_gain": np.full(num_runs, 40.0),
        }
        if name.startswith("fixed"):
            wins = np.full((num_runs, 6), 50.0)
            both = np.full((num_runs, 6, 6), 12.5)
            both[:, range(6), range(6)] = 50.0
            both[:, 0, 1] = both[:, 1, 0] = 50.0
            entries[name] |= {"wins": wins, "joint_wins": both}
    return {"t1-k1": entries}


def test_combined_holds_means_per_order_and_paired_differences() -> None:
    example = {"gap": np.zeros((3, 6)), "first_rows": np.array([0, 1, 99, 50]), "num_rows": np.array(100)}
    found = results.combined(SMOKE, totals(), example)
    per_order = found.metrics["per_order"]["t1-k1"]
    assert per_order["joint"]["regret"] == pytest.approx(
        {"mean": 415 / 200, "se": np.arange(0, 40, 10).std(ddof=1) / 2 / 200, "n": 4}
    )
    assert per_order["joint"]["split_gain"]["mean"] == 0.2
    assert "wins" not in per_order["fixed-0"]
    assert found.metrics["best_fixed"] == {"t1-k1": "fixed-0"}
    assert found.metrics["worst_fixed"] == {"t1-k1": "fixed-5"}
    # five steps of 200 in totals, over 200 orders, the same in every run
    assert found.metrics["worst_over_best"]["t1-k1"] == pytest.approx(
        {"mean": 5.0, "se": 0.0, "n": 4}, abs=1e-12
    )
    over = found.metrics["over_best_fixed"]["t1-k1"]
    assert over["joint"]["mean"] == pytest.approx(-1.0)
    assert over["linucb"]["mean"] == pytest.approx(-2.0)
    assert "fixed-0" not in over
    assert found.metrics["over_joint_per_order"]["t1-k1"]["fixed-0"]["mean"] == pytest.approx(1.0)
    assert found.metrics["wins"]["t1-k1"] == [0.25] * 6
    advantage = found.metrics["advantage"]["t1-k1"]
    assert (advantage["regret"]["joint"], advantage["regret"]["other"]) == ("joint", "linucb")
    assert advantage["regret"]["difference"]["mean"] == pytest.approx(1.0)
    assert advantage["success"]["difference"]["mean"] == pytest.approx(0.05)
    counts = [part and part["n"] for part in advantage["regret"]["by_period"]]
    assert counts == [2, None, 1, None, 1]
    matrix = found.arrays["t1-k1/alike"]
    assert matrix[0, 1] == pytest.approx(1.0)
    assert matrix[0, 2] == pytest.approx((0.0625 - 0.0625) / 0.1875)
    np.testing.assert_allclose(np.diag(matrix), 1.0)
    np.testing.assert_allclose(found.arrays["t1-k1/joint/regret_per_order"], (400 + 10 * np.arange(4)) / 200)
    np.testing.assert_allclose(found.arrays["t1-k1/joint/success_per_order"], (20 + 0.5 * np.arange(4)) / 200)


def test_the_best_joint_learner_and_the_best_other_are_found_by_what_is_compared() -> None:
    config = SMOKE.model_copy(update={"agents": ("linucb", "ucb", "ising", "joint")})
    found = totals()
    cell = found["t1-k1"]
    for name, regret, success in (
        ("linucb", 8.0, 9.0),
        ("ucb", 7.0, 1.0),
        ("ising", 3.0, 2.0),
        ("joint", 4.0, 5.0),
    ):
        cell[name] = cell["joint"] | {"regret": np.full(4, regret), "success": np.full(4, success)}
    example = {"gap": np.zeros((3, 6)), "first_rows": np.arange(4), "num_rows": np.array(4)}
    advantage = results.combined(config, found, example).metrics["advantage"]["t1-k1"]
    assert (advantage["regret"]["joint"], advantage["regret"]["other"]) == ("ising", "ucb")
    assert (advantage["success"]["joint"], advantage["success"]["other"]) == ("joint", "linucb")
    assert advantage["success"]["difference"]["mean"] == pytest.approx(-4 / 200)


def test_an_outcome_that_never_changes_is_alike_to_none() -> None:
    found = totals()
    for name in fixed_names(SMOKE):
        found["t1-k1"][name] |= {"wins": np.zeros((4, 6)), "joint_wins": np.zeros((4, 6, 6))}
    example = {"gap": np.zeros((3, 6)), "first_rows": np.arange(4), "num_rows": np.array(4)}
    assert (results.combined(SMOKE, found, example).arrays["t1-k1/alike"] == 0).all()


def test_periods_are_equal_parts_of_the_rows_in_which_runs_begin() -> None:
    rows = np.array([0, 19, 20, 59, 60, 99])
    assert results.period_of(rows, 100).tolist() == [0, 0, 1, 2, 3, 4]
    assert results.period_of(np.array([0, 0]), 1).tolist() == [0, 0]
