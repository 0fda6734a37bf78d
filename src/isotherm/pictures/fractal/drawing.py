"""The Mandelbrot set: its potential, and its boundary growing sharper with depth. Iteration, not sampling."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import LightSource, LogNorm, to_rgba
from matplotlib.figure import Figure

from isotherm.plot.raster.lattice import GROUNDS, settings
from isotherm.plot.style import number

Extent = tuple[float, float, float, float]

SUBTITLE = "deterministic iteration of z ← z² + c, not sampling"
LEVELS = np.linspace(0.05, 0.8, 15)
"""Of the equipotentials, with the largest potential of the picture as one."""

_EVERY = 4


def draw_potential(potential: np.ndarray, distance: np.ndarray, extent: Extent) -> Figure:
    """A lit surface of the potential, and a map with equipotentials and the set's boundary.

    Args:
        potential: shape ``(rows, columns)``, the first row on top; 0 inside.
        distance: estimated distance to the set, the same shape; 0 inside.
        extent: left, right, bottom, top.
    """
    scaled = potential / potential.max()
    with mpl.rc_context(settings("dark")):  # pyright: ignore[reportArgumentType]
        figure = plt.figure(figsize=(15, 6.6))
        _title(figure, "Potential of the Mandelbrot set")
        _surface(figure, scaled, extent)
        axes = figure.add_axes((0.545, 0.09, 0.38, 0.72))
        image = axes.imshow(scaled, cmap="plasma", extent=extent, interpolation="bilinear")
        left, right, bottom, top = extent
        rows, columns = scaled.shape
        x = np.linspace(left, right, columns)
        y = np.linspace(top, bottom, rows)
        lines = axes.contour(x, y, scaled, LEVELS, colors="white", linewidths=0.5, alpha=0.6)
        lines.set_linewidth([1.0 if i % 5 == 4 else 0.45 for i in range(len(LEVELS))])
        edge = _edge(distance, (right - left) / columns)
        axes.imshow(edge, extent=extent, interpolation="bilinear")
        axes.set(xlabel="Re c", ylabel="Im c")
        axes.set_title("Map: 15 equipotentials, 0.05 to 0.80; the boundary in white", pad=10)
        axes.grid(False)
        bar = figure.colorbar(image, cax=figure.add_axes((0.94, 0.135, 0.011, 0.63)))
        bar.set_label("potential / its largest value here")
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return figure


def draw_iterations(counts: np.ndarray, depths: Sequence[int], extent: Extent) -> Figure:
    """The same window iterated deeper and deeper, each with the share of points that have escaped.

    Args:
        counts: escape counts at the largest depth, shape ``(rows, columns)``; -1 where nothing escaped.
        depths: of the panels, ascending.
        extent: left, right, bottom, top.
    """
    with mpl.rc_context(settings("dark")):  # pyright: ignore[reportArgumentType]
        columns = (len(depths) + 1) // 2
        figure, panels = plt.subplots(2, columns, figsize=(3.9 * columns, 7.0), squeeze=False)
        figure.subplots_adjust(0.015, 0.075, 0.985, 0.83, wspace=0.04, hspace=0.2)
        left, right, bottom, top = extent
        _title(figure, "The boundary of the Mandelbrot set, iteration by iteration")
        for axes, depth in zip(panels.flat, depths, strict=False):
            escaped = (counts >= 0) & (counts <= depth)
            axes.imshow(painted(counts, depth, max(depths)), extent=extent, interpolation="antialiased")
            axes.set_title(f"{number(depth)} iterations", pad=6)
            share = f"{100 * escaped.mean():.1f} % escaped"
            axes.set_title(share, loc="right", pad=6, fontsize=9, fontweight="normal")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(visible=True, color=GROUNDS["dark"].line)
        for axes in panels.flat[len(depths) :]:
            axes.set_visible(False)
        where = f"Re c from {left:.2f} to {right:.2f}, Im c from {bottom:.3f} to {top:.3f}".replace("-", "−")
        figure.text(
            0.015,
            0.028,
            f"{where}. Dark: not escaped yet. Brighter: escaped later.",
            color=GROUNDS["dark"].soft,
        )
    return figure


def painted(counts: np.ndarray, depth: int, deepest: int) -> np.ndarray:
    """Colours of escape counts at a depth, on one logarithmic scale for all depths; near black where none.

    Args:
        counts: -1 where nothing escaped.
        depth: later escapes do not count.
        deepest: the end of the scale.

    Returns:
        float, shape ``(*counts.shape, 4)``.
    """
    first = max(int(counts[counts >= 0].min(initial=deepest)), 1)
    norm = LogNorm(first, max(deepest, first + 1), clip=True)
    colours = mpl.colormaps["magma"](0.3 + 0.7 * np.asarray(norm(np.maximum(counts, 1))))
    colours[(counts < 0) | (counts > depth)] = to_rgba(GROUNDS["dark"].panel)
    return colours


def _title(figure: Figure, title: str) -> None:
    figure.text(0.015, 0.945, title, fontsize=17, fontweight="bold", va="center")
    figure.text(0.015, 0.895, SUBTITLE, fontsize=11, color=GROUNDS["dark"].soft, va="center")


def _surface(figure: Figure, scaled: np.ndarray, extent: Extent) -> None:
    axes = figure.add_axes((-0.04, -0.12, 0.6, 1.08), projection="3d", facecolor="none")
    heights = scaled[::-_EVERY, ::_EVERY]  # y ascends with the rows here
    left, right, bottom, top = extent
    x, y = np.meshgrid(np.linspace(left, right, heights.shape[1]), np.linspace(bottom, top, heights.shape[0]))
    light = LightSource(azdeg=315, altdeg=45)
    shaded = light.shade(heights, mpl.colormaps["plasma"], vert_exag=60, blend_mode="soft")
    axes.plot_surface(  # pyright: ignore[reportAttributeAccessIssue]
        x, y, heights, facecolors=shaded, rstride=1, cstride=1, linewidth=0, antialiased=False, shade=False
    )
    axes.view_init(elev=25, azim=45)  # pyright: ignore[reportAttributeAccessIssue]
    axes.set_box_aspect((right - left, top - bottom, 0.8), zoom=1.12)  # pyright: ignore[reportArgumentType, reportCallIssue]
    axes.set_axis_off()


def _edge(distance: np.ndarray, pixel: float) -> np.ndarray:
    """White where the set is nearer than a pixel, fading out over another one; clear inside and far outside."""
    near = np.clip(1.5 - distance / pixel, 0, 1) * (distance > 0)
    return np.stack([np.ones_like(near)] * 3 + [near], axis=-1)
