"""Every public callable, every parameter, every wrong value: success that means something, or one line naming it.

The table of wrong values is tried in a process of its own for each room, without the checks of annotations that tests
have: see :mod:`tests.doors.wrong`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.doors.valid import VALID
from tests.doors.wrong import OTHERS, ROOMS, Trial, public, trials, without_row

import isotherm.act

ROOT = Path(__file__).parents[2]

FEWEST = {
    "energy": 3600, "sample": 2500, "estimate": 250, "exact": 650, "learn": 1150, "act": 850, "world": 900,
    "market": 1800, "random": 70, "study": 300, "others": 450,
}  # fmt: skip
"""Trials of each room, rounded down: a table that lost its rows would find nothing."""

GROUPS = ("energy", "sample,estimate", "exact,learn", "market", "act,world,random,study,others")
"""Rooms of one process: each takes three seconds to import everything."""


@pytest.mark.slow
@pytest.mark.parametrize("rooms", GROUPS)
def test_wrong_values_are_refused_in_one_line_that_names_the_parameter(rooms: str) -> None:
    lines = answers(rooms)
    assert [line for line in lines if "fault" in line] == []
    counts = {line["room"]: line["trials"] for line in lines}
    assert set(counts) == set(rooms.split(","))
    assert all(count >= FEWEST[room] for room, count in counts.items())


def test_every_room_is_tried() -> None:
    assert sorted(room for group in GROUPS for room in group.split(",")) == sorted(ROOMS) == sorted(FEWEST)


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_has_a_row(room: str) -> None:
    assert len(public(room)) >= 2
    assert without_row(room) == []


def test_a_new_public_name_without_a_row_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isotherm.act, "newcomer", lambda x: x, raising=False)
    assert without_row("act") == ["act.newcomer"]
    monkeypatch.delitem(VALID, "world.routing.context.route")
    assert without_row(OTHERS) == ["world.routing.context.route"]


def test_a_rude_answer_is_found() -> None:
    """The harness must be able to fail: on a traceback, on a long or nameless message, and on acceptance."""
    code = """
import sys
from isotherm import random
from tests.doors import wrong
def rude(key, name):
    if name is wrong.ANYWHERE[0]:
        raise KeyError(name)
    if name is wrong.ANYWHERE[1]:
        raise ValueError("name = " + "x" * 400)
    if name is None:
        raise TypeError("expected a str")
    if name == []:
        raise ValueError("name: of two\\nlines")
random.named = rude
wrong.MUST["name"] = ["meaningless"]
sys.exit(wrong.main("random", "named"))
"""
    faults = [line["fault"] for line in run(["-c", code]) if line.get("parameter") == "name"]
    found = " ".join(faults)
    assert "KeyError" in found
    assert "of 407 characters" in found
    assert "does not name it: expected a str" in found
    assert "accepted, though it means nothing" in found
    assert len(faults) == 5


def test_no_value_is_tried_twice_and_those_of_the_issue_are() -> None:
    found = [trial for room in ROOMS for trial in trials(room)]
    assert len(found) == len({(t.row, t.parameter, f"{type(t.value)}{said(t)}") for t in found})
    refused = {(t.row, t.parameter, said(t)) for t in found if t.must}
    for row, parameter, value in (
        ("sample.gibbs", "beta", "nan"),
        ("sample.wolff", "beta", "nan"),
        ("sample.mala", "beta", "nan"),
        ("exact.exact", "beta", "nan"),
        ("sample.sample", "num_samples", "1.5"),
        ("sample.sample", "num_samples", str(10**13)),
        ("sample.sample", "kernel", "0"),
        ("act.IsingRouter", "inference", "'exakt'"),
        ("act.IsingRouter", "window", "0"),
        ("act.EpsilonGreedy", "epsilon", "3.0"),
        ("act.EpsilonGreedy", "discount", "2.0"),
        ("learn.Sampled", "start", "'cd'"),
        ("random.run_keys", "seed", str(2**64)),
    ):
        assert (row, parameter, value) in refused


def said(trial: Trial) -> str:
    """A value in words; whole numbers of more digits than Python writes are one."""
    try:
        return repr(trial.value)
    except ValueError:
        return "large"


def answers(rooms: str) -> list[dict]:
    """What the tables of rooms find, the number of trials after each."""
    return run(["-m", "tests.doors.wrong", rooms])


def run(arguments: list[str]) -> list[dict]:
    """Lines of JSON of a process of its own."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # it compiles for most of the time
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]
