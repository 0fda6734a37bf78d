"""The examples of the how-to pages: short, and they do what their page says."""

import json
import runpy
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from tests.docs.pages import DOCS

from isotherm.act import Thompson, WinnerCounts, rollout
from isotherm.cli.main import main
from isotherm.random import run_keys

EXAMPLES = DOCS / "examples"


@pytest.mark.parametrize("name", ["agent", "world", "worth", "new_rule", "new_pool"])
def test_example_is_under_forty_lines_and_included_by_its_page(name: str):
    lines = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) < 40
    assert any(f"examples/{name}.py" in page.read_text(encoding="utf-8") for page in DOCS.glob("howto/*.md"))


def test_agent_learns_but_less_than_the_counter():
    example = runpy.run_path(str(EXAMPLES / "agent.py"))
    ours, theirs = (example["final_regret"](agent) for agent in (example["WinStay"](5), WinnerCounts(5)))
    assert (ours > theirs).all()
    assert ours.mean() < 1000  # a venue drawn at random: about 1,500


def test_world_is_played_by_an_agent_of_the_package():
    example = runpy.run_path(str(EXAMPLES / "world.py"))
    agent = Thompson(num_venues=5, num_context=1, discount=0.995, learns_labels=False)
    regret = rollout(run_keys(0, 0, 8), agent, example["DriftingVenues"](), 1000).sums["regret"]
    assert (regret.sum(axis=1) > 0).all()
    assert (regret.sum(axis=1) < 400).all()


def test_study_runs_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
    assert main(["run", "worth:Worth", "--preset", "smoke", "--out", str(tmp_path), "--json"]) == 0
    blind, looking = json.loads(capsys.readouterr().out)["metrics"]["success"][-1]
    assert blind == pytest.approx(0.6468, abs=1e-4)
    assert looking == pytest.approx(0.8312, abs=1e-4)


def test_links_go_on_from_each_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
    assert main(["run", "valley:Valley", "--links=8", "--out", str(tmp_path), "--json"]) == 0
    (folder,) = tmp_path.glob("valley-*")
    with np.load(folder / "arrays.npz") as arrays:
        heights = arrays["heights"]
    assert json.loads(capsys.readouterr().out)["metrics"]["height"] == heights[-1] < 0.1 * heights[0]
    assert len(heights) == 200
    assert len(list(folder.glob("chunks/*.npz"))) == 8
    assert "examples/valley.py" in (DOCS / "howto" / "study.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_network_learns_to_name_places_through_the_inference_behind_it():
    page = (DOCS / "howto" / "encoder.md").read_text(encoding="utf-8")
    encoder = runpy.run_path(str(EXAMPLES / "encoder.py"))
    result = encoder["found"]()
    places = result["places"]
    symbols, beliefs = (float((result[what] == places).mean()) for what in ("named", "believed"))
    arrived = float((result["planned"][:, 4] == 4).mean())
    assert result["losses"].shape == (8, 200)
    assert 0.9 < symbols < beliefs
    assert arrived > 0.7
    for line in (f"right symbols: {symbols:.3f}", f"right beliefs: {beliefs:.3f}", f"moves: {arrived:.2f}"):
        assert line in page
    figure = encoder["draw"](result)
    figure.canvas.draw()
    assert [axes.get_xlabel() for axes in figure.axes] == ["x", "step of descent", "moves made"]
    black = next(line for line in figure.axes[1].lines if line.get_color() == "black")
    assert all(black.get_ydata()[-5:].mean() <= line.get_ydata()[-5:].mean() for line in figure.axes[1].lines)
    plt.close(figure)
