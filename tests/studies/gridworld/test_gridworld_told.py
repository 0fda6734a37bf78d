"""What the grid-world study says, from hand-made results; and its settings."""

import re
from typing import Any

import numpy as np
import pytest

from isotherm.studies.gridworld import figures, results
from isotherm.studies.gridworld.config import GridworldConfig
from isotherm.studies.gridworld.published import mean_curve, published, replays
from isotherm.studies.gridworld.study import Gridworld
from isotherm.studies.gridworld.tables import conclusions, failures, tables

ALPHAS = (0.0, 0.4)


def made(scenario: int, blocks: int, kl: np.ndarray | None = None, agents: int = 20) -> dict[str, np.ndarray]:
    """Arrays of a scenario in which each agent is as the published mean, and a little beside it."""
    rng = np.random.default_rng(scenario)
    learned = results.learned_in(scenario)
    curves = np.stack([mean_curve(scenario, alpha, learned)[:blocks] for alpha in ALPHAS])
    noise = 1 + 0.01 * rng.standard_normal((1, agents, blocks))
    kl = curves[:, None] * noise if kl is None else kl
    shape = kl.shape
    law = np.full((2, 5, 49, 49, 4), 1 / 49) if learned == "B" else np.full((2, 5, 49, 49), 1 / 49)
    kl[:, :, 0] = kl[0, :, 0]
    return {
        "kl": kl,
        "tv": np.full(shape, 0.25),
        "visited": np.full(shape, 19.0),
        "entropy": np.full(shape, 4.0),
        "action": np.zeros((*shape, 51), np.int8),
        "cell": np.zeros((*shape, 51), np.int8),
        "learned": law,
    }


def replayed(scenario: int) -> dict[str, np.ndarray]:
    """The recorded answers themselves."""
    golden = replays(scenario)
    neg_efe = np.zeros((3, 51, 64))
    for block, by_time in enumerate(golden["neg_efe"]):
        for time, scores in by_time.items():
            neg_efe[block, int(time)] = scores
    return {
        "cell": np.array(golden["visited"]),
        "kl": np.array(golden[f"kl_{results.learned_in(scenario)}"]),
        "neg_efe": neg_efe,
    }


def study_of(scenario: int, blocks: int, arrays: dict[str, np.ndarray], **given: Any) -> Any:
    config = GridworldConfig(scenarios=(scenario,), alphas=ALPHAS, num_blocks=blocks, **given)
    parts = {f"scenario-{scenario}": arrays, f"replay-{scenario}": replayed(scenario)}
    return config, Gridworld().combine(config, parts)


def test_agents_as_published_pass_every_check() -> None:
    config, found = study_of(1, 40, made(1, 40), checks=True)
    rows = found.metrics["checks"]
    assert [row for row in rows if not row["holds"]] == []
    assert len(rows) == 3 + 1 + 2 + 1  # replays, first block, two alphas, the order of alphas
    assert failures(found.metrics) == []
    assert conclusions(config, found.metrics)[0] == f"**{len(rows)} of {len(rows)} checks hold.**"


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("replay", lambda a, r: r["cell"].__setitem__((1, 3), 48), "cells that differ = 1: 0"),
        ("replay", lambda a, r: r["kl"].__imul__(1.0002), "divergence, relative"),
        ("replay", lambda a, r: r["neg_efe"].__isub__(1e-3), "scores of policies"),
        ("arrays", lambda a, r: a["kl"][1, :, 0].__iadd__(1.0), "first block"),
        ("arrays", lambda a, r: a["kl"][1, :, 9].__imul__(3.0), "alpha 0.4: KL at block 10, z"),
        ("arrays", lambda a, r: a["kl"][0, :, 9].__isub__(2.1e5), "paired z"),
    ],
)
def test_each_check_can_fail(name: str, change: Any, told: str) -> None:
    arrays, recorded = made(1, 40), replayed(1)
    change(arrays, recorded)
    config = GridworldConfig(scenarios=(1,), alphas=ALPHAS, checks=True)
    found = Gridworld().combine(config, {"scenario-1": arrays, "replay-1": recorded})
    lines = Gridworld().failures(config, found.metrics)
    assert any(told in line for line in lines), lines
    assert any(" FAILS" in f" {cell}" for row in tables(config, found.metrics)[-1].rows for cell in row)


def test_scenario_three_is_judged_by_logarithms_and_medians() -> None:
    arrays = made(3, 20)
    _, found = study_of(3, 20, arrays, checks=True)
    what = [row["what"] for row in found.metrics["checks"]]
    assert any("ln KL" in text for text in what)
    assert any("median" in text for text in what)
    arrays["kl"][0, :, 4] *= 20
    _, found = study_of(3, 20, arrays, checks=True)
    failed = [row["what"] for row in found.metrics["checks"] if not row["holds"]]
    assert any("median" in text for text in failed)
    assert any("ln KL" in text for text in failed)


