import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.shell import COINS, Isotherm, chunks, isotherm, wait_until
from tests.support.toy_study import Coins, CoinsConfig

from isotherm.files.content import npz_bytes, read_npz
from isotherm.study.base import Task
from isotherm.study.run.archive import find_run, list_runs, open_run
from isotherm.study.run.compare import compare_runs, comparison_tables
from isotherm.study.run.executor import Pool, TaskError
from isotherm.study.run.runner import identify, run
from isotherm.study.run.session import Run
from isotherm.study.store.folder import ARRAYS, METRICS
from isotherm.study.store.lock import hold


def same_results(one: Path, other: Path) -> bool:
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in (ARRAYS, METRICS))


def test_results_do_not_depend_on_the_number_of_workers(unbroken: Run, tmp_path: Path) -> None:
    two = run(Coins(), CoinsConfig(), tmp_path, pool=Pool(2))
    assert same_results(unbroken.path, two.path)
    assert {path.name for path in chunks(tmp_path)} == {path.name for path in chunks(unbroken.path.parent)}


def test_workers_are_told_to_use_one_thread_and_we_go_on_with_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPROC", "3")
    done = run(Coins(), CoinsConfig(), tmp_path, pool=Pool(1))
    written = chunks(done.path.parent)
    assert written
    for chunk in written:
        assert str(read_npz(chunk.read_bytes())["nproc"]) == "1"
    assert os.environ["NPROC"] == "3"


def test_a_finished_run_is_shown_again_without_computing(copy_of: Callable[[], Path]) -> None:
    folder = copy_of()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    again = run(Coins(), CoinsConfig(), folder.parent, pool=Pool(1))
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    changed = {path.name for path in before if before[path] != after.get(path)}
    assert changed <= {".lock"}
    assert again.metrics["tosses"] == 100
    assert set(again.arrays()) == {"means"}


def test_kill_9_anywhere_then_resume_gives_the_same_bytes(tmp_path: Path) -> None:
    settings = ["--biases=-0.5,-0.25,0,0.25,0.5,0.75", "--out", str(tmp_path / "broken"), "--workers=2"]
    for wanted in (0, 2, 4):
        broken = Isotherm("run", COINS, "--delay-s=0.3", *settings)
        wait_until(partial(_is_at_work, broken, tmp_path / "broken", wanted))
        broken.process.kill()
        wait_until(lambda broken=broken: not broken.living(), 5)
        assert "Traceback" not in broken.finish()[1]
    kept = {path: path.stat().st_mtime_ns for path in chunks(tmp_path / "broken")}
    assert len(kept) >= 4
    config = CoinsConfig(biases=(-0.5, -0.25, 0.0, 0.25, 0.5, 0.75), delay_s=0.3)
    resumed = run(Coins(), config, tmp_path / "broken", pool=Pool(2))
    assert all(path.stat().st_mtime_ns == written for path, written in kept.items())
    config = CoinsConfig(biases=(-0.5, -0.25, 0.0, 0.25, 0.5, 0.75))
    assert same_results(resumed.path, run(Coins(), config, tmp_path / "whole", pool=Pool(2)).path)


def _is_at_work(going: Isotherm, store: Path, wanted: int) -> bool:
    return len(chunks(store)) >= wanted and len(going.living()) > 1


