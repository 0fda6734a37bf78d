"""One row a run, in SQLite beside the run folders. The folders are the truth, the catalog is their index.

The catalog is read whole into memory, under the same checks as any file of a run, and written whole, as any
file is: so it is the old one or the new one, no journal lies beside it, and one that is read is never changed.
Each row carries a digest of itself, so that a flipped byte is noticed; a catalog that is unsound or gone is
set aside and made again from the run folders. Runs that were copied in, renamed or deleted since are told by
the folders.
"""

import contextlib
import functools
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from isotherm.files.content import digest, json_bytes
from isotherm.files.place import Place, UnfitError, is_plain_name
from isotherm.study.store.facts import read_facts
from isotherm.study.store.folder import LOCK, METRICS, SET_ASIDE, RunFolder, folder_name, is_run, report_fault
from isotherm.study.store.lock import wait_for

CATALOG = "catalog.sqlite"
_LOCK = ".catalog.lock"
_MOST = 1 << 28
_SIDES = ("-wal", "-shm", "-journal")
"""What SQLite itself leaves beside a file that it writes, as earlier versions let it."""
_IN_WAL, _IN_ROLLBACK = b"\x02\x02", b"\x01\x01"
"""Bytes 18 and 19 of a file, that say how it is written; only the second can be read from memory."""


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
_SELECT = f"SELECT {', '.join(_COLUMNS)}, digest FROM runs"
_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"


class UnsoundError(Exception):
    """The catalog is missing or damaged, or a row does not match its digest."""


class Catalog:
    """The index of a store. Safe to use from several processes at once.

    Args:
        store: the folder that holds the runs.
    """

    def __init__(self, store: Path) -> None:
        self.store = store.resolve()
        self.path = self.store / CATALOG
        self.place = Place(self.store)

    def rows(self) -> list[Row]:
        """All runs, newest first. An unsound catalog is made again, where the store can be written to.

        Raises:
            UnfitError: if the catalog is a link or no plain file.
        """
        try:
            indexed = self._load()
        except UnsoundError as error:
            return self._without_index(str(error))
        return self._current(indexed)

    def find(self, run: str) -> Row | None:
        """The row of that id, or what its folder says; nothing is made again or reported."""
        with contextlib.suppress(UnsoundError, OSError):
            indexed = self._load()
            if run in indexed:
                return indexed[run]
        path = self.store / run
        return row_of_folder(path) if is_run(path) and _has_files(path) else None

    def put(self, row: Row) -> None:
        """Insert a run's row, or replace it.

        Raises:
            OSError: naming the file, if the disk refuses; the catalog is then as before.
        """
        with wait_for(self.store / _LOCK):
            self.place.remove_temporary()
            try:
                indexed, fault = self._load(), ""
            except UnsoundError as error:
                indexed, fault = {}, str(error)
            rows = {one.id: one for one in self._current(indexed)}
            self._write((rows | {row.id: row}).values(), fault)

    def drop(self, run: str) -> None:
        """Forget a run whose folder is gone, so that a new one of that name begins afresh.

        Raises:
            OSError: naming the file, if the disk refuses; the catalog is then as before.
        """
        with wait_for(self.store / _LOCK):
            try:
                indexed, fault = self._load(), ""
            except UnsoundError as error:
                indexed, fault = {}, str(error)
            self._write((row for row in self._current(indexed) if row.id != run), fault)

    def _without_index(self, fault: str) -> list[Row]:
        """Runs told by their folders alone, and the catalog made from them."""
        rows = self._current({})
        if fault == _MISSING and not rows:
            return []
        try:
            with wait_for(self.store / _LOCK):
                with contextlib.suppress(UnsoundError):  # another process may have made it meanwhile
                    return self._current(self._load())
                self._write(rows, fault)
        except UnfitError:
            raise
        except OSError as error:
            if fault != _MISSING:
                told = f"and cannot be replaced ({error.strerror}); runs are told by their folders"
                report_fault(f"{CATALOG}: {fault}, {told}")
        return rows

    def _current(self, indexed: dict[str, Row]) -> list[Row]:
        """The rows of runs whose folders are there, newest first; folders that have none, or more to say, are read.

        A store may have been moved since, so that where a run lies is told from where the store is now.
        """
        rows = []
        for path in _folders(self.store):
            row = indexed.get(path.name)
            is_ended = row is not None and row.status != "complete" and RunFolder(path).is_finished()
            if row is None and not _has_files(path):
                continue
            rows.append(row_of_folder(path) if row is None or is_ended else replace(row, path=str(path)))
        rows.sort(key=lambda row: row.id)
        return sorted(rows, key=lambda row: row.created, reverse=True)

    def _load(self) -> dict[str, Row]:
        """Rows of the catalog by id.

        Raises:
            UnsoundError: if it is missing or damaged.
            UnfitError: if it is a link or no plain file.
        """
        try:
            content = self.place.read(CATALOG, _MOST)
        except FileNotFoundError:
            raise UnsoundError(_MISSING) from None
        try:
            with contextlib.closing(sqlite3.connect(":memory:")) as connection:
                return {row.id: row for row in _read(connection, content)}
        except (sqlite3.Error, UnsoundError, ValueError, OverflowError) as error:
            raise UnsoundError(f"is damaged ({error})") from None

    def _write(self, rows: Iterable[Row], fault: str = "") -> None:
        """Replace the catalog; one with a fault is set aside, once the new one is safely on disk."""
        moved: list[str] = []
        has_runs = any(map(_has_files, _folders(self.store)))

        def set_aside() -> None:
            names = [CATALOG] * bool(fault) + [CATALOG + side for side in _SIDES]
            moved.extend(self.place.move_aside(name, SET_ASIDE) for name in names if self.place.has(name))

        self.place.write(CATALOG, _database(rows), before=set_aside)
        if fault and (has_runs or fault != _MISSING):
            report_fault(
                "; ".join([f"{CATALOG}: {fault}", *_moved_to(moved), "rebuilt from the run folders"])
            )


