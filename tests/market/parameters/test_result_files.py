"""Result files: lines and doubly encoded text, torn and damaged ones, appending, trimming."""

import json
import math
import threading
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isotherm.market.parameters.checkpoint import (
    append_records,
    load_result_array,
    read_records,
    result_file,
    trimmed,
    write_records,
)  # fmt: skip

SETTINGS = {"rule": "momentum", "optimisation_settings": {"n_iterations": 4}}


def step(number: int, value: float = 0.5) -> dict[str, Any]:
    return {
        "step": number,
        "objective": [value, value + 1],
        "log_k": [[float(number)], [0.0]],
        "subsidary_params": [],
    }


RECORDS = [SETTINGS, *(step(number) for number in range(3))]


@pytest.mark.parametrize("double_encoded", [False, True])
def test_records_are_written_and_read(tmp_path: Path, double_encoded: bool) -> None:
    path = write_records(tmp_path / "run_1", RECORDS, double_encoded)
    assert path.suffix == (".json" if double_encoded else ".jsonl")
    assert read_records(path) == read_records(tmp_path / "run_1") == RECORDS
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_d12_lines_are_plain_json_and_the_other_form_is_text_in_text(tmp_path: Path) -> None:
    lines = write_records(tmp_path / "a", RECORDS).read_text().splitlines()
    assert [json.loads(line) for line in lines] == RECORDS
    document = write_records(tmp_path / "b", RECORDS, double_encoded=True).read_text()
    assert json.loads(document) == json.dumps(RECORDS, sort_keys=True)
    (tmp_path / "c.json").write_text(json.dumps(RECORDS))
    assert read_records(tmp_path / "c") == RECORDS


