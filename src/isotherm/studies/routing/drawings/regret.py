"""Figures of the routing studies: curves over the orders routed, and where they end."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from isotherm.plot.axes import (
    Panel,
    Series,
    handle,
    is_first_column,
    joined,
    legend,
    log_numbered,
    numbered,
    panel_grid,
    titled,
)
from isotherm.plot.figure import Figure
from isotherm.plot.look import SOFT, Look
from isotherm.plot.style import styled
from isotherm.studies.routing.drawings.curves import (
    STEPS,
    Curve,
    draw_curves,
    end_labels,
    is_zero,
    read_curves,
    whole_run,
)
from isotherm.studies.routing.drawings.finals import final_bars, final_sweep
from isotherm.studies.routing.drawings.looks import BANDITS, LOOKS, looks

__all__ = ["Panel", "Series", "final_bars", "final_sweep", "paired_curves", "rate_curves", "regret_curves"]

_CONFIDENCE = 1.96
_WORTH_ENLARGING = 3.5


@styled
def regret_curves(
    name: str,
    caption: str,
    panels: Sequence[Panel],
    series: Sequence[Series],
    arrays: Mapping[str, np.ndarray],
    *,
    ylabel: str = "cumulative regret",
) -> Figure:
    """Mean ± standard deviation over runs of every agent, a panel a scenario.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: the scenarios.
        series: the agents; one that a scenario lacks is left out of its panel.
        arrays: ``CELL/steps``, ``CELL/AGENT/mean`` and ``CELL/AGENT/sd``.
        ylabel: what adds up.
    """
    pad = _title_pad(panels)
    figure, grid = panel_grid(len(panels))
    read = [read_curves(panel, series, arrays, "mean", "sd", 1.0) for panel in panels]
    for panel, curves, (axes,) in zip(panels, read, grid, strict=True):
        draw_curves(axes, panel, curves, span=whole_run(panel, arrays))
        _name_panel(axes, panel, ylabel, pad)
        if not is_zero(curves):
            axes.set_ylim(bottom=min(0.0, *(float(c.y.min()) for c in curves)))
    _name_series(figure, grid, read)
    return Figure(name, caption, figure)


@styled
def paired_curves(
    name: str,
    caption: str,
    panels: Sequence[Panel],
    series: Sequence[Series],
    arrays: Mapping[str, np.ndarray],
    *,
    reference: str,
    reference_label: str,
    ylabel: str | None = None,
    xlabel: str = STEPS,
) -> Figure:
    """Mean difference to a reference in the same runs with its 95 % confidence band; the reference is zero.

    Where bandits would dwarf the routers, each panel shows all agents above and the routers enlarged below.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: the scenarios.
        series: the agents; the reference itself is left out.
        arrays: ``CELL/steps``, ``CELL/AGENT/over_REFERENCE`` and ``CELL/AGENT/over_REFERENCE_se``.
        reference: the id of the agent compared with.
        reference_label: how to call it.
        ylabel: what the difference is.
        xlabel: what the steps are.
    """
    centre = f"over_{reference}"
    read = [read_curves(panel, series, arrays, centre, f"{centre}_se", _CONFIDENCE) for panel in panels]
    enlarged = any(map(_is_dwarfed, read))
    pad = _title_pad(panels)
    figure, grid = panel_grid(len(panels), (1.7, 2.6) if enlarged else None)
    zero = LOOKS.get(reference, Look(SOFT))._replace(width=1.1)
    stacks = [joined(stack) if is_zero(curves) else stack for curves, stack in zip(read, grid, strict=True)]
    for panel, curves, stack in zip(panels, read, stacks, strict=True):
        draw_curves(stack[0], panel, curves, span=whole_run(panel, arrays))
        _name_panel(stack[0], panel, ylabel or f"difference to\n{reference_label}", pad, xlabel)
        for axes in stack:
            axes.axhline(0, color=zero.colour, linestyle=zero.line, linewidth=zero.width, zorder=2.9)
        if len(stack) > 1:
            _draw_enlarged(stack, panel, curves)
    _name_enlarged([stack[1] for stack in stacks if len(stack) > 1])
    _name_series(figure, grid, read, handle(zero, f"zero: {reference_label}"))
    return Figure(name, caption, figure)


@styled
def rate_curves(
    name: str,
    caption: str,
    panels: Sequence[Panel],
    series: Sequence[Series],
    arrays: Mapping[str, np.ndarray],
    *,
    window: tuple[int, int] | None = None,
    ylabel: str = "regret per order",
    log_y: bool = False,
) -> Figure:
    """Slope of the mean curve in each stretch, at the middle of the stretch, not smoothed.

    Lines are broken where biases reverse, since no slope lies between the stretches before and after.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: the scenarios.
        series: the agents.
        arrays: ``CELL/steps`` and ``CELL/AGENT/mean``.
        window: first and last step to show; the whole run by default.
        ylabel: what a slope is.
        log_y: logarithmic slopes; stretches without regret are then left out.
    """
    pad = _title_pad(panels)
    figure, grid = panel_grid(len(panels))
    spans = [
        whole_run(panel, arrays) if window is None else (float(window[0]), float(window[1]))
        for panel in panels
    ]
    read = [
        [
            slope
            for c in read_curves(panel, series, arrays, "mean", "", 0.0)
            if (slope := _slope(c, span)).x.size
        ]
        for panel, span in zip(panels, spans, strict=True)
    ]
    for panel, curves, span, (axes,) in zip(panels, read, spans, grid, strict=True):
        draw_curves(axes, panel, curves, span=span, is_broken=True)
        _name_panel(axes, panel, ylabel, pad)
        if not is_zero(curves):
            log_numbered(axes) if log_y else axes.set_ylim(bottom=0.0)
    _name_series(figure, grid, read)
    return Figure(name, caption, figure)


def _slope(curve: Curve, span: tuple[float, float]) -> Curve:
    """The slopes of a curve's stretches whose middle lies in the span."""
    middle = (curve.x[1:] + curve.x[:-1]) / 2
    slope = np.diff(curve.y) / np.diff(curve.x)
    shown = (middle >= span[0]) & (middle <= span[1])
    return curve._replace(x=middle[shown], y=slope[shown], half=np.zeros_like(slope[shown]))


