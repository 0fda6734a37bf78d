"""Thousands of files and flags, right and spoilt: an answer that a plain sum confirms, or one short line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.support.fuzz import WrongError, confirm, refused
from tests.support.fuzz_models import uai

ROOT = Path(__file__).parents[2]


def tried(first: int, count: int, seconds: float) -> dict[str, int]:
    """How many cases ended how, in a process of its own with a limit of memory."""
    words = [sys.executable, "-m", "tests.support.fuzz", str(first), str(count)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT, timeout=seconds)
    *wrong, last = done.stdout.splitlines() or [done.stderr]
    assert not wrong, "\n".join(wrong[:5])
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(last)["ends"]


def test_spoilt_files_and_flags_end_in_an_answer_or_one_line() -> None:
    ends = tried(0, 220, 120)
    kinds = ("model_case", "evidence_case", "flag_case", "study_case", "table_case")
    for kind in kinds:
        assert ends.get(f"{kind} answered", 0) >= 3
        assert ends.get(f"{kind} refused", 0) >= 3


@pytest.mark.slow
def test_two_thousand_of_them() -> None:
    ends = tried(1000, 2000, 120)
    assert sum(ends.values()) == 2000
    assert sum(num for end, num in ends.items() if end.endswith("answered")) > 500


def test_a_wrong_answer_and_a_wrong_refusal_are_noticed() -> None:
    _, truth = uai(np.random.default_rng(3))
    right = truth.answers({})
    assert right is not None
    log_z, marginals, best = right
    found = {"log_z": {"value": log_z + 1e-5}, "map": {"log_weight": best}, "marginals": marginals}
    with pytest.raises(WrongError, match="log Z"):
        confirm(found, truth, {}, 1.0)
    for code, out, err in [
        (1, "", "error: a\n"),
        (2, "x", "error: a\n"),
        (2, "", "error: a\nb\n"),
        (2, "", f"error: {'a' * 300}\n"),
        (2, "", "error: \x1b[2J\n"),
        (2, "", "Traceback\n"),
    ]:
        with pytest.raises(WrongError):
            refused(code, out, err)
    assert refused(2, "", "error: a\n")
    assert not refused(0, "{}", "")
