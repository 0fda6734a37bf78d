"""Refusals of one line that name the field, the value and what is allowed; text of any origin, made fit to show."""

import json
import re
import unicodedata
from typing import Any

LONGEST = 299
"""Characters that a refusal keeps to, as far as the value can be shortened; what is allowed is told in full."""

MAX_SHOWN = 150
"""Characters of a value, or of a field, that a refusal shows."""

MIN_SHOWN = 40
"""Characters of a value that are shown however much else there is to say."""

_PLAIN = (str, bytes, int, float, complex, list, tuple, dict, set, type(None))


def refusal(field: str, value: object, allowed: str) -> ValueError:
    """A ``ValueError`` that reads ``field = value: allowed``.

    Args:
        field: the argument or config field at fault.
        value: what was given; shown by ``repr``, long ones shortened.
        allowed: what is allowed, and how to mend it where that is not plain.

    Returns:
        The exception, to be raised by the caller.

    >>> raise refusal("size", 63, "should be even")
    Traceback (most recent call last):
    ValueError: size = 63: should be even
    """
    return ValueError(_line(field, value, allowed))


def wrong_kind(field: str, value: object, wanted: str, mend: str = "") -> TypeError:
    """A ``TypeError`` that reads ``field = value: should be wanted``, for an argument of another kind.

    >>> raise wrong_kind("num_samples", "many", "a whole number")
    Traceback (most recent call last):
    TypeError: num_samples = 'many': should be a whole number, not a str
    """
    what = f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
    after = f"; {mend}" if mend else ""
    if isinstance(value, _PLAIN):
        return TypeError(_line(field, value, f"should be {wanted}, not {what}{after}"))
    return TypeError(_line(field, _Said(what), f"should be {wanted}{after}"))


class _Said:
    """Words that stand for a value."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words


def _line(field: str, value: object, allowed: str) -> str:
    field, allowed = shortened(_single(field)), _single(allowed)
    room = LONGEST - len(field) - len(" = : ") - len(allowed)
    text = shortened(shown(value), max(MIN_SHOWN, min(MAX_SHOWN, room)))
    return f"{field} = {text}: {allowed}"


def shown(value: object) -> str:
    """A value in one line of at most :data:`MAX_SHOWN` characters, control characters escaped."""
    try:
        text = repr(value)
    except Exception:  # a whole number of more digits than Python writes, or somebody's broken __repr__
        text = f"a {type(value).__name__} that cannot be written"
    return shortened(printable(" ".join(text.split())))


def shortened(text: str, limit: int = MAX_SHOWN, head: int | None = None) -> str:
    """A text of at most ``limit`` characters; the middle of a longer one is left out.

    Args:
        text: of any length.
        limit: more than five.
        head: characters of its beginning that are kept; by default two thirds of all.
    """
    if len(text) <= limit:
        return text
    head = (limit - 5) * 2 // 3 if head is None else head
    return f"{text[:head]} ... {text[len(text) - (limit - 5 - head) :]}"


def _single(text: str) -> str:
    """A text in one line that cannot steer a terminal."""
    return printable(text).replace("\n", "\\n")


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
