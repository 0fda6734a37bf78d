"""The planter of faults, on a toy tree whose tests see one half of it."""

from pathlib import Path

import pytest
from tools.mutants import faults, main, planted, run_tests

SOURCE = '''"""Words with 3 numbers."""


def total(price: float, count: int = 1, *, is_gross: bool = True) -> float:
    """Of 12 things."""
    if count < 2 and not is_gross:
        return price + count
    return price * count


def unseen(a: float, b: float) -> float:
    return max(a, -b) - 0.5
'''

TEST = """
from toy import total


def test_total():
    assert total(3.0, 2) == 6
    assert total(3.0, 2, is_gross=False) == 6
    assert total(3.0, is_gross=False) == 4
    assert total(3.0) == 3
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/toy.py").write_text(SOURCE)
    (tmp_path / "test_toy.py").write_text(TEST)
    return tmp_path


def test_every_fault_is_one_small_change_that_parses(toy: Path) -> None:
    source = SOURCE.encode()
    found = faults(toy, Path("src/toy.py"))
    lines = [planted(source, fault).decode().splitlines()[fault.line - 1].strip() for fault in found]
    assert sorted(lines) == sorted(
        [
            "def total(price: float, count: int = 2, *, is_gross: bool = True) -> float:",
            "def total(price: float, count: int = 1, *, is_gross: bool = False) -> float:",
            "if count <= 2 and not is_gross:",
            "if count < 3 and not is_gross:",
            "if price < 2 and not is_gross:",
            "if count < 2 and is_gross:",
            "if count < 2 and not count:",
            "return price - count",
            "return is_gross + count",
            "return price + price",
            "return price / count",
            "return is_gross * count",
            "return price * price",
            "return max(b, -b) - 0.5",
            "return max(a, -a) - 0.5",
            "return max(a, b) - 0.5",
            "return max(a, -b) + 0.5",
            "return max(a, -b) - 1.0",
        ]
    )


def test_seen_faults_die_and_others_live_in_a_copy(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["src/toy.py", "--tests", "test_toy.py", "--count", "3", "--seed", "0"]
    assert main(words, toy) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[:-1] if "max" in line] == ["lived"]
    assert [line.split()[0] for line in said[:-1] if "max" not in line] == ["died", "died"]
    assert said[-1] == "2 of 3 faults died"
    assert (toy / "src/toy.py").read_text() == SOURCE


def test_what_hangs_has_not_passed(toy: Path) -> None:
    (toy / "test_toy.py").write_text("def test_it():\n    while True:\n        pass\n")
    assert run_tests(toy, ["test_toy.py"], 1.0) == "hung"


def test_tests_that_fail_anyway_judge_nothing(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (toy / "test_toy.py").write_text("def test_it():\n    assert False\n")
    assert main(["src/toy.py", "--tests", "test_toy.py"], toy) == 2
    assert "must pass before a fault is planted" in capsys.readouterr().err
    (toy / "src/empty.py").write_text("")
    assert main(["src/empty.py", "--tests", "test_toy.py"], toy) == 2
    assert "hold nothing to plant a fault in" in capsys.readouterr().err
