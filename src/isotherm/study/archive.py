"""Finished runs, found again: by id, by the start of an id, by folder, or as a study's newest."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from isotherm.errors import refusal
from isotherm.study.catalog import Catalog, Row, row_of_folder
from isotherm.study.config import unknown_name
from isotherm.study.lock import is_held
from isotherm.study.registry import find_study
from isotherm.study.runner import identify, run
from isotherm.study.session import Run
from isotherm.study.source import changed_since
from isotherm.study.store import METRICS, RUN, RunFolder, is_run, is_sound


def list_runs(out: Path) -> list[Row]:
    """The runs of a store, newest first; one whose process was killed counts as interrupted."""
    rows = []
    for row in Catalog(out).rows():
        is_dead = row.status == "running" and not is_held(RunFolder(out / row.id).lock)
        rows.append(replace(row, status="interrupted") if is_dead else row)
    return rows


def find_run(name: str, out: Path) -> Path:
    """The folder of a run.

    Args:
        name: an id, the unique start of one, a path, or a study's name (its newest complete run).
        out: the store to look in.

    Raises:
        ValueError: if there is no such run, or several.
    """
    if is_run(Path(name)):
        return Path(name).resolve()
    rows = list_runs(out)
    newest = next((row for row in rows if row.study == name and row.status == "complete"), None)
    if newest is not None:
        return (out / newest.id).resolve()
    found = [row.id for row in rows if row.id.startswith(name)]
    if len(found) != 1:
        known = [row.id for row in rows]
        hint = f"fits {', '.join(found)}" if found else unknown_name(name, known) if known else "no runs yet"
        raise refusal("RUN", name, f"is not a run of {out}; {hint}" if not found else hint)
    return (out / found[0]).resolve()


def open_run(path: Path) -> Run:
    """A finished run, verified; what fails its digest is reported, set aside, and made again.

    Raises:
        ValueError: if the run is not finished, or its study or inputs are no longer there.
    """
    folder, row = RunFolder(path), _row(path)
    if is_held(folder.lock):
        raise refusal("RUN", path.name, "is still running")
    sums = folder.sums()
    identity = folder.identity(sums or {}) or _identity_of(row)
    if identity is None:
        raise refusal("RUN", path.name, "has lost its config.json; run the study again to make it anew")
    study = find_study(identity["entry"])
    config = study.config(**identity["config"])
    if sums is not None and not folder.faults(sums):
        metrics, facts = folder.read_json(METRICS, sums), folder.read_json(RUN, sums)
        changed = tuple(changed_since(study, identity["source"])) if "source" in identity else ()
        return Run(path, study, config, identity["fingerprint"], metrics, facts, True, changed)
    if row.status != "complete":
        raise refusal("RUN", path.name, f"is {row.status}; run the same command again to finish it")
    if identify(study, config)["fingerprint"] != identity["fingerprint"]:
        allowed = "was made by another version or source, or from other inputs, and cannot be mended"
        raise refusal("RUN", path.name, allowed)
    return run(study, config, path.parent)


def _row(path: Path) -> Row:
    return Catalog(path.parent).find(path.name) or row_of_folder(path)


def _identity_of(row: Row) -> dict[str, Any] | None:
    identity = json.loads(row.identity) if row.identity else None
    return identity if is_sound(identity) else None
