"""Tasks on worker processes, one a core; each keeps its own results on disk before it says so."""

import contextlib
import importlib.util
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from isotherm import doors
from isotherm.errors import refusal
from isotherm.files.programs import with_threads
from isotherm.study.base import Study, Task
from isotherm.study.registry import find_study, place_of
from isotherm.study.run.interrupts import children_ignore_ctrl_c, undisturbed
from isotherm.study.run.progress import Meter
from isotherm.study.run.source import changed_since
from isotherm.study.store.folder import RunFolder

Device = Literal["auto", "cpu", "gpu"]
_POLL_S = 1.0
_ONE_THREAD = dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class TaskError(RuntimeError):
    """A task failed or its worker died; the chunks that were finished are kept."""


@dataclass(frozen=True)
class Pool:
    """Where tasks run.

    Attributes:
        workers: how many processes, at least 1; ``None`` is one a core, or one on a GPU.
        device: ``cpu`` and ``gpu`` make JAX use that or fail; ``auto`` leaves the choice to JAX.
    """

    workers: int | None = None
    device: Device = "auto"

    def count(self, tasks: int) -> int:
        """How many processes to start for so many tasks."""
        if self.workers is not None:
            return min(self.workers, tasks)
        return min(1 if self.uses_gpu() else len(os.sched_getaffinity(0)), tasks)

    def uses_gpu(self) -> bool:
        """Whether workers will find a GPU, told without importing JAX."""
        is_there = any(Path("/dev").glob("nvidia[0-9]*"))
        plugins = ("jax_cuda12_plugin", "jax_cuda13_plugin")
        return self.device != "cpu" and is_there and any(map(importlib.util.find_spec, plugins))

    def check(self) -> None:
        """Refuse a device that is not there, and no workers at all.

        Raises:
            TypeError: if ``workers`` is no whole number.
            ValueError: if it is below 1, the device is unknown, or a GPU is asked for and JAX could use
                none.
        """
        if self.workers is not None:
            doors.whole("workers", self.workers, 1)
        doors.choice("device", self.device, get_args(Device))
        if self.device == "gpu" and not self.uses_gpu():
            raise refusal("device", "gpu", "no NVIDIA GPU with JAX's CUDA plugin is found; pass cpu or auto")

    def environment(self) -> dict[str, str]:
        """What each worker's environment says beyond ours."""
        platform = {"auto": {}, "cpu": {"JAX_PLATFORMS": "cpu"}, "gpu": {"JAX_PLATFORMS": "cuda,cpu"}}
        return _ONE_THREAD | platform[self.device] | with_threads(1)

    def run(
        self,
        study: Study[Any],
        settings: dict[str, Any],
        chains: Sequence[Sequence[Task]],
        kept: Mapping[str, str],
        folder: RunFolder,
        meter: Meter,
        source: dict[str, str] | None = None,
    ) -> float:
        """Compute the chains of tasks, heaviest first, each task into a chunk of the run folder.

        Args:
            study: what to compute.
            settings: of the study.
            chains: what is missing, each chain in order, for one worker.
            kept: chunks of earlier sessions by task, whose arrays a chain may go on from.
            folder: of the run.
            meter: told of each task that is done.
            source: of a study that is not the package's, which must be the same from the first task to the last.

        Returns:
            Seconds of computing, summed over tasks.

        Raises:
            TaskError: if a task raises, a worker dies, or the study's source changes.
        """
        if not chains:
            return 0.0
        queue = sorted(chains, key=lambda chain: -sum(task.weight for task in chain))
        with self._workers(len(queue)) as executor:
            # Processes start while tasks are submitted: that is when the environment has to be theirs. A signal
            # amid it would leave some that nobody knows of.
            with undisturbed(), children_ignore_ctrl_c(), _environment(self.environment()):
                same = (place_of(study), source or {}, settings)
                work = [executor.submit(_work, *same, chain, _starts(chain, kept), folder) for chain in queue]
            return _collect(dict(zip(work, queue, strict=True)), folder, meter)

    @contextlib.contextmanager
    def _workers(self, tasks: int) -> Iterator[ProcessPoolExecutor]:
        """A pool whose processes are gone when the block ends, however it ends.

        They are killed: what they did is on disk, and to take leave of JAX and ArviZ takes them seconds.
        """
        before, spawn = set(multiprocessing.active_children()), multiprocessing.get_context("spawn")
        with undisturbed():  # a semaphore that is made and not yet noted would outlive us
            executor = ProcessPoolExecutor(self.count(tasks), mp_context=spawn, initializer=_prepare_worker)
        try:
            yield executor
        finally:
            with undisturbed():
                executor.shutdown(wait=False, cancel_futures=True)
                for process in set(multiprocessing.active_children()) - before:
                    process.kill()
                executor.shutdown(wait=True, cancel_futures=True)


def _starts(chain: Sequence[Task], kept: Mapping[str, str]) -> dict[str, str]:
    """The kept chunks that links of a chain go on from."""
    earlier = {task.after for task in chain}
    return {name: file for name, file in kept.items() if name in earlier}


def _collect(pending: dict[Future[float], Sequence[Task]], folder: RunFolder, meter: Meter) -> float:
    """Wait for all chains, telling each task that is done; the seconds they took."""
    seconds = 0.0
    waiting = set(pending)
    untold = {task.name: task.weight for chain in pending.values() for task in chain}
    while waiting:
        done, waiting = wait(waiting, timeout=_POLL_S, return_when=FIRST_COMPLETED)
        for future in done:
            seconds += _seconds(future, pending[future], folder)
            _tell(meter, untold, {task.name for task in pending[future]})
        if any(len(pending[future]) > 1 for future in waiting):
            _tell(meter, untold, folder.written())
        meter.tick()
    return seconds


def _tell(meter: Meter, untold: dict[str, float], done: set[str]) -> None:
    for name in [name for name in untold if name in done]:
        meter.advance(untold.pop(name))


def _seconds(future: Future[float], chain: Sequence[Task], folder: RunFolder) -> float:
    """What a chain took.

    Raises:
        TaskError: if a task of it failed, naming it, or its worker died.
    """
    try:
        return future.result()
    except BrokenProcessPool:
        raise TaskError("a worker process died; if memory ran out, pass a smaller --workers") from None
    except Exception as error:
        written = folder.written()
        failed = next(task.name for task in chain if task.name not in written)
        message = str(error).strip().splitlines() or [""]
        raise TaskError(f"task {failed}: {type(error).__name__}: {message[0]}") from error


@contextlib.contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _prepare_worker() -> None:
    """Leave Ctrl-C to the parent, and die with it even if it is killed."""
    import signal
    import warnings

    # a program that another worker is writing: it is compiled here too
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache")

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(
    entry: str,
    source: dict[str, str],
    settings: dict[str, Any],
    chain: Sequence[Task],
    chunks: dict[str, str],
    folder: RunFolder,
) -> float:
    """In a worker: do tasks one after another and keep their arrays.

    What a task goes on from is read from its chunk, also where it was just written: a resumed run reads the same.
    """
    start = time.perf_counter()
    study = find_study(entry)
    config = study.config(**settings)
    for task in chain:
        if task.after is None:
            arrays = study.compute(config, task)
        else:
            arrays = study.proceed(config, task, folder.read_chunk(chunks[task.after]))
        if changed := changed_since(study, config, source):
            raise refusal("source", changed, "was changed while the run went on; run the same command again")
        chunks[task.name] = folder.write_chunk(task.name, arrays)
    return time.perf_counter() - start
