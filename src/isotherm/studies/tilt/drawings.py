"""Figures of the study of tilted policies: final marginals against their targets, and sweeps over refreshes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from isotherm.plot.axes import handle, log_numbered, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, SOFT, STRONG, Look
from isotherm.plot.style import styled

LOOKS: Mapping[str, Look] = {
    "pc_ula": Look("#bda054", (0, (6, 1.5, 1.2, 1.5)), "^", 1.8, 2),
    "pc_mala": Look(STRONG, "-", "o", 2.0, 4),
    "pc_joint_mala": Look("#1e8b53", (0, (5, 1.8)), "s", 1.8, 3),
}


@styled
def match(
    name: str,
    caption: str,
    samples: np.ndarray,
    curve: tuple[np.ndarray, np.ndarray],
    *,
    title: str,
    label: str,
    box: Sequence[str],
    look: str,
) -> Figure:
    """Draws of one marginal as a histogram under the density they should have.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        samples: any shape.
        curve: points and density of the target.
        title: of the panel.
        label: of the horizontal axis.
        box: lines of numbers in the corner.
        look: name of the sampler.
    """
    figure, axes = _panel(5.6)
    points, density = curve
    inside = samples[(samples >= points[0]) & (samples <= points[-1])]
    heights, edges = np.histogram(inside, bins=40)
    heights = heights / (samples.size * np.diff(edges))
    axes.stairs(heights, edges, fill=True, color=LOOKS[look].colour, alpha=0.45, linewidth=0)
    axes.plot(points, density, color=ACCENT, linewidth=2.0)
    axes.set_xlim(points[0], points[-1])
    axes.set_ylim(0, 1.28 * max(float(heights.max(initial=0)), float(density.max())))
    titled(axes, title)
    axes.set_xlabel(label)
    axes.set_ylabel("density")
    axes.text(
        0.025, 0.97, "\n".join(box), transform=axes.transAxes, ha="left", va="top", fontsize=8.0, color=INK,
        linespacing=1.45,
    )  # fmt: skip
    draws = Look(LOOKS[look].colour, width=6.0)
    axes.legend(
        handles=[handle(draws, "draws"), handle(Look(ACCENT, width=2.0), "target")], loc="upper right"
    )
    return Figure(name, caption, figure)


@styled
def sweep(
    name: str,
    caption: str,
    curves: Mapping[str, np.ndarray],
    floor: tuple[float, float],
    *,
    title: str,
) -> Figure:
    """KL over the number of refreshes, a line a sampler, with the floor that exact draws reach.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        curves: by sampler, value and standard error at 0, 1, 2 ... refreshes, shape ``(settings, 2)``.
        floor: mean and standard deviation of the same estimate from exact draws.
        title: of the panel.
    """
    figure, axes = _panel(6.6)
    low, high = floor[0] - floor[1], floor[0] + floor[1]
    axes.axhspan(max(low, 0.3 * floor[0]), high, color=SOFT, alpha=0.22, linewidth=0)
    for method, curve in curves.items():
        look, refreshes = LOOKS[method], np.arange(len(curve))
        value, error = curve[:, 0], curve[:, 1]
        axes.fill_between(
            refreshes, np.maximum(value - error, 0.2 * value), value + error, color=look.colour, alpha=0.2
        )
        axes.plot(
            refreshes, value, color=look.colour, linestyle=look.line, linewidth=look.width, marker=look.marker,
            markersize=5,
        )  # fmt: skip
    log_numbered(axes)
    titled(axes, title)
    axes.set_xlabel("refreshes a level")
    axes.set_ylabel("histogram KL")
    axes.set_xticks(range(0, max(map(len, curves.values())), max(1, len(next(iter(curves.values()))) // 8)))
    handles = [handle(LOOKS[method], method) for method in curves]
    axes.legend(handles=[*handles, handle(Look("#d3d7db", width=8.0), "exact draws")], loc="upper right")
    return Figure(name, caption, figure)


def _panel(width: float) -> tuple[Canvas, Axes]:
    """One panel with room for its labels; laid out by hand, which draws in half the time."""
    figure = Canvas(figsize=(width, 4.1))
    figure.subplots_adjust(left=0.65 / width, right=1 - 0.12 / width, bottom=0.125, top=0.91)
    return figure, figure.add_subplot()
