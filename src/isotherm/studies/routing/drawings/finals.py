"""Where runs end: final values against a swept parameter, and agent by agent."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from isotherm.plot.axes import Panel, Series, handle, is_first_column, legend, numbered, panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import INK, SOFT, Look
from isotherm.plot.style import Number, number, styled
from isotherm.studies.routing.drawings.looks import LOOKS, looks

_PUBLISHED = "published (mean of 200 runs)"


@styled
def final_sweep(
    name: str,
    caption: str,
    panels: Sequence[Panel],
    names: Sequence[str],
    values: Sequence[Number],
    arrays: Mapping[str, np.ndarray],
    *,
    xlabel: str,
    published: Mapping[str, Sequence[Number]] | None = None,
    floor: Mapping[str, Number] | None = None,
    log_x: bool = True,
    ylabel: str = "final cumulative regret",
) -> Figure:
    """Final mean ± standard error against a swept parameter, a panel a cell.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: the cells.
        names: the series, one a value of the parameter.
        values: the parameter's values, as many as ``names``.
        arrays: ``CELL/NAME/final``.
        xlabel: the parameter.
        published: published means by cell, in the order of ``values``: open diamonds.
        floor: the floor by cell: a dashed line.
        log_x: logarithmic parameter axis.
        ylabel: what is final.
    """
    figure, grid = panel_grid(len(panels))
    for panel, (axes,) in zip(panels, grid, strict=True):
        _draw_sweep(axes, values, [arrays[f"{panel.cell}/{one}/final"] for one in names])
        known = (published or {}).get(panel.cell)
        if known is not None:
            axes.plot(np.asarray(values, float), np.asarray(known, float), **_open_diamond(), zorder=4)
        if panel.cell in (floor or {}):
            _draw_floor(axes, (floor or {})[panel.cell])
        _label_sweep(axes, values, xlabel, ylabel, log_x=log_x)
        titled(axes, panel.title)
    look = LOOKS["ising"]
    handles = [
        Line2D([], [], color=look.colour, marker="o", markersize=5, label="this run, mean ± standard error")
    ]
    handles += [Line2D([], [], **_open_diamond(), label=_PUBLISHED)] if published else []
    handles += [handle(LOOKS["floor"], "floor: the truth is known")] if floor else []
    legend(figure, handles)
    return Figure(name, caption, figure)


@styled
def final_bars(
    name: str,
    caption: str,
    panels: Sequence[Panel],
    series: Sequence[Series],
    arrays: Mapping[str, np.ndarray],
    *,
    published: Mapping[tuple[str, str], Number] | None = None,
    xlabel: str = "final cumulative regret",
) -> Figure:
    """Final mean ± standard error agent by agent, a panel a cell.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: the cells.
        series: the agents, from top to bottom.
        arrays: ``CELL/AGENT/final``.
        published: published means by cell and agent: open diamonds.
        xlabel: what is final.
    """
    known = published or {}
    figure, grid = panel_grid(len(panels), (0.75 + 0.27 * len(series),))
    styles = looks([one.name for one in series])
    for panel, (axes,) in zip(panels, grid, strict=True):
        for row, one in enumerate(series):
            final = arrays.get(f"{panel.cell}/{one.name}/final")
            if final is not None:
                draw_dot(axes, row, *mean_and_error(final), styles[one.name])
            if (panel.cell, one.name) in known:
                axes.plot([float(known[panel.cell, one.name])], [row], **_open_diamond(), zorder=4)
        label_rows(axes, [one.label for one in series])
        _limit_bars(axes)
        titled(axes, panel.title)
        axes.set_xlabel(xlabel)
    dots = Line2D(
        [], [], color=SOFT, marker="o", linestyle="-", markersize=5, label="this run, mean ± standard error"
    )
    legend(figure, [dots, Line2D([], [], **_open_diamond(), label=_PUBLISHED)] if known else [])
    return Figure(name, caption, figure)


def mean_and_error(final: np.ndarray) -> tuple[float, float]:
    """Mean over runs and its standard error, 0 where there is one run."""
    final = np.asarray(final, float)
    return float(final.mean()), float(final.std(ddof=1) / np.sqrt(final.size)) if final.size > 1 else 0.0


def draw_dot(axes: Axes, row: int, mean: float, error: float, look: Look) -> None:
    """A dot with its error bar in a row of its own."""
    axes.errorbar(
        [mean],
        [row],
        xerr=[error],
        color=look.colour,
        marker=look.marker if look.marker != "_" else "|",
        markersize=6.5,
        markeredgewidth=1.6 if look.marker in "_12" else 0.0,
        elinewidth=1.6,
        zorder=3,
    )


def label_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Rows from top to bottom, named in the first column only."""
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_yticks(range(len(labels)), labels if is_first_column(axes) else [""] * len(labels))
    axes.tick_params(axis="y", labelcolor=INK, labelsize=9)
    axes.grid(axis="y", visible=True)


def _limit_bars(axes: Axes) -> None:
    """From 0 on, where every regret starts; a panel of zeros gets room to show that they are zeros."""
    high = axes.dataLim.x1
    axes.set_xlim((-0.03 * high, 1.06 * high) if high > 0 else (-0.05, 1.0))
    numbered(axes, "x")
    if high <= 0:
        axes.set_xticks([0])


def _draw_sweep(axes: Axes, values: Sequence[Number], finals: Sequence[np.ndarray]) -> None:
    look = LOOKS["ising"]
    means, errors = zip(*map(mean_and_error, finals), strict=True)
    axes.errorbar(
        np.asarray(values, float),
        means,
        yerr=errors,
        color=look.colour,
        linewidth=1.6,
        elinewidth=1.6,
        capsize=2.5,
        marker="o",
        markersize=5,
        zorder=3,
    )


def _draw_floor(axes: Axes, value: Number) -> None:
    look = LOOKS["floor"]
    axes.axhline(float(value), color=look.colour, linestyle=look.line, linewidth=look.width, zorder=2.5)
    axes.annotate(
        f"floor {number(round(float(value)))}",
        xy=(1, float(value)),
        xycoords=("axes fraction", "data"),
        xytext=(0, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=8,
        color=SOFT,
    )


def _label_sweep(axes: Axes, values: Sequence[Number], xlabel: str, ylabel: str, *, log_x: bool) -> None:
    if log_x:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([float(value) for value in values]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(number))
    numbered(axes, "y")
    axes.margins(x=0.07, y=0.12)
    axes.set_xlabel(xlabel)
    if is_first_column(axes):
        axes.set_ylabel(ylabel)


def _open_diamond() -> dict:
    return {
        "color": INK,
        "marker": "D",
        "linestyle": "none",
        "markersize": 7.5,
        "markerfacecolor": "none",
        "markeredgewidth": 1.1,
    }
