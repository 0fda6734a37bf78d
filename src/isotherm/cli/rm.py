"""`isotherm rm`: a run deleted."""

import sys
from typing import Annotated

import typer

from isotherm.cli.completing import run_names
from isotherm.cli.options import STORE, AsJson, Out, print_json, say


def remove(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN ...",
            help="Id, start of an id, folder, or study (its newest).",
            autocompletion=run_names,
        ),
    ],
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    out: Out = STORE,
    as_json: AsJson = False,
) -> None:
    """Delete runs, each with all its files; asks first.

    A run that a process is working on is refused. Nothing brings a deleted run back but the command that made it.
    """
    from isotherm.cli.text.rm import print_removed, question
    from isotherm.errors import refusal
    from isotherm.study.run.archive import find_run
    from isotherm.study.run.removal import remove_run, size_of
    from isotherm.study.store.folder import RunFolder
    from isotherm.study.store.lock import is_held

    paths = list(dict.fromkeys(find_run(run, out) for run in runs))
    for path in paths:
        if is_held(RunFolder(path).lock):
            raise refusal("RUN", path.name, "is still running; end it first")
    if not is_sure:
        if not sys.stdin.isatty():
            raise refusal("RUN", paths[0].name, "is deleted only with --yes where nobody can be asked")
        if not typer.confirm(question(paths, sum(map(size_of, paths))), err=True):
            say("note", "nothing was deleted")
            raise typer.Exit(1)
    freed = {path: remove_run(path) for path in paths}
    if as_json:
        print_json({"removed": [{"path": str(path), "bytes": size} for path, size in freed.items()]})
    else:
        print_removed(freed)