def _title_pad(panels: Sequence[Panel]) -> float:
    """Points between panels and their titles, with room for the names of marks if any panel has some."""
    return 16.0 if any(panel.marks for panel in panels) else 8.0


def _name_panel(axes: Axes, panel: Panel, ylabel: str, pad: float, xlabel: str = STEPS) -> None:
    titled(axes, panel.title, pad)
    axes.set_xlabel(xlabel)
    if is_first_column(axes):
        axes.set_ylabel(ylabel)


def _draw_enlarged(stack: Sequence[Axes], panel: Panel, curves: Sequence[Curve]) -> None:
    """The lower axes of a panel: the same curves, as far up as the routers reach."""
    whole, part = stack
    draw_curves(part, panel, curves, span=whole.get_xlim(), mark_text="")
    part.set_xlabel(whole.get_xlabel())
    whole.set_xlabel("")
    whole.tick_params(labelbottom=False)
    numbered(whole, "y", 4)
    routers = _routers(curves) or curves
    low = min(float((c.y - c.half).min()) for c in routers)
    high = max(float((c.y + c.half).max()) for c in routers)
    margin = 0.06 * (high - low) or 1.0
    part.set_ylim(low - margin, high + margin)
    whole.axhspan(low - margin, high + margin, color="#f1ede3", zorder=0.5, linewidth=0)
    part.set_facecolor("#faf8f3")


def _name_enlarged(parts: Sequence[Axes]) -> None:
    """Say of the first in each row what it is."""
    rows: dict[int, Axes] = {}
    for axes in parts:
        spec = axes.get_subplotspec()
        rows.setdefault(spec.rowspan.start if spec else 0, axes).set_ylabel("the same,\nenlarged")


def _routers(curves: Sequence[Curve]) -> list[Curve]:
    return [curve for curve in curves if curve.series.name not in BANDITS]


def _is_dwarfed(curves: Sequence[Curve]) -> bool:
    """Whether the bandits leave no room to see the routers."""
    routers = _routers(curves)
    reach = max((float(np.abs(c.y).max()) for c in routers), default=0.0)
    return 0 < reach * _WORTH_ENLARGING < max(float(np.abs(c.y).max()) for c in curves)


def _name_series(
    figure: Canvas, grid: Sequence[Sequence[Axes]], read: Sequence[Sequence[Curve]], *more: Line2D
) -> None:
    """At the lines' ends where there is one plain panel, otherwise in a legend."""
    if len(grid) == 1 and len(grid[0]) == 1:
        if not is_zero(read[0]):
            end_labels(grid[0][0], read[0], figure.get_figheight() - 0.9)
        return
    present = {curve.series.name: curve.series.label for curves in read for curve in curves}
    styles = looks(list(present))
    legend(figure, [*(handle(styles[one], label) for one, label in present.items()), *more])
