"""Venues of a recorded table by their names."""

import json
from pathlib import Path

import numpy as np
import pytest

from isotherm.cli.main import main
from isotherm.studies.routing.replay_venues import (
    MOST_ROWS,
    best_venues,
    ranked,
    venue_metrics,
    venue_table,
)
from isotherm.study.registry import find_study


def test_rates_are_of_the_rows_in_which_a_venue_could_be_chosen() -> None:
    successes = np.array([[3.0, 1.0, 0.0], [2.0, 2.0, 0.0]])
    chances = np.array([[4.0, 1.0, 0.0], [4.0, 4.0, 0.0]])
    found = venue_metrics(["a", "b", "never"], successes, chances)
    assert found["a"]["rate"]["mean"] == pytest.approx((0.75 + 0.5) / 2)
    assert found["b"]["rate"]["mean"] == pytest.approx((1.0 + 0.5) / 2)
    assert found["never"] == {"rate": None, "best_in": 0}
    assert [found[name]["best_in"] for name in "ab"] == [1, 2]  # the second run is a tie
    assert ranked(found) == ["b", "a"]
    assert best_venues(found, 2) == "b in 2 of 2 runs, a in 1"


def test_one_that_is_best_in_all_runs_is_named_alone() -> None:
    found = venue_metrics(["x", "y"], np.array([[1.0, 3.0]]), np.array([[4.0, 4.0]]))
    assert best_venues(found, 1) == "y"
    assert best_venues({}, 1) == ""


def test_of_many_venues_the_best_are_shown() -> None:
    names = [f"v{at}" for at in range(MOST_ROWS + 3)]
    successes = np.arange(len(names), dtype=float)[None]
    table = venue_table(venue_metrics(names, successes, np.full_like(successes, 100)))
    assert [row[0] for row in table.rows] == names[::-1][:MOST_ROWS]
    assert "3 more venues have lower rates" in table.note


def test_a_users_columns_name_the_venues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    chance = {"Börse <X>": 0.9, "Dark, pool": 0.4, "Alpha": 0.1}
    rows = [",".join(f'"{name}"' for name in chance)]
    rows += [",".join(str(int(rng.random() < p)) for p in chance.values()) for _ in range(60)]
    (tmp_path / "fills.csv").write_text("\n".join(rows))
    sizes = ["--num-runs=2", "--batch=2", "--num-points=5", "--agents=winner-counts,linucb"]
    words = ["run", "routing-replay", f"--table={tmp_path / 'fills.csv'}", *sizes, f"--out={tmp_path / 's'}"]
    assert main([*words, "--workers=1"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Always the same venue" in told
    assert "hindsight, Börse <X>" in told
    (path,) = (tmp_path / "s").glob("routing-replay-*")
    venues = json.loads((path / "metrics.json").read_text())["venues"]
    assert list(venues) == list(chance)
    for name, p in chance.items():
        assert abs(venues[name]["rate"]["mean"] - p) < 4 * (p * (1 - p) / 40) ** 0.5
    assert (path / "figures" / "venues.png").exists()
    report = (path / "report.html").read_text()
    assert "Börse &lt;X&gt;" in report
    assert "The best fixed venue in hindsight is <strong>Börse &lt;X&gt;</strong>" in report


def test_a_run_of_before_is_shown_as_it_was() -> None:
    study = find_study("routing-replay")
    config = study.config(agents=("joint",), num_runs=3)
    one = {"mean": 0.5, "se": 0.1, "n": 3}
    keys = ("success", "second_half", "over_best_fixed", "below_clairvoyant")
    metrics = {key: {"joint": one} for key in keys} | {
        "best_fixed": one,
        "clairvoyant": one,
        "table": {"steps": 3, "venues": ["a"], "missing": 0, "left_out": [], "reading": ""},
    }
    assert [table.title for table in study.tables(config, metrics)][1:] == [
        "Success on the shipped table, K = 1, random context"
    ]
    assert "hindsight is" not in " ".join(study.conclusions(config, metrics))
