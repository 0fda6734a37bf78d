"""`isotherm picture`: pictures of lattice models and of the Mandelbrot set."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from isotherm.cli.completing import picture_names, setting_words
from isotherm.cli.options import LONGEST, STORE, AsJson, Device, own_options, pool_of, print_json, say


def picture(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="A model, a picture or a study's figure.", autocompletion=picture_names
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SETTING", help="--FIELD=VALUE, any of a picture's.", autocompletion=setting_words
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Settings from a file.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.png", help="NAME.png unless said.")] = None,
    preset: Annotated[str, typer.Option(metavar="NAME", help="Of the study, for its figures.")] = "published",
    store: Annotated[
        Path, typer.Option(metavar="DIR", help="The store of runs, for a study's figures.")
    ] = STORE,
    workers: Annotated[
        str, typer.Option(metavar="N", help="Worker processes of the study, or auto.")
    ] = "auto",
    device: Device = "auto",
    is_list: Annotated[bool, typer.Option("--list", help="Show the names.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a picture of a lattice model in equilibrium, or of the Mandelbrot set (iteration, not sampling).

    `isotherm picture --help` lists the settings. The file appears when it is whole.
    """
    from isotherm.pictures.from_study import find_kind, still_names
    from isotherm.pictures.still_config import (
        FRACTALS,
        TITLES,
        MandelbrotConfig,
        PictureConfig,
        build_picture,
    )
    from isotherm.settings.layers import read_flags, read_toml

    if is_list:
        from isotherm.cli.text.still import print_pictures

        listed = {"pictures": dict(TITLES), "figures": still_names(preset)}
        print_json(listed) if as_json else print_pictures(preset)
        return
    if name is None or name.startswith("-"):
        raise ValueError(
            "NAME: comes first, as in `isotherm picture ising-critical`; `isotherm picture --list` shows all"
        )
    path = out or Path(name + ".png")
    if find_kind(name, preset) == "still":
        given = [*(settings or []), *(["--config"] if config else [])]
        _copy_still(name, given, path, preset, store, pool_of(workers, device), as_json)
    else:
        kind = MandelbrotConfig if name in FRACTALS else PictureConfig
        flags = read_flags(kind, settings or [], own_options(picture))
        _draw_picture(build_picture(name, read_toml(config) if config else {}, flags), path, as_json)


def _copy_still(
    name: str, settings: list[str], out: Path, preset: str, store: Path, pool: Any, as_json: bool
) -> None:
    from isotherm.cli.text.still import print_still
    from isotherm.errors import refusal
    from isotherm.pictures.from_study import make_still

    if settings:
        allowed = (
            f"{name} is a figure of the study phase-diagrams; it takes --preset, and a run of it any setting"
        )
        raise refusal("SETTING", settings[0], allowed)
    run, size, seconds = make_still(name, out, preset, store, pool, ["isotherm", *sys.argv[1:]])
    found = {"path": str(out), "bytes": size, "seconds": round(seconds, 3), "run": str(run.path)}
    found |= {"computed": run.facts["finished"], "shown_again": run.is_again}
    print_json(found) if as_json else print_still(out, run, size, seconds)


def _draw_picture(built: Any, out: Path, as_json: bool) -> None:
    from isotherm.cli.text.still import print_picture
    from isotherm.pictures.still import make_picture

    report = make_picture(built, out)
    if not report.is_settled:
        say("warning", report.notes[-1], 4 * LONGEST)
    print_json(report.to_json()) if as_json else print_picture(report)
