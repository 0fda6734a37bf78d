"""The facts of a run, ``run.json``: when, how long, which versions, which command; checked as any data."""

from collections.abc import Mapping
from typing import Any

from isotherm.study.store.folder import RUN, RunFolder

_TEXTS = ("preset", "created", "finished", "headline")


def read_facts(folder: RunFolder, sums: Mapping[str, str]) -> dict[str, Any] | None:
    """The facts that a finished run recorded, or ``None`` if they cannot be trusted or are of another form."""
    facts = folder.read_json(RUN, sums)
    return facts if isinstance(facts, dict) and not facts_fault(facts) else None


def facts_fault(facts: Mapping[str, Any]) -> str:
    """What is wrong with the form of a run's facts; empty if nothing is."""
    for name in _TEXTS:
        if not isinstance(facts.get(name), str):
            return f"{name} should be a text"
    seconds, versions = facts.get("seconds"), facts.get("versions")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e12:
        return "seconds should be a number, at least 0"
    if not isinstance(versions, dict) or not all(isinstance(one, str) for one in versions.values()):
        return "versions should be texts by name"
    return ""
