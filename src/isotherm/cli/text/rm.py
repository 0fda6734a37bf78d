"""What `isotherm rm` asks and says."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from isotherm.cli.text.settings import near
from isotherm.errors import printable


def question(paths: Sequence[Path], num_bytes: int) -> str:
    """What would go, before it does."""
    names = ", ".join(printable(near(path)) for path in paths)
    return f"delete {names}, {num_bytes / 1e6:.1f} MB?"


def print_removed(freed: Mapping[Path, int]) -> None:
    """A line a run, with the bytes that its files took."""
    for path, size in freed.items():
        print(f"deleted {printable(near(path))}, {size / 1e6:.1f} MB")  # noqa: T201
