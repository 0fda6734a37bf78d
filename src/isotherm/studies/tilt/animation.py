"""Runs of a predictor-corrector sampler walking from noise to the tilted law, as a GIF.

What stays (densities, reward, axes) is drawn once by matplotlib; each frame adds the level's contours and the dots.
Frames are reduced to one palette by a table lookup, so that a frame costs some 20 ms.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from isotherm.plot.figure import Animation
from isotherm.plot.look import ACCENT, INK
from isotherm.plot.movie.loop import looping_gif
from isotherm.plot.style import styled

EXTENT = 3.0
"""Half width of the panels."""

FRAME_MS = 120
_POINTS = 120
_LEVEL, _REWARD = "#178048", "#3b7fc4"


class Gaussian2(NamedTuple):
    """A Gaussian of action and next state: mean ``(2,)`` and covariance ``(2, 2)``."""

    mean: np.ndarray
    covariance: np.ndarray


class Frame(NamedTuple):
    """One moment of all panels.

    Attributes:
        headline: what stands above.
        target: the level's tilted joint.
        actions: of each panel, ``(panels,)``.
        particles: of each panel, ``(panels, n)``.
    """

    headline: str
    target: Gaussian2
    actions: np.ndarray
    particles: np.ndarray


@styled
def animate(
    name: str,
    caption: str,
    frames: Sequence[Frame],
    *,
    titles: Sequence[str],
    base: Gaussian2,
    tilted: Gaussian2,
    reward: np.ndarray,
) -> Animation:
    """The frames as a looping GIF, two by two panels.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        frames: at least one.
        titles: of the panels, one to four.
        base: the clean base joint.
        tilted: the clean tilted joint.
        reward: on the grid of :func:`grid`, shape ``(points, points)``, next states leading.
    """
    figure, panels = _stage(titles, base, tilted, reward)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    background = canvas.copy_from_bbox(figure.bbox)
    headline = figure.text(0.06, 0.965, "", fontsize=12, fontweight="bold", color=INK, va="center")
    contours = [_add(axes, LineCollection([], colors=_LEVEL, linewidths=0.9)) for axes in panels]
    dots = [_add(axes, _dots(axes)) for axes in panels]
    drawn = []
    for frame in frames:
        canvas.restore_region(background)
        headline.set_text(frame.headline)
        figure.draw_artist(headline)
        ellipses = _contours(frame.target)
        for i, axes in enumerate(panels):
            contours[i].set_segments(ellipses)
            dots[i].set_data(np.full_like(frame.particles[i], frame.actions[i]), frame.particles[i])
            axes.draw_artist(contours[i])
            axes.draw_artist(dots[i])
        drawn.append(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    return Animation(name, caption, looping_gif(drawn, FRAME_MS))


def grid() -> np.ndarray:
    """Points along each axis of a panel."""
    return np.linspace(-EXTENT, EXTENT, _POINTS)


def _stage(
    titles: Sequence[str], base: Gaussian2, tilted: Gaussian2, reward: np.ndarray
) -> tuple[Canvas, list[Axes]]:
    """Everything that does not move."""
    figure = Canvas(figsize=(9, 8), dpi=100)
    figure.subplots_adjust(left=0.06, right=0.985, bottom=0.085, top=0.91, wspace=0.16, hspace=0.24)
    panels = [figure.add_subplot(2, 2, i + 1) for i in range(len(titles))]
    x = grid()
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(title)
        axes.set(xlim=(-EXTENT, EXTENT), ylim=(-EXTENT, EXTENT), xlabel="$a_t$", ylabel="$s'_t$")
        axes.xaxis.labelpad = axes.yaxis.labelpad = 1
        axes.contour(x, x, reward, levels=10, colors=_REWARD, linewidths=0.6, linestyles="dotted")
        for law, colour, shades in ((base, "#6f7780", "Greys"), (tilted, ACCENT, "Reds")):
            heights = _density(law, x)
            axes.contourf(x, x, np.ma.masked_less(heights, 0.02), levels=15, cmap=shades, alpha=0.35)
            axes.contour(x, x, heights, levels=np.linspace(0.05, 0.95, 8), colors=colour, linewidths=0.4)
    handles = [
        Patch(color="#9aa1a9", alpha=0.5, label="base policy"),
        Patch(color=ACCENT, alpha=0.45, label="tilted target"),
        Line2D([], [], color=_LEVEL, linewidth=1.2, label="target of this level"),
        Line2D([], [], color=_REWARD, linewidth=1.0, linestyle="dotted", label="reward"),
        Line2D([], [], color=INK, marker="o", markersize=4, linestyle="none", label="particles"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), fontsize=9.5)
    return figure, panels


def _add(axes: Axes, artist: Any) -> Any:
    artist.set_animated(True)
    return axes.add_collection(artist) if isinstance(artist, LineCollection) else artist


def _dots(axes: Axes) -> Line2D:
    return axes.plot([], [], "o", color=INK, markersize=4.0, markeredgecolor="white", markeredgewidth=0.4)[0]


def _density(law: Gaussian2, x: np.ndarray) -> np.ndarray:
    """``exp(log p - max)`` on the grid, next states leading."""
    points = np.stack(np.meshgrid(x, x), axis=-1) - law.mean
    return np.exp(-0.5 * np.einsum("...i,ij,...j", points, np.linalg.inv(law.covariance), points))


def _contours(law: Gaussian2) -> list[np.ndarray]:
    """Ellipses of equal density, ten heights between the mean and the tails."""
    turn = np.linspace(0, 2 * np.pi, 121)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    factor = np.linalg.cholesky(law.covariance)
    radii = np.sqrt(-2 * np.log(np.linspace(0.05, 0.95, 10)))
    return [(law.mean[:, None] + radius * factor @ circle).T for radius in radii]
