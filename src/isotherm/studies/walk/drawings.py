"""Figures of a walk forward: ratios with intervals, in against out of sample, values, weights, parameters."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from isotherm.plot.axes import (
    dated,
    handle,
    label_ends,
    legend,
    log_numbered,
    numbered,
    panel_grid,
    titled,
)
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, GRID, INK, SOFT, STRONG, Look
from isotherm.plot.style import looks, styled

HEIGHT = 3.8

WIDE = 4.0
"""Greatest over least value from which on an axis is logarithmic."""

CROWDED = 60
"""Cycles from which on a chart of all of them has small marks and no lines."""


class Forest(NamedTuple):
    """A row of a figure of intervals.

    Attributes:
        label: of the pool.
        estimate: annual Sharpe ratio.
        ends: of its interval; None where nothing can be told.
        note: at the right; may be empty.
    """

    label: str
    estimate: float
    ends: Sequence[float] | None
    note: str


@styled
def forest(name: str, caption: str, rows: Sequence[Forest], chance: Sequence[float]) -> Figure:
    """Sharpe ratios out of sample with intervals, a row a pool, and those of walks by chance below.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        rows: from the top down, the first in colour.
        chance: annual Sharpe ratios.
    """
    figure, ((axes,),) = panel_grid(1, heights=(0.9 + 0.45 * (len(rows) + bool(chance)),))
    for place, row in enumerate(rows):
        colour = ACCENT if place == 0 else INK
        if row.ends is not None:
            axes.plot(row.ends, [place, place], color=colour, linewidth=2.0, solid_capstyle="butt")
        axes.plot(row.estimate, place, marker="o", color=colour, markersize=7, linestyle="none")
        axes.annotate(
            row.note, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=9, color=SOFT
        )
    if any(row.note for row in rows):
        axes.annotate(
            "deflated", (1.02, -0.6), xycoords=("axes fraction", "data"), va="top", fontsize=8, color=SOFT
        )
    labels = [row.label for row in rows]
    if chance:
        axes.plot(
            chance, np.full(len(chance), len(rows)), marker="|", markersize=12, color=SOFT, linestyle="none"
        )
        labels.append("by chance")
    axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("annual Sharpe ratio out of sample, 95 %")
    numbered(axes, "x")
    return Figure(name, caption, figure)


@styled
def in_and_out(
    name: str,
    caption: str,
    unix: np.ndarray,
    inside: np.ndarray,
    outside: np.ndarray,
    rivals: Mapping[str, np.ndarray],
) -> Figure:
    """Sharpe ratios of each cycle in and out of sample, joined; below, how far each test is ahead of holding.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds of the middles of tests, ``(cycles,)``.
        inside: annual ratios in sample, ``(cycles,)``.
        outside: out of sample, ``(cycles,)``.
        rivals: by label, percent ahead in each test, ``(cycles,)``.
    """
    figure, ((above, below),) = panel_grid(1, heights=(3.0, 2.2))
    time = unix.astype("datetime64[ms]")
    is_crowded = len(time) > CROWDED
    size = 2.5 if is_crowded else 5.0
    for axes in (above, below):
        axes.plot(time, np.full(len(time), np.nan))  # dates before anything that asks for them
        axes.axhline(0, color=INK, linewidth=0.8, linestyle=":")
    above.vlines(time, inside, outside, color=GRID, linewidth=size / 2, zorder=1)
    above.plot(
        time, inside, marker="o", markersize=size, markerfacecolor="white", color=STRONG, linestyle="none"
    )
    above.plot(time, outside, marker="o", markersize=size, color=ACCENT, linestyle="none")
    above.set_ylabel("Sharpe ratio")
    found = looks(list(rivals))
    for label, values in rivals.items():
        look = found[label]
        below.plot(
            time,
            values,
            color=look.colour,
            linestyle="none" if is_crowded else look.line,
            marker=look.marker,
            markersize=0.8 * size,
            linewidth=1,
        )
    below.set_ylabel("ahead in the test, %")
    for axes in (above, below):
        dated(axes)
        numbered(axes, "y")
    inner = handle(Look(STRONG), "in sample", markers=True)
    inner.set_markerfacecolor("white")
    marks = [inner, handle(Look(ACCENT), "out of sample", markers=True)]
    legend(
        figure, [*marks, *(handle(found[label], f"ahead of {label}", markers=is_crowded) for label in rivals)]
    )
    return Figure(name, caption, figure)


@styled
def values(
    name: str, caption: str, unix: np.ndarray, series: Mapping[str, np.ndarray], chance: np.ndarray | None
) -> Figure:
    """Values over all tests, named at their ends; walks by chance in grey.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds, ``(midnights,)``.
        series: by label, ``(midnights,)`` each, the first in colour.
        chance: ``(walks, midnights)``, or None.
    """
    figure, ((axes,),) = panel_grid(1)
    time = unix.astype("datetime64[ms]")
    axes.plot(time[[0, -1]], [np.nan, np.nan])
    found = looks(list(series))
    found[next(iter(series))] = Look(ACCENT, width=2.2)
    if chance is not None:
        axes.plot(time, chance.T, color=SOFT, linewidth=0.5, alpha=0.5)
    for label, path in series.items():
        look = found[label]
        axes.plot(time, path, color=look.colour, linestyle=look.line, linewidth=0.7 * look.width)
    axes.set_xlim(time[0], time[-1])
    dated(axes)
    axes.set_ylabel("value, 1 where the first test begins")
    every = np.stack(list(series.values()))
    if every.max() > WIDE * every.min():
        log_numbered(axes)
    else:
        numbered(axes, "y")
    axes.set_ylim(*axes.get_ylim())
    ends = [
        (axes.convert_xunits(time[-1]), float(path[-1]), label, found[label])
        for label, path in series.items()
    ]
    label_ends(axes, ends, HEIGHT)
    if chance is not None:
        legend(figure, [handle(Look(SOFT, width=1.0), "parameters drawn by chance")])
    return Figure(name, caption, figure)


@styled
def weights(
    name: str, caption: str, unix: np.ndarray, shares: np.ndarray, labels: Sequence[str], starts: np.ndarray
) -> Figure:
    """Weights over all tests, stacked; a line where one pool takes the place of another.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds, ``(rows,)``.
        shares: ``(rows, tokens)``.
        labels: of tokens.
        starts: UTC milliseconds at which tests begin, ``(cycles,)``.
    """
    figure, ((axes,),) = panel_grid(1)
    time = unix.astype("datetime64[ms]")
    axes.plot(time[[0, -1]], [np.nan, np.nan])
    found = looks(list(labels))
    colours = [found[label].colour for label in labels]
    axes.stackplot(time, shares.T, colors=colours, alpha=0.75, linewidth=0)
    for start in starts[1:].astype("datetime64[ms]"):
        axes.axvline(float(axes.convert_xunits(start)), color="white", linewidth=0.8)
    axes.set_xlim(time[0], time[-1])
    axes.set_ylim(0, 1)
    axes.set_ylabel("weight")
    dated(axes)
    middles = np.cumsum(shares[-1]) - shares[-1] / 2
    end = axes.convert_xunits(time[-1])
    label_ends(
        axes, [(end, y, label, found[label]) for y, label in zip(middles, labels, strict=True)], HEIGHT
    )
    return Figure(name, caption, figure)


UNITS = {"memory_days": "memory, days", "k": "k"}


@styled
def parameters(
    name: str, caption: str, unix: np.ndarray, found: Mapping[str, np.ndarray], tokens: Sequence[str]
) -> Figure:
    """Effective parameters that cycles chose, a panel each, a line a token.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: UTC milliseconds at which tests begin, ``(cycles,)``.
        found: by name, ``(cycles, tokens)`` each.
        tokens: their names.
    """
    figure, stacks = panel_grid(len(found))
    lines, time = looks(list(tokens)), unix.astype("datetime64[ms]")
    for (axes,), (parameter, chosen) in zip(stacks, found.items(), strict=True):
        for i, token in enumerate(tokens):
            _draw_token(axes, time, chosen[:, i], lines[token])
        titled(axes, UNITS.get(parameter, parameter))
        dated(axes, 5)
        if chosen.min() > 0 and chosen.max() > WIDE * chosen.min():
            log_numbered(axes)
        else:
            numbered(axes, "y")
    legend(figure, [handle(lines[token], token) for token in tokens])
    return Figure(name, caption, figure)


def _draw_token(axes: Axes, time: np.ndarray, chosen: np.ndarray, look: Look) -> None:
    axes.plot(
        time, chosen, color=look.colour, linestyle=look.line, marker=look.marker, markersize=3, linewidth=1.2
    )
