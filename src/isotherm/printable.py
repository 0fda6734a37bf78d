"""Text of unknown origin, made fit for a terminal or a page."""

import json
import re
import unicodedata
from typing import Any


def printable(text: str, most: int | None = None) -> str:
    r"""The text with control characters escaped, so that it can neither move a cursor nor hide what it says.

    Escaped are control and format characters (terminal escapes, changes of writing direction), lone
    surrogates, private and unassigned code points, and separators of lines and paragraphs, except the plain
    line feed. Spaces of every width stay.

    Args:
        text: anything.
        most: if given, at most so many characters are kept, the rest told by an ellipsis.

    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if most is not None and len(text) > most:
        text = text[: most - 1] + "…"
    if text.isprintable():
        return text
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isprintable() or character == "\n" or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")


def printable_json(value: Any) -> str:
    """One line of JSON in which nothing but printable characters stands; others are escaped as JSON escapes them.

    Raises:
        ValueError: if a number is not finite.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if text.isprintable() else re.sub(r"[^ -~]", _as_json, text)


def _as_json(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]
