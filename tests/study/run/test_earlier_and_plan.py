"""A run computed anew beside the earlier one, and what a run would do."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.shell import COINS
from tests.support.toy_study import Coins, CoinsConfig

from isotherm.cli.main import main
from isotherm.files.place import UnfitError
from isotherm.study.run.archive import list_runs, open_run
from isotherm.study.run.executor import Pool
from isotherm.study.run.runner import plan, run
from isotherm.study.run.session import Run
from isotherm.study.store.lock import RunHeldError, hold

CONFIG = CoinsConfig(runs=4, tosses=5)


def go(store: Path, is_fresh: bool = False, command: Sequence[str] = ()) -> Run:
    return run(Coins(), CONFIG, store, pool=Pool(1), is_quiet=True, is_fresh=is_fresh, command=command)


def tree(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_a_fresh_run_computes_anew_and_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = go(tmp_path)
    before = tree(first.path)
    again = go(tmp_path, is_fresh=True)
    assert not again.is_again
    assert again.path == first.path
    (moved,) = tmp_path.glob("earlier/*/coins-*")
    assert moved.name == first.path.name
    assert {name: data for name, data in tree(moved).items() if name != ".lock"} == {
        name: data for name, data in before.items() if name != ".lock"
    }
    assert (moved / "arrays.npz").read_bytes() == (again.path / "arrays.npz").read_bytes()
    assert again.facts["finished"] >= first.facts["finished"]
    assert (
        again.facts["created"] > first.facts["finished"] or again.facts["seconds"] != first.facts["seconds"]
    )
    assert [row.id for row in list_runs(tmp_path)] == [first.path.name]
    assert open_run(moved, Coins()).metrics == first.metrics
    assert [row.id for row in list_runs(moved.parent)] == [first.path.name]
    assert capsys.readouterr().err == ""


def test_each_earlier_run_has_a_place_of_its_own(tmp_path: Path) -> None:
    for _ in range(3):
        go(tmp_path, is_fresh=True)
    assert len(list(tmp_path.glob("earlier/*/coins-*"))) == 2


def test_what_was_not_finished_is_resumed(tmp_path: Path) -> None:
    done = go(tmp_path)
    chunks = sorted((done.path / "chunks").iterdir())
    (done.path / "SHA256SUMS").unlink()
    chunks[0].unlink()
    kept = {path.name: path.stat().st_mtime_ns for path in chunks[1:]}
    go(tmp_path, is_fresh=True)
    assert not (tmp_path / "earlier").exists()
    found = {path.name: path.stat().st_mtime_ns for path in chunks}
    assert found.items() > kept.items()


def test_a_run_that_is_held_is_not_moved(tmp_path: Path) -> None:
    done = go(tmp_path)
    with hold(done.path / ".lock"), pytest.raises(RunHeldError, match="is held by process"):
        go(tmp_path, is_fresh=True)
    assert (done.path / "SHA256SUMS").exists()


def test_no_link_is_followed_on_the_way(tmp_path: Path) -> None:
    done = go(tmp_path / "store")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "store" / "earlier").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnfitError, match="earlier: is a link"):
        go(tmp_path / "store", is_fresh=True)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (done.path / "SHA256SUMS").exists()


def test_bad_input_moves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", COINS, f"--out={tmp_path}", "--workers=1", "--runs=4"]
    assert main(words) == 0
    assert main([*words, "--again", "--device=tpu"]) == 2
    assert not (tmp_path / "earlier").exists()
    capsys.readouterr()
    assert main([*words, "--again"]) == 0
    assert f"note: the earlier run lies in {tmp_path}/earlier/" in capsys.readouterr().err
    (path,) = tmp_path.glob("coins-*")
    assert "--again" not in json.loads((path / "run.json").read_text())["command"]


def test_a_plan_says_what_is_done_and_writes_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store"
    found = plan(Coins(), CONFIG, store)
    assert (found.status, found.tasks, found.done) == ("new", ["coin-0", "coin-1", "coin-2"], [])
    assert not store.exists()
    done = go(store)
    assert found.path == done.path
    assert found.fingerprint == done.fingerprint
    before = tree(store)
    assert plan(Coins(), CONFIG, store).status == "complete"
    assert tree(store) == before
    (done.path / "SHA256SUMS").unlink()
    next((done.path / "chunks").glob("coin-1.*")).unlink()
    found = plan(Coins(), CONFIG, store)
    assert (found.status, found.done) == ("unfinished", ["coin-0", "coin-2"])
    with hold(done.path / ".lock"):
        assert plan(Coins(), CONFIG, store).status == "running"


def test_dry_runs_are_told_in_words_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", COINS, f"--out={tmp_path / 'store'}", "--lamp.watts=7", "--dry-run"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "lamp.watts   7" in told
    assert "not begun yet" in told
    assert "tasks 3, of which 0 are done" in told
    assert "to compute: coin-0, coin-1, coin-2" in told
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["status"], found["done"], found["config"]["lamp"]["watts"]) == ("new", [], 7)
    assert found["path"].endswith(found["fingerprint"][:12])
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_refuses_what_a_run_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", COINS, f"--out={tmp_path}", "--table=/nowhere", "--dry-run"]) == 2
    assert capsys.readouterr().err.startswith("error: table = '/nowhere': cannot be read")
