"""Figures of a tuning: its history, slices by setting, a front of two goals, values."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.dates as dates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from isotherm.plot.axes import dated, handle, label_ends, legend, numbered, panel_grid
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, SOFT, STRONG, Look
from isotherm.plot.style import looks, number, styled

HEIGHT = 3.4


class Slice(NamedTuple):
    """A panel of slices.

    Attributes:
        name: of the setting.
        values: of each trial, ``(trials,)``; places of words; NaN where it did not count.
        is_log: whether the axis is logarithmic.
        words: at their places; empty where values are numbers.
    """

    name: str
    values: np.ndarray
    is_log: bool
    words: tuple[str, ...]


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Of most values with room around: a few bad ones must not flatten the others."""
    known = values[np.isfinite(values)]
    low, high = float(np.quantile(known, 0.1)), float(known.max())
    reach = max(high - low, 0.01 * max(abs(high), 0.1))
    return max(low - 0.6 * reach, float(known.min()) - 0.05 * reach), high + 0.1 * reach


@styled
def history(
    name: str, caption: str, values: np.ndarray, are_given_up: np.ndarray, best: int, goal: str
) -> Figure:
    """A goal over trials.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        values: of trials that came to their end, NaN of others, ``(trials,)``.
        are_given_up: which others were given up on their way, ``(trials,)``.
        best: number of the best.
        goal: what the values are.
    """
    figure, ((axes,),) = panel_grid(1, heights=(HEIGHT,))
    numbers, is_whole = np.arange(len(values)), np.isfinite(values)
    so_far = np.maximum.accumulate(np.where(is_whole, values, -np.inf))
    known = np.isfinite(so_far)
    axes.step(numbers[known], so_far[known], where="post", color=STRONG, linewidth=1.3)
    axes.plot(numbers[is_whole], values[is_whole], "o", color=INK, markersize=4.5)
    axes.plot(best, values[best], "o", color=ACCENT, markersize=7.5)
    low, high = _limits(values)
    below = np.flatnonzero(is_whole & (values < low))
    axes.plot(below, np.full(len(below), low), "v", color=INK, markersize=5, clip_on=False)
    _given_up(axes, numbers[are_given_up], low)
    axes.set_ylim(low, high)
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.set_xlabel("trial")
    axes.set_ylabel(goal)
    numbered(axes)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    handles = [
        handle(Look(INK), "came to its end", markers=True),
        handle(Look(SOFT, marker="x"), "given up on its way", markers=True),
        handle(Look(ACCENT), "best", markers=True),
        handle(Look(STRONG), "best so far"),
    ]
    legend(figure, handles + ([handle(Look(INK, marker="v"), "below", markers=True)] if len(below) else []))
    return Figure(name, caption, figure)


def _given_up(axes: Axes, places: np.ndarray, low: float) -> None:
    """Along the lower edge: what they had on their way is of fewer cycles, and not to be set beside the others."""
    places = places[np.isfinite(places)]
    if not len(places):  # an empty line that is not clipped takes room at the figure's corner
        return
    axes.plot(places, np.full(len(places), low), "x", color=SOFT, markersize=5, clip_on=False, zorder=3)


@styled
def slices(
    name: str,
    caption: str,
    settings: Sequence[Slice],
    values: np.ndarray,
    are_given_up: np.ndarray,
    best: int,
    goal: str,
) -> Figure:
    """A goal by each setting, a panel a setting.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        settings: that were tuned.
        values: of trials that came to their end, NaN of others, ``(trials,)``.
        are_given_up: which others were given up on their way, ``(trials,)``.
        best: number of the best.
        goal: what the values are.
    """
    figure, panels = panel_grid(len(settings))
    shades = 0.25 + 0.75 * np.arange(len(values)) / max(len(values) - 1, 1)
    low, high = _limits(values)
    for place, ((axes,), one) in enumerate(zip(panels, settings, strict=True)):
        for i in np.flatnonzero(np.isfinite(one.values) & np.isfinite(values)):
            axes.plot(one.values[i], values[i], "o", color=STRONG, alpha=shades[i], markersize=4.5)
        _given_up(axes, one.values[are_given_up], low)
        if np.isfinite(one.values[best]):
            axes.plot(one.values[best], values[best], "o", color=ACCENT, markersize=7)
        _scaled(axes, one)
        axes.set_ylim(low, high)
        numbered(axes, "y")
        axes.set_xlabel(one.name)
        if place % 3 == 0:
            axes.set_ylabel(goal)
    return Figure(name, caption, figure)


def _scaled(axes: Axes, one: Slice) -> None:
    if one.words:
        axes.set_xticks(range(len(one.words)), one.words, fontsize=8)
        axes.set_xlim(-0.5, len(one.words) - 0.5)
    elif one.is_log:
        axes.set_xscale("log")
        known = one.values[np.isfinite(one.values)]
        axes.set_xticks(_log_ticks(float(known.min()), float(known.max())))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, at: number(float(f"{value:.3g}"), at)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        numbered(axes, "x")


def _log_ticks(low: float, high: float) -> list[float]:
    """Numbers 1 and 3 of each decade from ``low`` to ``high``; both ends where that leaves less than two."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    found = [float(f"{step}e{decade}") for decade in decades for step in (1, 3)]
    inside = [tick for tick in found if low <= tick <= high]
    return inside if len(inside) > 1 else [low, high]


@styled
def front(
    name: str, caption: str, values: np.ndarray, is_front: np.ndarray, goals: tuple[str, str]
) -> Figure:
    """Trials by two goals, those of the front ringed.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        values: ``(trials, 2)``.
        is_front: ``(trials,)``.
        goals: what they are.
    """
    figure, ((axes,),) = panel_grid(1, heights=(HEIGHT,))
    axes.plot(*values.T, "o", color=INK, markersize=4.5)
    axes.plot(*values[is_front].T, "o", markersize=10, markerfacecolor="none", markeredgecolor=ACCENT)
    axes.set_xlabel(goals[0])
    axes.set_ylabel(goals[1])
    numbered(axes)
    return Figure(name, caption, figure)


@styled
def values(name: str, caption: str, unix: np.ndarray, daily: Mapping[str, np.ndarray]) -> Figure:
    """Value of pools, which begins at 1.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        unix: ends of days, UTC milliseconds, ``(days,)``.
        daily: returns of each pool, ``(days,)``.
    """
    figure, ((axes,),) = panel_grid(1, heights=(HEIGHT,))
    days = dates.date2num(np.concatenate([[unix[0] - 86_400_000], unix]).astype("datetime64[ms]"))
    found, ends = looks(list(daily)), []
    for place, (label, returns) in enumerate(daily.items()):
        look = found[label]._replace(colour=ACCENT) if place == 0 else found[label]
        value = np.concatenate([[1.0], np.cumprod(1 + returns)])
        axes.plot(days, value, color=look.colour, linestyle=look.line, linewidth=1.7 if place == 0 else 1.2)
        ends.append((float(days[-1]), float(value[-1]), label, look))
    axes.set_xlim(days[0], days[-1])
    axes.set_ylim(*axes.get_ylim())
    axes.set_ylabel("value")
    dated(axes)
    numbered(axes, "y")
    label_ends(axes, ends, HEIGHT)
    return Figure(name, caption, figure)
