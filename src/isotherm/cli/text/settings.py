"""What all verbs print alike: settings, examples, paths."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from isotherm.settings.config import Config
from isotherm.settings.fields import describe

WIDTH = 120
"""Of what goes to a file or a pipe."""


def console() -> Console:
    """Standard output; a fixed width where it is no terminal, so that logs keep their tables."""
    out = Console()
    return out if out.is_terminal else Console(width=WIDTH)


def first_sentence(text: str) -> str:
    """Up to the first full stop."""
    return " ".join(text.split()).partition(". ")[0].rstrip(".") + "."


def print_settings(title: str, config: type[Config]) -> None:
    """Every flag of a config, with type, default, meaning and range."""
    drawn = RichTable("flag", "type", "default", "meaning", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for field in describe(config):
        meaning = field.doc + (f" [{field.allowed}]" if field.allowed else "")
        drawn.add_row(*map(escape, (field.flag, field.type, field.default, meaning)))
    console().print(f"\n{title}", style="bold")
    console().print(drawn)


def near(path: Path) -> str:
    """The path as seen from here, if it lies below."""
    whole, here = path.absolute(), Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(path)


def print_examples(examples: Sequence[str]) -> None:
    """Commands to try."""
    console().print("\nExamples", style="bold")
    for example in examples:
        console().print(f"  {example}", markup=False, highlight=False, soft_wrap=True)
