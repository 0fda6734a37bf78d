"""`isotherm show`: a finished run again."""

from typing import Annotated

import typer

from isotherm.cli.completing import run_names
from isotherm.cli.options import STORE, AsJson, Out, print_json


def show_run(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="Id, start of an id, folder, or study (its newest).", autocompletion=run_names
        ),
    ],
    out: Out = STORE,
    as_json: AsJson = False,
) -> None:
    """Show a finished run again.

    Its files are verified first; what does not match its digest is set aside and made again. Of a study that is
    not registered here, the stored numbers are shown, and nothing in the folder is imported or changed.
    """
    from isotherm.cli.text.runs import print_run
    from isotherm.study.run.archive import find_run, open_run

    found = open_run(find_run(run, out))
    print_json(found.to_json()) if as_json else print_run(found)
