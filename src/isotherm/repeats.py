"""What comes twice. Standard library only."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


def first_repeated(items: Iterable[Item]) -> Item | None:
    """The first item that came before, in time proportional to their number; None where each comes once."""
    seen = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None