def test_d12_appending_adds_lines_and_rewrites_nothing(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a.jsonl", RECORDS[:2])
    before, node = path.read_bytes(), path.stat().st_ino
    append_records(tmp_path / "a", RECORDS[2:])
    assert path.read_bytes().startswith(before)
    assert path.stat().st_ino == node
    assert read_records(path) == RECORDS
    append_records(path, [])
    assert read_records(path) == RECORDS


@given(st.integers(1, 60), st.booleans())
def test_d12_a_torn_last_line_is_dropped_and_cut_off_before_the_next(
    tmp_path_factory, cut: int, has_end: bool
) -> None:
    path = write_records(tmp_path_factory.mktemp("torn") / "a.jsonl", RECORDS)
    whole = path.read_bytes()
    length = len(whole.splitlines(keepends=True)[-1])
    path.write_bytes(whole[: -1 - min(cut, length - 2)] + b"\n" * has_end)
    assert read_records(path) == RECORDS[:-1]
    append_records(path, [step(7)])
    assert read_records(path) == [*RECORDS[:-1], step(7)]


def test_a_whole_last_line_without_an_end_is_kept(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a.jsonl", RECORDS)
    path.write_bytes(path.read_bytes().rstrip())
    assert read_records(path) == RECORDS
    append_records(path, [step(7)])
    assert read_records(path) == [*RECORDS, step(7)]


def test_long_lines_are_found_from_the_end(tmp_path: Path) -> None:
    long = {"step": 9, "objective": [0.25] * 40_000}
    path = write_records(tmp_path / "a.jsonl", [*RECORDS, long])
    append_records(path, [step(10)])
    assert read_records(path) == [*RECORDS, long, step(10)]
    path.write_bytes(path.read_bytes() + json.dumps(long)[:150_000].encode())
    append_records(path, [step(11)])
    assert read_records(path) == [*RECORDS, long, step(10), step(11)]


@pytest.mark.parametrize("damage", ['{"step": 1, "obj', "[1, 2]", "null", '"text"', "\x00\x00"])
def test_a_damaged_line_in_the_middle_is_refused_by_its_number(tmp_path: Path, damage: str) -> None:
    path = write_records(tmp_path / "a.jsonl", RECORDS)
    lines = path.read_text().splitlines()
    lines[2] = damage
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=r"^location = .*a\.jsonl': line 3 is damaged") as caught:
        read_records(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (json.dumps(json.dumps(RECORDS))[:-40], "is damaged"),
        (json.dumps(json.dumps(RECORDS)[:-40]), "is damaged"),
        (json.dumps(json.dumps({"a": 1})), "is no list of records"),
        ("[1, 2]", "is no list of records"),
        ("[]", "holds no record"),
        ("", "holds no record"),
        ("\n\n", "holds no record"),
        ("[" * 100_000, "is damaged"),
        ('"' + "[" * 100_000 + '"', "is damaged"),
    ],
)
def test_damaged_documents_are_refused_in_one_line(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(ValueError, match=says) as caught:
        read_records(tmp_path / "a")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^location = .*nothing': there is no such result file"):
        read_records(tmp_path / "nothing")
    (tmp_path / "a.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(ValueError, match=r"is no text in UTF-8"):
        read_records(tmp_path / "a.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileNotFoundError):
        read_records(tmp_path / "folder")
    with pytest.raises(ValueError, match=r"^records = "):
        write_records(tmp_path / "b", [])
    document = write_records(tmp_path / "c", RECORDS, double_encoded=True)
    with pytest.raises(ValueError, match=r"is no JSON Lines; rewrite it with write_records first"):
        append_records(document, [step(1)])
    assert read_records(document) == RECORDS


def test_the_file_itself_comes_before_its_suffixes(tmp_path: Path) -> None:
    write_records(tmp_path / "a", RECORDS, double_encoded=True)
    assert result_file(tmp_path / "a").name == "a.json"
    write_records(tmp_path / "a", RECORDS[:2])
    assert result_file(tmp_path / "a").name == "a.jsonl"
    (tmp_path / "a").write_text("")
    assert result_file(tmp_path / "a").name == "a"


def test_arrays_and_what_is_not_finite(tmp_path: Path) -> None:
    values = {"step": np.int64(1), "log_k": jnp.array([[1.0, jnp.nan]]), "objective": [math.inf, -math.inf]}
    path = write_records(tmp_path / "a", [SETTINGS, values])
    assert (
        path.read_text().splitlines()[1]
        == '{"log_k": [[1.0, null]], "objective": ["inf", "-inf"], "step": 1}'
    )
    document = write_records(tmp_path / "b", [SETTINGS, values], double_encoded=True)
    found = read_records(document)[1]
    assert math.isnan(found["log_k"][0][1])
    assert found["objective"] == [math.inf, -math.inf]
    (tmp_path / "c.jsonl").write_text('{"a": NaN}\n{"objective": [NaN, Infinity]}\n')
    assert math.isnan(read_records(tmp_path / "c")[0]["a"])


def test_a_record_that_json_cannot_hold_leaves_the_file_alone(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a", RECORDS)
    before = path.read_bytes()
    for attempt in (
        lambda: append_records(path, [{"a": object()}]),
        lambda: write_records(path, [{"a": object()}]),
    ):
        with pytest.raises(TypeError):
            attempt()
        assert path.read_bytes() == before


def append_some(path: Path, first: int) -> None:
    for number in range(first, first + 20):
        append_records(path, [step(number)])


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a", [SETTINGS])
    workers = [threading.Thread(target=append_some, args=(path, first)) for first in (0, 100)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    steps = [record["step"] for record in read_records(path)[1:]]
    assert sorted(steps) == [*range(20), *range(100, 120)]


def test_runs_that_were_started_again_are_left_out() -> None:
    first, again = [step(number, 9.0) for number in range(4)], [step(number) for number in range(3)]
    assert trimmed([SETTINGS, *first, *again]) == [SETTINGS, *again]  # 8 records, 4 iterations
    assert trimmed([SETTINGS, *first, *again[:1]]) == [SETTINGS, *first, *again[:1]]  # 6 are allowed
    assert trimmed([SETTINGS, *first, *again[:2]]) == [SETTINGS, *again[:2]]
    late = [step(number + 1) for number in range(9)]
    assert trimmed([SETTINGS, *late]) == [SETTINGS, *late]
    assert len(trimmed([{}, *first, *again])) == 8  # 1000 iterations by default


def test_one_entry_of_every_step(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a", RECORDS)
    assert load_result_array(path, "step") == (SETTINGS, [0, 1, 2])
    with pytest.raises(ValueError, match=r"^key = 'steps': is not in record 1; it has log_k, objective"):
        load_result_array(path, "steps")