def test_kill_9_at_any_call_that_changes_the_disk(copy_of: Callable[[], Path], unbroken: Run) -> None:
    folder = copy_of()
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    shutil.rmtree(folder / "figures")
    for path in folder.parent.glob("catalog*"):
        path.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.crash_everywhere", str(folder.parent)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert int(done.stdout) > 20
    assert "moved" not in done.stderr
    assert same_results(folder, unbroken.path)
    assert not list(folder.rglob("*.tmp"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupt_keeps_what_is_done(tmp_path: Path, number: int) -> None:
    going = Isotherm("run", COINS, "--delay-s=0.4", "--out", str(tmp_path), "--workers=1", "--json")
    wait_until(lambda: chunks(tmp_path))
    os.killpg(going.process.pid, number) if number == signal.SIGINT else going.process.send_signal(number)
    code, out, err = going.finish()
    assert (code, out) == (130, "")
    assert err.splitlines()[-1].startswith("interrupted: ")
    assert err.splitlines()[-1].endswith("of 3 tasks are kept, the same command resumes")
    assert "Traceback" not in err
    assert not going.living()
    assert list_runs(tmp_path)[0].status == "interrupted"


@pytest.mark.parametrize(
    ("fault", "line"),
    [("raise", "task coin-2: RuntimeError: the coin is lost;"), ("die", "a worker process died;")],
)
def test_a_failing_task_ends_in_one_line(tmp_path: Path, fault: Any, line: str) -> None:
    with pytest.raises(TaskError, match=line) as failed:
        run(Coins(), CoinsConfig(fault=fault), tmp_path, pool=Pool(1))
    assert "\n" not in str(failed.value)
    assert "details in" in str(failed.value)
    assert list_runs(tmp_path)[0].status == "failed"


def test_one_run_has_one_writer(unbroken: Run) -> None:
    with (
        hold(unbroken.path / ".lock"),
        pytest.raises(ValueError, match=rf"run = 'coins-.*': is held by process {os.getpid()} on "),
    ):
        run(Coins(), CoinsConfig(), unbroken.path.parent)


def test_two_processes_may_share_a_store(tmp_path: Path) -> None:
    settings = ("--out", str(tmp_path), "--workers=1")
    both = [Isotherm("run", COINS, f"--seed={seed}", *settings) for seed in (1, 2)]
    ended = [one.finish() for one in both]
    assert [code for code, _, _ in ended] == [0, 0], ended
    assert [row.status for row in list_runs(tmp_path)] == ["complete", "complete"]


def test_inputs_belong_to_the_run(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    with pytest.raises(ValueError, match=r"^table = '.*table.csv': cannot be read: No such file"):
        run(Coins(), CoinsConfig(table=str(table)), tmp_path)
    table.write_text("a")
    first = identify(Coins(), CoinsConfig(table=str(table)))["fingerprint"]
    table.write_text("b")
    assert identify(Coins(), CoinsConfig(table=str(table)))["fingerprint"] != first


def test_runs_are_found_by_any_name(unbroken: Run) -> None:
    store = unbroken.path.parent
    for name in ("coins", unbroken.path.name, unbroken.path.name[:9], str(unbroken.path)):
        assert find_run(name, store) == unbroken.path
    with pytest.raises(ValueError, match="RUN = 'dice': is not a run of"):
        find_run("dice", store)
    assert open_run(unbroken.path).metrics == unbroken.metrics


def test_runs_are_compared_in_combined_standard_errors(unbroken: Run) -> None:
    other = Run(unbroken.path, Coins(), CoinsConfig(seed=1), "", {"tosses": 90, **_mean(0.1, 0.3)}, {})
    mine = Run(unbroken.path, Coins(), CoinsConfig(), "", {"tosses": 100, **_mean(0.6, 0.4)}, {})
    found = compare_runs(mine, other)
    assert found["config"] == {"seed": [0, 1]}
    assert found["metrics"]["tosses"]["difference"] == 10
    assert found["metrics"]["mean"]["in_se"] == pytest.approx(1.0)
    assert [len(table.rows) for table in comparison_tables(found)] == [1, 2]


def _mean(mean: float, se: float) -> dict[str, Any]:
    return {"mean": {"mean": mean, "se": se, "n": 4}}


def test_equal_arrays_give_equal_bytes() -> None:
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.asarray(["x"]), "file": np.zeros((), np.int8)}
    content = npz_bytes(arrays)
    assert content == npz_bytes({name: array.copy() for name, array in arrays.items()})
    back = read_npz(content)
    assert all(np.array_equal(back[name], arrays[name]) for name in arrays)
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        npz_bytes({"a": np.asarray([object()])})


def test_odd_tasks_are_refused(tmp_path: Path) -> None:
    class Odd(Coins):
        def tasks(self, config: CoinsConfig) -> list[Task]:
            return [Task("../x")]

    with pytest.raises(ValueError, match=r"task = '\.\./x': needs a name fit for a file"):
        run(Odd(), CoinsConfig(), tmp_path)


def test_the_command_line_shows_a_run(unbroken: Run) -> None:
    code, out, err = isotherm("show", "coins", "--out", str(unbroken.path.parent))
    assert (code, err) == (0, "")
    assert "mean.2" in out
    assert "To recompute them, where its class can be imported: isotherm run tests.support" in out
    assert "report.html" in out
