"""Stores on disks that are full or read-only: small file systems in memory where the test may mount one."""

import contextlib
import os
import re
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.toy_study import Coins, CoinsConfig, Plain

from isotherm.cli.main import main
from isotherm.study import registry
from isotherm.study.run.executor import Pool, TaskError
from isotherm.study.run.runner import run
from isotherm.study.run.session import Run
from isotherm.study.store.catalog import CATALOG, Catalog
from isotherm.study.store.folder import ARRAYS, METRICS, REPORT

COINS = "tests.support.toy_study:Coins"


@pytest.fixture
def disk(tmp_path: Path, unbroken: Run) -> Iterator[Path]:
    """A disk of 2 MB with a store on it."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        shutil.copytree(unbroken.path.parent, place / "store")
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> None:
    """Leave not a byte."""
    for size in (1 << 16, 1 << 12, 1):
        with (disk / f"filler-{size}").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(size)):
                pass


def contents(folder: Path) -> dict[str, bytes]:
    """All files but locks, which say who took them last."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if "lock" not in name}


def read_verbs(store: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The verbs that only read do so, and say nothing else."""
    (row,) = [path.name for path in store.glob("coins-*")]
    for words in (["runs"], ["show", row], ["compare", row, "coins"]):
        assert main([*words, f"--out={store}"]) == 0
        printed = capfd.readouterr()
        assert row[:20] in printed.out
        assert printed.err == ""


def test_a_full_disk_is_read_and_refuses_in_one_line(disk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = disk / "store"
    fill(disk)
    before = contents(store)
    read_verbs(store, capfd)
    assert main(["run", COINS, "--seed=1", f"--out={store}", "--workers=1"]) == 1
    printed = capfd.readouterr()
    assert re.fullmatch(rf"error: {store}\S*: No space left on device\n", printed.err), printed.err
    assert contents(store) == before
    assert main(["run", COINS, f"--out={store}", "--workers=1"]) == 0


def test_a_damaged_catalog_on_a_full_disk_is_left_where_it_is(
    disk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = disk / "store"
    with (store / CATALOG).open("r+b") as file:
        file.write(b"scribble")
    fill(disk)
    before = contents(store)
    assert main(["runs", f"--out={store}"]) == 0
    printed = capfd.readouterr()
    assert "coins-" in printed.out
    assert printed.err.startswith(f"warning: {CATALOG}: is damaged (")
    assert "cannot be replaced (No space left on device)" in printed.err
    assert contents(store) == before


def test_a_run_that_fills_the_disk_is_resumed_when_there_is_room(disk: Path, unbroken: Run) -> None:
    store = disk / "new"
    store.mkdir()
    (disk / "most").write_bytes(bytes(1_000_000))
    free = shutil.disk_usage(disk).free
    (disk / "rest").write_bytes(bytes(max(0, free - 60_000)))
    with pytest.raises(TaskError, match="No space left on device; 3 of 3 tasks are kept") as failed:
        run(Coins(), CoinsConfig(), store, pool=Pool(1))
    assert "\n" not in str(failed.value)
    for name in ("most", "rest"):
        (disk / name).unlink()
    done = run(Coins(), CoinsConfig(), store, pool=Pool(1))
    assert (done.path / ARRAYS).read_bytes() == (unbroken.path / ARRAYS).read_bytes()
    assert not list(store.rglob("*.tmp"))


@pytest.mark.parametrize("catalog", ["sound", "gone", "of an earlier version"])
def test_a_read_only_store_is_read(
    disk: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, catalog: str
) -> None:
    store = disk / "store"
    if catalog == "gone":
        (store / CATALOG).unlink()
    elif catalog != "sound":
        connection = sqlite3.connect(store / CATALOG)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    before = contents(store)
    read_verbs(store, capfd)
    monkeypatch.setitem(registry.STUDIES, "coins", COINS)
    read_verbs(store, capfd)
    assert contents(store) == before
    assert main(["run", COINS, f"--out={store}"]) == 2
    assert capfd.readouterr().err == f"error: out = '{store}': must be a folder one may write to\n"


def test_a_harmed_run_on_a_read_only_disk_is_told_and_not_mended(
    disk: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = disk / "store"
    (folder,) = store.glob("coins-*")
    (folder / REPORT).write_text("harmed")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    monkeypatch.setitem(registry.STUDIES, "coins", COINS)
    assert main(["show", "coins", f"--out={store}"]) == 0
    assert capfd.readouterr().err == f"warning: {folder.name}/{REPORT}: does not match its digest\n"
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    (folder / METRICS).write_text("{}")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert main(["show", "coins", f"--out={store}"]) == 2
    assert capfd.readouterr().err.splitlines()[-1].startswith(f"error: RUN = '{folder.name}': its numbers")


def test_a_limit_on_the_size_of_files_is_a_full_disk(
    copy_of: Callable[[], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    store = copy_of().parent
    before = contents(store)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))
    try:
        with pytest.raises(OSError, match="File too large") as failed:
            run(Plain(), CoinsConfig(seed=1), store, pool=Pool(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert failed.value.filename == str(store / CATALOG)
    assert contents(store) == before
    assert [row.status for row in Catalog(store).rows()] == ["complete"]
    assert not [name for name in os.listdir(store) if name.endswith(".tmp")]
