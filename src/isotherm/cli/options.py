"""What the verbs share: options, and how things are said."""

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

LONGEST = 280
"""Characters of a line."""

_DEVICES = ("auto", "cpu", "gpu")

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The store of runs.")]

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]

STORE = Path("runs")


def say(kind: str, message: str, longest: int = LONGEST) -> None:
    """One plain line on standard error, the middle of a long one left out: its end says what is allowed."""
    from isotherm.errors import printable, shortened

    line = shortened(printable(" ".join(message.split())), longest, head=longest // 2 - 5)
    print(f"{kind}: {line}", file=sys.stderr)  # noqa: T201


def print_json(value: Any) -> None:
    """One object on standard output."""
    from isotherm.errors import printable_json

    print(printable_json(value))  # noqa: T201


def study_of(name: str) -> Any:
    """The study; one of the user's own may lie in the working folder."""
    from isotherm.study.registry import find_study

    if ":" in name and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    return find_study(name)


def pool_of(workers: str, device: str) -> Any:
    """The worker processes that flags ask for."""
    from isotherm.errors import refusal
    from isotherm.study.run.executor import Pool

    if device not in _DEVICES:
        raise refusal("device", device, f"should be one of {', '.join(_DEVICES)}")
    if workers == "auto":
        return Pool(None, device)
    if not re.fullmatch("0*[1-9][0-9]{0,3}", workers):
        raise refusal("workers", workers, "should be auto or a whole number, at least 1 and below 10000")
    return Pool(int(workers), device)
