"""What the study of choices counts, says and draws, from results made by hand."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.support.told import cells, series

from isotherm.studies.choices.agents import contenders
from isotherm.studies.choices.config import RECOVERED, ChoicesConfig
from isotherm.studies.choices.people import prediction, two_step
from isotherm.studies.choices.results import correlation, missed, units_of
from isotherm.studies.choices.runs import folds
from isotherm.studies.choices.study import Choices

pytestmark = pytest.mark.usefixtures("nothing_global")

CONFIG = ChoicesConfig(num_subjects=6, batch=3, num_samples=4, num_chains=2, thin=1, stretch=5, num_folds=2)
STUDY = Choices()


def batch(seed: int) -> dict[str, np.ndarray]:
    """Three subjects whose first parameter comes back, and whose last does not."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(3, 4))
    mean = truth * np.array([1.0, 0.9, 0.5, 0.0]) + np.array([0, 0, 0, 1.0]) * rng.normal(size=(3, 1))
    return {
        "truth": truth,
        "probable": mean,
        "draws": truth[:, None] + np.linspace(-1, 1, 8)[None, :, None],
        "mean": mean,
        "variance": np.tile([0.1, 0.2, 0.45, 0.9], (3, 1)),
        "rhat": np.full((3, 4), 1.01 + seed / 100),
        "ess": np.full((3, 4), 300.0 - seed),
        "diverging": np.array([0.0, 0.03, 0.0]),
        "apart": np.array([1e-5, -4e-5, 0.0]),
        "sharper": np.array([-30.0, 10.0, 20.0]),
    }


def compared(levels: tuple[float, ...], people: int = 1) -> dict[str, np.ndarray]:
    """Contenders at levels, with a wave that all of them share and one that is active inference's alone."""
    trial = np.arange(12)
    held_out = np.array(levels)[:, None, None] + 0.01 * np.cos(np.pi * trial)[None, None]
    held_out = np.repeat(held_out, people, axis=1)
    held_out[0] += 0.02 * (trial >= 5) + 0.01 * np.arange(people)[:, None]
    fold = np.broadcast_to(trial // 6, (people, 12)).copy()
    if people > 1:
        held_out[:, 1, 8:] = np.nan
        fold[1, 8:] = -1
    return {"held_out": held_out, "fold": fold}


RESULTS = {
    "recovery-0": batch(0),
    "recovery-3": batch(1),
    "prediction": compared((-0.3, -0.2, -0.4, -0.6931)),
}


@pytest.fixture(scope="module")
def made() -> Any:
    return STUDY.combine(CONFIG, RESULTS)


def test_tasks_are_batches_and_sets() -> None:
    assert [task.name for task in STUDY.tasks(CONFIG)] == ["recovery-0", "recovery-3", "prediction"]
    with_two = CONFIG.model_copy(update={"two_step": "some.csv"})
    assert [task.name for task in STUDY.tasks(with_two)][-1] == "two-step"
    assert str(STUDY.inputs(with_two)["two_step"]) == "some.csv"
    assert STUDY.inputs(CONFIG) == {}


def test_recovery_is_counted_over_all_batches(made: Any) -> None:
    found = made.metrics["recovery"]
    assert (found["num_subjects"], found["num_ranked"]) == (6, 8)
    assert found["diverging"] == pytest.approx(0.01)
    assert found["apart"] == pytest.approx(4e-5)
    assert found["sharper"] == pytest.approx(20.0)
    rows = found["parameters"]
    assert [row["parameter"] for row in rows] == list(RECOVERED)
    assert rows[0]["r"]["mean"] == pytest.approx(1.0)
    assert [row["contraction"] for row in rows] == pytest.approx([0.9, 0.8, 0.55, 0.1])
    assert [row["is_identified"] for row in rows] == [True, True, True, False]
    assert rows[0]["rhat"] == pytest.approx(1.02)
    assert rows[0]["ess"] == 299.0
    # all six ranks are 4 of 0 .. 8, in one of nine bins: chi2 = (6 - 2/3)^2 / (2/3) + 8 * 2/3
    assert rows[0]["chi2"] == pytest.approx((6 - 2 / 3) ** 2 / (2 / 3) + 8 * 2 / 3)
    assert rows[0]["p"] < 1e-5


def test_chains_that_stand_still_have_no_diagnostics() -> None:
    stuck = RESULTS["recovery-0"] | {"rhat": np.full((3, 4), np.inf), "ess": np.full((3, 4), np.nan)}
    made = STUDY.combine(CONFIG, RESULTS | {"recovery-0": stuck})
    assert [row["rhat"] for row in made.metrics["recovery"]["parameters"]] == [None] * 4
    assert cells(STUDY.tables(CONFIG, made.metrics)[0])[0][5:] == ["–", "–"]


def test_correlation_has_its_error() -> None:
    found = correlation(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 3.0, 2.0]))
    assert found["mean"] == pytest.approx(0.8)
    assert found["se"] == pytest.approx(0.36 / np.sqrt(3))
    assert found["n"] == 4


