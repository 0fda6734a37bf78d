"""Tasks that follow others: their order and process, what is kept of them, and what is refused before any work."""

import os
import random
import signal
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.chain_study import LOG, Walks, WalksConfig
from tests.support.shell import Isotherm, chunks, wait_until
from tests.support.toy_study import Coins, CoinsConfig

from isotherm.files.content import read_npz
from isotherm.study.base import Task
from isotherm.study.run import executor, session
from isotherm.study.run.archive import list_runs
from isotherm.study.run.chains import chains_of
from isotherm.study.run.executor import Pool, TaskError
from isotherm.study.run.progress import Meter
from isotherm.study.run.runner import run
from isotherm.study.run.session import Run
from isotherm.study.store.folder import ARRAYS, METRICS, SUMS, RunFolder

NAME = "tests.support.chain_study:Walks"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that links write their names into as they begin."""
    path = tmp_path / "begun.txt"
    monkeypatch.setenv(LOG, str(path))
    return path


def begun(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


def walked(store: Path, workers: int = 1, **settings: Any) -> Run:
    return run(Walks(), WalksConfig(**settings), store, pool=Pool(workers), is_quiet=True)


def results(folder: Path) -> dict[str, bytes]:
    """What a run found, and its chunks, by name."""
    files = [folder / ARRAYS, folder / METRICS, *folder.glob("chunks/*")]
    return {path.name: path.read_bytes() for path in files}


def test_each_link_goes_on_from_the_one_before(tmp_path: Path, log: Path) -> None:
    found = walked(tmp_path / "one")
    assert begun(log) == [f"walk-0.{i}" for i in range(4)] + [f"walk-1.{i}" for i in range(3)]
    seed, place = 1, np.zeros(3)
    for _ in range(3):
        rng = np.random.default_rng(seed)
        place = place + rng.normal(size=(25, 3)).sum(axis=0)
        seed = int(rng.integers(1 << 40))
    np.testing.assert_array_equal(found.arrays()["places"][1], place)
    assert results(walked(tmp_path / "two", workers=2).path) == results(found.path)


def test_links_share_a_process_and_its_compiled_programs(tmp_path: Path) -> None:
    walked(tmp_path, workers=2, links=(5, 5), delay_s=0.1, is_traced=True)
    found = [read_npz(path.read_bytes()) | {"walk": path.name[5]} for path in chunks(tmp_path)]
    processes = Counter((str(each["walk"]), int(each["process"])) for each in found)
    assert sorted(processes.values()) == [5, 5]
    assert os.getpid() not in {process for _, process in processes}
    assert {int(each["traced"]) for each in found} == {1}


def test_heavy_chains_begin_first(tmp_path: Path, log: Path) -> None:
    tasks = [
        Task("light-0"), Task("light-1", after="light-0"),
        Task("alone", weight=2.5),
        *(Task(f"long-{i}", after=f"long-{i - 1}" if i else None) for i in range(3)),
    ]  # fmt: skip
    chains = sorted(chains_of(tasks), key=lambda chain: -sum(task.weight for task in chain))
    assert [chain[0].name for chain in chains] == ["long-0", "alone", "light-0"]
    walked(tmp_path, links=(1, 3, 2))
    assert [name.partition(".")[0] for name in begun(log)] == ["walk-1"] * 3 + ["walk-2"] * 2 + ["walk-0"]


def test_branches_are_computed_behind_what_they_follow() -> None:
    tasks = [Task("b", after="a"), Task("d", after="c"), Task("c", after="a"), Task("a"), Task("e")]
    assert [[task.name for task in chain] for chain in chains_of(tasks)] == [["a", "b", "c", "d"], ["e"]]


def test_chains_of_many_links_are_sorted_at_once() -> None:
    tasks = [Task(str(i), after=str(i - 1) if i else None) for i in reversed(range(30_000))]
    (chain,) = chains_of(tasks)
    assert [task.name for task in chain] == [str(i) for i in range(30_000)]


# ------------------------------------------------------------------------------
# Progress


def test_each_link_is_told_as_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[float, int]] = []

    class Watched(Meter):
        def advance(self, weight: float | int) -> None:
            super().advance(weight)
            told.append((weight, len(chunks(tmp_path))))
            left.append(self.left())

    left: list[str] = []
    monkeypatch.setattr(session, "Meter", Watched)
    monkeypatch.setattr(executor, "_POLL_S", 0.05)
    walked(tmp_path, links=(5,), delay_s=0.5)
    assert [weight for weight, _ in told] == [1.0] * 5
    assert [count for _, count in told] == sorted(count for _, count in told)
    assert told[0][1] < 3
    assert all(line.startswith("about ") for line in left)


def test_a_resumed_chain_counts_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TaskError):
        walked(tmp_path, links=(4,), fault="walk-0.3")
    made: list[tuple[Any, ...]] = []
    monkeypatch.setattr(session, "Meter", lambda *settings: (made.append(settings), Meter(*settings))[1])
    with pytest.raises(TaskError):
        walked(tmp_path, links=(4,), fault="walk-0.3")
    assert [settings[1:3] for settings in made] == [(4.0, 3.0)]


# ------------------------------------------------------------------------------
# What is kept


def test_kill_9_anywhere_ends_with_the_bytes_of_an_unbroken_run(tmp_path: Path, log: Path) -> None:
    links, store, random_source = (9, 9), tmp_path / "broken", random.Random(0)
    command = ("run", NAME, "--links=9,9", "--delay-s=0.15", "--out", str(store), "--workers=2")
    kills = 0
    for wanted in (0, 3, 6, 9, 12):
        broken = Isotherm(*command)
        wait_until(partial(_is_at_work, broken, store, wanted))
        time.sleep(random_source.uniform(0, 0.4))
        kills += broken.process.poll() is None
        broken.process.kill()
        wait_until(lambda broken=broken: not broken.living(), 5)
        assert "Traceback" not in broken.finish()[1]
    kept = {path: path.stat().st_mtime_ns for path in chunks(store)}
    resumed = walked(store, workers=2, links=links, delay_s=0.15)
    assert all(path.stat().st_mtime_ns == written for path, written in kept.items())
    lost = Counter(begun(log))
    assert set(lost) == {f"walk-{walk}.{link}" for walk in range(2) for link in range(9)}
    lost_of = [sum(count - 1 for name, count in lost.items() if name.startswith(f"walk-{i}")) for i in (0, 1)]
    assert kills >= 3
    assert max(lost_of) <= kills  # one link a chain and kill
    assert results(resumed.path) == results(walked(tmp_path / "whole", workers=2, links=links).path)


def _is_at_work(going: Isotherm, store: Path, wanted: int) -> bool:
    if going.process.poll() is not None:
        return True
    return len(chunks(store)) >= wanted and len(going.living()) > 1


@pytest.mark.parametrize("is_finished", [True, False])
def test_a_damaged_link_alone_is_computed_anew_from_the_one_before(
    tmp_path: Path, log: Path, capfd: pytest.CaptureFixture[str], is_finished: bool
) -> None:
    folder = walked(tmp_path).path
    before = results(folder)
    (chunk,) = folder.glob("chunks/walk-0.2.*.npz")
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 4
    chunk.write_bytes(content)
    if not is_finished:
        (folder / SUMS).unlink()
    log.unlink()
    walked(tmp_path)
    assert begun(log) == ["walk-0.2"]
    assert f"{chunk.name}: does not match its digest; moved to set-aside/" in capfd.readouterr().err
    assert results(folder) == before


def test_a_failing_link_is_named_and_keeps_the_earlier_ones(tmp_path: Path, log: Path) -> None:
    line = "task walk-0.2: RuntimeError: lost its way; 2 of 4 tasks are kept, the same command resumes"
    with pytest.raises(TaskError, match=line) as failed:
        walked(tmp_path, links=(4,), fault="walk-0.2")
    assert "\n" not in str(failed.value)
    assert [path.name[:8] for path in chunks(tmp_path)] == ["walk-0.0", "walk-0.1"]
    assert list_runs(tmp_path)[0].status == "failed"
    with pytest.raises(TaskError, match=r"task walk-0\.2: RuntimeError"):
        walked(tmp_path, links=(4,), fault="walk-0.2")
    assert begun(log) == ["walk-0.0", "walk-0.1", "walk-0.2", "walk-0.2"]


def test_only_what_combine_asks_for_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = RunFolder.read_chunk
    monkeypatch.setattr(
        RunFolder, "read_chunk", lambda self, name: (read.append(name[7:15]), original(self, name))[1]
    )
    walked(tmp_path, links=(6, 2))
    assert read == ["walk-0.5", "walk-1.1"]


# ------------------------------------------------------------------------------
# Refusals


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        (
            [Task("a"), Task("b", after="z")],
            "b: after = 'z': should be the name of another task of the study",
        ),
        ([Task("a", after="a")], "a: after = 'a': should be the name of another task of the study"),
        (
            [Task("x"), Task("a", after="b"), Task("b", after="c"), Task("c", after="b")],
            "a: after = 'b': should lead to a first task; it is in a circle",
        ),
    ],
)
def test_chains_without_a_beginning_are_refused_before_any_work(
    tmp_path: Path, tasks: list[Task], message: str
) -> None:
    class Odd(Walks):
        def tasks(self, config: WalksConfig) -> list[Task]:
            return tasks

    with pytest.raises(ValueError, match=message) as refused:
        run(Odd(), WalksConfig(), tmp_path / "store")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "store").exists()


def test_a_study_that_cannot_proceed_is_refused_before_any_work(tmp_path: Path) -> None:
    class Stuck(Coins):
        def tasks(self, config: CoinsConfig) -> list[Task]:
            return [Task("a"), Task("b", after="a")]

    with pytest.raises(
        ValueError, match=r"b: after = 'a': coins has no method proceed\(config, task, earlier\)"
    ):
        run(Stuck(), CoinsConfig(), tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_sigkill_of_a_worker_keeps_the_links_before(tmp_path: Path, log: Path) -> None:
    going = Isotherm("run", NAME, "--links=6", "--delay-s=0.3", "--out", str(tmp_path), "--workers=1")
    wait_until(lambda: len(chunks(tmp_path)) >= 2)
    (worker,) = [process for process in going.living() if process != going.process.pid]
    os.kill(worker, signal.SIGKILL)
    code, _, err = going.finish()
    assert code == 1
    assert "a worker process died" in err
    kept = [path.name[:8] for path in chunks(tmp_path)]
    assert kept == [f"walk-0.{i}" for i in range(len(kept))]
    assert len(begun(log)) <= len(kept) + 1
