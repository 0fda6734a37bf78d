"""What is told of a result file, and which of its parameter sets is chosen."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isotherm.market.deployment.result_file import Selection, chosen_set_of, fingerprint_of_file, look_into
from isotherm.market.parameters.checkpoint import read_records, write_records
from isotherm.market.parameters.selection import METHODS

SETTINGS = {
    "tokens": ["BBB", "AAA"], "rule": "momentum", "chunk_period": 60, "weight_interpolation_period": 60,
    "optimisation_settings": {"n_iterations": 10}, "alphabetic": True,
}  # fmt: skip
SCORES = [[0.1, 0.4], [0.2, 0.9], [0.8, 0.3]]


def record(step: int, scores: list[float], is_new: bool = True) -> dict[str, Any]:
    judged: Any = [{"sharpe": one, "returns_over_uniform_hodl": one} for one in scores] if is_new else scores
    params = {"log_k": [[step + 1.0, 2.0], [step + 3.0, 4.0]], "logit_lamb": [[0.0, 0.1], [0.2, 0.3]]}
    values = {"objective": scores, "train_objective": judged, "test_objective": judged}
    return {"step": step, **values, **params, "subsidary_params": []}


def records(is_new: bool = True) -> list[dict[str, Any]]:
    return [SETTINGS, *(record(step, scores, is_new) for step, scores in enumerate(SCORES))]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_records(tmp_path / "run", records())


def test_a_set_is_chosen_by_method_or_by_number() -> None:
    best = chosen_set_of(records())
    assert best[1:] == (2, 1, 1)
    assert best.params["log_k"].tolist() == [4.0, 4.0]
    other = chosen_set_of(records(), Selection(parameter_set=0))
    assert other[1:] == (2, 1, 0)
    assert other.params["log_k"].tolist() == [2.0, 2.0]
    last = chosen_set_of(records(), Selection("last"))
    assert last[1:] == (3, 2, None)
    assert last.params["log_k"].shape == (2, 2)
    assert chosen_set_of(records(), Selection("last", parameter_set=1))[1:] == (3, 2, 1)
    each = "best_train_objective_for_each_parameter_set"
    assert chosen_set_of(records(), Selection(each, parameter_set=0))[1:] == (3, 2, 0)
    above = Selection("best_train_min_test_objective", threshold=0.85)
    assert chosen_set_of(records(), above)[1:] == (2, 1, 1)
    for how, line in (
        (Selection(each), "select = '.*': chooses a step for each of 2 sets; choose one"),
        (Selection(each, parameter_set=2), r"parameter_set = 2: must be 0 \.\. 1"),
        (Selection(parameter_set=2), "parameter_set = 2: should be .*1"),
        (Selection("lost"), "select = 'lost': is unknown; did you mean 'last'"),
        (Selection(metric_key="sharp"), "metric_key = 'sharp': no step has a value of it"),
    ):
        with pytest.raises(ValueError, match=f"^{line}"):
            chosen_set_of(records(), how)


def test_settings_of_other_tools_are_kept_and_told() -> None:
    fingerprint, warned = fingerprint_of_file({**SETTINGS, "colour": "red"})
    assert fingerprint["colour"] == "red"
    assert warned == ("fingerprint has settings that are not known: colour",)
    assert fingerprint_of_file(SETTINGS)[1] == ()
    for settings, line in (({"rule": "momentun"}, "rule = 'momentun': is unknown; did you mean"),
                           ({"tokens": 5}, "tokens = 5: ")):  # fmt: skip
        with pytest.raises(ValueError, match=f"^{line}"):
            fingerprint_of_file(settings)


def test_a_look_tells_what_a_file_holds(file: Path) -> None:
    look = look_into(file)
    assert (look.encoding, look.records, look.steps, look.num_sets) == ("JSON Lines", 3, (0, 2), 2)
    assert look.metrics == "metrics by name"
    assert (look.unknown, look.notes, look.faults) == ((), (), ())
    assert look.chosen == {"record": 2, "step": 1, "set": 1}
    assert list(look.best) == list(METHODS)
    assert look.best["best_train_objective"] == {"record": 2, "step": 1, "set": 1, "train": 0.9, "test": 0.9}
    assert look.best["last"] == {"record": 3, "step": 2, "set": None, "train": None, "test": None}
    each = look.best["best_train_objective_for_each_parameter_set"]["of_each_set"]
    assert [(one["record"], one["set"]) for one in each] == [(3, 0), (2, 1)]
    np.testing.assert_allclose(look.effective["lamb"], 1 / (1 + np.exp([-0.2, -0.3])))
    assert len(look.effective["memory_days"]) == 2
    found = look.to_json()
    assert json.loads(json.dumps(found)) == found | {
        "notes": [],
        "faults": [],
        "unknown": [],
        "steps": [0, 2],
    }
    assert found["fingerprint"]["rule"] == "momentum"
    assert look_into(file, Selection("last", parameter_set=0)).chosen == {"record": 3, "step": 2, "set": 0}


def test_encodings_and_formats_are_told(tmp_path: Path) -> None:
    old = write_records(tmp_path / "old", records(is_new=False), double_encoded=True)
    look = look_into(old)
    assert (look.encoding, look.metrics) == ("JSON in a JSON text", "one number a set")
    assert look.chosen == {"record": 2, "step": 1, "set": 1}
    listed = tmp_path / "list.json"
    listed.write_text(
        json.dumps([*records()[:1], *({**one, "train_objective": None} for one in records()[1:])])
    )
    look = look_into(listed)
    assert (look.encoding, look.metrics, look.chosen) == ("JSON list", "none", None)
    assert "metric_key" in look.faults[0]
    assert isinstance(look.best["best_train_objective"], str)
    assert look.best["best_objective"]["train"] is None
    begun = write_records(tmp_path / "begun", records()[:1])
    look = look_into(begun)
    assert (look.records, look.steps, look.num_sets, look.metrics, look.best) == (0, None, 0, "none", {})
    assert look.notes == ("there is no step yet",)


def test_what_is_passed_over_and_what_is_wrong_is_told(file: Path, tmp_path: Path) -> None:
    text = file.read_text()
    file.write_text(text + '{"step": 3, "obj')
    look = look_into(file)
    assert look.notes == ("line 5, the last, is torn and was dropped",)
    assert (look.records, look.faults) == (3, ())
    again = write_records(
        tmp_path / "again", [SETTINGS, *(record(i, [0.1, 0.2]) for i in range(12)), *records()[1:]]
    )
    look = look_into(again)
    assert look.notes == ("12 records of runs that were begun again were left out",)
    assert look.records == 3
    odd = write_records(tmp_path / "odd", [{**SETTINGS, "rule": "momentun", "colour": 1}, *records()[1:]])
    look = look_into(odd)
    assert look.unknown == ("colour",)
    assert look.faults[0].startswith("rule = 'momentun': is unknown")
    assert look.effective is None
    first, second, *others = text.splitlines(keepends=True)
    file.write_text("".join([first, second[:40] + "\n", *others]))
    with pytest.raises(ValueError, match=r"^location = .*: line 2 is damaged"):
        look_into(file)
    with pytest.raises(FileNotFoundError):
        look_into(tmp_path / "nothing")
    two = look_into(again, Selection("last"))
    assert two.faults[0].startswith("log")
    assert "several parameter sets" in two.faults[0]
    assert len(read_records(again)) == 16
