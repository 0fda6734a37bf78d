"""`isotherm open`: a run's report in the browser."""

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from isotherm.cli.completing import run_names
from isotherm.cli.options import STORE, Out, say


def open_report(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="Id, start of an id, folder, or study (its newest).",
            autocompletion=run_names,
        ),
    ],
    out: Out = STORE,
) -> None:
    """Open a run's report in the browser; its path is printed, and no more where there is no browser.

    The report is shown as it lies there, the run is not verified: `isotherm show RUN` does that.
    """
    from isotherm.errors import refusal
    from isotherm.study.run.archive import find_run
    from isotherm.study.store.folder import REPORT, RunFolder

    folder = RunFolder(find_run(run, out))
    if not folder.place.has(REPORT) or folder.place.fault(REPORT):
        allowed = "has no report yet; the same command again finishes a run, and isotherm show mends one"
        raise refusal("RUN", folder.path.name, allowed)
    report = folder.path / REPORT
    print(report)  # noqa: T201
    if not _is_seen() or not webbrowser.open(report.as_uri()):
        say("note", "no browser was found; open the file printed above in one")


def _is_seen() -> bool:
    """Whether anybody sits before a screen: a browser of the text kind would take the terminal."""
    if sys.platform == "darwin" or os.name == "nt" or "BROWSER" in os.environ:
        return True
    return (
        any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
        or Path("/proc/sys/fs/binfmt_misc/WSLInterop").exists()
    )
