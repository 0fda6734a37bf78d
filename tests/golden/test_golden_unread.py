"""No golden case is passed over: one that no test reads fails, by name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.golden.cases import HERE, KINDS, UNREAD, Golden, golden_cases

ROOT = Path(__file__).parents[2]


def test_golden_unread(unread_golden: Golden) -> None:
    case = unread_golden.case
    named = sorted(case) if isinstance(case, dict) else repr(case)
    pytest.fail(f"{unread_golden.file.name}: no test reads cases like this one, of {named}", pytrace=False)


def collected(folder: Path) -> subprocess.CompletedProcess[str]:
    """The tests of cases alone: this file's others would call themselves without end."""
    tests = [f"tests/golden/test_golden_{kind}.py::test_golden_{kind}" for kind in (*KINDS, UNREAD)]
    words = [sys.executable, "-B", "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *tests]
    return subprocess.run(
        [*words, "--golden-dir", str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"cases": [{"id": "strange/1", "what": 1}]}, "strange/1"),
        ({"cases": [{"what": 1}]}, "without id"),
        ({"cases": [7]}, "without id"),
        ({"cases": []}, "new_golden.json"),
        ({"entries": [{"id": "a", "model": "ising"}]}, "new_golden.json"),
        ([{"id": "a", "model": "ising"}], "new_golden.json"),
    ],
)
def test_a_case_of_no_kind_is_of_the_unread(tmp_path: Path, document: object, name: str) -> None:
    (tmp_path / "new_golden.json").write_text(json.dumps(document))
    (found,) = golden_cases("unread", tmp_path)
    assert found.id == name
    assert [golden_cases(kind, tmp_path) for kind in KINDS] == [[]] * len(KINDS)


def test_a_folder_of_unknown_cases_fails_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "new_golden.json").write_text(json.dumps({"cases": [{"id": "strange/1", "what": 1}]}))
    done = collected(tmp_path)
    assert done.returncode == 1
    assert "test_golden_unread[strange/1]" in done.stdout
    assert "new_golden.json: no test reads cases like this one, of ['id', 'what']" in done.stdout
    assert "skipped" not in done.stdout


def test_a_folder_of_known_cases_has_a_test_for_each(tmp_path: Path) -> None:
    document = json.loads((HERE / "lattice_golden.json").read_text())
    document["cases"] = document["cases"][:2]
    (tmp_path / "few_golden.json").write_text(json.dumps(document))
    done = collected(tmp_path)
    assert done.returncode == 0, done.stdout
    for case in document["cases"]:
        assert f"test_golden_lattice[{case['id']}]" in done.stdout
    assert "2 passed" in done.stdout
    assert "skipped" not in done.stdout


def test_without_golden_files_nothing_passes(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no \*_golden\.json"):
        golden_cases("lattice", tmp_path)
