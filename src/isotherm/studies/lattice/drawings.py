"""Panels of points with error bars, fitted lines and exact curves: temperature, scaling, power laws, histograms."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from isotherm.plot.axes import handle, legend, numbered, panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, SOFT, Look
from isotherm.plot.raster.lattice import draw_spins
from isotherm.plot.style import looks, number, styled

EXACT = Look(INK, (0, (3, 2)), "_", 1.1, 7)
Line = tuple[np.ndarray, np.ndarray]
Points = tuple[np.ndarray, ...]


class Chart(NamedTuple):
    """One panel.

    Attributes:
        title: above it.
        x_label: below it.
        y_label: beside it.
        points: by series the three arrays x, y and error, ``(points,)`` each.
        lines: by series x and y of a line in the colour of its points.
        exact: lines of exact answers, all in one look.
        marks: where vertical lines stand.
        level: where a horizontal line stands.
        is_log: whether both axes are logarithmic.
        ticks: where the horizontal axis is marked; chosen if empty.
    """

    title: str
    x_label: str
    y_label: str
    points: Mapping[str, Points]
    lines: Mapping[str, Line] = {}
    exact: Sequence[Line] = ()
    marks: Sequence[float] = ()
    level: float | None = None
    is_log: bool = False
    ticks: Sequence[float] = ()


@styled
def charts(
    name: str, caption: str, panels: Sequence[Chart], *, exact: str = "exact", is_joined: bool = False
) -> Figure:
    """Panels in a grid, one legend below.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: what stands in each.
        exact: what the legend calls the exact lines and marks.
        is_joined: whether points are joined by straight lines.
    """
    figure, grid = panel_grid(len(panels))
    labels = list(dict.fromkeys(label for chart in panels for label in (*chart.points, *chart.lines)))
    styles = looks(labels)
    for chart, (axes,) in zip(panels, grid, strict=True):
        _draw(axes, chart, styles, is_joined)
    handles = [handle(styles[label], label, markers=True) for label in labels]
    if any(len(chart.exact) or len(chart.marks) or chart.level is not None for chart in panels):
        handles.append(handle(EXACT, exact))
    legend(figure, handles)
    return Figure(name, caption, figure)


def _draw(axes: Axes, chart: Chart, styles: Mapping[str, Look], is_joined: bool) -> None:
    for x, y in chart.exact:
        axes.plot(x, y, color=EXACT.colour, linestyle=EXACT.line, linewidth=EXACT.width, zorder=4)
    for mark in chart.marks:
        axes.axvline(mark, color=EXACT.colour, linestyle=EXACT.line, linewidth=0.9, zorder=1.5)
    if chart.level is not None:
        axes.axhline(chart.level, color=EXACT.colour, linestyle=EXACT.line, linewidth=0.9, zorder=1.5)
    for label, (x, y) in chart.lines.items():
        axes.plot(x, y, color=styles[label].colour, linewidth=1.2, zorder=2)
    for label, (x, y, error) in chart.points.items():
        axes.errorbar(
            x,
            y,
            error,
            color=styles[label].colour,
            linestyle="-" if is_joined else "none",
            linewidth=1.0,
            marker=styles[label].marker,
            markersize=3.6,
            markeredgewidth=0,
            capsize=0,
            elinewidth=1.2,
            zorder=3,
        )
    _scale(axes, chart)
    titled(axes, chart.title)
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)


def _scale(axes: Axes, chart: Chart) -> None:
    if chart.is_log:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
        axes.yaxis.set_major_formatter(FuncFormatter(number))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        numbered(axes)
    if len(chart.ticks):
        axes.xaxis.set_major_locator(FixedLocator(list(chart.ticks)))
        axes.xaxis.set_major_formatter(FuncFormatter(number))
        axes.xaxis.set_minor_locator(NullLocator())


@styled
def quench(
    name: str,
    caption: str,
    states: np.ndarray,
    titles: Sequence[str],
    growth: Points,
    law: Line | None,
    law_label: str,
) -> Figure:
    """Last states of some quenches above the growth of domains.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        states: spins, ``(pictures, size, size)``.
        titles: of the pictures.
        growth: sweeps, domain size and its error.
        law: a fitted line.
        law_label: its name.
    """
    figure = Canvas(figsize=(9.0, 5.6), layout="constrained")
    grid = figure.add_gridspec(2, len(states), height_ratios=(1.0, 1.15))
    for i, (state, title) in enumerate(zip(states, titles, strict=True)):
        axes = figure.add_subplot(grid[0, i])
        draw_spins(axes, state)
        axes.set_title(title, fontsize=9.5, fontweight="normal")
    axes = figure.add_subplot(grid[1, :])
    sweeps, length, error = growth
    axes.errorbar(
        sweeps, length, error, color=ACCENT, marker="o", markersize=3.4, linestyle="none", elinewidth=1.1
    )
    if law is not None:
        axes.plot(*law, color=INK, linestyle=(0, (3, 2)), linewidth=1.1)
        axes.annotate(
            law_label,
            (law[0][-1], law[1][-1]),
            xytext=(-12, 4),
            textcoords="offset points",
            ha="right",
            color=SOFT,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if axis is axes.yaxis else (1.0,)))
        axis.set_major_formatter(FuncFormatter(number))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("local sweeps after the quench")
    axes.set_ylabel("domain size, sites")
    axes.set_title("Growth of domains")
    return Figure(name, caption, figure)