def test_units_are_people_or_stretches() -> None:
    alone = units_of(CONFIG, RESULTS["prediction"]["held_out"])
    assert alone.shape == (4, 2)  # of five trials and of seven
    np.testing.assert_allclose(alone[1], [-0.2 + 0.01 / 5, -0.2 - 0.01 / 7])
    np.testing.assert_allclose(alone[0], [-0.3 + 0.01 / 5, -0.28 - 0.01 / 7])
    several = compared((-0.3, -0.2, -0.4, -0.6931), people=3)
    found = units_of(CONFIG, several["held_out"])
    assert found.shape == (4, 3)
    np.testing.assert_allclose(found[1], -0.2, atol=1e-12)
    np.testing.assert_allclose(found[0], [-0.3 + 0.02 * 7 / 12, -0.29 + 0.02 * 3 / 8, -0.28 + 0.02 * 7 / 12])


def test_folds_are_stretches_of_each_person() -> None:
    found = folds(np.array([7, 4]), 7, 2)
    np.testing.assert_array_equal(found, [[0, 0, 0, 0, 1, 1, 1], [0, 0, 1, 1, -1, -1, -1]])


def test_sentences_say_who_wins_and_what_cannot_be_told(made: Any) -> None:
    said = STUDY.conclusions(CONFIG, made.metrics)
    assert said[0] == (
        "Which of two outcomes comes: **softmax-Q** foretells choices best, tied with active inference and stay "
        "rule, -0.1997 nats a choice; active inference is level with softmax-Q (-0.0900 ± 0.0100), level with stay "
        "rule (+0.1100 ± 0.0100) (stretches: 2)."
    )
    many = {
        task: part
        | {key: {label: told | {"n": 40} for label, told in part[key].items()} for key in ("nats", "lead")}
        for task, part in made.metrics["tasks"].items()
    }
    assert STUDY.conclusions(CONFIG, made.metrics | {"tasks": many})[0] == (
        "Which of two outcomes comes: **softmax-Q** foretells choices best, -0.1997 nats a choice; active inference "
        "is behind softmax-Q by 0.0900 ± 0.0100, ahead of stay rule by 0.1100 ± 0.0100 (stretches: 40)."
    )
    assert said[1].startswith(
        "Recovery: r = **1.000** for alpha gamma over 6 simulated subjects, at least the 0.9"
    )
    assert "**ranks of alpha gamma, loss, rate, forgetting are not uniform**" in said[2]
    assert "alpha and gamma apart" in said[3]
    assert "move by at most 4e-05 nats, with alpha doubled alone by 20 on average" in said[3]
    assert (
        said[4]
        == "Hardly identified, with less than half the prior variance taken away: **forgetting (10%)**."
    )
    assert "--two-step=PATH" in said[5]
    rows = [
        row | {"p": 0.3, "r": {"mean": 0.5, "se": 0.1, "n": 6}}
        for row in made.metrics["recovery"]["parameters"]
    ]
    other = made.metrics | {"recovery": made.metrics["recovery"] | {"parameters": rows}}
    said = STUDY.conclusions(CONFIG.model_copy(update={"two_step": "x"}), other)
    assert "**below** the 0.9 asked for" in said[1]
    assert said[2].endswith("smallest p = 0.30.")
    assert not any("PATH" in one for one in said)


def test_a_run_fails_where_enough_subjects_miss_what_is_asked(made: Any) -> None:
    assert STUDY.failures(CONFIG, made.metrics) == []
    many = CONFIG.model_copy(update={"num_subjects": 100})
    lines = missed(many, made.metrics["recovery"])
    assert len(lines) == 4
    assert lines[0].startswith("calibration of alpha gamma, p = ")
    rows = [
        row | {"p": 0.01, "r": {"mean": 0.89, "se": 0.1, "n": 6}}
        for row in made.metrics["recovery"]["parameters"]
    ]
    lines = missed(many, {"parameters": rows})
    assert len(lines) == 5
    assert lines[-1] == "recovery of alpha gamma, r = 0.890: should be at least 0.9"
    rows = [
        row | {"p": 0.011, "r": {"mean": 0.9, "se": 0.1, "n": 6}}
        for row in made.metrics["recovery"]["parameters"]
    ]
    assert missed(many, {"parameters": rows}) == []


