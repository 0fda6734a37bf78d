"""Figures of the study of structure: regret against the size or the strength of a problem."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from isotherm.plot.axes import Series, handle, is_first_column, legend, numbered, panel_grid
from isotherm.plot.finals import mean_and_error
from isotherm.plot.style import SOFT, Look, Number, looks, number, styled
from isotherm.study.base import Figure

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

    The vertical axis is logarmithic where values differ a lot; agents that are 0 everywhere are then named below.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        groups: title of each panel, and its cells by their place on the horizontal axis.
        series: the agents; one that a cell lacks has no point there.
        arrays: ``CELL/AGENT/final``.
        xlabel: the size or strength.
        ylabel: what is final.
    """
    figure, grid = panel_grid(len(groups))
    styles = looks([one.name for one in series])
    for (title, cells), (axes,) in zip(groups, grid, strict=True):
        lines = [(one, *_line(one, cells, arrays)) for one in series]
        is_log = _is_log(np.concatenate([y for _, _, y, _ in lines]))
        zeros = [one.label for one, _, y, _ in lines if y.size and is_log and not np.any(y > 0)]
        for one, x, y, error in lines:
            if y.size and one.label not in zeros:
                _draw_line(axes, x, y, error, styles[one.name], is_log=is_log)
        _label_axes(axes, [float(x) for x, _ in cells], is_log=is_log)
        if zeros:
            axes.text(0.02, 0.02, f"0 throughout: {', '.join(zeros)}", transform=axes.transAxes, **_NOTE)
        axes.set_title(title)
        axes.set_xlabel(xlabel)
        if is_first_column(axes):
            axes.set_ylabel(ylabel)
    legend(figure, [handle(styles[one.name], one.label) for one in series])
    return Figure(name, caption, figure)


_NOTE = {"fontsize": 8, "color": SOFT, "va": "bottom"}


def _line(
    one: Series, cells: Sequence[tuple[Number, str]], arrays: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, means and standard errors of an agent, from left to right."""
    found = sorted(
        (float(x), *mean_and_error(arrays[f"{cell}/{one.name}/final"]))
        for x, cell in cells
        if f"{cell}/{one.name}/final" in arrays
    )
    x, y, error = np.array(found, float).reshape(-1, 3).T
    return x, y, error


def _is_log(means: np.ndarray) -> bool:
    """Whether all values are at least 0 and the positive ones differ by more than a linear axis can show."""
    positive = means[means > 0]
    return positive.size > 0 and not np.any(means < 0) and positive.max() > _WORTH_LOG * positive.min()


def _draw_line(
    axes: Axes, x: np.ndarray, y: np.ndarray, error: np.ndarray, look: Look, *, is_log: bool
) -> None:
    shown = np.where(y > 0, y, np.nan) if is_log else y
    down = np.minimum(error, 0.9 * np.abs(y)) if is_log else error
    axes.errorbar(
        x,
        shown,
        yerr=np.stack([down, error]),
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
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(number))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        numbered(axes, "y")
        axes.set_ylim(bottom=min(0.0, axes.dataLim.y0))
    axes.margins(x=0.06)
