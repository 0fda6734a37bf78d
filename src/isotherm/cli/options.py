"""What the verbs share: options, and how things are said."""

import re
import sys
from collections.abc import Callable, Sequence
from inspect import signature
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.models import OptionInfo

LONGEST = 280
"""Characters of a line."""

_DEVICES = ("auto", "cpu", "gpu")


def one_of(words: Sequence[str]) -> Callable[[str], list[str]]:
    """What TAB completes to, where an option takes one of these words."""

    def fitting(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return fitting


Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="The store of runs.")]

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]

Device = Annotated[
    str,
    typer.Option(
        "--device", metavar="auto|cpu|gpu", help="Where JAX computes.", autocompletion=one_of(_DEVICES)
    ),
]

STORE = Path("runs")


def say(kind: str, message: str, longest: int = LONGEST) -> None:
    """One plain line on standard error, the middle of a long one left out: its end says what is allowed."""
    from isotherm.errors import printable, shortened

    line = shortened(printable(" ".join(message.split())), longest, head=longest // 2 - 5)
    print(f"{kind}: {line}", file=sys.stderr)  # noqa: T201


def own_options(verb: Callable[..., None]) -> list[str]:
    """The options that a verb has beside settings."""
    found = []
    for name, param in signature(verb).parameters.items():
        told = next(iter(getattr(param.annotation, "__metadata__", ())), None)
        if isinstance(told, OptionInfo):
            found += told.param_decls or ["--" + name.replace("_", "-")]
    return found


def print_json(value: Any) -> None:
    """One object on standard output."""
    from isotherm.errors import printable_json

    print(printable_json(value))  # noqa: T201


def study_of(name: str) -> Any:
    """The study; one of the user's own may lie in the working folder."""
    from isotherm.study.registry import find_study

    if ":" in name:
        see_working_folder()
    return find_study(name)


def see_working_folder() -> None:
    """Let what the user names be found there, as by ``python -m``."""
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))


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
