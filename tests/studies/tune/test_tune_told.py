"""Sentences, tables and figures of a tuning from hand-made results: both ways, and with little to tell."""

from typing import Any

import numpy as np
import pytest
from tests.support.told import cells

from isotherm.market.parameters.fingerprint import Fingerprint
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT
from isotherm.studies.tune import drawings
from isotherm.studies.tune.figures import figures
from isotherm.studies.tune.tables import conclusions, problems, tables

AXES = [
    {"name": "base_lr", "low": 0.01, "high": 1.0, "log_scale": True, "choices": []},
    {"name": "n_iterations", "low": 10, "high": 50, "log_scale": False, "choices": []},
    {
        "name": "training_objective",
        "low": 0.0,
        "high": 0.0,
        "log_scale": False,
        "choices": ["aligned", "calmar"],
    },
]


def trial(
    value: float | None, state: str = "whole", note: str = "", rate: float = 0.1, **others: Any
) -> dict[str, Any]:
    steps = [0.5] if state == "given up" else [] if value is None else [value, value]
    params = {"base_lr": rate, "n_iterations": 20, "training_objective": "aligned"}
    values = None if value is None else [value, -value]
    return {"params": params, "values": values, "steps": steps, "state": state, "note": note}


def part(
    ahead: float = 0.01,
    ends: tuple[float, float] | None = (-1.0, 2.0),
    deflated: float | None = 0.3,
    **own: Any,
) -> Any:
    pools = {
        name: {"return": 0.1, "sharpe": 1.5, "interval": None if ends is None else list(ends)}
        for name in ("tuned", "untuned", "hodl", "uniform_hodl")
    }
    against = {
        name: {"ahead": ahead, "information": 0.4, "interval": None if ends is None else list(ends)}
        for name in ("untuned", "hodl", "uniform_hodl")
    }
    return {"days": 30, "pools": pools, "against": against, "trials": 4, "deflated": deflated}


def told(**entries: Any) -> dict[str, Any]:
    settings = dict(Fingerprint(tokens=["AAA", "BBB"]).with_defaults())
    found = {
        "settings": {name: value for name, value in settings.items() if name != "optimisation_settings"},
        "training": {"n_iterations": 20},
        "unread": [],
        "tokens": ["AAA", "BBB"],
        "goals": ["mean_oos_sharpe"],
        "axes": AXES,
        "trials": [trial(0.4), trial(1.25, rate=0.5), trial(None, "given up"), trial(0.9)],
        "best": 1,
        "front": [1],
        "importances": {"base_lr": 0.75, "n_iterations": 0.25},
        "cycles": [[0, "2024-01-01 00:00:00", "2024-01-08 00:00:00", "", ""]] * 4,
        "num_held": 1,
        "kept_percent": 25.0,
        "tested": part(),
        "held": part(deflated=0.5),
    } | entries
    count = len(found["goals"])
    own = [one | {"values": one["values"] and one["values"][:count]} for one in found["trials"]]
    return found | {"trials": own}


def said(**entries: Any) -> str:
    return " ".join(conclusions(told(**entries)))


def test_the_best_is_told_beside_the_settings_as_they_were() -> None:
    assert "4 trials, 1 given up. The best, number 1, has a mean_oos_sharpe of **1.25**" in said()
    assert "as they were: 0.4." in said()
    assert "which came to no end" in said(trials=[trial(None, "failed"), trial(1.0)])


def test_the_ratio_by_which_it_was_chosen_is_deflated() -> None:
    assert "**may be luck**: deflated by 4 trials" in said(tested=part(deflated=0.94))
    assert "**is more than luck would give**" in said(tested=part(deflated=0.95))
    assert "luck" not in said(tested=part(deflated=None))


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((-1.0, 2.0), "(**not to be told from it**)"),
        ((0.0, 2.0), "(**not to be told from it**)"),
        ((0.1, 2.0), "(**better**)"),
        ((-2.0, -0.1), "(**worse**)"),
        (None, "(**too few days to tell**)"),
    ],
)
def test_days_that_no_trial_saw_decide(ends: Any, words: str) -> None:
    found = said(held=part(ends=ends))
    assert "Over 30 days that no trial saw, the best trial returned **+10.00%**" in found
    assert f"1.00% ahead of the settings as they were {words}" in found
    assert f"1.00% ahead of HODL {words}" in found
    assert "1.00% behind HODL" in said(held=part(ahead=-0.01))
    assert "the same as HODL" in said(held=part(ahead=0.0))


def test_a_rival_that_was_lost_is_not_compared_with() -> None:
    held = part()
    held["against"]["hodl"] = {"ahead": None, "interval": None, "information": float("nan")}
    assert "not to be compared with HODL" in said(held=held)
    (table,) = [one for one in tables(told(held=held)) if "ahead" in one.title]
    (row,) = [one for one in table.rows if one[0] == "held back from trials: HODL"]
    assert (row[1], row[3], row[4]) == (None, None, "")


