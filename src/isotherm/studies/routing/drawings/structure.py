"""Figures of the study of structure: regret against the size or the strength of a problem."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from isotherm.plot.axes import (
    ROW_HEIGHTS,
    Series,
    handle,
    is_first_column,
    label_ends,
    legend,
    log_numbered,
    numbered,
    panel_grid,
    share_y,
    titled,
)
from isotherm.plot.figure import Figure
from isotherm.plot.look import Look
from isotherm.plot.style import Number, number, styled
from isotherm.studies.routing.drawings.finals import mean_and_error
from isotherm.studies.routing.drawings.looks import looks

Group = tuple[str, Sequence[tuple[Number, str]]]
_WORTH_LOG = 12.0


@styled
def regret_against(
    name: str,
    caption: str,
    groups: Sequence[Group],
    series: Sequence[Series],
    arrays: Mapping[str, np.ndarray],
    *,
    xlabel: str,
    ylabel: str = "final cumulative regret",
) -> Figure:
    """Final mean ± standard error against a size or strength, a line an agent, a panel a group.

    All panels share the vertical axis, logarithmic where values differ a lot; agents that are 0 everywhere are then
    named in the legend only.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        groups: title of each panel, and its cells by their place on the horizontal axis.
        series: the agents; one that a cell lacks has no point there.
        arrays: ``CELL/AGENT/final``.
        xlabel: the size or strength; where empty, the groups' titles name their horizontal axes.
        ylabel: what is final.
    """
    figure, grid = panel_grid(len(groups))
    styles = looks([one.name for one in series])
    lines = [[_line(one, cells, arrays) for one in series] for _, cells in groups]
    every = [line for group in lines for line in group]
    is_log = _is_log(np.concatenate([line.y for line in every]))
    zeros = (
        {one.name for one in series} - {line.name for line in every if np.any(line.y > 0)}
        if is_log
        else set()
    )
    for (title, cells), group, (axes,) in zip(groups, lines, grid, strict=True):
        for line in group:
            if line.y.size and line.name not in zeros:
                _draw_line(axes, line, styles[line.name], is_log=is_log)
        _label_axes(axes, [float(x) for x, _ in cells], is_log=is_log)
        titled(axes, title if xlabel else "")
        axes.set_xlabel(xlabel or title)
        if is_first_column(axes):
            axes.set_ylabel(ylabel)
    share_y([axes for (axes,) in grid])
    if len(groups) == 1 and not zeros:
        _label_lines(grid[0][0], lines[0], series, styles)
    else:
        legend(figure, [handle(styles[s.name], s.label + ": 0" * (s.name in zeros)) for s in series])
    return Figure(name, caption, figure)


class _Line(NamedTuple):
    """An agent's places, means and standard errors."""

    name: str
    x: np.ndarray
    y: np.ndarray
    error: np.ndarray


def _label_lines(
    axes: Axes, lines: Sequence[_Line], series: Sequence[Series], styles: Mapping[str, Look]
) -> None:
    labels = dict(series)
    ends = [
        (float(one.x[-1]), float(one.y[-1]), labels[one.name], styles[one.name])
        for one in lines
        if one.x.size
    ]
    label_ends(axes, ends, ROW_HEIGHTS[1] - 0.9)


def _line(one: Series, cells: Sequence[tuple[Number, str]], arrays: Mapping[str, np.ndarray]) -> _Line:
    """An agent's line, from left to right."""
    found = sorted(
        (float(x), *mean_and_error(arrays[f"{cell}/{one.name}/final"]))
        for x, cell in cells
        if f"{cell}/{one.name}/final" in arrays
    )
    return _Line(one.name, *np.array(found, float).reshape(-1, 3).T)


def _is_log(means: np.ndarray) -> bool:
    """Whether all values are at least 0 and the positive ones differ by more than a linear axis can show."""
    positive = means[means > 0]
    return bool(positive.size and not np.any(means < 0) and positive.max() > _WORTH_LOG * positive.min())


def _draw_line(axes: Axes, line: _Line, look: Look, *, is_log: bool) -> None:
    shown = np.where(line.y > 0, line.y, np.nan) if is_log else line.y
    down = np.minimum(line.error, 0.9 * np.abs(line.y)) if is_log else line.error
    axes.errorbar(
        line.x,
        shown,
        yerr=np.stack([down, line.error]),
        color=look.colour,
        linestyle=look.line,
        linewidth=look.width,
        elinewidth=1.2,
        marker=look.marker,
        markersize=5.5,
        zorder=3 + 0.1 * look.rank,
    )


def _label_axes(axes: Axes, places: Sequence[float], *, is_log: bool) -> None:
    if min(places) > 0 and max(places) > 10 * min(places):
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(places))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(number))
    if is_log:
        log_numbered(axes)
    else:
        numbered(axes, "y")
        axes.set_ylim(bottom=min(0.0, axes.dataLim.y0))
    axes.margins(x=0.06)
