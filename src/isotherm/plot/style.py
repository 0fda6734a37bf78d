"""One look for all figures: sizes, fonts, and how series that have no look of their own are told apart."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex, to_rgb

from isotherm.plot.look import (
    GRID,
    INK,
    PAPER,
    SOFT,
    Look,
)

P = ParamSpec("P")
R = TypeVar("R")
Number = float | int | np.number

WIDTH = 9.0
"""Inches: fills the report's column at its resolution, and prints at three quarters on a page of text."""


RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.color": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.labelsize": 9.5,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": "#aab1ba",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": "#aab1ba",
    "ytick.color": "#aab1ba",
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 3.0,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "legend.handlelength": 2.8,
    "lines.dash_capstyle": "butt",
    "lines.solid_capstyle": "round",
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}


_MARKERS = "osD^vPX<>p"


def looks(names: Sequence[str], known: Mapping[str, Look] | None = None) -> dict[str, Look]:
    """The look of each series; those that are not ``known`` share a ramp from dark to light, in order."""
    known = known or {}
    others = [name for name in names if name not in known]
    shades = np.linspace(0.1, 0.82, max(len(others), 2))
    ramp = {
        name: Look(to_hex(mpl.colormaps["viridis"](shade)), "-", _MARKERS[i % len(_MARKERS)], 1.8, 2)
        for i, (name, shade) in enumerate(zip(others, shades, strict=False))
    }
    return {name: known.get(name) or ramp[name] for name in names}


def readable(colour: str) -> str:
    """The colour, darkened where needed for text on white."""
    red, green, blue = to_rgb(colour)
    lightness = 0.21 * red + 0.72 * green + 0.07 * blue
    factor = min(1.0, 0.42 / lightness) if lightness > 0 else 1.0
    return to_hex((red * factor, green * factor, blue * factor))


def number(value: Number, _position: int | None = None) -> str:
    """A number as on an axis: thousands apart, a true minus sign, no needless digits."""
    value = float(f"{value:.10g}")
    text = f"{value:,.0f}" if value == round(value) else f"{value:,g}"
    return text.replace("-0", "0", 1).replace("-", "−") if value == 0 else text.replace("-", "−")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under the one look; the caller's matplotlib settings stay as they are."""

    @functools.wraps(draw)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(RC):  # pyright: ignore[reportArgumentType]
            return draw(*args, **kwargs)

    return wrapped