_MISSING = "is missing"


def row_of_folder(path: Path) -> Row:
    """What a run's own files say about it; only files that match their digest are believed."""
    folder = RunFolder(path)
    sums = folder.sums() or {}
    identity = folder.identity(sums) or {}
    facts: dict[str, Any] = read_facts(folder, sums) or {}
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


def name_of(row: Row) -> str:
    """How the folder of a run should be named by its fingerprint; empty if that is not known."""
    return folder_name({"study": row.study, "fingerprint": row.fingerprint}) if row.fingerprint else ""


def _folders(store: Path) -> Iterator[Path]:
    """Folders of the store that hold a run; links are none."""
    for name in Place(store).names():
        if is_plain_name(name) and is_run(store / name):
            yield store / name


def _has_files(folder: Path) -> bool:
    """Whether a run left more than its lock."""
    with contextlib.suppress(OSError):
        return any(name != LOCK for name in Place(folder).names())
    return False


def _moved_to(names: list[str]) -> list[str]:
    return [f"moved to {name}" for name in names]


def _database(rows: Iterable[Row]) -> bytes:
    """The bytes of a catalog."""
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        with connection:
            connection.execute(_CREATE)
            connection.executemany(_INSERT, ((*asdict(row).values(), row.digest()) for row in rows))
        return connection.serialize()


@functools.cache
def _schema() -> tuple[tuple[Any, ...], ...]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(_CREATE)
        return tuple(connection.execute(_SCHEMA))


def _read(connection: sqlite3.Connection, content: bytes) -> list[Row]:
    """All rows, each checked against its digest, from a database that holds nothing but them."""
    if len(content) < 512:
        raise UnsoundError("is too short to be one")
    if content[18:20] == _IN_WAL:
        content = content[:18] + _IN_ROLLBACK + content[20:]
    connection.deserialize(content)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    if tuple(connection.execute(_SCHEMA)) != _schema():
        raise UnsoundError("holds other tables, or more than tables")
    verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise UnsoundError(str(verdict).splitlines()[0])
    return [_row(values, recorded) for *values, recorded in connection.execute(_SELECT)]


def _row(values: list[Any], recorded: object) -> Row:
    kinds = [float if name == "seconds" else str for name in _COLUMNS]
    if not all(isinstance(value, kind) for value, kind in zip(values, kinds, strict=True)):
        raise UnsoundError("holds a value of another kind")
    row = Row(*values)
    if row.digest() != recorded:
        raise UnsoundError(f"row {row.id[:120]!r} does not match its digest")
    if not is_plain_name(row.id):
        raise UnsoundError(f"row {row.id[:120]!r} names no run")
    return row
