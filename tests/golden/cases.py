"""Golden cases by the file: every ``*_golden.json`` of a folder, told apart by what a case holds."""

import json
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent

KINDS = {
    "lattice": lambda case: "model" in case,
    "active_inference": lambda case: "op" in case and "group" not in case,
    "market": lambda case: "fn" in case and "group" in case,
    "tilt": lambda case: "fn" in case and "group" not in case,
}
"""Kinds of cases that tests read, and how each is told from its entries."""

UNREAD = "unread"
"""The kind of cases that no test reads."""

NAMELESS = "without id"


class Golden(NamedTuple):
    """One case, and the file it stands in (whose other entries may hold defaults)."""

    case: dict[str, Any]
    document: dict[str, Any]
    file: Path

    @property
    def id(self) -> str:
        """The case's own; what is no case has none."""
        return str(self.case["id"]) if isinstance(self.case, dict) and "id" in self.case else NAMELESS


def golden_cases(kind: str, folder: Path = HERE) -> list[Golden]:
    """All cases of a kind in a folder, file after file; of :data:`UNREAD`, what is of no kind.

    Raises:
        FileNotFoundError: if the folder has no golden file at all.
    """
    return [golden for golden in _all_cases(folder) if kind_of(golden) == kind]


def kind_of(golden: Golden) -> str:
    """The first of :data:`KINDS` that a case is of, else :data:`UNREAD`."""
    if golden.id == NAMELESS:
        return UNREAD
    return next((kind for kind, is_of in KINDS.items() if is_of(golden.case)), UNREAD)


def _all_cases(folder: Path) -> list[Golden]:
    files = sorted(folder.glob("*_golden.json"))
    if not files:
        raise FileNotFoundError(f"--golden-dir = {folder}: has no *_golden.json")
    found = []
    for file in files:
        document = json.loads(file.read_text("utf-8"))
        cases = document.get("cases") if isinstance(document, dict) else None
        # a file without cases is a case that nothing reads
        found += [Golden(case, document, file) for case in cases or [{"id": file.name}]]
    return found