def test_without_held_cycles_that_is_said() -> None:
    assert "No cycle was held back" in said(held=None)


def test_without_any_trial_nothing_is_chosen_and_reasons_are_told_once() -> None:
    trials = [trial(None, "failed", "val_fraction = 0.1: holds back too little")] * 2
    lost = told(trials=trials, best=None, front=[], importances={}, tested=None, held=None)
    assert conclusions(lost) == [
        "2 trials, 2 failed: nothing was chosen.",
        "Why trials failed: val_fraction = 0.1: holds back too little.",
    ]
    assert problems(lost) == ["no trial came to its end"]
    assert problems(told()) == []
    assert [table.rows for table in tables(lost)[1:3]] == [(), ()]


def test_tables_say_what_was_chosen_and_what_it_was_worth() -> None:
    chosen, performance, ahead, trials, settings = tables(told())
    assert chosen.rows[0] == ("base_lr", "0.1", "0.5", "0.01 .. 1, logarithmic", "75%")
    assert chosen.rows[2] == ("training_objective", "aligned", "aligned", "aligned | calmar", None)
    assert performance.rows[0] == ("tests that trials saw: best trial", "+10.00%", 1.5, "-1.00 .. 2.00", 0.3)
    assert performance.rows[1][4] is None
    assert "30" in performance.note
    assert "in 4 trials" in performance.note
    assert ahead.rows[3][0] == "held back from trials: the settings as they were"
    assert [row[0] for row in trials.rows] == ["1", "3", "0"]
    assert ["cycles that trials see, and that they do not", "3, 1"] in cells(settings)


def test_the_ten_best_trials_are_listed_beside_the_settings_as_they_were() -> None:
    trials = [trial(0.1 * i, rate=0.01 * (i + 1)) for i in range(12)]
    chosen, _, _, listed, _ = tables(told(trials=trials, best=11))
    assert [row[0] for row in listed.rows] == [str(i) for i in range(11, 1, -1)]
    assert chosen.rows[0][1:3] == ("0.01", "0.12")


def test_of_several_goals_the_first_is_that_of_the_best() -> None:
    said_ = said(goals=["mean_oos_sharpe", "neg_mean_gap"], front=[1])
    assert "The best, number 1, has a mean_oos_sharpe of **1.25**; the settings as they were: 0.4." in said_


def test_several_goals_have_a_front() -> None:
    own = told(goals=["mean_oos_sharpe", "neg_mean_gap"], front=[0, 1])
    assert [row[0] for row in tables(own)[3].rows] == ["1 *", "3", "0 *"]
    assert "than these: 0, 1." in " ".join(conclusions(own))


def drawn(own: dict[str, Any]) -> dict[str, Figure]:
    values = np.array([np.nan if one["values"] is None else one["values"][0] for one in own["trials"]])
    daily = {f"held/{name}": np.full(30, 0.001) for name in ("tuned", "untuned", "hodl", "uniform_hodl")}
    unix = 86_400_000 * np.arange(19_000, 19_030)
    return {one.name: one for one in figures(own, {"value": values, "held/unix": unix} | daily)}


def test_figures_follow_what_there_is() -> None:
    assert list(drawn(told())) == ["history", "slices", "held"]
    assert list(drawn(told(held=None, goals=["mean_oos_sharpe", "neg_mean_gap"]))) == [
        "history",
        "slices",
        "front",
    ]
    axes = drawn(told())["history"].figure.axes[0]
    steps = axes.lines[0]
    np.testing.assert_array_equal(steps.get_ydata(), [0.4, 1.25, 1.25, 1.25])
    assert [list(line.get_xdata()) for line in axes.lines[1:]] == [[0, 1, 3], [1], [], [2]]
    assert axes.lines[4].get_ydata()[0] == axes.get_ylim()[0]
    panels = drawn(told())["slices"].figure.axes
    assert [panel.get_xlabel() for panel in panels] == ["base_lr", "n_iterations", "training_objective"]
    assert panels[0].get_xscale() == "log"


def test_a_few_bad_trials_do_not_flatten_the_others() -> None:
    values = np.array([-100.0, *np.linspace(1, 2, 10)])
    (axes,) = drawings.history("history", "caption", values, np.zeros(11, bool), 10, "goal").figure.axes
    np.testing.assert_allclose(
        axes.get_ylim(), [1 - 0.6, 2 + 0.1]
    )  # the tenth is 1, as far from the best as 1
    below = next(line for line in axes.lines if line.get_marker() == "v")
    np.testing.assert_allclose(below.get_xydata(), [[0, 0.4]])


def test_trials_that_failed_are_not_those_that_were_given_up() -> None:
    trials = [trial(0.4), trial(None, "failed"), trial(None, "given up"), trial(0.9)]
    axes = drawn(told(trials=trials, best=3))["history"].figure.axes[0]
    (crosses,) = (line for line in axes.lines if line.get_marker() == "x")
    assert list(crosses.get_xdata()) == [2]


