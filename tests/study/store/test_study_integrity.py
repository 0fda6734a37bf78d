import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.toy_study import Coins, CoinsConfig

from isotherm.study import registry
from isotherm.study.run.archive import list_runs, open_run
from isotherm.study.run.executor import Pool
from isotherm.study.run.runner import run
from isotherm.study.run.session import Run
from isotherm.study.store.catalog import CATALOG
from isotherm.study.store.folder import ARRAYS, METRICS, SUMS, RunFolder

FILES = (
    "config.json",
    "metrics.json",
    "arrays.npz",
    "run.json",
    "report.html",
    "SHA256SUMS",
    "figures/means.png",
    "figures/means.pdf",
    "chunks/coin-1.*.npz",
)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def delete(path: Path) -> None:
    path.unlink()


def is_whole(folder: Path) -> bool:
    sums = RunFolder(folder).sums()
    return sums is not None and not RunFolder(folder).faults(sums)


@pytest.mark.parametrize("harm", [flip, truncate, delete])
@pytest.mark.parametrize("file", FILES)
def test_a_harmed_file_is_reported_set_aside_and_made_again(
    copy_of: Callable[[], Path],
    unbroken: Run,
    capfd: pytest.CaptureFixture[str],
    file: str,
    harm: Callable[[Path], None],
) -> None:
    folder = copy_of()
    (path,) = folder.glob(file)
    harm(path)
    harmed = path.read_bytes() if path.exists() else None
    run(Coins(), CoinsConfig(), folder.parent, pool=Pool(1))
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"warning: {folder.name}/{path.relative_to(folder)}: ")
    kept = sorted((folder / "set-aside").glob("*"))
    assert [one.read_bytes() for one in kept] == ([] if harmed is None else [harmed])
    assert is_whole(folder)
    for name in (ARRAYS, METRICS, "config.json"):
        assert (folder / name).read_bytes() == (unbroken.path / name).read_bytes()


def test_show_mends(copy_of: Callable[[], Path], unbroken: Run, capfd: pytest.CaptureFixture[str]) -> None:
    folder = copy_of()
    for name in (METRICS, "config.json"):
        flip(folder / name)
    assert open_run(folder, Coins()).metrics == unbroken.metrics
    assert len(capfd.readouterr().err.splitlines()) == 2
    assert is_whole(folder)


def test_show_does_not_believe_a_forged_config(
    copy_of: Callable[[], Path], unbroken: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = copy_of()
    path = folder / "config.json"
    path.write_text(path.read_text().replace("toy_study:Coins", "toy_study:Flips"))
    assert open_run(folder, Coins()).metrics == unbroken.metrics
    assert "config.json: does not match its digest; moved to" in capfd.readouterr().err


def test_a_harmed_chunk_of_an_unfinished_run_is_computed_again(
    copy_of: Callable[[], Path], unbroken: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = copy_of()
    for path in folder.parent.glob("catalog*"):
        path.unlink()
    (folder / SUMS).unlink()
    (chunk,) = folder.glob("chunks/coin-0.*")
    flip(chunk)
    run(Coins(), CoinsConfig(), folder.parent, pool=Pool(1))
    assert f"{chunk.name}: does not match its digest; moved to set-aside/" in capfd.readouterr().err
    assert (folder / ARRAYS).read_bytes() == (unbroken.path / ARRAYS).read_bytes()


def test_arrays_are_never_read_against_their_digest(copy_of: Callable[[], Path]) -> None:
    folder = copy_of()
    found = open_run(folder)
    flip(folder / ARRAYS)
    with pytest.raises(OSError, match="does not match its digest"):
        found.arrays()


def test_the_sums_can_be_checked_without_isotherm(unbroken: Run) -> None:
    command = ["sha256sum", "--check", "--strict", "--quiet", SUMS]
    checked = subprocess.run(command, cwd=unbroken.path, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


def forge(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE runs SET headline = 'all coins are gold'")
    connection.close()


def scribble(path: Path) -> None:
    path.write_bytes(b"not a database, and long enough to be read as one" * 99)


@pytest.mark.parametrize("harm", [forge, scribble, truncate, delete])
def test_a_harmed_catalog_is_set_aside_and_rebuilt(
    copy_of: Callable[[], Path],
    unbroken: Run,
    capfd: pytest.CaptureFixture[str],
    harm: Callable[[Path], None],
) -> None:
    store = copy_of().parent
    before = list_runs(store)
    harm(store / CATALOG)
    after = list_runs(store)
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"warning: {CATALOG}: is ")
    assert line.endswith("rebuilt from the run folders")
    assert after == before
    if harm is not delete:
        assert (store / "set-aside" / CATALOG).exists()


def test_a_run_made_when_the_study_lay_elsewhere_is_opened_and_resumed_with_the_same_bytes(
    copy_of: Callable[[], Path], unbroken: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_of()
    before = {name: (folder / name).read_bytes() for name in ("config.json", METRICS, ARRAYS)}
    assert b'"tests.support.toy_study:Coins"' in before["config.json"]
    monkeypatch.setitem(registry.STUDIES, "coins", "tests.support.toy_study:Coins")
    assert registry.entry_of(Coins()) == "coins"  # what a new run would write
    opened = open_run(folder)
    assert isinstance(opened, Run)
    assert opened.metrics == unbroken.metrics

    (chunk,) = folder.glob("chunks/coin-1.*.npz")
    for path in (chunk, folder / METRICS, folder / SUMS):
        path.unlink()
    run(Coins(), CoinsConfig(), folder.parent, pool=Pool(1), is_quiet=True)
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert is_whole(folder)
    assert not list(folder.glob("*set-aside*"))


def test_a_config_of_another_study_is_not_taken_for_an_earlier_one(
    copy_of: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy_of()
    monkeypatch.setitem(registry.STUDIES, "coins", "tests.support.toy_study:Coins")
    identity = json.loads((folder / "config.json").read_text())
    content = (folder / "config.json").read_bytes().replace(b"toy_study:Coins", b"other:Coins")
    (folder / "config.json").write_bytes(content)
    RunFolder(folder).ensure_config(identity | {"entry": "coins"})
    assert json.loads((folder / "config.json").read_text())["entry"] == "coins"
