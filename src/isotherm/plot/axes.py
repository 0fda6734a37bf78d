"""Parts that figures share: panels in a grid, legends, labels that keep apart, marks, empty panels."""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from isotherm.plot.look import INK, SOFT, Look
from isotherm.plot.style import WIDTH, Number, number, readable

COLUMNS = {1: 1, 2: 2, 4: 2}
ROW_HEIGHTS = {1: 4.1, 2: 3.1, 3: 2.75}


class Panel(NamedTuple):
    """One world of a figure: its key in the arrays, its title, and the steps at which biases reverse."""

    cell: str
    title: str
    marks: tuple[int, ...] = ()


class Series(NamedTuple):
    """One line of a figure: its key in the arrays and its label."""

    name: str
    label: str


def panel_grid(count: int, heights: Sequence[float] | None = None) -> tuple[Canvas, list[list[Axes]]]:
    """A figure with ``count`` panels in rows of up to three.

    Args:
        count: number of panels, at least 1.
        heights: heights in inches of the axes stacked in each panel; one axes of a fitting height by default.

    Returns:
        The figure, and for each panel its axes from top to bottom.
    """
    columns = COLUMNS.get(count, 3)
    stack = tuple(heights or (ROW_HEIGHTS[columns],))
    rows = -(-count // columns)
    figure = Canvas(figsize=(WIDTH, rows * sum(stack)), layout="constrained")
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(w_pad=0.06, h_pad=0.06, wspace=0.04, hspace=0.05)
    grid = figure.add_gridspec(rows * len(stack), columns, height_ratios=stack * rows)
    panels = []
    for i in range(count):
        row, column = divmod(i, columns)
        panels.append([figure.add_subplot(grid[row * len(stack) + j, column]) for j in range(len(stack))])
    return figure, panels


def joined(stack: Sequence[Axes]) -> list[Axes]:
    """One axes in the place of those of a panel, top to bottom."""
    specs = [spec for axes in stack if (spec := axes.get_subplotspec()) is not None]
    rows = slice(specs[0].rowspan.start, specs[-1].rowspan.stop)
    stack[0].set_subplotspec(specs[0].get_gridspec()[rows, specs[0].colspan.start])
    for axes in stack[1:]:
        axes.remove()
    return [stack[0]]


def is_first_column(axes: Axes) -> bool:
    """Whether the axes stand in the first column of their figure."""
    spec = axes.get_subplotspec()
    return spec is None or spec.is_first_col()


def titled(axes: Axes, title: str, pad: float = 8.0) -> None:
    """A title to the left above the panel, in as many lines as it needs."""
    size, width = (9.5, 28) if is_narrow(axes) else (10.5, 46)
    axes.set_title(textwrap.fill(title, width), pad=pad, fontsize=size)


def numbered(axes: Axes, which: str = "both", rows: int = 5) -> None:
    """Few round ticks with thousands apart; upwards at most ``rows`` intervals."""
    for axis in (axes.xaxis, axes.yaxis):
        if which in (axis.axis_name, "both"):
            steps = [1, 2, 5, 10] if axis is axes.xaxis else [1, 2, 2.5, 5, 10]
            ticks = (4 if is_narrow(axes) else 6) if axis is axes.xaxis else rows
            axis.set_major_locator(MaxNLocator(ticks, steps=steps))
            axis.set_major_formatter(FuncFormatter(number))


def log_numbered(axes: Axes) -> None:
    """A logarithmic vertical axis with ticks at 1, 3, 10, 30 and so on."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(number))
    axes.yaxis.set_minor_locator(NullLocator())


def dated(axes: Axes, ticks: int = 8) -> None:
    """A horizontal axis of dates, with at most so many of them, each said once."""
    locator = AutoDateLocator(minticks=2, maxticks=ticks)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def is_narrow(axes: Axes) -> bool:
    """Whether three panels or more stand in a row."""
    spec = axes.get_subplotspec()
    return spec is not None and spec.get_gridspec().ncols > 2


def share_y(panels: Sequence[Axes]) -> None:
    """One vertical range for all panels, the widest."""
    limits = [axes.get_ylim() for axes in panels]
    for axes in panels:
        axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        axes.tick_params(labelleft=is_first_column(axes))


def handle(look: Look, label: str, *, markers: bool = False) -> Line2D:
    """What stands for a series in a legend."""
    return Line2D(
        [],
        [],
        color=look.colour,
        linestyle="none" if markers else look.line,
        linewidth=look.width,
        marker=look.marker if markers else "none",
        markersize=6,
        label=label,
    )


def legend(figure: Canvas, handles: Sequence[Line2D]) -> None:
    """A legend under the panels, in rows of about equal length, read from left to right."""
    if not handles:
        return
    columns = len(handles)
    widths = [0.65 + 0.07 * len(str(one.get_label())) for one in handles]
    while columns > 1 and sum(max(widths[i::columns]) for i in range(columns)) > WIDTH - 0.2:
        columns -= 1
    rows = -(-len(handles) // columns)
    columns = -(-len(handles) // rows)
    order = [one for column in range(columns) for one in handles[column::columns]]
    figure.set_figheight(figure.get_figheight() + 0.2 * rows + 0.1)
    figure.legend(handles=order, loc="outside lower center", ncols=columns, columnspacing=1.6)


def spread(wanted: Sequence[Number] | np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """Positions as near as possible to the wanted ones, at least ``gap`` apart, within ``low`` and ``high``.

    Positions that do not fit are allowed over ``high``.
    """
    positions = np.asarray(wanted, float)
    order = np.argsort(positions, kind="stable")
    steps = gap * np.arange(len(positions))
    blocks: list[tuple[float, int]] = []
    for value in positions[order] - steps:
        size = 1
        while blocks and blocks[-1][0] > value:
            before, before_size = blocks.pop()
            value = (before * before_size + value * size) / (before_size + size)
            size += before_size
        blocks.append((value, size))
    fitted = np.repeat([value for value, _ in blocks], [size for _, size in blocks])
    top = max(low, high - (steps[-1] if len(steps) else 0.0))
    placed = np.empty_like(positions)
    placed[order] = np.clip(fitted, low, top) + steps
    return placed


def label_ends(axes: Axes, ends: Sequence[tuple[float, float, str, Look]], height: float) -> None:
    """Name lines at their right ends, (x, y, label, look) each; ``height`` of the axes in inches, about.

    Labels that would collide move apart and are led to their lines.
    """
    to_fraction = axes.transScale + axes.transLimits
    wanted = np.nan_to_num([to_fraction.transform((x, y))[1] for x, y, _, _ in ends], nan=0.0, neginf=0.0)
    placed = spread(wanted, 0.175 / height, 0.0, 1.0)
    for (x, y, label, look), place in zip(ends, placed, strict=True):
        axes.annotate(
            label,
            xy=(x, float(np.clip(y, *axes.get_ylim()))),
            annotation_clip=False,
            xytext=(1.035, float(place)),
            textcoords="axes fraction",
            va="center",
            fontsize=9.0,
            color=readable(look.colour),
            arrowprops={
                "arrowstyle": "-",
                "color": look.colour,
                "linewidth": 0.7,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 1,
            },
        )


def mark_steps(axes: Axes, marks: Sequence[int], text: str = "biases reverse") -> None:
    """Thin vertical lines at the marks in sight, named above the panel where the names keep apart."""
    low, high = axes.get_xlim()
    last = -np.inf
    for mark in marks:
        if not low <= mark <= high:
            continue
        axes.axvline(mark, color=SOFT, linewidth=0.8, zorder=1.5)
        place = (mark - low) / (high - low)
        if text and place - last > 0.4:
            side = "left" if place < 0.2 else "right" if place > 0.8 else "center"
            axes.text(
                place, 1.012, text, transform=axes.transAxes, fontsize=7.5, color=SOFT, ha=side, va="bottom"
            )
            last = place


def say_zero(axes: Axes, text: str = "every agent: 0") -> None:
    """Make a panel in which everything is zero look intended."""
    axes.set_ylim(-0.5, 1.0)
    axes.set_yticks([0])
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=INK, fontsize=10)
