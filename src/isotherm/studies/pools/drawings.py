"""Pictures of the routing of swaps."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from isotherm.plot.axes import (
    Panel,
    Series,
    handle,
    is_first_column,
    legend,
    log_numbered,
    numbered,
    panel_grid,
    titled,
)
from isotherm.plot.figure import Figure
from isotherm.plot.look import INK, SOFT
from isotherm.plot.style import Number, readable, styled
from isotherm.plot.style import looks as shades
from isotherm.studies.routing.drawings.finals import mean_and_error
from isotherm.studies.routing.drawings.looks import looks

_DARK = 0.55
"""Correlations beyond which a number is written in white."""


@styled
def price_against_success(
    name: str,
    caption: str,
    panels: Sequence[Panel],
    series: Sequence[Series],
    arrays: Mapping[str, np.ndarray],
) -> Figure:
    """A point an agent: share of orders within the tolerance, and basis points lost an order, with their errors.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: the cells.
        series: the agents.
        arrays: ``CELL/AGENT/success_per_order`` and ``CELL/AGENT/regret_per_order``, ``(runs,)``.
    """
    figure, grid = panel_grid(len(panels))
    styles = looks([one.name for one in series])
    for panel, (axes,) in zip(panels, grid, strict=True):
        for one in series:
            key, look = f"{panel.cell}/{one.name}", styles[one.name]
            (x, x_error), (y, y_error) = (
                mean_and_error(arrays[f"{key}/{record}_per_order"]) for record in ("success", "regret")
            )
            axes.errorbar(
                [x],
                [y],
                xerr=[x_error],
                yerr=[y_error],
                color=look.colour,
                marker=look.marker,
                markersize=7,
                markeredgewidth=1.8 if look.marker in "_12" else 0.0,
                elinewidth=1.2,
                zorder=3 + 0.1 * look.rank,
            )
        titled(axes, panel.title)
        numbered(axes, "x")
        log_numbered(axes)  # the dearest pools lose many times what learners do
        axes.set_xlabel("share of orders within the tolerance")
        if is_first_column(axes):
            axes.set_ylabel("bp an order below the best pool")
    legend(figure, [handle(styles[one.name], one.label, markers=True) for one in series])
    return Figure(name, caption, figure)


@styled
def gaps(
    name: str, caption: str, labels: Sequence[str], fees_bps: Sequence[Number], gap: np.ndarray
) -> Figure:
    """How far each pool's price is from the market's, a panel a pool, with the band of its fee.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        labels: of the pools.
        fees_bps: half width of each band.
        gap: basis points, ``(rows, n)``.
    """
    figure, grid = panel_grid(len(labels), (2.1,))
    styles = shades(list(labels))
    rows = np.arange(len(gap))
    for at, (label, fee, (axes,)) in enumerate(zip(labels, fees_bps, grid, strict=True)):
        axes.axhspan(-float(fee), float(fee), color=SOFT, alpha=0.14, linewidth=0, zorder=1)
        axes.axhline(0, color=INK, linewidth=0.8, zorder=2)
        axes.plot(rows, gap[:, at], color=readable(styles[label].colour), linewidth=1.0, zorder=3)
        titled(axes, label)
        numbered(axes)
        axes.set_xlim(0, max(len(gap) - 1, 1))
        axes.set_xlabel("rows of prices")
        if is_first_column(axes):
            axes.set_ylabel("bp over the market")
    return Figure(name, caption, figure)


@styled
def alike(
    name: str, caption: str, titles: Sequence[str], labels: Sequence[str], matrices: Sequence[np.ndarray]
) -> Figure:
    """Correlations as shaded squares with their numbers, a panel a cell.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        titles: of the cells.
        labels: of the pools.
        matrices: ``(n, n)``, one a cell.
    """
    figure, grid = panel_grid(len(titles), (3.4,))
    for title, matrix, (axes,) in zip(titles, matrices, grid, strict=True):
        shown = np.where(np.eye(len(matrix), dtype=bool), np.nan, matrix)
        axes.imshow(shown, cmap="RdBu", vmin=-1, vmax=1, interpolation="nearest")
        axes.grid(visible=False)
        _write(axes, shown)
        places = range(len(labels))
        axes.set_xticks(places, [str(at + 1) for at in places])
        named = [f"{at + 1}: {label}" for at, label in enumerate(labels)]
        axes.set_yticks(places, named if is_first_column(axes) else [str(at + 1) for at in places])
        titled(axes, title)
    return Figure(name, caption, figure)


def _write(axes: Axes, matrix: np.ndarray) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        if np.isfinite(value):
            colour = "white" if abs(value) > _DARK else INK
            text = f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
            axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=colour)
