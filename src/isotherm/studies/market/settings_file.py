"""Files of settings by the names of fingerprints, in TOML or JSON."""

import json
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from isotherm.errors import refusal


def settings_of_file(path: str) -> dict[str, Any]:
    """What a TOML or JSON file of settings holds.

    Raises:
        ValueError: naming the file, if it is neither, or no table of settings.
    """
    file = Path(path)
    try:
        text = file.read_text("utf-8-sig")
        found = tomllib.loads(text) if file.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError, OSError) as error:
        kind = "TOML" if file.suffix.lower() == ".toml" else "JSON"
        raise refusal("fingerprint_file", path, f"is not readable as {kind}: {error}") from None
    if not isinstance(found, dict):
        raise refusal("fingerprint_file", path, "should hold a table of settings")
    return {key: _dated(value) for key, value in found.items()}


def is_of_another_tool(path: str) -> bool:
    """Whether a file of settings may have been written by another tool: all but TOML, which people write."""
    return Path(path).suffix.lower() != ".toml"


def _dated(value: Any) -> Any:
    """A date of TOML as fingerprints have it; one with a time zone in UTC."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo is None else value.astimezone(UTC)
        return moment.strftime("%Y-%m-%d %H:%M:%S")
    return f"{value} 00:00:00" if isinstance(value, date) else value
