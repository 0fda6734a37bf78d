"""One row a run, in SQLite beside the run folders. The folders are the truth, the catalog is their index.

Each row carries a digest of itself, so that a flipped byte is noticed; a catalog that is unsound or gone is
set aside and made again from the run folders.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from isotherm.study.files import digest, json_bytes, move_aside
from isotherm.study.lock import wait_for
from isotherm.study.store import LOCK, METRICS, RUN, SET_ASIDE, RunFolder, is_run, report_fault

CATALOG = "catalog.sqlite"
_BUSY_S = 30.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Row:
    """One run. ``status`` is ``running``, ``interrupted``, ``failed`` or ``complete``.

    ``created`` and ``finished`` are ISO 8601 in UTC; ``seconds`` is the computing time summed over sessions.
    """

    id: str
    study: str
    fingerprint: str
    preset: str
    status: str
    created: str
    finished: str
    seconds: float
    path: str
    headline: str
    identity: str

    def digest(self) -> str:
        """SHA-256 of the row's own values."""
        return digest(json_bytes(list(asdict(self).values())))


_COLUMNS = tuple(Row.__dataclass_fields__)
_TYPES = ", ".join(f"{name} {'REAL' if name == 'seconds' else 'TEXT'} NOT NULL" for name in _COLUMNS)
_CREATE = f"CREATE TABLE IF NOT EXISTS runs ({_TYPES}, digest TEXT NOT NULL, PRIMARY KEY (id))"
_INSERT = f"INSERT OR REPLACE INTO runs VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
_SELECT = f"SELECT {', '.join(_COLUMNS)}, digest FROM runs ORDER BY created DESC, id"


class UnsoundError(Exception):
    """A row does not match its digest, or SQLite finds the file damaged."""


class Catalog:
    """The index of a store. Safe to use from several processes at once.

    Args:
        store: the folder that holds the runs.
    """

    def __init__(self, store: Path) -> None:
        self.store = store.resolve()
        self.path = self.store / CATALOG

    def rows(self) -> list[Row]:
        """All runs, newest first."""
        if not self.store.is_dir():
            return []
        # A store may have been moved since, so that where a run lies is told from where the store is now.
        return [replace(row, path=str(self.store / row.id)) for row in self._sound(_read)]

    def find(self, run: str) -> Row | None:
        """The row of that id."""
        return next((row for row in self.rows() if row.id == run), None)

    def put(self, row: Row) -> None:
        """Insert a run's row, or replace it."""

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute(_INSERT, (*asdict(row).values(), row.digest()))

        self._sound(write)

    def _sound(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run an action on a sound catalog, making a new one if need be."""
        with wait_for(self.store / ".catalog.lock"):
            fault = (
                "is missing" if not self.path.exists() and any(map(_has_files, _folders(self.store))) else ""
            )
            if not fault:
                try:
                    with _connect(self.path) as connection:
                        _read(connection)
                        return action(connection)
                except (sqlite3.DatabaseError, UnsoundError) as error:
                    if "locked" in str(error):
                        raise
                    fault = f"is damaged ({error})"
            self._set_aside(fault)
            with _connect(self.path) as connection, connection:
                for row in map(row_of_folder, _folders(self.store)):
                    connection.execute(_INSERT, (*asdict(row).values(), row.digest()))
                return action(connection)

    def _set_aside(self, fault: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            path = self.path.with_name(CATALOG + suffix)
            if path.exists():
                kept = move_aside(path, self.store / SET_ASIDE)
                fault += f"; moved to {kept.relative_to(self.store)}"
        report_fault(f"{CATALOG}: {fault}; rebuilt from the run folders")


def row_of_folder(path: Path) -> Row:
    """What a run's own files say about it; only files that match their digest are believed."""
    folder = RunFolder(path)
    sums = folder.sums() or {}
    identity = folder.identity(sums) or {}
    facts = folder.read_json(RUN, sums) or {}
    is_complete = bool(facts) and folder.read_json(METRICS, sums) is not None
    return Row(
        id=path.name,
        study=identity.get("study", path.name.rpartition("-")[0]),
        fingerprint=identity.get("fingerprint", ""),
        preset=facts.get("preset", ""),
        status="complete" if is_complete else "interrupted",
        created=facts.get("created", ""),
        finished=facts.get("finished", ""),
        seconds=float(facts.get("seconds", 0.0)),
        path=str(path),
        headline=facts.get("headline", ""),
        identity=json_bytes(identity).decode() if identity else "",
    )


def _folders(store: Path) -> Iterator[Path]:
    """Folders of the store that hold a run."""
    for path in sorted(store.iterdir()):
        if is_run(path):
            yield path


def _has_files(folder: Path) -> bool:
    """Whether a run left more than its lock."""
    return any(path.name != LOCK for path in folder.iterdir())


@contextlib.contextmanager
def _connect(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=_BUSY_S)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_CREATE)
        yield connection
    finally:
        connection.close()


def _read(connection: sqlite3.Connection) -> list[Row]:
    """All rows, each checked against its digest."""
    verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise UnsoundError(str(verdict).splitlines()[0])
    rows = []
    for *values, recorded in connection.execute(_SELECT):
        row = Row(*values)
        if row.digest() != recorded:
            raise UnsoundError(f"row {row.id!r} does not match its digest")
        rows.append(row)
    return rows
