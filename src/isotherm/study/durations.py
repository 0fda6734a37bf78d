"""What presets were measured to take. `tools/durations.py` writes the file; nothing in it is typed."""

import functools
import json
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from isotherm.study.base import Study

DURATIONS = Path(str(files("isotherm.data") / "durations.json"))
_DIGITS = 12


class MeasuredDuration(NamedTuple):
    """What a preset took, once.

    Attributes:
        first_s: seconds of one core, with nothing compiled before.
        again_s: the same with all programs at hand.
        date: of the measurement, ISO 8601.
        machine: processor and cores.
    """

    first_s: float
    again_s: float
    date: str
    machine: str


def duration_of(study: Study[Any], preset: str) -> MeasuredDuration | None:
    """What was measured of a preset; None where nothing was, or of other settings or another version than today's."""
    found = _measured().get(study.name, {}).get(preset)
    if found is None or found["settings"] != settings_key(study, preset):
        return None
    return MeasuredDuration(*(found[name] for name in MeasuredDuration._fields))


def settings_key(study: Study[Any], preset: str) -> str:
    """Digits that stand for the settings of a preset and the version of its study."""
    config = study.config(**study.presets[preset])
    return config.fingerprint(study.name, study.version)[:_DIGITS]


@functools.cache
def _measured() -> dict[str, Any]:
    try:
        return json.loads(DURATIONS.read_text())
    except FileNotFoundError:
        return {}
