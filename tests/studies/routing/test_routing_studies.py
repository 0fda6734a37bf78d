"""The routing studies around their computation: what they refuse, how they combine, that they can be shown."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isotherm.data.outcomes import read_outcomes
from isotherm.studies.routing.comparison import PUBLISHED, Routing, RoutingConfig
from isotherm.studies.routing.replay import ReplayConfig, RoutingReplay
from isotherm.studies.routing.structure import StructureConfig
from isotherm.studies.routing.world_study import WorldStudy
from isotherm.study import find_study

WORLD_STUDIES = ["routing", "routing-ablation", "routing-budget", "routing-beta", "routing-structure"]


def made_up(study: WorldStudy[Any], config: Any) -> dict[str, dict[str, np.ndarray]]:
    """Results such as the tasks would return, from a fixed generator."""
    rng = np.random.default_rng(0)
    results = {}
    for task in study.tasks(config):
        runs = min(config.batch, config.num_runs - task.payload["first"])
        cell = next(one for one in study.cells(config) if one.name == task.payload["cell"])
        steps = study.num_steps(config.model_copy(update=dict(cell.settings)))
        stretches = len(range(0, steps, -(-steps // config.num_points)))
        results[task.name] = {"regret": rng.integers(0, 3, (runs, stretches)).astype(np.float32)}
    return results


@pytest.mark.parametrize("name", WORLD_STUDIES)
def test_a_study_can_be_shown_from_its_results(name: str) -> None:
    study = find_study(name)
    assert isinstance(study, WorldStudy)
    config = study.config(**study.presets["smoke"])
    found = study.combine(config, made_up(study, config))
    metrics = json.loads(json.dumps(found.metrics, allow_nan=False))
    assert study.tables(config, metrics)
    assert all(study.conclusions(config, metrics))
    assert [figure.name for figure in study.figures(config, metrics, found.arrays)]


def test_metrics_of_routing_are_by_scenario_mode_and_agent() -> None:
    study, config = Routing(), RoutingConfig(num_runs=5, batch=2, num_steps=30, num_points=10)
    results = made_up(study, config)
    metrics = study.combine(config, results).metrics
    assert {(s, m) for s, modes in metrics["final_regret"].items() for m in modes} == set(PUBLISHED)
    ours = np.concatenate(
        [results[f"correlated.random.joint.{first}"]["regret"].sum(axis=1) for first in (0, 2, 4)]
    )
    floor = np.concatenate(
        [results[f"correlated.random.floor.{first}"]["regret"].sum(axis=1) for first in (0, 2, 4)]
    )
    found = metrics["final_regret"]["correlated"]["random"]["joint"]
    assert found == pytest.approx({"mean": ours.mean(), "se": ours.std(ddof=1) / 5**0.5, "n": 5})
    paired = metrics["over_floor"]["correlated"]["random"]["joint"]
    assert paired == pytest.approx(
        {"mean": (ours - floor).mean(), "se": (ours - floor).std(ddof=1) / 5**0.5, "n": 5}
    )


def test_results_do_not_depend_on_the_order_of_hashes() -> None:
    script = (
        "from tests.studies.routing.test_routing_studies import *\n"
        "study, config = Routing(), RoutingConfig(num_runs=2, batch=2, num_steps=10, num_points=5)\n"
        "found = study.combine(config, made_up(study, config))\n"
        "print(list(found.arrays), found.metrics, study.conclusions(config, found.metrics))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1


@pytest.mark.parametrize(
    ("config", "changes", "message"),
    [
        (RoutingConfig, {"num_venues": 1}, "num_venues = 1: should be greater than or equal to 2"),
        (RoutingConfig, {"num_context": 5}, "num_context = 5: should be below num_venues = 5"),
        (RoutingConfig, {"biases": (0.1,)}, "biases = .*: should have one value for each of num_venues = 5"),
        (RoutingConfig, {"shift_steps": (5, 5)}, "shift_steps = .*: should ascend"),
        (RoutingConfig, {"agents": ("ucb", "ucb")}, "agents = .*: should name each agent once"),
        (RoutingConfig, {"num_venues": 64, "num_context": 3}, "agents = 'epsilon-greedy': needs a table"),
        (RoutingConfig, {"num_venues": 17}, "agents = 'ising-exact': enumerates: at most 16 venues"),
        (RoutingConfig, {"outcome": "own", "num_venues": 17, "agents": ("joint",)}, "outcome = 'own'"),
        (RoutingConfig, {"num_samples": True}, "num_samples = True"),
        (StructureConfig, {"context_sizes": (8,)}, "context_sizes = .*: should leave two venues or more"),
        (ReplayConfig, {"num_context": 0}, "num_context = 0"),
    ],
)
def test_what_does_not_fit_together_is_refused(config: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**changes)


def test_a_table_is_read_with_its_holes(tmp_path: Path) -> None:
    path = tmp_path / "fills.csv"
    path.write_text("day,a,b,c,price\n7,1,0,,1.5\n8,0,1,1,2.5\n9,,1,0,0.5\n")
    np.testing.assert_array_equal(read_outcomes(path), [[1, -1, 0], [-1, 1, 1], [0, 1, -1]])
    np.testing.assert_array_equal(read_outcomes(path, ("c", "a")), [[0, 1], [1, -1], [-1, 0]])
    with pytest.raises(ValueError, match="columns = 'price': should hold only 0, 1 and missing"):
        read_outcomes(path, ("price",))
    with pytest.raises(ValueError, match="columns = 'z': is not a column"):
        read_outcomes(path, ("z",))
    with pytest.raises(ValueError, match=r"should be a \.csv or \.parquet file"):
        read_outcomes(tmp_path / "fills.txt")


def test_the_replay_refuses_before_any_work(tmp_path: Path) -> None:
    path = tmp_path / "narrow.csv"
    path.write_text("a,b,c\n1,0,1\n0,,\n1,1,0\n")
    with pytest.raises(ValueError, match=r"outcomes\[1\] = 1: venues present; needs 2 or more"):
        RoutingReplay().check(ReplayConfig(table=str(path)))
    with pytest.raises(ValueError, match="agents = 'floor': needs the true model"):
        RoutingReplay().check(ReplayConfig(agents=("floor",)))


def test_the_shipped_table_is_what_its_readme_says() -> None:
    study, config = RoutingReplay(), ReplayConfig()
    table = read_outcomes(study.inputs(config)["table"])
    assert table.shape == (8312, 20)
    assert set(np.unique(table)) == {-1, 1}
    assert ((table > 0).sum(axis=1) <= 10).all()
