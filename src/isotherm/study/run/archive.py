"""Finished runs, found again: by id, by the start of an id, by folder, or as a study's newest."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from isotherm import doors
from isotherm.errors import printable, refusal
from isotherm.files.content import read_json
from isotherm.settings.config import Config, unknown_name
from isotherm.study.base import Study
from isotherm.study.registry import find_registered
from isotherm.study.run.runner import identify, run
from isotherm.study.run.session import Run, contents_faults
from isotherm.study.run.source import changed_since
from isotherm.study.run.stored import StoredRun, entry_fit_to_show
from isotherm.study.store.catalog import Catalog, Row, name_of, row_of_folder
from isotherm.study.store.facts import read_facts
from isotherm.study.store.folder import (
    CONFIG,
    METRICS,
    RUN,
    SUMS,
    RunFolder,
    folder_name,
    is_run,
    is_sound,
    report_fault,
)
from isotherm.study.store.lock import is_held


def list_runs(out: Path) -> list[Row]:
    """The runs of a store, newest first; one whose process was killed counts as interrupted.

    The store may be read-only. A folder that was renamed is told on standard error.

    Raises:
        ValueError: if there is no such folder.
        UnfitError: if the store's catalog is a link or no plain file.
    """
    rows = _rows(out)
    for row in rows:
        if name_of(row) not in ("", row.id):
            report_fault(f"{row.id}: was renamed; by its fingerprint it is {name_of(row)}")
    return rows


def find_run(name: str, out: Path) -> Path:
    """The folder of a run.

    Args:
        name: an id, the unique start of one, a path, or a study's name (its newest complete run).
        out: the store to look in.

    Raises:
        ValueError: if there is no such run, or several, or no such store.
    """
    path = _resolved(name)
    if path is not None:
        return path
    rows = _rows(out)
    newest = next((row for row in rows if row.study == name and row.status == "complete"), None)
    if newest is not None:
        return Path(newest.path)
    found = [row for row in rows if row.id == name] or [
        row for row in rows if name and row.id.startswith(name)
    ]
    if len(found) != 1:
        known = [row.id for row in rows]
        fitting = f"fits {', '.join(row.id for row in found)}"
        hint = fitting if found else unknown_name(name, known) if known else "no runs yet"
        raise refusal("RUN", name, f"is not a run of {out}; {hint}" if not found else hint)
    return Path(found[0].path)


def open_run(path: Path, study: Study[Any] | None = None) -> Run | StoredRun:
    """A finished run, verified; what fails its digest is reported, set aside, and made again.

    A run of a study that is not registered is only read: its files are verified as far as digests go, and shown
    as they lie there. Nothing that its folder says is imported, and nothing in it is changed.

    Args:
        path: its folder.
        study: the study that made it, if it is one's own; else one is looked up among those registered.

    Raises:
        TypeError: if ``path`` is no path, or ``study`` no study.
        ValueError: if the run is not finished, or its study or inputs are no longer there.
    """
    path = Path(doors.file_path("path", path))
    if study is not None:
        doors.instance("study", study, Study, "a Study")
    folder, row = RunFolder(path), _row(path)
    if is_held(folder.lock):
        raise refusal("RUN", path.name, "is still running")
    sums = folder.sums()
    identity = _named(path, folder.identity(sums or {})) or _named(path, _identity_of(row))
    if identity is None:
        raise refusal("RUN", path.name, _unidentified(folder, sums))
    if study is None:
        study = find_registered(identity["study"], identity["entry"])
    if study is None or study.name != identity["study"]:
        return _stored(folder, identity, sums, row)
    config = _config(path, study, identity)
    faults = {} if sums is None else folder.faults(sums) or contents_faults(study, config, folder, sums)
    if sums is not None and (not faults or not _may_be_mended(path)):
        metrics, facts = _numbers(folder, sums, faults)
        changed = tuple(changed_since(study, config, identity["source"])) if "source" in identity else ()
        return Run(path, study, config, identity["fingerprint"], metrics, facts, True, changed)
    if row.status != "complete":
        raise refusal("RUN", path.name, f"is {row.status}; run the same command again to finish it")
    if identify(study, config)["fingerprint"] != identity["fingerprint"]:
        allowed = "was made by another version or source, or from other inputs, and cannot be mended"
        raise refusal("RUN", path.name, allowed)
    if path.name != folder_name(identity):
        raise refusal(
            "RUN", path.name, f"is damaged and was renamed; name it {folder_name(identity)} to mend it"
        )
    if study.modules(config):
        raise refusal("RUN", path.name, "is damaged, and code of your own made it; the same command mends it")
    return run(study, config, path.parent)


def _stored(folder: RunFolder, identity: dict[str, Any], sums: dict[str, str] | None, row: Row) -> StoredRun:
    """What lies in the folder of a study that is not registered here."""
    name = folder.path.name
    if sums is None:
        is_ended = row.status == "complete" or folder.is_finished()
        allowed = f"{SUMS} {folder.sums_fault()}" if is_ended else f"is {row.status}"
        raise refusal("RUN", name, f"{allowed}; run the same command again to finish it")
    metrics, facts = _numbers(folder, sums, folder.faults(sums))
    return StoredRun(
        path=folder.path,
        name=identity["study"],
        entry=entry_fit_to_show(identity["entry"]),
        settings=identity["config"],
        fingerprint=identity["fingerprint"],
        metrics=metrics,
        facts=facts,
    )


def _numbers(
    folder: RunFolder, sums: dict[str, str], faults: dict[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metrics and facts of a run that is only read; faults of other files are told and left.

    Raises:
        ValueError: if those two themselves cannot be trusted.
    """
    found = {METRICS: folder.read_json(METRICS, sums), RUN: read_facts(folder, sums)}
    for file, value in found.items():
        if not isinstance(value, dict):
            faults = {file: "is of another form"} | faults
    for file, fault in faults.items():
        report_fault(f"{folder.path.name}/{file}: {fault}")
    if set(found) & set(faults):
        allowed = "its numbers cannot be trusted; run the study again to mend it, or elsewhere to replace it"
        raise refusal("RUN", folder.path.name, allowed)
    return found[METRICS], found[RUN]


