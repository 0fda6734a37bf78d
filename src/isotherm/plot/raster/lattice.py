"""Lattices on matplotlib axes: spins, Potts states, angles, arrows, vortices, and the wheel that reads their colours.

Rows of an array go upwards and columns to the right, angles turn counter-clockwise from the right. So a plaquette of
charge +1, wound along increasing columns first, looks like a vortex among the arrows, and one of -1 like a saddle.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle, Wedge

from isotherm.errors import refusal
from isotherm.plot.look import GRID, INK, PAPER, SOFT
from isotherm.plot.raster.cyclic import cyclic_palette
from isotherm.plot.style import RC

GroundName = Literal["dark", "light"]


class Ground(NamedTuple):
    """Colours of a picture's paper and of what is written on it."""

    paper: str
    panel: str
    ink: str
    soft: str
    line: str


GROUNDS: Mapping[GroundName, Ground] = {
    "dark": Ground("#000000", "#0c0f14", "#ffffff", "#b9c1cb", "#2b333d"),
    "light": Ground(PAPER, PAPER, INK, SOFT, GRID),
}
"""``dark`` as the published pictures are, ``light`` for paper."""


REACH = 1.25
"""Spins of this size would have a palette's very ends, which are near black; those of size 1 are brighter."""


def settings(ground: GroundName) -> dict[str, Any]:
    """Matplotlib's settings for a ground, for ``matplotlib.rc_context``."""
    look = GROUNDS[ground]
    inks = ("text.color", "axes.titlecolor")
    softs = ("axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor")
    papers = ("figure.facecolor", "savefig.facecolor")
    colours = (
        dict.fromkeys(inks, look.ink) | dict.fromkeys(softs, look.soft) | dict.fromkeys(papers, look.paper)
    )
    return {
        **RC,
        **colours,
        "axes.facecolor": look.panel,
        "grid.color": look.line,
        "axes.edgecolor": look.soft,
    }


def angle_colours(palette: str = "even") -> Colormap:
    """A cyclic palette: ``even`` in brightness, ``hsv`` as published, or any of matplotlib's by name.

    Raises:
        ValueError: naming an unknown palette.
    """
    if palette == "even":
        return ListedColormap(cyclic_palette(256) / 255.0, "even")
    return _known(palette)


def state_colours(num_states: int, palette: str = "tab10") -> Colormap:
    """A colour for each Potts state: the first ones of ``tab10``; evenly around the wheel if there are more."""
    known = _known(palette)
    if isinstance(known, ListedColormap) and known.N <= 20:
        if num_states <= known.N:
            return ListedColormap(known(np.arange(num_states)), palette)
        return ListedColormap(angle_colours()(np.arange(num_states) / num_states), "even")
    return ListedColormap(known(np.linspace(0, 1, num_states)), palette)


def draw_spins(axes: Axes, spins: np.ndarray, palette: str = "RdBu_r") -> AxesImage:
    """Ising spins, or means of them between -1 and 1.

    Args:
        axes: where; its ticks go.
        spins: ``(rows, columns)``.
        palette: of matplotlib's.
    """
    return _image(axes, spins, cmap=_known(palette), vmin=-REACH, vmax=REACH, interpolation="nearest")


def draw_states(axes: Axes, states: np.ndarray, num_states: int, palette: str = "tab10") -> AxesImage:
    """Potts states.

    Args:
        axes: where; its ticks go.
        states: values below ``num_states``, shape ``(rows, columns)``.
        num_states: how many there are.
        palette: of matplotlib's.
    """
    colours = state_colours(num_states, palette)
    return _image(axes, states, cmap=colours, vmin=-0.5, vmax=num_states - 0.5, interpolation="nearest")


def draw_angles(
    axes: Axes,
    angles: np.ndarray,
    palette: str = "even",
    interpolation: Literal["nearest", "bilinear"] = "nearest",
) -> AxesImage:
    """Angles as hues.

    Args:
        axes: where; its ticks go.
        angles: radians, shape ``(rows, columns)``.
        palette: see :func:`angle_colours`.
        interpolation: of colours, so that the seam at zero does not show.
    """
    colours = angle_colours(palette)(np.mod(angles / (2 * np.pi), 1.0))[..., :3]
    return _image(axes, colours, interpolation=interpolation, interpolation_stage="rgba")


def draw_arrows(
    axes: Axes,
    angles: np.ndarray,
    every: int = 1,
    colour: str | None = None,
    palette: str = "even",
    length: float = 0.9,
) -> None:
    """Spins as arrows centred on their sites.

    Args:
        axes: where; may hold :func:`draw_angles` already.
        angles: radians, shape ``(rows, columns)``.
        every: rows and columns from arrow to arrow, at least 1.
        colour: of all arrows; None: each by its angle.
        palette: see :func:`angle_colours`.
        length: in units of the distance between arrows.
    """
    start = (every - 1) // 2
    shown = angles[start::every, start::every]
    rows, columns = (np.arange(start, extent, every) for extent in angles.shape)
    colours = colour or angle_colours(palette)(np.mod(shown / (2 * np.pi), 1.0)).reshape(-1, 4)
    axes.quiver(
        *np.meshgrid(columns, rows),
        np.cos(shown),
        np.sin(shown),
        color=colours,
        pivot="mid",
        angles="xy",
        units="xy",
        scale_units="xy",
        scale=1 / (length * every),
        width=0.11 * every,
        headwidth=3.2,
        headlength=3.6,
        headaxislength=3.2,
        minlength=0,
        zorder=3,
    )
    frame(axes, angles.shape)


