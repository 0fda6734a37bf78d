"""Frozen, documented, validated settings of a study, and the fingerprint that names a run."""

import difflib
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails


class ConfigError(ValueError):
    """A refusal of one or several fields; ``lines`` holds one ``field = value: what is allowed`` each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


class Config(BaseModel):
    """Base of every study's settings: immutable, no unknown fields, wrong types refused, no NaN or infinity.

    A subclass documents each field with a string literal below it and puts its range on the annotation:
    ``size: Annotated[int, Field(ge=2, multiple_of=2)] = 64``. Sequences are tuples (lists are accepted and
    become tuples). A field may itself be a ``Config``; its flags are then ``--outer.inner``.

    Raises:
        ValueError: at construction, one line that names each refused field, its value and what is allowed.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**{name: _frozen(value) for name, value in values.items()})
        except ValidationError as error:
            raise ConfigError(_lines(type(self), error)) from None

    def settings(self) -> dict[str, Any]:
        """The fields as JSON-able values, in the order of declaration."""
        return self.model_dump(mode="json")

    def fingerprint(
        self,
        study: str,
        version: int = 1,
        inputs: Mapping[str, str] | None = None,
        source: Mapping[str, str] | None = None,
    ) -> str:
        """SHA-256 (hexadecimal) of everything a result depends on.

        Args:
            study: the study's name.
            version: the study's version, raised when the same config gives other numbers.
            inputs: for each field that names a file, the SHA-256 of that file's bytes.
            source: of a study that is not the package's, the SHA-256 of its files; see ``isotherm.study.run.source``.
        """
        identity = {
            "study": study,
            "version": version,
            "config": self.settings(),
            "inputs": dict(inputs or {}),
        }
        return fingerprint_of(identity | ({"source": dict(source)} if source else {}))


def fingerprint_of(identity: Mapping[str, Any]) -> str:
    """SHA-256 (hexadecimal) of the canonical JSON of a run's study, version, config, inputs, and source if any."""
    keys = ("study", "version", "config", "inputs", *(["source"] if "source" in identity else []))
    parts = {key: identity[key] for key in keys}
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


_LONGEST_LIST = 200
"""Characters of a list of names in a refusal."""


def is_study_name(name: str) -> bool:
    """Whether a study's name can begin the name of a folder."""
    return re.fullmatch(r"[A-Za-z0-9_][\w.-]{0,99}", name, re.ASCII) is not None


def unknown_name(name: str, known: list[str], likeness: float = 0.7) -> str:
    """``did you mean "size"?`` if one of the known names is close, else a list of them, as long as a line holds.

    Args:
        name: what was given.
        known: what might have been meant.
        likeness: from 0 to 1, at which two names are close; lower where names have few letters.
    """
    close = difflib.get_close_matches(name, known, n=1, cutoff=likeness)
    if close:
        return f"did you mean {close[0]!r}?"
    told = ", ".join(known)
    if len(told) > _LONGEST_LIST:
        told = f"{told[:_LONGEST_LIST].rpartition(', ')[0]} and others, {len(known)} in all"
    return f"known: {told}"


def _near(given: Any, allowed: list[str]) -> str:
    close = difflib.get_close_matches(given, allowed, n=1, cutoff=0.7) if isinstance(given, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _lines(config: type[Config], error: ValidationError) -> list[str]:
    found = error.errors()
    # pydantic counts only valid elements, and so finds an array short whose element it has refused already.
    inner = {details["loc"][:-1] for details in found}
    kept = [details for details in found if details["type"] != "too_short" or details["loc"] not in inner]
    return [line for details in kept for line in _one_line(config, details)]


def _one_line(config: type[Config], error: ErrorDetails) -> list[str]:
    where = ".".join(str(part) for part in error["loc"]) or "config"
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, ConfigError):
        return [f"{where}.{line}" for line in cause.lines]
    if error["type"] == "missing":
        return [f"{where}: this field is required"]
    if error["type"] == "extra_forbidden":
        hint = unknown_name(where, list(config.model_fields))
        return [f"{where} = {error['input']!r}: is not a field of {config.__name__}; {hint}"]
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("Tuple ")
    message = message.partition(" after validation")[0]
    if not error["loc"] and error["type"] == "value_error":
        return [message]
    if error["type"] == "literal_error":
        message += _near(error["input"], re.findall("'([^']*)'", message))
    return [f"{where} = {error['input']!r}: {message}"]
