"""Run a study: the door, where everything is checked before any work."""

import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from isotherm import doors
from isotherm.errors import refusal
from isotherm.files.content import digest_file
from isotherm.files.place import why_unread
from isotherm.settings.config import Config, is_study_name
from isotherm.study.base import Study, Task
from isotherm.study.registry import entry_of
from isotherm.study.run.chains import check_chains
from isotherm.study.run.earlier import move_earlier
from isotherm.study.run.executor import Pool, TaskError
from isotherm.study.run.session import Run, Session
from isotherm.study.run.source import source_of, source_of_modules
from isotherm.study.store.folder import RunFolder, folder_name, is_run
from isotherm.study.store.lock import hold, is_held


def identify(study: Study[Any], config: Config) -> dict[str, Any]:
    """All that a run's results depend on, and the fingerprint of it.

    Raises:
        ValueError: if an input file cannot be read, naming the field; or a study of one's own has no source file.
    """
    inputs = {}
    for name, path in study.inputs(config).items():
        try:
            inputs[name] = digest_file(path)
        except OSError as error:
            raise refusal(name, str(path), why_unread(error)) from None
        except ValueError:
            raise refusal(name, str(path), "is no name of a file") from None
    source = source_of(study) | source_of_modules(study.modules(config))
    identity = {
        "study": study.name,
        "entry": entry_of(study),
        "version": study.version,
        "config": config.settings(),
        "inputs": inputs,
        "fingerprint": config.fingerprint(study.name, study.version, inputs, source),
    }
    return identity | ({"source": source} if source else {})


class RunPlan(NamedTuple):
    """What a run would do.

    Attributes:
        path: its folder.
        fingerprint: SHA-256 of all that the results depend on.
        status: ``new``, ``running``, ``complete``, or ``unfinished``.
        tasks: names of all its tasks.
        done: names of those whose results are kept.
    """

    path: Path
    fingerprint: str
    status: str
    tasks: list[str]
    done: list[str]


def plan(study: Study[Any], config: Config, out: Path = Path("runs")) -> RunPlan:
    """What :func:`run` would do: everything is checked, nothing is computed and nothing written.

    Args:
        study: what would be run.
        config: its settings.
        out: the store, which need not be there.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: if an input is refused; one line.
        TaskError: if the study cannot tell its tasks.
    """
    _check_kinds(study, config, out, Pool())
    identity, tasks = _prepared(study, config)
    folder = RunFolder(Path(out).resolve() / folder_name(identity))
    is_there = is_run(folder.path)
    written = folder.written() if is_there else set()
    status = "unfinished" if is_there else "new"
    if is_there and folder.is_finished():
        status = "complete"
    if is_there and is_held(folder.lock):
        status = "running"
    names = [task.name for task in tasks]
    return RunPlan(
        folder.path, identity["fingerprint"], status, names, [name for name in names if name in written]
    )


def run(
    study: Study[Any],
    config: Config,
    out: Path = Path("runs"),
    *,
    pool: Pool = Pool(),  # noqa: B008
    preset: str = "",
    command: Sequence[str] = (),
    is_quiet: bool = False,
    is_fresh: bool = False,
) -> Run:
    """Run a study, or the rest of it, or just verify and return it if it is complete.

    Workers are new processes that import the main module: a script calls this below
    ``if __name__ == "__main__":``.

    Args:
        study: what to run.
        config: its settings.
        out: the store, made if it is not there.
        pool: how many workers, on which device. Results do not depend on it.
        preset: the name of the preset that ``config`` began with, for the records.
        command: the command line that repeats the run, for the records.
        is_quiet: tell no progress.
        is_fresh: compute anew what is finished already; the earlier run is moved to ``earlier/`` in the store.

    Raises:
        TypeError: naming the argument of another kind.
        ValueError: before any work, if an input is refused or another process holds the run; one line.
        TaskError: if the work fails; finished chunks are kept.
        InterruptedRunError: on Ctrl-C or SIGTERM; finished chunks are kept.
    """
    _check_kinds(study, config, out, pool)
    doors.text("preset", preset)
    doors.words("command", command)
    doors.flag("is_quiet", is_quiet)
    doors.flag("is_fresh", is_fresh)
    pool.check()
    identity, tasks = _prepared(study, config)
    session = Session(study, config, identity, _store(Path(out)), pool, preset, list(command), is_quiet)
    moved = move_earlier(session.folder) if is_fresh else None
    if moved is not None and not is_quiet:
        print(f"note: the earlier run lies in {moved}", file=sys.stderr)  # noqa: T201
    with hold(session.folder.lock):
        session.folder.check()
        return session.finished() or session.work(tasks)


def _prepared(study: Study[Any], config: Config) -> tuple[dict[str, Any], list[Task]]:
    """The run's identity and tasks, once all is checked."""
    if not is_study_name(study.name):
        raise refusal("study.name", study.name, "should be of letters, digits, '-', '_' and '.'")
    identity = identify(study, config)
    study.check(config)
    tasks = _checked(_asked(study, config))
    check_chains(study, tasks)
    return identity, tasks


def _asked(study: Study[Any], config: Config) -> list[Task]:
    """The study's tasks; what its code raises is told in one line, with the place."""
    try:
        return study.tasks(config)
    except ValueError:
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        message = " ".join(str(error).split())
        raise TaskError(
            f"{study.name}: its tasks cannot be told: {type(error).__name__}: {message} ({where})"
        ) from error


def _check_kinds(study: Any, config: Any, out: Any, pool: Any) -> None:
    doors.instance("study", study, Study, "a Study", "find_study(name) finds one")
    doors.instance("config", config, study.config, f"a {study.config.__name__}", "study.config() makes one")
    doors.file_path("out", out)
    doors.instance("pool", pool, Pool, "a Pool")


def _store(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal("out", str(out), f"cannot be made: {error.strerror}") from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise refusal("out", str(out), "must be a folder one may write to")
    return out.resolve()


def _checked(tasks: list[Task]) -> list[Task]:
    """Tasks whose names can be files and whose weights can be summed."""
    if not tasks or len({task.name for task in tasks}) < len(tasks):
        raise refusal("tasks", [task.name for task in tasks], "a study needs tasks, each with its own name")
    for task in tasks:
        if not re.fullmatch(r"[\w-][\w.-]{0,150}", task.name, re.ASCII) or not task.weight > 0:
            raise refusal("task", task.name, "needs a name fit for a file and a weight above 0")
    return tasks
