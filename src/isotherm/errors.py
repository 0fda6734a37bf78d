"""Refusals: one line that names the field, the value and what is allowed."""


def refusal(field: str, value: object, allowed: str) -> ValueError:
    """A ``ValueError`` that reads ``field = value: allowed``.

    Args:
        field: the argument or config field at fault.
        value: what was given; shown by ``repr``.
        allowed: what is allowed, and how to mend it where that is not plain.

    Returns:
        The exception, to be raised by the caller.

    >>> raise refusal("size", 63, "should be even")
    Traceback (most recent call last):
    ValueError: size = 63: should be even
    """
    return ValueError(f"{field} = {value!r}: {allowed}")
