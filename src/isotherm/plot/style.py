"""One look for all figures: sizes, fonts, and a fixed colour, line and marker for each agent.

The routers carry colour, the bandits are muted, the floor is a thin dark dashed line. Hues differ in lightness and
every line also in its dashes and marker, so that they stay apart without colour.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex, to_rgb

P = ParamSpec("P")
R = TypeVar("R")
Number = float | int | np.number
Dashes = Literal["-"] | tuple[float, tuple[float, ...]]

WIDTH = 9.0
"""Inches: fills the report's column at its resolution, and prints at three quarters on a page of text."""

INK, SOFT, GRID, PAPER = "#1d2530", "#5c6875", "#e4e7eb", "#ffffff"
ACCENT, STRONG = "#c8401f", "#1f5a96"

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


class Look(NamedTuple):
    """How one series looks in every figure; series of a higher rank are drawn over those of a lower."""

    colour: str
    line: Dashes = "-"
    marker: str = "o"
    width: float = 1.4
    rank: int = 0


_DASH: Dashes = (0, (5, 1.8))
_DOT: Dashes = (0, (1.2, 1.2))
_DASH_DOT: Dashes = (0, (6, 1.5, 1.2, 1.5))
_DASH_DOTS: Dashes = (0, (6, 1.5, 1.2, 1.5, 1.2, 1.5))
_LONG: Dashes = (0, (9, 2))

LOOKS = {
    "epsilon-greedy": Look("#84888b", _DASH, "v"),
    "epsilon-greedy-labels": Look("#4f545b", _DOT, "1"),
    "thompson": Look("#c1a8d8", _DOT, "<", 1.7),
    "thompson-labels": Look("#7d69a8", _DASH, "2"),
    "thompson-stationary": Look("#8533bf", _DOT, "p", 1.8, 2),
    "ucb": Look("#bda054", _DASH_DOT, "X"),
    "linucb": Look("#9ccdab", _DASH_DOTS, ">"),
    "winner-counts": Look("#1e8b53", _DASH_DOT, "^", 1.8, 3),
    "ising": Look(STRONG, "-", "s", 2.0, 4),
    "ising-exact": Look("#649eec", _LONG, "P", 1.7, 3),
    "ising-no-clamping": Look("#d970aa", _DASH, "d", 1.7, 2),
    "ising-no-couplings": Look("#dab93f", _DASH_DOT, "h", 1.7, 2),
    "ising-no-damping": Look("#86b070", _LONG, "p", 1.7, 2),
    "joint": Look(ACCENT, "-", "o", 2.3, 6),
    "floor": Look(INK, (0, (3, 2)), "_", 1.1, 7),
    # learners of the generative proof
    "published": Look(STRONG, "-", "s", 2.0, 4),
    "averaged": Look(ACCENT, "-", "o", 2.3, 6),
    "untrained": Look("#9aa1a9", _DOT, "X", 1.4, 0),
}
"""The look of each agent and learner by its id."""

BANDITS = ("epsilon-greedy", "epsilon-greedy-labels", "thompson", "thompson-labels", "ucb", "linucb")
_MARKERS = "osD^vPX<>p"


def looks(names: Sequence[str]) -> dict[str, Look]:
    """The look of each series; those that have none of their own share a ramp from dark to light, in order."""
    others = [name for name in names if name not in LOOKS]
    shades = np.linspace(0.1, 0.82, max(len(others), 2))
    ramp = {
        name: Look(to_hex(mpl.colormaps["viridis"](shade)), "-", _MARKERS[i % len(_MARKERS)], 1.8, 2)
        for i, (name, shade) in enumerate(zip(others, shades, strict=False))
    }
    return {name: LOOKS.get(name) or ramp[name] for name in names}


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
