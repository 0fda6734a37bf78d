"""What the verb ``video`` prints: names, settings, and what a run made."""

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table as RichTable

from isotherm.cli.text.settings import console, near, print_examples, print_settings
from isotherm.pictures.fractal.config import FILM_TITLES, FILMS, FractalConfig
from isotherm.pictures.lattice.config import PRESETS, TITLES, VideoConfig
from isotherm.study.report.duration import duration

if TYPE_CHECKING:
    from isotherm.pictures.fractal.film import FilmReport
    from isotherm.pictures.lattice.film import Stretch, VideoReport

_EXAMPLES = (
    "isotherm video xy-massive",
    "isotherm video xy-massive --size=64 --frames=120 --codec=h264 --out smoke.mp4",
    "isotherm video ising --size=256 --ramp=4:1:4 --frames=600 --overlay=plot --out ramp.mp4",
    "isotherm video potts --states=7 --beta=1.4 --pixels=512 --out potts.gif",
    "isotherm video ising --lattice=honeycomb --size=96 --beta=0.8 --out honeycomb.mp4",
    "isotherm video mandelbrot-zoom --frames=60 --pixels=640 --out zoom.mp4",
)


def print_videos() -> None:
    """One line a preset: its name and what it shows."""
    drawn = RichTable("video", "size", "frames", "what it shows", box=None, pad_edge=False)
    for name, title in TITLES.items():
        config = VideoConfig(**PRESETS[name])
        rows, columns = config.rows_columns
        drawn.add_row(name, f"{rows} × {columns}", f"{config.frames:,} at {config.fps}", escape(title))
    for name, title in FILM_TITLES.items():
        config = FractalConfig(**FILMS[name])
        drawn.add_row(name, "", f"{config.frames:,} at {config.fps}", escape(title))
    console().print(drawn)


def print_help() -> None:
    """Presets, every setting with type, default, range and meaning, and examples."""
    out = console()
    out.print(
        "Usage: isotherm video NAME [--out FILE] [--config FILE.toml] [--FIELD=VALUE ...]", markup=False
    )
    out.print("\nVideos of lattice models, sampled, drawn and encoded as they go; and of the Mandelbrot set,")
    out.print("which is deterministic iteration, not sampling.\n")
    print_videos()
    print_settings("Settings", VideoConfig)
    print_settings("Settings of mandelbrot-zoom and mandelbrot-emergence", FractalConfig)
    out.print(
        "\n--out FILE: .mp4, .webm or .gif; NAME.mp4 here unless said. --json: one JSON object. --list: names."
    )
    print_examples(_EXAMPLES)


def print_film(report: "FilmReport") -> None:
    """What a film of the Mandelbrot set is, and its file."""
    config, out = report.config, console()
    rows, columns = config.shape
    size = f"{report.num_bytes / 1e6:.1f} MB, in {duration(report.seconds)}"
    lines = [
        f"The Mandelbrot set, {config.film}: deterministic iteration, not sampling; {config.depth:,} iterations.",
        f"{config.frames:,} frames of {columns} × {rows} at {config.fps} a second, {size}",
        f"video: {near(report.path)}",
    ]
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def print_report(report: "VideoReport") -> None:
    """The physics first, then the file."""
    config, out = report.config, console()
    lines = list(report.notes)
    sweeps = (config.frames - 1) * config.sweeps_per_frame
    before = f" after {config.warmup:,} of warm-up" if config.warmup else ""
    lines.append(f"{sweeps:,} sweeps of {_sites(config)}{before}, {config.boundary} boundaries.")
    lines += [_stretch(stretch) for stretch in report.stretches]
    if report.vortices is not None:
        (plus, minus), (plus_end, minus_end) = report.vortices
        lines.append(
            f"Vortices + antivortices: {plus:,} + {minus:,} at the start, {plus_end:,} + {minus_end:,} at the end."
        )
    rate = config.frames / report.seconds
    height, width = report.shape
    frames = f"\n{config.frames:,} frames of {width} × {height} at {config.fps} a second"
    lines.append(
        f"{frames}, {report.num_bytes / 1e6:.1f} MB, in {duration(report.seconds)} ({rate:.1f} frames/s)"
    )
    lines.append(f"video: {near(report.path)}")
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _sites(config: VideoConfig) -> str:
    rows, columns = config.rows_columns
    if config.lattice == "cubic":
        return f"{config.size} × {rows} × {columns} sites"
    named = "" if config.lattice == "square" else f" of a {config.lattice} lattice"
    return f"{rows} × {columns} sites{named}"


def _stretch(stretch: "Stretch") -> str:
    begin, end = stretch.temperatures
    frames = f"frames {stretch.first + 1:,} to {stretch.last + 1:,}"
    if begin != end:
        return f"Energy a site, {frames}, T from {begin:.3f} to {end:.3f}: mean {stretch.energy:.4f}."
    error = "" if stretch.error is None else f" ± {stretch.error:.4f}"
    exact = "" if stretch.exact is None else f"; equilibrium {stretch.exact:.4f} (Onsager, infinite lattice)"
    doubt = ", still relaxing" if stretch.is_settled is False else ""
    return f"Energy a site at T = {begin:.4g}, {frames}: {stretch.energy:.4f}{error}{doubt}{exact}."
