import json
import re
import shutil
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tests.support.hostile import (
    BOMB,
    ESCAPE,
    HARMS,
    OBJECTS,
    SCRIPT,
    Harm,
    archive_of,
    array_of,
    rewrite,
    sign,
)
from tests.support.toy_study import Coins, CoinsConfig, Plain

from isotherm.cli.main import main
from isotherm.files.content import read_json, read_npz
from isotherm.files.place import UnfitError
from isotherm.study import registry
from isotherm.study.run.archive import list_runs, open_run
from isotherm.study.run.executor import Pool, TaskError
from isotherm.study.run.runner import run
from isotherm.study.run.session import Run
from isotherm.study.run.stored import StoredRun
from isotherm.study.store.folder import ARRAYS, METRICS, REPORT, SUMS, RunFolder
from isotherm.study.tables import Table

SECRET = "a key that is nobody else's"
COINS, PLAIN = "tests.support.toy_study:Coins", "tests.support.toy_study:Plain"


class Tags(HTMLParser):
    """Tags, and attributes that could do something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag} | {name for name, _ in attrs if name.startswith("on")}
        self.found |= {
            f"{name}={value}"
            for name, value in attrs
            if name == "src" and not (value or "").startswith("data:")
        }


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the user's."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "id_rsa").write_text(SECRET)
    return folder


@pytest.fixture
def is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.STUDIES, "coins", COINS)


def untouched(outside: Path) -> bool:
    names = {path.name for path in outside.iterdir()} - {"moved"}
    return names == {"id_rsa"} and (outside / "id_rsa").read_text() == SECRET


def told(capfd: pytest.CaptureFixture[str]) -> str:
    printed = "".join(capfd.readouterr())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]|Traceback", printed), printed
    return printed


@pytest.mark.parametrize("harm_name", HARMS)
def test_a_hostile_folder_is_read_and_harms_nothing(
    copy_of: Callable[[], Path],
    outside: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    harm_name: str,
) -> None:
    folder = copy_of()
    HARMS[harm_name](folder, outside)
    (tmp_path / "trap.py").write_text("open('sprung', 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    begun, store = time.monotonic(), f"--out={folder.parent}"
    before = sorted(path.lstat().st_ino for path in folder.rglob("*"))
    for words in (["show", str(folder)], ["show", folder.name, store], ["compare", str(folder), str(folder)]):
        code = main(words)
        printed = told(capfd)
        assert code in (0, 1, 2)
        assert code == 0 or len(printed.splitlines()[-1]) < 500
    assert sorted(path.lstat().st_ino for path in folder.rglob("*")) == before
    assert main(["runs", store]) in (0, 1, 2)
    told(capfd)
    if "chunk" not in harm_name:
        monkeypatch.setitem(registry.STUDIES, "coins", PLAIN)
        assert main(["show", folder.name, store]) in (0, 1, 2)
        told(capfd)
    assert time.monotonic() - begun < 10
    assert untouched(outside)
    assert not (tmp_path / "sprung").exists()


def resumed(folder: Path) -> tuple[Run | None, str]:
    """The run, or why nothing may be written there."""
    try:
        return run(Plain(), CoinsConfig(), folder.parent, pool=Pool(1)), ""
    except UnfitError as error:
        return None, str(error)


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_a_hostile_folder_is_resumed_right_or_refused_by_name(
    copy_of: Callable[[], Path],
    outside: Path,
    unbroken: Run,
    capfd: pytest.CaptureFixture[str],
    harm: Harm,
) -> None:
    folder = copy_of()
    harm(folder, outside)
    done, refused = resumed(folder)
    if done is None:
        assert re.search(rf"{re.escape(str(folder.parent))}\S*: (is|has|holds) ", refused)
    else:
        sums = RunFolder(done.path).sums()
        assert sums is not None
        assert RunFolder(done.path).faults(sums) == {}
        assert (done.path / ARRAYS).read_bytes() == (unbroken.path / ARRAYS).read_bytes()
        assert json.loads((done.path / "config.json").read_text())["fingerprint"] == unbroken.fingerprint
        Coins().tables(CoinsConfig(), done.metrics)
    told(capfd)
    assert untouched(outside)


def test_chunks_of_something_else_are_told_of_once_and_how_to_be_rid_of_them(
    copy_of: Callable[[], Path], unbroken: Run
) -> None:
    folder = copy_of()
    (folder / SUMS).unlink()
    (harmed,) = folder.glob("chunks/coin-0.*")
    harmed.unlink()
    RunFolder(folder).write_chunk("coin-0", {"other": np.zeros(3)})
    mend = f"'means'; 3 of 3 tasks are kept, .*; without {folder}/chunks it computes them anew; details in"
    with pytest.raises(TaskError, match=mend):
        run(Plain(), CoinsConfig(), folder.parent, pool=Pool(1))
    shutil.rmtree(folder / "chunks")
    done = run(Plain(), CoinsConfig(), folder.parent, pool=Pool(1))
    assert (done.path / ARRAYS).read_bytes() == (unbroken.path / ARRAYS).read_bytes()


def test_a_sums_file_cannot_move_what_lies_elsewhere(copy_of: Callable[[], Path], outside: Path) -> None:
    folder = copy_of()
    sign(folder, f"{'0' * 64}  ../../outside/id_rsa\n")
    assert RunFolder(folder).sums() is None
    assert "of no run" in RunFolder(folder).sums_fault()
    run(Coins(), CoinsConfig(), folder.parent, pool=Pool(1))
    assert (folder / "set-aside" / SUMS).exists()
    assert untouched(outside)


def test_a_link_in_the_place_of_a_file_is_set_aside_itself(
    copy_of: Callable[[], Path], outside: Path, unbroken: Run
) -> None:
    folder = copy_of()
    (folder / REPORT).unlink()
    (folder / REPORT).symlink_to(outside / "id_rsa")
    run(Coins(), CoinsConfig(), folder.parent, pool=Pool(1))
    assert (folder / "set-aside" / REPORT).is_symlink()
    assert (folder / REPORT).read_bytes() == (unbroken.path / REPORT).read_bytes()
    assert untouched(outside)


def test_runs_of_ones_own_study_are_shown_and_compared_without_it(
    copy_of: Callable[[], Path], unbroken: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_of()
    other = run(Coins(), CoinsConfig(seed=1), folder.parent, pool=Pool(1))
    found = open_run(folder)
    assert isinstance(found, StoredRun)
    assert (found.metrics, found.fingerprint) == (unbroken.metrics, unbroken.fingerprint)
    assert set(found.arrays()) == {"means"}
    assert found.recompute().startswith(f"isotherm run {COINS} --tosses=100 --biases=-0.5,0,0.5 ")
    assert isinstance(open_run(folder, Coins()), Run)
    store = f"--out={folder.parent}"
    assert main(["show", folder.name, store]) == 0
    printed = capsys.readouterr().out
    assert "mean.0" in printed
    assert "no study of this installation" in printed
    assert main(["show", folder.name, store, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == unbroken.to_json() | {
        "path": str(folder),
        "shown_again": True,
    }
    assert main(["compare", folder.name, other.path.name, store, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["config"] == {"seed": [0, 1]}
    assert found["metrics"]["mean.0"]["in_se"] is not None


def test_a_foreign_run_with_a_fault_is_told_and_left_as_it_lies(
    copy_of: Callable[[], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_of()
    (folder / REPORT).write_text("harmed")
    assert main(["show", str(folder)]) == 0
    assert capsys.readouterr().err == f"warning: {folder.name}/{REPORT}: does not match its digest\n"
    (folder / METRICS).write_text("{}")
    assert main(["show", str(folder)]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"error: RUN = '{folder.name}': its numbers")
    assert not (folder / "set-aside").exists()


def test_studies_of_installed_packages_are_found_by_name(
    copy_of: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "site" / "coins-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: coins\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[isotherm.studies]\ncoins = {COINS}\nrouting = {COINS}\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    study = registry.find_study("coins")
    assert isinstance(study, Coins)
    assert registry.public_name(study) == "coins"
    assert not isinstance(registry.find_study("routing"), Coins)
    assert isinstance(open_run(copy_of()), Run)
    assert registry.find_registered("coins", "trap:Trap") is None


def hostile_tables(*_: object) -> list[Table]:
    return [Table(SCRIPT, (SCRIPT, ESCAPE), ((SCRIPT, ESCAPE), (ESCAPE, 1.0)), SCRIPT + ESCAPE)]


def test_the_report_holds_no_tag_but_its_own(
    copy_of: Callable[[], Path], unbroken: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Coins, "title", SCRIPT + ESCAPE)
    monkeypatch.setattr(Coins, "summary", SCRIPT + ESCAPE)
    monkeypatch.setattr(Coins, "conclusions", lambda *_: [f"**{SCRIPT}** `{SCRIPT}` {ESCAPE}"])
    monkeypatch.setattr(Coins, "tables", hostile_tables)
    folder, plain = copy_of(), Tags()
    plain.feed((unbroken.path / REPORT).read_text())
    texts = {"preset": SCRIPT, "finished": SCRIPT, "created": SCRIPT, "versions": {SCRIPT: SCRIPT + ESCAPE}}
    rewrite(folder, "run.json", lambda facts: facts.update(texts))
    (folder / REPORT).unlink()
    done = run(Coins(), CoinsConfig(), folder.parent, pool=Pool(1))
    page, tags = (done.path / REPORT).read_text(), Tags()
    tags.feed(page)
    assert "alert(1)" in page
    assert not set(page) & set(ESCAPE[:1] + "\x07\x9b\u202e")
    assert tags.found <= plain.found
    assert "Content-Security-Policy" in page


@pytest.mark.usefixtures("is_registered")
def test_folders_copied_renamed_or_deleted_are_noticed(
    copy_of: Callable[[], Path], unbroken: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_of()
    store = f"--out={folder.parent}"
    other = run(Coins(), CoinsConfig(seed=1), folder.parent.parent / "other", pool=Pool(1))
    shutil.copytree(other.path, folder.parent / other.path.name)
    folder.rename(folder.parent / "mine")
    assert main(["runs", store, "--json"]) == 0
    printed = capsys.readouterr()
    listed = {row["id"]: row for row in json.loads(printed.out)["runs"]}
    assert {name: row["status"] for name, row in listed.items()} == {
        "mine": "complete",
        other.path.name: "complete",
    }
    assert listed["mine"]["path"] == str(folder.parent / "mine")
    assert printed.err == f"warning: mine: was renamed; by its fingerprint it is {folder.name}\n"
    assert main(["show", "mine", store]) == 0
    assert folder.name in capsys.readouterr().err
    shutil.rmtree(folder.parent / "mine")
    assert main(["runs", store, "--json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)["runs"]] == [other.path.name]


def test_looking_at_a_folder_leaves_nothing_in_it(
    unbroken: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(unbroken.path, tmp_path / unbroken.path.name)
    assert main(["show", str(tmp_path / unbroken.path.name)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [unbroken.path.name]
    empty = tmp_path / "empty"
    empty.mkdir()
    capsys.readouterr()
    assert main(["runs", f"--out={empty}"]) == 0
    assert "no runs yet in" in capsys.readouterr().out
    assert not list(empty.iterdir())
    for out, allowed in (
        (empty / "none", "there is no such folder"),
        (unbroken.path / REPORT, "is no folder"),
    ):
        assert main(["runs", f"--out={out}"]) == 2
        assert capsys.readouterr().err == f"error: out = '{out}': should be a store of runs; {allowed}\n"


OWN = {
    "./mine.py:Mine": ("", "should be module:Class"),
    "mine:Mine": ("def broken(:", "cannot be imported: SyntaxError: "),
    "mine:Mine.Inner": (
        "class Mine: pass",
        "cannot be imported: type object 'Mine' has no attribute 'Inner'",
    ),
    "mine:Lacking": (
        "from isotherm.study import Study\nclass Lacking(Study): name = 'x'",
        "lacks combine, compute, conclusions, figures, tables, tasks, that a study must define",
    ),
    "mine:Exit": ("import sys; sys.exit(3)", "cannot be imported: SystemExit: 3"),
    "mine:Fails": ("1 / 0", "cannot be imported: ZeroDivisionError: division by zero"),
    "mine:Unset": (
        "from tests.support.toy_study import Coins\nclass Unset(Coins): name = '../x'",
        "its name, title, summary and default_preset should be texts",
    ),
    "mine:Asked": (
        "from tests.support.toy_study import Coins\nclass Asked(Coins):\n  def __init__(self, x): pass",
        "cannot be made without arguments: TypeError",
    ),
    "mine:Preset": (
        "from tests.support.toy_study import Coins\nclass Preset(Coins): presets = {}",
        "its presets should map names to changes, published, smoke among them",
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_a_study_of_ones_own_that_is_none_is_refused_in_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    content, line = OWN[name]
    (tmp_path / "mine.py").write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    assert main(["run", name]) == 2
    sys.modules.pop("mine", None)
    (printed,) = capsys.readouterr().err.splitlines()
    assert printed.startswith(f"error: STUDY = '{name}': {line}")
    assert not (tmp_path / "runs").exists()


def test_tasks_that_cannot_be_told_end_in_one_line(tmp_path: Path) -> None:
    class Odd(Coins):
        def tasks(self, config):
            return config.nothing

    with pytest.raises(TaskError, match=r"^coins: its tasks cannot be told: AttributeError: .* line \d+\)$"):
        run(Odd(), CoinsConfig(), tmp_path)


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        ("trigger", "holds other tables"),
        ("view", "holds other tables"),
        ("another table", "holds other tables"),
        ("id", "does not match its digest"),
        ("blob", "another kind"),
        ("endless", "JSON compliant"),
    ],
)
def test_a_catalog_holds_rows_of_runs_and_nothing_else(
    copy_of: Callable[[], Path], outside: Path, capfd: pytest.CaptureFixture[str], harm: str, fault: str
) -> None:
    folder = copy_of()
    HARMS[f"catalog: {harm}"](folder, outside)
    assert [row.id for row in list_runs(folder.parent)] == [folder.name]
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("warning: catalog.sqlite: is damaged (")
    assert fault in line
    assert [row.id for row in list_runs(folder.parent)] == [folder.name]
    assert capfd.readouterr().err == ""


def test_a_catalog_that_is_a_link_is_refused(copy_of: Callable[[], Path], outside: Path) -> None:
    folder = copy_of()
    HARMS["catalog.sqlite: link"](folder, outside)
    with pytest.raises(UnfitError, match=r"catalog\.sqlite: is a link$"):
        list_runs(folder.parent)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (archive_of(array_of({**BOMB, "shape": (9,)})), "of another size than it says"),
        (archive_of(array_of(BOMB)), "of another size than it says"),
        (archive_of(array_of(OBJECTS)), "Python objects"),
        (archive_of(array_of({**BOMB, "descr": "<U0", "shape": (10**12,)})[:-64]), "of another size"),
        (archive_of(bytes(1 << 20), 8), "compressed"),
        (archive_of(b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 16), "no array that can be read"),
        (b"PK", "no archive"),
    ],
)
def test_arrays_are_checked_before_anything_is_allocated(content: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_npz(content)


@pytest.mark.parametrize("text", ["[" * 65 + "]" * 65, "[" * 99_999, "NaN", "-1e999", '"\\udfff"', "9" * 301])
def test_json_of_no_run_is_refused(text: str) -> None:
    assert read_json(b"[" * 63 + b'{"a": 1e300, "b": "\xc3\xa9"}' + b"]" * 63)
    with pytest.raises(ValueError):  # noqa: PT011
        read_json(text.encode())