def test_slices_are_darker_later_with_the_best_in_colour_and_words_at_their_places() -> None:
    trials = [trial(0.4), trial(1.25, rate=0.5), trial(0.9, rate=1.0)]
    trials[1]["params"]["training_objective"] = "calmar"
    rate, _, words = drawn(told(trials=trials))["slices"].figure.axes
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in rate.lines] == [
        (0.1, 0.4), (0.5, 1.25), (1.0, 0.9), (0.5, 1.25),
    ]  # fmt: skip
    assert [line.get_alpha() for line in rate.lines[:3]] == [0.25, 0.625, 1.0]
    assert rate.lines[3].get_color() == ACCENT
    assert rate.get_xticks().tolist() == [0.1, 0.3, 1.0]
    assert [line.get_xdata()[0] for line in words.lines] == [0, 1, 0, 1]
    assert [label.get_text() for label in words.get_xticklabels()] == ["aligned", "calmar"]


def test_the_front_is_ringed_among_trials_that_came_to_their_end() -> None:
    goals = ["mean_oos_sharpe", "neg_mean_gap"]
    trials = [trial(None, "given up"), trial(0.4), trial(1.25), trial(0.9)]
    (axes,) = drawn(told(trials=trials, best=2, goals=goals, front=[1, 2]))["front"].figure.axes
    points, rings = axes.lines
    assert points.get_xydata().tolist() == [[0.4, -0.4], [1.25, -1.25], [0.9, -0.9]]
    assert rings.get_xydata().tolist() == [[0.4, -0.4], [1.25, -1.25]]
    assert [axes.get_xlabel(), axes.get_ylabel()] == goals


def test_values_grow_from_the_day_before_each_pool_by_its_own_returns() -> None:
    gains = {"tuned": 0.1, "untuned": -0.5, "hodl": 0.0, "uniform_hodl": 1.0}
    daily = {f"held/{name}": np.full(2, gain) for name, gain in gains.items()}
    unix = 86_400_000 * np.array([19_000, 19_001])
    own = {"value": np.array([0.4, 1.25, np.nan, 0.9]), "held/unix": unix} | daily
    (axes,) = next(one for one in figures(told(), own) if one.name == "held").figure.axes
    for line, gain in zip(axes.lines, gains.values(), strict=True):
        np.testing.assert_allclose(line.get_ydata(), [1, 1 + gain, (1 + gain) ** 2])
        np.testing.assert_allclose(line.get_xdata(), [18_999, 19_000, 19_001])
    ends = {text.get_text(): text.xy[1] for text in axes.texts}
    assert ends == pytest.approx({
        "best trial": 1.21, "settings as they were": 0.25, "HODL": 1.0, "uniform HODL": 4.0,
    })  # fmt: skip


def test_one_trial_is_drawn_too() -> None:
    assert list(drawn(told(trials=[trial(0.4)], best=0))) == ["history", "slices", "held"]


@pytest.mark.parametrize("value", [0.0, 1.25, -3.0])
def test_values_that_are_alike_to_the_last_bit_are_drawn_with_short_ticks(value: float) -> None:
    trials = [trial(value), trial(value * (1 + 1e-15), rate=0.2), trial(value, rate=0.3)]
    for one in drawn(told(trials=trials, best=0)).values():
        one.figure.draw_without_rendering()
        low, high = one.figure.axes[0].get_ylim()
        assert low < value < high or one.name == "held"


def test_trials_that_were_given_up_without_a_setting_are_not_drawn_beside_it() -> None:
    lost = trial(None, "given up")
    lost["params"] = {"n_iterations": 20}
    figure = drawn(told(trials=[trial(0.4), trial(0.5), lost], best=1))["slices"].figure
    figure.draw_without_rendering()
    assert [len(panel.lines) for panel in figure.axes] == [3, 4, 3]


def test_slices_without_a_trial_that_was_given_up_leave_no_empty_room() -> None:
    """An empty line that is not clipped would squeeze the panels."""
    values = np.array([-3.9, -4.6, -2.9])
    settings = [
        drawings.Slice("base_lr", np.array([0.14, 0.3, 0.038]), True, ()),
        drawings.Slice("maximum_change", np.array([1.2e-4, 3e-4, 2e-4]), True, ()),
    ]
    drawn = drawings.slices("slices", "caption", settings, values, np.zeros(3, bool), 2, "goal").figure
    drawn.draw_without_rendering()
    widths = [axes.get_position().width for axes in drawn.axes]
    assert min(widths) > 0.35
    first, second = drawn.axes
    assert second.get_xticks().tolist() == [1.2e-4, 3e-4]
    np.testing.assert_allclose(first.get_xticks(), [0.1, 0.3])
