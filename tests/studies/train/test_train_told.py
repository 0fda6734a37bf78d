"""What a training says, from hand-made results: numbers, tables, sentences, and figures read back."""

import json
from typing import Any

import numpy as np
import pytest

from isotherm.market.parameters.training_keys import TRAINING_DEFAULTS
from isotherm.plot.look import ACCENT, INK
from isotherm.studies.market.significance import interval_of
from isotherm.studies.train import drawings
from isotherm.studies.train.config import TrainConfig
from isotherm.studies.train.drawings import Chosen
from isotherm.studies.train.figures import figures
from isotherm.studies.train.links import with_records
from isotherm.studies.train.results import combined, curves_of, links_of
from isotherm.studies.train.tables import conclusions, problems, tables

SETTINGS: dict[str, Any] = {
    "tokens": ["BBB", "AAA"], "rule": "momentum", "startDateString": "2024-01-01 00:00:00",
    "endDateString": "2024-02-10 00:00:00", "endTestDateString": "2024-03-11 00:00:00", "initial_pool_value": 1000.0,
    "chunk_period": 60, "weight_interpolation_period": 60, "weight_interpolation_method": "linear",
    "maximum_change": 3e-4, "minimum_weight": None, "max_memory_days": 30.0, "fees": 0.003, "gas_cost": 0,
    "arb_fees": 0, "protocol_fee_split": 0, "noise_trader_ratio": 0, "arb_frequency": 1, "return_val": "sharpe",
    "bout_offset": 10080, "optimisation_settings": TRAINING_DEFAULTS | {"n_iterations": 9},
}  # fmt: skip
DAYS = 30
WAVE = 1e-3 * np.tile([1.0, -1.0, 0.5], 11)[: DAYS - 1]
PARTS = {"train": (0, 120), "validation": (120, 180), "test": (180, 360)}
PLAIN = TrainConfig()
GRID = TrainConfig(k_grid=(1.0, 10.0, 100.0), memory_grid=(2.0, 8.0))


def record(step: int, score: float | None) -> dict[str, Any]:
    """Two sets; every other step is judged, set 1 by twice the score of set 0."""
    told = None if score is None else [{"daily_log_sharpe": score}, {"daily_log_sharpe": 2 * score}]
    return {
        "step": step, "objective": [step + 0.5, step - 0.5], "local_learning_rate": 0.1 / (step + 1),
        "train_objective": told, "test_objective": told and [{"daily_log_sharpe": -score}] * 2,
        "validation_metrics": told and [{"daily_log_sharpe": None}, {"daily_log_sharpe": "inf"}],
    }  # fmt: skip


def links() -> dict[str, dict[str, np.ndarray]]:
    way = np.arange(8.0).reshape(2, 2, 2) + 1
    first = {"way/memory_days": way[:1], "way/k": 10 * way[:1] ** 2}
    second = {"way/memory_days": way[1:], "way/k": 10 * way[1:] ** 2}
    return {
        "link-0": with_records(first, [record(0, 1.5), record(1, None)]),
        "link-1": with_records(second, [record(2, 3.0)]),
        "link-2": with_records({}, []),
    }