def draw_vortices(
    axes: Axes,
    charges: np.ndarray,
    shape: tuple[int, int],
    ground: GroundName = "dark",
    radius: float | None = None,
    stroke: float = 1.4,
) -> None:
    """Circles on vortices, crosses on antivortices, each in the middle of its plaquette and within the frame.

    A plaquette that joins the edges of a periodic lattice lies half at either edge, and so does its mark.

    Args:
        axes: where the lattice is drawn.
        charges: +1, 0 or -1 of the plaquette whose lower left corner is the site of the same index,
            ``(rows, columns)``, or one fewer along open dimensions.
        shape: of the lattice.
        ground: the marks are white on black edges, or black on white ones.
        radius: of the circles, in sites; by default what shows in a small panel.
        stroke: width of the marks' lines in points.
    """
    look = GROUNDS[ground]
    edge = [patheffects.withStroke(linewidth=2.2 * stroke, foreground=look.paper)]
    radius = max(0.42, max(shape) / 45) if radius is None else radius
    style = {"linewidths": stroke, "path_effects": edge, "zorder": 4}
    vortices, antivortices = (_middles(charges, sign, shape) for sign in (1, -1))
    width = np.full(len(vortices), 2 * radius)
    circles = EllipseCollection(
        width,
        width,
        np.zeros(len(vortices)),
        units="x",
        offsets=vortices,
        offset_transform=axes.transData,
        **style,
    )
    circles.set(facecolor="none", edgecolor=look.ink)
    arms = 0.8 * radius * np.array([[[-1, -1], [1, 1]], [[-1, 1], [1, -1]]])
    crosses = (antivortices[:, None, None] + arms[None]).reshape(-1, 2, 2)
    axes.add_collection(circles, autolim=False)
    axes.add_collection(LineCollection(list(crosses), colors=look.ink, **style), autolim=False)


def _middles(charges: np.ndarray, sign: int, shape: tuple[int, int]) -> np.ndarray:
    """Middles of the plaquettes of this charge as x and y, those across an edge on either side."""
    middles = np.argwhere(charges == sign)[:, ::-1] + 0.5
    for axis, extent in enumerate(reversed(shape)):
        beyond = middles[middles[:, axis] == extent - 0.5]
        middles = np.concatenate([middles, beyond - extent * np.eye(2)[axis]])
    return middles


def draw_wheel(axes: Axes, palette: str = "even", ground: GroundName = "dark") -> None:
    """The colours of all angles, around a ring with its quarters named, in axes of its own."""
    span = np.linspace(-1, 1, 512)
    turns = np.mod(np.arctan2(span[:, None], span[None]) / (2 * np.pi), 1.0)
    image = axes.imshow(
        angle_colours(palette)(turns), origin="lower", extent=(-1, 1, -1, 1), interpolation="bilinear"
    )
    image.set_clip_path(Wedge((0, 0), 1.0, 0, 360, width=0.42, transform=axes.transData))
    axes.set(xlim=(-1.75, 1.75), ylim=(-1.55, 1.55), aspect="equal")
    axes.set_axis_off()
    for quarter, text in enumerate(("0", "π/2", "π", "3π/2")):
        x, y = 1.3 * np.cos(quarter * np.pi / 2), 1.25 * np.sin(quarter * np.pi / 2)
        axes.text(x, y, text, ha="center", va="center", fontsize=9.0, color=GROUNDS[ground].ink)


def draw_key(axes: Axes, num_states: int, palette: str = "tab10", ground: GroundName = "dark") -> None:
    """A numbered swatch for each Potts state, in a row, in axes of its own."""
    for state, colour in enumerate(state_colours(num_states, palette)(np.arange(num_states))):
        axes.add_patch(Rectangle((state, 0), 0.8, 0.8, facecolor=colour, linewidth=0))
        axes.text(
            state + 0.4, -0.3, str(state), ha="center", va="top", fontsize=9.0, color=GROUNDS[ground].ink
        )
    axes.set(xlim=(-0.1, num_states - 0.1), ylim=(-1.4, 1.1), aspect="equal")
    axes.set_axis_off()


def frame(axes: Axes, shape: tuple[int, ...]) -> None:
    """Square cells, limits at the lattice's edges, no ticks; a thin frame."""
    axes.set(xlim=(-0.5, shape[1] - 0.5), ylim=(-0.5, shape[0] - 0.5), aspect="equal", xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.6)


def _image(axes: Axes, pixels: np.ndarray, **options: Any) -> AxesImage:
    image = axes.imshow(pixels, origin="lower", **options)
    frame(axes, pixels.shape)
    return image


def _known(palette: str) -> Colormap:
    if palette not in mpl.colormaps:
        raise refusal(
            "palette", palette, "must be even, or a palette of matplotlib's such as hsv or twilight"
        )
    return mpl.colormaps[palette]
