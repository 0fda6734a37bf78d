"""Figures of the replay of a real table: success rates, and successes beyond the best fixed venue."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from isotherm.plot.axes import Panel, Series, numbered, panel_grid
from isotherm.plot.figure import Figure
from isotherm.plot.look import INK, PAPER, SOFT, Look
from isotherm.plot.style import Number, styled
from isotherm.studies.routing.drawings.finals import draw_dot, label_rows, mean_and_error
from isotherm.studies.routing.drawings.looks import looks
from isotherm.studies.routing.drawings.regret import paired_curves

_FAR = 0.6


@styled
def success_bars(
    name: str,
    caption: str,
    series: Sequence[Series],
    arrays: Mapping[str, np.ndarray],
    *,
    cell: str,
    best_fixed: tuple[Number, Number],
    clairvoyant: tuple[Number, Number],
    best_label: str = "best fixed venue in hindsight",
) -> Figure:
    """Success rate ± standard error agent by agent, with the best fixed venue and the clairvoyant as lines.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        series: the agents, from top to bottom.
        arrays: ``CELL/AGENT/final``, the number of successes of each run, and ``CELL/steps``.
        cell: the cell shown.
        best_fixed: success rate of the best fixed venue in hindsight, and its standard error.
        clairvoyant: success rate of the best choice in every step, and its standard error.
        best_label: how to call the best fixed venue.
    """
    figure, ((axes,),) = panel_grid(1, (1.1 + 0.3 * len(series),))
    styles = looks([one.name for one in series])
    num_steps = float(arrays[f"{cell}/steps"][-1])
    reached = []
    for row, one in enumerate(series):
        mean, error = mean_and_error(arrays[f"{cell}/{one.name}/final"] / num_steps)
        draw_dot(axes, row, mean, error, styles[one.name])
        axes.annotate(f"{mean:.3f}", (mean, row), (0, 6), textcoords="offset points", bbox=_HALO, **_SMALL)
        reached += [mean - error, mean + error]
    label_rows(axes, [one.label for one in series])
    _draw_bound(axes, best_label, best_fixed)
    low, high = min(*reached, float(best_fixed[0])), max(*reached, float(best_fixed[0]))
    _draw_clairvoyant(axes, clairvoyant, low, high)
    numbered(axes, "x")
    axes.set_xlabel("success rate")
    return Figure(name, caption, figure)


@styled
def venue_rates(name: str, caption: str, rates: Mapping[str, tuple[Number, Number]]) -> Figure:
    """Success rate ± standard error venue by venue, each under its name.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        rates: by venue, from top to bottom, the rate and its standard error.
    """
    figure, ((axes,),) = panel_grid(1, (0.9 + 0.22 * len(rates),))
    for row, (rate, error) in enumerate(rates.values()):
        draw_dot(axes, row, float(rate), float(error), Look(INK, "-", "o"))
    label_rows(axes, list(rates))
    numbered(axes, "x")
    axes.set_xlabel("success rate of always routing there")
    return Figure(name, caption, figure)


@styled
def success_curves(
    name: str,
    caption: str,
    panels: Sequence[Panel],
    series: Sequence[Series],
    arrays: Mapping[str, np.ndarray],
    *,
    reference_label: str,
) -> Figure:
    """Successes beyond the best fixed venue in hindsight, with 95 % confidence bands; that venue is zero.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        panels: the cells.
        series: the agents.
        arrays: ``CELL/steps``, ``CELL/AGENT/over_best_fixed`` and ``CELL/AGENT/over_best_fixed_se``.
        reference_label: how to call the best fixed venue.
    """
    return paired_curves(
        name,
        caption,
        panels,
        series,
        arrays,
        reference="best_fixed",
        reference_label=reference_label,
        ylabel=f"successes beyond\n{reference_label}",
        xlabel="rows played",
    )


_HALO = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
_SMALL = {"fontsize": 8, "color": SOFT, "ha": "center"}
_SECOND_LINE = 15.0
"""Points above the panel of the name that stands over that of the best fixed venue."""


def _draw_bound(axes: Axes, label: str, bound: tuple[Number, Number], lift: float = 3.0) -> None:
    """A vertical line with its 95 % band, named above the panel."""
    rate, error = (float(value) for value in bound)
    axes.axvline(rate, color=INK, linestyle=(0, (3, 2)), linewidth=1.1, zorder=2)
    if error > 0:
        axes.axvspan(rate - 1.96 * error, rate + 1.96 * error, color=INK, alpha=0.08, linewidth=0, zorder=1)
    text = f"{label} {rate:.3f}"
    axes.annotate(text, (rate, 1), (0, lift), ("data", "axes fraction"), "offset points", **_SMALL)


def _draw_clairvoyant(axes: Axes, bound: tuple[Number, Number], low: float, high: float) -> None:
    """As a line where it is near the agents, otherwise as a note at the right edge."""
    width = max(high - low, 0.02)
    rate = float(bound[0])
    if rate <= high + _FAR * width:
        _draw_bound(axes, "clairvoyant", bound, _SECOND_LINE)
        high = max(high, rate)
    else:
        text = f"clairvoyant {rate:.3f} →"
        place = ((1, 1), (0, _SECOND_LINE), "axes fraction", "offset points")
        axes.annotate(text, *place, **{**_SMALL, "ha": "right"})
    axes.set_xlim(low - 0.12 * width, high + 0.12 * width)
