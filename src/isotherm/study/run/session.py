"""One go at a run: verify what is there, compute the rest, combine, draw, record."""

import contextlib
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from isotherm.files.content import json_bytes, npz_bytes, read_json
from isotherm.files.place import UnfitError
from isotherm.settings.config import Config
from isotherm.study.base import Arrays, Study, Task
from isotherm.study.report.html import Report, versions
from isotherm.study.run.chains import chains_of
from isotherm.study.run.executor import Pool, TaskError
from isotherm.study.run.interrupts import signals_interrupt
from isotherm.study.run.progress import Meter
from isotherm.study.run.results import Results
from isotherm.study.run.stored import final_arrays
from isotherm.study.store.catalog import Catalog, Row
from isotherm.study.store.facts import read_facts
from isotherm.study.store.folder import (
    ARRAYS,
    CHUNKS,
    CONFIG,
    FAILURE,
    FIGURES,
    METRICS,
    REPORT,
    RUN,
    SUMS,
    RunFolder,
    folder_name,
    report_fault,
)


class InterruptedRunError(Exception):
    """Ctrl-C or SIGTERM; the message says how much is kept."""


@dataclass(frozen=True)
class Run:
    """A finished run, verified.

    Attributes:
        path: its folder.
        study: what was run.
        config: its settings.
        fingerprint: SHA-256 of all that the results depend on.
        metrics: the study's numbers.
        facts: ``run.json``: when, how long, which versions, which command.
        is_again: whether it was computed before and is only shown.
        changed: files of the study's own source that are not what they were when it was computed.
    """

    path: Path
    study: Study[Any]
    config: Config
    fingerprint: str
    metrics: dict[str, Any]
    facts: dict[str, Any] = field(repr=False)
    is_again: bool = False
    changed: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """The config as JSON-able values."""
        return self.config.settings()

    def arrays(self) -> Arrays:
        """The final arrays.

        Raises:
            OSError: if the file no longer matches its digest.
        """
        return final_arrays(self.path)

    def to_json(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return {
            "study": self.study.name,
            "fingerprint": self.fingerprint,
            "path": str(self.path),
            "computed": self.facts["finished"],
            "seconds": self.facts["seconds"],
            "shown_again": self.is_again,
            **({"source_changed": list(self.changed)} if self.changed else {}),
            "config": self.config.settings(),
            "metrics": self.metrics,
        }


@dataclass
class Session:
    """One go at a run, while its lock is held."""

    study: Study[Any]
    config: Config
    identity: dict[str, Any]
    store: Path
    pool: Pool
    preset: str
    command: list[str]
    is_quiet: bool

    def __post_init__(self) -> None:
        self.folder = RunFolder(self.store / folder_name(self.identity))
        self.catalog = Catalog(self.store)
        self.start = time.monotonic()

    def finished(self) -> Run | None:
        """The run, if it is complete and every file of it matches its digest."""
        sums = self.verified()
        if sums is None:
            return None
        facts, metrics = self.folder.read_json(RUN, sums), self.folder.read_json(METRICS, sums)
        row = self.catalog.find(self.folder.path.name)
        if row is None or row.status != "complete":
            with _told_only(self.catalog.path):
                self.catalog.put(self.row("complete", facts))
        return self.result(metrics, facts, is_again=True)

    def verified(self) -> dict[str, str] | None:
        """The digests on record if all files match them; what does not is reported and set aside."""
        if not self.folder.is_finished():
            row = self.catalog.find(self.folder.path.name)
            if row is not None and row.status == "complete":
                report_fault(f"{self.folder.path.name}/{SUMS}: is missing")
            return None
        sums = self.folder.sums()
        if sums is None:
            self.folder.set_aside(SUMS, self.folder.sums_fault())
            return None
        faults = self.folder.faults(sums) or contents_faults(self.study, self.config, self.folder, sums)
        found = self.folder.identity(sums) or {}
        if not faults and found.get("fingerprint") != self.identity["fingerprint"]:
            faults = {CONFIG: "does not match the run's fingerprint"}
        for name, fault in faults.items():
            self.folder.set_aside(name, fault)
        return None if faults else sums

    def work(self, tasks: list[Task]) -> Run:
        """Compute what is missing, then make every file anew from the chunks."""
        facts = self.earlier_facts()
        self.catalog.put(self.row("running", facts))
        for name in (SUMS, FAILURE):
            self.folder.remove(name)
        for folder in ("", CHUNKS, FIGURES):
            self.folder.place.remove_temporary(folder)
        config_digest = self.folder.ensure_config(self.identity)
        try:
            with signals_interrupt():
                self.compute(tasks)
                return self.conclude(tasks, facts, {CONFIG: config_digest})
        except KeyboardInterrupt:
            with _told_only(self.catalog.path):
                self.catalog.put(self.row("interrupted", self.timed(facts)))
            raise InterruptedRunError(f"interrupted: {self.kept(tasks)}") from None
        except UnfitError:
            raise
        except Exception as error:
            left = self.kept(tasks) + self.suspected(error, tasks)
            raise TaskError(f"{_in_one_line(error)}; {left}{self.logged(error, facts)}") from error

    def logged(self, error: Exception, facts: dict[str, Any]) -> str:
        """Record a failure as far as the disk allows; says where its details are."""
        with _told_only(self.catalog.path):
            self.catalog.put(self.row("failed", self.timed(facts)))
        try:
            self.folder.write(FAILURE, "".join(traceback.format_exception(error)).encode(errors="replace"))
        except (OSError, ValueError):
            return ""
        return f"; details in {self.folder.path / FAILURE}"

    def compute(self, tasks: list[Task]) -> None:
        """Compute the tasks that no sound chunk is kept of."""
        kept = self.folder.chunks()
        missing = [[task for task in chain if task.name not in kept] for chain in chains_of(tasks)]
        total = sum(task.weight for task in tasks)
        done = sum(task.weight for task in tasks if task.name in kept)
        with Meter(self.study.name, total, done, self.is_quiet) as meter:
            self.pool.run(
                self.study,
                self.identity["config"],
                [chain for chain in missing if chain],
                kept,
                self.folder,
                meter,
                self.identity.get("source"),
            )

    def conclude(self, tasks: list[Task], facts: dict[str, Any], sums: dict[str, str]) -> Run:
        """Combine the chunks and write metrics, arrays, figures, facts and report."""
        chunks = self.folder.chunks()
        results = Results(self.folder, chunks, chains_of(tasks))
        combined = self.study.combine(self.config, results)
        metrics = read_json(json_bytes(combined.metrics))
        sums |= {chunks[task.name]: self.folder.digest(chunks[task.name]) for task in tasks}
        sums[METRICS] = self.folder.write_json(METRICS, metrics)
        sums[ARRAYS] = self.folder.write(ARRAYS, npz_bytes(combined.arrays))
        report = Report(self.study, self.config, self.identity["fingerprint"], metrics)
        sums |= report.draw(self.folder, combined.arrays)
        facts = self.timed(facts) | {"headline": report.headline()}
        is_again = bool(facts["finished"])
        if not is_again:
            facts["finished"] = _now()
        sums[RUN] = self.folder.write_json(RUN, facts)
        sums[REPORT] = self.folder.write(REPORT, report.html(facts).encode())
        self.folder.write_sums(sums)
        self.catalog.put(self.row("complete", facts))
        return self.result(metrics, facts, is_again)

    def earlier_facts(self) -> dict[str, Any]:
        """What is known of the run from before, from its own sound file or else the catalog."""
        facts = read_facts(self.folder, self.folder.sums() or {})
        if facts is not None:
            return facts
        row = self.catalog.find(self.folder.path.name)
        return {
            "study": self.study.name,
            "preset": (row.preset if row else "") or self.preset,
            "created": (row.created if row else "") or _now(),
            "finished": row.finished if row else "",
            "seconds": row.seconds if row else 0.0,
            "command": self.command,
            "workers": self.pool.workers,
            "device": self.pool.device,
            "versions": versions(),
        }

    def timed(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Facts with this session's seconds added, unless the run was ended before and is only mended."""
        if facts["finished"]:
            return facts
        return facts | {"seconds": round(facts["seconds"] + time.monotonic() - self.start, 3)}

    def row(self, status: str, facts: Mapping[str, Any]) -> Row:
        """The run's row in the catalog."""
        return Row(
            id=self.folder.path.name,
            study=self.study.name,
            fingerprint=self.identity["fingerprint"],
            preset=facts["preset"],
            status=status,
            created=facts["created"],
            finished=facts["finished"],
            seconds=float(facts["seconds"]),
            path=str(self.folder.path),
            headline=facts.get("headline", ""),
            identity=json_bytes(self.identity).decode(),
        )

    def kept(self, tasks: list[Task]) -> str:
        """How many chunks a next session will find."""
        count = len(self.folder.chunks().keys() & {task.name for task in tasks})
        return f"{count} of {len(tasks)} tasks are kept, the same command resumes"

    def suspected(self, error: Exception, tasks: list[Task]) -> str:
        """What to do if kept chunks themselves are the fault: nobody knows who wrote them."""
        if isinstance(error, OSError | TaskError) or any(
            task.name not in self.folder.chunks() for task in tasks
        ):
            return ""
        return f"; without {self.folder.path / CHUNKS} it computes them anew"

    def result(self, metrics: dict[str, Any], facts: dict[str, Any], is_again: bool) -> Run:
        """The finished run."""
        fingerprint = self.identity["fingerprint"]
        return Run(self.folder.path, self.study, self.config, fingerprint, metrics, facts, is_again)


def contents_faults(
    study: Study[Any], config: Config, folder: RunFolder, sums: Mapping[str, str]
) -> dict[str, str]:
    """What is wrong, by file, with the contents of a run whose digests agree: whoever wrote them may be anybody."""
    if read_facts(folder, sums) is None:
        return {RUN: "holds no facts of a run"}
    metrics = folder.read_json(METRICS, sums)
    if not isinstance(metrics, dict):
        return {METRICS: "holds no numbers of a run"}
    try:
        study.tables(config, metrics)
        study.conclusions(config, metrics)
    except Exception as error:  # numbers that the study never wrote may fail in it anywhere
        return {METRICS: f"holds other numbers than the study's ({type(error).__name__})"}
    return {}


@contextlib.contextmanager
def _told_only(path: Path) -> Iterator[None]:
    """What the disk refuses is told, since more important news follows; what is shown or kept is whole without."""
    try:
        yield
    except OSError as error:
        report_fault(f"{path.name}: not brought up to date ({error.strerror or error})")


def _in_one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    message = " ".join(str(error).split())
    return message if isinstance(error, TaskError) else f"{type(error).__name__}: {message}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
