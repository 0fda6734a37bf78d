"""`isotherm compare`: two runs, number by number."""

from typing import Annotated

import typer

from isotherm.cli.completing import run_names
from isotherm.cli.options import STORE, AsJson, Out, print_json


def compare(
    first: Annotated[str, typer.Argument(metavar="RUN", help="As for show.", autocompletion=run_names)],
    second: Annotated[str, typer.Argument(metavar="RUN", help="As for show.", autocompletion=run_names)],
    out: Out = STORE,
    as_json: AsJson = False,
) -> None:
    """Compare two runs, number by number.

    Shows the settings that differ, and every number that both have, with differences in standard errors.
    """
    from isotherm.cli.text.runs import print_tables
    from isotherm.study.run.archive import find_run, open_run
    from isotherm.study.run.compare import compare_runs, comparison_tables

    comparison = compare_runs(open_run(find_run(first, out)), open_run(find_run(second, out)))
    print_json(comparison) if as_json else print_tables(comparison_tables(comparison))