def chosen(ahead: float = 0.0, **told: Any) -> dict[str, np.ndarray]:
    """What was chosen; its daily logarithmic returns are ``WAVE`` plus ``ahead``, others ``WAVE`` shifted."""
    rows = 6
    found: dict[str, Any] = {
        "unix": 1_704_067_200_000 + 3_600_000 * np.arange(rows),
        "value": np.array([1000, 1100, 1200, 1080, 1020, 1210.0]),
        "untrained": np.array([1000, 1050, 1100, 1000, 900, 1000.0]),
        "constant": np.array([1000, 1010, 1020, 1030, 1040, 1050.0]),
        "hodl": np.array([1000, 1000, 1000, 1000, 1000, 1100.0]),
        "uniform_hodl": np.array([1000, 1040, 1080, 1040, 1000, 990.0]),
        "weights": np.outer(np.ones(rows), [0.25, 0.75]),
        "effective/memory_days": np.array([4.0, 5.0]),
        "first/memory_days": np.array([2.0, 3.0]),
        "params/log_k": np.array([1.0, 2.0]),
        "notes": np.array("not read"),
    }
    found |= {f"part/{name}": np.array(part) for name, part in PARTS.items()}
    for part, gain in (("train", 0.5), ("validation", 0.3), ("test", 0.1)):
        for i, pool in enumerate(("trained", "untrained", "constant")):
            own = {
                "return": gain - 0.1 * i, "returns_over_hodl": gain - 0.2, "returns_over_uniform_hodl": 0.05,
                "sharpe_daily": 1.0 + gain, "daily_log_sharpe": 2.0 + gain, "calmar": np.inf,
            }  # fmt: skip
            found |= {f"metric/{pool}/{part}/{name}": np.array(value) for name, value in own.items()}
        for name in ("trained", "untrained", "constant", "hodl", "uniform_hodl"):
            moves = WAVE + ahead if name == "trained" else np.roll(WAVE, 1)
            days = moves[:9] if part == "validation" else moves
            found[f"daily/{name}/{part}"] = np.concatenate([[7.0], 7.0 + np.cumsum(days)])
    said = {
        "iteration": 2, "param_idx": 1, "epochs_trained": 3, "selection_method": "best_step_and_set", "judged": 4,
        "selection_metric": "validation: daily_log_sharpe", "final_weights": [0.25, 0.75], "notes": ["one note"],
    }  # fmt: skip
    return found | {"told": np.array(json.dumps(said | told))}


def results_of(ahead: float = 0.0, config: TrainConfig = PLAIN, **told: Any) -> Any:
    rows = {f"memory-{i}": {"metric": np.array([0.1, 0.2, 0.3]) * (i - 0.5)} for i in range(2)}
    return combined(config, SETTINGS, links() | {"chosen": chosen(ahead, **told)} | rows)


def metrics_of(*args: Any, **told: Any) -> dict[str, Any]:
    return json.loads(json.dumps(results_of(*args, **told).metrics))


def test_curves_are_of_all_links_and_words_are_numbers() -> None:
    found = curves_of(links_of(links()), "daily_log_sharpe")
    assert found["objective"].tolist() == [[0.5, -0.5], [1.5, 0.5], [2.5, 1.5]]
    np.testing.assert_allclose(found["rate"], [0.1, 0.05, 0.1 / 3])
    assert found["judged"].tolist() == [0, 2]
    assert found["score/train"].tolist() == [[1.5, 3.0], [3.0, 6.0]]
    assert found["score/test"].tolist() == [[-1.5, -1.5], [-3.0, -3.0]]
    assert np.isnan(found["score/validation"][:, 0]).all()
    assert np.isposinf(found["score/validation"][:, 1]).all()


def test_numbers_of_a_part_are_those_of_its_pools() -> None:
    metrics = metrics_of()
    assert list(metrics["parts"]) == ["train", "validation", "test"]
    test = metrics["parts"]["test"]
    assert test["pools"]["constant"]["return"] == pytest.approx(-0.1)
    assert test["pools"]["trained"]["calmar"] is None
    assert test["against"]["hodl"]["ahead"] == pytest.approx(-0.1)
    assert test["against"]["uniform_hodl"]["ahead"] == pytest.approx(0.05)
    assert test["against"]["untrained"]["ahead"] == pytest.approx(1.1 / 1.0 - 1)
    assert test["against"]["constant"]["ahead"] == pytest.approx(1.1 / 0.9 - 1)
    assert metrics["parts"]["validation"]["against"]["hodl"]["interval"] is None
    assert metrics["parts"]["validation"]["deflated"] is None
    assert metrics["days"] == {"train": 120 / 1440, "validation": 60 / 1440, "test": 180 / 1440}
    assert metrics["training"] == {"n_iterations": 9}
    assert (metrics["asked"], metrics["trials"], metrics["judged_by"]) == (10, 4, "validation")
    assert metrics["effective"] == {"memory_days": [4.0, 5.0]}
    assert metrics["untrained"] == {"memory_days": [2.0, 3.0]}


def test_each_pool_has_an_interval_of_its_own() -> None:
    own, metrics = chosen(0.01), metrics_of(0.01)
    for pool, told in metrics["parts"]["test"]["pools"].items():
        assert told["interval"] == interval_of(np.diff(own[f"daily/{pool}/test"]))
    pools = metrics["parts"]["test"]["pools"]
    assert pools["trained"]["interval"][0] > pools["constant"]["interval"][1]


