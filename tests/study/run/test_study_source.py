"""The source of a study of one's own names its runs; a result that is shown again says so."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest
from tests.support.shell import ROOT
from tests.support.toy_study import Coins

from isotherm.study.registry import STUDIES, find_study
from isotherm.study.run.runner import identify
from isotherm.study.run.source import source_of
from isotherm.study.store.folder import folder_name, is_sound

STUDY = """
    from isotherm.study import Config, Result, Study, Table, Task
    {imports}

    class Settings(Config):
        size: int = 3
        '''How much.'''

    class Answer(Study[Settings]):
        name, title, summary, config = "answer", "Answer", "What is it?", Settings
        presets = {{"smoke": {{}}, "published": {{}}}}

        def tasks(self, config):
            return [Task("one")]

        def compute(self, config, task):
            import numpy
            from parts import factor
            return {{"x": numpy.array({value} * factor.FACTOR)}}

        def combine(self, config, results):
            return Result({{"x": float(results["one"]["x"])}}, {{}})

        def tables(self, config, metrics):
            return [Table("Answer", ("what", "value"), (("x", metrics["x"]),))]

        def conclusions(self, config, metrics):
            return []

        def figures(self, config, metrics, arrays):
            return iter(())
"""


def write(folder: Path, value: int = 1, factor: int = 1, name: str = "own", imports: str = "") -> None:
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(textwrap.dedent(STUDY).format(value=value, imports=imports))
    (folder / "parts" / "factor.py").write_text(f"FACTOR = {factor}\n")
    (folder / "unused.py").write_text(f"# {value}\n")


def command(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "isotherm", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(folder: Path, name: str = "own") -> dict:
    return json.loads(command(folder, "run", f"{name}:Answer", "--out", "../runs", "--json", "--workers=1"))


def opened(folder: Path, path: str) -> list[str]:
    """Which files of the study changed since its run, as a script that imports the study finds."""
    script = (
        "import json, sys; from pathlib import Path; from isotherm.study import find_study;"
        "from isotherm.study.run.archive import open_run;"
        "run = open_run(Path(sys.argv[1]), find_study('own:Answer'));"
        "print(json.dumps(run.to_json()['source_changed']))"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, path],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_an_edited_study_is_computed_anew_and_a_finished_one_says_that_it_is_shown_again(tmp_path):
    folder, other = tmp_path / "one", tmp_path / "two"
    write(folder, value=2, factor=10)
    first = run(folder)
    assert (first["metrics"]["x"], first["shown_again"]) == (20.0, False)
    again = run(folder)
    assert (again["metrics"]["x"], again["shown_again"], again["path"]) == (20.0, True, first["path"])
    assert again["computed"] == first["computed"]
    # what is imported inside a method counts; what nobody imports does not
    write(folder, value=2, factor=100)
    edited = run(folder)
    assert (edited["metrics"]["x"], edited["shown_again"]) == (200.0, False)
    # another file with the same study name has its own numbers, in the same store
    write(other, value=5, factor=1)
    assert run(other)["metrics"]["x"] == 5.0
    write(folder, value=2, factor=10)
    assert run(folder)["path"] == first["path"]
    day = first["computed"][:16].replace("T", " ")
    assert f"shown again, computed on {day} UTC" in command(folder, "run", "own:Answer", "--out", "../runs")
    write(folder, value=3, factor=10)
    # show never imports what a folder names, and so shows what is stored; who has the study asks in Python
    shown = command(folder, "show", first["path"])
    assert f"shown again, computed on {day} UTC" in shown
    assert "answer is no study of this installation" in shown
    assert json.loads(command(folder, "show", first["path"], "--json"))["metrics"]["x"] == 20.0
    assert opened(folder, first["path"]) == ["own.py"]


def test_the_source_is_the_file_and_what_it_imports_from_its_folder(tmp_path, monkeypatch):
    write(tmp_path, imports="import json, unknown_to_all, nearby\nfrom nearby import thing")
    (tmp_path / "nearby.py").write_text("import own_of_this_test, further\n")
    (tmp_path / "further.py").write_text("import nearby\nthing = ")
    (tmp_path / "own.py").rename(tmp_path / "own_of_this_test.py")
    (tmp_path / "unknown_to_all.py").write_text("")
    (tmp_path / "parts" / "__init__.py").write_text("from . import sibling\nfrom .. import nearby\n")
    (tmp_path / "parts" / "sibling.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    nearby = ModuleType("nearby")
    monkeypatch.setattr(nearby, "thing", 1, raising=False)
    monkeypatch.setitem(sys.modules, "nearby", nearby)
    found = source_of(find_study("own_of_this_test:Answer"))
    assert list(found) == [
        "further.py", "nearby.py", "own_of_this_test.py", "parts/__init__.py", "parts/factor.py",
        "parts/sibling.py", "unknown_to_all.py",
    ]  # fmt: skip


def test_a_study_in_a_package_counts_what_is_in_the_package():
    assert set(source_of(Coins())) == {"tests/support/toy_study.py"}


def test_a_study_without_a_file_is_refused():
    class Typed(Coins):
        __module__ = "nowhere"

    with pytest.raises(ValueError, match="STUDY = 'nowhere': has no file"):
        source_of(Typed())


@pytest.mark.parametrize("name", STUDIES)
def test_studies_of_the_package_are_named_by_their_version(name):
    study = find_study(name)
    assert source_of(study) == {}
    identity = identify(study, study.config())
    assert set(identity) == {"study", "entry", "version", "config", "inputs", "fingerprint"}


def test_published_runs_keep_their_names():
    """The rule for the package's own studies, written out: a change of it would lose every published result."""
    from isotherm.settings.config import Config

    assert (
        Config().fingerprint("ising", 3, {"table": "00"})
        == "70e063c9cc0b2fa78f90395063eb5888c081d6b3501f01ec2d21747faeedbe2e"
    )
    identity = identify(Coins(), Coins.config())
    assert is_sound(identity)
    assert not is_sound(identity | {"source": {}})
    assert folder_name(identity).startswith("coins-")
