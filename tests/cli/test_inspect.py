"""`isotherm inspect`: what a result file or a bundle holds, and exit code 2 where it cannot be relied on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from isotherm.market.parameters.checkpoint import write_records

Command = Callable[..., tuple[int, str, str]]

SETTINGS = {
    "tokens": ["BBB", "AAA"], "rule": "momentum", "startDateString": "2024-01-03 00:00:00",
    "endDateString": "2024-02-03 00:00:00", "colour": "red",
}  # fmt: skip


def step(number: int, scores: list[float]) -> dict[str, Any]:
    return {
        "step": number,
        "objective": scores,
        "train_objective": scores,
        "log_k": [[1.0, 2.0], [3.0, 4.0]],
        "logit_lamb": [[0.0, 0.5], [1.0, -1.0]],
        "subsidary_params": [],
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_records(tmp_path / "run", [SETTINGS, step(0, [0.1, 0.4]), step(1, [0.5, 0.2])])


def test_a_result_file_is_told_of(isotherm: Command, file: Path) -> None:
    file.write_text(file.read_text() + '{"step": 2, "obj')
    code, out, err = isotherm("inspect", str(file))
    assert (code, err) == (0, "")
    for words in (
        "JSON Lines", "records of steps", "one number a set", "momentum", "2024-01-03 00:00:00", "not given",
        "colour", "best_train_objective", "Effective parameters of record 2, set 0", "memory_days", "AAA",
        "note: line 4, the last, is torn and was dropped",
    ):  # fmt: skip
        assert words in out
    code, out, _ = isotherm(
        "inspect", str(file.with_suffix("")), "--json", "--select", "last", "--parameter-set", "1"
    )
    assert code == 0
    found = json.loads(out)
    assert found["kind"] == "result file"
    assert (found["records"], found["num_sets"], found["unknown"]) == (2, 2, ["colour"])
    assert found["chosen"] == {"record": 2, "step": 1, "set": 1}
    assert found["best"]["best_train_objective"]["train"] == 0.5
    assert found["best"]["best_test_objective"].startswith("metric_key = ")
    assert found["effective"]["k"] == pytest.approx(
        [8 * found["effective"]["memory_days"][0], 16 * found["effective"]["memory_days"][1]]
    )


def test_what_cannot_be_exported_is_shown_and_refused(isotherm: Command, tmp_path: Path) -> None:
    write_records(tmp_path / "odd", [SETTINGS | {"rule": "momentun"}, step(0, [0.1, 0.4])])
    code, out, err = isotherm("inspect", "odd")
    assert code == 2
    assert "problem: rule = 'momentun': is unknown" in out
    assert err.startswith("error: rule = 'momentun': is unknown; did you mean 'momentum'?")
    assert len(err.splitlines()) == 1
    code, out, err = isotherm("inspect", "odd", "--json")
    assert (code, json.loads(out)["faults"][0][:17]) == (2, "rule = 'momentun'")


def test_a_bundle_is_verified(isotherm: Command, file: Path) -> None:
    assert isotherm("export", str(file), "--to", "pool.json")[0] == 0
    code, out, err = isotherm("inspect", "pool.json")
    assert (code, err) == (0, "")
    assert ": holds" in out
    assert "momentum on AAA, BBB" in out
    code, out, _ = isotherm("inspect", "pool.json", "--json")
    found = json.loads(out)
    assert (code, found["kind"], found["is_sound"]) == (0, "bundle", True)
    path = Path("pool.json")
    path.write_text(path.read_text().replace('"momentum"', '"anti_momentum"'))
    code, out, err = isotherm("inspect", "pool.json")
    assert code == 2
    assert "does not hold, of the contents it is" in out
    assert err.startswith("error: sha256 = '")
    assert len(err.splitlines()) == 1
    code, out, _ = isotherm("inspect", "pool.json", "--json")
    assert (code, json.loads(out)["is_sound"]) == (2, False)


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ('{\n "form": "isotherm deploy', [], "bundle = 'some.json': is damaged: it ends or breaks within its JSON"),
        ('"[{\\"step\\": ', [], "location = 'some.json': is damaged"),
        ('{"rule": "momentum"}\n{"st\n{"step": 1}\n', [], "location = 'some.json': line 2 is damaged"),
        ("", [], "location = 'some.json': holds no record"),
        ('{"rule": "momentum"}\n', ["--select", "lost"], "select = 'lost': is unknown; did you mean 'last'?"),
        ("{\n}", ["--select", "last"], "--select = 'last': goes with a result file, not a bundle"),
    ],
)  # fmt: skip
def test_files_that_hold_nothing_are_refused(
    isotherm: Command, text: str, words: list[str], line: str
) -> None:
    Path("some.json").write_text(text)
    code, out, err = isotherm("inspect", "some.json", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {line}")
    assert len(err.splitlines()) == 1


def test_a_file_that_is_not_there_is_refused(isotherm: Command) -> None:
    code, _, err = isotherm("inspect", "none")
    assert (code, err) == (2, "error: FILE = 'none': there is no such file\n")
    Path("runs").mkdir()
    assert isotherm("inspect", "none.jsonl")[2] == "error: FILE = 'none.jsonl': there is no such file\n"
    code, _, err = isotherm("inspect", "none")
    assert code == 2
    assert err.startswith("error: FILE = 'none': there is no such file, and no such run: RUN = 'none': ")