def test_trials_deflate_the_ratio_of_the_part_that_chose_and_of_no_other() -> None:
    from isotherm.studies.market.significance import deflated_of

    held = chosen(2e-4)
    results = links() | {"chosen": {name: v for name, v in held.items() if "validation" not in name}}
    metrics = combined(PLAIN, SETTINGS, results).metrics
    assert metrics["judged_by"] == "train"
    own = np.diff(held["daily/trained/train"])
    assert metrics["parts"]["train"]["deflated"] == deflated_of(own, 4)
    assert metrics["parts"]["test"]["deflated"] == deflated_of(own, 1)
    assert deflated_of(own, 4) < deflated_of(own, 1)


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(0.0, "not to be told from it"), (0.01, "better"), (-0.01, "worse")]
)
def test_it_is_said_whether_the_pool_can_be_told_from_others(ahead: float, verdict: str) -> None:
    first, second, third, *_ = conclusions(metrics_of(ahead))
    assert first == (
        "Over the test of 0.125 days, which decided nothing, the trained pool returned **+10.00%**, 10.00% behind "
        f"HODL (**{verdict}**), and 5.00% ahead of uniform HODL (**{verdict}**)."
    )
    assert second == (
        f"Training itself: there the trained pool is 10.00% ahead of the pool of first parameters (**{verdict}**), "
        f"and 22.22% ahead of a pool of constant weights (**{verdict}**)."
    )
    assert third == (
        "Set 1 at iteration 2 was chosen by daily_log_sharpe on minutes held back, from 4 pairs of iteration and set."
    )


def test_luck_and_its_absence_are_said() -> None:
    metrics = metrics_of()
    for value, words in ((0.96, "is more than luck would give"), (0.95, "is more"), (0.94, "may be luck")):
        metrics["parts"]["validation"]["deflated"] = value
        said = conclusions(metrics)[2]
        assert said.startswith(
            "Set 1 at iteration 2 was chosen by daily_log_sharpe on minutes held back, from 4 pairs"
        )
        assert words in said
        assert f"(deflated Sharpe ratio {value:.2f})" in said


def test_a_choice_of_the_first_iteration_is_told_as_a_training_that_taught_nothing() -> None:
    line = "The first iteration that was judged is the one"
    assert not any(said.startswith(line) for said in conclusions(metrics_of()))
    assert any(said.startswith(line) for said in conclusions(metrics_of(iteration=0)))
    assert not any(said.startswith(line) for said in conclusions(metrics_of(iteration=0, epochs_trained=1)))
    averaged = metrics_of(iteration=0, selection_method="stochastic_weight_averaging")
    assert not any(said.startswith(line) for said in conclusions(averaged))


def test_without_a_test_or_minutes_held_back_nothing_is_said_of_them() -> None:
    lost = ("/validation", "/test")
    own = {name: v for name, v in chosen(iteration=0).items() if not any(word in name for word in lost)}
    first, _, third, *rest = conclusions(combined(PLAIN, SETTINGS, links() | {"chosen": own}).metrics)
    assert first.startswith("Over 0.0833 days the trained pool returned **+50.00%**, 30.00% ahead of HODL")
    assert "chosen by daily_log_sharpe on the fitted minutes themselves, from 4 pairs" in third
    assert rest == ["One note."]


def test_the_gap_of_a_metric_that_pools_do_not_tell_is_that_of_another() -> None:
    said = conclusions(metrics_of() | {"metric": "ulcer"})[-2]
    assert said.startswith("daily_log_sharpe of the trained pool in and out of sample: 2.50 fitted")


def test_the_gap_and_notes_are_told() -> None:
    *_, gap, note = conclusions(metrics_of())
    assert gap == (
        "daily_log_sharpe of the trained pool in and out of sample: 2.50 fitted, 2.30 held back for choosing, "
        "2.10 test."
    )
    assert note == "One note."