def _may_be_mended(path: Path) -> bool:
    return os.access(path, os.W_OK | os.X_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def _config(path: Path, study: Study[Any], identity: dict[str, Any]) -> Config:
    try:
        return study.config(**identity["config"])
    except (ValueError, TypeError) as error:
        told = printable(" ".join(str(error).split()), 160)
        raise refusal(
            "RUN", path.name, f"its {CONFIG} is refused by the study {study.name}: {told}"
        ) from None


def _unidentified(folder: RunFolder, sums: dict[str, str] | None) -> str:
    fault = (folder.faults(sums) if sums else {}).get(CONFIG, "cannot be trusted")
    return f"has lost its {CONFIG}, which {fault}; run the study again to make it anew"


def _resolved(name: str) -> Path | None:
    """The folder, if the user named one that holds a run; links on the way to it are the user's."""
    try:
        path = Path(name).resolve()
        return path if is_run(path) else None
    except (OSError, ValueError, RuntimeError):
        return None


def _rows(out: Path) -> list[Row]:
    if not out.is_dir():
        there = "is no folder" if out.exists() else "there is no such folder"
        raise refusal("out", str(out), f"should be a store of runs; {there}")
    rows = []
    for row in Catalog(out).rows():
        is_dead = row.status == "running" and not is_held(RunFolder(Path(row.path)).lock)
        rows.append(replace(row, status="interrupted") if is_dead else row)
    return rows


def _row(path: Path) -> Row:
    return Catalog(path.parent).find(path.name) or row_of_folder(path)


def _named(path: Path, identity: dict[str, Any] | None) -> dict[str, Any] | None:
    """The identity if it is that of the folder's name, or if the folder was renamed, which is told."""
    if identity is not None and path.name != folder_name(identity):
        report_fault(f"{path.name}: was renamed; by its fingerprint it is {folder_name(identity)}")
    return identity


def _identity_of(row: Row) -> dict[str, Any] | None:
    """What the catalog says that the run of a folder is, if it fits the folder's name."""
    try:
        identity = read_json(row.identity.encode()) if row.identity else None
    except ValueError:
        return None
    is_fitting = is_sound(identity) and identity is not None and folder_name(identity) == row.id
    return identity if is_fitting else None
