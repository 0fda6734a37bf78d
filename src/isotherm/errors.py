"""Refusals: one line that names the field, the value and what is allowed."""

MAX_SHOWN = 150
"""Characters of a value that a refusal shows; the middle of longer ones is left out."""


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
    return ValueError(f"{printable(field)} = {shown(value)}: {allowed}")


def wrong_kind(field: str, value: object, wanted: str) -> TypeError:
    """A ``TypeError`` that reads ``field = value: should be wanted``, for an argument of another kind.

    >>> raise wrong_kind("num_samples", "many", "a whole number")
    Traceback (most recent call last):
    TypeError: num_samples = 'many': should be a whole number, not a str
    """
    what = f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
    text = shown(value)
    is_plain = isinstance(value, str | bytes | int | float | complex | list | tuple | dict | set | None)
    return TypeError(f"{printable(field)} = {text if is_plain else what}: should be {wanted}, not {what}")


def shown(value: object) -> str:
    """A value in one line of at most :data:`MAX_SHOWN` characters, control characters escaped."""
    return shortened(printable(" ".join(repr(value).split())))


def shortened(text: str, limit: int = MAX_SHOWN) -> str:
    """A text of at most ``limit`` characters; the middle of a longer one is left out."""
    if len(text) <= limit:
        return text
    head = (limit - 5) * 2 // 3
    return f"{text[:head]} ... {text[len(text) - (limit - 5 - head) :]}"


def printable(text: str) -> str:
    """A text whose control characters are escaped, so that showing it cannot steer a terminal."""
    return "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode() for c in text)