def test_tables_hold_the_numbers() -> None:
    performance, ahead, parameters, choice, settings = tables(metrics_of(0.01))
    rows = {row[0]: row[1:] for row in performance.rows}
    assert len(rows) == 9
    assert rows["test: trained"][:4] == ("+10.00%", "-10.00%", "+5.00%", 1.1)
    assert rows["held back for choosing: first parameters"][:1] == ("+20.00%",)
    assert rows["held back for choosing: trained"][4] is None
    assert "fitted 0.0833, held back for choosing 0.0417, test 0.125" in performance.note
    assert {row[0]: row[3] for row in ahead.rows}["fitted: HODL"] == "better"
    assert {row[0]: row[1] for row in ahead.rows}["fitted: a pool of constant weights"] == "+15.38%"
    assert parameters.columns == ("", "AAA", "BBB")
    assert parameters.rows == (("memory_days, first", 2.0, 3.0), ("memory_days, trained", 4.0, 5.0))
    assert dict(choice.rows)["iterations"] == "3 of 10"
    assert (dict(choice.rows)["chosen iteration"], dict(choice.rows)["chosen set"]) == (2, 1)
    assert dict(choice.rows)["deflated Sharpe ratio there"] is None  # nine days were held back
    assert dict(choice.rows)["final weights"] == "0.250, 0.750"
    assert dict(choice.rows)["by"] == "daily_log_sharpe, held back for choosing"
    assert dict(settings.rows)["n_iterations"] == "9"
    assert dict(settings.rows)["minimum_weight"] == "none"
    assert "base_lr" not in dict(settings.rows)


def test_a_return_that_is_no_number_is_a_failure() -> None:
    metrics = metrics_of()
    assert problems(metrics) == []
    metrics["parts"]["test"]["pools"]["trained"]["return"] = None
    assert problems(metrics) == ["the trained pool's return is no number over test minutes"]


def test_a_pool_that_was_lost_in_the_test_is_told_to_its_end() -> None:
    own = chosen(0.01)
    own |= {name: value * np.nan for name, value in own.items() if name.startswith("metric/trained/test/")}
    own["daily/trained/test"] = own["daily/trained/test"] * np.nan
    found = combined(PLAIN, SETTINGS, links() | {"chosen": own}).metrics
    metrics = json.loads(json.dumps(found, allow_nan=False))
    first, second, *_ = conclusions(metrics)
    assert first == (
        "Over the test of 0.125 days, which decided nothing, the trained pool returned **no number**, not to be "
        "compared with HODL, and not to be compared with uniform HODL."
    )
    assert second.endswith("and not to be compared with a pool of constant weights.")
    assert {row[0]: row[1:] for row in tables(metrics)[0].rows}["test: trained"] == (None,) * 5
    assert problems(metrics) == ["the trained pool's return is no number over test minutes"]
    assert metrics["parts"]["train"]["deflated"] is not None


def test_figures_draw_what_they_say() -> None:
    found = results_of(config=GRID)
    metrics, arrays = json.loads(json.dumps(found.metrics)), dict(found.arrays)
    arrays["score/validation"] = np.array([[1.0, 4.0], [2.0, 5.0]])
    drawn = {figure.name: figure.figure for figure in figures(GRID, metrics, arrays)}
    assert list(drawn) == ["training", "in-and-out", "value", "ahead", "weights", "parameters", "map"]
    above, below = drawn["training"].axes
    assert [line.get_ydata().tolist() for line in above.lines[:2]] == [[0.5, 1.5, 2.5], [-0.5, 0.5, 1.5]]
    assert [line.get_ydata().tolist() for line in below.lines[:3]] == [[3.0, 6.0], [4.0, 5.0], [-1.5, -3.0]]
    assert below.lines[0].get_xdata().tolist() == [0, 2]
    assert above.lines[2].get_xdata() == below.lines[3].get_xdata() == [2, 2]
    points, star = drawn["in-and-out"].axes[0].collections
    assert points.get_offsets().tolist() == [[1.0, -1.5], [4.0, -1.5], [2.0, -3.0], [5.0, -3.0]]
    assert points.get_array().tolist() == [0, 0, 2, 2]
    assert star.get_offsets().tolist() == [[5.0, -3.0]]
    series = [line.get_ydata() for line in drawn["ahead"].axes[0].lines if len(line.get_ydata()) == 6]
    np.testing.assert_allclose(series[0], 100 * (arrays["value"] / arrays["hodl"] - 1))
    np.testing.assert_allclose(series[3], 100 * (arrays["uniform_hodl"] / arrays["hodl"] - 1))
    values = [line.get_ydata() for line in drawn["value"].axes[0].lines if len(line.get_ydata()) == 6]
    for line, name in zip(values, ("value", "untrained", "constant", "hodl", "uniform_hodl"), strict=True):
        np.testing.assert_array_equal(line, arrays[name])
    memory, k = drawn["parameters"].axes
    assert [line.get_ydata().tolist() for line in memory.lines[:4]] == [[1, 5], [2, 6], [3, 7], [4, 8]]
    assert (memory.get_yscale(), k.get_yscale()) == ("linear", "log")


