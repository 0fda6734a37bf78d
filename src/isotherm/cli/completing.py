"""What the shell offers after TAB: names of studies, presets, runs, films, pictures, and the flags of a study."""

import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from isotherm.cli.options import STORE

_HELP = 70
"""Characters: what is longer would be broken into lines, of which shells make words."""

Offer = list[tuple[str, str]]
"""What may be completed to, each with its help."""


def study_names(incomplete: str) -> Offer:
    """Studies of the package and of installed packages, each with its title."""
    from isotherm.study.registry import STUDIES, find_study, registered

    offered = _fitting([(name, "") for name in registered()], incomplete)
    return [(name, find_study(name).title if name in STUDIES else "") for name, _ in offered]


def preset_names(ctx: Any, incomplete: str) -> Offer:
    """Presets of the study that stands on the line."""
    study = _study(ctx)
    return [] if study is None else _fitting([(name, "") for name in study.presets], incomplete)


def setting_words(ctx: Any, incomplete: str) -> Offer:
    """Flags of what the verb's first argument names, or the values that the flag before allows."""
    config = _config(ctx)
    if config is None:
        return []
    from isotherm.errors import shortened
    from isotherm.settings.fields import describe

    fields = {field.flag: field for field in describe(config)}
    if incomplete.startswith("-"):
        return _fitting([(flag, shortened(field.doc, _HELP)) for flag, field in fields.items()], incomplete)
    given = [word for word in ctx.params.get("settings") or () if word != "="]  # a word of its own in Bash
    last = fields.get(given[-1].replace("_", "-")) if given else None
    return [] if last is None else _fitting([(value, "") for value in _choices(last.annotation)], incomplete)


def run_names(ctx: Any, incomplete: str) -> Offer:
    """Folders of runs in the store; nothing is written for a TAB, so that the catalog is left alone."""
    from isotherm.study.store.folder import is_run

    store = Path(ctx.params.get("out") or STORE)
    try:
        found = sorted(path.name for path in store.iterdir() if is_run(path))
    except OSError:
        return []
    return _fitting([(name, "") for name in found], incomplete)


def video_names(incomplete: str) -> Offer:
    """Models and films."""
    from isotherm.pictures.fractal.config import FILM_TITLES
    from isotherm.pictures.lattice.config import TITLES

    return _fitting([*TITLES.items(), *FILM_TITLES.items()], incomplete)


def picture_names(incomplete: str) -> Offer:
    """Pictures, and the figures of the study."""
    from isotherm.pictures.from_study import still_names
    from isotherm.pictures.still_config import TITLES

    return _fitting([*TITLES.items(), *((name, "") for name in still_names())], incomplete)


def example_names(incomplete: str) -> Offer:
    """Models that come with the package."""
    from isotherm.data.examples import EXAMPLES

    return _fitting([(name, example.about) for name, example in EXAMPLES.items()], incomplete)


def _fitting(offered: Iterable[tuple[str, str]], incomplete: str) -> Offer:
    return [(name, about) for name, about in offered if name.startswith(incomplete)]


def _study(ctx: Any) -> Any:
    """The study named on the line, if it is registered: nothing of the user's is imported for a TAB."""
    from isotherm.study.registry import find_study, registered

    name = ctx.params.get("study") or next(iter(ctx.args), None)  # not parsed where an option lacks its value
    if name not in registered():
        return None
    try:
        return find_study(name)
    except ValueError:
        return None


def _config(ctx: Any) -> Any:
    if ctx.info_name == "run":
        study = _study(ctx)
        return None if study is None else study.config
    name = ctx.params.get("name")
    if ctx.info_name == "video":
        from isotherm.pictures.fractal.config import FILMS, FractalConfig
        from isotherm.pictures.lattice.config import VideoConfig

        return FractalConfig if name in FILMS else VideoConfig
    from isotherm.pictures.still_config import FRACTALS, MandelbrotConfig, PictureConfig

    return MandelbrotConfig if name in FRACTALS else PictureConfig


def _choices(annotation: Any) -> list[str]:
    """The words that a field takes, where these are few."""
    bare = annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation
    if get_origin(bare) is Literal:
        return [str(choice) for choice in get_args(bare)]
    if get_origin(bare) is tuple or get_origin(bare) in (Union, types.UnionType):
        return [choice for part in get_args(bare) for choice in _choices(part)]
    return {bool: ["true", "false"], types.NoneType: ["none"]}.get(bare, [])
