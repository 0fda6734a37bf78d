"""Figures of a training: curves, in against out of sample, ways of parameters, a map with them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from isotherm.plot.axes import handle, label_ends, legend, log_numbered, numbered, panel_grid, titled
from isotherm.plot.figure import Figure
from isotherm.plot.look import ACCENT, INK, SOFT, Look
from isotherm.plot.style import looks, styled
from isotherm.studies.market.drawings import heat_axes

HEIGHT = 3.1

WIDE = 20.0
"""Range of a parameter from which on its axis is logarithmic, as a ratio."""

LABELS = {"train": "fitted", "validation": "held back", "test": "test"}

UNITS = {
    "memory_days": "memory, days", "memory_days_1": "first memory, days", "memory_days_2": "second memory, days",
}  # fmt: skip


class Chosen(NamedTuple):
    """The pair that was chosen.

    Attributes:
        iteration: its number, from 0; that of the last where a mean of iterations was chosen.
        set: its index.
    """

    iteration: int
    set: int

    def row(self, judged: np.ndarray) -> int:
        """Its row among judged iterations, whose numbers increase."""
        return int(np.searchsorted(judged, self.iteration).clip(0, len(judged) - 1))


@styled
def curves(
    name: str,
    caption: str,
    objective: np.ndarray,
    judged: np.ndarray,
    scores: Mapping[str, np.ndarray],
    metric: str,
    chosen: Chosen,
) -> Figure:
    """The objective of every set, and below it the metric of the chosen set over each part.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        objective: ``(iterations, sets)``.
        judged: numbers of judged iterations, ``(judged,)``.
        scores: by part, ``(judged, sets)`` each.
        metric: what the scores are.
        chosen: the pair that was chosen.
    """
    figure, ((above, below),) = panel_grid(1, heights=(2.6, HEIGHT))
    iterations = np.arange(len(objective))
    others = np.delete(objective, chosen.set, axis=1)
    above.plot(iterations, others, color=SOFT, linewidth=0.7, alpha=0.6)
    above.plot(iterations, objective[:, chosen.set], color=ACCENT, linewidth=1.3)
    above.set_ylabel("objective")
    found = looks(list(LABELS))
    for part, values in scores.items():
        look = found[part]
        below.plot(judged, values[:, chosen.set], color=look.colour, linestyle=look.line, linewidth=1.5)
    below.set_ylabel(metric)
    below.set_xlabel("iteration")
    for axes in (above, below):
        axes.set_xlim(0, max(len(objective) - 1, 1))
        axes.axvline(chosen.iteration, color=INK, linewidth=0.8, linestyle=":")
        numbered(axes)
    below.set_ylim(*below.get_ylim())
    ends = [
        (float(judged[-1]), float(values[-1, chosen.set]), LABELS[part], found[part])
        for part, values in scores.items()
    ]
    label_ends(below, ends, HEIGHT)
    above.annotate(
        "chosen", (chosen.iteration, 1.0), xycoords=("data", "axes fraction"), xytext=(4, -10),
        textcoords="offset points", fontsize=8, color=INK,
    )  # fmt: skip
    return Figure(name, caption, figure)


@styled
def in_and_out(
    name: str,
    caption: str,
    inside: np.ndarray,
    outside: np.ndarray,
    judged: np.ndarray,
    words: tuple[str, str],
    chosen: Chosen,
) -> Figure:
    """Every judged pair: its score where it is chosen against that of the test, darker when later.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        inside: ``(judged, sets)``.
        outside: of the test, ``(judged, sets)``.
        judged: numbers of judged iterations, ``(judged,)``.
        words: the metric, and the part by which pairs are chosen.
        chosen: the pair that was chosen.
    """
    figure, ((axes,),) = panel_grid(1)
    metric, part = words
    times = np.repeat(judged[:, None], inside.shape[1], axis=1)
    shown = axes.scatter(inside, outside, c=times, cmap="viridis_r", s=16, linewidth=0)
    figure.colorbar(shown, ax=axes, label="iteration")
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    handles = [handle(Look(ACCENT, marker="o"), "chosen", markers=True)]
    if max(left, low) < min(right, high):
        axes.axline((0, 0), slope=1, color=SOFT, linewidth=0.8)
        handles.append(handle(Look(SOFT), "the same on both"))
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    row = chosen.row(judged)
    axes.scatter(
        inside[row, chosen.set],
        outside[row, chosen.set],
        s=130,
        facecolor="none",
        edgecolor=ACCENT,
        linewidth=1.6,
    )
    legend(figure, handles)
    axes.set_xlabel(f"{metric}, {LABELS[part]}")
    axes.set_ylabel(f"{metric}, test")
    numbered(axes)
    return Figure(name, caption, figure)


@styled
def ways(
    name: str,
    caption: str,
    judged: np.ndarray,
    found: Mapping[str, np.ndarray],
    tokens: Sequence[str],
    chosen: Chosen,
) -> Figure:
    """Effective parameters over iterations, a panel each.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        judged: numbers of judged iterations, ``(judged,)``.
        found: by name, ``(judged, sets, tokens)`` each.
        tokens: their names.
        chosen: the pair that was chosen.
    """
    figure, stacks = panel_grid(len(found))
    lines = looks(list(tokens))
    for (axes,), (parameter, values) in zip(stacks, found.items(), strict=True):
        others = np.delete(values, chosen.set, axis=1)
        axes.plot(judged, others.reshape(len(judged), -1), color=SOFT, linewidth=0.5, alpha=0.5)
        for i, token in enumerate(tokens):
            look = lines[token]
            axes.plot(judged, values[:, chosen.set, i], color=look.colour, linestyle=look.line, linewidth=1.5)
        axes.axvline(chosen.iteration, color=INK, linewidth=0.8, linestyle=":")
        axes.set_xlabel("iteration")
        titled(axes, UNITS.get(parameter, parameter))
        numbered(axes)
        if values.min() > 0 and values.max() > WIDE * values.min():
            log_numbered(axes)
    legend(figure, [handle(lines[token], token) for token in tokens])
    return Figure(name, caption, figure)


@styled
def mapped(
    name: str,
    caption: str,
    grid: np.ndarray,
    axes_values: tuple[Sequence[float], Sequence[float]],
    metric: str,
    found: tuple[np.ndarray, np.ndarray],
    judged: np.ndarray,
    chosen: Chosen,
) -> Figure:
    """A map of strategies with the ways of all sets over it.

    Args:
        name: file name without ending.
        caption: what the reader should see.
        grid: ``(memories, ks)``.
        axes_values: memories in days, and values of k a day.
        metric: what the map shows.
        found: memories in days and k a day along the ways, ``(judged, sets, tokens)`` each.
        judged: numbers of judged iterations, ``(judged,)``.
        chosen: the pair that was chosen.
    """
    memories, ks = axes_values
    figure, axes = heat_axes(grid, memories, ks, metric)
    places = [_place(values, points) for values, points in zip(found, axes_values, strict=True)]
    frame = axes.get_xlim(), axes.get_ylim()
    for one in range(places[0].shape[1]):
        _draw_way(axes, places[1][:, one], places[0][:, one], one == chosen.set)
    row = chosen.row(judged)
    axes.plot(
        places[1][row, chosen.set], places[0][row, chosen.set], marker="*", markersize=15, color=ACCENT,
        markeredgecolor="white", linestyle="none", zorder=5,
    )  # fmt: skip
    axes.set_xlim(*frame[0])
    axes.set_ylim(*frame[1])
    return Figure(name, caption, figure)


def _place(values: np.ndarray, points: Sequence[float]) -> np.ndarray:
    """Where means over tokens lie between the cells of an axis, on logarithmic scales; beyond them at the rim."""
    means = np.log(np.maximum(values, 1e-12)).mean(-1)
    return np.interp(means, np.log(points), np.arange(len(points)))


def _draw_way(axes: Axes, x: np.ndarray, y: np.ndarray, is_chosen: bool) -> None:
    colour, width = (ACCENT, 1.8) if is_chosen else (INK, 0.8)
    axes.plot(x, y, color="white", linewidth=width + 1.4, zorder=3)
    axes.plot(x, y, color=colour, linewidth=width, zorder=4)
    axes.plot(x[0], y[0], marker="o", markersize=5, color=colour, markeredgecolor="white", zorder=4)
