"""`isotherm run`: run a study, or resume it."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from isotherm.cli.completing import preset_names, setting_words, study_names
from isotherm.cli.options import (
    STORE,
    AsJson,
    Device,
    Out,
    own_options,
    pool_of,
    print_json,
    say,
    see_working_folder,
    study_of,
)


def run_study(
    study: Annotated[
        str,
        typer.Argument(metavar="STUDY", help="A study's name, or module:Class.", autocompletion=study_names),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SETTING", help="--FIELD=VALUE, any of the study's.", autocompletion=setting_words
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The settings to begin with.", autocompletion=preset_names),
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Settings from a file.")] = None,
    out: Out = STORE,
    workers: Annotated[
        str, typer.Option(metavar="N", help="Worker processes, or auto: one a core.")
    ] = "auto",
    device: Device = "auto",
    is_again: Annotated[
        bool,
        typer.Option("--again", help="Compute anew what is finished; the earlier run is kept in earlier/."),
    ] = False,
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be done, and compute nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a study, or resume it.

    `isotherm run STUDY --help` lists the study's settings, with ranges. Finished work is kept: the same
    command takes up an interrupted run, and shows a finished one again.
    """
    if study.startswith("-"):
        raise ValueError("STUDY: comes first, as in `isotherm run routing`; `isotherm list` shows them all")
    from isotherm.cli.text.runs import print_run
    from isotherm.settings.layers import read_flags
    from isotherm.study.presets import build_config
    from isotherm.study.run.runner import run

    found, pool = study_of(study), pool_of(workers, device)
    values = build_config(
        found, preset, config, read_flags(type(found).config, settings or [], own_options(run_study))
    )
    if found.modules(values):
        see_working_folder()
    begun_with = preset or found.preset_of(values.settings())
    if is_dry:
        _tell_plan(found, values, out, as_json)
        return
    command = ["isotherm", *(word for word in sys.argv[1:] if word != "--again")]
    done = run(found, values, out, pool=pool, preset=begun_with, command=command, is_fresh=is_again)
    print_json(done.to_json()) if as_json else print_run(done)
    failures = found.failures(values, done.metrics)
    for line in failures:
        say("failed", line)
    if failures:
        raise typer.Exit(1)


def _tell_plan(study: Any, config: Any, out: Path, as_json: bool) -> None:
    from isotherm.cli.text.plan import plan_json, print_plan
    from isotherm.study.run.runner import plan

    found = plan(study, config, out)
    print_json(plan_json(study, config, found)) if as_json else print_plan(study, config, found)
