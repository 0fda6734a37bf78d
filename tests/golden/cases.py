"""Golden cases by the file: every ``*_golden.json`` of a folder, told apart by what a case holds."""

import json
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent

KINDS = {
    "lattice": lambda case: "model" in case,
    "tilt": lambda case: "fn" in case and "group" not in case,  # cases with a group are market functions
}
"""Kinds of cases that tests read, and how each is told from its entries."""


class Golden(NamedTuple):
    """One case, and the file it stands in (whose other entries may hold defaults)."""

    case: dict[str, Any]
    document: dict[str, Any]


def golden_cases(kind: str, folder: Path = HERE) -> list[Golden]:
    """All cases of a kind in a folder, file after file.

    Cases of no kind in :data:`KINDS` belong to other parts of the project, and are passed over.

    Raises:
        FileNotFoundError: if the folder has no golden file at all.
    """
    files = sorted(folder.glob("*_golden.json"))
    if not files:
        raise FileNotFoundError(f"--golden-dir = {folder}: has no *_golden.json")
    documents = [json.loads(file.read_text("utf-8")) for file in files]
    return [
        Golden(case, document)
        for document in documents
        for case in document.get("cases", [])
        if KINDS[kind](case)
    ]
