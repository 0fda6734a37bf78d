"""One state of a lattice model, filling its picture: whole pixels for each site, a line or two above."""

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from isotherm.plot.raster import lattice
from isotherm.plot.raster.cells import paint_cells

_MARGIN, _HEAD, _WIDTH = 24, 96, 1024
"""Pixels around the lattice and above it, where it is this wide; more or fewer in proportion."""

WARNING = "#ff5b5b"
"""Colour of what a reader must not miss, on either ground."""

_LEAST = 0.62
_ARROWS, _MARKS = 32, 110
"""Arrows along the longer side, and radii of marks, at least: those in small panels are larger."""


class Still(NamedTuple):
    """What is drawn, and how.

    Attributes:
        values: spins, states or angles in radians, shape ``(rows, columns)``.
        num_states: of Potts states; None for spins and angles.
        is_angular: whether values are angles.
        charges: of plaquettes, see :func:`isotherm.plot.raster.lattice.draw_vortices`; None: not drawn.
        has_arrows: whether angles are drawn as arrows over their hues.
        title: the model.
        line: its size and temperature.
        cell: pixels of a site's side.
        ground: of the picture.
        palette: of matplotlib's or ``even``; None: the usual one of the model.
        warning: what keeps the state from being what the title says; empty for nothing.
        cells: the site of each pixel, where sites are no squares, see :func:`isotherm.plot.raster.cells.cell_map`.
    """

    values: np.ndarray
    num_states: int | None
    is_angular: bool
    charges: np.ndarray | None
    has_arrows: bool
    title: str
    line: str
    cell: int
    ground: lattice.GroundName
    palette: str | None
    warning: str = ""
    cells: np.ndarray | None = None


def draw_still(still: Still) -> Figure:
    """The lattice below its title, and for angles the wheel that reads their colours.

    Returns:
        A figure to be saved at its own resolution, then sites are whole pixels.

    Raises:
        ValueError: naming an unknown palette.
    """
    height, width = (
        (still.cell * extent for extent in still.values.shape) if still.cells is None else still.cells.shape
    )
    scale = max(width / _WIDTH, _LEAST)
    margin, head = round(_MARGIN * scale), round(_HEAD * scale)
    whole = np.array([width + 2 * margin, height + margin + head])
    with mpl.rc_context(lattice.settings(still.ground)):  # pyright: ignore[reportArgumentType]
        dpi = 100 * scale
        figure = Figure(figsize=(whole[0] / dpi, whole[1] / dpi), dpi=dpi)
        FigureCanvasAgg(figure)
        _write(figure, still, margin / whole[0], head / whole[1])
        place = (margin / whole[0], margin / whole[1], width / whole[0], height / whole[1])
        _fill(figure.add_axes(place), still)
        if still.is_angular:
            side = 0.9 * head
            corner = ((whole[0] - margin - 1.1 * side) / whole[0], 1 - 0.9 * head / whole[1])
            wheel = figure.add_axes((*corner, 1.1 * side / whole[0], side / whole[1]))
            lattice.draw_wheel(wheel, still.palette or "even", still.ground)
            for text in wheel.texts:
                text.set_fontsize(7.5)
    return figure


def _write(figure: Figure, still: Still, left: float, head: float) -> None:
    soft = lattice.GROUNDS[still.ground].soft
    title, line, warning = (0.26, 0.54, 0.8) if still.warning else (0.37, 0.68, 0.0)
    figure.text(left, 1 - title * head, still.title, fontsize=16, fontweight="bold", va="center")
    figure.text(left, 1 - line * head, still.line, fontsize=11, color=soft, va="center")
    if still.warning:
        style = {"fontsize": 11, "fontweight": "bold", "color": WARNING, "va": "center"}
        figure.text(left, 1 - warning * head, still.warning, **style)


def _fill_cells(axes: Axes, still: Still, cells: np.ndarray) -> None:
    paper = to_rgba(lattice.GROUNDS[still.ground].paper)
    image = paint_cells(cells, _site_colours(still), np.array(paper))
    axes.imshow(image, origin="upper", interpolation="nearest", aspect="equal")
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set(visible=False)


def _site_colours(still: Still) -> np.ndarray:
    """Of each site, shape ``(sites, 4)``, between 0 and 1."""
    values = still.values.ravel()
    if still.num_states is not None:
        return lattice.state_colours(still.num_states, still.palette or "tab10")(values)
    if still.is_angular:
        return lattice.angle_colours(still.palette or "even")(np.mod(values / (2 * np.pi), 1.0))
    return lattice.angle_colours(still.palette or "RdBu_r")((values / lattice.REACH + 1) / 2)


def _fill(axes: Axes, still: Still) -> None:
    if still.cells is not None:
        _fill_cells(axes, still, still.cells)
        return
    if still.num_states is not None:
        lattice.draw_states(axes, still.values, still.num_states, still.palette or "tab10")
    elif not still.is_angular:
        lattice.draw_spins(axes, still.values, still.palette or "RdBu_r")
    else:
        lattice.draw_angles(axes, still.values, still.palette or "even")
        if still.has_arrows:
            every = -(-max(still.values.shape) // _ARROWS)
            lattice.draw_arrows(axes, still.values, every, lattice.GROUNDS[still.ground].ink)
    if still.charges is not None:
        rows, columns = still.values.shape
        radius = max(0.42, max(rows, columns) / _MARKS)
        lattice.draw_vortices(axes, still.charges, (rows, columns), still.ground, radius)
    axes.spines[:].set(visible=False)
