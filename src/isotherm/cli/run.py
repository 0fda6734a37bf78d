"""`isotherm run`: run a study, or resume it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from isotherm.cli.completing import preset_names, setting_words, study_names
from isotherm.cli.options import STORE, AsJson, Device, Out, own_options, pool_of, print_json, say, study_of


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
    begun_with = preset or found.preset_of(values.settings())
    command = ["isotherm", *sys.argv[1:]]
    done = run(found, values, out, pool=pool, preset=begun_with, command=command)
    print_json(done.to_json()) if as_json else print_run(done)
    failures = found.failures(values, done.metrics)
    for line in failures:
        say("failed", line)
    if failures:
        raise typer.Exit(1)
