"""`isotherm video`: films of lattice models and of the Mandelbrot set."""

from pathlib import Path
from typing import Annotated, Any

import typer

from isotherm.cli.completing import setting_words, video_names
from isotherm.cli.options import AsJson, own_options, print_json


def video(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A model or a preset.", autocompletion=video_names)
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SETTING", help="--FIELD=VALUE, any of a video's.", autocompletion=setting_words
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Settings from a file.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="NAME.mp4 unless said.")] = None,
    is_list: Annotated[bool, typer.Option("--list", help="Show the names.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a video of a lattice model, or of the Mandelbrot set (deterministic iteration, not sampling).

    `isotherm video --help` lists the settings. The file appears when it is whole.
    """
    from isotherm.errors import refusal
    from isotherm.pictures.fractal.config import FILM_TITLES, FILMS, FractalConfig, build_fractal
    from isotherm.pictures.lattice.config import TITLES, VideoConfig, build_config
    from isotherm.settings.config import unknown_name
    from isotherm.settings.layers import read_flags, read_toml

    if is_list:
        from isotherm.cli.text.film import print_videos

        print_json({"videos": {**TITLES, **FILM_TITLES}}) if as_json else print_videos()
        return
    if name is None or name.startswith("-"):
        raise ValueError(
            "NAME: comes first, as in `isotherm video xy-massive`; `isotherm video --list` shows all"
        )
    if name not in (known := [*TITLES, *FILM_TITLES]):
        raise refusal("NAME", name, f"is no model and no video; {unknown_name(name, known)}")
    file = read_toml(config) if config else {}
    if name in FILMS:
        flags = read_flags(FractalConfig, settings or [], own_options(video))
        _film(build_fractal(name, file, flags), name, out, as_json)
        return
    built = build_config(name, file, read_flags(VideoConfig, settings or [], own_options(video)))
    from isotherm.cli.text.film import print_report
    from isotherm.pictures.lattice.film import make_video, suffix_of

    report = make_video(built, out or Path(name + suffix_of(built)))
    print_json(report.to_json()) if as_json else print_report(report)


def _film(built: Any, name: str, out: Path | None, as_json: bool) -> None:
    from isotherm.cli.text.film import print_film
    from isotherm.pictures.fractal.film import make_film
    from isotherm.plot.movie.codecs import CODECS

    report = make_film(built, out or Path(name + CODECS[built.codec or "h264"].suffix))
    print_json(report.to_json()) if as_json else print_film(report)
