"""What the verb ``picture`` prints: names, settings, and what was made."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table as RichTable

from isotherm.cli.text.runs import computed
from isotherm.cli.text.settings import console, near, print_examples, print_settings
from isotherm.pictures.from_study import PUBLISHED, still_names
from isotherm.pictures.still_config import TITLES, MandelbrotConfig, PictureConfig
from isotherm.study.report.duration import duration

if TYPE_CHECKING:
    from isotherm.pictures.still import PictureReport
    from isotherm.study.run.session import Run

_EXAMPLES = (
    "isotherm picture ising-critical",
    "isotherm picture xy --size=64 --temperature=0.95 --overlay=vortices,arrows --out xy.png",
    "isotherm picture ising --lattice=triangular --coupling=-1 --temperature=0.5 --size=48",
    "isotherm picture potts --states=7 --beta=1.3 --ground=light",
    "isotherm picture potts-beta-1.50 --preset light",
    "isotherm picture mandelbrot-potential",
)


def print_pictures(preset: str = PUBLISHED) -> None:
    """One line a picture; the figures of the study by their names alone."""
    out = console()
    drawn = RichTable("picture", "what it shows", box=None, pad_edge=False)
    for name, title in TITLES.items():
        drawn.add_row(name, escape(title))
    out.print(drawn)
    out.print(f"\nFigures of the study phase-diagrams, preset {preset}:", style="bold", highlight=False)
    out.print("  " + ", ".join(still_names(preset)), markup=False, highlight=False)


def print_help() -> None:
    """Names, every setting with type, default, range and meaning, and examples."""
    out = console()
    usage = "isotherm picture NAME [--out FILE.png] [--config FILE.toml] [--FIELD=VALUE ...]"
    out.print(f"Usage: {usage}", markup=False)
    out.print(
        "\nOne state of a lattice model in equilibrium, by Swendsen-Wang; a published figure in equilibrium;"
    )
    out.print("or the Mandelbrot set, which is deterministic iteration, not sampling.\n")
    print_pictures()
    print_settings("Settings of the pictures of models", PictureConfig)
    print_settings("Settings of the Mandelbrot set", MandelbrotConfig)
    out.print("\nFigures of the study take --preset NAME, --store DIR [runs], --workers N and --device.")
    out.print(
        "They are kept in the store: only the first one takes long. `isotherm run phase-diagrams` sets more."
    )
    out.print("\n--out FILE.png: NAME.png here unless said. --json: one JSON object. --list: names.")
    print_examples(_EXAMPLES)


def print_picture(report: "PictureReport") -> None:
    """What is known of the picture, then the file."""
    _say([*report.notes, _file(report.path, report.num_bytes, report.seconds)])


def print_still(path: Path, run: "Run", num_bytes: int, seconds: float) -> None:
    """The file, the run that it was taken from, and when that was computed."""
    _say([_file(path, num_bytes, seconds), f"run: {near(run.path)}, {computed(run)}"])


def _file(path: Path, num_bytes: int, seconds: float) -> str:
    return f"picture: {near(path)}, {num_bytes / 1000:,.0f} kB, in {duration(seconds)}"


def _say(lines: list[str]) -> None:
    for line in lines:
        console().print(line, markup=False, highlight=False, soft_wrap=True)