def test_tables_hold_the_numbers(made: Any) -> None:
    recovery, nats = STUDY.tables(CONFIG, made.metrics)
    assert cells(recovery)[0][0] == "alpha gamma"
    assert cells(recovery)[3][2] == "0.1"
    assert "6 simulated subjects" in recovery.note
    assert "1.00% of trajectories" in recovery.note
    assert cells(nats)[1] == ["softmax-Q", "-0.1997 ± 0.0017 (2)", "-0.090 ± 0.010 (2)"]
    assert cells(nats)[0][2] == "–"
    assert "one sequence, 12 choices" in nats.note
    assert "tell nothing about other people" in nats.note


def test_figures_show_them(made: Any, check) -> None:
    figures = {one.name: one for one in STUDY.figures(CONFIG, made.metrics, made.arrays)}
    assert list(figures) == ["recovery", "ranks", "prediction-nats"]
    axes = figures["recovery"].figure.axes[0]
    truth = np.concatenate([batch(0)["truth"], batch(1)["truth"]])[:, 0]
    drawn = [one for one in series(axes) if len(one[0]) == 6]
    assert any(np.allclose(x, truth) and np.allclose(y, truth) for x, y in drawn)
    bars = figures["ranks"].figure.axes[0].patches
    assert [bar.get_height() for bar in bars] == [0, 0, 0, 0, 6, 0, 0, 0, 0]
    lines = series(figures["prediction-nats"].figure.axes[0])
    units = units_of(CONFIG, RESULTS["prediction"]["held_out"])
    assert any(np.allclose(y, units[:, 0]) for _, y in lines)
    assert any(np.allclose(y, units.mean(axis=1)) for _, y in lines)


def test_contenders_begin_with_active_inference_and_end_with_chance() -> None:
    for task, count in (("prediction", 4), ("two-step", 5)):
        found = [one.label for one in contenders(task)]
        assert (found[0], found[-1], len(found)) == ("active inference", "chance", count)


def test_the_shipped_answers_are_read() -> None:
    found = prediction()
    assert found.action.shape == (1, 320)
    outcome = np.asarray(found.next_observation.outcome[0])
    np.testing.assert_array_equal(found.reward[0], outcome)
    assert int(found.observation.outcome[0, 0]) == -1
    np.testing.assert_array_equal(found.observation.outcome[0, 1:], outcome[:-1])
    assert float(found.reward.mean()) == pytest.approx(0.65625)


ROWS = {
    "subject": [2, 1, 1, 2, 1],
    "trial": [1, 2, 1, 2, 3],
    "start_state": [1, 2, 1, 2, 1],
    "choice": [1, 4, 1, 3, 2],
    "planet": [1, 2, 1, 1, 2],
    "points": [9, 0, 3, 5, 7],
}


def test_the_two_step_task_is_read_by_person_and_trial(tmp_path) -> None:
    for name in ("task.csv", "task.parquet"):
        path = tmp_path / name
        table = pl.DataFrame(ROWS)
        table.write_csv(path) if name.endswith("csv") else table.write_parquet(path)
        found = two_step(str(path))
        assert found.num_choices.tolist() == [3, 2]
        np.testing.assert_array_equal(found.action[0], [0, 1, 1])
        np.testing.assert_array_equal(found.observation.context[0], [0, 1, 0])
        np.testing.assert_array_equal(found.next_observation.outcome[0], [3, 0, 7])
        np.testing.assert_allclose(found.reward[0], np.array([3, 0, 7]) / 9, rtol=1e-6)
        np.testing.assert_array_equal(found.observation.outcome[1, :2], [-1, 9])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": [9, 0, 3, 5, 10]}, "two_step = 10: points should be within 0 .. 9"),
        ({"planet": [0, 2, 1, 1, 2]}, "two_step = 0: planet should be within 1 .. 2"),
        ({"points": [9.5, 0, 3, 5, 1]}, "points should be whole numbers"),
        ({"subject": [1] * 5}, "two people or more"),
    ],
)
def test_a_file_of_something_else_is_refused(change, message, tmp_path) -> None:
    path = tmp_path / "task.csv"
    pl.DataFrame(ROWS | change).write_csv(path)
    with pytest.raises(ValueError, match=message):
        two_step(str(path))
    pl.DataFrame(ROWS).drop("points").write_csv(path)
    with pytest.raises(ValueError, match="lacks the columns points"):
        two_step(str(path))
    pl.DataFrame(ROWS).write_csv(path)
    with pytest.raises(ValueError, match="num_people = 3: the file has 2 people"):
        two_step(str(path), 3)
    with pytest.raises(ValueError, match="cannot be read"):
        two_step(str(tmp_path / "nothing.csv"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"num_subjects": 10, "batch": 4}, "batch = 4: should divide num_subjects, 10"),
        ({"num_chains": 2, "num_samples": 4, "thin": 5}, "thin = 5"),
    ],
)
def test_settings_that_do_not_fit_are_refused(given, message) -> None:
    with pytest.raises(ValueError, match=message):
        ChoicesConfig(**given)
