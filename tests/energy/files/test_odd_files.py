"""What a user may name by mistake: no plain file, far too much of one, levels without end. One short line each."""

import gzip
import json
import lzma
import os
import socket
from pathlib import Path

import numpy as np
import pytest

from isotherm.energy.files.bqm import Quadratics
from isotherm.energy.files.bqm_json import to_json

SOUND = "MARKOV\n2\n2 2\n1\n2 0 1\n4\n1 2 3 4\n"
HUGE = "9" * 400
DEEP = 20_000
PAIR = Quadratics(np.ones(2), np.array([[0, 1]]), np.ones(1), 0.0, "SPIN", (0, 1))
DICT_LABELS = json.loads(to_json(PAIR)) | {"variable_labels": [{"a": 1}, {"b": 2}]}
MANY_TABLES = (
    f"MARKOV\n16\n{'2 ' * 16}\n3000\n" + f"16 {' '.join(map(str, range(16)))}\n" * 3000 + "65536\n" * 3000
)
TEXTS = [
    ("deep.json", "[" * DEEP, "of no format"),
    ("deep.cfn", '{"problem":' * DEEP + "1" + "}" * DEEP, "more than 50 levels"),
    ("deep.xml", "<BIF>" + "<a>" * DEEP + "</a>" * DEEP + "</BIF>", "networks = 0: should be one"),
    ("deep.bif", "network a {" + "{" * DEEP, "'}' is missing"),
    ("laugh.xml", '<!DOCTYPE l [<!ENTITY a "aaaa">]><BIF><NETWORK/></BIF>', "entities are not read"),
    ("dict.json", json.dumps(DICT_LABELS), "variable_labels = 'an object': should be text"),
    ("int.uai", f"MARKOV\n{HUGE}\n", "number of variables = '999"),
    ("int.cnf", f"p cnf {HUGE} 1\n1 0\n", "variables = '999"),
    ("int.wcsp", f"a 1 2 1 {HUGE}\n2\n1 0 0 1\n0 1\n", "upper bound = '999"),
    ("int.edges", f"0 1 0.5\n{HUGE} 1 0.5\n", "line 2 = '999"),
    ("tables.uai", MANY_TABLES, "at most 20000000 of all tables are allowed"),
    ("many.cnf", "p cnf 2000000000 1\n1 0\n", "within 1 .. 1000000"),
    (
        "many.cfn",
        '{"problem":{"name":"a","mustbe":"<9"},"variables":{"x":-100000000},"functions":{}}',
        "domain of x",
    ),
    ("long.uai", "MARKOV\n" + "x" * 1_000_000, "number of variables = 'xxx"),
    ("escape.edges", "a\x1b[2J 1 0.5\n", r"line 1 = 'a\x1b[2J 1 0.5'"),
]
FLAGS = [
    ("--beta=١", "beta = '١': should be a finite number"),
    ("--draws=1_0", "draws = '1_0': should be a whole number"),
    ("--seed=１", "seed = '１': should be a whole number"),
    ("--time-limit=1,,2", "time_limit = '1,,2': should be a finite number"),
    (f"--draws={HUGE}", "draws = '999"),
    ("--given=\x1b[2J=1", r"evidence = '\x1b[2J=1': no variable of this name"),
    ("--method=\x1b[2J", r"method = '\x1b[2J': should be one of"),
    ("--" + "x" * 5000, "No such option: --xxx"),
]


def assert_refused(ended: tuple[int, str, str], said: str) -> None:
    code, printed, error = ended
    assert (code, printed) == (2, "")
    assert error.startswith("error: ")
    assert error.endswith("\n")
    assert len(error) < 300
    assert error[:-1].isprintable()
    assert said in error


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder of things that are no plain files, or are far too large."""
    os.mkfifo(tmp_path / "pipe.uai")
    (tmp_path / "folder.uai").mkdir()
    with (tmp_path / "sparse.uai").open("wb") as file:
        file.write(SOUND.encode())
        file.truncate(10 << 30)
    (tmp_path / "m.uai").write_text(SOUND)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("pipe.uai", "it is a pipe"),
        ("folder.uai", "it is a folder"),
        ("socket.uai", "it is a socket"),
        ("sparse.uai", "it holds more than"),
        ("/dev/zero", "it is a device"),
        ("/proc/self/mem", "cannot be read"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_what_is_no_plain_file_is_told_at_once(isotherm, odd: Path, name: str, why: str) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind("socket.uai")
        for words in (["infer", name], ["infer", "m.uai", "--evidence", name]):
            assert_refused(isotherm(*words), why)
        assert_refused(isotherm("run", "routing", "--config", name), why)


@pytest.mark.parametrize(("name", "text", "why"), TEXTS, ids=lambda value: value[:12])
def test_files_without_bounds_are_told_in_one_line(isotherm, name: str, text: str, why: str) -> None:
    Path(name).write_text(text)
    assert_refused(isotherm("infer", name), why)


@pytest.mark.parametrize("pack", [gzip, lzma])
def test_what_unpacks_to_too_much_is_not_unpacked(isotherm, pack) -> None:
    with pack.open("bomb.uai.packed", "wb") as file:
        for _ in range(80):
            file.write(bytes(1 << 20))
    assert_refused(isotherm("infer", "bomb.uai.packed"), "holds more than 67108864 bytes")


@pytest.mark.parametrize(("flag", "why"), FLAGS, ids=lambda value: value[:12])
def test_flags_that_only_look_like_numbers_and_names(isotherm, flag: str, why: str) -> None:
    Path("m.uai").write_text(SOUND)
    assert_refused(isotherm("infer", "m.uai", flag), why)


def test_a_name_with_a_terminal_escape_is_shown_without_it(isotherm) -> None:
    Path("a\x1b[2J.uai").write_text(SOUND)
    code, printed, said = isotherm("infer", "a\x1b[2J.uai")
    assert (code, said) == (0, "")
    assert r"a\x1b[2J.uai: exact" in printed
    assert "\x1b" not in printed
