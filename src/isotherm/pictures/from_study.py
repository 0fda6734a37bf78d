"""The published stills: figures of the study phase-diagrams, out of the store or computed into it."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from isotherm.errors import refusal
from isotherm.pictures.still_config import FRACTALS, PICTURES
from isotherm.settings.config import unknown_name
from isotherm.studies.phases.config import PhaseDiagramsConfig
from isotherm.studies.phases.study import PhaseDiagrams
from isotherm.study.presets import build_config
from isotherm.study.run.executor import Pool

if TYPE_CHECKING:
    from isotherm.study.run.session import Run

PUBLISHED = "published"


def still_names(preset: str = PUBLISHED) -> list[str]:
    """Figures that the study draws with a preset, in its order.

    Raises:
        ValueError: naming an unknown preset.
    """
    config = _config(preset)
    names = ["ising-transition"] if "ising" in config.models else []
    for model in ("potts", "xy"):
        if model in config.models:
            names += [f"{model}-beta-{beta:.2f}" for beta in getattr(config, model).betas]
            names.append(f"{model}-diagram")
    if {"ising", "potts"} & set(config.models):
        names.append("stuck")
    return [*names, "showcase", "side-by-side", "summary"]


def find_kind(name: str, preset: str = PUBLISHED) -> str:
    """Whether a name is that of a ``picture``, sampled or iterated anew, or of a ``still``, a figure of the study.

    Raises:
        ValueError: naming an unknown name or preset.
    """
    known = [*PICTURES, *FRACTALS]
    if name in known:
        return "picture"
    stills = still_names(preset)
    if name not in stills:
        raise refusal("NAME", name, f"is no picture; {unknown_name(name, [*known, *stills])}")
    return "still"


def make_still(
    name: str, path: Path, preset: str, store: Path, pool: Pool, command: Sequence[str] = ()
) -> tuple["Run", int, float]:
    """Run the study, or find it finished in the store, and copy one of its figures.

    Args:
        name: one of :func:`still_names`.
        path: the file; replaced once the picture is whole.
        preset: of the study.
        store: where runs lie.
        pool: who computes.
        command: the command line that repeats it, for the records.

    Returns:
        The run, the bytes of the file, and the seconds it took.

    Raises:
        ValueError: naming what is refused, before any work.
        TaskError: if the work fails.
        InterruptedRunError: on Ctrl-C; finished work is kept.
    """
    from isotherm.files.content import write_atomic
    from isotherm.pictures.still import check_picture
    from isotherm.study.run.runner import run
    from isotherm.study.store.folder import FIGURES

    begun = time.perf_counter()
    check_picture(path)
    done = run(PhaseDiagrams(), _config(preset), store, pool=pool, preset=preset, command=command)
    content = (done.path / FIGURES / f"{name}.png").read_bytes()
    write_atomic(path, content)
    return done, len(content), time.perf_counter() - begun


def _config(preset: str) -> PhaseDiagramsConfig:
    config = build_config(PhaseDiagrams(), preset)
    assert isinstance(config, PhaseDiagramsConfig)
    return config