def test_alpha_that_changes_something_in_scenario_four_is_told() -> None:
    config, found = study_of(4, 10, made(4, 10), checks=True)
    assert "alpha changes nothing" in conclusions(config, found.metrics)[-1]
    arrays = made(4, 10)
    arrays["action"][1, 0, 0, 0] = 2
    config, found = study_of(4, 10, arrays, checks=True)
    assert "something, which it should not" in conclusions(config, found.metrics)[-1]
    assert any("actions alike" in line for line in failures(found.metrics))


def test_tables_show_what_agents_found_beside_what_was_published() -> None:
    config, found = study_of(2, 20, made(2, 20))
    first, end = tables(config, found.metrics)
    at = published(2, 0.4, 20, "A")
    assert at is not None
    cell = first.rows[1][-1]
    assert cell.published == at.mean
    assert cell.published_se == pytest.approx(at.sd / at.n**0.5)
    assert abs(cell.mean / at.mean - 1) < 0.02
    assert [row[0] for row in end.rows] == ["2, alpha 0", "2, alpha 0.4"]
    assert end.rows[0][3].mean == 0.25
    assert end.rows[0][4].mean == 19.0


def test_the_lead_is_that_of_pairs() -> None:
    kl = np.ones((2, 4, 10)) * 100.0
    kl[0, :, 9] = [110.0, 120.0, 130.0, 140.0]
    config, found = study_of(1, 10, made(1, 10, kl, 4))
    lead = found.metrics["scenarios"]["1"]["lead"]
    assert lead["mean"] == 25.0
    assert lead["se"] == pytest.approx(np.std([10, 20, 30, 40], ddof=1) / 2)
    said = conclusions(config, found.metrics)[0]
    assert "ahead of random ones by **25 ± 6 nats**" in said
    assert "4 pairs" in said


def test_published_numbers_are_those_of_the_specification() -> None:
    """Tabulated in 2.5: scenario 1 at alpha 0.4, scenario 2 at alpha 0, scenario 4."""
    assert published(1, 0.4, 40, "B").mean == pytest.approx(4952, rel=1e-3)
    assert published(2, 0.0, 20, "A").sd == pytest.approx(2900, rel=0.02)
    assert published(4, 0.7, 100, "A").mean == pytest.approx(41430, rel=1e-3)
    assert published(1, 0.3, 1, "B") is None
    assert published(2, 0.0, 21, "A") is None


def test_figures_have_the_words_of_the_original() -> None:
    config, found = study_of(4, 3, made(4, 3))
    drawn = {figure.name: figure for figure in Gridworld().figures(config, found.metrics, found.arrays)}
    assert set(drawn) == {"scenario-4-kl", "scenario-4-map", "scenario-4-moves", "exploration", "distances"}
    panels = drawn["scenario-4-kl"].figure.axes
    assert [axes.get_title(loc="left") for axes in panels] == ["A matrix", "B matrix"]
    assert {axes.get_xlabel() for axes in panels} == {"epoch"}
    assert {axes.get_ylabel() for axes in panels} == {"KL divergence"}
    assert drawn["scenario-4-kl"].figure.legends[0].get_title().get_text() == "α"
    rows = [axes.get_ylabel() for axes in drawn["scenario-4-map"].figure.axes]
    assert [label for label in rows if label][:3] == ["α=0.00", "α=0.40", "true A"]
    moves = [axes.get_title(loc="left") for axes in drawn["scenario-4-moves"].figure.axes[:4]]
    assert moves == ["Up", "Right", "Down", "Left"]
    shown = drawn["scenario-4-kl"].figure.axes[0]
    thick = [line for line in shown.lines if line.get_linewidth() == 1.8]
    np.testing.assert_allclose(thick[1].get_ydata(), found.arrays["4/kl"][1].mean(axis=0))


def test_heat_maps_are_on_the_scale_of_probabilities() -> None:
    config, found = study_of(1, 2, made(1, 2))
    drawn = figures.learned_maps(config, 1, found.arrays)
    images = [image for axes in drawn.figure.axes for image in axes.images]
    assert len(images) == 12
    assert {image.get_clim() for image in images} == {(0.0, 1.0)}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"scenarios": (1, 1)}, "scenarios = (1, 1): should name each once"),
        ({"scenarios": (7,)}, "scenarios"),
        ({"alphas": (-0.1,)}, "alphas"),
        ({"num_agents": 1}, "num_agents = 1"),
        ({"num_blocks": 0}, "num_blocks = 0"),
        ({"floor": "eps"}, "floor = 'eps'"),
    ],
)
def test_settings_out_of_range_are_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        GridworldConfig(**given)


def test_checks_need_published_settings() -> None:
    with pytest.raises(ValueError, match="checks = True: needs the published"):
        Gridworld().check(GridworldConfig(checks=True, num_steps=20))