def labelled(axes: Any) -> dict[str, tuple[float, float]]:
    """Where the lines end that are named at their ends."""
    return {text.get_text(): tuple(map(float, text.xy)) for text in axes.texts}


def test_curves_of_other_sets_are_grey_and_names_stand_at_their_ends() -> None:
    objective = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.5]])
    scores = {part: np.array([[i, i + 10.0, 0], [i + 1, i + 20.0, 0]]) for i, part in enumerate(PARTS)}
    own = (objective, np.array([0, 2]), scores, "return", Chosen(2, 1))
    above, below = drawings.curves("curves", "caption", *own).figure.axes
    assert [line.get_ydata().tolist() for line in above.lines[:3]] == [[1, 4, 7], [3, 6, 9.5], [2, 5, 8]]
    assert [line.get_color() == ACCENT for line in above.lines[:3]] == [False, False, True]
    assert above.get_xlim() == below.get_xlim() == (0, 2)
    assert labelled(below) == {"fitted": (2, 20), "held back": (2, 21), "test": (2, 22)}
    assert (above.get_ylabel(), below.get_ylabel()) == ("objective", "return")


@pytest.mark.parametrize(("away", "has_line"), [(0.0, True), (10.0, False)])
def test_the_line_of_equal_scores_is_drawn_where_there_are_such(away: float, has_line: bool) -> None:
    inside, outside = np.array([[1.0, 4.0], [2.0, 5.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]) + away
    own = (inside, outside, np.array([0, 2]), ("return", "validation"), Chosen(2, 1))
    figure = drawings.in_and_out("in-and-out", "caption", *own).figure
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("return, held back", "return, test")
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["chosen", *(["the same on both"] if has_line else [])]
    assert len(axes.lines) == has_line


def test_parameters_have_their_units_and_tokens_their_weights() -> None:
    found = results_of()
    metrics, arrays = json.loads(json.dumps(found.metrics)), dict(found.arrays)
    arrays["part/test"] = np.array([150, 300])
    arrays["score/validation"] = np.zeros((2, 2))
    drawn = {figure.name: figure.figure for figure in figures(PLAIN, metrics, arrays)}
    memory, k = drawn["parameters"].axes
    assert [axes.get_title(loc="left") for axes in (memory, k)] == ["memory, days", "k"]
    (weights,) = drawn["weights"].axes
    assert labelled(weights)["AAA"][1] == pytest.approx(0.125)
    assert labelled(weights)["BBB"][1] == pytest.approx(0.625)
    begins = [line for line in weights.lines if line.get_linestyle() == ":"]
    assert begins[0].get_xdata()[0] == arrays["unix"][3].astype(
        "datetime64[ms]"
    )  # the first kept of the test


def test_ways_over_the_map_go_between_its_cells() -> None:
    found = results_of(config=GRID, iteration=0, param_idx=0)
    metrics, arrays = json.loads(json.dumps(found.metrics)), found.arrays
    (drawn,) = [figure.figure for figure in figures(GRID, metrics, arrays) if figure.name == "map"]
    axes = drawn.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), arrays["map"])
    memories = np.sqrt([1 * 2, 5 * 6.0])  # of set 0, a mean over tokens of logarithms
    ways = [line for line in axes.lines if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(ways[0].get_ydata(), [0, np.log(memories[1] / 2) / np.log(4)])
    np.testing.assert_allclose(ways[0].get_xdata(), [np.log10(10 * memories[0]), np.log10(10 * memories[1])])
    assert [line.get_color() for line in ways] == ["white", ACCENT, "white", INK]
    begins = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in begins] == [ways[0].get_xdata()[0], ways[2].get_xdata()[0]]
    assert [line.get_ydata()[0] for line in begins] == [ways[0].get_ydata()[0], ways[2].get_ydata()[0]]
    star = next(line for line in axes.lines if line.get_marker() == "*")
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (ways[0].get_xdata()[0], ways[0].get_ydata()[0])


def test_the_row_of_the_chosen_iteration() -> None:
    assert [Chosen(iteration, 0).row(np.array([0, 10, 20])) for iteration in (0, 10, 20, 25)] == [0, 1, 2, 2]
