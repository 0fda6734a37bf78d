"""Settings from TOML files and from flags, and how one layer goes over another.

Flags are read here rather than by a parser generator: a flag's text becomes the value its field's type
asks for, or stays text, and the config itself then refuses it in its own words. So Python, TOML and the
command line say the same about the same mistake.
"""

import re
import tomllib
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from isotherm.errors import refusal
from isotherm.files.place import read_named, why_unread
from isotherm.settings.config import Config, unknown_name
from isotherm.settings.fields import FieldDoc, describe

MAX_TOML = 1 << 20
"""Most bytes of a file of settings."""

MAX_LEVELS = 20
"""Most tables and arrays within each other."""

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DEEP_KEY = re.compile(rf"(?<![A-Za-z0-9_-]){_KEY}(?:[ \t]*\.[ \t]*{_KEY}){{{MAX_LEVELS}}}")
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(
    r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,5})?|[+-]?(inf|infinity|nan)", re.ASCII | re.IGNORECASE
)
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def read_toml(path: Path) -> dict[str, Any]:
    """The fields a TOML file sets.

    Raises:
        ValueError: if it cannot be read or is no TOML.
    """
    try:
        text = read_named(path, MAX_TOML).decode("utf-8")
    except OSError as error:
        raise refusal("config", str(path), why_unread(error)) from None
    except ValueError:
        raise refusal("config", str(path), "is no text in UTF-8") from None
    if _DEEP_KEY.search(text):  # tomllib takes memory by the square of them
        raise refusal("config", str(path), f"has too many levels; at most {MAX_LEVELS} are read")
    try:
        found = tomllib.loads(text)
    except RecursionError:
        found = None
    except ValueError as error:
        raise refusal("config", str(path), f"is not valid TOML: {str(error).splitlines()[0]}") from None
    if found is None or not _is_shallow(found):
        raise refusal("config", str(path), f"has too many levels; at most {MAX_LEVELS} are read")
    return found


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_LEVELS + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return not level


def merge(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """Values of both, the upper ones winning; tables are merged in depth."""
    merged = dict(lower)
    for name, value in upper.items():
        below = merged.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            value = merge(below, value)
        merged[name] = value
    return merged


def read_flags(config: type[Config], arguments: Sequence[str], beside: Sequence[str] = ()) -> dict[str, Any]:
    """Values by field from ``--field=value``, ``--field value`` or ``--field value value ...``.

    Sequences take several values, with commas or spaces between; ``--field`` alone is ``true``.

    Args:
        config: whose fields the flags are.
        arguments: words of the command line.
        beside: other options of the command, which may have been meant where a flag is unknown.

    Raises:
        ValueError: if a flag is no field of the config or lacks its value.
    """
    fields = {field.flag: field for field in describe(config)}
    values: dict[str, Any] = {}
    for flag, texts in _grouped(arguments):
        field = fields.get(flag.replace("_", "-"))
        if field is None:
            raise refusal("flag", flag, f"is no setting here; {unknown_name(flag, [*fields, *beside])}")
        _put(values, field.name.split("."), _value(field, texts))
    return values


def _grouped(arguments: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each flag with the words that follow it; a negative number is no flag."""
    groups: list[tuple[str, list[str]]] = []
    for word in arguments:
        if re.match(r"--[A-Za-z]", word):
            flag, sign, value = word.partition("=")
            groups.append((flag, [value] if sign else []))
        elif groups and not re.match(r"-[A-Za-z]", word):
            groups[-1][1].append(word)
        else:
            raise refusal("argument", word, "is not understood; settings are written --field=value")
    return groups


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
    values[path[-1]] = value


def _value(field: FieldDoc, texts: list[str]) -> Any:
    sequence = _sequence(field.annotation)
    if sequence is not None:
        if not texts:
            raise ValueError(f"{field.name}: needs values, as in {field.flag}={field.default or 'a,b'}")
        return tuple(_scalar(sequence, word) for word in _words(field, texts))
    if not texts and _bare(field.annotation) is bool:
        return True
    if len(texts) != 1:
        problem = "needs a value" if not texts else f"takes one value, got {len(texts)}"
        raise ValueError(f"{field.name}: {problem}, as in {field.flag}={field.default or 'value'}")
    return _scalar(field.annotation, texts[0])


def _words(field: FieldDoc, texts: list[str]) -> list[str]:
    """Values between commas and spaces; a comma may end a word, but nothing may be missing between two."""
    words = []
    for text in texts:
        parts = [part.strip() for part in text.removesuffix(",").split(",")]
        if len(parts) > 1 and "" in parts:
            raise refusal(field.name, text, "a value is missing beside a comma")
        words += [part for part in parts if part]
    return words


def _sequence(annotation: Any) -> Any:
    """The type of a sequence's elements, or ``None`` if this is no sequence."""
    bare = _bare(annotation)
    if get_origin(bare) is tuple:
        return get_args(bare)[0]
    if get_origin(bare) in (Union, types.UnionType):
        return next((found for one in get_args(bare) if (found := _sequence(one)) is not None), None)
    return None


def _bare(annotation: Any) -> Any:
    return annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation


def _scalar(annotation: Any, text: str) -> Any:
    """The value that the type reads from the text; the text itself if it reads none."""
    bare = _bare(annotation)
    if get_origin(bare) in (Union, types.UnionType):
        readings = (_scalar(one, text) for one in get_args(bare))
        return next((value for value in readings if not isinstance(value, str)), text)
    if get_origin(bare) is Literal:
        return next((choice for choice in get_args(bare) if str(choice) == text), text)
    if bare is bool:
        return _WORDS.get(text.lower(), text)
    if bare is types.NoneType:
        return None if text.lower() == "none" else text
    if bare in (int, float):
        pattern = _WHOLE if bare is int else _DECIMAL
        return bare(text) if pattern.fullmatch(text) else text
    return text
